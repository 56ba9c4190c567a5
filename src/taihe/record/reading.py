"""
Reading one person for a page: bodies through the access door, then `domain.page`.

The access entry is written before anything is returned.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from taihe.record import access, types
from taihe.record.access import Grant, Reader
from taihe.record.database import in_pieces, marks
from taihe.record.domain.page import PersonPage, name_in, page_of, references_to_name
from taihe.record.site import the_store

# What a page of one person shows; claims and bills come from their own context.
SHOWN = (
    "Patient",
    "Condition",
    "MedicationRequest",
    "Observation",
    "Encounter",
    "AllergyIntolerance",
    "Immunization",
    "Procedure",
)


def person_page(
    reader: Reader, purpose: str, person: int, *, on: date, route: str, action: str = "summary"
) -> PersonPage:
    """
    Everything of one person for a page; raises `NotFound` for somebody else's record.

    `on` is the day on which ages and targets are taken.
    """
    connection = the_store().database.reader()
    grant = access.open_person(connection, reader, person, purpose, action=action, route=route)
    return page_of_grant(grant, on=on)


def page_of_grant(grant: Grant, *, on: date, shown: Sequence[str] = SHOWN) -> PersonPage:
    """The page of a record that was opened already; `shown` names the types it needs."""
    bodies = list(_bodies(grant.numbers, shown))
    names = _names(references_to_name(bodies))
    return page_of(grant.person, bodies, names, on=on)


def places_of(people: Iterable[int], *, on: date) -> dict[int, str]:
    """The village clinic of each person of a list that was opened already."""
    found = {}
    for person in people:
        bodies = list(_bodies((person,), ("Patient",)))
        page = page_of(person, bodies, _names(references_to_name(bodies)), on=on)
        found[person] = page.demographics.clinic
    return found


def _bodies(numbers: Sequence[int], shown: Sequence[str]) -> Iterable[dict[str, Any]]:
    store, kinds = the_store(), [types.NUMBER[kind] for kind in shown]
    for some in in_pieces(list(numbers), 400):
        rows = store.database.reader().execute(
            "SELECT r.rid, r.id, r.version, v.sealed, v.body FROM record_resource r"
            " CROSS JOIN record_version v WHERE v.feed = r.feed"
            f" AND r.person IN ({marks(len(some))}) AND r.type IN ({marks(len(kinds))})"
            " AND r.deleted = 0",
            (*some, *kinds),
        )
        for rid, id, version, sealed, body in rows:
            yield json.loads(store.unseal(sealed, body, rid, version)) | {"id": id}


def _names(references: Iterable[str]) -> dict[str, str]:
    """The names of Organizations and Practitioners by reference; both are not personal."""
    store = the_store()
    wanted: dict[str, list[str]] = {}
    for reference in references:
        kind, _, id = reference.partition("/")
        wanted.setdefault(kind, []).append(id)
    found: dict[str, str] = {}
    for kind, ids in wanted.items():
        for some in in_pieces(sorted(ids), 400):
            rows = store.database.reader().execute(
                "SELECT r.id, r.rid, r.version, v.sealed, v.body FROM record_resource r"
                " CROSS JOIN record_version v WHERE v.feed = r.feed"
                f" AND r.type = ? AND r.id IN ({marks(len(some))}) AND r.deleted = 0",
                (types.NUMBER[kind], *some),
            )
            for id, rid, version, sealed, body in rows:
                plain = store.unseal(sealed, body, rid, version)
                found[f"{kind}/{id}"] = name_in(json.loads(plain))
    return found
