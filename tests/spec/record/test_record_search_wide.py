"""Chains, `_has`, includes and orders over HTTP: what is found, and what stays hidden."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import time_ns

import pytest

from tests.record_kit import Kit, make_kit, observation, patient

CLINIC = 21


@pytest.fixture
def kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kit]:
    with make_kit(tmp_path, monkeypatch) as made:
        organisation = {
            "resourceType": "Organization",
            "id": "h1",
            "name": "太和县人民医院",
            "partOf": {"reference": "Organization/h0"},
        }
        assert made("PUT", "/fhir/Organization/h1", organisation).status == 201
        for id, name in (("p1", "张伟"), ("p2", "王芳")):
            whole = patient(id, name=[{"text": name}])
            whole["managingOrganization"] = {"reference": "Organization/h1"}
            assert made("PUT", f"/fhir/Patient/{id}", whole).status == 201
        for id, subject, value in (("o1", "p1", 128), ("o2", "p2", 151), ("o3", "p2", 95)):
            one = observation(id, subject)
            one["valueQuantity"]["value"] = value
            assert made("PUT", f"/fhir/Observation/{id}", one).status == 201
        listed = {
            "resourceType": "List",
            "id": "l1",
            "status": "current",
            "mode": "working",
            "entry": [{"item": {"reference": "Patient/p2"}}],
        }
        assert made("PUT", "/fhir/List/l1", listed).status == 201
        made.entries.clear()
        yield made


def found(kit: Kit, kind: str, *pairs: tuple[str, str], **more: str) -> list[str]:
    reply = kit("GET", f"/fhir/{kind}", query=pairs, **more)
    assert reply.status == 200, reply.text
    return [f"{e['search']['mode']} {e['resource']['id']}" for e in reply.json.get("entry", ())]


ASKED = [
    ("Observation", "subject:Patient.name", "王", ["o2", "o3"]),
    ("Observation", "patient.name", "zhangwei", ["o1"]),
    ("Observation", "patient.organization.name", "太和", ["o1", "o2", "o3"]),
    ("Patient", "_has:Observation:patient:value-quantity", "gt150", ["p2"]),
    ("Patient", "_has:Observation:patient:patient.name", "张", ["p1"]),
    ("Organization", "_has:Patient:organization:_has:Observation:patient:code", "8480-6", ["h1"]),
    ("Observation", "code-value-quantity", "8480-6$gt120", ["o1", "o2"]),
    ("Observation", "code-value-quantity", "http://loinc.org|8480-6$lt100||mm[Hg]", ["o3"]),
    ("Observation", "combo-code-value-quantity", "8480-6$151||mmHg", ["o2"]),
    ("Observation", "code", "http://loinc.org|", ["o1", "o2", "o3"]),
    ("Observation", "status", "http://hl7.org/fhir/observation-status|", ["o1", "o2", "o3"]),
    ("Observation", "code", "http://snomed.info/sct|", []),
    ("Observation", "status:below", "final", ["o1", "o2", "o3"]),
    ("Observation", "status:below", "amended", []),
    ("Patient", "_list", "l1", ["p2"]),
    ("Patient", "_list", "l2", []),
    ("Patient", "name", "zhang wei", ["p1"]),
    ("Patient", "organization:below", "h0", ["p1", "p2"]),
    ("Patient", "organization:above", "h1", ["p1", "p2"]),
    ("Organization", "partof:above", "h1", ["h1"]),
    ("Observation", "_filter", "value-quantity gt 150 or value-quantity lt 100", ["o2", "o3"]),
    ("Observation", "_filter", "not (value-quantity gt 100)", ["o3"]),
    ("Observation", "_filter", 'patient[_id eq p2].name eq "王芳"', ["o2", "o3"]),
    ("Patient", "_filter", 'name eq "王芳" and _has:Observation:patient:code eq 8480-6', ["p2"]),
    ("Patient", "_filter", 'name eq "王"', []),
    ("Observation", "_sort", "value-quantity", ["o3", "o1", "o2"]),
    ("Observation", "_sort", "-value-quantity,_id", ["o2", "o1", "o3"]),
]


@pytest.mark.parametrize(("kind", "name", "text", "wanted"), ASKED)
def test_a_question_has_its_answer(
    kit: Kit, kind: str, name: str, text: str, wanted: list[str]
) -> None:
    assert found(kit, kind, (name, text)) == [f"match {id}" for id in wanted]


def test_an_include_brings_what_is_referred_to_and_names_everybody(kit: Kit) -> None:
    answer = found(kit, "Observation", ("_id", "o1"), ("_include", "Observation:patient"))
    assert answer == ["match o1", "include p1"]
    answer = found(
        kit,
        "Organization",
        ("_revinclude", "Patient:organization"),
        ("_revinclude:iterate", "Observation:patient"),
    )
    assert answer[0] == "match h1"
    assert {a for a in answer if a.startswith("include")} == {
        f"include {id}" for id in ("p1", "p2", "o1", "o2", "o3")
    }
    # The Organization belongs to nobody: both persons are named because they were included.
    assert len(set(kit.entries[-1].persons)) == 2


def test_nobody_sees_more_by_a_chain_or_an_include_than_by_reading(kit: Kit) -> None:
    person = kit.rows("SELECT person FROM record_patient WHERE id = 'p1'")[0][0]
    kit.relate(person, CLINIC, "treats", start=time_ns() // 1000 - 1)
    token = kit.issue(party=CLINIC)
    assert found(kit, "Organization", ("_revinclude", "*"), token=token) == ["match h1"] + (
        ["include p1"] if found(kit, "Patient", token=token) else []
    )
    seen = set(found(kit, "Patient", token=token))
    for name, text in (
        ("_has:Observation:patient:code", "8480-6"),
        ("organization.name", "太和"),
        ("_filter", 'not (name eq "nobody")'),
        ("_filter", 'name sw "王" or name pr true'),
        ("_list", "l1"),
    ):
        assert set(found(kit, "Patient", (name, text), token=token)) <= seen
    # What a hidden person's data says does not show in what is open to everybody.
    hidden = ("_has:Patient:organization:name", "王芳")
    assert found(kit, "Organization", hidden, token=token) == []


def test_a_chain_and_an_include_reach_no_further_than_the_scope(kit: Kit) -> None:
    token = kit.issue("system/Observation.rs")
    reply = kit("GET", "/fhir/Observation", query=[("patient.name", "王")], token=token)
    assert reply.status == 403
    assert "Patient" in reply.text
    filtered = ("_filter", 'not (patient.name sw "王")')
    assert kit("GET", "/fhir/Observation", query=[filtered], token=token).status == 403
    part = ("performer:below", "Organization/h1")
    assert kit("GET", "/fhir/Observation", query=[part], token=token).status == 403
    include = ("_include", "Observation:patient")
    assert found(kit, "Observation", ("_id", "o1"), include, token=token) == ["match o1"]


def test_pages_in_the_order_of_a_value_are_stable(kit: Kit) -> None:
    pairs = [("_sort", "-value-quantity"), ("_count", "1")]
    reply = kit("GET", "/fhir/Observation", query=pairs)
    ids = []
    kit("PUT", "/fhir/Observation/o4", observation("o4"))
    while True:
        ids += [entry["resource"]["id"] for entry in reply.json["entry"]]
        following = [x["url"] for x in reply.json["link"] if x["relation"] == "next"]
        if not following:
            break
        assert "value" not in following[0]
        reply = kit("GET", following[0].removeprefix("http://test"))
    assert ids == ["o2", "o1", "o3"]


def test_parts_of_a_match_are_marked(kit: Kit) -> None:
    reply = kit("GET", "/fhir/Observation", query=[("_id", "o1"), ("_elements", "value")])
    resource = reply.json["entry"][0]["resource"]
    assert set(resource) == {"resourceType", "id", "meta", "status", "code", "valueQuantity"}
    assert resource["meta"]["tag"][0]["code"] == "SUBSETTED"
    reply = kit("GET", "/fhir/Patient", query=[("_id", "p1"), ("_summary", "true")])
    assert "name" in reply.json["entry"][0]["resource"]


REFUSED = [
    ("Observation", "code:text", "x", "hashes"),
    ("Patient", "_sort", "gender", "hashes"),
    ("Patient", "address:contains", "x", "beginning"),
    ("Patient", "_text", "x", "no words"),
    ("Patient", "_content", "x", "no words"),
    ("Patient", "_filter", "gender ne male", "unequal"),
    ("Patient", "_filter", "name eq x or (_id eq 1 and not (gender ne male))", "unequal"),
    ("Observation", "code:below", "http://loinc.org|8480-6", "joined with commas"),
    ("Observation", "code:in", "http://nowhere", "joined with commas"),
    ("PlanDefinition", "depends-on:below", "http://x|1", "without a version"),
    ("Patient", "_query", "current", "no named queries"),
    ("Patient", "_list", "$current-problems", "id of a List"),
    ("MolecularSequence", "chromosome-variant-coordinate", "1$2$3", ""),
]


@pytest.mark.parametrize(("kind", "name", "text", "hint"), REFUSED)
def test_what_the_store_cannot_answer_it_says(
    kit: Kit, kind: str, name: str, text: str, hint: str
) -> None:
    reply = kit("GET", f"/fhir/{kind}", query=[(name, text)])
    assert reply.status == 422
    assert hint in reply.text


def test_a_search_of_too_many_values_is_refused(kit: Kit) -> None:
    many = ",".join(f"c{number}" for number in range(1000))
    reply = kit("GET", "/fhir/Observation", query=[("code", many)] * 33)
    assert reply.status == 400
    assert "too many values" in reply.text
    assert kit("GET", "/fhir/Observation", query=[("code", many)] * 15).status == 200
    tests = " or ".join(f"code eq c{number}" for number in range(200))
    assert kit("GET", "/fhir/Observation", query=[("_filter", tests)]).status == 200
    assert kit("GET", "/fhir/Observation", query=[("_filter", f"not ({tests})")] * 3).status == 200


def test_metadata_follows_from_the_code(kit: Kit) -> None:
    resources = kit("GET", "/fhir/metadata").json["rest"][0]["resource"]
    (patients,) = [r for r in resources if r["type"] == "Patient"]
    assert "Patient:organization" in patients["searchInclude"]
    assert "Observation:patient" in patients["searchRevInclude"]
    (observations,) = [r for r in resources if r["type"] == "Observation"]
    assert {"name": "code-value-quantity", "type": "composite"} in observations["searchParam"]
    every = kit("GET", "/fhir/metadata").json["rest"][0]["searchParam"]
    asked = {"_filter": "_id eq p1", "_has": "8480-6", "_list": "l1"}
    for claimed in every:
        name = claimed["name"]
        pair = (f"{name}:Observation:patient:code" if name == "_has" else name, asked[name])
        assert found(kit, "Patient", pair)


ICD = {
    "resourceType": "CodeSystem",
    "id": "icd",
    "url": "http://hl7.org/fhir/sid/icd-10",
    "status": "active",
    "content": "complete",
    "concept": [{"code": "E10-E14", "concept": [{"code": "E11", "concept": [{"code": "E11.9"}]}]}],
}
DIABETES = {
    "resourceType": "ValueSet",
    "id": "dm",
    "url": "http://taihe.test/dm",
    "status": "active",
    "compose": {"include": [{"system": ICD["url"], "filter": [
        {"property": "concept", "op": "is-a", "value": "E11"}]}]},
}  # fmt: skip


def test_codes_above_below_and_in_come_from_what_the_record_holds(kit: Kit) -> None:
    system = ICD["url"]
    for id, code in (("c1", "E11"), ("c2", "E11.9"), ("c3", "I10")):
        one = {
            "resourceType": "Condition",
            "id": id,
            "subject": {"reference": "Patient/p1"},
            "code": {"coding": [{"system": system, "code": code}]},
        }
        assert kit("PUT", f"/fhir/Condition/{id}", one).status == 201
    asked = [("code:below", f"{system}|E10-E14"), ("code:in", "http://taihe.test/dm"),
             ("code:not-in", "http://taihe.test/dm"), ("code:above", f"{system}|E11.9")]  # fmt: skip
    for name, text in asked:
        assert kit("GET", "/fhir/Condition", query=[(name, text)]).status == 422
    assert kit("PUT", "/fhir/CodeSystem/icd", ICD).status == 201
    assert kit("PUT", "/fhir/ValueSet/dm", DIABETES).status == 201
    both = ["match c1", "match c2"]
    assert [found(kit, "Condition", pair) for pair in asked] == [both, both, ["match c3"], both]
    assert found(kit, "Condition", ("_filter", f"code ss {system}|E10-E14")) == both
    # A new version of the system is what counts from then on.
    wider = {**ICD, "concept": [*ICD["concept"], {"code": "I10", "property": [
        {"code": "parent", "valueCode": "E11"}]}]}  # fmt: skip
    assert kit("PUT", "/fhir/CodeSystem/icd", wider).status == 200
    assert found(kit, "Condition", asked[1]) == [*both, "match c3"]
    assert kit("DELETE", "/fhir/CodeSystem/icd").status == 204
    assert kit("GET", "/fhir/Condition", query=[asked[0]]).status == 422
