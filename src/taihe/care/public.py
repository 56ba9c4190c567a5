"""The door of elder care: where a person lives, and the level of ability."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from taihe.care.instrument import Instrument, Item, Level, use
from taihe.record.public import Grant, Reader

__all__ = ["Instrument", "Item", "Level", "Living", "Shown", "living_of", "panel", "use"]


@dataclass(frozen=True)
class Shown:
    """An assessment: total, level before and after the escalations, who and when."""

    at: datetime
    total: int
    initial: str
    final: str
    words: str
    by_name: str


@dataclass(frozen=True)
class Living:
    """Where a person lives now, and the assessments, newest first; `due` is the next one."""

    home: str
    room: str
    bed: str
    since: datetime
    due: date
    assessments: tuple[Shown, ...]


def living_of(grant: Grant, on: date) -> Living | None:
    """Where the person of an opened record lives now; None outside a care home."""
    from taihe.base.public import organisation
    from taihe.care import presenters, queries
    from taihe.care.models import Stay

    stay = Stay.objects.filter(person__in=grant.numbers, until=None).select_related("bed").first()
    if stay is None:
        return None
    where = organisation(stay.organisation)
    found = [presenters.assessment(row) for row in queries.assessments(grant.numbers)]
    return Living(
        where.name if where else "",
        stay.bed.room,
        stay.bed.label,
        stay.since,
        queries.of_stay(stay, on).due,
        tuple(
            Shown(
                one["row"].at,
                one["row"].total,
                one["row"].initial,
                one["row"].final,
                one["words"],
                one["row"].by_name,
            )
            for one in found
        ),
    )


def panel(reader: Reader, purpose: str, person: int) -> tuple[str, dict[str, Any]] | None:
    """The part on the record page: where the person lives, and the level. None outside."""
    from django.utils import timezone

    from taihe.record import public as record

    grant = Grant(person, record.numbers_of(person), purpose)
    living = living_of(grant, timezone.localdate())
    return ("care/panel.html", {"living": living}) if living else None
