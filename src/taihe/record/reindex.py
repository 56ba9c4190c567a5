"""
Rebuilding index rows from bodies, after the extraction of rows has changed.

Goes through resources in small commits beside running writers; a resource whose rows are
right already is not touched. Versions stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import orjson

from taihe.fhir.search import extract
from taihe.record import types
from taihe.record.database import Connection
from taihe.record.prepare import Preparer, Span, Text, Token
from taihe.record.store import Store

PER_COMMIT = 200


def reindex(store: Store, progress: Callable[[int, int], None] | None = None) -> int:
    """
    Make the index rows of every resource what they would be if it were stored now.

    Returns how many resources had other rows. `progress` is told done and all.
    """
    preparer = Preparer(store.keys, today=datetime.now(UTC).date())
    reader = store.database.reader()
    total = reader.execute("SELECT count(*) FROM record_resource").fetchone()[0]
    after, done, changed = 0, 0, 0
    while True:
        rids = [
            row[0]
            for row in reader.execute(
                "SELECT rid FROM record_resource WHERE rid > ? ORDER BY rid LIMIT ?",
                (after, PER_COMMIT),
            )
        ]
        if not rids:
            return changed
        with store.database.writing() as connection:
            changed += sum(_reindex_one(store, preparer, connection, rid) for rid in rids)
        after, done = rids[-1], done + len(rids)
        if progress:
            progress(done, total)


def _reindex_one(store: Store, preparer: Preparer, connection: Connection, rid: int) -> bool:
    kind, deleted, version, sealing, body = connection.execute(
        "SELECT r.type, r.deleted, r.version, v.sealed, v.body FROM record_resource r"
        " CROSS JOIN record_version v ON v.feed = r.feed WHERE r.rid = ?",
        (rid,),
    ).fetchone()
    tokens: tuple[Token, ...] = ()
    texts: tuple[Text, ...] = ()
    spans: tuple[Span, ...] = ()
    if not deleted:
        resource = orjson.loads(store.unseal(sealing, body, rid, version))
        tokens, texts, spans = preparer.rows(extract(resource), types.NAME[kind])
    changed = False
    for table, columns, wanted in (
        ("record_idx_token", "param, hash", set(tokens)),
        ("record_idx_text", "param, value", set(texts)),
        ("record_idx_span", "param, low, high, unit", set(spans)),
    ):
        names = columns.split(", ")
        there = set(
            connection.execute(f"SELECT {columns} FROM {table} WHERE rid = ?", (rid,)).fetchall()
        )
        condition = " AND ".join(f"{name} = ?" for name in names)
        connection.executemany(
            f"DELETE FROM {table} WHERE rid = ? AND {condition}",
            [(rid, *row) for row in there - wanted],
        )
        marks = ",".join("?" * (len(names) + 1))
        connection.executemany(
            f"INSERT INTO {table} (rid, {columns}) VALUES ({marks})",
            [(rid, *row) for row in wanted - there],
        )
        changed = changed or there != wanted
    return changed
