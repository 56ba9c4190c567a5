"""
Every resource of a type that a reader may know of, in batches, for views and other exports.

The gate is the one of every other path: relation, purpose and consent, asked anew for each
batch. A batch leaves after the access entry that names every person in it is committed.
"""

from __future__ import annotations

from collections.abc import Iterator

from taihe.record import access, types
from taihe.record.access import Reader
from taihe.record.store import Store

PER_BATCH = 1000

_BATCH = (
    "SELECT r.rid, r.person, r.version, v.sealed, v.body"
    " FROM record_resource r CROSS JOIN record_version v"
    " WHERE v.feed = r.feed AND r.type = ? AND r.rid > ? AND r.deleted = 0 AND {visible}"
    " ORDER BY r.rid LIMIT ?"
)


def bodies(
    store: Store, reader: Reader, purpose: str, type: str, *, action: str, route: str
) -> Iterator[list[bytes]]:
    """
    The current bodies of a type, oldest resource first, at most `PER_BATCH` at a time.

    No transaction stays open between batches: a resource that changes meanwhile leaves as it
    is when its batch is read, and one stored meanwhile leaves too.
    """
    after = 0
    while True:
        visible = access.visible(reader, purpose)
        rows = (
            store.database.reader()
            .execute(
                _BATCH.format(visible=visible.sql),
                (types.NUMBER[type], after, *visible.parameters, PER_BATCH),
            )
            .fetchall()
        )
        if not rows:
            return
        access.note(reader, purpose, action, route, {row[1] for row in rows if row[1]})
        yield [
            body if sealing == 0 else store.unseal(sealing, body, rid, version)
            for rid, _, version, sealing, body in rows
        ]
        after = rows[-1][0]
