"""
The chains of the record that `taihe verify` recomputes: versions, events, and consents.

A row of the chain `versions` covers type, id, version, time, party, method, hash and the
stored body, so that one changed byte in any version is found.
"""

from __future__ import annotations

from collections.abc import Iterator

from taihe.base import chain
from taihe.base.chain import Chain, Connection

_VERSIONS = """
SELECT v.feed, r.type, r.id, v.version, v.at, v.party, v.method, v.sealed, v.rid, v.hash, v.body
FROM record_version v LEFT JOIN record_resource r ON r.rid = v.rid
WHERE v.feed > ? AND v.feed <= ? ORDER BY v.feed
"""
_EVENTS = ("feed", "at", "party", "kind", "person", "other", "detail")
_CONSENTS = (
    "id", "person", "purpose", "party", "kind", "permits", "start", "end", "source", "text",
    "hash", "by",
)  # fmt: skip
_NO_END = 2**62


def _versions(connection: Connection, after: int, upto: int | None) -> Iterator[tuple[int, bytes]]:
    for row in connection.execute(_VERSIONS, (after, _NO_END if upto is None else upto)):
        facts = "|".join(map(str, row[:9])).encode("utf-8", "surrogateescape")
        yield (
            row[0],
            b"\n".join((facts, _bytes(row[9]), b"" if row[10] is None else _bytes(row[10]))),
        )


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else ascii(value).encode()


def _events(connection: Connection, after: int, upto: int | None) -> Iterator[tuple[int, bytes]]:
    return chain.rows_of_table(connection, "record_event", _EVENTS, after, upto)


def _consents(connection: Connection, after: int, upto: int | None) -> Iterator[tuple[int, bytes]]:
    return chain.rows_of_table(connection, "record_consent", _CONSENTS, after, upto)


def register() -> None:
    """Have the chains sealed and verified."""
    chain.register(Chain("versions", "default", _versions))
    chain.register(Chain("events", "default", _events))
    chain.register(Chain("consents", "default", _consents))
