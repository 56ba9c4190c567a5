"""
What the health site answers to `/api/v1/aggregates`, read as from a stranger.

Anything that is not of the agreed form, or holds a cell below the smallest one agreed, is
refused whole: better no figure than a wrong or a telling one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from taihe.kernel.errors import Incorrect

FORM = "taihe.insight.aggregates/1"
SMALLEST_CELL = 11
WHOLE = "county"
FRESH = timedelta(hours=1)


@dataclass(frozen=True)
class Aggregate:
    """An indicator of the whole county as the health site released it."""

    key: str
    title: str
    unit: str
    value: float
    numerator: int
    denominator: int
    as_of: date
    edition: int
    minimum: int
    source: str
    definition: str


def read_aggregates(document: Any) -> list[Aggregate]:
    """The county's figures of an answer; raises `Incorrect` where it is not of the agreed form."""
    if not isinstance(document, Mapping) or document.get("form") != FORM:
        raise Incorrect("答复不是约定的格式。", f"约定：{FORM}。")
    found = document.get("aggregates")
    if not isinstance(found, list):
        raise Incorrect("答复中没有指标表。", f"约定：{FORM}。")
    try:
        return [one for row in found if (one := _read(row)) is not None]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Incorrect("答复中有读不懂的指标。", f"约定：{FORM}。") from None


def _read(row: Mapping[str, Any]) -> Aggregate | None:
    minimum = int(row["minimum_cell"])
    whole = None
    for cell in row["cells"]:
        denominator, value = cell["denominator"], cell["value"]
        if denominator is not None and 0 < int(denominator) < max(minimum, SMALLEST_CELL):
            raise Incorrect(
                "答复中有小于最小格子人数的格子，整份不用。", "请健康站点检查发布规则。"
            )
        if cell["key"] == WHOLE and value is not None:
            whole = cell
    if whole is None:
        return None
    value = float(whole["value"])
    if not math.isfinite(value):
        raise ValueError
    return Aggregate(
        key=str(row["key"]), title=str(row["title"]), unit=str(row["unit"]), value=value,
        numerator=int(whole["numerator"]), denominator=int(whole["denominator"]),
        as_of=date.fromisoformat(row["as_of"]), edition=int(row["edition"]), minimum=minimum,
        source=str(row["source"]), definition=_path(str(row["definition"])),
    )  # fmt: skip


def _path(text: str) -> str:
    """A path on the peer's own site and nothing else."""
    if not text.startswith("/") or text.startswith("//"):
        raise ValueError
    return text


def is_stale(answered_at: datetime, now: datetime) -> bool:
    """Whether an answer is too old to be shown without saying so."""
    return now - answered_at > FRESH
