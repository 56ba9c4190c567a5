"""Levels, assessments and tasks in the words of a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from taihe.care.actions import WHYS
from taihe.care.domain.assess import GROUPS, explain
from taihe.care.domain.plan import Task
from taihe.care.instrument import instrument
from taihe.care.models import Assessment
from taihe.ui.charts import Picture, bar_chart

TONES = ("good", "info", "warn", "warn", "bad")


def tone_of(level: str) -> str:
    """The tone of a level: the worse, the louder."""
    names = [one.level for one in instrument().levels]
    return TONES[names.index(level)] if level in names else ""


def assessment(row: Assessment) -> dict[str, Any]:
    """An assessment with its explanation."""
    steps = explain(
        row.total, row.initial, row.final, row.rules, instrument().reasons, row.unverified
    )
    return {
        "row": row,
        "tone": tone_of(row.final),
        "why": WHYS.get(row.why, row.why),
        "steps": steps,
        "source": instrument().source,
        "words": next((x.words for x in instrument().levels if x.level == row.final), row.final),
    }


def picture_of(row: Assessment) -> Picture:
    """How much of each group's points the elder has, in percent."""
    most: dict[str, int] = {}
    for item in instrument().items:
        most[item.group] = most.get(item.group, 0) + max(item.scores)
    return bar_chart(
        [
            (f"{GROUPS[group]}（{score}/{most[group]}）", round(100 * score / most[group]))
            for group, score in row.groups.items()
        ],
        "四个方面的得分，占满分的百分比",
        "%",
        first_column="方面",
    )


def by_slot(tasks: Sequence[Task]) -> list[tuple[str, list[Task]]]:
    """Tasks by the time of day."""
    found: dict[str, list[Task]] = {}
    for task in tasks:
        found.setdefault(task.slot, []).append(task)
    return list(found.items())
