"""What a search asks of its answer: pages, totals, parts; the answer as a Bundle."""

from __future__ import annotations

import pytest

from taihe.fhir.search import parse
from taihe.fhir.search.memory import MemoryStore
from taihe.fhir.search.plain import Plain
from taihe.fhir.search.searchset import searchset
from taihe.kernel.errors import Incorrect
from tests.spec.fhir.searches import pairs_of

BASE = "http://taihe.test/fhir"
OBSERVATIONS = [
    {
        "resourceType": "Observation",
        "id": f"o{number:02}",
        "meta": {"tag": [{"code": "t"}]},
        "text": {"status": "generated", "div": "<div>x</div>"},
        "status": "final",
        "code": {"text": "BP"},
        "note": [{"text": "n"}],
        "subject": {"reference": "Patient/p"},
        "valueInteger": number,
    }
    for number in range(23)
]
STORE = MemoryStore([{"resourceType": "Patient", "id": "p"}, *OBSERVATIONS])


def answer(query: str) -> dict:
    pairs = pairs_of(query)
    return searchset(STORE, parse("Observation", pairs), base=BASE, pairs=pairs)


def test_pages_give_every_match_once_in_its_order():
    found, query, pages = [], "_sort=-_id&_count=5", 0
    while query:
        bundle = answer(query)
        found += [entry["resource"]["id"] for entry in bundle["entry"]]
        links = [link["url"] for link in bundle.get("link", ())]
        pages += 1
        query = links[0].removeprefix(f"{BASE}/Observation?") if links else ""
    assert pages == 5
    assert found == [f"o{number:02}" for number in reversed(range(23))]


def test_a_page_holds_what_its_own_matches_include():
    bundle = answer("_count=2&_include=Observation:patient")
    modes = [(e["search"]["mode"], e["fullUrl"]) for e in bundle["entry"]]
    assert modes == [
        ("match", f"{BASE}/Observation/o00"),
        ("match", f"{BASE}/Observation/o01"),
        ("include", f"{BASE}/Patient/p"),
    ]
    assert bundle["total"] == 23


def test_totals_and_counts():
    assert answer("_summary=count") == {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": 23,
    }
    assert answer("_count=0") == answer("_summary=count")
    assert "total" not in answer("_total=none")
    assert answer("_total=accurate&_id=o01")["total"] == 1
    assert "entry" not in answer("_id=nothing")
    with pytest.raises(Incorrect, match="next link"):
        answer("_page=-3")


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("_summary=true", {"code", "status", "subject", "valueInteger"}),
        ("_summary=text", {"code", "status", "text"}),
        ("_summary=data", {"code", "note", "status", "subject", "valueInteger"}),
        ("_summary=false", {"code", "note", "status", "subject", "text", "valueInteger"}),
        ("_elements=note", {"code", "note", "status"}),
        ("_elements=value,subject", {"code", "status", "subject", "valueInteger"}),
    ],
)
def test_a_part_holds_what_is_asked_and_what_is_mandatory(query, keys):
    (entry,) = answer(query + "&_id=o01")["entry"]
    resource = entry["resource"]
    assert set(resource) == keys | {"resourceType", "id", "meta"}
    is_part = any(tag["code"] == "SUBSETTED" for tag in resource["meta"]["tag"])
    assert is_part == (query != "_summary=false")
    assert OBSERVATIONS[1]["meta"] == {"tag": [{"code": "t"}]}


def test_the_plain_evaluator_answers_the_same_bundle():
    resources = [{"resourceType": "Patient", "id": "p"}, *OBSERVATIONS]
    query = parse("Observation", pairs_of("_count=4&_page=8&_include=*"))
    assert searchset(STORE, query) == searchset(Plain(resources), query)
