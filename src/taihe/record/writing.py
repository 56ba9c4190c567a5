"""
Writing for other contexts: what a desk or a device measured becomes FHIR in the record.

The write joins the caller's Django transaction, so that a context's own row, its trail and
the resources of the record exist together or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from taihe.fhir.search import parameters
from taihe.record import types
from taihe.record.prepare import Preparer, comparable
from taihe.record.site import the_store
from taihe.record.store import Stored, Write


def store_resources(
    resources: Sequence[Mapping[str, Any]], *, by: int, at: datetime
) -> list[Stored]:
    """
    Store resources with their ids in the caller's transaction; `by` is the party that writes.

    A body equal to the current one makes no version; another body makes a new version.
    Raises `Incorrect` when a resource is not valid FHIR; then nothing is stored. Readers of
    the record see the resources after the commit.
    """
    from django.db import connection, transaction
    from django.utils import timezone

    store = the_store()
    preparer = Preparer(store.keys, today=timezone.localdate(at))
    writes = []
    for resource in resources:
        prepared = preparer.from_bytes(json.dumps(resource, ensure_ascii=False).encode())
        writes.append(Write(prepared.type, prepared.id, prepared))
    with transaction.atomic():
        connection.ensure_connection()
        return store.apply_within(connection.connection, writes, by=by, at=at)


def reference_of(type: str, system: str, value: str) -> str:
    """
    The reference (`Organization/h1`) of what has an identifier; empty when there is none.

    Only for types that are not personal: an institution, a medicine, never a patient.
    """
    assert type not in types.PERSONAL, type
    store = the_store()
    parameter = parameters(type)["identifier"].number
    key = store.keys.hash(f"{system}|{comparable(parameter, system, value)}")
    row = (
        store.database.reader()
        .execute(
            "SELECT r.id FROM record_idx_token t JOIN record_resource r ON r.rid = t.rid"
            " WHERE t.param = ? AND t.hash = ? AND r.type = ? AND r.deleted = 0 ORDER BY r.rid",
            (parameter, key, types.NUMBER[type]),
        )
        .fetchone()
    )
    return f"{type}/{row[0]}" if row else ""
