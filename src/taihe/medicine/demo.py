"""Scenes for a demo: a prescription to collect, one collected, a TCM prescription refused."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils import timezone

from taihe.base import public as base
from taihe.kernel.codes import System
from taihe.kernel.errors import NotFound
from taihe.medicine import actions, tokens
from taihe.medicine.domain.catalogue import catalogue
from taihe.medicine.domain.prescription import DraftLine, PrescriptionDraft
from taihe.medicine.models import Prescription
from taihe.record import public as record

ROUTE = "demo"


def fill(county: dict[str, Any], folder: Path, *, by: int, at: datetime) -> None:
    """Make the scenes once; `county` is the county's manifest."""
    if Prescription.objects.exists():
        return
    elder = record.person_of(System.INSURANCE_PERSON, county["demo"]["elder"]["psn_no"])
    doctor, herbalist = _actor("demo-clinician"), _actor("demo-tcm-doctor")
    pharmacist = _actor("demo-pharmacist")
    if elder is None or doctor is None or herbalist is None or pharmacist is None:
        return
    given = _write(doctor, elder, at, _drugs(doctor, at, "2型糖尿病", "盐酸二甲双胍片", 7))
    if given is None:
        return
    given = actions.sign_prescription(given.pk, seen_state=given.state, actor=doctor, at=at)
    token = tokens.token_of(given.pk, given.nonce)
    actions.present_prescription(token, actor=pharmacist, at=at)
    actions.dispense(given.pk, actor=pharmacist, at=at)
    waiting = _write(doctor, elder, at, _drugs(doctor, at, "高血压", "苯磺酸氨氯地平片", 7), 3)
    if waiting is not None:
        actions.sign_prescription(waiting.pk, seen_state=waiting.state, actor=doctor, at=at)
    # The TCM hospital knows the elder from today on: she came to its clinic.
    where = base.organisation(herbalist.organisation_code)
    assert where is not None, "an account's organisation exists"
    record.relate(elder, where.party, "treats", start=at, source="demo scene", by=by)
    slices = ("附子", "贝母", "甘草")
    _write(
        herbalist,
        elder,
        at,
        PrescriptionDraft(
            kind="tcm",
            lines=tuple(DraftLine("", name, Decimal(9), "g") for name in slices),
            on=timezone.localdate(at),
            diagnosis="咳嗽（寒饮伏肺证）",
            doses=5,
            usage="水煎服，每日 1 剂，分 2 次温服",
            organisation=herbalist.organisation_code,
        ),
    )


def _drugs(
    doctor: base.Actor, at: datetime, diagnosis: str, name: str, days: int
) -> PrescriptionDraft:
    drug = catalogue().by_name[name][0]
    line = DraftLine(drug.code, drug.name, Decimal(1), drug.unit or "盒", drug.usage, days)
    return PrescriptionDraft(
        kind="western",
        lines=(line,),
        on=timezone.localdate(at),
        diagnosis=diagnosis,
        organisation=doctor.organisation_code,
    )


def _write(
    actor: base.Actor, person: int, at: datetime, draft: PrescriptionDraft, valid_for: int = 1
) -> Prescription | None:
    try:
        grant = actions.open_for_treatment(actor, person, action="prescribe", route=ROUTE)
    except NotFound:
        return None
    return actions.write_prescription(draft, grant, actor=actor, at=at, valid_for=valid_for)


def _actor(username: str) -> base.Actor | None:
    account = base.account(username)
    return base.actor_of(account.account_id) if account else None
