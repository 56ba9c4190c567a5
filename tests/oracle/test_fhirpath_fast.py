"""The fast form of an expression answers what the closures answer, on resources of every type."""

import gzip
import random

import orjson
import pytest

from taihe.fhir import definitions, fhirpath, model
from taihe.fhir.fhirpath.elements import plain
from taihe.fhir.fhirpath.generated import fast_form
from tests.oracle.fhir_resources import Maker


def closures(compiled, resource):
    return [v for item in compiled.items(resource) if (v := plain(item)) is not None]


def expressions(kind, maker):
    """Paths of a type with what the fast form covers, made at random."""
    pick = maker.random

    def path(place, depth):
        named = model.named(place)
        if not named or depth == 0:
            return "", None
        name = pick.choice(sorted(named))
        field = pick.choice(named[name])
        step = name if len(named[name]) == 1 else f"{name}.ofType({field.type})"
        rest, last = path(field.place, depth - 1) if not field.primitive else ("", None)
        return (f"{step}.{rest}", last) if rest else (step, field)

    for _ in range(12):
        text, field = path(kind, pick.choice((1, 2, 3)))
        if not text:
            continue
        form = pick.randrange(9)
        if form == 0:
            yield text
        elif form == 1:
            yield f"{text}.exists()"
        elif form == 2:
            yield f"{text}.first()"
        elif form == 3:
            yield f"{text}.count()"
        elif form == 4 and field.primitive and field.type in ("code", "string", "uri"):
            yield f"{text} = 'c1' or {text}.empty()"
        elif form == 5 and field.type in ("date", "dateTime", "instant"):
            yield f"{text}.first() >= @2003-04"
        elif form == 6 and field.type in ("decimal", "integer", "positiveInt"):
            yield f"{text}.first() > 2 and {text}.exists()"
        elif form == 7 and "." in text:
            first, _, rest = text.partition(".")
            if "(" not in first:
                yield f"{first}.where({rest.split('.')[0]}.exists()).select({rest})"
        elif field.type == "boolean":
            yield f"({text}.first() = true).not()"
        else:
            yield f"{text}.exists().not() implies id = 'r-1'"


def test_generated_expressions_agree():
    fast = total = 0
    for seed in range(2):
        for kind in sorted(definitions.resource_types()):
            maker = Maker(seed, full=0.9)
            resource = maker.resource(kind)
            for text in expressions(kind, maker):
                compiled = fhirpath.compile(text)
                try:
                    expected = closures(compiled, resource)
                except fhirpath.FhirPathError as error:
                    with pytest.raises(type(error)):
                        compiled.evaluate(resource)
                    continue
                total += 1
                fast += fast_form(compiled.tree, kind) is not None
                assert compiled.evaluate(resource) == expected, (kind, text)
    assert total > 2000
    assert fast > total * 0.5


def test_data_that_is_not_as_the_model_says_is_answered_alike():
    cases = [
        ("name.given", {"name": [{"given": ["a", None], "_given": [None, {"id": "x"}]}]}),
        ("name.given.count()", {"name": [{"given": [None, "a"], "_given": [{"id": "x"}, None]}]}),
        ("birthDate.exists()", {"_birthDate": {"extension": [{"url": "u", "valueCode": "c"}]}}),
        ("name.family", {"name": {"family": "x"}}),
        ("birthDate < @2000", {"birthDate": "soon"}),
        ("name.where(use = 'a').family", {"name": [{"use": ["a"], "family": "x"}]}),
    ]
    for text, more in cases:
        resource = {"resourceType": "Patient", **more}
        compiled = fhirpath.compile(text)
        try:
            expected = closures(compiled, resource)
        except fhirpath.FhirPathError as error:
            with pytest.raises(type(error)):
                compiled.evaluate(resource)
        else:
            assert compiled.evaluate(resource) == expected, text


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
                for resource in pick.sample(resources, 3):
                    assert compiled.evaluate(resource) == closures(compiled, resource)


def test_counting_all_descendants_agrees():
    compiled = fhirpath.compile("descendants().count()")
    for kind in sorted(definitions.resource_types()):
        resource = Maker(3, full=0.9).resource(kind)
        assert compiled.evaluate(resource) == closures(compiled, resource)
