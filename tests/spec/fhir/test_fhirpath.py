"""What FHIRPath expressions mean, on one small patient."""

import pytest

from taihe.fhir import fhirpath

PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "active": True,
    "name": [
        {"use": "official", "text": "张伟", "family": "张", "given": ["伟"]},
        {"use": "nickname", "given": ["小伟", None], "_given": [None, {"id": "g2"}]},
    ],
    "birthDate": "1980-05-02",
    "_birthDate": {
        "extension": [{"url": "http://x/time", "valueDateTime": "1980-05-02T08:00:00Z"}]
    },
    "deceasedBoolean": False,
    "contained": [{"resourceType": "Organization", "id": "o1", "name": "县医院"}],
    "managingOrganization": {"reference": "#o1"},
}

CASES = [
    ("name.given", ["伟", "小伟"]),
    ("Patient.name.where(use = 'official').family", ["张"]),
    ("Observation.value", []),
    ("name.given.count()", [3]),
    ("name.given[2].id", ["g2"]),
    ("birthDate.extension('http://x/time').value", ["1980-05-02T08:00:00Z"]),
    ("birthDate < @1980-06", [True]),
    ("birthDate = @1980-05", []),
    ("deceased.exists() and deceased != false", [False]),
    ("managingOrganization.resolve().name", ["县医院"]),
    ("managingOrganization.resolve() is Organization", [True]),
    ("active.type().name", ["boolean"]),
    ("name.select(use + '!')", ["official!", "nickname!"]),
    ("1 + 2 * 3 = 7 and 7 mod 4 = 3", [True]),
    ("1.50 + 0.5 = 2", [True]),
    ("(1 | 2 | 2).count()", [2]),
    ("@2024-01-31 + 1 month", ["2024-02-29"]),
    ("4 'g' = 4000 'mg'", [True]),
    ("iif(active, 'yes', 'no')", ["yes"]),
    ("'abc'.replace('b', '-').upper()", ["A-C"]),
    ("name.repeat(given).exists()", [True]),
    ("defineVariable('n', name.count()).select(%n)", [2]),
]


@pytest.mark.parametrize(("expression", "values"), CASES)
def test_an_expression_gives(expression, values):
    assert fhirpath.compile(expression).evaluate(PATIENT) == values


WRONG = [
    ("name.", "syntax", 5),
    ("name.where(", "syntax", 11),
    ("'open", "syntax", 0),
    ("name.nonsense()", "semantic", 5),
    ("Patient.deceasedBoolean", "semantic", 8),
    ("name.given.single()", "execution", 11),
    ("%nobody", "execution", 0),
    ("(" * 500 + "1" + ")" * 500, "syntax", None),
]


@pytest.mark.parametrize(("expression", "kind", "position"), WRONG)
def test_a_wrong_expression_says_which_kind_of_wrong_and_where(expression, kind, position):
    with pytest.raises(fhirpath.FhirPathError) as caught:
        fhirpath.compile(expression).evaluate(PATIENT)
    assert caught.value.kind == kind
    if position is not None:
        assert caught.value.position == position


def test_strict_mode_refuses_a_name_that_the_type_does_not_have():
    compiled = fhirpath.compile("name.given1")
    assert compiled.evaluate(PATIENT) == []
    with pytest.raises(fhirpath.SemanticProblem):
        compiled.evaluate(PATIENT, strict=True)


def test_hostile_expressions_end_soon():
    endless = fhirpath.compile("repeatAll($this | $this)")
    with pytest.raises(fhirpath.ExecutionProblem):
        endless.evaluate(PATIENT)
    slow = fhirpath.compile("%text.matches('(a+)+$')")
    assert slow.evaluate(PATIENT, variables={"text": "a" * 5000 + "b"}) == [False]
