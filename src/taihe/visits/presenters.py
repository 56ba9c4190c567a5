"""Referrals, sessions and bookings in the words of a page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from typing import Any

from taihe.base import workflow
from taihe.base.public import organisation
from taihe.visits.domain.sessions import BOOKING_STATES, BOOKING_TONES, HALVES, has_begun, is_over
from taihe.visits.domain.workflow import OPEN, REFERRAL, TONES
from taihe.visits.models import Booking, ClinicSession, Referral

_WEEKDAYS = "一二三四五六日"


@dataclass(frozen=True)
class ShownSession:
    """A session with the places that are left; `when` is its day and half in words."""

    session: int
    organisation: str
    place: str
    department: str
    doctor: str
    day: date
    half: str
    when: str
    capacity: int
    left: int
    is_cancelled: bool
    is_over: bool


@dataclass(frozen=True)
class ShownBooking:
    """A place in a session: `number` in the queue, and whether it can be given back."""

    booking: int
    person: int
    number: int
    state: str
    state_words: str
    tone: str
    session: ShownSession
    can_cancel: bool


@dataclass(frozen=True)
class ShownReferral:
    """A referral; `is_overdue` when its day has passed and something still has to happen."""

    referral: int
    number: str
    person: int
    state: str
    state_words: str
    tone: str
    day: date
    due: date | None
    is_overdue: bool
    source: str
    target: str
    department: str
    is_urgent: bool
    impression: str
    plan: str


def session(row: ClinicSession, *, today: date, now: time) -> ShownSession:
    """A session as pages show it."""
    where = organisation(row.organisation)
    words = (
        f"{row.day.month}月{row.day.day}日（周{_WEEKDAYS[row.day.weekday()]}）{HALVES[row.half]}"
    )
    return ShownSession(
        session=row.pk,
        organisation=row.organisation,
        place=where.name if where else row.organisation,
        department=row.department,
        doctor=row.doctor,
        day=row.day,
        half=row.half,
        when=words,
        capacity=row.capacity,
        left=row.capacity - row.booked,
        is_cancelled=row.is_cancelled,
        is_over=is_over(row.day, row.half, today, now),
    )


def booking(row: Booking, *, today: date, now: time) -> ShownBooking:
    """A booking as pages show it."""
    stopped = row.session.is_cancelled and row.state == "cancelled"
    begun = has_begun(row.session.day, row.session.half, today, now)
    return ShownBooking(
        booking=row.pk,
        person=row.person,
        number=row.number,
        state=row.state,
        state_words="停诊" if stopped else BOOKING_STATES[row.state],
        tone="bad" if stopped else BOOKING_TONES[row.state],
        session=session(row.session, today=today, now=now),
        can_cancel=row.state == "booked" and not begun,
    )


def referral(row: Referral, *, on: date) -> ShownReferral:
    """A referral as lists show it."""
    source, target = organisation(row.source), organisation(row.target)
    return ShownReferral(
        referral=row.pk,
        number=row.number,
        person=row.person,
        state=row.state,
        state_words=REFERRAL.states[row.state],
        tone=TONES[row.state],
        day=row.day,
        due=row.due,
        is_overdue=row.state in OPEN and row.due is not None and row.due < on,
        source=source.name if source else row.source,
        target=target.name if target else row.target,
        department=row.department,
        is_urgent=row.is_urgent,
        impression=row.impression,
        plan=row.plan,
    )


def course(row: Referral) -> list[dict[str, Any]]:
    """What happened to a referral, oldest first."""
    labels = {(t.action, t.source): t.label for t in REFERRAL.transitions}
    return [
        {"at": step.at, "words": labels[step.action, step.source], "note": step.note}
        for step in workflow.history(row.subject, REFERRAL.name)
    ]
