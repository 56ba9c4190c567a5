"""create, https://hl7.org/fhir/R4/http.html#create: POST [base]/[type]."""

from __future__ import annotations

import uuid

from taihe.kernel.errors import Unsupported
from taihe.record.answers import Answer, Call
from taihe.record.interactions.update import stored_answer
from taihe.record.prepare import LARGEST_RESOURCE_BYTES, Preparer
from taihe.record.store import CREATE, Write


def create(call: Call, type: str, preparer: Preparer) -> Answer:
    """Store a resource under a new id; an id inside the body is not kept."""
    call.grant.require(type, "c")
    call.require_writer()
    if call.header("If-None-Exist"):
        raise Unsupported("Conditional create is not supported.", "Search first, then create.")
    raw = call.body(LARGEST_RESOURCE_BYTES)
    prepared = preparer.from_bytes(raw, id=str(uuid.uuid4()), type=type)
    write = Write(type, prepared.id, prepared, CREATE, must_be_new=True)
    stored = call.store.apply([write], by=call.grant.reader.party, bodies=True)[0]
    return stored_answer(call, stored)
