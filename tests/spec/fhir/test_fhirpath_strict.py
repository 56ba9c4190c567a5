"""Wrong expressions that people write: which kind of error, where, and what the message says."""

import pytest

from taihe.fhir import definitions, fhirpath
from tests.spec.fhir.fhirpath_tables import PATIENT

# Wrong in any mode: expression, kind, column, a part of the problem, a part of the hint.
WRONG = [
    ("name.given == 'x'", "syntax", 13, "found =", "Write ="),
    ('name.where(use = "x")', "syntax", 18, "begins with", "single quotes"),
    ("name.where(use='official'", "syntax", 26, "the end", "Close the bracket"),
    ("name.where(use='official'))", "syntax", 27, "found )", "Leave the bracket out"),
    ("name..given", "syntax", 6, "Expected a name", "missing"),
    ("active and not deceased", "syntax", 16, "found deceased", "active.not()"),
    ("!active", "syntax", 1, "begins with !", "not()"),
    ("active && true", "syntax", 9, "found &", "Write and"),
    ("active || true", "syntax", 9, "found |", "Write or"),
    ("name.family like 'A%'", "syntax", 13, "found like", "startsWith()"),
    ("telecom.value contains '1' and", "syntax", 31, "the end", "after and"),
    ("name.family = 'x", "syntax", 15, "no end", "single quote"),
    ("birthDate > @1980-13", "syntax", 13, "no Date", "month"),
    ("name.where($This.use = 'x')", "syntax", 12, "begins with $", "$this"),
    ("iif(active, 1) 2", "syntax", 16, "found 2", "Join two values"),
    ("telecom[1", "syntax", 10, "the end", "Close the bracket"),
    ("name.given.startswith('a')", "semantic", 12, "startswith()", "Did you mean startsWith()?"),
    ("name.exist()", "semantic", 6, "exist()", "Did you mean exists()?"),
    ("name.given.replace('a')", "semantic", 12, "2 arguments, not 1", "Add"),
    ("name.select(given, family)", "semantic", 6, "1 argument, not 2", "Leave out"),
    ("name.startsWith('a')", "semantic", 6, "not a HumanName", "Name the element"),
    ("deceasedBoolean", "semantic", 1, "deceased", "deceased.ofType(boolean)"),
    ("value.ofType('Quantity')", "semantic", 7, "name of a type", "without quotes"),
    ("Coding { cod: 'x' }", "semantic", 1, "no element cod", "Did you mean code?"),
    ("name.given.length()", "execution", 12, "there are 4", "first()"),
    ("birthDate > 1980", "execution", 11, "no order", "@2024-01-31"),
    ("'a' + 1", "execution", 5, "not defined", "Use &"),
    ("today() - birthDate", "execution", 9, "not defined", "difference()"),
    ("name.ofType(HumanNam)", "execution", 6, "HumanNam", "Did you mean HumanName?"),
    ("%resources.id", "execution", 1, "not defined", "Did you mean %resource?"),
    ("extension['http://x']", "execution", 10, "whole number", "extension('...')"),
    ("-1.convertsToInteger()", "execution", 1, "sign", "(-1).abs()"),
    ("name.\n  nonsense()", "semantic", 3, "nonsense()", ""),
]

# Refused in strict mode only: expression, column, a part of the problem, a part of the hint.
STRICT = [
    ("Patient.nmae", 9, "no element nmae", "Did you mean name?"),
    ("birthdate", 1, "no element birthdate", "Did you mean birthDate?"),
    ("gender = male", 10, "no element male", "write 'male'"),
    ("name.exists", 6, "no element exists", "exists() with brackets"),
    ("null", 1, "no element null", "Write {}"),
    ("Observation.value", 1, "no Observation, but a Patient", "its own type"),
    ("birthDate > '1980-01-01'", 11, "a date with a String", "Write a date as @1980-01-01."),
    ("active = 'true'", 8, "a boolean with a String", "Leave out the quotes."),
    ("name.count() > '1'", 14, "an Integer with a String", "Leave out the quotes."),
    ("name.first().given.first() = name", 28, "does not compare", ""),
    ("name.given.startsWith('a')", 12, "may have several", "select()"),
    ("name.given = '张'", 12, "may have several", "where()"),
    ("name.family + name.given.first()", 13, "may have several", "select()"),
    ("name.use is code", 10, "may have several", "ofType()"),
    ("telecom['phone']", 8, "a whole number, not a String", "where()"),
    ("birthDate.length() + 'a'", 20, "not defined", "Use &"),
    ("active.abs()", 8, "a number or a quantity, not a boolean", ""),
    ("birthDate.round()", 11, "a number or a quantity, not a date", ""),
    ("gender.yearOf()", 8, "a date or a time, not a code", ""),
    ("gender.substring('a')", 18, "a number, not a String", ""),
    ("contact.first() < contact.first()", 17, "does not compare", ""),
    ("active.allTrue() and name.given.allTrue()", 33, "a boolean, not a string", ""),
    ("iif('x', 1, 2)", 5, "no boolean", "Compare it"),
    ("-gender", 1, "a number", ""),
]

RIGHT = """
    name.given.first().startsWith('a')
    name.select(given.first() + 'x')
    name.where(use = 'official').given
    name.given.where($this.startsWith('a'))
    name.given contains '张'
    telecom.rank.where($this > 1).count() > 0
    birthDate < today() - 18 years
    birthDate.toString().length() = 10
    deceased.ofType(dateTime) > @2020
    (deceased as boolean) = false
    Patient.multipleBirth is integer
    contact.name.exists(family.startsWith('王'))
    managingOrganization.resolve().name = 'x'
    descendants().where($this is Coding).code
    extension('http://x').value.first() = 'y'
    name.given.trace('t').count() + 1 = 2
    iif(active, 'a', 'b') & 'c'
    name.sort(family desc).first().use
    %anything.length()
    contained.ofType(Organization).name.first().upper()
    telecom.rank.sum() / 2
    name.aggregate($total + $this.given.count(), 0)
"""


@pytest.mark.parametrize(("expression", "kind", "column", "problem", "hint"), WRONG)
def test_a_wrong_expression_says_what_is_wrong_where_and_what_to_do(
    expression, kind, column, problem, hint
):
    with pytest.raises(fhirpath.FhirPathError) as caught:
        fhirpath.compile(expression).evaluate(PATIENT)
    error = caught.value
    assert (error.kind, error.column) == (kind, column), str(error)
    assert problem in error.problem, str(error)
    assert error.do and hint in error.do, str(error)
    assert (f"character {column}" in str(error)) == ("\n" not in expression)
    assert ("line 2, column 3" in str(error)) == ("\n" in expression)


@pytest.mark.parametrize(("expression", "column", "problem", "hint"), STRICT)
def test_strict_mode_finds_by_the_types_what_cannot_be_right(expression, column, problem, hint):
    compiled = fhirpath.compile(expression)
    with pytest.raises(fhirpath.SemanticProblem) as caught:
        compiled.evaluate(PATIENT, strict=True)
    error = caught.value
    assert error.column == column, str(error)
    assert problem in error.problem, str(error)
    assert error.do and hint in error.do, str(error)


def test_strict_mode_takes_what_is_right():
    for expression in RIGHT.strip().splitlines():
        fhirpath.compile(expression.strip()).check("Patient", strict=True)


def test_strict_mode_finds_the_two_rules_of_r4_that_name_no_element_or_never_hold():
    refused = set()
    for kind in definitions.types():
        for rule in definitions.invariants(kind):
            try:
                fhirpath.compile(rule.expression).check(kind, strict=True)
            except fhirpath.SemanticProblem:
                refused.add(rule.key)
    assert refused == {"cid-0", "con-3"}
