"""Which person a patient is: strong identifiers, placeholders, merge and unmerge."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from taihe.kernel.codes import System
from taihe.kernel.errors import Conflict
from taihe.kernel.identifiers import Oid
from taihe.record import persons
from taihe.record.prepare import strong_key
from taihe.record.store import Write
from tests.record_kit import Kit, observation, patient

NUMBER = "34052419800101001X"
OTHER = "110101199003072316"
AT = 1_790_000_000_000_000


def store(kit: Kit, *resources: dict) -> None:
    import json

    writes = []
    for resource in resources:
        prepared = kit.preparer.from_bytes(json.dumps(resource).encode())
        writes.append(Write(prepared.type, prepared.id, prepared))
    kit.store.apply(writes, by=1, at=datetime(2026, 11, 24, tzinfo=UTC))


def citizen(value: str, system: str = Oid.CITIZEN.value) -> dict:
    return {"identifier": [{"system": system, "value": value}]}


def person_of(kit: Kit, id: str) -> int:
    number = kit.rows("SELECT person FROM record_patient WHERE id = ?", id)[0][0]
    return persons.current(kit.store.database.reader(), number)


@pytest.mark.parametrize(
    ("form", "system"),
    [
        ("34052419800101001x", Oid.CITIZEN.value),
        ("３４０５２４１９８００１０１００１Ｘ", Oid.CITIZEN_HL7_CHINA.value),
        ("340524800101001", Oid.CITIZEN.value),
    ],
)
def test_the_same_citizen_number_in_any_form_is_the_same_person(
    kit: Kit, form: str, system: str
) -> None:
    store(kit, patient("a", **citizen(NUMBER)))
    store(kit, patient("b", **citizen(form, system)))
    assert person_of(kit, "a") == person_of(kit, "b")


def test_a_number_whose_check_fails_names_nobody(kit: Kit) -> None:
    store(kit, patient("a", **citizen("340524198001010019")))
    store(kit, patient("b", **citizen("340524198001010019")))
    assert person_of(kit, "a") != person_of(kit, "b")


def test_a_parents_number_on_a_childs_registration_does_not_join_them(kit: Kit) -> None:
    store(kit, patient("father", birthDate="1980-01-01", **citizen(NUMBER)))
    store(kit, patient("child", birthDate="2014-09-09", **citizen(NUMBER)))
    store(kit, patient("slip", birthDate="1980-10-01", **citizen(NUMBER)))
    assert person_of(kit, "father") != person_of(kit, "child")
    assert person_of(kit, "father") == person_of(kit, "slip")


def test_a_patient_that_is_referred_to_first_gets_a_person(kit: Kit) -> None:
    store(kit, observation("o1", "later"))
    before = person_of(kit, "later")
    store(kit, patient("later"))
    assert person_of(kit, "later") == before
    assert kit.rows("SELECT DISTINCT person FROM record_resource") == [(before,)]


def test_a_placeholder_is_merged_when_it_turns_out_to_be_somebody_known(kit: Kit) -> None:
    store(kit, patient("known", **citizen(NUMBER)))
    store(kit, observation("o1", "later"))
    placeholder = person_of(kit, "later")
    store(kit, patient("later", **citizen(NUMBER)))
    known = person_of(kit, "known")
    assert person_of(kit, "later") == known
    assert persons.numbers(kit.store.database.reader(), known) == tuple(
        sorted((known, placeholder))
    )
    assert kit.rows("SELECT kind, person, other FROM record_event") == [
        ("merge", placeholder, known)
    ]
    assert kit.rows("SELECT person FROM record_resource WHERE id = 'o1'") == [(placeholder,)]
    found = kit("GET", "/fhir/Observation?patient=later").json["entry"]
    assert len(found) == 1


def test_two_known_people_are_not_joined_by_one_number(kit: Kit) -> None:
    store(kit, patient("a1", **citizen(NUMBER)), patient("a2", **citizen(NUMBER)))
    other = citizen(OTHER) | {"birthDate": "1990-03-07"}
    store(kit, patient("b1", **other), patient("b2", **other))
    store(kit, patient("b2", **citizen(NUMBER)))
    assert person_of(kit, "a1") != person_of(kit, "b2")
    assert [row[0] for row in kit.rows("SELECT kind FROM record_event")] == ["review"]
    store(kit, patient("b2", gender="female", **citizen(NUMBER)))
    assert len(kit.rows("SELECT kind FROM record_event")) == 1


def test_an_insurance_number_that_came_first_joins_its_patient(kit: Kit) -> None:
    key = strong_key(kit.store.keys, System.INSURANCE_PERSON.value, "3400001")
    assert key is not None
    with kit.store.database.writing() as connection:
        insured = persons.ensure(connection, [key])[key]
        assert persons.ensure(connection, [key])[key] == insured
    both = {
        "identifier": [
            {"system": Oid.CITIZEN.value, "value": NUMBER},
            {"system": System.INSURANCE_PERSON.value, "value": "3400001"},
        ]
    }
    store(kit, patient("a", **citizen(NUMBER)), patient("c", **citizen(NUMBER)))
    store(kit, patient("b", **both))
    now = person_of(kit, "a")
    assert person_of(kit, "b") == now
    assert persons.current(kit.store.database.reader(), insured) == now


def test_merge_and_unmerge_keep_every_number(kit: Kit) -> None:
    store(kit, patient("a"), patient("b"), patient("c"))
    a, b, c = (person_of(kit, id) for id in "abc")
    with kit.store.database.writing() as connection:
        first = persons.merge(connection, a, b, by=1, at=AT, reason="test")
        second = persons.merge(connection, b, c, by=1, at=AT, reason="test")
    reader = kit.store.database.reader()
    assert [persons.current(reader, n) for n in (a, b, c)] == [c, c, c]
    with kit.store.database.writing() as connection:
        with pytest.raises(Conflict):
            persons.merge(connection, a, c, by=1, at=AT, reason="test")
        persons.unmerge(connection, second, by=1, at=AT, reason="test")
    assert [persons.current(reader, n) for n in (a, b, c)] == [b, b, c]
    with kit.store.database.writing() as connection:
        persons.unmerge(connection, first, by=1, at=AT, reason="test")
        with pytest.raises(Conflict):
            persons.unmerge(connection, first, by=1, at=AT, reason="test")
    assert [persons.current(reader, n) for n in (a, b, c)] == [a, b, c]
    feeds = [row[0] for row in kit.rows("SELECT feed FROM record_event ORDER BY feed")]
    assert feeds == sorted(set(feeds))
