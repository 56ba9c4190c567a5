"""The checks of a prescription that medicine asks: TCM safety, and insurance before treatment."""

from __future__ import annotations

from typing import Any

from taihe.claims import public as claims
from taihe.kernel.errors import Incorrect
from taihe.medicine.domain.prescription import CheckFinding, DraftLine, PrescriptionDraft
from taihe.tcm import public as tcm

BEFORE_RESULT = {"V": "sign", "S": "warn", "M": "warn"}


def tcm_safety(draft: PrescriptionDraft) -> list[CheckFinding]:
    """What the TCM rules say of a prescription of slices, with the slices of the same day."""
    if draft.kind != "tcm":
        return []
    others = [_item(line) for line in draft.also_today if line.unit == "g" and line.days is None]
    facts = {
        "patient": {"sex": draft.sex, "age": draft.age, "pregnant": draft.is_pregnant},
        "items": [_item(line) for line in draft.lines],
        "count": draft.doses,
        "days": draft.days,
        "date": draft.on.isoformat(),
        "same_day": [others] if others else [],
    }
    try:
        answer = tcm.review_prescription(facts)
    except Incorrect as error:
        return [CheckFinding("block", "太和", "tcm-impossible", error.problem, error.do)]
    return [
        CheckFinding(
            found["severity"],
            found["source"],
            found["rule_id"],
            found["message"],
            found["clause"] or found["rule"],
            tuple(found["names"]),
        )
        for found in answer["findings"]
    ]


def insurance_before(draft: PrescriptionDraft) -> list[CheckFinding]:
    """
    What the insurer's official rows would find after treatment, said before it.

    What violates a row is not paid: the prescriber tells the person and signs again. It is no
    question of safety, so nothing is blocked.
    """
    found = claims.check_prescription(
        [claims.BeforeLine(x.code, x.name, x.quantity, x.days) for x in draft.lines],
        on=draft.on,
        sex=draft.sex,
        birth_date=draft.birth_date,
        level=draft.level,
        insurance=draft.insurance,
        is_inpatient=draft.is_inpatient,
        is_internet=draft.is_internet,
    )
    return [
        CheckFinding(
            BEFORE_RESULT[one.severity],  # type: ignore[arg-type]
            one.source,
            one.rule_row,
            _words(one),
            one.clause,
            one.names,
        )
        for one in found
    ]


def _words(found: claims.BeforeFinding) -> str:
    what = f"{found.title}（限定：{found.value}）" if found.value else found.title
    return f"{what}：按现有信息医保基金不予支付。信息有误的先改正；确需使用的，告知患者自费并注明理由。"


def _item(line: DraftLine) -> dict[str, Any]:
    return {
        "name": line.name,
        "dose": float(line.quantity),
        "unit": "g",
        "decoction": line.usage or None,
    }
