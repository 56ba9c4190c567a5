"""
From a parsed search to one SQL statement over index rows.

One condition drives: its rows are clustered by value and, for a single value, come in the
order of `rid`, which is the order of a result; the others are looked up by `rid`. The access
predicate is part of the statement. Pages continue after a key (`rid`, or what is sorted by)
and end at the highest `rid` of the first page, so that writes in between change nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from taihe.fhir.search import Condition, Query, Value, normalise
from taihe.kernel.errors import Unsupported
from taihe.kernel.identifiers import CitizenNumber, NotACitizenNumber
from taihe.record import types
from taihe.record.access import Predicate
from taihe.record.database import Connection, marks
from taihe.record.keys import Keys
from taihe.record.prepare import comparable, is_hidden_string, reference_text

DEFAULT_COUNT = 50
MOST_PER_PAGE = 1000
UCUM = "http://unitsofmeasure.org"
_LAST = "\U0010ffff"


@dataclass(frozen=True)
class Position:
    """Where a page begins: after this key, and no resource made after `newest`."""

    key: int | str
    newest: int


@dataclass
class Part:
    """
    One condition in SQL.

    `where` names its index table as `{t}`, so that it can drive or be looked up. `rank` is
    low for what selects few rows; `ordered` says that driving gives rows in order of rid
    without doubles; `negated` parts never drive.
    """

    table: str
    where: str
    parameters: list[Any]
    rank: int
    ordered: bool
    negated: bool = False

    def looked_up(self, row: str) -> str:
        """The condition on a row `d` of the driver or `r` of the resources."""
        inner = self.where.format(t="t")
        found = f"EXISTS (SELECT 1 FROM {self.table} t WHERE {inner} AND t.rid = {row}.rid)"
        return f"NOT {found}" if self.negated else found


@dataclass
class Statement:
    """A search as SQL: `page` selects rows, `count` counts them."""

    page: str
    page_parameters: list[Any]
    count: str
    count_parameters: list[Any]
    limit: int


_TABLE_OF = {
    "token": "record_idx_token",
    "reference": "record_idx_token",
    "uri": "record_idx_token",
    "string": "record_idx_text",
    "date": "record_idx_span",
    "number": "record_idx_span",
    "quantity": "record_idx_span",
}
_COLUMNS = "r.rid, r.id, r.version, r.feed, r.person, v.sealed, v.body"
_ORDERS = {"": "r.rid", "_lastUpdated": "r.feed", "_id": "r.id"}


def compile_search(
    connection: Connection,
    keys: Keys,
    query: Query,
    predicate: Predicate,
    position: Position | None = None,
) -> Statement:
    """The statement of a search, for a reader's predicate and from a position on."""
    _refuse_what_is_not_answered(query)
    where: list[str] = []
    parameters: list[Any] = []
    parts: list[Part] = []
    by_id = False
    for condition in query.conditions:
        code = condition.parameter.code
        if code == "_id":
            sql, values = _ids(condition)
            where.append(sql)
            parameters += values
            by_id = by_id or condition.modifier == ""
        elif code == "_lastUpdated":
            sql, values = _last_updated(connection, condition)
            where.append(sql)
            parameters += values
        else:
            parts.append(_part(keys, query.type, condition))
    order, descending = _order(query)
    driver = None
    if not by_id:
        able = [part for part in parts if not part.negated]
        driver = min(able, key=lambda part: part.rank, default=None)
    source, source_parameters = _source(driver, order, descending)
    for part in parts:
        if part is not driver:
            # On the driver's row: what it leaves out is never joined with its resource.
            where.append(part.looked_up("r" if driver is None else "d"))
            parameters += part.parameters
    where = ["r.type = ?", "r.deleted = 0", *where, predicate.sql]
    parameters = [types.NUMBER[query.type], *parameters, *predicate.parameters]
    conditions = " AND ".join(where)
    limit = min(query.count or DEFAULT_COUNT, MOST_PER_PAGE)
    count = f"SELECT count(*) FROM {source} WHERE {conditions}"
    count_parameters = [*source_parameters, *parameters]
    beyond, beyond_parameters = _beyond(driver, order, descending, position)
    page = (
        f"SELECT {_COLUMNS} FROM {source} CROSS JOIN record_version v"
        f" WHERE v.feed = r.feed AND {conditions}{beyond}"
        f" ORDER BY {_order_column(driver, order)}{' DESC' if descending else ''} LIMIT ?"
    )
    page_parameters = [*source_parameters, *parameters, *beyond_parameters, limit + 1]
    return Statement(page, page_parameters, count, count_parameters, limit)


def _refuse_what_is_not_answered(query: Query) -> None:
    if query.includes:
        raise Unsupported("_include and _revinclude are not supported.", "Search in two steps.")
    if query.elements or query.summary not in (None, "count", "false"):
        raise Unsupported(
            "_elements and _summary are not supported but for _summary=count.", "Leave them out."
        )


def _order(query: Query) -> tuple[str, bool]:
    if not query.sort:
        return "", False
    if len(query.sort) > 1 or query.sort[0].parameter.code not in _ORDERS:
        raise Unsupported(
            "Results are sorted by _lastUpdated or _id.", "Use one of them, or sort at your side."
        )
    return query.sort[0].parameter.code, query.sort[0].descending


def _order_column(driver: Part | None, order: str) -> str:
    return "d.rid" if driver is not None and driver.ordered and not order else _ORDERS[order]


def _source(driver: Part | None, order: str, descending: bool) -> tuple[str, list[Any]]:
    """The driving rows joined with resources; CROSS JOIN keeps SQLite to this order."""
    if driver is None:
        return "record_resource r", []
    inner = driver.where.format(t="i")
    if driver.ordered:
        # A plain join: the clustered rows come in order of rid, and LIMIT ends the walk.
        return (
            f"(SELECT i.rid FROM {driver.table} i WHERE {inner}) d"
            " CROSS JOIN record_resource r ON r.rid = d.rid",
            list(driver.parameters),
        )
    return (
        f"(SELECT DISTINCT i.rid FROM {driver.table} i WHERE {inner}) d"
        " CROSS JOIN record_resource r ON r.rid = d.rid",
        list(driver.parameters),
    )


def _beyond(
    driver: Part | None, order: str, descending: bool, position: Position | None
) -> tuple[str, list[Any]]:
    if position is None:
        return "", []
    column = _order_column(driver, order)
    return (
        f" AND {column} {'<' if descending else '>'} ? AND r.rid <= ?",
        [position.key, position.newest],
    )


def _ids(condition: Condition) -> tuple[str, list[Any]]:
    if condition.missing is not None:
        return ("1 = 0" if condition.missing else "1 = 1"), []
    ids = [value.code or "" for value in condition.values]
    return f"r.id {'NOT IN' if condition.modifier == 'not' else 'IN'} ({marks(len(ids))})", ids


def _last_updated(connection: Connection, condition: Condition) -> tuple[str, list[Any]]:
    """Times become feed numbers: the two never disagree in order."""
    if condition.missing is not None:
        return ("1 = 0" if condition.missing else "1 = 1"), []
    ways: list[str] = []
    parameters: list[Any] = []
    for value in condition.values:
        assert value.low is not None and value.high is not None
        low, high = int(value.low), int(value.high)
        prefix = value.prefix
        if prefix == "ap":
            width = max(high - low, 86_400_000_000)
            low, high, prefix = low - width, high + width, "eq"
        first, after = feed_at(connection, low), feed_at(connection, high)
        if prefix == "eq":
            ways.append("(r.feed >= ? AND r.feed < ?)")
            parameters += [first, after]
        elif prefix == "ne":
            ways.append("(r.feed < ? OR r.feed >= ?)")
            parameters += [first, after]
        else:
            bound = {"gt": after, "sa": after, "ge": first, "lt": first, "eb": first, "le": after}
            ways.append(f"r.feed {'>=' if prefix in ('gt', 'sa', 'ge') else '<'} ?")
            parameters.append(bound[prefix])
    return f"({' OR '.join(ways)})", parameters


def feed_at(connection: Connection, at: int) -> int:
    """The first feed number of a version at this time (microseconds) or later."""
    row = connection.execute("SELECT max(feed) FROM record_version").fetchone()
    low, high = 0, int(row[0] or 0) + 1
    while low < high:
        middle = (low + high) // 2
        row = connection.execute(
            "SELECT feed, at FROM record_version WHERE feed >= ? ORDER BY feed LIMIT 1", (middle,)
        ).fetchone()
        if row is None or row[1] >= at:
            high = middle
        else:
            low = int(row[0]) + 1
    return low


def _part(keys: Keys, type: str, condition: Condition) -> Part:
    number, kind = condition.parameter.number, condition.kind
    if kind not in _TABLE_OF:
        raise Unsupported(
            f"The parameter {condition.parameter.code} of {type} is not supported.", ""
        )
    if condition.missing is not None:
        table = "record_idx_token" if kind == "string" else _TABLE_OF[kind]
        return Part(table, "{t}.param = ?", [number], 9, False, negated=condition.missing)
    if kind in ("token", "reference", "uri"):
        return _hashes(keys, condition)
    if kind == "string":
        return _string(keys, type, condition)
    return _span(keys, condition)


def _hashes(keys: Keys, condition: Condition) -> Part:
    make: dict[str, Callable[[Condition, Value], Sequence[str]]] = {
        "token": _token_texts,
        "reference": _reference_texts,
        "uri": _uri_texts,
    }
    texts = dict.fromkeys(
        text for value in condition.values for text in make[condition.kind](condition, value)
    )
    rank = {"reference": 1, "token": 3, "uri": 2}[condition.kind]
    if condition.parameter.code == "identifier":
        rank = 0
    return _token_part(
        condition.parameter.number,
        [keys.hash(text) for text in texts],
        rank,
        negated=condition.modifier == "not",
    )


def _token_part(number: int, hashes: list[int], rank: int, *, negated: bool = False) -> Part:
    if len(hashes) == 1:
        return Part(
            "record_idx_token",
            "{t}.param = ? AND {t}.hash = ?",
            [number, *hashes],
            rank,
            True,
            negated,
        )
    return Part(
        "record_idx_token",
        f"{{t}}.param = ? AND {{t}}.hash IN ({marks(len(hashes))})",
        [number, *hashes],
        rank,
        False,
        negated,
    )


def _token_texts(condition: Condition, value: Value) -> list[str]:
    if value.code is None:
        raise Unsupported("A token without a code is not supported.", "Write system|code.")
    number = condition.parameter.number
    if value.system is not None:
        return [f"{value.system}|{comparable(number, value.system, value.code)}"]
    forms = [comparable(number, "", value.code)]
    with contextlib.suppress(NotACitizenNumber):
        forms.append(CitizenNumber.parse(value.code).value)
    return [f"={form}" for form in forms]


def _reference_texts(condition: Condition, value: Value) -> list[str]:
    code = value.code or ""
    if value.system:
        return [reference_text(value.system, code)]
    if "/" in code or ":" in code:
        return [reference_text("", code)]
    targets = condition.parameter.targets or tuple(types.NUMBER)
    return [reference_text(target, code) for target in targets]


def _uri_texts(condition: Condition, value: Value) -> list[str]:
    if condition.modifier:
        raise Unsupported(
            f"The modifier :{condition.modifier} of {condition.parameter.code} is not supported.",
            "",
        )
    return [f"u{value.code}"]


def _string(keys: Keys, type: str, condition: Condition) -> Part:
    number = condition.parameter.number
    texts = [value.code or "" for value in condition.values]
    if condition.modifier == "exact":
        return _token_part(number, [keys.hash(f"x{text}") for text in texts], 1)
    plain = [normalise(text) for text in texts]
    if is_hidden_string(type, number):
        if condition.modifier == "contains":
            raise Unsupported(
                f":contains is not supported for {condition.parameter.code}: it is kept as"
                " hashes only.",
                "Give the beginning of the text.",
            )
        return _token_part(number, [keys.hash(f"p{text}") for text in plain], 2)
    ways: list[str] = []
    parameters: list[Any] = [number]
    for text in plain:
        if condition.modifier == "contains":
            ways.append("{t}.value LIKE ? ESCAPE '!'")
            escaped = text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
            parameters.append(f"%{escaped}%")
        else:
            ways.append("({t}.value >= ? AND {t}.value < ?)")
            parameters += [text, text + _LAST]
    return Part(
        "record_idx_text", f"{{t}}.param = ? AND ({' OR '.join(ways)})", parameters, 2, False
    )


# `low` and `high` of a row against those of a value, each half-open.
_DATES = {
    "eq": ("({t}.low >= ? AND {t}.high <= ?)", "lh"),
    "ne": ("NOT ({t}.low >= ? AND {t}.high <= ?)", "lh"),
    "gt": ("{t}.high > ?", "h"),
    "ge": ("{t}.high > ?", "l"),
    "lt": ("{t}.low < ?", "l"),
    "le": ("{t}.low < ?", "h"),
    "sa": ("{t}.low >= ?", "h"),
    "eb": ("{t}.high <= ?", "l"),
}
# Numbers by their middle, which is the number as written.
_MIDDLE = "({t}.low + {t}.high) / 2"
_NUMBERS = {
    "eq": (f"({_MIDDLE} >= ? AND {_MIDDLE} < ?)", "lh"),
    "ne": (f"NOT ({_MIDDLE} >= ? AND {_MIDDLE} < ?)", "lh"),
    "gt": (f"{_MIDDLE} > ?", "m"),
    "sa": (f"{_MIDDLE} > ?", "m"),
    "ge": (f"{_MIDDLE} >= ?", "m"),
    "lt": (f"{_MIDDLE} < ?", "m"),
    "eb": (f"{_MIDDLE} < ?", "m"),
    "le": (f"{_MIDDLE} <= ?", "m"),
}


def _span(keys: Keys, condition: Condition) -> Part:
    ways: list[str] = []
    parameters: list[Any] = [condition.parameter.number]
    forms = _DATES if condition.kind == "date" else _NUMBERS
    for value in condition.values:
        assert value.low is not None and value.high is not None
        low, high, prefix = value.low, value.high, value.prefix
        if prefix == "ap":
            # Ten per cent to both sides for a number; for a date at least a day.
            width = (
                max(high - low, 86_400_000_000)
                if condition.kind == "date"
                else abs(low + high) / 20
            )
            low, high, prefix = low - width, high + width, "eq"
        sql, bounds = forms[prefix]
        sides = {"l": low, "h": high, "m": (low + high) / 2}
        parameters += [sides[bound] for bound in bounds]
        if condition.kind == "quantity" and value.code is not None:
            systems = [value.system] if value.system is not None else [UCUM, ""]
            sql = f"({sql} AND {{t}}.unit IN ({marks(len(systems))}))"
            parameters += [keys.hash(f"{system}|{value.code}") for system in systems]
        ways.append(sql)
    return Part(
        "record_idx_span", f"{{t}}.param = ? AND ({' OR '.join(ways)})", parameters, 5, False
    )
