"""
Reading for pages: find people, and everything of one person.

Both go through `record.access`; both write the access entry that names whoever is shown,
before anything is returned. A text to search for is never logged.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from taihe.fhir.search import parse
from taihe.kernel.codes import System
from taihe.kernel.errors import Incorrect
from taihe.kernel.identifiers import Oid
from taihe.record import access, persons, types
from taihe.record.access import Grant, Reader
from taihe.record.database import Connection, in_pieces, marks, select_in
from taihe.record.domain.summary import (
    NOBODY,
    Demographics,
    Record,
    demographics_of,
    name_in,
    record_of,
    references_to_name,
)
from taihe.record.prepare import strong_key
from taihe.record.queries import compile_search
from taihe.record.site import the_store
from taihe.record.store import Store

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
STRONG = (
    Oid.CITIZEN.value,
    System.INSURANCE_PERSON.value,
    Oid.HEALTH_CARD.value,
    Oid.SOCIAL_SECURITY.value,
)
MOST_FOUND = 50


@dataclass(frozen=True)
class PersonRow:
    """One person in a list of those found."""

    person: int
    demographics: Demographics


def find_people(
    reader: Reader, purpose: str, text: str, *, route: str, limit: int = MOST_FOUND
) -> list[PersonRow]:
    """
    People the reader may open, by name, by a whole identifier, or by telephone number.

    A name may be part of one, in Chinese or in pinyin; an identifier is a citizen number, an
    insurance number or a card number, and must be whole. Raises `Incorrect` for less than
    two characters of a name.
    """
    text = " ".join(text.split())
    if not text:
        raise Incorrect("请输入姓名或证件号码。", "姓名至少两个字，号码要完整。")
    store = the_store()
    connection = store.database.reader()
    found = _by_identifier(connection, store, reader, purpose, text)
    if not found and len(text) < 2:
        raise Incorrect("只有一个字，找不准。", "请至少输入姓名的两个字。")
    if not found:
        is_number = any(letter.isdigit() for letter in text)
        wanted = ("phone", text) if is_number else ("name:contains", text)
        found = _by_search(connection, store, reader, purpose, wanted, limit)
    rows = _rows(connection, store, found[:limit])
    access.note(reader, purpose, "search", route, [row.person for row in rows])
    return rows


def summary(
    reader: Reader, purpose: str, person: int, *, route: str, on: date, action: str = "summary"
) -> Record:
    """
    Everything of one person for a page; raises `NotFound` for somebody else's record.

    `on` is the day on which ages and targets are taken.
    """
    connection = the_store().database.reader()
    grant = access.open_person(connection, reader, person, purpose, action=action, route=route)
    return page_of_grant(grant, on=on)


def page_of_grant(grant: Grant, *, on: date, shown: Sequence[str] = SHOWN) -> Record:
    """The same for a record that was opened already; `shown` names the types it needs."""
    store = the_store()
    connection = store.database.reader()
    bodies = list(_bodies(connection, store, grant.numbers, shown))
    names = _names(connection, store, references_to_name(bodies))
    return record_of(grant.person, bodies, names, on=on)


def people_of(
    reader: Reader, purpose: str, people: Iterable[int], *, action: str, route: str
) -> dict[int, Demographics]:
    """
    Demographics of several persons for a list, by the numbers that were given.

    Persons whom the reader may not open are left out; one access entry names the others.
    """
    store = the_store()
    connection = store.database.reader()
    asked = {number for number in people if number > 0}
    currents = persons.currents(connection, sorted(asked))
    wanted = sorted(set(currents.values()))
    allowed = [p for p in wanted if access.is_related(connection, reader, p, purpose)]
    found = {row.person: row.demographics for row in _rows(connection, store, allowed)}
    access.note(reader, purpose, action, route, allowed)
    return {n: found[currents[n]] for n in sorted(asked) if currents.get(n) in found}


def _by_identifier(
    connection: Connection, store: Store, reader: Reader, purpose: str, text: str
) -> list[int]:
    keys = {strong_key(store.keys, system, text) for system in STRONG} - {None}
    if not keys:
        return []
    rows = connection.execute(
        "SELECT DISTINCT p.current FROM record_person_key k"
        " JOIN record_person p ON p.number = k.person"
        f" WHERE k.hash IN ({marks(len(keys))})",
        tuple(keys),
    )
    return [person for (person,) in rows if access.is_related(connection, reader, person, purpose)]


def _by_search(
    connection: Connection,
    store: Store,
    reader: Reader,
    purpose: str,
    wanted: tuple[str, str],
    limit: int,
) -> list[int]:
    query = parse("Patient", [wanted, ("_count", str(limit))])
    statement = compile_search(connection, store.keys, query, access.visible(reader, purpose))
    people = [row[4] for row in connection.execute(statement.page, statement.page_parameters)]
    currents = persons.currents(connection, [person for person in people if person])
    return list(dict.fromkeys(currents[person] for person in people if person in currents))


def _rows(connection: Connection, store: Store, people: Sequence[int]) -> list[PersonRow]:
    """The people found with their demographics, in order of name."""
    numbers = dict(
        select_in(
            connection,
            "SELECT number, current FROM record_person WHERE current IN ({in})",
            sorted(people),
        )
    )
    bodies: dict[int, list[dict[str, Any]]] = {}
    for owner, body in _bodies_with_owner(connection, store, sorted(numbers), ("Patient",)):
        bodies.setdefault(numbers[owner], []).append(body)
    wanted = {ref for found in bodies.values() for ref in references_to_name(found)}
    names = _names(connection, store, wanted)
    rows = [
        PersonRow(
            person,
            demographics_of(bodies[person], names) if person in bodies else NOBODY,
        )
        for person in people
    ]
    return sorted(rows, key=lambda row: (row.demographics.name, row.person))


def _bodies(
    connection: Connection, store: Store, numbers: Sequence[int], shown: Sequence[str]
) -> Iterable[dict[str, Any]]:
    for _, body in _bodies_with_owner(connection, store, numbers, shown):
        yield body


def _bodies_with_owner(
    connection: Connection, store: Store, numbers: Sequence[int], shown: Sequence[str]
) -> Iterable[tuple[int, dict[str, Any]]]:
    kinds = [types.NUMBER[kind] for kind in shown]
    for some in in_pieces(list(numbers), 400):
        rows = connection.execute(
            "SELECT r.person, r.rid, r.id, r.version, v.sealed, v.body FROM record_resource r"
            " JOIN record_version v ON v.feed = r.feed"
            f" WHERE r.person IN ({marks(len(some))}) AND r.type IN ({marks(len(kinds))})"
            " AND r.deleted = 0",
            (*some, *kinds),
        )
        for person, rid, id, version, sealed, body in rows:
            yield (
                person,
                json.loads(store.unseal(sealed, body, rid, version), parse_float=Decimal)
                | {"id": id},
            )


def names_of(connection: Connection, store: Store, references: Iterable[str]) -> dict[str, str]:
    """The names of Organizations and Practitioners by reference, for other pages of the record."""
    return _names(connection, store, references)


def _names(connection: Connection, store: Store, references: Iterable[str]) -> dict[str, str]:
    """The names of Organizations and Practitioners by reference."""
    wanted: dict[str, list[str]] = {}
    for reference in references:
        kind, _, id = reference.partition("/")
        wanted.setdefault(kind, []).append(id)
    found: dict[str, str] = {}
    for kind, ids in wanted.items():
        for some in in_pieces(sorted(ids), 400):
            rows = connection.execute(
                "SELECT r.id, r.rid, r.version, v.sealed, v.body FROM record_resource r"
                " JOIN record_version v ON v.feed = r.feed"
                f" WHERE r.type = ? AND r.id IN ({marks(len(some))}) AND r.deleted = 0",
                (types.NUMBER[kind], *some),
            )
            for id, rid, version, sealed, body in rows:
                found[f"{kind}/{id}"] = name_in(
                    json.loads(store.unseal(sealed, body, rid, version))
                )
    return found
