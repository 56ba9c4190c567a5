"""A village with people whose records tell who is managed, and its doctor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from taihe.base import public
from taihe.chronic import following
from taihe.record import public as record
from tests.web.people import ICD, LOINC, store_person

CLINIC = "V341222001"
NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
Bodies = list[dict[str, Any]]


def today() -> date:
    return timezone.localdate()


def days_ago(days: int) -> str:
    return (today() - timedelta(days=days)).isoformat()


def patient(id: str, name: str, born: str = "1955-03-08", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": id,
        "name": [{"use": "official", "text": name}],
        "gender": "female",
        "birthDate": born,
        **more,
    }


def diagnosis(id: str, patient: str, code: str, since: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "id": id,
        "clinicalStatus": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/condition-clinical",
                    "code": "active",
                }
            ]
        },
        "code": {"coding": [{"system": ICD, "code": code}], "text": "诊断"},
        "subject": {"reference": f"Patient/{patient}"},
        "onsetDateTime": since,
        **more,
    }


def pressure(id: str, patient: str, on: str, high: float, low: float, *, home: bool = False):
    body = {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "85354-9"}], "text": "血压"},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": f"{on}T08:30:00+08:00",
        "component": [
            {
                "code": {"coding": [{"system": LOINC, "code": code}]},
                "valueQuantity": {"value": value, "unit": "mmHg"},
            }
            for code, value in (("8480-6", high), ("8462-4", low))
        ],
    }
    return body | ({"note": [{"text": "家庭自测"}]} if home else {})


def glucose(id: str, patient: str, on: str, value: float) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "14771-0"}], "text": "空腹血糖"},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": f"{on}T07:30:00+08:00",
        "valueQuantity": {"value": value, "unit": "mmol/L"},
    }


@pytest.fixture(autouse=True)
def fixed_day(monkeypatch) -> None:
    """It is noon of one day, so that no test depends on the turn of a month or year."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON)


@dataclass
class Village:
    """The clinic, and who is signed there by name."""

    party: int
    people: dict[str, int]
    enrol: Callable[..., int]


@pytest.fixture
def village(db) -> Village:
    """A clinic and a way to sign people there: `village.enrol(bodies)`."""
    clinic = public.create_organisation(CLINIC, "沙河村卫生室", "village_clinic", level="1")
    found = Village(clinic.party, {}, lambda: 0)

    def enrol(bodies: Bodies, *, related: bool = True) -> int:
        person = store_person(bodies)
        if related:
            record.relate(
                person, clinic.party, "family_doctor", start=date(2024, 1, 1), source="test"
            )
        following.catch_up()
        found.people[bodies[0]["id"]] = person
        return person

    found.enrol = enrol
    return found


@pytest.fixture
def doctor(signed_in, village):
    """A browser of the village's doctor."""
    return signed_in("village_doctor", organisation_code=CLINIC)


@pytest.fixture
def wang(village) -> int:
    """王秀英, 71, hypertension since 2019, last seen 100 days ago at 148/88."""
    return village.enrol(
        [
            patient("wang", "王秀英"),
            diagnosis("c1", "wang", "I10.x00", "2019-02-03"),
            pressure("o1", "wang", days_ago(100), 148, 88),
        ]
    )


def filled(**changed: Any) -> dict[str, Any]:
    """A visit form as a doctor fills it; `None` leaves a field out."""
    data: dict[str, Any] = {
        "key": "6a1f0a52-6a4e-4c9f-8a0e-0123456789ab",
        "dangers": ["none"],
        "sbp_mmhg": "138",
        "dbp_mmhg": "84",
        "symptoms": ["1"],
        "adherence": "1",
        "adverse_reaction": "1",
        "way": "1",
        "visited_on": today().isoformat(),
    }
    data |= changed
    return {name: value for name, value in data.items() if value is not None}
