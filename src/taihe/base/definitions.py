"""
Definitions: every published figure is a row that says how it is computed and from what.

Contexts register a CSV file; pages link figures to `/definitions/<key>/`. A key may have
several rows, one per time of validity.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from taihe.kernel.errors import Incorrect, NotFound
from taihe.kernel.knowledge import Cells, Validity, read_table

REQUIRED = ("key", "title", "unit", "formula", "numerator", "denominator", "as_of_rule", "source")


@dataclass(frozen=True)
class Definition:
    """
    How a published figure is computed.

    `formula`, `numerator`, `denominator` and `as_of_rule` are sentences for readers, in
    Chinese; `denominator` is empty where there is none. `context` registered it.
    """

    key: str
    title: str
    unit: str
    formula: str
    numerator: str
    denominator: str
    as_of_rule: str
    source: str
    clause: str
    validity: Validity
    context: str


_definitions: dict[str, list[Definition]] = {}


def register(context: str, path: Path) -> None:
    """Add the definitions of a file; a bad row or a key of another context is refused."""

    def make(cells: Cells) -> Definition:
        return Definition(
            key=cells.text("key"),
            title=cells.text("title"),
            unit=cells.optional("unit"),
            formula=cells.text("formula"),
            numerator=cells.optional("numerator"),
            denominator=cells.optional("denominator"),
            as_of_rule=cells.text("as_of_rule"),
            source=cells.text("source"),
            clause=cells.optional("clause"),
            validity=cells.validity(),
            context=context,
        )

    rows = read_table(path, make, required=REQUIRED, name=f"{context}/{path.name}").checked()
    fresh: dict[str, list[Definition]] = {}
    for row in rows:
        fresh.setdefault(row.key, []).append(row)
    for key, versions in fresh.items():
        known = _definitions.get(key)
        if known and known[0].context != context:
            raise Incorrect(
                f"{context}/{path.name}: {key} is defined by {known[0].context} already.",
                "Choose another key.",
            )
        _definitions[key] = versions


def get(key: str, *, on: date | None = None) -> Definition:
    """The definition of a key that holds on a day; the newest without a day."""
    versions = _definitions.get(key, [])
    holding = [row for row in versions if on is None or row.validity.holds(on)]
    if not holding:
        raise NotFound("没有这个指标的定义。", "请核对指标名称。")
    return max(holding, key=lambda row: row.validity.valid_from or date.min)


def versions(key: str) -> list[Definition]:
    """All rows of a key, newest first."""
    found = _definitions.get(key, [])
    return sorted(found, key=lambda row: row.validity.valid_from or date.min, reverse=True)


def every() -> list[Definition]:
    """The newest row of every key, by context and key."""
    newest = [get(key) for key in _definitions]
    return sorted(newest, key=lambda row: (row.context, row.key))
