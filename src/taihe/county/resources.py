"""The FHIR R4 resources of a life, as dictionaries: https://hl7.org/fhir/R4/."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from taihe.county import catalogue as words
from taihe.county.care import Life, Measured, Visit, doctors_of
from taihe.county.people import Entry, Namer, Resident
from taihe.county.places import County, Institution
from taihe.kernel.codes import System
from taihe.kernel.identifiers import Oid

Resource = dict[str, Any]
TYPES = (
    "Organization",
    "Practitioner",
    "Patient",
    "Encounter",
    "Condition",
    "Observation",
    "MedicationRequest",
    "Procedure",
    "Immunization",
    "AllergyIntolerance",
)
_V3 = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_TEST = {
    "security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}]
}
_CLASS = {
    "1": {"system": _V3, "code": "AMB", "display": "ambulatory"},
    "2": {"system": _V3, "code": "IMP", "display": "inpatient encounter"},
    "VR": {"system": _V3, "code": "VR", "display": "virtual"},
}


def _status(name: str, code: str) -> Resource:
    return {"coding": [{"system": f"http://terminology.hl7.org/CodeSystem/{name}", "code": code}]}


_ACTIVE = _status("condition-clinical", "active")
_RESOLVED = _status("condition-clinical", "resolved")
_CONFIRMED = _status("condition-ver-status", "confirmed")
_PROBLEM = [_status("condition-category", "problem-list-item")]
_DIAGNOSIS = [_status("condition-category", "encounter-diagnosis")]
_ALLERGY_ACTIVE = _status("allergyintolerance-clinical", "active")
_ALLERGY_CONFIRMED = _status("allergyintolerance-verification", "confirmed")
_VITAL = [_status("observation-category", "vital-signs")]
_LAB = [_status("observation-category", "laboratory")]


def _loinc(code: str, display: str) -> Resource:
    return {
        "coding": [{"system": System.LOINC.value, "code": code, "display": display}],
        "text": display,
    }


_CODES = {key: _loinc(row[0], row[1]) for key, row in words.OBSERVATIONS.items()}
_BP = _loinc("85354-9", "血压")
_SYSTOLIC = _loinc("8480-6", "收缩压")
_DIASTOLIC = _loinc("8462-4", "舒张压")


def _icd(code: str, name: str) -> Resource:
    return {
        "coding": [{"system": System.ICD10.value, "code": code, "display": name}],
        "text": name,
    }


def organisations(county: County) -> Iterator[Resource]:
    """One Organization per institution, marked as test data."""
    kinds = {
        "hospital": "医院",
        "township_hospital": "乡镇卫生院",
        "village_clinic": "村卫生室",
        "clinic": "社区卫生服务站",
        "pharmacy": "药店",
    }
    for place in county.institutions:
        yield {
            "resourceType": "Organization",
            "id": place.id,
            "meta": _TEST,
            "identifier": [{"system": System.INSTITUTION.value, "value": place.code}],
            "active": True,
            "type": [{"text": kinds[place.kind]}],
            "name": place.name,
            "address": [{"city": "阜阳市", "district": "太和县", "text": place.place}],
        }


def doctor_id(place: Institution, number: int) -> str:
    """The id of a Practitioner."""
    return f"dr-{place.code.lower()}-{number:02d}"


def practitioners(county: County, seed: int) -> Iterator[Resource]:
    """The doctors of all institutions but pharmacies."""
    for place in county.institutions:
        if place.kind == "pharmacy":
            continue
        chance = random.Random(f"{seed}:doctors:{place.code}")
        names = Namer(chance)
        for number in range(doctors_of(place)):
            sex = chance.choice("12")
            family = names.surname()
            given = names.given(sex, date(chance.randint(1966, 1998), 6, 1))
            yield {
                "resourceType": "Practitioner",
                "id": doctor_id(place, number),
                "meta": _TEST,
                "identifier": [
                    {"system": Oid.STAFF.value, "value": f"D{place.code[1:]}{number:03d}"}
                ],
                "active": True,
                "name": [{"text": family + given, "family": family, "given": [given]}],
                "gender": "male" if sex == "1" else "female",
            }


def of_life(life: Life, end: date) -> Iterator[Resource]:
    """All resources of one resident, the Patient first."""
    resident = life.resident
    subject = {"reference": f"Patient/{resident.id}"}
    yield _patient(resident)
    serial = f"{resident.index:07d}"
    counts = dict.fromkeys("coumri", 0)

    def number(letter: str) -> str:
        counts[letter] += 1
        return f"{letter}{serial}{counts[letter]:03d}"

    for key, since in resident.ills.items():
        yield {
            "resourceType": "Condition",
            "id": number("c"),
            "clinicalStatus": _ACTIVE,
            "verificationStatus": _CONFIRMED,
            "category": _PROBLEM,
            "code": _icd(*words.CHRONIC[key]),
            "subject": subject,
            "onsetDateTime": since.isoformat(),
            "recordedDate": since.isoformat(),
        }
    last = max((v.start for v in life.visits if _is_follow_up(v)), default=None)
    for order, visit in enumerate(life.visits, start=1):
        encounter_id = f"e{serial}{order:03d}"
        encounter = {"reference": f"Encounter/{encounter_id}"}
        doctor = {"reference": f"Practitioner/{doctor_id(visit.place, visit.doctor)}"}
        yield _encounter(visit, encounter_id, subject, doctor)
        for at in visit.fresh:
            over = visit.end < end - timedelta(30)
            condition: Resource = {
                "resourceType": "Condition",
                "id": number("c"),
                "clinicalStatus": _RESOLVED if over else _ACTIVE,
                "verificationStatus": _CONFIRMED,
                "category": _DIAGNOSIS,
                "code": _icd(*visit.reasons[at]),
                "subject": subject,
                "encounter": encounter,
                "onsetDateTime": visit.start.isoformat(),
                "recordedDate": visit.start.isoformat(),
            }
            yield condition
        for measured in visit.measured:
            yield _observation(measured, number("o"), subject, encounter, doctor)
        current = (
            _is_follow_up(visit) and visit.start == last and visit.start > end - timedelta(200)
        )
        for drug, boxes, day in visit.prescribed:
            medication: Resource = {"text": drug.name}
            if drug.code:
                medication = {
                    "coding": [
                        {
                            "system": System.INSURANCE_LIST.value,
                            "code": drug.code,
                            "display": drug.name,
                        }
                    ],
                    "text": drug.name,
                }
            yield {
                "resourceType": "MedicationRequest",
                "id": number("m"),
                "status": "active" if current else "completed",
                "intent": "order",
                "medicationCodeableConcept": medication,
                "subject": subject,
                "encounter": encounter,
                "authoredOn": day.isoformat(),
                "requester": doctor,
                "dosageInstruction": [{"text": drug.sig}],
                "dispenseRequest": {"quantity": {"value": boxes, "unit": drug.unit}},
            }
        for code, name, day in visit.done:
            yield {
                "resourceType": "Procedure",
                "id": number("r"),
                "status": "completed",
                "code": {
                    "coding": [{"system": System.ICD9CM.value, "code": code, "display": name}],
                    "text": name,
                },
                "subject": subject,
                "encounter": encounter,
                "performedDateTime": day.isoformat(),
                "performer": [{"actor": doctor}],
            }
    for measured in life.at_home:
        yield _observation(measured, number("o"), subject, None, subject)
    for day, name in life.shots:
        yield {
            "resourceType": "Immunization",
            "id": number("i"),
            "status": "completed",
            "vaccineCode": {"text": name},
            "patient": subject,
            "occurrenceDateTime": day.isoformat(),
            "performer": [
                {"actor": {"reference": f"Organization/{resident.settlement.centre.id}"}}
            ],
        }
    for at, (name, day) in enumerate(life.allergies, start=1):
        kind = (
            "medication" if at_medicine(name) else "food" if name in "海鲜花生" else "environment"
        )
        yield {
            "resourceType": "AllergyIntolerance",
            "id": f"a{serial}{at:03d}",
            "clinicalStatus": _ALLERGY_ACTIVE,
            "verificationStatus": _ALLERGY_CONFIRMED,
            "type": "allergy",
            "category": [kind],
            "code": {"text": name},
            "patient": subject,
            "recordedDate": day.isoformat(),
        }


def _is_follow_up(visit: Visit) -> bool:
    return not visit.fresh and visit.kind == "1" and bool(visit.prescribed) and not visit.planted


def at_medicine(name: str) -> bool:
    """Whether an allergy is to a medicine."""
    return name in ("青霉素", "头孢菌素类", "磺胺类", "碘造影剂")


def _patient(resident: Resident) -> Resource:
    home = resident.settlement
    identifiers = [{"system": System.INSURANCE_PERSON.value, "value": resident.psn_no}]
    if resident.number:
        identifiers.insert(
            0, {"use": "official", "system": Oid.CITIZEN.value, "value": resident.number}
        )
    return {
        "resourceType": "Patient",
        "id": resident.id,
        "meta": _TEST,
        "identifier": identifiers,
        "active": True,
        "name": [
            {
                "use": "official",
                "text": resident.name,
                "family": resident.family,
                "given": [resident.given],
            }
        ],
        "telecom": [{"system": "phone", "value": resident.phone, "use": "mobile"}],
        "gender": "male" if resident.sex == "1" else "female",
        "birthDate": resident.born.isoformat(),
        "address": [
            {
                "use": "home",
                "text": resident.address,
                "line": [f"{home.township}{home.name}{resident.house}"],
                "city": "阜阳市",
                "district": "太和县",
                "state": "安徽省",
                "country": "CN",
            }
        ],
        "generalPractitioner": [{"reference": f"Organization/{home.clinic.id}"}],
        "managingOrganization": {"reference": f"Organization/{home.centre.id}"},
    }


def second_patient(entry: Entry, resident: Resident, hospital: Institution) -> Resource:
    """
    A resident as the county hospital registered him at its own desk, slips and all.

    The id is that of the entry in `people.csv`, so that `links.csv` says whose it is. There
    is no insurance number: by likeness alone, or by a citizen number, it finds its person.
    """
    split = len(resident.family) if entry.name.startswith(resident.family) else 1
    identifiers = [{"system": Oid.MEDICAL_RECORD.value, "value": entry.id.upper()}]
    if entry.id_number:
        identifiers.insert(0, {"system": Oid.CITIZEN.value, "value": entry.id_number})
    made: Resource = {
        "resourceType": "Patient",
        "id": entry.id,
        "meta": _TEST,
        "identifier": identifiers,
        "active": True,
        "name": [
            {
                "use": "official",
                "text": entry.name,
                "family": entry.name[:split],
                "given": [entry.name[split:].strip()],
            }
        ],
        "gender": {"1": "male", "2": "female"}.get(entry.sex, "unknown"),
        "birthDate": entry.birth_date,
        "address": [{"use": "home", "text": entry.address, "country": "CN"}],
        "managingOrganization": {"reference": f"Organization/{hospital.id}"},
    }
    if entry.phone:
        made["telecom"] = [{"system": "phone", "value": entry.phone}]
    return made


def _encounter(visit: Visit, encounter_id: str, subject: Resource, doctor: Resource) -> Resource:
    minute = (visit.start.toordinal() * 37 + len(visit.charges) * 11) % 240
    hour, rest = 8 + minute // 60, minute % 60
    resource: Resource = {
        "resourceType": "Encounter",
        "id": encounter_id,
        "status": "finished",
        "class": _CLASS["VR" if visit.internet == "1" else visit.kind],
        "subject": subject,
        "participant": [{"individual": doctor}],
        "period": {
            "start": f"{visit.start.isoformat()}T{hour:02d}:{rest:02d}:00+08:00",
            "end": f"{visit.end.isoformat()}T{hour + (3 if visit.kind == '2' else 1):02d}:{rest:02d}:00+08:00",
        },
        "reasonCode": [_icd(*reason) for reason in visit.reasons],
        "serviceProvider": {"reference": f"Organization/{visit.place.id}"},
    }
    if visit.mdtrt_id:
        system = Oid.INPATIENT if visit.kind == "2" else Oid.OUTPATIENT
        resource["identifier"] = [{"system": system.value, "value": visit.mdtrt_id}]
    return resource


def _quantity(value: float, unit: str, code: str) -> Resource:
    return {"value": value, "unit": unit, "system": System.UCUM.value, "code": code}


def _observation(
    measured: Measured,
    number: str,
    subject: Resource,
    encounter: Resource | None,
    performer: Resource,
) -> Resource:
    key = measured.key
    resource: Resource = {
        "resourceType": "Observation",
        "id": number,
        "status": "final",
        "category": _VITAL if key == "bp" or key in words.VITAL else _LAB,
        "code": _BP if key == "bp" else _CODES[key],
        "subject": subject,
        "effectiveDateTime": f"{measured.day.isoformat()}T{measured.hour:02d}:30:00+08:00",
        "performer": [performer],
    }
    if encounter is not None:
        resource["encounter"] = encounter
    if measured.home:
        resource["note"] = [{"text": "家庭自测"}]
    if key == "bp":
        resource["component"] = [
            {"code": _SYSTOLIC, "valueQuantity": _quantity(measured.value, "mmHg", "mm[Hg]")},
            {"code": _DIASTOLIC, "valueQuantity": _quantity(measured.second, "mmHg", "mm[Hg]")},
        ]
    else:
        _, _, unit, code = words.OBSERVATIONS[key]
        resource["valueQuantity"] = _quantity(measured.value, unit, code)
    return resource
