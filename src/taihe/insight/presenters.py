"""Figures in the words and pictures of the insight pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from taihe.base import definitions
from taihe.insight import rules
from taihe.insight.domain.brief import Compared, Line, brief
from taihe.insight.domain.cells import Cell
from taihe.insight.indicators import COUNTY, Figure, Quality, Sheet, shown, words_of
from taihe.ui.charts import Picture, Point, line_chart


@dataclass(frozen=True)
class Card:
    """One figure of the county; `value` is empty where the small-cell rule hides it."""

    key: str
    title: str
    value: str
    unit: str
    note: str


def county_value(figure: Figure) -> float | None:
    """The county's value, None where it is hidden or has no denominator."""
    total = next(cell for cell in shown(figure) if cell.key == COUNTY)
    if total.counts is None:
        return None
    return figure.indicator.value(total.counts.numerator, total.counts.denominator)


def card(figure: Figure) -> Card:
    """An indicator as a figure."""
    definition = definitions.get(figure.indicator.key)
    value = county_value(figure)
    counts = figure.table.counts
    if value is None:
        least = rules.settings().minimum_cell
        note = "还没有数据" if not counts.denominator else f"人数少于 {least}，不显示"
        return Card(figure.indicator.key, definition.title, "—", "", note)
    unit = "" if definition.unit == "%" else definition.unit
    note = {
        "share": f"{counts.numerator:,} / {counts.denominator:,}",
        "mean": f"{counts.denominator:,} 为分母",
        "money": f"{counts.denominator:,} 人次",
    }[figure.indicator.form]
    if figure.indicator.is_example:
        note += " · 示例口径"
    return Card(
        figure.indicator.key,
        definition.title,
        written(value) + ("%" if definition.unit == "%" else ""),
        unit,
        note,
    )


def written(value: float) -> str:
    """A value with one decimal."""
    return f"{value:,.1f}"


def brief_of(found: Sheet) -> list[Line]:
    """The sentences of the morning."""
    compared = []
    for key, figure in found.figures.items():
        chosen, definition = figure.indicator, definitions.get(key)
        compared.append(
            Compared(
                key=key,
                title=definition.title,
                unit=definition.unit,
                is_share=chosen.is_share,
                better=chosen.better,
                now=county_value(figure),
                before=county_value(found.earlier[key]),
                target=chosen.target,
                change_to_look=chosen.look_change,
            )
        )
    return brief(compared, as_of=found.as_of, before=found.before, last_day=found.last_day)


def weeks(found: Sheet) -> Picture | None:
    """Visits by week; a week behind which too few people stand is left out."""
    least = rules.settings().minimum_cell
    points = [
        Point(day, float(visits))
        for day, visits, people in found.weeks
        if not 0 < min(visits, people) < least
    ]
    if len(points) < 2 or not any(point.value for point in points):
        return None
    left_out = len(found.weeks) - len(points)
    return line_chart(
        points,
        "每周就诊人次（周末日）",
        "人次",
        first_column="截至",
        note=f"{left_out} 周人数少于 {least}，不显示。" if left_out else "",
    )


def level(figure: Figure, inside: str) -> str:
    """What the rows of a table are."""
    home = figure.indicator.split == "home"
    if inside == COUNTY:
        return "乡镇" if home else "机构级别"
    return "签约机构" if home else "机构"


def sort_value(figure: Figure, cell: Cell) -> float:
    """The order of rows: the greatest value first, hidden ones last."""
    if cell.counts is None:
        return -1.0
    return figure.indicator.value(cell.counts.numerator, cell.counts.denominator) or 0.0


def bars(figure: Figure, rows: list[Cell], found: Sheet) -> list[tuple[str, float]]:
    """The shown rows as bars, the greatest first."""
    values = [
        (words_of(cell.key, found.places), sort_value(figure, cell))
        for cell in rows
        if cell.counts is not None and cell.counts.denominator
    ]
    return sorted(((name, round(value, 1)) for name, value in values), key=lambda one: -one[1])


def quality_row(one: Quality, found: Sheet, least: int) -> dict[str, Any]:
    """A source of data; what too few people stand behind is not shown."""
    missing = one.visits - one.complete
    small = one.people < least
    return {
        "name": words_of(f"x/{one.org}", found.places),
        "visits": None if small else one.visits,
        "complete": None if small or 0 < missing < least else one.complete / one.visits,
        "delay": None if small or one.delay_days is None else one.delay_days,
        "last": one.last_received,
    }
