"""
The door of visits: clinic sessions to book, a person's bookings and referrals.

Who shows or changes what belongs to a person passes a reader: the record is opened through
`record.public`, which writes the access entry and raises `NotFound` for somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from django.utils import timezone

from taihe.kernel.codes import Purpose
from taihe.record import public as record
from taihe.record.public import Grant, Reader
from taihe.visits import actions, presenters
from taihe.visits.models import Booking, ClinicSession, Referral
from taihe.visits.presenters import ShownBooking, ShownReferral, ShownSession

__all__ = [
    "ShownBooking",
    "ShownReferral",
    "ShownSession",
    "ToDo",
    "book",
    "bookings_of",
    "cancel",
    "open_sessions",
    "referrals_of",
    "tasks_of",
    "upcoming_bookings",
]


def open_sessions(
    at: datetime, *, until: date | None = None, organisation: str = ""
) -> list[ShownSession]:
    """
    Sessions that are neither stopped nor over, by day; full ones too, with `left` 0.

    `until` is the last day, `organisation` the code of one institution.
    """
    local = timezone.localtime(at)
    found = ClinicSession.objects.filter(day__gte=local.date(), is_cancelled=False)
    if until is not None:
        found = found.filter(day__lte=until)
    if organisation:
        found = found.filter(organisation=organisation)
    rows = found.order_by("day", "half", "organisation", "department", "doctor")
    shown = [presenters.session(row, today=local.date(), now=local.time()) for row in rows]
    return [one for one in shown if not one.is_over]


def book(
    reader: Reader,
    person: int,
    session: int,
    *,
    at: datetime,
    purpose: Purpose = Purpose.PATIENT_REQUEST,
    route: str = "bookings",
) -> ShownBooking:
    """
    Take a place in a session for a person; the clinic may see the record until that day ends.

    Raises `Conflict` when the session is full, stopped or over, or the person has a place.
    """
    grant = record.open_person(reader, person, purpose, action="book", route=route)
    return _shown(actions.book(grant, session, by=reader.party, at=at), at)


def cancel(
    reader: Reader,
    person: int,
    booking: int,
    *,
    at: datetime,
    purpose: Purpose = Purpose.PATIENT_REQUEST,
    route: str = "bookings",
) -> ShownBooking:
    """Give a place back before the session begins; raises `Conflict` when it is too late."""
    grant = record.open_person(reader, person, purpose, action="book", route=route)
    return _shown(actions.cancel_booking(grant, booking, by=reader.party, at=at), at)


def bookings_of(
    reader: Reader,
    person: int,
    *,
    at: datetime,
    purpose: Purpose = Purpose.PATIENT_REQUEST,
    route: str = "bookings",
    grant: Grant | None = None,
) -> list[ShownBooking]:
    """The bookings of a person, the latest session first; a page may pass its own `grant`."""
    opened = grant or record.open_person(reader, person, purpose, action="bookings", route=route)
    rows = Booking.objects.filter(person__in=opened.numbers).select_related("session")
    return [_shown(row, at) for row in rows.order_by("-session__day", "-session__half", "-pk")]


def referrals_of(
    reader: Reader,
    person: int,
    *,
    on: date,
    purpose: Purpose = Purpose.PATIENT_REQUEST,
    route: str = "referrals",
    grant: Grant | None = None,
) -> list[ShownReferral]:
    """The referrals of a person, the newest first; drafts and withdrawn ones are left out."""
    opened = grant or record.open_person(reader, person, purpose, action="referral", route=route)
    rows = Referral.objects.filter(person__in=opened.numbers).exclude(
        state__in=("draft", "withdrawn")
    )
    return [presenters.referral(row, on=on) for row in rows.order_by("-day", "-pk")]


def upcoming_bookings(persons: Iterable[int], at: datetime) -> list[ShownBooking]:
    """
    Places that these persons have from today on, for their task lists.

    Opens no record: the caller shows it only to whoever may see these persons.
    """
    found = Booking.objects.filter(
        person__in=tuple(persons), state="booked", session__day__gte=timezone.localdate(at)
    ).select_related("session")
    return [_shown(row, at) for row in found.order_by("session__day", "session__half", "pk")]


@dataclass(frozen=True)
class ToDo:
    """Something a resident should do: tone bad, warn or "", due day or None."""

    title: str
    text: str
    url: str
    due: date | None
    tone: str


def tasks_of(persons: Sequence[int], on: date) -> list[ToDo]:
    """
    Appointments of these persons and referrals that wait for them to come, as tasks.

    Whoever shows it has opened the persons' records.
    """
    midnight = datetime.combine(on, time(), tzinfo=timezone.get_current_timezone())
    found = [
        ToDo(
            f"{one.session.when} {one.session.department}门诊，{one.number} 号",
            f"{one.session.place}；不能去请提前取消，把号留给别人。",
            "/app/bookings/",
            one.session.day,
            "",
        )
        for one in upcoming_bookings(persons, midnight)
    ]
    rows = Referral.objects.filter(person__in=tuple(persons), state__in=("sent", "accepted"))
    for row in rows.order_by("due", "pk"):
        shown = presenters.referral(row, on=on)
        text = "对方已接收，请按时就诊。" if row.state == "accepted" else "等待对方机构接收。"
        tone = "warn" if shown.is_overdue and row.state == "accepted" else ""
        found.append(ToDo(f"转诊到{shown.target}", text, "/app/", row.due, tone))
    return found


def _shown(row: Booking, at: datetime) -> ShownBooking:
    local = timezone.localtime(at)
    return presenters.booking(row, today=local.date(), now=local.time())
