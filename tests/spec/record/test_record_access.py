"""
The gate as a table: who may open whose record, for which purpose.

Party 10 is the reader's own, 11 the reader's organisation; 20 is somebody else.
"""

from __future__ import annotations

import json
from time import time_ns

import pytest

from taihe.kernel.errors import NotFound
from taihe.record import access, persons
from taihe.record.access import Reader
from taihe.record.store import Write
from tests.record_kit import Kit, observation, patient

# role | purpose | relation | with party | holds | opens
GATE = """
    resident        | PATRQT  | self          | 10 | now    | yes
    resident        | PATRQT  | guardian      | 10 | now    | yes
    resident        | PATRQT  | proxy         | 10 | now    | yes
    resident        | PATRQT  | treats        | 10 | now    | no
    resident        | TREAT   | self          | 10 | now    | no
    resident        | PATRQT  | self          | 20 | now    | no
    resident        | PATRQT  | self          | 10 | ended  | no
    resident        | PATRQT  | self          | 10 | future | no
    clinician       | TREAT   | treats        | 11 | now    | yes
    clinician       | TREAT   | treats        | 11 | ended  | no
    clinician       | TREAT   | treats        | 20 | now    | no
    clinician       | TREAT   | audits        | 11 | now    | no
    clinician       | HPAYMT  | treats        | 11 | now    | no
    clinician       | TREAT   | self          | 10 | now    | no
    village_doctor  | TREAT   | family_doctor | 10 | now    | yes
    village_doctor  | PUBHLTH | family_doctor | 11 | now    | yes
    village_doctor  | PUBHLTH | treats        | 11 | now    | no
    auditor         | HPAYMT  | audits        | 11 | now    | yes
    auditor         | TREAT   | audits        | 11 | now    | no
    hospital        | HPAYMT  | treats        | 11 | now    | yes
    hospital        | HPAYMT  | treats        | 11 | ended  | no
    administrator   | TREAT   | treats        | 11 | now    | no
    security_auditor| HOPERAT | treats        | 11 | now    | no
    zone_officer    | TREAT   | treats        | 11 | now    | no
    system          | TREAT   | platform      | 10 | now    | yes
    system          | TREAT   | platform      | 10 | ended  | no
    system          | TREAT   | platform      | 20 | now    | no
    clinician       | TREAT   | platform      | 11 | now    | no
"""
ROWS = [tuple(cell.strip() for cell in row.split("|")) for row in GATE.strip().splitlines()]


@pytest.fixture
def people(kit: Kit) -> dict[str, int]:
    """Two patients with an observation each, and their persons."""
    writes = []
    for resource in (
        patient("p1"),
        patient("p2"),
        observation("o1", "p1"),
        observation("o2", "p2"),
        {"resourceType": "Organization", "id": "org", "name": "县医院"},
        {"resourceType": "Basic", "id": "loose", "code": {"text": "x"}},
    ):
        prepared = kit.preparer.from_bytes(json.dumps(resource).encode())
        writes.append(Write(prepared.type, prepared.id, prepared))
    kit.store.apply(writes, by=1)
    return dict(kit.rows("SELECT id, person FROM record_patient"))


def seen(kit: Kit, reader: Reader, purpose: str) -> set[str]:
    predicate = access.visible(reader, purpose)
    return {
        row[0]
        for row in kit.rows(
            f"SELECT r.id FROM record_resource r WHERE {predicate.sql}", *predicate.parameters
        )
    }


@pytest.mark.parametrize(
    ("role", "purpose", "relation", "party", "holds", "opens"),
    ROWS,
    ids=[" ".join(row) for row in ROWS],
)
def test_the_gate(
    kit: Kit,
    people: dict[str, int],
    role: str,
    purpose: str,
    relation: str,
    party: str,
    holds: str,
    opens: str,
) -> None:
    now = time_ns() // 1000
    start, end = {"now": (0, None), "ended": (0, now - 1), "future": (now + 10**9, None)}[holds]
    person = 0 if relation == "platform" else people["p1"]
    kit.relate(person, int(party), relation, start=start, end=end)
    reader = Reader(10, frozenset({10, 11}), frozenset({role}))
    connection = kit.store.database.reader()
    allowed = opens == "yes"
    everyone = allowed and relation == "platform"
    assert access.is_related(connection, reader, people["p1"], purpose) is allowed
    assert access.is_related(connection, reader, people["p2"], purpose) is everyone
    expected = {"org"}
    if allowed:
        expected |= {"p1", "o1"}
    if everyone:
        expected |= {"p2", "o2", "loose"}
    assert seen(kit, reader, purpose) == expected
    kit.entries.clear()
    try:
        grant = access.open_person(
            connection, reader, people["p1"], purpose, action="summary", route="test"
        )
        assert allowed
        assert grant.person == people["p1"]
    except NotFound:
        assert not allowed
    (entry,) = kit.entries
    assert entry.persons == (people["p1"],)
    assert entry.outcome == ("ok" if allowed else "refused")


def test_without_a_role_there_is_nothing(kit: Kit, people: dict[str, int]) -> None:
    reader = Reader(10, frozenset({10}), frozenset())
    assert seen(kit, reader, "TREAT") == set()


def test_a_relation_to_any_number_of_a_person_opens_all(kit: Kit, people: dict[str, int]) -> None:
    kit.relate(people["p1"], 10, "self")
    with kit.store.database.writing() as connection:
        persons.merge(connection, people["p1"], people["p2"], by=1, at=1, reason="test")
    reader = Reader(10, frozenset({10}), frozenset({"resident"}))
    assert seen(kit, reader, "PATRQT") == {"p1", "o1", "p2", "o2", "org"}


def test_a_person_that_never_was_is_not_found_and_leaves_no_entry(kit: Kit) -> None:
    kit.entries.clear()
    reader = Reader(10, frozenset({10}), frozenset({"clinician"}))
    with pytest.raises(NotFound):
        access.open_person(
            kit.store.database.reader(), reader, 12345, "TREAT", action="x", route="x"
        )
    assert kit.entries == []


def test_every_person_is_only_for_platforms(kit: Kit) -> None:
    import sqlite3

    with pytest.raises(sqlite3.IntegrityError):
        kit.relate(0, 10, "treats")
