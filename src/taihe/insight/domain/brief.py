"""
The morning brief: a few sentences made from figures, in the order of what needs a look.

It speaks of the county as a whole; a figure that the small-cell rule hides is not spoken of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal


@dataclass(frozen=True)
class Compared:
    """
    A figure of the county now and before, in its unit; None is hidden or without data.

    `change_to_look` is in points of a share (0.02 is two percentage points), else relative.
    """

    key: str
    title: str
    unit: str
    is_share: bool
    better: str
    now: float | None
    before: float | None
    target: float | None
    change_to_look: float


@dataclass(frozen=True)
class Line:
    """One sentence of the brief; `tone` is bad, warn, good or "" as the pages use it."""

    tone: Literal["bad", "warn", "good", ""]
    text: str
    key: str = ""


def brief(
    figures: Sequence[Compared], *, as_of: date, before: date, last_day: date | None
) -> list[Line]:
    """The sentences, what needs a look first."""
    days = (as_of - before).days
    if last_day is None:
        return [Line("warn", "数据湖里还没有就诊数据：请先送数，再看指标。")]
    told = [_line(one) for one in figures if one.now is not None and one.before is not None]
    lines = [line for line in told if line.tone]
    if calm := len(told) - len(lines):
        lines.append(Line("", f"{'其余 ' if lines else ''}{calm} 项指标与上周相比没有要看的变化。"))
    if last_day < as_of:
        silent = (as_of - last_day).days
        lines.append(
            Line(
                "bad" if silent >= days else "",
                f"最近一次就诊数据是 {last_day.isoformat()}，距今 {silent} 天"
                + ("：请检查送数，变化可能只是没有数据。" if silent >= days else "。"),
            )
        )
    order = {"bad": 0, "warn": 1, "good": 2, "": 3}
    return sorted(lines, key=lambda line: order[line.tone])


def _line(one: Compared) -> Line:
    assert one.now is not None and one.before is not None
    unit = "%" if one.is_share else f" {one.unit}"
    difference = one.now - one.before
    size = abs(difference) / 100 if one.is_share else abs(difference) / (abs(one.before) or 1)
    value = f"{one.title} {one.now:.1f}{unit}"
    if abs(difference) < 0.05:
        moved = "与上周持平"
    else:
        step = f"{abs(difference):.1f}" + (" 个百分点" if one.is_share else unit)
        moved = f"比上周{'升' if difference > 0 else '降'} {step}"
    missed = one.target is not None and _worse(one.now, one.target, one.better)
    aim = f"，目标 {one.target:g}{unit}" if one.target is not None else ""
    if size >= one.change_to_look and one.better and _worse(one.now, one.before, one.better):
        return Line("bad", f"{value}，{moved}{aim}：需要看一看。", one.key)
    if missed:
        return Line("warn", f"{value}，{moved}{aim}，没有达到。", one.key)
    if size >= one.change_to_look and one.better:
        return Line("good", f"{value}，{moved}{aim}。", one.key)
    return Line("", f"{value}，{moved}{aim}。", one.key)


def _worse(value: float, than: float, better: str) -> bool:
    return value < than if better == "up" else value > than if better == "down" else False
