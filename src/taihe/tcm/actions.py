"""Changes of TCM: a constitution form is judged and kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from taihe.base import trail
from taihe.kernel.errors import Incorrect
from taihe.record.public import Grant
from taihe.tcm import public
from taihe.tcm.models import ConstitutionForm


def save_constitution(
    grant: Grant,
    facts: Mapping[str, Any],
    *,
    filled_by: str,
    by: int,
    by_name: str,
    organisation: str,
    at: datetime,
) -> int:
    """Judge and keep a form; a form with blanks is not kept."""
    judged = public.judge_constitution(facts)
    if judged["missing"]:
        raise Incorrect(f"还有 {len(judged['missing'])} 题没有答。", "答完每一题再提交。")
    with transaction.atomic():
        row = ConstitutionForm.objects.create(
            person=grant.person,
            form=str(facts["form"]),
            sex=str(facts.get("sex") or ""),
            answers=dict(facts.get("answers", {})),
            measures=dict(facts.get("measures") or {}),
            scores=judged["scores"],
            verdicts=judged["result"],
            words=judged["words"] or "九种体质都不明显",
            filled_by=filled_by,
            by=by,
            by_name=by_name,
            organisation=organisation,
            at=at,
        )
        detail = {"form": row.form, "filled_by": filled_by}
        trail.record("constitution.judged", row.subject, by=by, at=at, detail=detail)
    return int(row.pk)
