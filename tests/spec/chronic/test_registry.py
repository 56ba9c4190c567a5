"""Who is managed: the registry from the record, and the mean of home pressures."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from taihe.chronic import rules
from taihe.chronic.domain.follow_up import Disease
from taihe.chronic.domain.home_pressure import home_mean
from taihe.chronic.domain.registry import Diagnosis, Pressure, registration

DAY = date(2026, 3, 1)


def standing(
    codes: list[str], readings: list[tuple[int, int, int]], age: int = 50, of="hypertension"
):
    return registration(
        [Diagnosis(code, DAY + timedelta(days=n)) for n, code in enumerate(codes)],
        [Pressure(DAY + timedelta(days=day), sbp, dbp) for day, sbp, dbp in readings],
        age,
        rules=rules.registry_rules(Disease(of)),
    )


@pytest.mark.parametrize(
    ("why", "codes", "readings", "expected"),
    [
        ("a coded diagnosis", ["I10.x00"], [], "registered"),
        ("hypertensive heart disease", ["I11.900"], [], "registered"),
        ("secondary hypertension is not managed here", ["I15.000"], [], "none"),
        ("pregnancy is not", ["O13.x00"], [], "none"),
        (
            "three high days in four weeks",
            [],
            [(0, 140, 80), (14, 142, 80), (28, 139, 90)],
            "suspected",
        ),
        ("in five weeks", [], [(0, 140, 80), (14, 142, 80), (29, 139, 90)], "none"),
        ("three readings on one day", [], [(0, 150, 80), (0, 150, 80), (0, 150, 80)], "none"),
        (
            "a normal day between",
            [],
            [(0, 150, 80), (7, 130, 80), (9, 150, 80), (14, 150, 80)],
            "none",
        ),
        ("just below", [], [(0, 139, 89), (7, 139, 89), (14, 139, 89)], "none"),
    ],
)
def test_hypertension(why, codes, readings, expected) -> None:
    assert standing(codes, readings).standing == expected


def test_the_first_day_and_the_rows_are_named() -> None:
    found = standing(["Z00", "I10"], [])
    assert found.since == DAY + timedelta(days=1)
    assert found.rules == ("registry-htn-codes", "registry-htn-age")


def test_the_programme_begins_at_35() -> None:
    assert standing(["I10"], [], age=34).standing == "none"
    assert standing(["I10"], [], age=35).standing == "registered"


def test_diabetes_type_2_only() -> None:
    assert standing(["E11.900"], [], of="t2dm").standing == "registered"
    assert standing(["E10.900"], [], of="t2dm").standing == "none"


def week(days: int, each: int, sbp: int, dbp: int = 80) -> list[Pressure]:
    return [Pressure(DAY + timedelta(days=d), sbp, dbp) for d in range(days) for _ in range(each)]


@pytest.mark.parametrize(
    ("why", "readings", "enough", "high"),
    [
        ("three days, twelve readings", week(3, 4, 135), True, True),
        ("just below", week(3, 4, 134), True, False),
        ("the diastolic alone", week(3, 4, 120, 85), True, True),
        ("eleven readings", week(3, 4, 150)[:11], False, None),
        ("two days", week(2, 6, 150), False, None),
    ],
)
def test_home_pressure_is_judged_by_its_mean(why, readings, enough, high) -> None:
    found = home_mean(readings, until=DAY + timedelta(days=6), rules=rules.home_rules())
    assert found is not None
    assert (found.enough, found.high) == (enough, high)


def test_older_and_later_readings_are_not_seen() -> None:
    until = DAY + timedelta(days=6)
    other = [
        Pressure(DAY - timedelta(days=1), 200, 100),
        Pressure(until + timedelta(days=1), 200, 100),
    ]
    found = home_mean([*week(3, 4, 120), *other], until=until, rules=rules.home_rules())
    assert found is not None
    assert (found.readings, found.sbp_mmhg) == (12, 120)
    assert home_mean(other[1:], until=until, rules=rules.home_rules()) is None


@pytest.mark.parametrize(("form", "needed"), [("htn", "sbp_mmhg"), ("t2dm", "fpg_mmol")])
def test_the_visit_forms_name_their_fields(form: str, needed: str) -> None:
    fields = {field.field: field for field in rules.form_fields(form)}
    assert fields[needed].required
    assert dict(fields["class"].codes)["4"] == "并发症"
    assert ("salt" in fields) == (form == "htn")
