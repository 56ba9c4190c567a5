"""Observations that chronic care writes into the record: of a visit, and of measuring at home."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from taihe.chronic.domain.evidence import (
    DIASTOLIC,
    FASTING_GLUCOSE,
    HOME_NOTE,
    PRESSURE,
    SYSTOLIC,
)
from taihe.chronic.domain.telemetry import HomeReading
from taihe.kernel.codes import System

Resource = dict[str, Any]
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
# field of the form: LOINC code, words, unit, UCUM code, category
MEASURES: Mapping[str, tuple[str, str, str, str, str]] = {
    "fpg_mmol": (FASTING_GLUCOSE, "空腹血糖", "mmol/L", "mmol/L", "laboratory"),
    "hba1c_pct": ("4548-4", "糖化血红蛋白", "%", "%", "laboratory"),
    "weight_kg": ("29463-7", "体重", "kg", "kg", "vital-signs"),
    "heart_rate_bpm": ("8867-4", "心率", "次/分", "/min", "vital-signs"),
    "glucose_mmol": ("15074-8", "血糖", "mmol/L", "mmol/L", "laboratory"),
    "spo2_pct": ("59408-5", "血氧饱和度", "%", "%", "vital-signs"),
}


def _loinc(code: str, words: str) -> Resource:
    return {"coding": [{"system": System.LOINC.value, "code": code}], "text": words}


def _quantity(value: float, unit: str, code: str) -> Resource:
    plain = int(value) if value == int(value) else value
    return {"value": plain, "unit": unit, "system": System.UCUM.value, "code": code}


def _base(id: str, patient: str, at: date, category: str) -> Resource:
    seconds = {"timespec": "seconds"} if isinstance(at, datetime) else {}
    return {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "category": [{"coding": [{"system": _CATEGORY, "code": category}]}],
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": at.isoformat(**seconds),
    }


def pressure(id: str, patient: str, at: date, sbp: float, dbp: float) -> Resource:
    """A blood pressure panel in mmHg."""
    return _base(id, patient, at, "vital-signs") | {
        "code": _loinc(PRESSURE, "血压"),
        "component": [
            {"code": _loinc(code, words), "valueQuantity": _quantity(value, "mmHg", "mm[Hg]")}
            for code, words, value in ((SYSTOLIC, "收缩压", sbp), (DIASTOLIC, "舒张压", dbp))
        ],
    }


def measure(id: str, patient: str, at: date, field: str, value: float) -> Resource:
    """One value of `MEASURES`."""
    code, words, unit, ucum, category = MEASURES[field]
    return _base(id, patient, at, category) | {
        "code": _loinc(code, words),
        "valueQuantity": _quantity(value, unit, ucum),
    }


# The code and words of a diagnosis that is made on the desk.
DIAGNOSES = {"hypertension": ("I10.x00", "高血压")}
_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_VERIFIED = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
_KIND = "http://terminology.hl7.org/CodeSystem/condition-category"


def diagnosis(id: str, patient: str, on: date, disease: str, doctor: str) -> Resource:
    """A confirmed Condition on the problem list."""
    code, words = DIAGNOSES[disease]

    def status(system: str, value: str) -> Resource:
        return {"coding": [{"system": system, "code": value}]}

    return {
        "resourceType": "Condition",
        "id": id,
        "clinicalStatus": status(_CLINICAL, "active"),
        "verificationStatus": status(_VERIFIED, "confirmed"),
        "category": [status(_KIND, "problem-list-item")],
        "code": {
            "coding": [{"system": System.ICD10.value, "code": code, "display": words}],
            "text": words,
        },
        "subject": {"reference": f"Patient/{patient}"},
        "recordedDate": on.isoformat(),
        "recorder": {"display": doctor},
    }


def at_home(id: str, patient: str, reading: HomeReading) -> list[Resource]:
    """A home reading, with the pulse that was measured with it."""
    performer = {"performer": [{"reference": f"Patient/{patient}"}]}
    home: Resource = performer | {"note": [{"text": HOME_NOTE}]}
    if reading.device:
        home["device"] = {"display": reading.device}
    at = reading.measured_at
    if reading.kind == "bp":
        assert reading.sbp_mmhg is not None
        assert reading.dbp_mmhg is not None
        found = [pressure(id, patient, at, reading.sbp_mmhg, reading.dbp_mmhg)]
    elif reading.kind == "glucose":
        assert reading.glucose_mmol is not None
        field = "fpg_mmol" if reading.fasting else "glucose_mmol"
        found = [measure(id, patient, at, field, reading.glucose_mmol)]
    else:
        assert reading.spo2_pct is not None
        found = [measure(id, patient, at, "spo2_pct", reading.spo2_pct)]
    if reading.pulse_bpm is not None:
        found.append(measure(f"{id}-p", patient, at, "heart_rate_bpm", reading.pulse_bpm))
    return [one | home for one in found]
