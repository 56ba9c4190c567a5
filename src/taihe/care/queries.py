"""What is known of a care home: who lives there, on which bed, at which level, with which tasks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from taihe.care import rules
from taihe.care.domain import plan
from taihe.care.domain.assess import next_due
from taihe.care.models import Assessment, Bed, Event, Stay, TaskMark


@dataclass(frozen=True)
class Living:
    """A stay with its last assessment and the tasks of a day; `due` is the next assessment."""

    stay: Stay
    last: Assessment | None
    due: date
    tasks: tuple[plan.Task, ...]

    @property
    def open_tasks(self) -> int:
        """How many tasks nobody has marked."""
        return sum(task.state == plan.OPEN for task in self.tasks)


def living(organisation: str, day: date) -> list[Living]:
    """Who lives in a home now, with the tasks of a day."""
    stays = list(
        Stay.objects.filter(organisation=organisation, until=None)
        .select_related("bed")
        .order_by("bed__room", "bed__label")
    )
    return _with_tasks(stays, day)


def of_stay(stay: Stay, day: date) -> Living:
    """One stay with the tasks of a day."""
    return _with_tasks([stay], day)[0]


def _with_tasks(stays: list[Stay], day: date) -> list[Living]:
    numbers = [stay.pk for stay in stays]
    last: dict[int, Assessment] = {}
    shown: dict[int, Assessment] = {}
    for row in Assessment.objects.filter(stay__in=numbers).order_by("at", "pk"):
        last[row.stay_id] = row
        # The first level of a stay serves its first day too.
        if timezone.localdate(row.at) <= day or row.stay_id not in shown:
            shown[row.stay_id] = row
    marks: dict[int, list[plan.Mark]] = defaultdict(list)
    for mark in TaskMark.objects.filter(stay__in=numbers, day=day):
        marks[mark.stay_id].append(
            plan.Mark(
                mark.key, mark.slot, mark.number, mark.state, mark.by_name, mark.at, mark.note
            )
        )
    months = rules.limits()["reassess_months"]
    result = []
    for stay in stays:
        since = timezone.localdate(stay.since)
        level = shown[stay.pk].final if stay.pk in shown else ""
        found = last.get(stay.pk)
        due = next_due(timezone.localdate(found.at), months) if found else since
        tasks = plan.tasks_of(level, day, since, rules.plan(), marks[stay.pk])
        result.append(Living(stay, found, due, tuple(tasks)))
    return result


def beds(organisation: str) -> list[tuple[Bed, Stay | None]]:
    """Every bed of a home with who lies in it."""
    used = {
        stay.bed_id: stay for stay in Stay.objects.filter(organisation=organisation, until=None)
    }
    found = Bed.objects.filter(organisation=organisation).order_by("room", "label")
    return [(bed, used.get(bed.pk)) for bed in found]


def free_beds(organisation: str) -> list[Bed]:
    """The beds that nobody has."""
    return [bed for bed, stay in beds(organisation) if stay is None]


def stay_of(numbers: Iterable[int], organisation: str) -> Stay | None:
    """The stay of a person in a home now."""
    return (
        Stay.objects.filter(person__in=tuple(numbers), organisation=organisation, until=None)
        .select_related("bed")
        .first()
    )


def assessments(numbers: Iterable[int]) -> list[Assessment]:
    """Every assessment of a person, the newest first."""
    return list(Assessment.objects.filter(person__in=tuple(numbers)).order_by("-at", "-pk"))


def events(stay: Stay) -> list[Event]:
    """The events of a stay, the newest first."""
    return list(stay.events.order_by("-on", "-pk"))


def recent_events(stay: Stay, on: date) -> int:
    """How many events count for the level on a day."""
    since = on - timedelta(days=rules.limits()["event_window_days"])
    return int(stay.events.filter(on__gt=since, on__lte=on).count())
