"""Generated searches have the same answers from index rows and from the plain evaluator."""

from __future__ import annotations

from collections import Counter

import pytest

from taihe.fhir.search import parse
from taihe.fhir.search.memory import MemoryStore
from taihe.fhir.search.plain import Plain
from tests.oracle.fhir_world import Asker, missing_parameters, world


@pytest.fixture(scope="module")
def both():
    return MemoryStore(world()), Plain(world())


def test_the_world_covers_every_parameter():
    assert missing_parameters() == []
    assert 500 <= len(world()) <= 1000


def ids(resources):
    return [(r["resourceType"], r["id"]) for r in resources]


def compare(both, count, seed):
    memory, plain = both
    asker = Asker(plain, seed)
    seen: Counter[str] = Counter()
    for number in range(count):
        kind, pairs = asker.question()
        query = parse(kind, pairs)
        fast, slow = memory.search(query), plain.search(query)
        assert ids(fast) == ids(slow), (number, kind, pairs)
        if query.includes:
            added = ids(memory.included(query, fast)), ids(plain.included(query, slow))
            assert sorted(added[0]) == sorted(added[1]), (number, kind, pairs)
            seen["includes"] += bool(added[0])
        seen["hits"] += bool(slow)
        seen["sorted"] += bool(query.sort)
        for name, _ in pairs:
            seen["chains"] += "." in name
            seen["has"] += name.startswith("_has")
    return seen


def test_answers_are_those_of_a_plain_walk(both):
    seen = compare(both, 1000, seed=4)
    assert seen["hits"] > 400
    assert min(seen[part] for part in ("includes", "sorted", "chains", "has")) > 50


@pytest.mark.nightly
def test_twenty_thousand_answers_are_those_of_a_plain_walk(both):
    compare(both, 20_000, seed=5)
