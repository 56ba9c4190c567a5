"""
Writing: versions, index rows, persons and feed numbers in one transaction.

A batch is prepared outside of the transaction (`prepare.py`); inside only what depends on
what is stored happens. Versions are never overwritten. A version row is also the trail of
its change: who, when, how; the chain `versions` seals it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import time_ns
from typing import NamedTuple

from taihe.kernel.errors import Conflict, NotFound
from taihe.record import persons, types
from taihe.record.database import Connection, Database, in_pieces, marks, select_in, take
from taihe.record.keys import CLEAR, Keys, bound_to
from taihe.record.prepare import Prepared

CREATE, UPDATE, DELETE = 1, 2, 3
METHOD = {CREATE: "POST", UPDATE: "PUT", DELETE: "DELETE"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Stored(NamedTuple):
    """
    What became of one resource: `outcome` is new, updated or unchanged.

    `at` is in microseconds since 1970 UTC; `body` is what a read answers now (None where
    the caller did not ask for it, and for a deletion).
    """

    type: str
    id: str
    rid: int
    version: int
    at: int
    outcome: str
    person: int | None
    body: bytes | None = None


class Current(NamedTuple):
    """The current state of a resource, as a write finds it."""

    rid: int
    version: int
    feed: int
    deleted: bool
    person: int | None


@dataclass
class Write:
    """One change to make: a prepared resource to store, or a deletion."""

    type: str
    id: str
    prepared: Prepared | None
    method: int = UPDATE
    if_match: int | None = None
    must_be_new: bool = False


@dataclass
class _Rows:
    resources: list[tuple[int, int, str, int, int, int, int | None, int]] = field(
        default_factory=list
    )
    changed: list[tuple[int, int, int, int | None, int]] = field(default_factory=list)
    versions: list[tuple[int, int, int, int, int, int, int, bytes, bytes | None]] = field(
        default_factory=list
    )
    tokens: list[tuple[int, int, int]] = field(default_factory=list)
    texts: list[tuple[int, str, int]] = field(default_factory=list)
    spans: list[tuple[int, float, int, float, int]] = field(default_factory=list)
    unindexed: list[int] = field(default_factory=list)


class Store:
    """The record of one site: its database and its keys."""

    def __init__(self, database: Database, keys: Keys) -> None:
        self.database = database
        self.keys = keys

    def apply(
        self,
        writes: Sequence[Write],
        *,
        by: int,
        at: datetime | None = None,
        bodies: bool = False,
    ) -> list[Stored]:
        """Make the changes in one transaction of their own; see `apply_within`."""
        with self.database.writing() as connection:
            return self.apply_within(connection, writes, by=by, at=at, bodies=bodies)

    def apply_within(
        self,
        connection: Connection,
        writes: Sequence[Write],
        *,
        by: int,
        at: datetime | None = None,
        bodies: bool = False,
    ) -> list[Stored]:
        """
        Make the changes in the caller's transaction, in their order.

        `by` is the party that writes. An update whose body equals the current one makes no
        version. Raises `Conflict` when `if_match` names another version, `NotFound` for the
        deletion of what never was.
        """
        moment = next_time(connection, at)
        written_at = time_text(moment)
        found = self._current(connection, writes)
        hashes = self._hashes(
            connection, [found[w.type, w.id].feed for w in writes if (w.type, w.id) in found]
        )
        for write in writes:
            _check_version(write, found.get((write.type, write.id)))
        owners = persons.owners(
            connection,
            [
                w.prepared
                for w in writes
                if w.prepared is not None and not _is_same(w, found, hashes)
            ],
            by=by,
            at=moment,
        )
        fresh = len({(w.type, w.id) for w in writes if (w.type, w.id) not in found})
        next_rid = take(connection, "rid", fresh) if fresh else 0
        next_feed = take(connection, "feed", len(writes))
        rows, result = _Rows(), []
        for write in writes:
            key = (write.type, write.id)
            before = found.get(key)
            prepared = write.prepared
            if prepared is None:
                if before is None:
                    raise NotFound(f"There is no such {write.type}.", "")
                if before.deleted:
                    result.append(
                        Stored(*key, before.rid, before.version, moment, "unchanged", before.person)
                    )
                    continue
                version, feed = before.version + 1, next_feed
                next_feed += 1
                rows.versions.append(
                    (feed, before.rid, version, moment, by, DELETE, CLEAR, b"", None)
                )
                rows.changed.append((version, feed, 1, before.person, before.rid))
                rows.unindexed.append(before.rid)
                _drop_pending(rows, before.rid)
                found[key] = Current(before.rid, version, feed, True, before.person)
                hashes[feed] = b""
                result.append(Stored(*key, before.rid, version, moment, "updated", before.person))
                continue
            if before is not None and _is_same(write, found, hashes):
                result.append(
                    Stored(*key, before.rid, before.version, moment, "unchanged", before.person)
                )
                continue
            person = owners.get(key, before.person if before else None)
            feed = next_feed
            next_feed += 1
            if before is None:
                rid, version, method = next_rid, 1, write.method
                next_rid += 1
                rows.resources.append(
                    (
                        rid,
                        types.NUMBER[write.type],
                        write.id,
                        version,
                        feed,
                        0,
                        person,
                        self.keys.hash(f"r{write.type}/{write.id}"),
                    )
                )
            else:
                rid, version, method = before.rid, before.version + 1, UPDATE
                rows.changed.append((version, feed, 0, person, rid))
                rows.unindexed.append(rid)
                _drop_pending(rows, rid)
            body = prepared.stripped.body(write.id, version, written_at)
            if prepared.seals:
                sealing = self.keys.sealing
                kept = self.keys.seal(body, bound_to(rid, version))
            else:
                sealing, kept = CLEAR, body
            rows.versions.append(
                (feed, rid, version, moment, by, method, sealing, prepared.digest, kept)
            )
            rows.tokens += [(param, value, rid) for param, value in prepared.tokens]
            rows.texts += [(param, text, rid) for param, text in prepared.texts]
            rows.spans += [
                (param, low, rid, high, unit) for param, low, high, unit in prepared.spans
            ]
            found[key] = Current(rid, version, feed, False, person)
            hashes[feed] = prepared.digest
            result.append(
                Stored(
                    *key,
                    rid,
                    version,
                    moment,
                    "new" if before is None else "updated",
                    person,
                    body if bodies else None,
                )
            )
        _write(connection, rows)
        return result

    def _current(
        self, connection: Connection, writes: Sequence[Write]
    ) -> dict[tuple[str, str], Current]:
        by_type: dict[str, list[str]] = {}
        for write in writes:
            by_type.setdefault(write.type, []).append(write.id)
        found: dict[tuple[str, str], Current] = {}
        for kind, ids in by_type.items():
            for piece in in_pieces(list(dict.fromkeys(ids))):
                for row in connection.execute(
                    "SELECT id, rid, version, feed, deleted, person FROM record_resource"
                    f" WHERE type = ? AND id IN ({marks(len(piece))})",
                    (types.NUMBER[kind], *piece),
                ):
                    found[kind, row[0]] = Current(row[1], row[2], row[3], bool(row[4]), row[5])
        return found

    def _hashes(self, connection: Connection, feeds: Sequence[int]) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        for piece in in_pieces(feeds):
            found.update(
                connection.execute(
                    f"SELECT feed, hash FROM record_version WHERE feed IN ({marks(len(piece))})",
                    tuple(piece),
                )
            )
        return found

    def unseal(self, sealing: int, body: bytes, rid: int, version: int) -> bytes:
        """The plain body of a version row."""
        return body if sealing == CLEAR else self.keys.unseal(sealing, body, bound_to(rid, version))


def _is_same(
    write: Write, found: Mapping[tuple[str, str], Current], hashes: Mapping[int, bytes]
) -> bool:
    before = found.get((write.type, write.id))
    return (
        before is not None
        and not before.deleted
        and write.prepared is not None
        and hashes.get(before.feed) == write.prepared.digest
    )


def _check_version(write: Write, before: Current | None) -> None:
    if write.must_be_new and before is not None:
        raise Conflict("This id is taken.", "Send it with PUT to change it.")
    if write.if_match is not None and (before is None or before.version != write.if_match):
        raise VersionConflict(
            "The resource has changed since that version.", "Read it again and redo your change."
        )


class VersionConflict(Conflict):
    """If-Match names another version than the current one (HTTP 412)."""

    @property
    def status(self) -> int:
        """412 Precondition Failed."""
        return 412


def _drop_pending(rows: _Rows, rid: int) -> None:
    """Forget index rows that this batch was about to write for an older version."""
    for name in ("tokens", "texts", "spans"):
        pending = getattr(rows, name)
        if pending and any(row[2] == rid for row in pending):
            setattr(rows, name, [row for row in pending if row[2] != rid])


def _write(connection: Connection, rows: _Rows) -> None:
    many = connection.executemany
    if rows.unindexed:
        _keep_equal_rows(connection, rows)
    if rows.resources:
        many("INSERT INTO record_resource VALUES (?,?,?,?,?,?,?,?)", rows.resources)
    if rows.changed:
        many(
            "UPDATE record_resource SET version = ?, feed = ?, deleted = ?, person = ? WHERE rid = ?",
            rows.changed,
        )
    if rows.versions:
        many("INSERT INTO record_version VALUES (?,?,?,?,?,?,?,?,?)", rows.versions)
    if rows.tokens:
        rows.tokens.sort()
        many("INSERT INTO record_idx_token VALUES (?,?,?)", rows.tokens)
    if rows.texts:
        many("INSERT INTO record_idx_text VALUES (?,?,?)", rows.texts)
    if rows.spans:
        rows.spans.sort()
        many("INSERT INTO record_idx_span VALUES (?,?,?,?,?)", rows.spans)


_INDEXES = (
    ("tokens", "record_idx_token", ("param", "hash", "rid")),
    ("texts", "record_idx_text", ("param", "value", "rid")),
    ("spans", "record_idx_span", ("param", "low", "rid", "high", "unit")),
)


def _keep_equal_rows(connection: Connection, rows: _Rows) -> None:
    """Of resources that have rows already, take out what is old and leave what stays."""
    rids = sorted(set(rows.unindexed))
    for name, table, columns in _INDEXES:
        there = set(
            select_in(
                connection, f"SELECT {','.join(columns)} FROM {table} WHERE rid IN ({{in}})", rids
            )
        )
        wanted = getattr(rows, name)
        condition = " AND ".join(f"{column} = ?" for column in columns)
        connection.executemany(
            f"DELETE FROM {table} WHERE {condition}", sorted(there.difference(wanted))
        )
        setattr(rows, name, [row for row in wanted if row not in there])


def next_time(connection: Connection, at: datetime | None = None) -> int:
    """
    The time of a write in whole milliseconds, as microseconds; never before the last one.

    `_lastUpdated` becomes a range of the feed because the two never disagree.
    """
    now = time_ns() // 1000 if at is None else (at - _EPOCH) // timedelta(microseconds=1)
    now -= now % 1000
    row = connection.execute(
        "INSERT INTO record_counter (name, value) VALUES ('at', ?)"
        " ON CONFLICT (name) DO UPDATE SET value ="
        " CASE WHEN record_counter.value > excluded.value THEN record_counter.value"
        " ELSE excluded.value END RETURNING value",
        (now,),
    ).fetchone()
    return int(row[0])


def time_text(at: int) -> str:
    """Microseconds since 1970 as a FHIR instant in UTC with milliseconds."""
    seconds, micros = divmod(at, 1_000_000)
    moment = _EPOCH + timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{micros // 1000:03d}Z"


def index_rows(connection: Connection, rid: int) -> Mapping[str, int]:
    """How many index rows a resource has, by table."""
    return {
        table: connection.execute(f"SELECT count(*) FROM {table} WHERE rid = ?", (rid,)).fetchone()[
            0
        ]
        for table in ("record_idx_token", "record_idx_text", "record_idx_span")
    }
