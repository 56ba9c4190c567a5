"""
From a parsed search to one SQL statement over index rows.

One condition drives: its rows are clustered by value and, for a single value, come in the
order of `rid`, which is the order of a result; the others are looked up by `rid`. The access
predicate is part of the statement. Pages continue after a key (`rid`, or what is sorted by)
and end at the highest `rid` of the first page, so that writes in between change nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from taihe.fhir.search import (
    Chain,
    Condition,
    Criterion,
    Has,
    Junction,
    Parameter,
    Query,
    Words,
    is_address,
)
from taihe.kernel.errors import Forbidden, Incorrect, Unsupported
from taihe.record import types
from taihe.record.access import Predicate
from taihe.record.database import Connection, in_pieces, marks
from taihe.record.keys import Keys
from taihe.record.prepare import reference_text
from taihe.record.search_conditions import (
    FOR_EVERY_TYPE,
    Part,
    is_answered,
    part_of,
    reference_texts,
    token_part,
    without_versions,
)
from taihe.record.search_order import ORDERS, Key, after, is_keyed, row_key, sort_key

DEFAULT_COUNT = 50


MOST_PER_PAGE = 1000


MOST_LINKS = 1000
MOST_RELATED = 10_000
# A statement of SQLite takes 32 766 values.
MOST_PARAMETERS = 32_000


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


COLUMNS = "r.rid, r.id, r.version, r.feed, r.person, v.sealed, v.body"


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
    if is_keyed(query):
        return compiler.keyed(query, position, limit)
    order = query.sort[0].parameter.code if query.sort else ""
    descending = bool(query.sort) and query.sort[0].descending
    found = compiler.select(query.type, query.conditions, ordered=order == "")
    column = "d.rid" if found.driver and found.driver.ordered and not order else ORDERS[order]
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
            code = criterion.parameter.code if isinstance(criterion, Condition) else ""
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
        if isinstance(criterion, Junction):
            return self.junction(type, criterion)
        if isinstance(criterion, Words):
            raise Unsupported(
                f"{criterion.parameter.code} is not supported by this store: it keeps no words.",
                "Search by a parameter of text, as in name:contains.",
            )
        if criterion.hierarchies:
            return self.related(criterion)
        return part_of(self.keys, type, criterion)

    def junction(self, type: str, junction: Junction) -> Part:
        """Criteria of a filter: their rows together, of all, or what is left without them."""
        groups = [junction.criteria]
        if junction.operator == "or":
            groups = [(criterion,) for criterion in junction.criteria]
        names = []
        for group in groups:
            found = self.select(type, group, ordered=False)
            names.append(
                self._named(
                    f"SELECT r.rid AS rid FROM {found.source} WHERE {found.where}",
                    found.parameters,
                )
            )
        rids = " UNION ALL ".join(f"SELECT rid FROM {name}" for name in names)
        return Part("", "", [], 4, False, negated=junction.operator == "not", rids=rids)

    def related(self, condition: Condition) -> Part:
        """A reference's `:below` and `:above`: the hashes of everything on the way."""
        hashes: set[int] = set()
        for value in condition.values:
            code = value.code or ""
            if is_address(code):
                raise without_versions(condition)
            hashes.update(self.keys.hash(text) for text in reference_texts(condition, value))
            for walked in condition.hierarchies:
                if value.system in (None, walked.type):
                    self._allowed([(walked.type, condition)])
                    hashes |= self._walk(walked, code, condition.modifier)
            if len(hashes) > MOST_RELATED:
                raise Incorrect(
                    f"More than {MOST_RELATED} resources are on the way.", "Begin further down."
                )
        return token_part(condition.parameter.number, sorted(hashes), 3)

    def _walk(self, walked: Parameter, id: str, modifier: str) -> set[int]:
        """Hashes of references to what is part of a resource, or what it is part of."""
        found = {self.keys.hash(reference_text(walked.type, id))}
        fresh = found
        down = (
            "SELECT r.refhash FROM record_idx_token t CROSS JOIN record_resource r"
            " WHERE r.rid = t.rid AND t.param = ? AND t.hash IN ({in}) AND r.type = ?"
        )
        up = (
            "SELECT t.hash FROM record_resource r CROSS JOIN record_idx_token t"
            " WHERE t.rid = r.rid AND t.param = ? AND r.refhash IN ({in}) AND r.type = ?"
        )
        sql = (down if modifier == "below" else up) + f" AND r.deleted = 0 AND {self.predicate.sql}"
        while fresh and len(found) <= MOST_RELATED:
            rows: set[int] = set()
            for some in in_pieces(sorted(fresh)):
                rows.update(
                    row[0]
                    for row in self.connection.execute(
                        sql.replace("{in}", marks(len(some))),
                        (
                            walked.number,
                            *some,
                            types.NUMBER[walked.type],
                            *self.predicate.parameters,
                        ),
                    )
                )
            fresh = rows - found
            found = found | fresh
        return found

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
        if len(self.link_parameters) + len(values) > MOST_PARAMETERS:
            raise Incorrect("The search names too many values.", "Ask in several searches.")
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
            sql, values = sort_key(query.type, sort)
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
            beyond, values = after(query.sort, position.key)
            beyond = f" WHERE {beyond}"
            parameters += values
        page = f"SELECT * FROM ({inner}) q{beyond} ORDER BY {', '.join(orders)}, rid LIMIT ?"
        return self.statement(page, parameters, found, limit)


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
    # An id has no system, and neither a text nor a type.
    ids = [value.code or "" for value in condition.values if not value.system]
    ids = [] if condition.modifier in ("text", "of-type") else ids
    negated = condition.modifier in ("not", "not-in", "unequal")
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


__all__ = [
    "COLUMNS",
    "DEFAULT_COUNT",
    "FOR_EVERY_TYPE",
    "MOST_PER_PAGE",
    "Position",
    "Statement",
    "compile_search",
    "feed_at",
    "is_answered",
    "row_key",
]
