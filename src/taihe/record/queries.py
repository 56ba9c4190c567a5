"""
From a parsed search to one SQL statement over index rows.

One condition drives: its rows are clustered by value and, for a single value, come in the
order of `rid`, which is the order of a result; the others are looked up by `rid`. The access
predicate is part of the statement. Pages continue after a key (`rid`, or what is sorted by)
and end at the highest `rid` of the first page, so that writes in between change nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from taihe.fhir.search import (
    Chain,
    Condition,
    Criterion,
    Has,
    Parameter,
    Query,
    Sort,
    Value,
    is_address,
    normalise,
    only_system,
    parameters,
)
from taihe.kernel.errors import Forbidden, Incorrect, Unsupported
from taihe.kernel.identifiers import CitizenNumber, NotACitizenNumber
from taihe.record import types
from taihe.record.access import Predicate
from taihe.record.database import Connection, marks
from taihe.record.keys import Keys
from taihe.record.prepare import (
    LONGEST_TEXT,
    UNIONS,
    UNIT_SYSTEMS,
    comparable,
    is_hidden_string,
    pair_text,
    reference_text,
)

DEFAULT_COUNT = 50
MOST_PER_PAGE = 1000
MOST_LINKS = 1000
_LAST = "\U0010ffff"


Key = int | float | str | None


@dataclass(frozen=True)
class Position:
    """
    Where a page begins: after this key, and no resource made after `newest`.

    An order by other parameters than `_id` and `_lastUpdated` has a key for each of them and
    the `rid` at the end.
    """

    key: int | str | tuple[Key, ...]
    newest: int


@dataclass
class Part:
    """
    One condition in SQL.

    `where` names its index table as `{t}`, so that it can drive or be looked up. `rank` is
    low for what selects few rows; `ordered` says that driving gives rows in order of rid
    without doubles; `negated` parts never drive. `rids` is a statement that selects the rids
    instead, `refhashes` one that selects hashes of references to what is wanted.
    """

    table: str
    where: str
    parameters: list[Any]
    rank: int
    ordered: bool
    negated: bool = False
    rids: str = ""
    refhashes: str = ""

    def looked_up(self, row: str) -> str:
        """The condition on a row `d` of the driver or `r` of the resources."""
        if self.refhashes:
            return f"r.refhash IN ({self.refhashes})"
        if self.rids:
            return f"{row}.rid IN ({self.rids})"
        inner = self.where.format(t="t")
        found = f"EXISTS (SELECT 1 FROM {self.table} t WHERE {inner} AND t.rid = {row}.rid)"
        return f"NOT {found}" if self.negated else found

    @property
    def can_drive(self) -> bool:
        """Whether the search can begin with this part."""
        return not self.negated and not self.refhashes


@dataclass
class Statement:
    """A search as SQL: `page` selects rows, `count` counts them."""

    page: str
    page_parameters: list[Any]
    count: str
    count_parameters: list[Any]
    limit: int


@dataclass
class Selection:
    """What a list of conditions selects: a FROM, a WHERE, and what drives."""

    source: str
    where: str
    parameters: list[Any]
    driver: Part | None


_TABLE_OF = {
    "token": "record_idx_token",
    "reference": "record_idx_token",
    "uri": "record_idx_token",
    "string": "record_idx_text",
    "date": "record_idx_span",
    "number": "record_idx_span",
    "quantity": "record_idx_span",
}
COLUMNS = "r.rid, r.id, r.version, r.feed, r.person, v.sealed, v.body"
_ORDERS = {"": "r.rid", "_lastUpdated": "r.feed", "_id": "r.id"}


def is_answered(parameter: Parameter) -> bool:
    """Whether the store answers a search parameter."""
    if parameter.kind == "composite":
        return len(parameter.components) == 2
    return parameter.kind in _TABLE_OF and bool(parameter.expression)


def compile_search(
    connection: Connection,
    keys: Keys,
    query: Query,
    predicate: Predicate,
    position: Position | None = None,
    *,
    may_search: Callable[[str], bool] = lambda type: True,
) -> Statement:
    """
    The statement of a search, for a reader's predicate and from a position on.

    `may_search` says for the types that chains and `_has` join whether the reader may search
    them; the predicate holds for every joined resource.
    """
    compiler = _Compiler(connection, keys, predicate, may_search)
    limit = min(query.count or DEFAULT_COUNT, MOST_PER_PAGE)
    if _is_keyed(query):
        return compiler.keyed(query, position, limit)
    order = query.sort[0].parameter.code if query.sort else ""
    descending = bool(query.sort) and query.sort[0].descending
    found = compiler.select(query.type, query.conditions, ordered=order == "")
    column = "d.rid" if found.driver and found.driver.ordered and not order else _ORDERS[order]
    beyond, beyond_parameters = "", []
    if position is not None:
        beyond = f" AND {column} {'<' if descending else '>'} ? AND r.rid <= ?"
        beyond_parameters = [position.key, position.newest]
    page = (
        f"SELECT {COLUMNS} FROM {found.source} CROSS JOIN record_version v"
        f" WHERE v.feed = r.feed AND {found.where}{beyond}"
        f" ORDER BY {column}{' DESC' if descending else ''} LIMIT ?"
    )
    return compiler.statement(page, [*found.parameters, *beyond_parameters], found, limit)


def _is_keyed(query: Query) -> bool:
    """Whether the order needs keys of its own."""
    return len(query.sort) > 1 or any(sort.parameter.code not in _ORDERS for sort in query.sort)


def row_key(query: Query, row: Sequence[Any]) -> int | str | tuple[Key, ...]:
    """The key of a row of a page, from which the next page continues."""
    if _is_keyed(query):
        return (*row[7:], row[0])
    column = {"": 0, "_id": 1, "_lastUpdated": 3}
    key: int | str = row[column[query.sort[0].parameter.code if query.sort else ""]]
    return key


class _Compiler:
    def __init__(
        self,
        connection: Connection,
        keys: Keys,
        predicate: Predicate,
        may_search: Callable[[str], bool],
    ) -> None:
        self.connection = connection
        self.keys = keys
        self.predicate = predicate
        self.may_search = may_search
        self.links: list[str] = []
        self.link_parameters: list[Any] = []

    def select(self, type: str, criteria: Iterable[Criterion], *, ordered: bool) -> Selection:
        """The resources of a type that fulfil the conditions and that the reader may know of."""
        where: list[str] = []
        parameters: list[Any] = []
        parts: list[Part] = []
        by_id = False
        for criterion in criteria:
            code = criterion.parameter.code
            if isinstance(criterion, Condition) and code == "_id":
                sql, values = _ids(criterion)
                where.append(sql)
                parameters += values
                by_id = by_id or criterion.modifier == ""
            elif isinstance(criterion, Condition) and code == "_lastUpdated":
                sql, values = _last_updated(self.connection, criterion)
                where.append(sql)
                parameters += values
            else:
                parts.append(self.part(type, criterion))
        driver = None
        if not by_id:
            able = [part for part in parts if part.can_drive]
            driver = min(able, key=lambda part: part.rank, default=None)
        source, source_parameters = _source(driver)
        for part in parts:
            if part is not driver:
                # On the driver's row: what it leaves out is never joined with its resource.
                where.append(part.looked_up("r" if driver is None else "d"))
                parameters += part.parameters
        where = ["r.type = ?", "r.deleted = 0", *where, self.predicate.sql]
        parameters = [
            *source_parameters,
            types.NUMBER[type],
            *parameters,
            *self.predicate.parameters,
        ]
        return Selection(source, " AND ".join(where), parameters, driver)

    def part(self, type: str, criterion: Criterion) -> Part:
        if isinstance(criterion, Chain):
            return self.chain(criterion)
        if isinstance(criterion, Has):
            return self.has(criterion)
        return _part(self.keys, type, criterion)

    def chain(self, chain: Chain) -> Part:
        """Resources that refer to others: from those, by the hash of their address."""
        names = []
        for type, inner in self._allowed(chain.targets):
            found = self.select(type, (inner,), ordered=False)
            name = self._named(
                f"SELECT t.rid AS rid FROM (SELECT r.refhash AS h FROM {found.source}"
                f" WHERE {found.where}) x CROSS JOIN record_idx_token t"
                " WHERE t.param = ? AND t.hash = x.h",
                [*found.parameters, chain.parameter.number],
            )
            names.append(f"SELECT rid FROM {name}")
        return Part("", "", [], 4, False, rids=" UNION ALL ".join(names))

    def has(self, has: Has) -> Part:
        """Resources that others refer to: from those, by the hashes of what they refer to."""
        self._allowed([(has.type, has.condition)])
        found = self.select(has.type, (has.condition,), ordered=False)
        name = self._named(
            f"SELECT t.hash AS h FROM (SELECT r.rid AS rid FROM {found.source}"
            f" WHERE {found.where}) x"
            " CROSS JOIN record_idx_token t WHERE t.rid = x.rid AND t.param = ?",
            [*found.parameters, has.parameter.number],
        )
        return Part("", "", [], 4, False, refhashes=f"SELECT h FROM {name}")

    def _named(self, sql: str, parameters: list[Any]) -> str:
        """A part of the WITH clause: links of a chain stand side by side, not nested."""
        name = f"link{len(self.links)}"
        if len(self.links) >= MOST_LINKS:
            raise Incorrect(
                "The chain may lead to too many types.", "Name the type, as in subject:Patient."
            )
        self.links.append(f"{name} AS MATERIALIZED ({sql})")
        self.link_parameters += parameters
        return name

    def statement(self, page: str, values: list[Any], found: Selection, limit: int) -> Statement:
        """The statement of a page and of its count, with the links before both."""
        links = f"WITH {', '.join(self.links)} " if self.links else ""
        return Statement(
            links + page,
            [*self.link_parameters, *values, limit + 1],
            f"{links}SELECT count(*) FROM {found.source} WHERE {found.where}",
            [*self.link_parameters, *found.parameters],
            limit,
        )

    def _allowed(self, targets: Sequence[tuple[str, Criterion]]) -> list[tuple[str, Criterion]]:
        found = [target for target in targets if self.may_search(target[0])]
        if not found:
            raise Forbidden(
                f"The scope of this token does not cover search of {targets[0][0]}.",
                "A chain needs the scope of every type it joins.",
            )
        return found

    def keyed(self, query: Query, position: Position | None, limit: int) -> Statement:
        """A search in the order of other parameters; what has no value comes last."""
        found = self.select(query.type, query.conditions, ordered=False)
        columns, parameters, orders = [], [], []
        for number, sort in enumerate(query.sort):
            sql, values = _sort_key(query.type, sort)
            columns.append(f"{sql} AS k{number}")
            parameters += values
            orders.append(f"k{number} IS NULL, k{number}{' DESC' if sort.descending else ''}")
        inner = (
            f"SELECT {COLUMNS}, {', '.join(columns)} FROM {found.source}"
            f" CROSS JOIN record_version v WHERE v.feed = r.feed AND {found.where}"
        )
        parameters += found.parameters
        beyond = ""
        if position is not None:
            inner += " AND r.rid <= ?"
            parameters.append(position.newest)
            assert isinstance(position.key, tuple)
            beyond, values = _after(query.sort, position.key)
            beyond = f" WHERE {beyond}"
            parameters += values
        page = f"SELECT * FROM ({inner}) q{beyond} ORDER BY {', '.join(orders)}, rid LIMIT ?"
        return self.statement(page, parameters, found, limit)


def _sort_key(type: str, sort: Sort) -> tuple[str, list[Any]]:
    parameter = sort.parameter
    if parameter.code in _ORDERS:
        return _ORDERS[parameter.code], []
    table = _TABLE_OF.get(parameter.kind)
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


def _after(sort: Sequence[Sort], key: tuple[Key, ...]) -> tuple[str, list[Any]]:
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


def _source(driver: Part | None) -> tuple[str, list[Any]]:
    """The driving rows joined with resources; CROSS JOIN keeps SQLite to this order."""
    if driver is None:
        return "record_resource r", []
    if driver.rids:
        inner = f"SELECT DISTINCT rid FROM ({driver.rids}) c"
    else:
        # A plain join of ordered rows: they come in order of rid, and LIMIT ends the walk.
        distinct = "" if driver.ordered else "DISTINCT "
        where = driver.where.format(t="i")
        inner = f"SELECT {distinct}i.rid FROM {driver.table} i WHERE {where}"
    joined = f"({inner}) d CROSS JOIN record_resource r ON r.rid = d.rid"
    return joined, list(driver.parameters)


def _ids(condition: Condition) -> tuple[str, list[Any]]:
    if condition.missing is not None:
        return ("1 = 0" if condition.missing else "1 = 1"), []
    # An id has no system.
    ids = [value.code or "" for value in condition.values if not value.system]
    negated = condition.modifier in ("not", "not-in")
    if not ids:
        return ("1 = 1" if negated else "1 = 0"), []
    return f"r.id {'NOT IN' if negated else 'IN'} ({marks(len(ids))})", ids


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
    if not is_answered(condition.parameter):
        raise Unsupported(
            f"The parameter {condition.parameter.code} of {type} is not supported.", ""
        )
    if condition.modifier in ("text", "of-type", "identifier"):
        raise Unsupported(
            f"The modifier :{condition.modifier} of {condition.parameter.code} is not supported"
            " by this store.",
            "It keeps codes and identifiers as hashes: give the code or the identifier.",
        )
    if condition.missing is not None:
        table = "record_idx_token" if kind == "string" else _TABLE_OF[kind]
        return Part(table, "{t}.param = ?", [number], 9, False, negated=condition.missing)
    if kind in ("token", "reference"):
        return _hashes(keys, condition)
    if kind == "uri":
        return _uri(keys, condition)
    if kind == "string":
        return _string(keys, type, condition)
    if kind == "composite":
        return _composite(keys, condition)
    return _span(keys, condition)


def _hashes(keys: Keys, condition: Condition) -> Part:
    number = condition.parameter.number
    negated = condition.modifier in ("not", "not-in")
    texts: dict[str, None] = {}
    if any(
        value.code is None and value.system == only_system(number) for value in condition.values
    ):
        # Every token of the parameter has this system.
        return Part("record_idx_token", "{t}.param = ?", [number], 9, False, negated)
    for value in condition.values:
        if condition.kind == "reference":
            texts.update(dict.fromkeys(_reference_texts(condition.parameter, value)))
        else:
            texts.update(dict.fromkeys(_token_texts(number, value)))
    rank = 1 if condition.kind == "reference" else 3
    if condition.parameter.code == "identifier":
        rank = 0
    return _token_part(
        number,
        [keys.hash(text) for text in texts],
        rank,
        negated=negated,
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


def _token_texts(number: int, value: Value) -> list[str]:
    if value.code is None:
        return [f"{value.system}|"]
    if value.system is not None:
        return [f"{value.system}|{comparable(number, value.system, value.code)}"]
    forms = [comparable(number, "", value.code)]
    with contextlib.suppress(NotACitizenNumber):
        forms.append(CitizenNumber.parse(value.code).value)
    return [f"={form}" for form in forms]


def _reference_texts(parameter: Parameter, value: Value) -> list[str]:
    code = value.code or ""
    if is_address(code):
        return [reference_text("", code)]
    if value.system:
        return [reference_text(value.system, code)]
    return [reference_text(target, code) for target in parameter.targets or tuple(types.NUMBER)]


def _uri(keys: Keys, condition: Condition) -> Part:
    number = condition.parameter.number
    texts = [value.code or "" for value in condition.values]
    if condition.modifier == "below":
        ways: list[str] = []
        parameters: list[Any] = [number]
        for text in texts:
            inside = text.rstrip("/") + "/"
            ways.append("({t}.value = ? OR ({t}.value >= ? AND {t}.value < ?))")
            parameters += [t[:LONGEST_TEXT] for t in (text, inside)] + [inside + _LAST]
        return Part(
            "record_idx_text", f"{{t}}.param = ? AND ({' OR '.join(ways)})", parameters, 2, False
        )
    if condition.modifier == "above":
        texts = [above for text in texts for above in _above(text)]
    return _token_part(number, [keys.hash(f"u{text}") for text in dict.fromkeys(texts)], 2)


def _above(text: str) -> list[str]:
    """The addresses that lead to this one: cut at each slash, with or without that slash."""
    found = [text]
    for position, character in enumerate(text):
        before = text[:position]
        if character == "/" and not before.endswith("/"):
            found += [before, before + "/", before + "//"]
    return found


def _composite(keys: Keys, condition: Condition) -> Part:
    parameter = condition.parameter
    numbers = UNIONS.get(parameter.number, (parameter.number,))
    known = parameters(parameter.type)
    first, second = (known[code] for code, _ in parameter.components)
    param = f"{{t}}.param IN ({marks(len(numbers))})"
    ways: list[str] = []
    values: list[Any] = [*numbers]
    for value in condition.values:
        before = _first_part(first, value.parts[0])
        after = value.parts[1]
        if second.kind == "token":
            if after.code is None:
                raise _without_code(parameter)
            pairs = [f"{a}${b}" for a in before for b in _token_texts(second.number, after)]
            ways.append(f"{{t}}.hash IN ({marks(len(pairs))})")
            values += [keys.hash(pair) for pair in pairs]
        elif second.kind == "string":
            for one in before:
                text = pair_text(keys.hash(one), normalise(after.code or ""))
                ways.append("({t}.value >= ? AND {t}.value < ?)")
                values += [text, text + _LAST]
        else:
            sql, bounds = _compared(second.kind, after)
            units = _unit_texts(after) if second.kind == "quantity" and after.code else [""]
            pairs = [f"{a}${unit}" for a in before for unit in units]
            ways.append(f"({sql} AND {{t}}.unit IN ({marks(len(pairs))}))")
            values += [*bounds, *(keys.hash(pair) for pair in pairs)]
    return Part(_TABLE_OF[second.kind], f"{param} AND ({' OR '.join(ways)})", values, 4, False)


def _first_part(parameter: Parameter, value: Value) -> list[str]:
    if parameter.kind == "reference":
        return _reference_texts(parameter, value)
    if value.code is None:
        raise _without_code(parameter)
    return _token_texts(parameter.number, value)


def _without_code(parameter: Parameter) -> Unsupported:
    return Unsupported(f"{parameter.code} needs a code here.", "Write system|code or code.")


def _string(keys: Keys, type: str, condition: Condition) -> Part:
    number = condition.parameter.number
    texts = [value.code or "" for value in condition.values]
    if condition.modifier == "exact":
        return _token_part(number, [keys.hash(f"x{text}") for text in texts], 1)
    plain = [normalise(text)[:LONGEST_TEXT] for text in texts]
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


# `low` and `high` of a row against those of a value (l, h), against the number itself (n), or
# against the range around it (a, z).
_DATES = {
    "eq": ("({t}.low >= ? AND {t}.high <= ?)", "lh"),
    "ne": ("NOT ({t}.low >= ? AND {t}.high <= ?)", "lh"),
    "gt": ("{t}.high > ?", "h"),
    "ge": ("{t}.high > ?", "l"),
    "lt": ("{t}.low < ?", "l"),
    "le": ("{t}.low < ?", "h"),
    "sa": ("{t}.low >= ?", "h"),
    "eb": ("{t}.high <= ?", "l"),
    "ap": ("({t}.low < ? AND {t}.high > ?)", "za"),
}
_NUMBERS = {
    "eq": ("({t}.low >= ? AND {t}.high < ?)", "lh"),
    "ne": ("NOT ({t}.low >= ? AND {t}.high < ?)", "lh"),
    "gt": ("{t}.high > ?", "n"),
    "ge": ("({t}.high >= ? OR ({t}.low >= ? AND {t}.high < ?))", "nlh"),
    "lt": ("{t}.low < ?", "n"),
    "le": ("({t}.low <= ? OR ({t}.low >= ? AND {t}.high < ?))", "nlh"),
    "sa": ("{t}.low > ?", "n"),
    "eb": ("{t}.high < ?", "n"),
    "ap": ("({t}.low <= ? AND {t}.high >= ?)", "za"),
}


def _compared(kind: str, value: Value) -> tuple[str, list[Any]]:
    """The comparison of a span with a date or number, and its bounds."""
    assert value.low is not None and value.high is not None
    if kind == "date":
        width: float = max(value.high - value.low, 86_400_000_000)
        around = (value.low - width, value.high + width)
        sql, bounds = _DATES[value.prefix]
    else:
        assert value.number is not None
        width = abs(value.number) / 10
        around = (value.number - width, value.number + width)
        sql, bounds = _NUMBERS[value.prefix]
    sides = {"l": value.low, "h": value.high, "n": value.number, "a": around[0], "z": around[1]}
    return sql, [sides[bound] for bound in bounds]


def _unit_texts(value: Value) -> list[str]:
    """What is hashed for a unit: in its system, or in the usual ones and alone."""
    if value.system is not None:
        return [f"{value.system}|{value.code}"]
    return [*(f"{system}|{value.code}" for system in UNIT_SYSTEMS), f"={value.code}"]


def _span(keys: Keys, condition: Condition) -> Part:
    ways: list[str] = []
    parameters: list[Any] = [condition.parameter.number]
    for value in condition.values:
        sql, bounds = _compared(condition.kind, value)
        parameters += bounds
        if condition.kind == "quantity" and value.code is not None:
            units = _unit_texts(value)
            sql = f"({sql} AND {{t}}.unit IN ({marks(len(units))}))"
            parameters += [keys.hash(unit) for unit in units]
        ways.append(sql)
    return Part(
        "record_idx_span", f"{{t}}.param = ? AND ({' OR '.join(ways)})", parameters, 5, False
    )
