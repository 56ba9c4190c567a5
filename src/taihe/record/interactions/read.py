"""
read, https://hl7.org/fhir/R4/http.html#read: GET [base]/[type]/[id].

The stored bytes are the answer; nothing is parsed.
"""

from __future__ import annotations

from taihe.record import types
from taihe.record.answers import FHIR_JSON, Answer, Call, Gone, http_date, not_here
from taihe.record.store import Stored

_READ = (
    "SELECT r.rid, r.version, r.deleted, r.person, v.at, v.sealed, v.body, ({visible})"
    " FROM record_resource r CROSS JOIN record_version v"
    " WHERE v.feed = r.feed AND r.type = ? AND r.id = ?"
)
_statements: dict[str, str] = {}


def read(call: Call, type: str, id: str) -> Answer:
    """The current version of a resource."""
    call.grant.require(type, "r")
    predicate = call.visible()
    sql = _statements.get(predicate.sql)
    if sql is None:
        sql = _statements[predicate.sql] = _READ.format(visible=predicate.sql)
    store = call.store
    row = (
        store.database.reader()
        .execute(sql, (*predicate.parameters, types.NUMBER[type], id))
        .fetchone()
    )
    if row is None:
        not_here(type)
    rid, version, deleted, person, at, sealing, body, allowed = row
    if not allowed:
        call.note("read", (person,), refused=True)
        not_here(type)
    if person:
        call.note("read", (person,))
    if deleted:
        raise Gone(f"This {type} was deleted.", "Its history is kept.")
    etag = f'W/"{version}"'
    headers = [("ETag", etag), ("Last-Modified", http_date(at))]
    if call.environ.get("HTTP_IF_NONE_MATCH") == etag:
        return Answer(304, b"", headers)
    headers.append(("Content-Type", FHIR_JSON))
    return Answer(200, body if sealing == 0 else store.unseal(sealing, body, rid, version), headers)


def read_stored(call: Call, stored: Stored) -> tuple[bytes, int]:
    """The body of what a write has just stored or found unchanged, and its time."""
    if stored.body is not None:
        return stored.body, stored.at
    row = (
        call.store.database.reader()
        .execute(
            "SELECT at, sealed, body FROM record_version WHERE rid = ? AND version = ?",
            (stored.rid, stored.version),
        )
        .fetchone()
    )
    return call.store.unseal(row[1], row[2], stored.rid, stored.version), row[0]
