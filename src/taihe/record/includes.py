"""
What `_include` and `_revinclude` add to a page of a search.

References forward are read from the bodies, references back from the index. Everything that
is added passes the reader's predicate and the token's scope; whoever asks gets no more by an
include than by a search of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

import orjson

from taihe.fhir.search import Include, Query, extract, parameters
from taihe.kernel.errors import Incorrect
from taihe.record import types
from taihe.record.access import Predicate
from taihe.record.database import Connection, in_pieces, marks
from taihe.record.queries import COLUMNS
from taihe.record.store import Store

MOST_INCLUDED = 10_000
Key = tuple[str, str]


class Included:
    """Finds what is included; `rows` are those of the page, then those that were added."""

    def __init__(
        self,
        store: Store,
        connection: Connection,
        predicate: Predicate,
        may_read: Callable[[str], bool],
    ) -> None:
        self.store = store
        self.connection = connection
        self.predicate = predicate
        self.may_read = may_read
        self._references: dict[Key, list[tuple[int, str, str]]] = {}

    def find(self, query: Query, rows: Iterable[Sequence[Any]]) -> dict[Key, Sequence[Any]]:
        """The rows that the query's includes add, by type and id, without the page's own."""
        fresh = {(query.type, str(row[1])): row for row in rows}
        own = set(fresh)
        found: dict[Key, Sequence[Any]] = {}
        once = True
        while fresh:
            added: dict[Key, Sequence[Any]] = {}
            for include in query.includes:
                if include.iterate or once:
                    join = self._back if include.reverse else self._forward
                    added.update(join(include, fresh))
            fresh = {k: row for k, row in added.items() if k not in found and k not in own}
            found.update(fresh)
            if len(found) > MOST_INCLUDED:
                raise Incorrect(
                    f"More than {MOST_INCLUDED} resources would be included.",
                    "Ask for fewer matches with _count, or name the reference parameter.",
                )
            once = False
        return found

    def _forward(self, include: Include, fresh: dict[Key, Sequence[Any]]) -> dict[Key, Any]:
        wanted: dict[str, set[str]] = {}
        for key, row in fresh.items():
            if include.type not in ("", key[0]):
                continue
            numbers = _numbers(key[0], include.code)
            for number, type, id in self._references_of(key, row):
                if number in numbers and include.target in ("", type):
                    wanted.setdefault(type, set()).add(id)
        found: dict[Key, Any] = {}
        for type, ids in wanted.items():
            for some in in_pieces(sorted(ids)):
                where = f"r.id IN ({marks(len(some))})"
                found.update(self._rows(type, where, some))
        return found

    def _references_of(self, key: Key, row: Sequence[Any]) -> list[tuple[int, str, str]]:
        if key not in self._references:
            body = self.store.unseal(row[5], row[6], row[0], row[2])
            resource = {**orjson.loads(body), "id": key[1]}
            self._references[key] = [
                (found.param, found.system, found.code)
                for found in extract(resource)
                if found.kind == "reference" and found.system in types.NUMBER
            ]
        return self._references[key]

    def _back(self, include: Include, fresh: dict[Key, Sequence[Any]]) -> dict[Key, Any]:
        found: dict[Key, Any] = {}
        by_type: dict[str, list[int]] = {}
        for type, id in fresh:
            if include.target in ("", type):
                by_type.setdefault(type, []).append(self.store.keys.hash(f"r{type}/{id}"))
        for target, hashes in by_type.items():
            for source, numbers in _referring(target, include.type, include.code).items():
                for some in in_pieces(hashes):
                    where = (
                        "r.rid IN (SELECT t.rid FROM record_idx_token t WHERE t.param IN"
                        f" ({marks(len(numbers))}) AND t.hash IN ({marks(len(some))}))"
                    )
                    found.update(self._rows(source, where, (*numbers, *some)))
                    if len(found) > MOST_INCLUDED:
                        return found
        return found

    def _rows(self, type: str, where: str, values: Sequence[Any]) -> dict[Key, Any]:
        if not self.may_read(type):
            return {}
        rows = self.connection.execute(
            f"SELECT {COLUMNS} FROM record_resource r CROSS JOIN record_version v"
            f" WHERE v.feed = r.feed AND {where} AND r.type = ? AND r.deleted = 0"
            f" AND {self.predicate.sql} LIMIT ?",
            (*values, types.NUMBER[type], *self.predicate.parameters, MOST_INCLUDED + 1),
        )
        return {(type, str(row[1])): row for row in rows}


@cache
def _numbers(type: str, code: str) -> frozenset[int]:
    """The reference parameters of a type that an include names."""
    return frozenset(
        p.number
        for p in parameters(type).values()
        if p.kind == "reference" and p.expression and code in ("*", p.code)
    )


@cache
def _referring(target: str, source: str, code: str) -> dict[str, tuple[int, ...]]:
    """By type the reference parameters that may lead to a target; `source` "" for any type."""
    found = {}
    for type in (source,) if source else tuple(types.NUMBER):
        numbers = tuple(
            p.number
            for p in parameters(type).values()
            if p.kind == "reference"
            and p.expression
            and code in ("*", p.code)
            and (not p.targets or target in p.targets)
        )
        if numbers:
            found[type] = numbers
    return found
