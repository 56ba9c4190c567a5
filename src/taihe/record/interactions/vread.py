"""vread, https://hl7.org/fhir/R4/http.html#vread: GET [base]/[type]/[id]/_history/[vid]."""

from __future__ import annotations

from taihe.record import types
from taihe.record.answers import FHIR_JSON, Answer, Call, Gone, not_here, version_headers

_VREAD = (
    "SELECT r.rid, r.person, v.version, v.at, v.sealed, v.body, ({visible})"
    " FROM record_resource r JOIN record_version v ON v.rid = r.rid"
    " WHERE r.type = ? AND r.id = ? AND v.version = ?"
)


def vread(call: Call, type: str, id: str, version: str) -> Answer:
    """One version of a resource."""
    call.grant.require(type, "r")
    if not version.isdigit() or len(version) > 15:
        not_here(type)
    predicate = call.visible()
    row = (
        call.store.database.reader()
        .execute(
            _VREAD.format(visible=predicate.sql),
            (*predicate.parameters, types.NUMBER[type], id, int(version)),
        )
        .fetchone()
    )
    if row is None:
        not_here(type)
    rid, person, number, at, sealing, body, allowed = row
    call.note("vread", (person,), refused=not allowed)
    if not allowed:
        not_here(type)
    if body is None:
        raise Gone(f"This version of the {type} is its deletion.", "Read an earlier version.")
    headers = [*version_headers(number, at), ("Content-Type", FHIR_JSON)]
    return Answer(200, call.store.unseal(sealing, body, rid, number), headers)
