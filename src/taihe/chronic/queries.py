"""
Reads: whose registry a team keeps, who is due, and where everybody stands by both rulers.

Every figure of a page is the length of a list that this module makes, so a figure and the
people behind it cannot differ. Nothing here shows a name: names come from the record, with
an access entry, for the rows that a page shows.
"""

from __future__ import annotations

import calendar
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

from django.utils import timezone

from taihe.base.public import Actor
from taihe.chronic import models, rules
from taihe.chronic.domain.alert_workflow import WAITING
from taihe.chronic.domain.follow_up import Action, Disease, FollowUpClass, Visit
from taihe.chronic.domain.hearts import (
    CarePath,
    HeartsCategory,
    Month,
    Rate,
    Reading,
    hearts_category,
    hearts_control_rate,
    managed_control_rate,
)
from taihe.chronic.domain.home_pressure import HomeMean, home_mean
from taihe.chronic.domain.registry import Pressure
from taihe.chronic.domain.schedule import Contact, Due, due
from taihe.record import public as record

PIECE = 400
KIND = {"hypertension": "bp", "t2dm": "fpg"}
ON_TARGET, OFF_TARGET, NOT_SEEN = "on_target", "off_target", "not_seen"


@dataclass(frozen=True)
class Standing:
    """Where a managed person stands on a day: entry, when due, and by both rulers."""

    entry: models.Entry
    due: Due
    managed: str
    hearts: HeartsCategory | None
    last_in_year: Visit | None


@dataclass(frozen=True)
class History:
    """What is known of persons for one disease, oldest first: contacts of each."""

    contacts: Mapping[int, list[Contact]]
    readings: Mapping[int, list[Reading]] = field(default_factory=dict)


def team_persons(actor: Actor, at: datetime) -> frozenset[int]:
    """The persons whose family doctor is one of the actor's parties now."""
    numbers = {
        relation.person
        for party in actor.parties
        for relation in record.relations_with(party, "family_doctor")
        if relation.start <= at and (relation.end is None or at < relation.end)
    }
    return frozenset(record.currents(numbers).values())


def entries(persons: Collection[int], **wanted: Any) -> list[models.Entry]:
    """Entries of persons who live, by the numbers they have now."""
    return [
        entry
        for piece in _pieces(sorted(persons))
        for entry in models.Entry.objects.filter(person__in=piece, dead=False, **wanted)
    ]


def managed(persons: Collection[int], disease: str, on: date) -> list[models.Entry]:
    """Who is managed for a disease on a day."""
    return entries(persons, disease=disease, standing="registered", begins__lte=on)


def suspected(persons: Collection[int], on: date) -> list[models.Entry]:
    """Who has high readings and no diagnosis yet."""
    return entries(persons, standing="suspected", begins__lte=on)


def history(people: Sequence[models.Entry], disease: str, on: date) -> History:
    """Contacts and readings up to the end of a day, of people with an entry."""
    owner = _numbers({entry.person for entry in people})
    born = {entry.person: entry.born for entry in people}
    contacts: dict[int, list[Contact]] = defaultdict(list)
    readings: dict[int, list[Reading]] = defaultdict(list)
    for visit in _current_visits(owner, disease, on):
        person = owner[visit.person]
        contacts[person].append(contact_of(visit))
        if visit.sbp_mmhg is None:
            readings[person].append(Reading(_naive(visit.visited_on), 0, None, None))
    for piece in _pieces(sorted(owner)):
        found = models.Reading.objects.filter(
            person__in=piece, kind=KIND[disease], home=False, at__lt=_end_of(on)
        ).order_by("at", "resource")
        for reading in found:
            person = owner[reading.person]
            at = timezone.localtime(reading.at)
            facts = Visit(
                Disease(disease),
                age_years=age_on(born[person], at.date()),
                sbp_mmhg=reading.sbp_mmhg,
                dbp_mmhg=reading.dbp_mmhg,
                fpg_mmol=reading.fpg_mmol,
            )
            contacts[person].append(Contact(at.date(), facts))
            readings[person].append(
                Reading(at.replace(tzinfo=None), 1, reading.sbp_mmhg, reading.dbp_mmhg)
            )
    return History(contacts, readings)


def standings(persons: Collection[int], disease: str, on: date) -> list[Standing]:
    """Where everybody managed stands on a day; later visits and readings are not seen."""
    people = managed(persons, disease, on)
    known = history(people, disease, on)
    chosen = rules.follow_up_rules(on=on)
    hearts = rules.hearts_rules()
    found = []
    for entry in people:
        contacts = known.contacts.get(entry.person, [])
        last = _last_measured(contacts, disease, on.year)
        category = None
        if disease == "hypertension":
            path = CarePath(entry.begins, False, tuple(known.readings.get(entry.person, ())))
            category = hearts_category(path, Month.of(on), rules=hearts)
        if last is None:
            place = NOT_SEEN
        else:
            rate = managed_control_rate([last], targets=chosen.targets)
            place = ON_TARGET if rate.numerator else OFF_TARGET
        found.append(
            Standing(entry, due(contacts, entry.begins, rules=chosen), place, category, last)
        )
    return found


def managed_rate(found: Iterable[Standing], on: date) -> Rate:
    """公卫: on target at the last visit of the year, among all who are managed."""
    return managed_control_rate(
        [one.last_in_year for one in found], targets=rules.follow_up_rules(on=on).targets
    )


def hearts_rate(found: Iterable[Standing]) -> Rate:
    """WHO HEARTS: controlled in three months, among those under care for longer."""
    return hearts_control_rate([one.hearts for one in found if one.hearts])


def overdue(found: Iterable[Standing], today: date) -> list[Standing]:
    """Who should have been seen before today, the most urgent first."""
    late = [one for one in found if one.due.overdue_days(today) > 0]
    return sorted(late, key=_order(today))


def due_soon(found: Iterable[Standing], today: date, days: int = 0) -> list[Standing]:
    """Who is due today, or within so many days."""
    near = [one for one in found if -days <= one.due.overdue_days(today) <= 0]
    return sorted(near, key=_order(today))


def _order(today: date) -> Any:
    return lambda one: (one.due.urgency, -one.due.overdue_days(today), one.entry.person)


# --- visits, alerts, devices of one person -------------------------------------------------


def visits(person: int, disease: str | None = None) -> list[models.Visit]:
    """The counting versions of a person's visits, newest first."""
    numbers = record.numbers_of(person)
    found = models.Visit.objects.filter(person__in=numbers)
    if disease:
        found = found.filter(disease=disease)
    newest: dict[uuid.UUID, models.Visit] = {}
    for row in found.order_by("version"):
        newest[row.key] = row
    return sorted(newest.values(), key=lambda row: (row.visited_on, row.at), reverse=True)


def visit(key: uuid.UUID) -> models.Visit | None:
    """The counting version of a visit."""
    return models.Visit.objects.filter(key=key).order_by("-version").first()


def versions(key: uuid.UUID) -> list[models.Visit]:
    """Every version of a visit, the first one first."""
    return list(models.Visit.objects.filter(key=key).order_by("version"))


def entries_of(person: int) -> list[models.Entry]:
    """The entries of one person."""
    now = record.currents([person]).get(person, person)
    return list(models.Entry.objects.filter(person=now).order_by("disease"))


def readings(person: int, kind: str, *, home: bool, since: date) -> list[models.Reading]:
    """Readings of one person since a day, oldest first."""
    return list(
        models.Reading.objects.filter(
            person__in=record.numbers_of(person), kind=kind, home=home, at__gte=_start_of(since)
        ).order_by("at")
    )


def home_mean_of(person: int, on: date) -> HomeMean | None:
    """The mean of the home pressures of the last measuring week, None without any."""
    window = rules.home_rules().window_days
    found = readings(person, "bp", home=True, since=on - timedelta(days=window))
    pressures = [
        Pressure(timezone.localdate(r.at), r.sbp_mmhg or 0, r.dbp_mmhg or 0) for r in found
    ]
    return home_mean(pressures, until=on, rules=rules.home_rules())


def waiting_alerts(persons: Collection[int]) -> list[models.Alert]:
    """Alarms that wait for somebody, the newest first."""
    owner = _numbers(persons)
    found = [
        alert
        for piece in _pieces(sorted(owner))
        for alert in models.Alert.objects.filter(person__in=piece, state__in=WAITING)
    ]
    return sorted(found, key=lambda alert: (-alert.times, alert.opened_at), reverse=False)


def alerts(person: int) -> list[models.Alert]:
    """Every alarm of a person, the newest first."""
    numbers = record.numbers_of(person)
    return list(models.Alert.objects.filter(person__in=numbers).order_by("-opened_at")[:20])


def owner_of(device: str, at: datetime) -> int | None:
    """Whose a device was at a moment."""
    row = (
        models.Device.objects.filter(code=device, since__lte=at)
        .exclude(until__lte=at)
        .order_by("-since")
        .first()
    )
    return row.person if row else None


def devices(person: int) -> list[models.Device]:
    """The devices a person has now."""
    numbers = record.numbers_of(person)
    return list(models.Device.objects.filter(person__in=numbers, until=None).order_by("code"))


def entry_seconds(organisation: str, at: datetime) -> int | None:
    """The median time that the form was open, over the last 90 days; None without visits."""
    found = models.Visit.objects.filter(
        organisation=organisation, at__gte=at - timedelta(days=90), version=1
    ).exclude(seconds=None)
    seconds = list(found.values_list("seconds", flat=True))
    return round(median(seconds)) if seconds else None


def contact_of(visit: models.Visit) -> Contact:
    """A visit as a contact."""
    facts = Visit(
        Disease(visit.disease),
        age_years=visit.age_years,
        sbp_mmhg=visit.sbp_mmhg,
        dbp_mmhg=visit.dbp_mmhg,
        fpg_mmol=visit.fpg_mmol,
    )
    cls = FollowUpClass(visit.cls) if visit.cls else None
    return Contact(visit.visited_on, facts, cls, Action(visit.action), visit.next_on)


def age_on(born: date, on: date) -> int:
    """Full years on a day."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def last_day_of(month: Month, today: date) -> date:
    """The last day of a month, or today while it runs."""
    last = date(month.year, month.month, calendar.monthrange(month.year, month.month)[1])
    return min(last, today)


def _last_measured(contacts: list[Contact], disease: str, year: int) -> Visit | None:
    measured = [
        contact
        for contact in contacts
        if contact.on.year == year
        and (contact.visit.sbp_mmhg if disease == "hypertension" else contact.visit.fpg_mmol)
        is not None
    ]
    return max(measured, key=lambda c: (c.on, c.next_on is not None)).visit if measured else None


def _current_visits(owner: Collection[int], disease: str, on: date) -> Iterable[models.Visit]:
    newest: dict[uuid.UUID, models.Visit] = {}
    for piece in _pieces(sorted(owner)):
        found = models.Visit.objects.filter(person__in=piece, disease=disease)
        for row in found.order_by("version"):
            newest[row.key] = row
    return [row for row in newest.values() if row.visited_on <= on]


def _numbers(persons: Collection[int]) -> dict[int, int]:
    """Every number of these persons, with the one they have now."""
    return {number: person for person in persons for number in record.numbers_of(person)}


def _naive(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 a day in China


def _start_of(day: date) -> datetime:
    return timezone.make_aware(_naive(day))


def _end_of(day: date) -> datetime:
    return _start_of(day + timedelta(days=1))


def _pieces(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), PIECE):
        yield values[start : start + PIECE]
