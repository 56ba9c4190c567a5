"""
Scenes of the demo county: a care home with four old residents of the first village.

One is assessed as able, one loses a level for two falls, one has lost most abilities, and one
waits for the first assessment. The members of the cast stay at home.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from taihe.base import public as base
from taihe.care import actions, queries
from taihe.care.instrument import instrument
from taihe.care.models import Bed
from taihe.kernel.codes import Purpose, System
from taihe.record import public as record

BEDS = (("201", "1 床"), ("201", "2 床"), ("202", "1 床"), ("202", "2 床"), ("203", "1 床"))
YEARS = 68
# Items at their best score less so many points, and the falls before the assessment.
LOSSES: tuple[tuple[int, int] | None, ...] = ((0, 0), (1, 2), (3, 0), None)


def fill(county_manifest: dict[str, Any], folder: Path, *, by: int, at: datetime) -> None:
    """Beds, admissions, assessments and some marks by the doors; again changes nothing."""
    account = base.account("demo-care-assessor")
    if account is None or Bed.objects.exists():
        return
    actor = base.actor_of(account.account_id)
    came = at - timedelta(days=20)
    beds = [actions.add_bed(room, label, actor=actor, at=came) for room, label in BEDS]
    elders = _elders(county_manifest["demo"], timezone.localdate(at), len(LOSSES))
    for person, bed, loss in zip(elders, beds, LOSSES, strict=False):
        stay = actions.admit(person, bed.pk, actor=actor, at=came)
        if loss is None:
            continue
        points, falls = loss
        for number in range(falls):
            on = timezone.localdate(at) - timedelta(days=9 - 3 * number)
            actions.note_event(stay.pk, "fall", on, "夜间如厕时跌倒", actor=actor, at=at)
        facts = {"coma": False, "dementia_or_mental_dx": False, "care_risk_events_30d": falls}
        answers = {i.code: max(max(i.scores) - points, 0) for i in instrument().items}
        actions.assess(
            stay.pk, answers, facts, why="first", second="郑护士", age=None, actor=actor, at=at
        )
        today = timezone.localdate(at)
        for task in [t for t in queries.of_stay(stay, today).tasks if t.slot == "上午"][:2]:
            actions.mark(stay.pk, today, task.key, task.slot, "done", seen=0, actor=actor, at=at)


def _elders(demo: dict[str, Any], on: date, count: int) -> list[int]:
    """Old residents whom the first village's clinic looks after, without the cast."""
    clinic = base.organisation(demo["village_clinic"])
    doctor = base.account("demo-village-doctor")
    if clinic is None or doctor is None:
        return []
    cast = {
        record.person_of(System.INSURANCE_PERSON, one["psn_no"])
        for one in demo.values()
        if isinstance(one, dict) and "psn_no" in one
    }
    persons = {r.person for r in record.relations_with(clinic.party, "family_doctor")} - cast
    reader = record.reader_of(base.actor_of(doctor.account_id))
    known = record.people(
        reader, Purpose.TREATMENT, sorted(persons)[:400], action="list", route="demo"
    )
    found = [
        (who.age(on) or 0, person)
        for person, who in known.items()
        if not who.deceased and (who.age(on) or 0) >= YEARS
    ]
    return [person for _, person in sorted(found, reverse=True)[:count]]
