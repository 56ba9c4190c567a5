"""
Scenes of the demo county: prescriptions of slices with planted faults, and a constitution.

`SCENES` is the truth: what was planted, and the verdict that the review must reach.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils import timezone

from taihe.base import public as base
from taihe.kernel.codes import Purpose, System
from taihe.medicine import public as medicine
from taihe.medicine.public import DraftLine, PrescriptionDraft
from taihe.record import public as record
from taihe.tcm import public
from taihe.tcm.models import ConstitutionForm


@dataclass(frozen=True)
class Scene:
    """A prescription for a member of the cast; `planted` is its fault, "" for none."""

    who: str
    diagnosis: str
    slices: tuple[tuple[str, str], ...]
    planted: str
    verdict: str
    pregnant: bool | None = None


SCENES = (
    Scene(
        "elder", "瘿病（痰结血瘀证）",
        (("海藻", "9"), ("炙甘草", "6"), ("浙贝母", "9"), ("当归", "9")),
        "十八反：海藻与甘草", "block",
    ),
    Scene(
        "expecting", "积聚（气滞血瘀证）",
        (("三棱", "6"), ("香附", "9"), ("白芍", "12")),
        "妊娠禁用：三棱", "block", pregnant=True,
    ),
    Scene(
        "elder", "感冒（风寒束表证）",
        (("细辛", "6"), ("防风", "9"), ("甘草", "3")),
        "超量：细辛", "sign",
    ),
    Scene(
        "elder", "不寐（心脾两虚证）",
        (("黄芪", "12"), ("白术", "9"), ("茯苓", "9"), ("炙甘草", "3")),
        "", "pass",
    ),
)  # fmt: skip


def fill(county_manifest: dict[str, Any], folder: Path, *, by: int, at: datetime) -> None:
    """Write the scenes by the doors of medicine and of this context; again changes nothing."""
    account = base.account("demo-tcm-doctor")
    if account is None or ConstitutionForm.objects.exists():
        return
    actor = base.actor_of(account.account_id)
    where = base.organisation(actor.organisation_code)
    assert where is not None, "a demo account has an organisation"
    grants = {}
    for who in ("elder", "expecting"):
        known = county_manifest["demo"].get(who)
        person = record.person_of(System.INSURANCE_PERSON, known["psn_no"]) if known else None
        if person is None:
            continue
        record.relate(person, where.party, "treats", start=at, source="tcm demo scene", by=by)
        grants[who] = record.open_person(
            record.reader_of(actor), person, Purpose.TREATMENT, action="prescribe", route="demo"
        )
    for scene in SCENES:
        if scene.who not in grants:
            continue
        draft = PrescriptionDraft(
            kind="tcm",
            lines=tuple(DraftLine("", name, Decimal(grams), "g") for name, grams in scene.slices),
            on=timezone.localdate(at),
            is_pregnant=scene.pregnant,
            diagnosis=scene.diagnosis,
            doses=5,
            usage="水煎服，每日 1 剂，分 2 次温服",
            organisation=actor.organisation_code,
        )
        medicine.write(draft, grants[scene.who], actor=actor, at=at)
    if "elder" in grants:
        public.save_constitution(
            grants["elder"],
            {"form": "33", "answers": answers()},
            filled_by="desk",
            by=actor.party,
            by_name=actor.display_name,
            organisation=actor.organisation_code,
            at=at,
        )


def answers() -> dict[str, int]:
    """The elder's answers: tired, cold hands and feet, else little."""
    often = {"2": 4, "3": 3, "4": 3, "11": 5, "12": 4, "13": 4, "29": 3}
    return {
        question["key"]: often.get(question["key"], 1)
        for question in public.constitution_questions("33")
    }
