"""
Compares computed figures with printed ones: 一致, 不一致, or 无法核对.

A printed number has as many decimals as it was printed with, and the computed one is rounded to
the same before both are compared. Finding the smallest explanation is a later piece of work.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from taihe.zone.domain.figures import Figure, printed


@dataclass(frozen=True)
class Published:
    """A number as somebody printed it, with its source and what we noticed about it."""

    event: str
    key: str
    as_of: date | None
    printed: str
    unit: str
    source: str
    note: str = ""
    circular: bool = False


class Verdict(StrEnum):
    """The outcome of one comparison."""

    AGREES = "一致"
    DIFFERS = "不一致"
    OPEN = "无法核对"


@dataclass(frozen=True)
class Comparison:
    """One printed number beside ours; `ours` is rounded as the printed one."""

    published: Published
    ours: str
    verdict: Verdict
    reason: str


def compare(figures: Iterable[Figure], rows: Iterable[Published], as_of: date) -> list[Comparison]:
    """
    Set each printed number of that day, or without a day, beside the computed figure.

    A row marked circular was used to make the synthetic projects, so agreement proves nothing:
    it stays open.
    """
    by_key = {figure.key: figure for figure in figures}
    found = []
    for row in rows:
        if row.key not in by_key or (row.as_of is not None and row.as_of != as_of):
            continue
        figure = by_key[row.key]
        plain = row.printed.replace(",", "")
        decimals = len(plain.partition(".")[2])
        ours = printed(figure.unit, figure.numerator, figure.denominator, decimals)
        if row.circular:
            verdict, reason = Verdict.OPEN, "合成数据按此数反推，相同不能算证实。"
        elif ours == plain:
            verdict, reason = Verdict.AGREES, "按同样位数取整后相同。"
        else:
            verdict, reason = Verdict.DIFFERS, row.note or "按同样位数取整后不同。"
        found.append(Comparison(row, ours, verdict, reason))
    return found
