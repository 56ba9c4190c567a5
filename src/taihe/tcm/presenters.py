"""Reviews and constitutions in the words of a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from taihe.base.public import organisation
from taihe.kernel.errors import Incorrect
from taihe.medicine.public import DraftLine, PrescriptionDraft, Reviewed
from taihe.tcm import public, rules
from taihe.tcm.models import ConstitutionForm
from taihe.ui.charts import bar_chart

RESULTS = {"pass": "通过", "warn": "提示", "sign": "须再次签名", "block": "拒绝"}
TONES = {"pass": "good", "warn": "info", "sign": "warn", "block": "bad"}
VERDICTS = {
    "pass": ("good", "没有发现问题，可以提交签名。"),
    "warn": ("info", "有提示，核对后可以提交签名。"),
    "sign": ("warn", "可以提交；签名后须注明理由，再次签名才有效。"),
    "block": ("bad", "拒绝：改好标为“拒绝”的各处，才能签名。"),
}
FORM_WORDS = {"60": "60 题（成人）", "33": "33 题（老年人）"}
VERDICT_TONES = {"是": "", "基本是": "", "倾向是": "warn", "否": "quiet"}


@dataclass(frozen=True)
class Explained:
    """
    A finding with what would make it right.

    `choices` are (value, words) of the names a shared name may mean, as buttons of the form;
    `place` is the row they belong to, counted from 1.
    """

    result: str
    words: str
    tone: str
    check: str
    message: str
    items: str
    source: str
    clause: str
    rule: str
    remedy: str
    place: int = 0
    choices: tuple[tuple[str, str], ...] = ()


def facts_of(draft: PrescriptionDraft) -> dict[str, Any]:
    """A draft of slices in the form of `taihe tcm review`."""

    def item(line: DraftLine) -> dict[str, Any]:
        return {
            "name": line.name,
            "dose": float(line.quantity),
            "unit": "g",
            "decoction": line.usage or None,
        }

    others = [item(line) for line in draft.also_today if line.unit == "g" and line.days is None]
    return {
        "patient": {"sex": draft.sex, "age": draft.age, "pregnant": draft.is_pregnant},
        "items": [item(line) for line in draft.lines],
        "count": draft.doses,
        "days": draft.days,
        "date": draft.on.isoformat(),
        "same_day": [others] if others else [],
    }


def explained(reviewed: Reviewed, places: Sequence[int]) -> list[Explained]:
    """
    The findings of all checks, each with its remedy; names that several herbs share as choices.

    `places` are the rows of the form that the lines of the draft came from, from 0.
    """
    details: dict[str, list[dict[str, Any]]] = {}
    names: list[dict[str, Any]] = []
    try:
        answer = public.review_prescription(facts_of(reviewed.draft))
        names = answer["names"]
        for found in answer["findings"]:
            details.setdefault(found["rule_id"], []).append(found)
    except Incorrect:
        pass  # the check of the prescription itself says so
    result = []
    for check, finding in reviewed.found:
        same = details.get(finding.rule_id, [])
        detail = next((d for d in same if tuple(d["names"]) == finding.items), None)
        kind = detail["type"] if detail else "other"
        spot = detail["items"][0] if detail and detail["items"] else None
        choices: tuple[tuple[str, str], ...] = ()
        if spot is not None and finding.rule_id.startswith("ask_back"):
            row = places[spot]
            choices = tuple((f"{row}:{name}", name) for name in names[spot]["candidates"])
        result.append(
            Explained(
                finding.result,
                RESULTS[finding.result],
                TONES[finding.result],
                check,
                finding.message,
                "、".join(finding.items),
                finding.source,
                finding.clause,
                finding.rule_id,
                public.remedy_of(kind, finding.rule_id, finding.result),
                places[spot] + 1 if spot is not None else 0,
                choices,
            )
        )
    return result


def understood(reviewed: Reviewed) -> list[dict[str, Any]]:
    """How each written name was understood, where that is not the name itself."""
    found = [public.resolve_name(line.name) for line in reviewed.draft.lines]
    return [one for one in found if one["herb"] and one["herb"] != one["written"]]


def shown_constitution(row: ConstitutionForm) -> public.ShownConstitution:
    """A judged form for a page."""
    verdict = {one["type"]: one["verdict"] for one in row.verdicts}
    lines = tuple(
        (
            one["type"],
            float(one["converted"] if one["converted"] is not None else one["raw"]),
            verdict.get(one["type"], ""),
        )
        for one in row.scores
    )
    own = next(v.own_from for v in rules.verdicts(row.form) if not v.balanced and v.verdict == "是")
    unit = "转化分" if row.form == "60" else "原始分"
    where = organisation(row.organisation) if row.organisation else None
    return public.ShownConstitution(
        number=row.pk,
        form=row.form,
        form_words=FORM_WORDS[row.form],
        at=row.at,
        words=row.words,
        by_name=row.by_name,
        place=where.name if where else "",
        by_resident=row.filled_by == "resident",
        lines=lines,
        picture=bar_chart(
            [(kind, round(score, 1), VERDICT_TONES.get(said, "")) for kind, score, said in lines],
            f"九种体质的{unit}",
            "分",
            target=own,
            target_label=f"偏颇体质 {own:g} 分起判“是”",
            first_column="体质",
            value_column=unit,
        ),
    )
