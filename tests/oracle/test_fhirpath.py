"""The compiled engine answers what a slow walk of the tree answers."""

import json
import random
from decimal import Decimal

import pytest

from taihe.fhir import definitions, fhirpath
from tests.oracle.fhir_resources import Maker
from tests.oracle.fhirpath_plain import NotCovered, Wrong, evaluate

STEPS = [
    ".where({c})", ".select({p})", ".exists()", ".exists({c})", ".all({c})", ".first()", ".last()",
    ".tail()", ".skip(1)", ".take(2)", ".count()", ".empty()", ".not()", ".distinct()",
    ".isDistinct()", ".union({p})", ".combine({p})", ".intersect({p})", ".exclude({p})",
    ".children()", ".extension('http://example.org/e')", ".ofType({t})", ".as({t})", ".is({t})",
    ".startsWith('a')", ".contains('a')", ".upper()", ".length()", ".indexOf('a')", ".toString()",
    "[0]", "[1]", ".aggregate($total + 1, 0)", ".value", ".id", ".text", ".coding.code",
]  # fmt: skip
JOINS = [" = ", " != ", " | ", " and ", " or ", " xor ", " implies ", " in ", " contains ", " < ",
         " >= ", " + ", " - ", " * ", " & "]  # fmt: skip
TYPES = ["string", "code", "boolean", "CodeableConcept", "Quantity", "integer", "System.String"]
LITERALS = ["'a'", "1", "2.5", "true", "{}", "'c1'", "(1 | 2)", "%resource.id", "-3"]


class Expressions:
    def __init__(self, kind, seed):
        self.pick = random.Random(f"{kind}{seed}")
        self.names = [name.removesuffix("[x]") for name in definitions.children(kind)]

    def path(self, depth):
        text = self.pick.choice([*self.names, "$this" if depth < 3 else "id", *LITERALS])
        for _ in range(self.pick.randrange(3)):
            text += self.fill(self.pick.choice(STEPS), depth - 1)
        return text

    def fill(self, step, depth):
        if "{c}" in step:
            return step.replace("{c}", self.condition(depth))
        if "{p}" in step:
            return step.replace("{p}", self.path(depth) if depth > 0 else "$this")
        return step.replace("{t}", self.pick.choice(TYPES))

    def condition(self, depth):
        if depth <= 0:
            return "$this.exists()"
        return f"{self.path(depth - 1)}{self.pick.choice(JOINS)}{self.path(depth - 1)}"

    def one(self):
        return self.path(3) if self.pick.random() < 0.6 else self.condition(3)


def compare(expression, resource):
    """True when both answered or refused alike; None when the plain twin does not cover it."""
    try:
        expected = evaluate(expression, resource)
    except (NotCovered, RecursionError, AttributeError, TypeError, KeyError):
        return None
    except Wrong:
        try:
            fhirpath.compile(expression).evaluate(resource)
        except fhirpath.FhirPathError:
            return True
        return False
    try:
        got = fhirpath.compile(expression).evaluate(resource)
    except fhirpath.SemanticProblem:
        return None  # found before it ran
    return got == expected


def test_generated_expressions_agree():
    covered = 0
    for kind in sorted(definitions.resource_types()):
        resource = Maker(7, full=0.9).resource(kind)
        expressions = Expressions(kind, 1)
        for _ in range(60):
            text = expressions.one()
            agree = compare(text, resource)
            assert agree is not False, (kind, text)
            covered += agree is True
    assert covered > 3000


@pytest.mark.shared
def test_the_published_expressions_agree(shared):
    folder = shared / "conformance/fhirpath"
    covered = 0
    for group in json.loads((folder / "tests-fhir-r4.json").read_text())["groups"]:
        for case in group["tests"]:
            if case["inputfile"] and not case.get("invalid"):
                text = (folder / "input" / case["inputfile"]).read_text()
                resource = json.loads(text, parse_float=Decimal)
                agree = compare(case["expression"], resource)
                assert agree is not False, case["expression"]
                covered += agree is True
    assert covered > 100
