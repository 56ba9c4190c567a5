"""The FHIR interface over HTTP: interactions, headers, errors, the gate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import time_ns
from typing import Any

import pytest

from tests.record_kit import SYSTEM, Kit, make_kit, observation, patient


@pytest.fixture
def kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kit]:
    with make_kit(tmp_path, monkeypatch) as made:
        yield made


def put(kit: Kit, resource: dict[str, Any], **headers: str) -> Any:
    return kit("PUT", f"/fhir/{resource['resourceType']}/{resource['id']}", resource, **headers)


# --- one resource --------------------------------------------------------------------------


def test_update_as_create_then_read(kit: Kit) -> None:
    made = put(kit, patient())
    assert made.status == 201
    assert made.headers["Location"] == "http://test/fhir/Patient/p1/_history/1"
    assert made.headers["ETag"] == 'W/"1"'
    read = kit("GET", "/fhir/Patient/p1")
    assert read.status == 200
    assert read.headers["Content-Type"].startswith("application/fhir+json")
    assert read.headers["ETag"] == 'W/"1"'
    assert read.headers["Last-Modified"].endswith("GMT")
    assert read.json["meta"]["versionId"] == "1"
    assert read.json["name"] == patient()["name"]
    assert read.body == made.body
    assert kit("HEAD", "/fhir/Patient/p1").body == b""
    assert kit("GET", "/fhir/Patient/p1", IF_NONE_MATCH='W/"1"').status == 304


def test_numbers_stay_as_they_were_sent(kit: Kit) -> None:
    put(kit, patient())
    raw = (
        b'{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"x"},'
        b'"subject":{"reference":"Patient/p1"},"valueQuantity":{"value":1.50}}'
    )
    assert kit("PUT", "/fhir/Observation/o1", raw).status == 201
    assert b'"value":1.50}' in kit("GET", "/fhir/Observation/o1").body


def test_create_gives_an_id_of_its_own(kit: Kit) -> None:
    made = kit("POST", "/fhir/Patient", patient("mine"))
    assert made.status == 201
    assert made.json["id"] != "mine"
    assert kit("GET", f"/fhir/Patient/{made.json['id']}").status == 200
    assert kit("POST", "/fhir/Patient", patient(), PREFER="return=minimal").body == b""


def test_versions_are_kept_and_an_equal_update_makes_none(kit: Kit) -> None:
    put(kit, patient())
    same = put(kit, patient())
    assert (same.status, same.headers["ETag"]) == (200, 'W/"1"')
    changed = put(kit, patient(gender="female"))
    assert (changed.status, changed.headers["ETag"]) == (200, 'W/"2"')
    back = changed.json
    assert put(kit, back).headers["ETag"] == 'W/"2"'
    assert kit("GET", "/fhir/Patient/p1/_history/1").json["gender"] == "male"
    assert kit("GET", "/fhir/Patient/p1/_history/2").json["gender"] == "female"
    assert kit("GET", "/fhir/Patient/p1/_history/3").status == 404


def test_if_match(kit: Kit) -> None:
    put(kit, patient())
    assert put(kit, patient(gender="female"), IF_MATCH='W/"1"').status == 200
    refused = put(kit, patient(gender="other"), IF_MATCH='W/"1"')
    assert refused.status == 412
    assert refused.json["resourceType"] == "OperationOutcome"


def test_delete_leaves_the_history(kit: Kit) -> None:
    put(kit, patient())
    assert kit("DELETE", "/fhir/Patient/p1").status == 204
    assert kit("GET", "/fhir/Patient/p1").status == 410
    assert kit("DELETE", "/fhir/Patient/p1").status == 204
    assert kit("GET", "/fhir/Patient/p1/_history/1").status == 200
    assert kit("GET", "/fhir/Patient/p1/_history/2").status == 410
    assert kit("GET", "/fhir/Patient?name=张").json.get("entry") is None
    assert kit("DELETE", "/fhir/Patient/nobody").status == 404
    assert put(kit, patient()).headers["ETag"] == 'W/"3"'
    assert kit("GET", "/fhir/Patient?name=张").json["entry"][0]["resource"]["id"] == "p1"


def test_history_is_newest_first_and_pages(kit: Kit) -> None:
    for gender in ("male", "female", "other"):
        put(kit, patient(gender=gender))
    kit("DELETE", "/fhir/Patient/p1")
    first = kit("GET", "/fhir/Patient/p1/_history?_count=3").json
    assert first["total"] == 4
    assert [e["response"]["etag"] for e in first["entry"]] == ['W/"4"', 'W/"3"', 'W/"2"']
    assert [e["request"]["method"] for e in first["entry"]] == ["DELETE", "PUT", "PUT"]
    following = next(link["url"] for link in first["link"] if link["relation"] == "next")
    last = kit("GET", following.removeprefix("http://test")).json
    assert [e["response"]["etag"] for e in last["entry"]] == ['W/"1"']
    assert len(last["link"]) == 1


# --- the gate ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["/fhir/metadata", "/fhir/.well-known/smart-configuration", "/.well-known/smart-configuration"],
)
def test_what_is_open_without_a_token(kit: Kit, path: str) -> None:
    assert kit("GET", path, token="").status == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/fhir/Patient/p1"),
        ("GET", "/fhir/Patient"),
        ("POST", "/fhir"),
        ("POST", "/fhir/Patient"),
        ("PUT", "/fhir/Patient/p1"),
        ("DELETE", "/fhir/Patient/p1"),
        ("GET", "/fhir/Patient/p1/_history"),
        ("GET", "/fhir/Patient/p1/_history/1"),
        ("POST", "/fhir/Patient/_search"),
        ("GET", "/fhir/nonsense"),
        ("GET", "/fhir"),
    ],
)
def test_everything_else_needs_one(kit: Kit, method: str, path: str) -> None:
    put(kit, patient())
    for token in ("wrong", kit.token[:-1]):
        reply = kit(method, path, patient() if method in ("POST", "PUT") else None, token=token)
        assert reply.status == 401
        assert reply.headers["WWW-Authenticate"].startswith("Bearer")
    assert kit(method, path, token="").status == 401


def test_scopes(kit: Kit) -> None:
    put(kit, patient())
    put(kit, observation("o1"))
    reading = kit.issue("system/Observation.rs")
    assert kit("GET", "/fhir/Observation/o1", token=reading).status == 200
    assert kit("GET", "/fhir/Patient/p1", token=reading).status == 403
    assert kit("PUT", "/fhir/Observation/o1", observation("o1"), token=reading).status == 403


def test_somebody_elses_record_is_not_found_on_every_path(kit: Kit) -> None:
    put(kit, patient())
    put(kit, observation("o1"))
    put(kit, {"resourceType": "Organization", "id": "org", "name": "县医院"})
    stranger = kit.issue(party=99)
    kit.entries.clear()
    for path in (
        "/fhir/Patient/p1",
        "/fhir/Patient/p1/_history",
        "/fhir/Patient/p1/_history/1",
        "/fhir/Observation/o1",
    ):
        assert kit("GET", path, token=stranger).status == 404
    assert {entry.outcome for entry in kit.entries} == {"refused"}
    assert kit("GET", "/fhir/Observation?patient=p1", token=stranger).json.get("entry") is None
    counted = kit("GET", "/fhir/Patient?_summary=count", token=stranger).json
    assert counted["total"] == 0
    assert kit("DELETE", "/fhir/Patient/p1", token=stranger).status == 403
    assert kit("PUT", "/fhir/Patient/p1", patient(), token=stranger).status == 403
    assert kit("GET", "/fhir/Organization/org", token=stranger).status == 200


def test_an_ended_platform_relation_ends_the_access(kit: Kit) -> None:
    put(kit, patient())
    kit.relate(0, 50, "platform", end=time_ns() // 1000 - 1)
    assert kit("GET", "/fhir/Patient/p1", token=kit.issue(party=50)).status == 404


def test_a_token_ends(kit: Kit) -> None:
    from taihe.record import tokens

    put(kit, patient())
    token = kit.issue()
    tokens.revoke(kit.store, token, by=SYSTEM)
    assert kit("GET", "/fhir/Patient/p1", token=token).status == 401
    stored = kit.rows("SELECT hash FROM record_token")
    assert all(token.encode() not in row[0] for row in stored)


def test_every_answer_that_names_a_person_is_noted(kit: Kit) -> None:
    put(kit, patient())
    put(kit, observation("o1"))
    put(kit, observation("o2", "p2"))
    kit.entries.clear()
    kit("GET", "/fhir/Observation/o1")
    kit("GET", "/fhir/Observation/o1/_history")
    kit("GET", "/fhir/Observation")
    kit("GET", "/fhir/Observation/none")
    noted = [(entry.action, entry.persons, entry.party, entry.purpose) for entry in kit.entries]
    assert [(action, len(persons)) for action, persons, _, _ in noted] == [
        ("read", 1),
        ("history", 1),
        ("search", 2),
    ]
    assert {party for _, _, party, _ in noted} == {SYSTEM}


# --- bad input -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"{", 400, "not valid JSON"),
        (b"", 400, "empty"),
        (b"[]", 400, "object"),
        (b'{"resourceType":"Patient","id":"p1","gender":"male","gender":"female"}', 400, "twice"),
        (b'{"resourceType":"Patient","id":"p1","nonsense":1}', 400, "nonsense"),
        (b'{"resourceType":"Observation","id":"p1"}', 400, "address"),
        (b'{"resourceType":"Patient","id":"p2"}', 400, "id in the"),
        (b'{"resourceType":"Patient"}', 400, "id in the"),
        (b'{"resourceType":"Martian","id":"p1"}', 400, "resourceType"),
        (b'{"resourceType":"Patient","id":"p1","birthDate":"2031-01-01"}', 400, "future"),
        (b'{"resourceType":"Patient","id":"p1","birthDate":"1980-13-01"}', 400, "birthDate"),
        (b'{"resourceType":"Patient","id":"p1","active":' + b"[" * 3000 + b"]" * 3000 + b"}", 400, ""),
        (b'{"resourceType":"Patient","id":"p1","extension":' + b'[{"extension":' * 400 + b"[]" + b"}]" * 400 + b"}", 400, ""),
        (b'{"resourceType":"Patient","id":"p1","x":"\xff"}', 400, "JSON"),
        (b'{"resourceType":"Patient","id":"p1","active":NaN}', 400, "JSON"),
    ],
)  # fmt: skip
def test_bad_bodies_get_a_clear_outcome_and_store_nothing(
    kit: Kit, body: bytes, status: int, says: str
) -> None:
    reply = kit("PUT", "/fhir/Patient/p1", body)
    assert reply.status == status, reply.text
    assert reply.json["resourceType"] == "OperationOutcome"
    assert says in reply.text
    assert kit.rows("SELECT * FROM record_version") == []


def test_wrong_content_types_and_sizes(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    xml = kit("PUT", "/fhir/Patient/p1", b"<Patient/>", content_type="application/fhir+xml")
    assert xml.status == 415
    latin = kit("PUT", "/fhir/Patient/p1", patient(), content_type="application/json; charset=gbk")
    assert latin.status == 415
    assert kit("GET", "/fhir/Patient", ACCEPT="application/fhir+xml").status == 406
    big = b'{"resourceType":"Patient","id":"p1","name":[{"text":"' + b"a" * (17 << 20) + b'"}]}'
    assert kit("PUT", "/fhir/Patient/p1", big).status == 413
    assert kit("PATCH", "/fhir/Patient/p1", b"{}").status == 405
    assert kit("GET", "/fhir/Pateint/p1").status == 404
    assert "Patient" in kit("GET", "/fhir/Pateint/p1").text


def test_no_value_of_a_patient_in_an_error(kit: Kit) -> None:
    secret = "13912345678"
    for body in (
        {**patient(), "birthDate": secret},
        {**patient(), "gender": secret},
        {**patient(), "name": secret},
        {**patient(), "identifier": [{"value": {"x": secret}}]},
    ):
        assert secret not in put(kit, body).text


# --- search --------------------------------------------------------------------------------


def ids(reply: Any) -> list[str]:
    assert reply.status == 200, reply.text
    return [entry["resource"]["id"] for entry in reply.json.get("entry", [])]


def test_search_finds(kit: Kit) -> None:
    put(
        kit,
        patient(
            "p1",
            identifier=[{"system": "urn:oid:2.16.156.10011.1.3", "value": "34052419800101001x"}],
        ),
    )
    put(
        kit,
        patient(
            "p2",
            name=[{"text": "李娜", "family": "李", "given": ["娜"]}],
            gender="female",
            birthDate="1990-02",
        ),
    )
    put(kit, observation("o1"))
    put(kit, observation("o2", effectiveDateTime="2025-01-01"))
    put(
        kit,
        observation("o3", "p2", code={"coding": [{"system": "http://loinc.org", "code": "1-1"}]}),
    )

    def found(path: str) -> list[str]:
        return ids(kit("GET", f"/fhir/{path}"))

    assert found("Patient?_id=p1") == ["p1"]
    assert found("Patient?_id=p1,p2,px") == ["p1", "p2"]
    assert found("Patient?identifier=34052419800101001X") == ["p1"]
    assert found("Patient?identifier=urn:oid:2.16.156.10011.1.3|34052419800101001X") == ["p1"]
    assert found("Patient?identifier=urn:oid:9|34052419800101001X") == []
    assert found("Patient?name=张伟") == ["p1"]
    assert found("Patient?name=张") == ["p1"]
    assert found("Patient?name=zhangw") == ["p1"]
    assert found("Patient?name:exact=李") == ["p2"]
    assert found("Patient?name:contains=伟") == ["p1"]
    assert found("Patient?birthdate=1980-05-01") == ["p1"]
    assert found("Patient?birthdate=1990") == ["p2"]
    assert found("Patient?birthdate=lt1985") == ["p1"]
    assert found("Patient?gender=female") == ["p2"]
    assert found("Patient?gender:not=female") == ["p1"]
    assert found("Patient?identifier:missing=true") == ["p2"]
    assert found("Observation?patient=p1") == ["o1", "o2"]
    assert found("Observation?patient=Patient/p1&code=http://loinc.org|8480-6") == ["o1", "o2"]
    assert found("Observation?subject=Patient/p1&code=8480-6,9-9") == ["o1", "o2"]
    assert found("Observation?code=1-1") == ["o3"]
    assert found("Observation?date=ge2026") == ["o1", "o3"]
    assert found("Observation?patient=p1&date=2025") == ["o2"]
    assert found("Observation?value-quantity=gt120") == ["o1", "o2", "o3"]
    assert found("Observation?value-quantity=128||mm[Hg]") == ["o1", "o2", "o3"]
    assert found("Observation?value-quantity=128|http://unitsofmeasure.org|kg") == []
    assert found("Observation?_lastUpdated=gt2026-01-01&_sort=-_lastUpdated") == ["o3", "o2", "o1"]
    assert found("Observation?_lastUpdated=lt2020-01-01") == []
    assert kit("GET", "/fhir/Observation?_summary=count").json["total"] == 3
    assert kit("GET", "/fhir/Observation?_total=accurate&_count=1").json["total"] == 3
    posted = kit(
        "POST",
        "/fhir/Patient/_search",
        "name=张伟".encode(),
        content_type="application/x-www-form-urlencoded",
    )
    assert ids(posted) == ["p1"]


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ("nmae=x", 400, "name"),
        ("name:exakt=x", 400, "exact"),
        ("birthdate=yesterday", 400, "birthdate"),
        ("_count=many", 400, "_count"),
        ("_sort=colour", 400, "colour"),
        ("_sort=identifier", 422, "identifier"),
        ("_include=Patient:general-practitionner", 400, "general-practitioner"),
        ("_page=invented", 400, "page"),
        ("organization.nmae=x", 400, "name"),
        ("address:contains=x", 422, "contains"),
        ("%ff=1", 400, ""),
    ],
)
def test_what_cannot_be_answered_is_said(kit: Kit, query: str, status: int, says: str) -> None:
    reply = kit("GET", f"/fhir/Patient?{query}")
    assert reply.status == status, reply.text
    assert says in reply.text
    assert reply.json["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("query", ["", "&_sort=_id", "&_sort=-_id", "&_sort=-_lastUpdated"])
def test_pages_are_stable_while_others_write(kit: Kit, query: str) -> None:
    put(kit, patient())
    for number in range(25):
        put(kit, observation(f"o{number:02d}"))
    seen: list[str] = []
    address: str | None = f"/fhir/Observation?patient=p1&_count=10{query}"
    while address:
        page = kit("GET", address)
        seen += ids(page)
        put(kit, observation(f"x{len(seen)}"))
        following = [link["url"] for link in page.json["link"] if link["relation"] == "next"]
        address = following[0].removeprefix("http://test") if following else None
        assert not address or "patient" not in address
    assert len(seen) == len(set(seen))
    assert set(seen) >= {f"o{number:02d}" for number in range(25)}
    assert not any(one.startswith(("x1", "x2")) for one in seen)


def test_an_address_is_found_by_its_beginning_and_kept_as_hashes(kit: Kit) -> None:
    put(
        kit,
        patient(
            address=[{"text": "太和县城关镇人民路12号"}],
            telecom=[{"system": "phone", "value": "139 1234 5678"}],
        ),
    )
    assert ids(kit("GET", "/fhir/Patient?address=太和县城关镇")) == ["p1"]
    assert ids(kit("GET", "/fhir/Patient?address=城关镇")) == []
    assert ids(kit("GET", "/fhir/Patient?phone=13912345678")) == ["p1"]
    assert kit.rows("SELECT * FROM record_idx_text WHERE value LIKE '%太和%'") == []


# --- transaction and batch -----------------------------------------------------------------


def bundle(kind: str, *entries: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def entry(
    method: str, url: str, resource: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    made: dict[str, Any] = {"request": {"method": method, "url": url}, **more}
    if resource is not None:
        made["resource"] = resource
    return made


URN = "urn:uuid:6f0a4a39-9d3a-4f6d-8c5b-2a106a1c9c3e"


def test_a_transaction_resolves_its_urns(kit: Kit) -> None:
    reply = kit(
        "POST",
        "/fhir",
        bundle(
            "transaction",
            entry(
                "POST",
                "Observation",
                observation("x", subject="?") | {"subject": {"reference": URN}},
            ),
            entry(
                "POST",
                "Patient",
                patient(identifier=[{"system": "urn:ietf:rfc:3986", "value": URN}]),
                fullUrl=URN,
            ),
            entry("GET", "Patient?name=张伟"),
        ),
    )
    assert reply.status == 200, reply.text
    made = [one["response"]["location"] for one in reply.json["entry"][:2]]
    assert [one["response"]["status"] for one in reply.json["entry"]] == ["201", "201", "200"]
    observed = kit("GET", "/fhir/" + made[0].partition("/_history")[0]).json
    assert observed["subject"]["reference"] == made[1].partition("/_history")[0]
    person = kit("GET", "/fhir/" + made[1].partition("/_history")[0]).json
    assert person["identifier"][0]["value"] == URN
    assert reply.json["entry"][2]["resource"]["entry"][0]["resource"]["id"] == person["id"]


@pytest.mark.parametrize(
    ("bad", "place", "says"),
    [
        (entry("PUT", "Patient/p2", {"resourceType": "Patient", "id": "p2", "nonsense": 1}), "Bundle.entry[1]", "nonsense"),
        (entry("POST", "Observation", observation("x") | {"subject": {"reference": URN}}), "Bundle.entry[1]", "urn"),
        (entry("PUT", "Patient/p1", patient()), "Bundle.entry[1]", "twice"),
        (entry("DELETE", "Patient/none"), "Bundle.entry[1]", "no such"),
        (entry("BREW", "Patient"), "Bundle.entry[1]", "method"),
        (entry("POST", "Observation", patient()), "Bundle.entry[1]", "type"),
        (entry("POST", "Patient"), "Bundle.entry[1]", "resource"),
        ({"resource": patient("p3")}, "Bundle.entry[1]", "request"),
        ("text", "Bundle.entry[1]", "object"),
    ],
)  # fmt: skip
def test_a_transaction_is_all_or_nothing_and_names_the_entry(
    kit: Kit, bad: Any, place: str, says: str
) -> None:
    reply = kit("POST", "/fhir", bundle("transaction", entry("PUT", "Patient/p1", patient()), bad))
    assert 400 <= reply.status < 500, reply.text
    assert reply.json["issue"][0]["expression"][0].startswith(place)
    assert says in reply.text
    assert kit.rows("SELECT * FROM record_version") == []
    assert kit.rows("SELECT * FROM record_idx_token") == []


def test_a_batch_stores_the_rest(kit: Kit) -> None:
    reply = kit(
        "POST",
        "/fhir",
        bundle(
            "batch",
            entry("PUT", "Patient/p1", patient()),
            entry("PUT", "Patient/p2", {"resourceType": "Patient", "id": "p2", "nonsense": 1}),
            entry("GET", "Patient/p1"),
            entry("GET", "Patient/none"),
        ),
    )
    assert reply.status == 200
    assert [one["response"]["status"] for one in reply.json["entry"]] == [
        "201",
        "400",
        "200",
        "404",
    ]
    assert reply.json["entry"][1]["response"]["outcome"]["resourceType"] == "OperationOutcome"
    assert kit.rows("SELECT count(*) FROM record_version") == [(1,)]


def test_a_bundle_of_another_type_is_refused(kit: Kit) -> None:
    assert kit("POST", "/fhir", bundle("collection")).status == 400
    assert kit("POST", "/fhir", patient()).status == 400
    assert kit("POST", "/fhir", bundle("transaction")).status == 200


@pytest.mark.shared
def test_the_raw_synthea_transactions_load(kit: Kit, shared: Path) -> None:
    import gzip

    files = sorted((shared / "data/synthea-100/bundles").glob("*.json.gz"))
    entries = 0
    for file in files:
        raw = gzip.decompress(file.read_bytes())
        reply = kit("POST", "/fhir", raw)
        assert reply.status == 200, reply.text[:500]
        entries += len(reply.json["entry"])
    assert len(files) == 10
    assert kit.rows("SELECT count(*) FROM record_version") == [(entries,)]
    assert kit.rows("SELECT count(*) FROM record_patient") == [(10,)]


# --- capabilities --------------------------------------------------------------------------


def test_every_claimed_parameter_is_answered(kit: Kit) -> None:
    values = {
        "token": "x",
        "reference": "Patient/x",
        "string": "x",
        "date": "2026",
        "number": "1",
        "quantity": "1",
        "uri": "http://x",
        "composite": "x$1",
    }
    statement = kit("GET", "/fhir/metadata").json
    assert statement["fhirVersion"] == "4.0.1"
    for resource in statement["rest"][0]["resource"]:
        if resource["type"] not in ("Patient", "Observation", "Claim", "Encounter", "Library"):
            continue
        for claimed in resource["searchParam"]:
            value = values[claimed["type"]]
            if claimed["name"].endswith("code-value-date"):
                value = "x$2026"
            reply = kit("GET", f"/fhir/{resource['type']}", query={claimed["name"]: value})
            assert reply.status == 200, (resource["type"], claimed, reply.text)
