"""Synthetic people for page tests, stored through the record's own store."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson

from taihe.record import public as record
from taihe.record.prepare import Preparer
from taihe.record.site import the_store
from taihe.record.store import Write

ICD = "urn:oid:2.16.156.10011.2.3.3.11"
LOINC = "http://loinc.org"
PATIENT = {"reference": "Patient/wang"}


def pressure(id: str, day: str, high: float, low: float) -> dict[str, Any]:
    """A blood pressure taken at the hospital."""
    return {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "85354-9"}], "text": "血压"},
        "subject": PATIENT,
        "encounter": {"reference": "Encounter/e1"},
        "effectiveDateTime": f"{day}T08:30:00+08:00",
        "component": [
            {
                "code": {"coding": [{"system": LOINC, "code": code}]},
                "valueQuantity": {"value": value, "unit": "mmHg"},
            }
            for code, value in (("8480-6", high), ("8462-4", low))
        ],
    }


def _status(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": f"http://terminology.hl7.org/CodeSystem/{system}", "code": code}]}


WANG: list[dict[str, Any]] = [
    {"resourceType": "Organization", "id": "h1", "name": "太和县人民医院"},
    {
        "resourceType": "Patient",
        "id": "wang",
        "identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": "341222195503080024"}],
        "name": [{"use": "official", "text": "王秀英", "family": "王", "given": ["秀英"]}],
        "telecom": [{"system": "phone", "value": "13900001234"}],
        "gender": "female",
        "birthDate": "1955-03-08",
    },
    {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": PATIENT,
        "period": {"start": "2026-11-10T08:00:00+08:00", "end": "2026-11-10T10:00:00+08:00"},
        "reasonCode": [{"text": "高血压复诊"}],
        "serviceProvider": {"reference": "Organization/h1"},
    },
    {
        "resourceType": "Condition",
        "id": "c1",
        "clinicalStatus": _status("condition-clinical", "active"),
        "code": {"coding": [{"system": ICD, "code": "I10.x00"}], "text": "高血压"},
        "subject": PATIENT,
        "onsetDateTime": "2019-02-03",
    },
    {
        "resourceType": "MedicationRequest",
        "id": "m1",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"text": "氨氯地平片"},
        "subject": PATIENT,
        "encounter": {"reference": "Encounter/e1"},
        "authoredOn": "2026-11-10",
        "dosageInstruction": [{"text": "每日一次，每次 5 mg"}],
    },
    {
        "resourceType": "AllergyIntolerance",
        "id": "a1",
        "clinicalStatus": _status("allergyintolerance-clinical", "active"),
        "code": {"text": "青霉素"},
        "patient": PATIENT,
        "category": ["medication"],
    },
    pressure("o1", "2026-09-01", 148, 88),
    pressure("o2", "2026-10-01", 146, 86),
    pressure("o3", "2026-11-10", 152, 90),
]


def store_person(bodies: list[dict[str, Any]]) -> int:
    """Store the bodies; the number of the person they are about."""
    store = the_store()
    preparer = Preparer(store.keys, today=date(2026, 11, 24))
    writes = []
    for body in bodies:
        prepared = preparer.from_bytes(orjson.dumps(body))
        writes.append(Write(prepared.type, prepared.id, prepared))
    store.apply(writes, by=1)
    patient = next(body["id"] for body in bodies if body["resourceType"] == "Patient")
    return record.persons_of_patients([patient])[patient]
