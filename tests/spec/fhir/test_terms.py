"""Value sets that are given at run time: which codes they hold, and when that is not known."""

import pytest

from taihe.fhir.terms import ValueSets

TREE = {
    "resourceType": "CodeSystem", "url": "http://tree", "content": "complete",
    "property": [{"code": "kind", "type": "code"}, {"code": "old", "type": "boolean"}],
    "concept": [
        {"code": "t", "display": "town", "concept": [
            {"code": "t1", "property": [{"code": "kind", "valueCode": "x"}],
             "concept": [{"code": "t11", "property": [{"code": "old", "valueBoolean": True}]}]}]},
        {"code": "u", "property": [{"code": "kind", "valueCode": "y"}]},
    ],
}  # fmt: skip
PART = {**TREE, "url": "http://part", "content": "fragment"}


def codes(*include, exclude=(), **more):
    sets = ValueSets()
    for one in (TREE, PART, {"resourceType": "ValueSet", "url": "http://other", "compose": {
            "include": [{"system": "http://tree", "concept": [{"code": "t1"}, {"code": "u"}]}]}}):  # fmt: skip
        sets.add(one)
    compose = {"include": list(include), "exclude": list(exclude)}
    sets.add({"resourceType": "ValueSet", "url": "http://vs", "compose": compose, **more})
    found = sets.codes("http://vs")
    return None if found is None else {code for held in found.systems.values() for code in held}


def kept(name, how, value):
    return {"system": "http://tree", "filter": [{"property": name, "op": how, "value": value}]}


CASES = [
    ([{"system": "http://tree"}], {"t", "t1", "t11", "u"}),
    ([{"system": "http://tree", "concept": [{"code": "u"}]}], {"u"}),
    ([kept("concept", "is-a", "t1")], {"t1", "t11"}),
    ([kept("concept", "descendent-of", "t1")], {"t11"}),
    ([kept("concept", "is-not-a", "t1")], {"t", "u"}),
    ([kept("concept", "generalizes", "t11")], {"t", "t1", "t11"}),
    ([kept("concept", "is-a", "none")], set()),
    ([kept("kind", "=", "x")], {"t1"}),
    ([kept("kind", "in", "x, y")], {"t1", "u"}),
    ([kept("kind", "not-in", "x,y")], {"t", "t11"}),
    ([kept("kind", "exists", "false")], {"t", "t11"}),
    ([kept("old", "=", "true")], {"t11"}),
    ([kept("display", "=", "town")], {"t"}),
    ([{"valueSet": ["http://other|1"]}], {"t1", "u"}),
    ([{"system": "http://tree", "valueSet": ["http://other"]}], {"t1", "u"}),
    ([{**kept("concept", "is-a", "t"), "valueSet": ["http://other"]}], {"t1"}),
    ([kept("strange", "=", "x")], None),
    ([kept("kind", "regex", "x*")], None),
    ([{"system": "http://part"}], None),
    ([{"system": "http://not.given"}], None),
    ([{"valueSet": ["http://not.given"]}], None),
    ([{"valueSet": ["http://vs"]}], None),
]  # fmt: skip


@pytest.mark.parametrize(("include", "expected"), CASES)
def test_what_a_definition_includes(include, expected):
    assert codes(*include) == expected


def test_exclusions_expansions_and_unknown_sets():
    assert codes({"system": "http://tree"}, exclude=[kept("concept", "is-a", "t")]) == {"u"}
    listed = {"contains": [{"system": "s", "code": "a", "abstract": True, "contains": [
        {"system": "s", "code": "b"}]}]}  # fmt: skip
    assert codes(expansion=listed) == {"b"}
    assert ValueSets().codes("http://nobody") is None
    assert ValueSets().codes("http://hl7.org/fhir/ValueSet/administrative-gender") is not None
