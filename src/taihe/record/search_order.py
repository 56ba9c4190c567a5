"""
The order of a search in SQL: its keys, and the rows that come after one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from taihe.fhir.search import Query, Sort
from taihe.kernel.errors import Unsupported
from taihe.record.prepare import is_hidden_string
from taihe.record.search_conditions import TABLE_OF

Key = int | float | str | None


ORDERS = {"": "r.rid", "_lastUpdated": "r.feed", "_id": "r.id"}


def is_keyed(query: Query) -> bool:
    """Whether the order needs keys of its own."""
    return len(query.sort) > 1 or any(sort.parameter.code not in ORDERS for sort in query.sort)


def row_key(query: Query, row: Sequence[Any]) -> int | str | tuple[Key, ...]:
    """The key of a row of a page, from which the next page continues."""
    if is_keyed(query):
        return (*row[7:], row[0])
    column = {"": 0, "_id": 1, "_lastUpdated": 3}
    key: int | str = row[column[query.sort[0].parameter.code if query.sort else ""]]
    return key


def sort_key(type: str, sort: Sort) -> tuple[str, list[Any]]:
    parameter = sort.parameter
    if parameter.code in ORDERS:
        return ORDERS[parameter.code], []
    table = TABLE_OF.get(parameter.kind)
    if table == "record_idx_span":
        value = "max(t.high)" if sort.descending else "min(t.low)"
    elif table == "record_idx_text" and not is_hidden_string(type, parameter.number):
        value = f"{'max' if sort.descending else 'min'}(t.value)"
    else:
        raise Unsupported(
            f"Results are not sorted by {parameter.code}: its values are kept as hashes.",
            "Sort by a date, number, quantity or text, by _id or _lastUpdated.",
        )
    return (
        f"(SELECT {value} FROM {table} t WHERE t.rid = r.rid AND t.param = ?)",
        [parameter.number],
    )


def after(sort: Sequence[Sort], key: tuple[Key, ...]) -> tuple[str, list[Any]]:
    """The rows that come after a key: by the first key that differs, at last by rid."""
    ways: list[str] = []
    parameters: list[Any] = []
    equal: list[str] = []
    equal_parameters: list[Any] = []
    for number, (one, value) in enumerate(zip(sort, key[:-1], strict=True)):
        name = f"k{number}"
        if value is None:
            equal.append(f"{name} IS NULL")
            continue
        beyond = f"({name} IS NULL OR {name} {'<' if one.descending else '>'} ?)"
        ways.append(" AND ".join([*equal, beyond]))
        parameters += [*equal_parameters, value]
        equal.append(f"{name} = ?")
        equal_parameters.append(value)
    ways.append(" AND ".join([*equal, "rid > ?"]))
    parameters += [*equal_parameters, key[-1]]
    return " OR ".join(f"({way})" for way in ways), parameters
