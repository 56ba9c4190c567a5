"""Turns figures, projects and comparisons into what pages show."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from django.db.models import Count
from django.urls import reverse

from taihe.base.models import moment
from taihe.ui.tables import Cell
from taihe.zone import models, rows
from taihe.zone.domain.bulletin import Line
from taihe.zone.domain.figures import BY_KEY, Figure, printed
from taihe.zone.domain.projects import (
    ACTION_WORDS,
    LINE,
    STAGE_WORDS,
    YI_FEN,
    Facts,
    Stage,
    yi_text,
)
from taihe.zone.domain.reconcile import Comparison, Verdict
from taihe.zone.domain.zones import name_on

KEY_FIGURES = (
    "landed_projects", "landed_projects_share", "landed_investment", "landed_investment_share",
)  # fmt: skip
PROGRESS = (
    ("签约", "signed_projects", ""),
    ("注册", "registered_projects", "registered_rate"),
    ("开工", "started_projects", "started_rate"),
    ("投产", "producing_projects", "producing_rate"),
)
FUNDS = ("signed_investment", "funds_in_place", "funds_rate", "funds_investment_rate")
TONES = {"terminated": "bad", "merged": "warn", "producing": "good", "full": "good"}


@cache
def titles() -> dict[str, str]:
    """The title of each figure, from its definition row."""
    with rows.DEFINITIONS.open(encoding="utf-8", newline="") as file:
        return {row["key"]: row["title"] for row in csv.DictReader(file)}


def grouped(text: str) -> str:
    """Digits in groups of three: 5365 is 5,365."""
    whole, dot, rest = text.partition(".")
    return f"{int(whole):,}{dot}{rest}" if whole else text


@dataclass(frozen=True)
class ShownFigure:
    """A figure on a page: its value, and the division or amounts behind it."""

    key: str
    title: str
    value: str
    unit: str
    division: str
    definition_url: str
    projects_url: str
    share: float


def shown(figure: Figure, projects_url: str) -> ShownFigure:
    """One figure for a card or a row of a table."""
    return ShownFigure(
        key=figure.key,
        title=titles()[figure.key],
        value=grouped(figure.printed) if figure.printed else "—",
        unit=figure.unit,
        division=_division(figure),
        definition_url=reverse("definition", args=[figure.key]),
        projects_url=f"{projects_url}?figure={figure.key}",
        share=figure.numerator / figure.denominator if figure.denominator else 1.0,
    )


def _division(figure: Figure) -> str:
    if figure.denominator is None:
        return ""
    top, bottom = figure.numerator, figure.denominator
    if BY_KEY[figure.key].is_money:
        return f"{_yi(top)} ÷ {_yi(bottom)} 亿元"
    return f"{top:,} ÷ {bottom:,}"


def _yi(fen: int) -> str:
    return grouped(printed("亿元", fen, None))


def progress(figures: Sequence[Figure], projects_url: str) -> list[dict[str, Any]]:
    """The rows 签约, 注册, 开工, 投产 with counts and shares of the signed ones."""
    known = {figure.key: figure for figure in figures}
    found = []
    for word, count, rate in PROGRESS:
        share = known[rate] if rate else None
        found.append(
            {
                "word": word,
                "count": shown(known[count], projects_url),
                "rate": shown(share, projects_url) if share else None,
                "share": shown(share, projects_url).share if share else 1.0,
                "percent": f"{share.printed}%" if share and share.printed else "100%",
            }
        )
    return found


def comparison_groups(found: Iterable[Comparison]) -> list[dict[str, Any]]:
    """Comparisons by verdict: what agrees first."""
    tones = {Verdict.AGREES: "info", Verdict.DIFFERS: "warn", Verdict.OPEN: ""}
    groups = []
    for verdict in Verdict:
        rows_of = [one for one in found if one.verdict is verdict]
        if rows_of:
            groups.append(
                {
                    "verdict": verdict.value,
                    "tone": tones[verdict],
                    "short": verdict is Verdict.AGREES,
                    "rows": [
                        {
                            "title": titles()[one.published.key],
                            "printed": grouped(one.published.printed),
                            "ours": grouped(one.ours) if one.ours else "—",
                            "unit": one.published.unit,
                            "reason": one.reason,
                            "source": one.published.source,
                        }
                        for one in rows_of
                    ],
                }
            )
    return groups


def zone_name(code: str | None, on: date) -> str:
    """The official name of a zone on a day."""
    return name_on(code, rows.zone_names(), on=on) if code else "不在开发区"


def industry_name(code: str) -> str:
    """The words of an industry code."""
    row = rows.industries().get(code)
    return row.name if row else code


def frozen_row(line: Line, on: date, numbers: Mapping[str, int]) -> dict[str, Any]:
    """A project of a frozen table; `numbers` are those whose desk page this reader may open."""
    facts = line.facts
    return {
        "key": Cell(facts.project, url=project_url(numbers.get(facts.project))),
        "name": line.name,
        "zone": zone_name(facts.zone, on),
        "industry": Cell(line.industry, note=industry_name(line.industry)),
        "investment": yi(facts.investment_fen),
        "funds": yi(facts.funds_fen),
        "stage": stage_cell(facts.stage.value),
    }


def project_url(number: int | None) -> str:
    """The desk page of a project, or nothing."""
    return reverse("zone-project", args=[number]) if number else ""


def yi(fen: int) -> Decimal:
    """Fen in 亿元, exact."""
    return Decimal(fen) / YI_FEN


def stage_cell(stage: str) -> Cell:
    """A stage as a label."""
    return Cell(STAGE_WORDS[stage], tone=TONES.get(stage, ""), tag=True)


def project_row(row: models.Project, today: date) -> dict[str, Any]:
    """A project of the register as a row of a page."""
    return {
        "key": Cell(row.key, url=reverse("zone-project", args=[row.pk])),
        "name": row.name,
        "zone": zone_name(row.zone_id, today),
        "industry": Cell(row.industry, note=industry_name(row.industry)),
        "investment": yi(row.investment_fen),
        "funds": yi(row.funds_fen),
        "stage": stage_cell(row.stage),
    }


@dataclass(frozen=True)
class Step:
    """One stage on the line of a project: reached on a day, now, or not yet."""

    word: str
    on: date | None
    is_now: bool


def stage_line(facts: Facts) -> list[Step]:
    """The line 线索 … 达产, with the exit at its end if the project left."""
    steps = [Step(stage.label, facts.reached.get(stage), facts.stage is stage) for stage in LINE]
    if not facts.is_active:
        steps.append(Step(facts.stage.label, facts.reached.get(facts.stage), True))
    return steps


def stage_choices() -> list[tuple[str, str]]:
    """Stages for a filter."""
    return [("", "全部"), *((stage.value, stage.label) for stage in Stage)]


def stage_counts(projects: Any) -> list[dict[str, Any]]:
    """How many projects are in each stage today, with the list behind each number."""
    counted = dict(
        projects.values_list("stage").annotate(count=Count("id")).values_list("stage", "count")
    )
    return [
        {
            "word": stage.label,
            "count": counted.get(stage.value, 0),
            "url": f"{reverse('zone-projects')}?stage={stage.value}",
        }
        for stage in Stage
        if counted.get(stage.value, 0)
    ]


def amounts(facts: Facts) -> dict[str, str]:
    """The three amounts of a project in 亿元."""
    return {
        "investment": yi_text(facts.investment_fen),
        "contract": yi_text(facts.contract_fen),
        "funds": yi_text(facts.funds_fen),
        "share": printed("%", facts.funds_fen, facts.investment_fen),
    }


def evidence_rows(project: models.Project) -> list[dict[str, Any]]:
    """The ledger of a project, newest first; who wrote a row is named by office, not in full."""
    found = project.evidence.select_related("merged_into").order_by("-happened_on", "-id")
    return [
        {
            "seq": row.pk,
            "on": row.happened_on,
            "word": ACTION_WORDS[row.action],
            "amount": yi_text(row.amount_fen) if row.amount_fen else "",
            "changes": _changes(row),
            "text": row.text,
            "attachment": row.attachment,
            "by": f"编号 {row.by}" if row.by else "系统",
            "at": moment(row.at_us),
        }
        for row in found
    ]


def _changes(row: models.Evidence) -> str:
    parts = []
    if row.zone_id:
        parts.append(f"落户 {zone_name(row.zone_id, row.happened_on)}")
    if row.outside:
        parts.append("不在开发区")
    if row.investment_fen is not None:
        parts.append(f"总投资 {yi_text(row.investment_fen)} 亿元")
    if row.contract_fen is not None:
        parts.append(f"合同引资额 {yi_text(row.contract_fen)} 亿元")
    if row.merged_into:
        parts.append(f"并入 {row.merged_into.key}")
    return "，".join(parts)
