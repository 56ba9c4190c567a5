"""Generated searches have the same answers from index rows and from the plain evaluator."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from taihe.fhir import definitions
from taihe.fhir.search import Terms, extract, parameter_by_number, parse
from taihe.fhir.search.memory import MemoryStore
from taihe.fhir.search.plain import Plain
from taihe.fhir.search.query import Condition
from taihe.fhir.search.results import sort_of
from taihe.fhir.search.searchset import searchset
from taihe.kernel.errors import Incorrect, TaiheError
from tests.oracle.fhir_resources import OddMaker
from tests.oracle.fhir_world import (
    IMPOSSIBLE,
    OF_WORDS,
    Asker,
    missing_parameters,
    terms,
    world,
)


@pytest.fixture(scope="module")
def both():
    return MemoryStore(world()), Plain(world())


def test_the_world_has_a_value_of_every_pair_that_can_have_one():
    assert missing_parameters() == {*IMPOSSIBLE, *OF_WORDS}
    assert len(definitions.parameter_numbers()) == 1719
    assert 500 <= len(world()) <= 1000


def ids(resources):
    return [(r["resourceType"], r["id"]) for r in resources]


def test_every_pair_is_asked_for_and_found(both):
    """For each pair a value of some resource finds that resource, and both agree on it."""
    memory, plain = both
    asker = Asker(plain, 6)
    holders = {}
    for resource in world():
        for row in extract(resource):
            holders.setdefault(row.param, []).append((resource["resourceType"], resource["id"]))
    for number, keys in sorted(holders.items()):
        parameter, key = parameter_by_number(number), asker.random.choice(keys)
        ways = plain.ways(key, Condition(parameter, "", ()))
        certain = asker.finding(parameter, asker.random.choice(ways))
        for pair in (certain, asker.about(parameter, ways, key)):
            query = parse(key[0], [pair], terms=terms())
            fast, slow = ids(memory.search(query)), ids(plain.search(query))
            assert fast == slow, (key, pair)
            assert pair is not certain or key in slow, (key, pair)
    assert len(holders) == 1719 - len(IMPOSSIBLE) - len(OF_WORDS)


def paged(store, query):
    """The matches of all pages of three, as they come."""
    found, page = [], None
    while True:
        bundle = searchset(store, replace(query, count=3, page=page))
        entries = bundle.get("entry", ())
        found += ids([e["resource"] for e in entries if e["search"]["mode"] == "match"])
        if "link" not in bundle:
            return found
        page = bundle["link"][0]["url"].rpartition("=")[2]


def compare(both, count, seed):
    memory, plain = both
    asker = Asker(plain, seed)
    seen: Counter[str] = Counter()
    for number in range(count):
        kind, pairs = asker.question()
        query = parse(kind, pairs, terms=terms())
        fast, slow = memory.search(query), plain.search(query)
        assert ids(fast) == ids(slow), (number, kind, pairs)
        if query.includes:
            added = ids(memory.included(query, fast)), ids(plain.included(query, slow))
            assert sorted(added[0]) == sorted(added[1]), (number, kind, pairs)
            seen["includes"] += bool(added[0])
        if number % 10 == 0:
            assert paged(memory, query) == ids(slow), (number, kind, pairs)
        seen["hits"] += bool(slow)
        seen["sorted"] += bool(query.sort)
        seen["several parameters"] += len(query.conditions) > 1
        for name, _ in pairs:
            seen["chains"] += "." in name
            seen["three links"] += name.count(".") + name.count("_has") > 2
            seen["has"] += name.startswith("_has")
            seen["chain in has"] += name.startswith("_has") and "." in name
    return seen + asker.kinds


def test_answers_are_those_of_a_plain_walk(both):
    seen = compare(both, 1500, seed=4)
    assert seen["hits"] > 600
    rare = ("includes", "sorted", "chains", "has", "_filter", "_list", "_text, _content")
    assert min(seen[part] for part in rare) > 40
    rarer = ("token:below", "reference:above", "chain in has", "three links")
    assert min(seen[part] for part in rarer) > 5


@pytest.mark.nightly
def test_twenty_thousand_answers_are_those_of_a_plain_walk(both):
    seen = compare(both, 20_000, seed=5)
    for part, count in sorted(seen.items()):
        print(f"{part:24}{count:>7}")


BITS = ["|", ",", "$", "\\", ":", ".", "-", '"', "(", ")", "[", "]", " ", "%", "+", "eq", "ne", "张",
        "\u0301", "\x00", "0", "٣", "T", "Z", "#", "/", "_has:", "*", "\ud800", "İ", "ﬀ", "·", "👍",
        "or", "and", "not"]  # fmt: skip


def broken(chance, text):
    """A text with one to three accidents."""
    pieces = list(text)
    for _ in range(chance.choice((1, 1, 2, 3))):
        at = chance.randrange(len(pieces) + 1)
        if chance.random() < 0.6 or not pieces:
            pieces[at:at] = [chance.choice(BITS)]
        else:
            del pieces[min(at, len(pieces) - 1)]
    return "".join(pieces)


def ask_broken(both, count, seed):
    memory, plain = both
    asker, chance = Asker(plain, seed), random.Random(seed)
    read = 0
    for number in range(count):
        kind, pairs = asker.question()
        at = chance.randrange(len(pairs))
        name, text = pairs[at]
        is_name = chance.random() < 0.3
        pairs[at] = (broken(chance, name), text) if is_name else (name, broken(chance, text))
        try:
            query = parse(kind, pairs, terms=terms())
        except TaiheError as refused:
            assert str(refused)
            continue
        read += 1
        assert ids(memory.search(query)) == ids(plain.search(query)), (number, kind, pairs)
    return read


def test_broken_questions_are_refused_or_answered_alike(both):
    assert ask_broken(both, 1500, seed=8) > 300


@pytest.mark.nightly
def test_many_broken_questions_are_refused_or_answered_alike(both):
    ask_broken(both, 40_000, seed=9)


def test_what_lies_above_and_below_is_what_a_slow_walk_finds():
    """Hierarchies of any shape, nested, by properties and with loops."""
    chance = random.Random(7)
    for number in range(40):
        codes = [f"c{one}" for one in range(chance.randint(2, 12))]
        parents = {
            code: chance.sample(codes, chance.choice((0, 1, 1, 2)) % len(codes)) for code in codes
        }
        links = {
            code: [{"code": chance.choice(("parent", "subsumedBy")), "valueCode": one}
                   for one in above]
            for code, above in parents.items()
        }  # fmt: skip
        nested = codes[: len(codes) // 2]
        concept = None
        for code in reversed(nested):
            inner = {"code": code, "property": links[code]}
            concept = {**inner, "concept": [concept]} if concept else inner
        for upper, lower in zip(nested, nested[1:], strict=False):
            parents[lower] = [*parents[lower], upper]
        rest = [{"code": c, "property": links[c]} for c in codes[len(nested) :]]
        url = f"urn:t:{number}"
        known = Terms(
            [{"resourceType": "CodeSystem", "url": url, "content": "complete",
              "concept": [*([concept] if concept else []), *rest]}]
        )  # fmt: skip
        for code in codes:
            above = {code}
            for _ in codes:
                above |= {one for lower in above for one in parents[lower]}
            assert known.above(url, code) == above
            for other in codes:
                assert (other in known.below(url, code)) == (code in known.above(url, other))


WRONG = [None, True, -1, 1.5, "x", [], {}, [None], [{}], [[1]], 10**400, {"coding": "x"}, "2020-99"]


def misshapen(chance, resource):
    """A resource with something else at one or two of its places."""
    places = []

    def walk(value):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            places.append((value, key))
            if isinstance(inner, dict | list):
                walk(inner)

    walk(resource)
    for holder, key in chance.sample(places, chance.choice((1, 2))):
        holder[key] = chance.choice(WRONG)
    return resource


def add_misshapen(count, seed):
    chance = random.Random(seed)
    kinds = sorted(definitions.resource_types())
    texts = [parse("Patient", [(name, "x")]) for name in ("name", "_text", "_content", "gender")]
    taken = 0
    for number in range(count):
        kind = chance.choice(kinds)
        resource = misshapen(chance, OddMaker(seed * 100_000 + number).resource(kind))
        try:
            store = MemoryStore([resource])
        except Incorrect:
            continue
        taken += 1
        for query in texts:
            store.search(replace(query, type=kind, conditions=query.conditions))
            store.search(replace(query, type=kind, sort=sort_of(kind, "_id,-_lastUpdated")))
    return taken


def test_misshapen_resources_are_refused_or_searched():
    assert 200 < add_misshapen(400, seed=1) < 400


@pytest.mark.nightly
def test_many_misshapen_resources_are_refused_or_searched():
    add_misshapen(20_000, seed=2)
