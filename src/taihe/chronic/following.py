"""
The follower of the record's feed that keeps the registry.

It reads what is new, keeps the facts that count (`domain/evidence.py`) and decides the
entries of every person it touched. Delivery is at least once: the same item again changes
nothing. The position is written in the transaction of the facts, so a kill loses nothing;
`rebuild` drops everything and reads the feed again.
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import close_old_connections, transaction

from taihe.chronic import models, rules
from taihe.chronic.domain import registry
from taihe.chronic.domain.evidence import (
    TYPES,
    Diagnosed,
    Evidence,
    Measured,
    Somebody,
    evidence,
)
from taihe.chronic.domain.follow_up import Disease
from taihe.record import public as record

NAME = "registry"
BATCH = 1000
IDLE_SECONDS = 1.0
PIECE = 400


@dataclass(frozen=True)
class Said:
    """What a resource says of a person; None when it no longer says anything that counts."""

    reference: str
    person: int
    says: Evidence | None


def follow(stop: threading.Event) -> None:
    """Follow the feed until the event is set."""
    while not stop.is_set():
        close_old_connections()
        if not step():
            stop.wait(IDLE_SECONDS)


def step(limit: int = BATCH) -> int:
    """Take the next items of the feed; returns how many there were."""
    place = models.Position.objects.filter(name=NAME).first()
    items = record.feed(place.feed if place else 0, limit, bodies_of=TYPES)
    if not items:
        return 0
    said: dict[str, Said] = {}
    touched: set[int] = set()
    for item in items:
        if item.kind == "version" and item.type in TYPES and item.person:
            reference = f"{item.type}/{item.id}"
            body = json.loads(item.body) if item.body else None
            says = evidence(body, rules.limits()) if body else None
            said[reference] = Said(reference, item.person, says)
        elif item.kind in ("merge", "unmerge"):
            touched |= {number for number in (item.person, item.other) if number}
    with transaction.atomic():
        decide(touched | absorb(said.values()))
        models.Position.objects.update_or_create(name=NAME, defaults={"feed": items[-1].feed})
    return len(items)


def catch_up() -> int:
    """Follow the feed to its end; returns how many items were taken."""
    taken = 0
    while count := step():
        taken += count
    return taken


def rebuild() -> int:
    """Drop facts and entries and read the whole feed again."""
    with transaction.atomic():
        for model in (models.Entry, models.Reading, models.Diagnosis, models.Somebody):
            model.objects.all().delete()
        models.Position.objects.filter(name=NAME).delete()
    return catch_up()


def absorb(said: Iterable[Said]) -> set[int]:
    """Keep what resources say, in the caller's transaction; returns the persons to decide."""
    rows: dict[type[Any], list[Any]] = defaultdict(list)
    gone: list[str] = []
    touched: set[int] = set()
    for one in said:
        says = one.says
        if isinstance(says, Somebody):
            rows[models.Somebody].append(
                models.Somebody(one.reference, one.person, says.born, says.sex, says.dead)
            )
        elif isinstance(says, Diagnosed):
            rows[models.Diagnosis].append(
                models.Diagnosis(one.reference, one.person, says.code[:40], says.on)
            )
        elif isinstance(says, Measured):
            rows[models.Reading].append(
                models.Reading(
                    one.reference,
                    one.person,
                    says.kind,
                    says.at,
                    says.sbp_mmhg,
                    says.dbp_mmhg,
                    says.fpg_mmol,
                    says.home,
                )
            )
        else:
            gone.append(one.reference)
        if not isinstance(says, Measured) or not says.home:
            touched.add(one.person)
    for model, found in rows.items():
        fields = [f.name for f in model._meta.concrete_fields if not f.primary_key]
        model.objects.bulk_create(
            found,
            update_conflicts=True,
            unique_fields=["resource"],
            update_fields=fields,
            batch_size=100,
        )
    for piece in _pieces(gone):
        for model in (models.Somebody, models.Diagnosis, models.Reading):
            for row in model.objects.filter(resource__in=piece):
                touched.add(row.person)
                row.delete()
    return touched


def decide(persons: Collection[int]) -> None:
    """Decide the entries of persons anew from the facts, under any of their numbers."""
    groups = {now: record.numbers_of(now) for now in sorted(set(record.currents(persons).values()))}
    people = {number: now for now, numbers in groups.items() for number in numbers}
    who: dict[int, list[models.Somebody]] = defaultdict(list)
    diagnoses: dict[int, list[models.Diagnosis]] = defaultdict(list)
    readings: dict[int, list[models.Reading]] = defaultdict(list)
    for piece in _pieces(sorted(people)):
        for somebody in models.Somebody.objects.filter(person__in=piece).order_by("resource"):
            who[people[somebody.person]].append(somebody)
        for diagnosis in models.Diagnosis.objects.filter(person__in=piece).order_by(
            "on", "resource"
        ):
            diagnoses[people[diagnosis.person]].append(diagnosis)
        for reading in models.Reading.objects.filter(
            person__in=piece, kind="bp", home=False
        ).order_by("at", "resource"):
            readings[people[reading.person]].append(reading)
        models.Entry.objects.filter(person__in=piece).delete()
    entries = [
        entry
        for now in groups
        for disease in Disease
        if (entry := _entry(now, disease, who[now], diagnoses[now], readings[now]))
    ]
    models.Entry.objects.bulk_create(entries, batch_size=100)


def _entry(
    person: int,
    disease: Disease,
    who: Sequence[models.Somebody],
    diagnoses: Sequence[models.Diagnosis],
    readings: Sequence[models.Reading],
) -> models.Entry | None:
    """The entry of one person for one disease; None where nothing is known, or no birthday."""
    born = next((one.born for one in who if one.born), None)
    if born is None or not (diagnoses or readings):
        return None
    chosen = rules.registry_rules(disease)
    pressures = [
        registry.Pressure(_day(one), one.sbp_mmhg or 0, one.dbp_mmhg or 0) for one in readings
    ]
    # The age is no condition here but a day: `begins` is the birthday at the earliest.
    found = registry.registration(
        [registry.Diagnosis(one.code, one.on) for one in diagnoses],
        pressures,
        chosen.from_age,
        rules=chosen,
    )
    if found.since is None:
        return None
    if found.standing == registry.Standing.REGISTERED:
        source = next(d.resource for d in diagnoses if d.code.upper().startswith(chosen.codes))
    else:
        source = next(r.resource for r in reversed(readings) if _day(r) == found.since)
    return models.Entry(
        person=person,
        disease=str(disease),
        standing=str(found.standing),
        since=found.since,
        begins=registry.begins_on(found.since, born, rules=chosen),
        born=born,
        sex=next((one.sex for one in who if one.born), "unknown"),
        dead=any(one.dead for one in who),
        evidence=source,
        rules="|".join(found.rules),
    )


def _day(reading: models.Reading) -> Any:
    from django.utils import timezone

    return timezone.localdate(reading.at)


def _pieces(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    for start in range(0, len(values), PIECE):
        yield values[start : start + PIECE]
