"""What a FHIR resource says about chronic disease: a diagnosis, a reading, or who it is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any

from taihe.chronic.domain.devices import MG_DL_PER_MMOL
from taihe.chronic.domain.facts import Limit
from taihe.kernel.codes import System

CHINA = timezone(timedelta(hours=8))
TYPES = ("Patient", "Condition", "Observation")
PRESSURE, SYSTOLIC, DIASTOLIC = "85354-9", "8480-6", "8462-4"
FASTING_GLUCOSE = "14771-0"
HOME_NOTE = "家庭自测"
_ICD = (System.ICD10.value, "http://hl7.org/fhir/sid/icd-10", "http://hl7.org/fhir/sid/icd-10-cn")
_NO_DIAGNOSIS = ("refuted", "entered-in-error", "unconfirmed", "provisional", "differential")
_NO_READING = ("entered-in-error", "cancelled")


@dataclass(frozen=True)
class Somebody:
    """What a Patient says: birthday, FHIR sex, whether dead."""

    born: date | None
    sex: str
    dead: bool


@dataclass(frozen=True)
class Diagnosed:
    """What a Condition says: an ICD-10 code and the first day it is known for."""

    code: str
    on: date


@dataclass(frozen=True)
class Measured:
    """
    What an Observation says: kind `bp` (mmHg) or `fpg` (mmol/L).

    `home` tells what people measured themselves from what an institution measured.
    """

    kind: str
    at: datetime
    sbp_mmhg: float | None
    dbp_mmhg: float | None
    fpg_mmol: float | None
    home: bool


Evidence = Somebody | Diagnosed | Measured


def evidence(resource: Mapping[str, Any], limits: Mapping[str, Limit]) -> Evidence | None:
    """
    What a Patient, Condition or Observation says, None for nothing that counts here.

    A diagnosis that was refuted or is still in question does not count, nor does a reading
    that cannot be or has no day.
    """
    kind = resource.get("resourceType")
    if kind == "Patient":
        born = str(resource.get("birthDate") or "")
        dead = resource.get("deceasedDateTime") or resource.get("deceasedBoolean")
        return Somebody(_day(born), str(resource.get("gender") or "unknown"), bool(dead))
    if kind == "Condition":
        return _diagnosed(resource)
    if kind == "Observation":
        return _measured(resource, limits)
    return None


def _diagnosed(condition: Mapping[str, Any]) -> Diagnosed | None:
    if _first_code(condition.get("verificationStatus")) in _NO_DIAGNOSIS:
        return None
    code = next((c for s, c in _codings(condition.get("code")) if s in _ICD), "")
    written = condition.get("onsetDateTime") or condition.get("recordedDate")
    on = _day(str(written or "")[:10])
    return Diagnosed(code, on) if code and on else None


def _measured(observation: Mapping[str, Any], limits: Mapping[str, Limit]) -> Measured | None:
    if observation.get("status") in _NO_READING:
        return None
    at = moment(observation.get("effectiveDateTime"))
    codes = {code for system, code in _codings(observation.get("code")) if system == System.LOINC}
    if at is None:
        return None
    home = any(HOME_NOTE in str(note.get("text", "")) for note in observation.get("note", ()))
    if PRESSURE in codes:
        parts = {
            code: _quantity(part.get("valueQuantity"), ("mm[Hg]", "mmHg"))
            for part in observation.get("component", ())
            for _, code in _codings(part.get("code"))
        }
        sbp, dbp = parts.get(SYSTOLIC), parts.get(DIASTOLIC)
        if sbp is None or dbp is None or not _can_be(limits, sbp_mmhg=sbp, dbp_mmhg=dbp):
            return None
        return Measured("bp", at, sbp, dbp, None, home) if sbp > dbp else None
    if FASTING_GLUCOSE in codes:
        value = _quantity(observation.get("valueQuantity"), ("mmol/L",))
        if value is None:
            mg_dl = _quantity(observation.get("valueQuantity"), ("mg/dL",), strict=True)
            value = None if mg_dl is None else round(mg_dl / MG_DL_PER_MMOL, 2)
        if value is not None and _can_be(limits, fpg_mmol=value):
            return Measured("fpg", at, None, None, value, home)
    return None


def _can_be(limits: Mapping[str, Limit], **values: float) -> bool:
    return all(limits[name].low <= value <= limits[name].high for name, value in values.items())


def _quantity(
    quantity: Mapping[str, Any] | None, units: tuple[str, ...], *, strict: bool = False
) -> float | None:
    """The value in one of these units; without any unit too, unless `strict`."""
    if not quantity or not isinstance(quantity.get("value"), int | float):
        return None
    written = {str(quantity[key]) for key in ("unit", "code") if quantity.get(key)}
    if written & set(units) or (not written and not strict):
        return float(quantity["value"])
    return None


def _codings(concept: Mapping[str, Any] | None) -> Iterable[tuple[str, str]]:
    for coding in (concept or {}).get("coding", ()):
        yield str(coding.get("system", "")), str(coding.get("code", ""))


def _first_code(concept: Mapping[str, Any] | None) -> str:
    return next((code for _, code in _codings(concept)), "")


def _day(text: str) -> date | None:
    """A whole or partial FHIR date; a partial one is its first day."""
    try:
        return date.fromisoformat({4: f"{text}-01-01", 7: f"{text}-01"}.get(len(text), text))
    except ValueError:
        return None


def moment(text: object) -> datetime | None:
    """A FHIR dateTime as a time in China; None when it is none."""
    if not isinstance(text, str):
        return None
    if len(text) < 11:
        day = _day(text)
        return None if day is None else datetime(day.year, day.month, day.day, tzinfo=CHINA)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.astimezone(CHINA) if at.tzinfo else at.replace(tzinfo=CHINA)
