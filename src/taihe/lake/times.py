"""
The main date of a resource, by whose year a big set of the lake is parted, and which years a
view can leave unread.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from taihe.fhir.fhirpath import parse
from taihe.fhir.fhirpath.tree import Binary, Call, Literal, Member, Node
from taihe.fhir.views import View
from taihe.lake.sets import Part

# In this order: the first that a resource has is its main date.
DATES = (
    ("effectiveDateTime",), ("effectivePeriod", "start"), ("performedDateTime",),
    ("performedPeriod", "start"), ("occurrenceDateTime",), ("occurrencePeriod", "start"),
    ("servicedDate",), ("period", "start"), ("billablePeriod", "start"), ("authoredOn",),
    ("onsetDateTime",), ("onsetPeriod", "start"), ("recordedDate",), ("started",), ("created",),
    ("date",), ("sent",), ("issued",), ("timestamp",), ("recorded",), ("authored",),
)  # fmt: skip
NO_DATE = "none"


def year_of(columns: dict[str, Any]) -> str:
    """The year of a resource's main date as SQL over its columns; "" where none is a date."""
    found = [".".join(f'"{name}"' for name in path) for path in DATES if _has(columns, path)]
    if not found:
        return ""
    years = ", ".join(f"nullif(substr({sql}, 1, 4), '')" for sql in found)
    return f"coalesce({years}, '{NO_DATE}')"


def _has(columns: Any, path: tuple[str, ...]) -> bool:
    for name in path:
        if not isinstance(columns, dict) or name not in columns:
            return False
        columns = columns[name]
    return bool(columns == "VARCHAR")


def needed(view: View, parts: Iterable[Part], columns: dict[str, Any]) -> list[Part]:
    """
    The parts that may hold rows of a view.

    A condition on the first of the dates above that the set has rules out years; one year
    more is kept on each side, since a time with a zone may lie in the year beside.
    """
    first = next((path for path in DATES if _is_there(columns, path)), None)
    low, high = 0, 9999
    for path in view.where if first else ():
        for name, operator, year in _bounds(parse(path)):
            if name != first:
                continue
            if operator in (">", ">=", "="):
                low = max(low, year - 1)
            if operator in ("<", "<=", "="):
                high = min(high, year + 1)
    kept = []
    for part in parts:
        if part.key == NO_DATE and (low, high) != (0, 9999):
            continue
        if part.key is not None and part.key.isdigit() and not low <= int(part.key) <= high:
            continue
        kept.append(part)
    return kept


def _is_there(columns: Any, path: tuple[str, ...]) -> bool:
    for name in path:
        if not isinstance(columns, dict) or name not in columns:
            return False
        columns = columns[name]
    return True


def _bounds(node: Node) -> Iterable[tuple[tuple[str, ...], str, int]]:
    """The comparisons of a date with a literal that must hold for a condition to hold."""
    if not isinstance(node, Binary):
        return
    if node.operator == "and":
        yield from _bounds(node.left)
        yield from _bounds(node.right)
        return
    turned = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}
    for one, two, operator in (
        (node.left, node.right, node.operator),
        (node.right, node.left, turned.get(node.operator, "")),
    ):
        path = _date_path(one)
        if path and operator in turned and isinstance(two, Literal):
            text = str(two.value)
            if two.kind in ("Date", "DateTime") and text[:4].isdigit():
                yield path, operator, int(text[:4])


def _date_path(node: Node) -> tuple[str, ...]:
    """The column that a path reads: (effectiveDateTime,) of effective.ofType(dateTime)."""
    if isinstance(node, Member) and node.source is None:
        return (node.name,)
    if isinstance(node, Member) and node.source is not None:
        above = _date_path(node.source)
        return (*above, node.name) if above else ()
    is_choice = isinstance(node, Call) and node.name == "ofType" and len(node.arguments) == 1
    if is_choice and isinstance(node, Call) and isinstance(node.source, Member):
        argument = node.arguments[0]
        if node.source.source is None and isinstance(argument, Member):
            return (node.source.name + argument.name[0].upper() + argument.name[1:],)
    return ()
