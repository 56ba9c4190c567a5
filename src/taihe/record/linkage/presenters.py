"""A pair as the steward's page shows it: fields side by side, and the explanation in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from taihe.record.domain.likeness import Written
from taihe.record.domain.pair_workflow import DOUBTS, WAITING
from taihe.record.linkage import weights as rows
from taihe.record.models import Pair

WORDS = {
    "number": "证件号码",
    "name": "姓名",
    "birth": "出生日期",
    "sex": "性别",
    "home": "电话和住址",
}
_SEX = {"1": "男", "2": "女"}


@dataclass(frozen=True)
class Reason:
    """One comparison in words: what was found, whether it speaks for one person, how much."""

    field: str
    words: str
    tone: str
    bits: float | None

    @property
    def shown(self) -> str:
        """The bits as a mark with its sign."""
        return "0 分" if self.bits is None else f"{self.bits:+.0f} 分"


@dataclass(frozen=True)
class Side:
    """One field of both sides; `tone` is `good` where they agree and `warn` where not."""

    field: str
    left: str
    right: str
    tone: str
    words: str


def waiting() -> int:
    """How many pairs wait for a steward."""
    return Pair.objects.filter(state__in=WAITING).count()


def reasons(row: Pair) -> list[Reason]:
    """Every comparison of a pair, in words of the level table."""
    levels: dict[str, int] = json.loads(row.levels)
    known = {(level.comparison, level.number): level for level in rows.levels()}
    found = []
    for comparison in rows.COMPARISONS:
        if comparison not in levels:
            continue
        level = known.get((comparison, levels[comparison]))
        if level is None:
            found.append(Reason(WORDS[comparison], "有一方没有登记，无法比较", "", None))
        else:
            tone = "good" if level.tone == "agree" else "warn"
            found.append(Reason(WORDS[comparison], level.words, tone, round(level.bits, 1)))
    return found


def summary(row: Pair) -> str:
    """One line of the list: what agrees and what differs, without any value."""
    found = reasons(row)
    agree = [one.field for one in found if one.tone == "good"]
    differ = [one.field for one in found if one.tone == "warn"]
    parts = [f"{'、'.join(agree)}相符"] if agree else []
    parts += [f"{'、'.join(differ)}不符"] if differ else []
    return "；".join(parts) or "同一个号码登记在两个人名下"


def doubt(row: Pair) -> str:
    """Why weights did not decide."""
    return DOUBTS[row.doubt]


def likelihood(row: Pair) -> str:
    """The probability in words a steward can use."""
    share = row.probability
    return "几乎肯定" if share >= 0.9999 else "很可能" if share >= 0.95 else "可能"


def sides(left: Written, right: Written, names: Mapping[str, str]) -> list[Side]:
    """The two Patients field by field; numbers are masked except where they differ."""
    rows_: list[tuple[str, str, str]] = [
        ("姓名", left.name, right.name),
        ("性别", _SEX.get(left.sex, ""), _SEX.get(right.sex, "")),
        ("出生日期", left.birth_date, right.birth_date),
        ("证件号码", *_numbers(left.id_number, right.id_number)),
        ("电话", *_numbers(left.phone, right.phone)),
        ("住址", left.address, right.address),
        ("来源", names.get(left.source, ""), names.get(right.source, "")),
    ]
    return [_side(*row) for row in rows_]


def _side(field: str, left: str, right: str) -> Side:
    if field == "来源" or not left or not right:
        return Side(
            field, left or "未登记", right or "未登记", "", "" if field == "来源" else "无法比较"
        )
    same = "".join(left.split()).casefold() == "".join(right.split()).casefold()
    return Side(field, left, right, "" if same else "warn", "一致" if same else "不同")


def _numbers(left: str, right: str) -> tuple[str, str]:
    """
    Two numbers with their middle hidden, but for the places where they differ.

    A steward must see which digit is wrong, and needs no more of a number than that.
    """
    apart = {
        at for at in range(max(len(left), len(right))) if left[at : at + 1] != right[at : at + 1]
    }
    return _masked(left, apart), _masked(right, apart)


def _masked(number: str, shown: set[int]) -> str:
    head, tail = (6, 2) if len(number) >= 15 else (3, 2)
    if len(shown) > 4:
        shown = set()
    return "".join(
        character if at < head or at >= len(number) - tail or at in shown else "*"
        for at, character in enumerate(number)
    )


def row_of(row: Pair, url: str, state: Any, at: Any) -> dict[str, Any]:
    """A row of the list."""
    from taihe.ui.tables import Cell

    return {
        "number": Cell(f"第 {row.pk} 对", url=url),
        "summary": summary(row),
        "likelihood": likelihood(row),
        "state": state,
        "at": at,
    }
