"""What a page says of a person, from FHIR bodies."""

from __future__ import annotations

from datetime import date
from typing import Any

from taihe.record.domain.summary import (
    home_mean,
    mask,
    moment,
    record_of,
    references_to_name,
)

ON = date(2026, 11, 24)
PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "name": [{"text": "王秀英", "family": "王", "given": ["秀英"]}],
    "gender": "female",
    "birthDate": "1955-03-08",
    "identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": "34122219550308002X"}],
    "telecom": [{"system": "phone", "value": "13900001234"}],
    "generalPractitioner": [{"reference": "Organization/v1"}],
}
NAMES = {"Organization/v1": "李庄村卫生室", "Organization/h1": "县人民医院"}


def condition(code: str, name: str, since: str, status: str = "active", **more: Any) -> Any:
    return {
        "resourceType": "Condition",
        "clinicalStatus": {"coding": [{"code": status}]},
        "code": {
            "coding": [{"system": "urn:oid:2.16.156.10011.2.3.3.11", "code": code}],
            "text": name,
        },
        "onsetDateTime": since,
        **more,
    }


def pressure(day: str, high: float, low: float, *, home: bool = False) -> Any:
    parts = (("8480-6", high), ("8462-4", low))
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9"}], "text": "血压"},
        "effectiveDateTime": f"{day}T08:30:00+08:00",
        "component": [
            {
                "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
                "valueQuantity": {"value": value, "unit": "mmHg"},
            }
            for code, value in parts
        ],
        **({"note": [{"text": "家庭自测"}]} if home else {}),
    }


def record(*bodies: Any) -> Any:
    return record_of(1, [PATIENT, *bodies], NAMES, on=ON)


def test_numbers_are_masked_before_a_page_has_them() -> None:
    who = record().demographics
    assert (who.name, who.age(ON), who.clinic) == ("王秀英", 71, "李庄村卫生室")
    assert who.citizen_number_masked == "341222********002X"
    assert who.phone_masked == "139****1234"
    assert mask("12345", head=6, tail=4) == "*****"


def test_the_same_diagnosis_of_many_visits_is_one_line_since_its_first_day() -> None:
    problems = record(
        condition("I10.x00", "高血压", "2024-05-01"),
        condition("I10.x00", "高血压", "2019-02-03"),
        condition("J06.9", "上呼吸道感染", "2026-01-01", "resolved"),
    ).problems
    assert [(p.name, p.since, p.is_active) for p in problems] == [
        ("高血压", "2019-02-03", True),
        ("上呼吸道感染", "2026-01-01", False),
    ]


def test_home_and_office_pressure_are_two_series_with_their_own_targets() -> None:
    results = record(
        condition("I10.x00", "高血压", "2019-02-03"),
        pressure("2026-11-01", 148, 88),
        pressure("2026-11-10", 152, 90),
        pressure("2026-11-11", 134, 80, home=True),
    ).results
    assert [(s.name, s.target.words) for s in results] == [
        ("血压", "低于 150/90"),
        ("家庭血压", "在家测低于 135/85"),
    ]
    assert [v.tone for v in results[0].values] == ["", "bad"]


def test_without_the_problem_there_is_no_target_and_no_red_value() -> None:
    (series,) = record(pressure("2026-11-10", 152, 90)).results
    assert series.target is None and series.last.tone == ""


def test_a_value_outside_the_reference_its_body_carries_is_marked() -> None:
    body = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "血钾"},
        "effectiveDateTime": "2026-11-01",
        "valueQuantity": {"value": 5.9, "unit": "mmol/L"},
        "referenceRange": [{"low": {"value": 3.5}, "high": {"value": 5.3}}],
    }
    (series,) = record(body).results
    assert (series.low, series.high, series.last.tone) == (3.5, 5.3, "bad")


def test_a_medicine_prescribed_again_is_one_line_with_its_last_day() -> None:
    def request(day: str, status: str) -> Any:
        return {
            "resourceType": "MedicationRequest",
            "status": status,
            "medicationCodeableConcept": {"text": "氨氯地平片"},
            "authoredOn": day,
            "dosageInstruction": [{"text": "每日一次，每次 5 mg"}],
        }

    (medicine,) = record(
        request("2026-11-01", "active"), request("2026-08-01", "completed")
    ).medicines
    assert (medicine.prescribed_on, medicine.is_active, medicine.times) == ("2026-11-01", True, 2)


def test_what_was_entered_in_error_is_not_shown() -> None:
    wrong = pressure("2026-11-10", 252, 90) | {"status": "entered-in-error"}
    refuted = condition(
        "I10", "高血压", "2020", verificationStatus={"coding": [{"code": "refuted"}]}
    )
    shown = record(wrong, refuted)
    assert (shown.results, shown.problems) == ((), ())


def test_partial_dates_and_long_fractions_are_read() -> None:
    assert str(moment("2026-05")) == "2026-05-01 00:00:00+08:00"
    assert str(moment("2019-07-19T18:38:58.1234567Z")).startswith("2019-07-20 02:38:58.123456")
    assert moment("不详") is None


def test_only_the_names_a_page_needs_are_asked_for() -> None:
    visit = {"resourceType": "Encounter", "serviceProvider": {"reference": "Organization/h1"}}
    assert references_to_name([PATIENT, visit]) == {"Organization/v1", "Organization/h1"}


def test_a_home_mean_needs_three_days_and_twelve_readings() -> None:
    def mean(days: int, each: int) -> Any:
        bodies = [
            pressure(f"2026-11-{day:02d}", 130 + n, 80, home=True)
            for day in range(1, days + 1)
            for n in range(each)
        ]
        return home_mean(record(*bodies).results[0])

    assert mean(3, 4).is_enough and mean(3, 4).systolic == 131.5
    assert not mean(2, 6).is_enough and not mean(3, 3).is_enough


def test_a_home_mean_leaves_out_what_is_older_than_a_week() -> None:
    old, new = (
        pressure("2026-11-01", 190, 99, home=True),
        pressure("2026-11-20", 128, 79, home=True),
    )
    mean = home_mean(record(old, new).results[0])
    assert (mean.systolic, mean.readings) == (128, 1)


def test_an_office_pressure_has_no_home_mean() -> None:
    assert home_mean(record(pressure("2026-11-10", 152, 90)).results[0]) is None
