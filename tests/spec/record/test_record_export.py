"""What leaves in bulk passes the same gate as a single read, and is named in the access log."""

from __future__ import annotations

import json
from time import time_ns

import pytest

from taihe.record import export
from taihe.record.access import Reader
from tests.record_kit import SYSTEM, Kit, observation, patient

PLATFORM = Reader(SYSTEM, frozenset((SYSTEM,)), frozenset(("system",)), client="test")


@pytest.fixture
def loaded(kit: Kit) -> Kit:
    """Three patients with an Observation each, one of them deleted."""
    for n in (1, 2, 3):
        assert kit("PUT", f"/fhir/Patient/p{n}", patient(f"p{n}")).status == 201
        assert kit("PUT", f"/fhir/Observation/o{n}", observation(f"o{n}", f"p{n}")).status == 201
    assert kit("DELETE", "/fhir/Observation/o3").status in (200, 204)
    kit.entries.clear()
    return kit


def ids(kit: Kit, reader: Reader, purpose: str, type: str) -> list[list[str]]:
    found = export.bodies(kit.store, reader, purpose, type, action="view", route="views")
    return [[json.loads(body)["id"] for body in batch] for batch in found]


def test_every_current_resource_of_the_type_leaves_once(loaded: Kit, monkeypatch) -> None:
    assert ids(loaded, PLATFORM, "PUBHLTH", "Patient") == [["p1", "p2", "p3"]]
    assert ids(loaded, PLATFORM, "PUBHLTH", "Observation") == [["o1", "o2"]]
    monkeypatch.setattr(export, "PER_BATCH", 2)
    assert ids(loaded, PLATFORM, "PUBHLTH", "Patient") == [["p1", "p2"], ["p3"]]
    assert ids(loaded, PLATFORM, "PUBHLTH", "Condition") == []


def test_a_batch_leaves_after_the_entry_that_names_its_persons(loaded: Kit, monkeypatch) -> None:
    monkeypatch.setattr(export, "PER_BATCH", 2)
    batches = export.bodies(loaded.store, PLATFORM, "PUBHLTH", "Patient", action="view", route="x")
    assert loaded.entries == []
    next(batches)
    assert [len(entry.persons) for entry in loaded.entries] == [2]
    next(batches)
    assert [(e.action, e.route, e.purpose, e.client) for e in loaded.entries] == [
        ("view", "x", "PUBHLTH", "test")
    ] * 2
    assert len({person for entry in loaded.entries for person in entry.persons}) == 3


def test_without_a_relation_or_purpose_nobody_leaves(loaded: Kit) -> None:
    stranger = Reader(99, frozenset((99,)), frozenset(("system",)))
    clinician = Reader(50, frozenset((50,)), frozenset(("clinician",)))
    assert ids(loaded, stranger, "PUBHLTH", "Patient") == []
    assert ids(loaded, PLATFORM, "PATRQT", "Patient") == []
    assert ids(loaded, clinician, "TREAT", "Patient") == []
    (person,) = loaded.rows("SELECT person FROM record_patient WHERE id = 'p2'")[0]
    loaded.relate(person, 50, "treats", start=time_ns() // 1000 - 1)
    assert ids(loaded, clinician, "TREAT", "Patient") == [["p2"]]
    assert ids(loaded, clinician, "TREAT", "Observation") == [["o2"]]


def test_a_relation_that_ends_between_two_batches_closes_the_next(loaded: Kit, monkeypatch) -> None:
    monkeypatch.setattr(export, "PER_BATCH", 1)
    batches = export.bodies(loaded.store, PLATFORM, "PUBHLTH", "Patient", action="v", route="v")
    next(batches)
    with loaded.store.database.writing() as connection:
        connection.execute(
            'UPDATE record_relation SET "end" = ? WHERE party = ?', (time_ns() // 1000, SYSTEM)
        )
    assert list(batches) == []
