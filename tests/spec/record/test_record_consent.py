"""
Consent: a withdrawal closes the next request on every path, and what the law keeps stays open.

A row of the table is a decision; the rows below it hold until a later one. Party 10 is the
reader's own, 11 its organisation; 20 is another organisation.
"""

from __future__ import annotations

import json
import random
from datetime import date
from time import time_ns

import pytest

from taihe.kernel.errors import NotFound
from taihe.record import access, consent, persons
from taihe.record.access import Reader
from taihe.record.domain.consent import ConsentRow, closing
from taihe.record.store import Write
from tests.record_kit import SYSTEM, Kit, observation, patient

CLINICIAN = Reader(10, frozenset({10, 11}), frozenset({"clinician"}))

# what is decided, in order | role | purpose | relation opened by | opens
DECISIONS = """
                                                 | clinician      | TREAT   | treats test         | yes
    deny TREAT all                               | clinician      | TREAT   | treats test         | no
    deny TREAT 11                                | clinician      | TREAT   | treats test         | no
    deny TREAT 20                                | clinician      | TREAT   | treats test         | yes
    deny PUBHLTH all                             | clinician      | TREAT   | treats test         | yes
    deny PUBHLTH all                             | village_doctor | PUBHLTH | family_doctor test  | no
    deny TREAT all platform                      | clinician      | TREAT   | treats test         | yes
    deny TREAT all platform                      | system         | TREAT   | platform test       | no
    deny TREAT all                               | system         | TREAT   | platform test       | no
    deny TREAT 20                                | system         | TREAT   | platform test       | yes
    deny TREAT all, permit TREAT all             | clinician      | TREAT   | treats test         | yes
    deny TREAT all, permit TREAT 11              | clinician      | TREAT   | treats test         | yes
    deny TREAT all, permit TREAT 20              | clinician      | TREAT   | treats test         | no
    deny TREAT 11, permit TREAT all              | clinician      | TREAT   | treats test         | no
    permit TREAT 11, deny TREAT all              | clinician      | TREAT   | treats test         | no
    deny TREAT all, permit TREAT all, deny TREAT all | clinician  | TREAT   | treats test         | no
    deny any all                                 | clinician      | TREAT   | treats test         | no
    deny any all                                 | clinician      | ETREAT  | treats test         | yes
    deny any all                                 | resident       | PATRQT  | self test           | yes
    deny any all                                 | resident       | PATRQT  | guardian test       | yes
    deny any all                                 | resident       | PATRQT  | proxy test          | no
    deny any all                                 | auditor        | HPAYMT  | audits case:1       | yes
    deny any all                                 | hospital       | HPAYMT  | treats case:1       | yes
    deny TREAT all                               | clinician      | TREAT   | treats booking:7    | yes
    deny TREAT all                               | clinician      | TREAT   | treats admission:7  | yes
    deny TREAT all                               | clinician      | TREAT   | referred referral:7 | yes
    deny TREAT all                               | pharmacist     | TREAT   | dispenses prescription:7 | yes
    ended TREAT all                              | clinician      | TREAT   | treats test         | yes
    future TREAT all                             | clinician      | TREAT   | treats test         | yes
"""
ROWS = [
    tuple(cell.strip() for cell in row.split("|")) for row in DECISIONS.strip("\n").splitlines()
]


@pytest.fixture
def people(kit: Kit) -> dict[str, int]:
    """Two patients with an observation each, and their persons."""
    writes = []
    for resource in (patient("p1"), patient("p2"), observation("o1"), observation("o2", "p2")):
        prepared = kit.preparer.from_bytes(json.dumps(resource).encode())
        writes.append(Write(prepared.type, prepared.id, prepared))
    kit.store.apply(writes, by=1)
    return dict(kit.rows("SELECT id, person FROM record_patient"))


def decide(kit: Kit, person: int, words: str) -> None:
    """Write a decision of the table."""
    verb, purpose, party, *kind = words.split()
    now = time_ns() // 1000
    start, end = {"ended": (0, now - 1), "future": (now + 10**9, None)}.get(verb, (0, None))
    with kit.store.database.writing() as connection:
        connection.execute(
            'INSERT INTO record_consent (person, purpose, party, kind, permits, start, "end",'
            " source, text, hash, \"by\") VALUES (?,?,?,?,?,?,?,'test','treat@1','',10)",
            (
                person,
                purpose.replace("any", ""),
                int(party.replace("all", "0")),
                "".join(kind),
                int(verb == "permit"),
                start,
                end,
            ),
        )
        connection.execute(consent.WITHDRAWN.format("?"), (person,))


def opened(kit: Kit, person: int, relation: str) -> None:
    """Open a relation as the table writes it: kind and source."""
    kind, source = relation.split()
    to, party = (0, 10) if kind == "platform" else (person, 11)
    with kit.store.database.writing() as connection:
        connection.execute(
            "INSERT INTO record_relation (person, party, kind, start, source) VALUES (?,?,?,0,?)",
            (to, party, kind, source),
        )


def seen(kit: Kit, reader: Reader, purpose: str) -> set[str]:
    predicate = access.visible(reader, purpose)
    return {
        row[0]
        for row in kit.rows(
            f"SELECT r.id FROM record_resource r WHERE {predicate.sql}", *predicate.parameters
        )
    }


@pytest.mark.parametrize(
    ("decisions", "role", "purpose", "relation", "opens"), ROWS, ids=[" ".join(r) for r in ROWS]
)
def test_what_a_decision_closes(
    kit: Kit,
    people: dict[str, int],
    decisions: str,
    role: str,
    purpose: str,
    relation: str,
    opens: str,
) -> None:
    opened(kit, people["p1"], relation)
    for words in filter(None, (one.strip() for one in decisions.split(","))):
        decide(kit, people["p1"], words)
    reader = Reader(10, frozenset({10, 11}), frozenset({role}))
    connection = kit.store.database.reader()
    assert access.is_related(connection, reader, people["p1"], purpose) is (opens == "yes")
    assert ({"p1", "o1"} <= seen(kit, reader, purpose)) is (opens == "yes")
    if opens == "no":
        assert not {"p1", "o1"} & seen(kit, reader, purpose)
        with pytest.raises(NotFound):
            access.open_person(connection, reader, people["p1"], purpose, action="x", route="x")


def test_the_sql_and_the_plain_rule_agree(kit: Kit, people: dict[str, int]) -> None:
    chance = random.Random(20)
    connection = kit.store.database.reader()
    for party in (11, 20):
        for kind in ("treats", "family_doctor"):
            kit.relate(people["p1"], party, kind)
    for _ in range(60):
        with kit.store.database.writing() as writer:
            writer.execute("DELETE FROM record_consent")
        for _ in range(chance.randrange(1, 7)):
            verb = chance.choice(["deny", "deny", "permit"])
            purpose = chance.choice(["any", "TREAT", "PUBHLTH"])
            party = chance.choice(["all", "11", "20"])
            kind = chance.choice(["", "", "treats", "family_doctor"])
            decide(kit, people["p1"], f"{verb} {purpose} {party} {kind}")
        rows = consent.rows_of(connection, (people["p1"],))
        for party in (11, 20):
            for role, purpose, kinds in (
                ("clinician", "TREAT", ("treats", "family_doctor")),
                ("village_doctor", "PUBHLTH", ("family_doctor",)),
            ):
                reader = Reader(party, frozenset({party}), frozenset({role}))
                plain = any(closing(rows, purpose, party, k, 10**15) is None for k in kinds)
                found = access.is_related(connection, reader, people["p1"], purpose)
                assert found is plain, (rows, role, party)


def test_a_permission_opens_what_it_names_and_no_more() -> None:
    all_ = ConsentRow(1, "TREAT", 0, "", False, 0, None)
    some = ConsentRow(2, "TREAT", 11, "", True, 0, None)
    assert closing([all_, some], "TREAT", 11, "treats", 1) is None
    assert closing([all_, some], "TREAT", 12, "treats", 1) is all_
    one = ConsentRow(3, "TREAT", 11, "", False, 0, None)
    wide = ConsentRow(4, "TREAT", 0, "", True, 0, None)
    assert closing([all_, some, one, wide], "TREAT", 11, "treats", 1) is one
    assert closing([all_, some, one, wide], "TREAT", 12, "treats", 1) is None


# a request that names p1, and how it answers before and after
PATHS = """
    GET /fhir/Patient/p1
    GET /fhir/Observation/o1
    GET /fhir/Observation/o1/_history/1
    GET /fhir/Observation/o1/_history
    GET /fhir/Patient?name=张
    GET /fhir/Patient?_id=p1
    GET /fhir/Observation?patient=p1
    GET /fhir/Observation?code=8480-6
    GET /fhir/Observation?code=8480-6&_summary=count
    GET /fhir/Observation?_lastUpdated=ge2020-01-01
    GET /fhir/Observation?_count=1
"""


def counted(reply) -> int:
    """How many of p1's resources an answer shows; 2 are p2's own."""
    if reply.status != 200:
        return 0
    body = reply.json
    if body["resourceType"] != "Bundle":
        return 1
    entries = body.get("entry", [])
    if not entries:
        return body.get("total", 0)
    return sum(e["resource"]["id"] in ("p1", "o1") for e in entries)


@pytest.mark.parametrize("path", [row.strip() for row in PATHS.strip().splitlines()])
def test_a_withdrawal_closes_the_next_request_of_a_token_that_is_remembered(
    kit: Kit, people: dict[str, int], path: str
) -> None:
    method, address = path.split()
    before = counted(kit(method, address))
    assert before >= 1
    decide(kit, people["p1"], "deny TREAT all")
    after = counted(kit(method, address))
    assert after == (before - 1 if "_summary" in address else 0)
    decide(kit, people["p1"], "permit TREAT all")
    assert counted(kit(method, address)) == before


def test_a_page_that_was_begun_goes_on_without_who_withdrew(
    kit: Kit, people: dict[str, int]
) -> None:
    first = kit("GET", "/fhir/Patient?_count=1").json
    (shown,) = [entry["resource"]["id"] for entry in first["entry"]]
    other = {"p1": "p2", "p2": "p1"}[shown]
    following = next(one["url"] for one in first["link"] if one["relation"] == "next")
    decide(kit, people[other], "deny TREAT all")
    assert "entry" not in kit("GET", following.removeprefix("http://test")).json


def test_a_withdrawal_counts_for_every_number_of_a_person(kit: Kit, people: dict[str, int]) -> None:
    kit.relate(people["p1"], 11, "treats")
    kit.relate(people["p2"], 11, "treats")
    decide(kit, people["p1"], "deny TREAT all")
    assert seen(kit, CLINICIAN, "TREAT") == {"p2", "o2"}
    with kit.store.database.writing() as connection:
        feed = persons.merge(connection, people["p1"], people["p2"], by=1, at=1, reason="test")
    assert seen(kit, CLINICIAN, "TREAT") == set()
    with kit.store.database.writing() as connection:
        persons.unmerge(connection, feed, by=1, at=1, reason="test")
    assert seen(kit, CLINICIAN, "TREAT") == {"p2", "o2"}


def test_institutions_go_on_writing_and_are_shown_nothing(kit: Kit, people: dict[str, int]) -> None:
    decide(kit, people["p1"], "deny TREAT all")
    changed = observation("o1", status="amended")
    assert kit("PUT", "/fhir/Observation/o1", changed).status == 200
    assert kit("GET", "/fhir/Observation/o1").status == 404
    assert kit("PUT", "/fhir/Observation/o9", observation("o9")).status == 201
    assert kit("GET", "/fhir/Observation/o9").status == 404


def test_what_was_refused_is_in_the_access_log(kit: Kit, people: dict[str, int]) -> None:
    decide(kit, people["p1"], "deny TREAT all")
    kit.entries.clear()
    kit("GET", "/fhir/Patient/p1")
    (entry,) = kit.entries
    assert (entry.party, entry.persons, entry.outcome) == (SYSTEM, (people["p1"],), "refused")


def test_every_switch_says_what_stops_and_what_the_law_keeps() -> None:
    on = date(2026, 11, 24)
    keys = [one.key for one in consent.switches(on)]
    assert keys == ["treat", "treat-one", "public-health", "systems"]
    for switch in consent.switches(on):
        assert len(switch.hash) == 64 and "下一次" in switch.stops and "下一次" in switch.again
        kept = consent.kept_for(switch.purposes, on)
        assert {"self", "emergency", "audit", "own", "reports"} <= {row.key for row in kept}
    assert not any(row.checked for row in consent.kept_rows()), "no clause was checked yet"
    known = set(access.RELATIONS)
    assert all(set(row.relations) <= known for row in consent.kept_rows())
