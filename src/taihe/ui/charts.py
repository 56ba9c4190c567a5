"""
Charts as pictures: one idea, direct labels, a table with the same numbers beside it.

They are drawn here as plain SVG whose positions are percentages, so that a chart fills its
card at any width while its letters keep their size, and whose colours are classes of
`taihe.css`, so that themes, print and a strict content policy hold without a style attribute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from typing import Any
from zlib import crc32

from django.utils.safestring import SafeString, mark_safe

MARGIN_TOP = 26
MARGIN_BOTTOM = 24


@dataclass(frozen=True)
class Picture:
    """An SVG with a title that says what to see, and the numbers it shows as a table."""

    svg: SafeString
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    unit: str = ""
    note: str = ""


@dataclass(frozen=True)
class Point:
    """One value of a line: a date or a word for the axis, the value, and a tone (bad) or ""."""

    at: date | str
    value: float
    tone: str = ""

    @property
    def label(self) -> str:
        """The axis word as written: a day, or the word."""
        if isinstance(self.at, datetime):
            return self.at.date().isoformat()
        return self.at.isoformat() if isinstance(self.at, date) else self.at

    @property
    def days(self) -> float | None:
        """The place in time, in days; None for a word."""
        if isinstance(self.at, datetime):
            return self.at.toordinal() + (self.at.hour * 60 + self.at.minute) / 1440
        return float(self.at.toordinal()) if isinstance(self.at, date) else None


def figure_text(value: float) -> str:
    """A value as written on a chart: 5365 is "5,365", 6.10 is "6.1"."""
    text = f"{value:,.2f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _points(points: Sequence[Any]) -> list[Point]:
    return [point if isinstance(point, Point) else Point(*point) for point in points]


def _svg(body: list[str], *, height: int, title: str, say: str) -> SafeString:
    ident = f"c{crc32((title + say + ''.join(body)).encode()):08x}"
    return mark_safe(  # every text in `body` is escaped where it is written
        f'<svg class="chart" role="img" height="{height}" aria-labelledby="{ident}t {ident}d">'
        f'<title id="{ident}t">{escape(title)}</title>'
        f'<desc id="{ident}d">{escape(say)}</desc>{"".join(body)}</svg>'
    )


def _text(x: float, y: float, words: str, anchor: str = "start", css: str = "") -> str:
    return (
        f'<text x="{x:.2f}%" y="{y:.1f}" text-anchor="{anchor}"'
        f"{f' class={chr(34)}{css}{chr(34)}' if css else ''}>{escape(words)}</text>"
    )


def line_chart(
    points: Sequence[Point | tuple[date | str, float]],
    title: str,
    unit: str = "",
    *,
    target: float | None = None,
    target_label: str = "",
    band: tuple[float | None, float | None] | None = None,
    height: int = 150,
    first_column: str = "日期",
    value_column: str = "",
    last_label: str = "",
    second: Sequence[float] = (),
    second_label: str = "",
    note: str = "",
) -> Picture:
    """
    A line over time.

    `second` is a thinner line with a value for each point (a diastolic pressure). `target` is a dashed line; `band` (low, high; None is open) a tinted reference range. Dates
    are placed by the calendar, words evenly. The last value is marked and written.
    """
    marks = _points(points)
    value_column = value_column or (f"数值（{unit}）" if unit else "数值")
    rows = tuple((mark.label, figure_text(mark.value)) for mark in marks)
    if not marks:
        return Picture(SafeString(""), title, (first_column, value_column), (), unit, note)

    levels = [mark.value for mark in marks] + list(second)
    if target is not None:
        levels.append(target)
    levels += [edge for edge in (band or ()) if edge is not None]
    low, high = min(levels), max(levels)
    room = (high - low) * 0.12 or abs(high) * 0.1 or 1.0
    # A line that falls to its lowest point at the end is labelled below it.
    sinks = len(marks) > 1 and marks[-2].value > marks[-1].value and not second
    low, high = low - room * (3.5 if sinks and marks[-1].value == low else 1.5), high + room
    top, bottom = MARGIN_TOP, height - MARGIN_BOTTOM

    def y(value: float) -> float:
        return bottom - (value - low) / (high - low) * (bottom - top)

    x = _positions(marks)
    body: list[str] = []
    if band:
        upper = y(band[1]) if band[1] is not None else top
        lower = y(band[0]) if band[0] is not None else bottom
        body.append(
            f'<rect class="band" x="0" width="100%" y="{upper:.1f}" '
            f'height="{max(lower - upper, 1):.1f}"/>'
        )
    body.append(f'<line class="axis" x1="0" x2="100%" y1="{bottom}" y2="{bottom}"/>')
    if target is not None:
        words = target_label or f"目标 {figure_text(target)}"
        body.append(
            f'<line class="target" x1="0" x2="100%" y1="{y(target):.1f}" y2="{y(target):.1f}"/>'
        )
        corner = _free_corner([(at, y(m.value)) for at, m in zip(x, marks, strict=True)], y(target))
        if corner is None:
            body.append(_text(0, 12, f"┄ {words}", css="halo"))
        else:
            left, under = corner
            beside = y(target) + (17 if under else -6)
            body.append(
                _text(0 if left else 100, beside, words, "start" if left else "end", "halo")
            )
    for i in range(len(marks) - 1):
        body.append(
            f'<line class="line" x1="{x[i]:.2f}%" y1="{y(marks[i].value):.1f}" '
            f'x2="{x[i + 1]:.2f}%" y2="{y(marks[i + 1].value):.1f}"/>'
        )
    for i in range(len(second) - 1):
        body.append(
            f'<line class="line second" x1="{x[i]:.2f}%" y1="{y(second[i]):.1f}" '
            f'x2="{x[i + 1]:.2f}%" y2="{y(second[i + 1]):.1f}"/>'
        )
    if second:
        body.append(f'<circle class="dot" cx="{x[-1]:.2f}%" cy="{y(second[-1]):.1f}" r="4"/>')
        words = f"{second_label} {figure_text(second[-1])}".strip()
        body.append(_text(100, y(second[-1]) - 10, words, "end", "halo"))
    if len(marks) <= 24:
        body += [
            f'<circle class="dot {"bad" if mark.tone == "bad" else "small"}" '
            f'cx="{at:.2f}%" cy="{y(mark.value):.1f}" r="3"/>'
            for mark, at in zip(marks[:-1], x, strict=False)
        ]
    last = marks[-1]
    bad = " bad" if last.tone == "bad" else ""
    body.append(f'<circle class="dot{bad}" cx="{x[-1]:.2f}%" cy="{y(last.value):.1f}" r="5"/>')
    words = f"{last_label} {figure_text(last.value)}".strip() + (f" {unit}" if unit else "")
    # Where the line comes from above, its end has room below, and the other way round; a
    # second line takes the room below.
    falling = len(marks) > 1 and marks[-2].value > last.value and not second
    over, under = y(last.value) - 12, y(last.value) + 21
    spot = under if (falling or over < 13) and under < bottom else over
    body.append(_text(100, spot, words, "end", f"last halo{bad}"))
    body.append(
        _text(
            0 if len(marks) > 1 else 100,
            height - 6,
            marks[0].label,
            "start" if len(marks) > 1 else "end",
        )
    )
    if len(marks) > 1:
        body.append(_text(100, height - 6, last.label, "end"))
    say = (
        f"{len(marks)} 个值，从 {marks[0].label} 的 {figure_text(marks[0].value)} "
        f"到 {last.label} 的 {figure_text(last.value)}{unit}"
    )
    if target is not None:
        say += f"；{target_label or '目标'} {figure_text(target)}"
    return Picture(
        _svg(body, height=height, title=title, say=say + "。"),
        title,
        (first_column, value_column),
        rows,
        unit,
        note,
    )


def _free_corner(places: Sequence[tuple[float, float]], level: float) -> tuple[bool, bool] | None:
    """
    Where the target's words do not meet the line: (left rather than right, under rather than over).

    None when they would everywhere.
    """

    def room(left: bool, under: bool) -> float:
        middle = level + (12 if under else -12)
        near = [py for px, py in places if (px < 42 if left else px > 58)]
        label = [places[-1][1] - 17] if not left else []
        return min((abs(py - middle) for py in near + label), default=99.0)

    corners = [(True, False), (True, True), (False, False), (False, True)]
    best = max(corners, key=lambda corner: room(*corner))
    return best if room(*best) >= 12 else None


def _positions(marks: Sequence[Point]) -> list[float]:
    """Where points stand, in percent of the width, 1.5 % free on both sides."""
    left, right = 1.5, 98.5
    if len(marks) == 1:
        return [right]
    days = [mark.days for mark in marks if mark.days is not None]
    if len(days) == len(marks) and days[-1] > days[0]:
        return [left + (d - days[0]) / (days[-1] - days[0]) * (right - left) for d in days]
    return [left + i / (len(marks) - 1) * (right - left) for i in range(len(marks))]


def bar_chart(
    bars: Sequence[tuple[str, float] | tuple[str, float, str]],
    title: str,
    unit: str = "",
    *,
    target: float | None = None,
    target_label: str = "",
    first_column: str = "项目",
    value_column: str = "",
    note: str = "",
) -> Picture:
    """
    Horizontal bars with word and value at each bar; (word, value[, tone: bad, warn, quiet]).

    Bars begin at nought. `target` is a dashed line across them.
    """
    items = [(bar[0], float(bar[1]), bar[2] if len(bar) > 2 else "") for bar in bars]
    value_column = value_column or (f"数值（{unit}）" if unit else "数值")
    rows = tuple((word, figure_text(value)) for word, value, _ in items)
    if not items:
        return Picture(SafeString(""), title, (first_column, value_column), (), unit, note)
    top_value = max([value for _, value, _ in items] + ([target] if target else [])) or 1.0
    step, first = 42, 22 if target is not None else 0
    height = first + step * len(items)
    body: list[str] = []
    for i, (word, value, tone) in enumerate(items):
        base = first + i * step
        width = max(value, 0) / top_value * 100
        body.append(_text(0, base + 14, word))
        body.append(
            _text(100, base + 14, figure_text(value) + (f" {unit}" if unit else ""), "end", "last")
        )
        body.append(
            f'<rect class="column {escape(tone)}" x="0" y="{base + 20}" '
            f'width="{width:.2f}%" height="10" rx="3"/>'
        )
    if target is not None:
        at = target / top_value * 100
        body.append(
            f'<line class="target" x1="{at:.2f}%" x2="{at:.2f}%" y1="18" y2="{height - 8}"/>'
        )
        words = target_label or f"目标 {figure_text(target)}"
        body.append(_text(at, 12, words, "end" if at > 50 else "start"))
    say = "；".join(f"{word} {figure_text(value)}{unit}" for word, value, _ in items[:8])
    return Picture(
        _svg(body, height=height, title=title, say=say + "。"),
        title,
        (first_column, value_column),
        rows,
        unit,
        note,
    )


@dataclass(frozen=True)
class StripDay:
    """One day of a strip: the day, a tone (bad, warn, info, good or ""), and what happened."""

    day: date
    tone: str = ""
    words: str = ""


@dataclass(frozen=True)
class Strip:
    """A row of days; `legend` is one sentence that names what the tones mean."""

    days: tuple[StripDay, ...]
    legend: str = ""

    @property
    def is_long(self) -> bool:
        """More than two weeks: the strip breaks into rows."""
        return len(self.days) > 14


def day_strip(days: Sequence[StripDay | tuple[Any, ...]], legend: str = "") -> Strip:
    """Days of a stay or a month; shown with `{% day_strip strip %}`."""
    return Strip(tuple(d if isinstance(d, StripDay) else StripDay(*d) for d in days), legend)
