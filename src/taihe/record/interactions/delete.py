"""
delete, https://hl7.org/fhir/R4/http.html#delete: DELETE [base]/[type]/[id].

A deletion is a version without a body; what was before stays in the history.
"""

from __future__ import annotations

from taihe.record.answers import Answer, Call, not_here, version_of_etag
from taihe.record.interactions.update import exists
from taihe.record.store import DELETE, Write


def delete(call: Call, type: str, id: str) -> Answer:
    """Delete a resource; deleting it again changes nothing."""
    call.grant.require(type, "d")
    call.require_writer()
    if not exists(call, type, id):
        not_here(type)
    write = Write(type, id, None, DELETE, if_match=version_of_etag(call.header("If-Match")))
    stored = call.store.apply([write], by=call.grant.reader.party)[0]
    return Answer(204, b"", [("ETag", f'W/"{stored.version}"')])
