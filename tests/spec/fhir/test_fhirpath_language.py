"""Each section of the FHIRPath specification, and of FHIR's additions to it, as a table."""

from decimal import Decimal

import pytest

from taihe.fhir import fhirpath
from taihe.fhir.search import Terms
from tests.spec.fhir import fhirpath_tables as tables

SECTIONS = [
    name for name, value in vars(tables).items() if name.isupper() and isinstance(value, str)
]
GIVEN = {"given": ["a", "b"], "none": None}


def answer(expression, resource):
    try:
        return "", fhirpath.compile(expression).evaluate(resource, variables=GIVEN)
    except fhirpath.FhirPathError as error:
        return error.kind, error


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_of_the_specification(section):
    resource = tables.OBSERVATION if section == "QUANTITIES" else tables.PATIENT
    wrong = []
    for expression, kind, values in tables.cases(getattr(tables, section)):
        got_kind, got = answer(expression, resource)
        if got_kind != kind or (not kind and not same(got, values)):
            wrong.append(f"{expression} gave {got_kind or got}, not {kind or values}")
    assert wrong == []


def same(got, wanted):
    """Equal with the same types and, for decimals, the same digits when they are written out."""
    if len(got) != len(wanted):
        return False
    for one, two in zip(got, wanted, strict=True):
        if isinstance(one, bool) != isinstance(two, bool):
            return False
        numbers = all(isinstance(v, int | Decimal) for v in (one, two))
        if isinstance(one, str) != isinstance(two, str) or (one != two and not numbers):
            return False
        if numbers and Decimal(one) != Decimal(two):
            return False
    return True


SYSTEM = {
    "resourceType": "CodeSystem",
    "url": "http://x",
    "content": "complete",
    "concept": [{"code": "above", "concept": [{"code": "below"}]}, {"code": "beside"}],
}
SET = {
    "resourceType": "ValueSet",
    "url": "http://x/vs",
    "compose": {"include": [{"system": "http://x", "filter": [
        {"property": "concept", "op": "is-a", "value": "above"}]}]},
}  # fmt: skip
ASKED = [
    ("above", "subsumes", "below", [True]),
    ("below", "subsumes", "above", [False]),
    ("below", "subsumedBy", "above", [True]),
    ("above", "subsumes", "beside", [False]),
    ("above", "subsumes", "above", [True]),
]


def coding(code):
    return f"Coding {{ system: 'http://x', code: '{code}' }}"


@pytest.mark.parametrize(("one", "function", "other", "gives"), ASKED)
def test_code_systems_that_are_given_say_what_lies_below(one, function, other, gives):
    compiled = fhirpath.compile(f"{coding(one)}.{function}({coding(other)})")
    assert compiled.evaluate(None, terms=Terms([SYSTEM])) == gives


def test_value_sets_that_are_given_say_what_is_in_them():
    terms = Terms([SYSTEM, SET])
    for code, gives in (("below", [True]), ("beside", [False])):
        compiled = fhirpath.compile(f"{coding(code)}.memberOf('http://x/vs')")
        assert compiled.evaluate(None, terms=terms) == gives
        assert compiled.evaluate(None) == []  # not known


def test_a_resolver_fetches_what_the_resource_does_not_hold():
    patient = {**tables.PATIENT, "generalPractitioner": [{"reference": "Practitioner/d"}]}
    doctor = {"resourceType": "Practitioner", "id": "d", "gender": "female"}
    compiled = fhirpath.compile("generalPractitioner.resolve().gender")
    assert compiled.evaluate(patient) == []
    assert compiled.evaluate(patient, resolver={"Practitioner/d": doctor}.get) == ["female"]


def test_every_error_has_a_kind_a_position_and_a_hint():
    bad = []
    for section in SECTIONS:
        resource = tables.OBSERVATION if section == "QUANTITIES" else tables.PATIENT
        for expression, kind, _ in tables.cases(getattr(tables, section)):
            if kind:
                _, error = answer(expression, resource)
                if error.position is None or not error.do or not error.line or not error.column:
                    bad.append(f"{expression}: {error}")
    assert bad == []
