"""What of the record counts for the registry, and when somebody is due."""

from __future__ import annotations

from datetime import date

import pytest

from taihe.chronic import rules
from taihe.chronic.domain.evidence import Diagnosed, Measured, Somebody, evidence
from taihe.chronic.domain.follow_up import Action, Disease, FollowUpClass, Visit
from taihe.chronic.domain.registry import begins_on
from taihe.chronic.domain.schedule import Contact, Why, due
from tests.spec.chronic.tables import rows

ICD, LOINC = "urn:oid:2.16.156.10011.2.3.3.11", "http://loinc.org"


def condition(code: str, **more):
    return {
        "resourceType": "Condition",
        "code": {"coding": [{"system": ICD, "code": code}]},
        "recordedDate": "2026-03-01",
        **more,
    }


def pressure(high, low, unit="mmHg", **more):
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "85354-9"}]},
        "effectiveDateTime": "2026-03-01T08:00:00+08:00",
        "component": [
            {
                "code": {"coding": [{"system": LOINC, "code": code}]},
                "valueQuantity": {"value": value, "unit": unit},
            }
            for code, value in (("8480-6", high), ("8462-4", low))
        ],
        **more,
    }


def verification(code: str):
    return {"verificationStatus": {"coding": [{"code": code}]}}


@pytest.mark.parametrize(
    ("why", "resource", "counts"),
    [
        ("a diagnosis", condition("I10.x00"), True),
        ("confirmed", condition("I10.x00", **verification("confirmed")), True),
        ("refuted", condition("I10.x00", **verification("refuted")), False),
        ("still in question", condition("I10.x00", **verification("provisional")), False),
        ("without a day", condition("I10.x00", recordedDate=None), False),
        ("a pressure", pressure(140, 90), True),
        ("swapped", pressure(90, 140), False),
        ("impossible", pressure(1400, 90), False),
        ("in another unit", pressure(18.4, 11.2, "kPa"), False),
        ("entered in error", pressure(140, 90, status="entered-in-error"), False),
        ("without a time", pressure(140, 90, effectiveDateTime=None), False),
        ("a patient", {"resourceType": "Patient", "birthDate": "1955-03"}, True),
        ("something else", {"resourceType": "Encounter"}, False),
    ],
)
def test_what_counts(why, resource, counts) -> None:
    assert (evidence(resource, rules.limits()) is not None) == counts


def test_home_and_office_are_told_apart_and_glucose_has_one_unit() -> None:
    home = evidence(pressure(140, 90, note=[{"text": "家庭自测"}]), rules.limits())
    assert isinstance(home, Measured)
    assert home.home
    sugar = pressure(0, 0) | {
        "code": {"coding": [{"system": LOINC, "code": "14771-0"}]},
        "valueQuantity": {"value": 126, "unit": "mg/dL"},
    }
    found = evidence(sugar, rules.limits())
    assert isinstance(found, Measured)
    assert (found.fpg_mmol, found.home) == (7.0, False)


def test_birthday_and_death_of_a_patient() -> None:
    found = evidence(
        {"resourceType": "Patient", "birthDate": "1955-03-08", "deceasedBoolean": True},
        rules.limits(),
    )
    assert found == Somebody(date(1955, 3, 8), "unknown", True)
    assert evidence(condition("E11.900"), rules.limits()) == Diagnosed("E11.900", date(2026, 3, 1))


@pytest.mark.parametrize(
    ("born", "since", "begins"),
    [
        (date(1955, 3, 8), date(2019, 2, 3), date(2019, 2, 3)),
        (date(1995, 6, 1), date(2024, 1, 1), date(2030, 6, 1)),
        (date(1988, 2, 29), date(2020, 1, 1), date(2023, 3, 1)),
    ],
)
def test_the_programme_begins_with_the_35th_birthday(born, since, begins) -> None:
    chosen = rules.registry_rules(Disease.HYPERTENSION)
    assert begins_on(since, born, rules=chosen) == begins


CONTACTS = """
    why                                  | contacts               | due        | urgency | from
    -------------------------------------+------------------------+------------+---------+--------
    never seen: since registration       | -                      | 2026-01-05 | 3       | never
    a controlled reading: a quarter      | r 03-01 138/84         | 2026-05-30 | 3       | reading
    a high one: two weeks                | r 03-01 148/84         | 2026-03-15 | 2       | reading
    an emergency value: two weeks, first | r 03-01 186/84         | 2026-03-15 | 0       | reading
    the visit's own appointment          | v 03-01 148/84 > 03-10 | 2026-03-10 | 2       | visit
    on the day of a visit it counts      | r 03-01 148/84, v 03-01 138/84 > 05-20 | 2026-05-20 | 3 | visit
    seen since: the old date is no more  | v 03-01 148/84 > 03-10, r 03-08 136/80 | 2026-06-06 | 3 | reading
"""


def contact(text: str) -> Contact:
    kind, day, value, *rest = text.split()
    high, low = (float(part) for part in value.split("/"))
    visit = Visit(Disease.HYPERTENSION, age_years=60, sbp_mmhg=high, dbp_mmhg=low)
    on = date.fromisoformat(f"2026-{day}")
    if kind == "r":
        return Contact(on, visit)
    good = high < 140
    return Contact(
        on,
        visit,
        FollowUpClass.CONTROLLED if good else FollowUpClass.UNCONTROLLED,
        Action.ROUTINE if good else Action.ADJUST,
        date.fromisoformat(f"2026-{rest[1]}"),
    )


@pytest.mark.parametrize("row", rows(CONTACTS), ids=lambda row: row["why"])
def test_when_somebody_is_due(row) -> None:
    contacts = [contact(part) for part in row["contacts"].split(", ") if part]
    found = due(contacts, date(2026, 1, 5), rules=rules.follow_up_rules())
    assert (found.on.isoformat(), str(found.urgency)) == (row["due"], row["urgency"])
    assert found.why == Why(row["from"])
