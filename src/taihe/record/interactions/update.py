"""
update, https://hl7.org/fhir/R4/http.html#update: PUT [base]/[type]/[id], also as create.

With If-Match only that version is changed (412 otherwise). An update that changes nothing
makes no version.
"""

from __future__ import annotations

from taihe.kernel.errors import Incorrect
from taihe.record import types
from taihe.record.answers import (
    FHIR_JSON,
    Answer,
    Call,
    not_here,
    version_headers,
    version_of_etag,
)
from taihe.record.prepare import ID, LARGEST_RESOURCE_BYTES, Preparer, parse
from taihe.record.store import UPDATE, Stored, Write


def update(call: Call, type: str, id: str, preparer: Preparer) -> Answer:
    """Store a new version under the id in the address."""
    call.grant.require(type, "u")
    call.require_writer()
    raw = call.body(LARGEST_RESOURCE_BYTES)
    if not ID.fullmatch(id):
        raise Incorrect(
            "The id in the address is not valid.",
            "An id has 1 to 64 letters, digits, hyphens and full stops.",
        )
    resource = parse(raw)
    if resource.get("id") != id:
        raise Incorrect(
            "The id in the body is not the id in the address.", "Write the same id in both."
        )
    if not exists(call, type, id):
        call.grant.require(type, "c")
    prepared = preparer.prepare(raw, resource, type=type)
    write = Write(type, id, prepared, UPDATE, if_match=version_of_etag(call.header("If-Match")))
    stored = call.store.apply([write], by=call.grant.reader.party, bodies=True)[0]
    return stored_answer(call, stored)


def exists(call: Call, type: str, id: str) -> bool:
    """
    Whether there is the resource, for writing; raises `NotFound` when it is somebody else's.

    Withdrawn consent does not hinder: institutions must go on writing, and are shown nothing.
    """
    predicate = call.visible(asks_consent=False)
    row = (
        call.store.database.reader()
        .execute(
            f"SELECT ({predicate.sql}) FROM record_resource r WHERE r.type = ? AND r.id = ?",
            (*predicate.parameters, types.NUMBER[type], id),
        )
        .fetchone()
    )
    if row is None:
        return False
    if not row[0]:
        not_here(type)
    return True


def stored_answer(call: Call, stored: Stored) -> Answer:
    """201 or 200 with ETag, Last-Modified and Location, and the body unless it is not wanted."""
    address = f"{call.base}/{stored.type}/{stored.id}"
    headers = [
        *version_headers(stored.version, stored.at),
        ("Location", f"{address}/_history/{stored.version}"),
    ]
    status = 201 if stored.outcome == "new" else 200
    if "return=minimal" in call.header("Prefer"):
        return Answer(status, b"", headers)
    from taihe.record.interactions.read import read_stored

    body, at = read_stored(call, stored)
    headers[1] = version_headers(stored.version, at)[1]
    call.note("write", (stored.person,))
    return Answer(status, body, [*headers, ("Content-Type", FHIR_JSON)])
