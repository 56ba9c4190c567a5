"""
The fast form of an expression answers what the closures answer, and what a walk of the tree does.

Expressions over the whole language are made at random and asked of resources of every type: as
they are, with exact decimals, and with JSON that is not as the model says.
"""

import contextlib
import gzip
import json
import random
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import orjson
import pytest

from taihe.fhir import definitions, fhirpath, model
from taihe.fhir.fhirpath.elements import of_resource, plain, type_name
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.fhirpath.fast.forms import written, written_for_items
from taihe.fhir.fhirpath.fast.runtime import LEFT
from taihe.fhir.invariants import CORRECTED
from tests.oracle.fhir_resources import Maker
from tests.oracle.fhirpath_grammar import Grammar, broken, exactly
from tests.oracle.fhirpath_plain import NotCovered, Wrong, evaluate

NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
BENCH = Path(__file__).parents[2] / "bench" / "_fhirpath"


def environment(resource):
    root = of_resource(resource)
    return Environment(root, {"context": [root]}, NOW), root


def closures(compiled, resource):
    env, root = environment(resource)
    return compiled.run(env, [root])


def shown(values):
    """Values with their Python types: 1, 1.0, true and a Decimal of 1.00 are four things."""
    return [
        (type(v).__name__, json.dumps(v, default=str) if isinstance(v, dict | list) else str(v))
        for v in values
    ]


def answer_of(compiled, resource):
    """The items of the closures, or the error."""
    try:
        return closures(compiled, resource), None
    except fhirpath.FhirPathError as error:
        return None, error


def same_values(form, resource, items, counts):
    """Whether the form gives the values of the items, or leaves them to the closures."""
    try:
        got = shown(form.function(resource, NOW))
    except LEFT as left:
        counts["left"] += 1
        counts[type(left).__name__] += 1
        return True
    return items is not None and got == shown(v for i in items if (v := plain(i)) is not None)


def same_items(form, resource, items):
    env, root = environment(resource)
    try:
        got = form.function(env, root)
    except LEFT:
        return True
    if items is None:
        return False
    return [*map(type_name, got)] == [*map(type_name, items)] and shown(map(plain, got)) == shown(
        map(plain, items)
    )


def same_as_the_walk(form, text, resource):
    """Whether the form gives what the tree-walking oracle gives, where that covers it."""
    if "$index" in text or "descendants" in text:
        return None  # the walk has no index outside where(), and goes level by level
    try:
        expected = evaluate(text, resource)
    except (NotCovered, Wrong, RecursionError, AttributeError, TypeError, KeyError):
        return None
    try:
        return form.function(resource, NOW) == expected
    except LEFT:
        return None


def compare(kind, seed, times, counts):
    """Ask generated expressions of one type; counts what was seen."""
    whole = Maker(seed, full=0.9).resource(kind)
    resources = [whole, exactly(whole), broken(whole, seed), broken(whole, -seed - 1, 5)]
    grammar = Grammar(kind, seed)
    for _ in range(times):
        text = grammar.one()
        try:
            compiled = fhirpath.compile(text)
            compiled.check(kind)
        except fhirpath.FhirPathError:
            continue
        form = written(compiled.tree, kind)
        of_items = written_for_items(compiled.tree, kind, kind)
        counts["expressions"] += 1
        counts["forms"] += form is not None
        counts["alone"] += form is not None and not form.closures
        if form is None:
            continue
        for at, resource in enumerate(resources):
            try:
                items, error = answer_of(compiled, resource)
            except (AttributeError, TypeError, KeyError, ValueError):
                assert at > 1, (kind, seed, text)  # only broken JSON may do that
                continue
            counts["pairs"] += 1
            counts["errors"] += error is not None
            before, slips = counts["left"], counts["AttributeError"] + counts["TypeError"]
            assert same_values(form, resource, items, counts), (kind, seed, at, text)
            if at < 2 and error is None:
                counts["sound"] += 1
                counts["left sound"] += counts["left"] - before
                counts["slips"] += counts["AttributeError"] + counts["TypeError"] - slips
            if of_items is not None:
                assert same_items(of_items, resource, items), (kind, seed, at, text)
        walked = same_as_the_walk(form, text, whole)
        assert walked is not False, (kind, seed, text)
        counts["walked"] += walked is True


def test_generated_expressions_agree():
    counts = Counter()
    for kind in sorted(definitions.resource_types()):
        compare(kind, 1, 30, counts)
    assert counts["pairs"] > 15_000, counts
    assert counts["forms"] > counts["expressions"] * 0.99, counts
    assert counts["alone"] > counts["expressions"] * 0.9, counts
    assert counts["left sound"] < counts["sound"] * 0.03, counts
    assert counts["slips"] == 0, counts  # what the functions want of an environment is there
    assert counts["walked"] > 700, counts


@pytest.mark.nightly
def test_a_hundred_thousand_generated_pairs_agree():
    counts = Counter()
    seed = 100
    while counts["pairs"] < 100_000:
        seed += 1
        for kind in sorted(definitions.resource_types()):
            compare(kind, seed, 12, counts)
    assert counts["forms"] > counts["expressions"] * 0.99, counts


BROKEN = [
    ("name.given", {"name": [{"given": ["a", None], "_given": [None, {"id": "x"}]}]}),
    ("name.given.count()", {"name": [{"given": [None, "a"], "_given": [{"id": "x"}, None]}]}),
    ("birthDate.exists()", {"_birthDate": {"extension": [{"url": "u", "valueCode": "c"}]}}),
    ("birthDate.extension.value", {"_birthDate": {"extension": [{"url": "u", "valueCode": "c"}]}}),
    ("birthDate.extension('u').value", {"birthDate": "2000", "_birthDate": {"extension": [
        {"url": "u", "valueCode": "c"}, {"url": "v", "valueCode": "d"}]}}),
    ("name.family", {"name": {"family": "x"}}),
    ("maritalStatus", {"maritalStatus": [{"text": "x"}, {"text": "y"}]}),
    ("maritalStatus.exists()", {"maritalStatus": None}),
    ("name.count()", {"name": [None, {"family": "x"}]}),
    ("birthDate < @2000", {"birthDate": "soon"}),
    ("birthDate < @2000", {"birthDate": 5}),
    ("name.where(use = 'a').family", {"name": [{"use": ["a"], "family": "x"}]}),
    ("active and true", {"active": "true"}),
    ("active.not()", {"active": 1}),
    ("multipleBirth + 1", {"multipleBirthInteger": 2.0}),
    ("multipleBirth + 1", {"multipleBirthInteger": 2147483647}),
    ("multipleBirth is integer", {"multipleBirthInteger": 2, "multipleBirthBoolean": True}),
    ("(multipleBirth as integer) + 1", {"multipleBirthInteger": 2, "multipleBirthBoolean": True}),
    ("descendants().count()", {"birthDate": None, "gender": {"id": "x"}}),
    ("descendants().count()", {"name": [{"given": ["a", None]}], "active": [True]}),
    ("descendants().count()", {"contained": [{"resourceType": "Basic", "code": {"text": "x"}}]}),
    ("descendants().count()", {"contained": [{"resourceType": "Nothing", "code": {"text": "x"}}]}),
    ("descendants().ofType(Coding).code", {"maritalStatus": {"coding": {"code": "x"}}}),
    ("name.given | name.family", {"name": [{"given": ["a", "a"], "family": "a"}]}),
    ("name.distinct().count()", {"name": [{"use": "a"}, {"use": "a"}, {"use": "b"}]}),
    ("telecom.distinct().count()", {"telecom": [{"rank": 1}, {"rank": True}, {"rank": 1}]}),
    ("name.family.upper()", {"name": [{"family": "a"}, {"family": "b"}]}),
    ("telecom.rank > 1", {"telecom": [{"rank": 1}, {"rank": 2}]}),
    ("name.select(given.first() + family)", {"name": [{"given": ["a"]}, {"family": 5}]}),
    ("iif(name.given.count() > 1, name.given, 'none')", {"name": [{"given": ["a", "b"]}]}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "more"), BROKEN)
def test_data_that_is_not_as_the_model_says_is_answered_alike(text, more):
    resource = {"resourceType": "Patient", **more}
    compiled = fhirpath.compile(text)
    items, error = answer_of(compiled, resource)
    assert same_values(written(compiled.tree, "Patient"), resource, items, Counter())
    for _ in range(5):  # the form is written on the way
        if error is None:
            values = compiled.evaluate(resource)
            assert shown(values) == shown(v for i in items if (v := plain(i)) is not None)
        else:
            with pytest.raises(type(error)) as raised:
                compiled.evaluate(resource)
            assert raised.value.problem == error.problem
            assert raised.value.position == error.position


def measured():
    sys.path.insert(0, str(BENCH))
    try:
        from expressions import FORTY, TEN
    finally:
        sys.path.remove(str(BENCH))
    resources = json.loads((BENCH / "resources.json").read_text(encoding="utf-8"))
    return [(resources[name], text) for name, text in TEN + FORTY]


@pytest.mark.parametrize(("resource", "text"), measured())
def test_the_measured_expressions_are_written_without_closures_and_agree(resource, text):
    compiled = fhirpath.compile(text)
    form = written(compiled.tree, resource["resourceType"])
    assert form.closures == 0
    for one in (resource, exactly(resource)):
        expected = [v for i in closures(compiled, one) if (v := plain(i)) is not None]
        assert shown(form.function(one, NOW)) == shown(expected)


@pytest.mark.shared
def test_search_expressions_agree_on_synthea(shared):
    pick = random.Random(1)
    for file in sorted((shared / "data/synthea-100").glob("*.ndjson.gz")):
        with gzip.open(file) as lines:
            resources = [orjson.loads(line) for line, _ in zip(lines, range(10), strict=False)]
        kind = resources[0]["resourceType"]
        for row in definitions.search_parameters():
            if kind in row.bases and row.expression and row.kind != "composite":
                compiled = fhirpath.compile(row.expression)
                form = written(compiled.tree, kind)
                for resource in pick.sample(resources, 3):
                    items, error = answer_of(compiled, resource)
                    assert error is None
                    assert form is None or same_values(form, resource, items, Counter())


def elements():
    """Every place that may have rules: its path, type and place."""
    for name in sorted(definitions.types()):
        yield name, name, name
        stack, seen = [name], set()
        while stack:
            for field in model.fields(stack.pop()).values():
                if field.path not in seen:
                    seen.add(field.path)
                    yield field.path, field.type, field.place
                    if field.place == field.path:
                        stack.append(field.place)


def test_every_rule_of_the_specification_has_a_form():
    keys, written_keys = set(), set()
    for path, type, place in elements():
        for invariant in definitions.invariants(path):
            text = CORRECTED.get(invariant.key, invariant.expression)
            if text:
                keys.add(invariant.key)
                if written_for_items(fhirpath.compile(text).tree, type, place):
                    written_keys.add(invariant.key)
    assert len(keys) == 237
    assert keys - written_keys == set()


def test_every_published_search_expression_has_a_form():
    missing = []
    for row in definitions.search_parameters():
        if row.expression:
            compiled = fhirpath.compile(row.expression)
            missing += [
                (base, row.expression)
                for base in row.bases
                if base in definitions.resource_types() and written(compiled.tree, base) is None
            ]
    assert missing == []


HOSTILE = [
    "%resource.name.select(" * 12 + "1" + ")" * 12,
    "(1|2|3|4|5|6|7|8|9).select(" * 9 + "1" + ")" * 9,
    "descendants().select(%resource.descendants().select(%resource.descendants().count()))",
    "(1|2|3|4|5|6|7|8|9|10|11|12|13|14|15|16|17|18|19|20|21|22|23|24|25|26|27|28|29|30)"
    ".aggregate($total & $total, 'xxxxxxxxxx').length()",
    "repeatAll($this)",
    "name.where(" * 40 + "true" + ")" * 40,
    "name" + ".where(given.exists())" * 400,
    " and ".join(["name.given.exists()"] * 200),
    " | ".join(["name.given"] * 150),
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_expressions_take_bounded_time(text):
    resource = {"resourceType": "Patient", "name": [{"given": ["a", "b", "c"]}] * 8}
    compiled = fhirpath.compile(text)
    started = time.process_time()
    form = written(compiled.tree, "Patient")
    if form is not None:
        with contextlib.suppress(LEFT):
            form.function(resource, NOW)
    assert time.process_time() - started < 5


def test_what_is_too_deep_for_python_is_refused():
    with pytest.raises(fhirpath.SyntaxProblem):
        fhirpath.compile(" and ".join(["name.given.exists()"] * 4000))


@pytest.mark.shared
def test_the_expressions_of_the_suite_agree(shared):
    folder = shared / "conformance/fhirpath"
    forms = 0
    for group in json.loads((folder / "tests-fhir-r4.json").read_text())["groups"]:
        for case in group["tests"]:
            if not case["inputfile"] or case.get("invalid"):
                continue
            text = (folder / "input" / case["inputfile"]).read_text()
            compiled = fhirpath.compile(case["expression"])
            for resource in (json.loads(text), json.loads(text, parse_float=Decimal)):
                form = written(compiled.tree, resource["resourceType"])
                items, _ = answer_of(compiled, resource)
                forms += form is not None
                if form is not None:
                    agree = same_values(form, resource, items, Counter())
                    assert agree, case["expression"]
    assert forms > 700
