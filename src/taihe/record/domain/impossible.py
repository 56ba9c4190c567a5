"""Dates that cannot lie in the future, as rows of `knowledge/impossible_dates.csv`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from taihe.kernel.knowledge import Cells, Validity, read_table

TABLE = Path(__file__).parents[1] / "knowledge" / "impossible_dates.csv"


@dataclass(frozen=True)
class ImpossibleDate:
    """An element whose date cannot be after today, and why."""

    type: str
    element: str
    reason: str
    validity: Validity


def _read(cells: Cells) -> ImpossibleDate:
    return ImpossibleDate(
        cells.text("type"), cells.text("element"), cells.text("reason"), cells.validity()
    )


@cache
def rows() -> Mapping[str, tuple[ImpossibleDate, ...]]:
    """The rows by resource type."""
    table = read_table(TABLE, _read, required=("type", "element", "reason", "source")).checked()
    found: dict[str, tuple[ImpossibleDate, ...]] = {}
    for row in table:
        found[row.type] = (*found.get(row.type, ()), row)
    return found


def future_date(type: str, resource: Mapping[str, Any], *, tomorrow: date) -> ImpossibleDate | None:
    """
    The first element of a resource whose date lies after `tomorrow`, if any.

    A day is allowed for time zones: it is tomorrow already in the east. A date of less
    precision (2031, 2031-05) counts from its first day.
    """
    for row in rows().get(type, ()):
        written = resource.get(row.element)
        if isinstance(written, str) and written[:10] > tomorrow.isoformat():
            return row
    return None
