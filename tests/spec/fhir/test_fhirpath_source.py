"""Nothing that somebody writes into an expression becomes Python of the fast form."""

import builtins

import pytest

from taihe.fhir import fhirpath

PATIENT = {
    "resourceType": "Patient",
    "id": "p",
    "name": [{"family": "x", "given": ["a"]}],
    "birthDate": "1980-01-01",
}
BREAKS_OUT = "\"'\n__import__('builtins').taihe_was_here = True\n#"
TEXT = BREAKS_OUT.replace("'", "\\'").replace("\n", "\\n")
NAME = BREAKS_OUT.replace("\n", "\\n")

EXPRESSIONS = [
    f"name.`{NAME}`",
    f"`{NAME}`.exists()",
    f"name.where(family = '{TEXT}')",
    f"extension('{TEXT}').value",
    f"%`{NAME}` | name",
    f"name.family.replace('{TEXT}', '{TEXT}')",
    f"name.ofType(`{NAME}`)",
    f"name is FHIR.`{NAME}`",
    f"1 '{TEXT}' + 2 '{TEXT}'",
    f"name.family.matches('{TEXT}')",
    f"name.given.join('{TEXT}')",
    f"'{TEXT}' in name.family",
    f"name.select(`{NAME}` | family)",
    f"descendants().where(family = '{TEXT}')",
    f"iif(name.family = '{TEXT}', '{TEXT}', `{NAME}`)",
    f"name.repeat(`{NAME}`)",
    f"name.defineVariable('{TEXT}', family)",
    f"name.sort(`{NAME}` desc)",
    f"name.family.encode('{TEXT}')",
    f"birthDate > @1970 and id != '{TEXT}'",
]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_what_is_written_in_an_expression_stays_a_value(expression: str) -> None:
    for _ in range(6):  # the fast form is written at the fourth use
        try:
            fhirpath.compile(expression).evaluate(PATIENT)
        except fhirpath.FhirPathError as refused:
            assert refused.problem
    assert not hasattr(builtins, "taihe_was_here")


def test_a_text_that_breaks_out_is_compared_as_it_is() -> None:
    named = {**PATIENT, "name": [{"family": BREAKS_OUT}]}
    compiled = fhirpath.compile(f"name.where(family = '{TEXT}').exists()")
    assert [compiled.evaluate(one) for one in [named, PATIENT] * 4] == [[True], [False]] * 4
