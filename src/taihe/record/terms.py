"""
The code systems and value sets that the record itself holds, for `:in`, `:above` and `:below`.

A CodeSystem or ValueSet is found by its address when a search first needs it, and read again
when its version has changed. They name nobody, so that no scope beside that of the search is
asked for. What the record does not hold is looked for among what ships.
"""

from __future__ import annotations

from threading import RLock
from weakref import WeakKeyDictionary

import orjson

from taihe.fhir.search import Terms, parameters
from taihe.record import types
from taihe.record.store import Store

DEEPEST = 20
MOST_KEPT = 64
# The latest by feed, when several have one address.
_LATEST = (
    "SELECT r.rid, r.version, r.id, v.sealed, v.body FROM record_idx_token t"
    " CROSS JOIN record_resource r CROSS JOIN record_version v"
    " WHERE t.param = ? AND t.hash = ? AND r.rid = t.rid AND v.feed = r.feed"
    " AND r.type = ? AND r.deleted = 0 ORDER BY r.feed DESC LIMIT 1"
)


class StoreTerms(Terms):
    """Terms that are read from a store as they are needed."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store
        self._lock = RLock()
        self._read: dict[tuple[str, str], tuple[int, int] | None] = {}

    def members(self, value_set: str) -> dict[str, frozenset[str]] | None:
        """The codes of a value set by system; None when they are not known."""
        with self._lock:
            while not self._fetch_set(value_set.partition("|")[0], 0):
                pass
            return super().members(value_set)

    def below(self, system: str, code: str) -> frozenset[str] | None:
        """A code and all that it subsumes; None when its system is not known."""
        with self._lock:
            self._fetch("CodeSystem", system.partition("|")[0])
            return super().below(system, code)

    def above(self, system: str, code: str) -> frozenset[str] | None:
        """A code and all that subsume it; None when its system is not known."""
        with self._lock:
            self._fetch("CodeSystem", system.partition("|")[0])
            return super().above(system, code)

    def systems_of(self, code: str) -> tuple[str, ...]:
        """The code systems read so far, and those that ship, that have a code."""
        with self._lock:
            return super().systems_of(code)

    def _fetch_set(self, url: str, depth: int) -> bool:
        """Read a value set and what it is made of; False when one had changed meanwhile."""
        same = self._fetch("ValueSet", url)
        compose = (self._sets.sets.get(url) or {}).get("compose")
        if not isinstance(compose, dict) or depth > DEEPEST:
            return same
        for part in (*(compose.get("include") or ()), *(compose.get("exclude") or ())):
            if "concept" not in part and part.get("system"):
                same = self._fetch("CodeSystem", part["system"]) and same
            for other in part.get("valueSet") or ():
                same = self._fetch_set(other.partition("|")[0], depth + 1) and same
        return same

    def _fetch(self, kind: str, url: str) -> bool:
        """Read what is stored under an address now; False when everything had to be forgotten."""
        number = parameters(kind)["url"].number
        row = (
            self._store.database.reader()
            .execute(_LATEST, (number, self._store.keys.hash(f"u{url}"), types.NUMBER[kind]))
            .fetchone()
        )
        now = (row[0], row[1]) if row else None
        key = (kind, url)
        same = key not in self._read or self._read[key] == now
        if not same or len(self._read) >= MOST_KEPT:
            # What was worked out from what has changed is not known by name.
            super().__init__()
            self._read.clear()
        if row and key not in self._read:
            rid, version, id, sealed, body = row
            self.add({**orjson.loads(self._store.unseal(sealed, body, rid, version)), "id": id})
        self._read[key] = now
        return same


_of_store: WeakKeyDictionary[Store, StoreTerms] = WeakKeyDictionary()


def terms_of(store: Store) -> StoreTerms:
    """The terms of a store; the same for every search of a process."""
    found = _of_store.get(store)
    if found is None:
        found = _of_store[store] = StoreTerms(store)
    return found
