"""The record's store answers generated searches as the plain evaluator does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from taihe.fhir.search import parse
from taihe.fhir.search.plain import Plain
from taihe.record import prepare
from taihe.record.interactions import search
from taihe.record.store import Write
from tests.oracle.fhir_world import Asker, terms, world
from tests.record_kit import SYSTEM, Kit, make_kit


@pytest.fixture
def kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kit]:
    # The world touches every path and minds no rule; what is asked here is the index.
    monkeypatch.setattr(prepare, "check", lambda resource: [])
    monkeypatch.setattr(prepare, "future_date", lambda *_, **__: None)
    monkeypatch.setattr(search, "terms_of", lambda store: terms())
    with make_kit(tmp_path, monkeypatch) as made:
        writes = []
        for resource in world():
            raw = orjson.dumps(resource, default=lambda number: orjson.Fragment(str(number)))
            prepared = made.preparer.from_bytes(raw)
            writes.append(Write(prepared.type, prepared.id, prepared))
        made.store.apply(writes, by=SYSTEM)
        yield made


def answer(kit: Kit, kind: str, pairs: list[tuple[str, str]]) -> Any:
    """(matches in order, included) over all pages; None with the reason when refused."""
    reply = kit("GET", f"/fhir/{kind}", query=[*pairs, ("_count", "3")])
    matches: list[tuple[str, str]] = []
    included: set[tuple[str, str]] = set()
    while True:
        if reply.status == 422 or "too many types" in reply.text:
            return reply.json["issue"][0]["details"]["text"], None
        assert reply.status == 200, (reply.text, kind, pairs)
        for entry in reply.json.get("entry", ()):
            resource = entry["resource"]
            key = resource["resourceType"], resource["id"]
            if entry["search"]["mode"] == "match":
                matches.append(key)
            else:
                included.add(key)
        following = [link["url"] for link in reply.json["link"] if link["relation"] == "next"]
        if not following:
            return matches, included - set(matches)
        reply = kit("GET", following[0].removeprefix("http://test"))


def compare(kit: Kit, count: int, seed: int) -> Counter[str]:
    plain = Plain(world())
    asker = Asker(plain, seed)
    seen: Counter[str] = Counter()
    for number in range(count):
        kind, pairs = asker.question()
        # Set by the store when it writes, and asked for elsewhere.
        if any("_lastUpdated" in part for pair in pairs for part in pair):
            continue
        matches, included = answer(kit, kind, pairs)
        if included is None:
            seen["refused"] += 1
            continue
        query = parse(kind, pairs, terms=terms())
        expected = plain.search(query)
        keys = [(r["resourceType"], r["id"]) for r in expected]
        assert matches == keys, (number, kind, pairs)
        added = {(r["resourceType"], r["id"]) for r in plain.included(query, expected)}
        assert included == added, (number, kind, pairs)
        seen["hits"] += bool(keys)
        seen["sorted"] += bool(query.sort)
        seen["included"] += bool(added)
        seen["pages"] += len(keys) > 3
        seen["filters"] += any(name == "_filter" for name, _ in pairs)
        seen["lists"] += any(name == "_list" for name, _ in pairs)
        for name, _ in pairs:
            seen["chains"] += "." in name
            seen["has"] += name.startswith("_has")
    return seen


def test_the_store_answers_as_a_plain_walk(kit: Kit) -> None:
    seen = compare(kit, 1000, seed=11)
    # Words, texts beside codes, and an order by what is hashed.
    assert seen["refused"] < 400
    answered = ("sorted", "included", "chains", "has", "pages", "filters", "lists")
    assert min(seen[part] for part in answered) > 10


@pytest.mark.nightly
def test_the_store_answers_twenty_thousand_as_a_plain_walk(kit: Kit) -> None:
    seen = compare(kit, 20_000, seed=12)
    assert seen["refused"] < 8_000, seen
