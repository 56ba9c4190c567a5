"""
What a FHIR resource says to the lake: typed columns, and never a name, number or phone.

Each function takes a resource as a dictionary and gives the values of its set's own columns,
in the order of `COLUMNS`; what is missing or not of its type is None. Days are days in China.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Any

from taihe.kernel.codes import System

Resource = Mapping[str, Any]
Row = tuple[Any, ...]
CHINA = timezone(timedelta(hours=8))
ICD10 = (System.ICD10.value, "http://hl7.org/fhir/sid/icd-10", "http://hl7.org/fhir/sid/icd-10-cn")
PRESSURE, SYSTOLIC, DIASTOLIC = "85354-9", "8480-6", "8462-4"
HOME_NOTE = "家庭自测"
_NO_DIAGNOSIS = ("refuted", "entered-in-error", "unconfirmed", "provisional", "differential")
_VOID = ("entered-in-error", "cancelled")

COLUMNS: dict[str, tuple[tuple[str, str], ...]] = {
    "Patient": (
        ("born", "DATE"),
        ("sex", "VARCHAR"),
        ("dead", "BOOLEAN"),
        ("centre", "VARCHAR"),
        ("team", "VARCHAR"),
    ),
    "Organization": (("code", "VARCHAR"), ("name", "VARCHAR"), ("place", "VARCHAR")),
    "Encounter": (
        ("class", "VARCHAR"),
        ("begin_on", "DATE"),
        ("end_on", "DATE"),
        ("provider", "VARCHAR"),
        ("has_reason", "BOOLEAN"),
        ("received_at", "TIMESTAMP"),
    ),
    "Condition": (("code", "VARCHAR"), ("known_on", "DATE"), ("encounter", "VARCHAR")),
    "Observation": (
        ("code", "VARCHAR"),
        ("measured_at", "TIMESTAMP"),
        ("value", "DOUBLE"),
        ("second_value", "DOUBLE"),
        ("home", "BOOLEAN"),
        ("encounter", "VARCHAR"),
    ),
    "MedicationRequest": (
        ("code", "VARCHAR"),
        ("written_on", "DATE"),
        ("encounter", "VARCHAR"),
    ),
}
"""The columns of each set after `resource`, `person`, `feed`, `gone`; types are DuckDB's."""


def facts(resource: Resource, received_at: datetime) -> Row | None:
    """The row of a resource; None when it counts for nothing (refuted, void)."""
    reader = _READERS.get(str(resource.get("resourceType")))
    return reader(resource, received_at) if reader else None


def _patient(resource: Resource, _at: datetime) -> Row:
    dead = resource.get("deceasedBoolean") is True or bool(resource.get("deceasedDateTime"))
    doctors = [_id(one, "Organization") for one in _list(resource.get("generalPractitioner"))]
    return (
        _day(resource.get("birthDate")),
        _text(resource.get("gender")),
        dead,
        _id(resource.get("managingOrganization"), "Organization"),
        next((one for one in doctors if one), None),
    )


def _organisation(resource: Resource, _at: datetime) -> Row:
    codes = [
        _text(one.get("value"))
        for one in _list(resource.get("identifier"))
        if one.get("system") == System.INSTITUTION.value
    ]
    places = [_text(one.get("text")) for one in _list(resource.get("address"))]
    return (
        next((code for code in codes if code), None),
        _text(resource.get("name")),
        next((place for place in places if place), None),
    )


def _encounter(resource: Resource, at: datetime) -> Row | None:
    if resource.get("status") in _VOID:
        return None
    period = _map(resource.get("period"))
    return (
        _text(_map(resource.get("class")).get("code")),
        _day(period.get("start")),
        _day(period.get("end")),
        _id(resource.get("serviceProvider"), "Organization"),
        bool(_list(resource.get("reasonCode")) or _list(resource.get("diagnosis"))),
        at.astimezone(CHINA).replace(tzinfo=None),
    )


def _condition(resource: Resource, _at: datetime) -> Row | None:
    words = _map(resource.get("verificationStatus"))
    if any(one.get("code") in _NO_DIAGNOSIS for one in _list(words.get("coding"))):
        return None
    code = _coded(resource.get("code"), ICD10)
    if code is None:
        return None
    known = _day(resource.get("onsetDateTime")) or _day(resource.get("recordedDate"))
    return (code, known, _id(resource.get("encounter"), "Encounter"))


def _observation(resource: Resource, _at: datetime) -> Row | None:
    if resource.get("status") in _VOID:
        return None
    code = _coded(resource.get("code"), (System.LOINC.value,))
    if code is None:
        return None
    if code == PRESSURE:
        parts = {
            _coded(one.get("code"), (System.LOINC.value,)): _value(one)
            for one in _list(resource.get("component"))
        }
        value, second = parts.get(SYSTOLIC), parts.get(DIASTOLIC)
    else:
        value, second = _value(resource), None
    notes = [_text(one.get("text")) or "" for one in _list(resource.get("note"))]
    return (
        code,
        _moment(resource.get("effectiveDateTime")),
        value,
        second,
        any(HOME_NOTE in note for note in notes),
        _id(resource.get("encounter"), "Encounter"),
    )


def _medication(resource: Resource, _at: datetime) -> Row | None:
    if resource.get("status") in _VOID:
        return None
    code = _coded(resource.get("medicationCodeableConcept"), (System.INSURANCE_LIST.value,))
    return (
        code,
        _day(resource.get("authoredOn")),
        _id(resource.get("encounter"), "Encounter"),
    )


_READERS: dict[str, Callable[[Resource, datetime], Row | None]] = {
    "Patient": _patient,
    "Organization": _organisation,
    "Encounter": _encounter,
    "Condition": _condition,
    "Observation": _observation,
    "MedicationRequest": _medication,
}


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _id(value: Any, kind: str) -> str | None:
    """The id in a reference to a resource of a type, written in any of the usual ways."""
    text = _text(_map(value).get("reference"))
    if text is None:
        return None
    parts = text.split("/_history/")[0].rsplit("/", 2)
    return parts[-1] if len(parts) > 1 and parts[-2] == kind else None


def _coded(concept: Any, systems: Iterable[str]) -> str | None:
    wanted = set(systems)
    for one in _list(_map(concept).get("coding")):
        if one.get("system") in wanted and _text(one.get("code")):
            return str(one["code"])
    return None


def _value(resource: Resource) -> float | None:
    value = _map(resource.get("valueQuantity")).get("value")
    if not isinstance(value, int | float) or isinstance(value, bool) or abs(value) >= 1e9:
        return None
    return float(value)


def _moment(value: Any) -> datetime | None:
    """A FHIR dateTime as local time in China without zone; a day counts from its beginning."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return None
    return at.astimezone(CHINA).replace(tzinfo=None) if at.tzinfo else at


def _day(value: Any) -> date | None:
    at = _moment(value)
    return at.date() if at else None
