"""Why a level is what it is, in sentences, and when it is looked at again."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

GROUPS = {
    "B.1": "自理能力",
    "B.2": "基础运动能力",
    "B.3": "精神状态",
    "B.4": "感知觉与社会参与",
}
OLDEST, YOUNGEST = 130, 60
FACTS = ("coma", "dementia_or_mental_dx", "care_risk_events_30d")


@dataclass(frozen=True)
class Explained:
    """One step from the total to the level: what, and by which words of the standard."""

    step: str
    why: str


def explain(
    total: int,
    initial: str,
    final: str,
    rules: Sequence[str],
    words: Mapping[str, str],
    unverified: Sequence[str] = (),
) -> list[Explained]:
    """
    The way to the level.

    `words` are those of the reasons by their key; `rules` names the rows that were used.
    """
    steps = [Explained(f"总分 {total} 分，初步等级：{initial}", "按各条目得分之和划分")]
    used = [words[rule] for rule in rules if rule in words and words[rule] not in unverified]
    if final == initial:
        why = "；".join(used)
        if why:
            steps.append(Explained(f"等级不变：{final}", f"{why}；已经是最重的等级"))
    else:
        steps.append(Explained(f"变更为：{final}", "；".join(used)))
    steps += [Explained("读法待核对", sentence) for sentence in unverified]
    return steps


def next_due(last: date, months: int) -> date:
    """The same day some months later, or the last day of that month."""
    year, month = divmod(last.month - 1 + months, 12)
    year, month = last.year + year, month + 1
    return date(year, month, min(last.day, calendar.monthrange(year, month)[1]))
