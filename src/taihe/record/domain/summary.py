"""
One person's record as a page shows it, made from FHIR bodies.

Pure: bodies and names come in, frozen objects go out. Results of one kind form a series in
time; home and office measurements are never mixed. A value is judged only by the reference
range its own body carries, or by a target row that holds for this person on that day.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from taihe.kernel.codes import System
from taihe.kernel.identifiers import Oid
from taihe.kernel.knowledge import Cells, Provenance, Validity, read_table

TARGETS = Path(__file__).parents[1] / "knowledge" / "result_targets.csv"
HOME = TARGETS.with_name("home_pressure.csv")
CHINA = timezone(timedelta(hours=8))
_FIRST = datetime(1, 1, 1, tzinfo=CHINA)
BLOOD_PRESSURE = "85354-9"
_PRESSURE_PARTS = ("8480-6", "8462-4")
_SYNTHEA_PRESSURE = "55284-4"


@dataclass(frozen=True)
class Demographics:
    """Who it is. Numbers are masked here, so that no page can show them whole by mistake."""

    name: str
    sex: str  # male, female, other, unknown
    birth_date: date | None
    citizen_number_masked: str
    phone_masked: str
    address: str
    clinic: str
    deceased: str = ""

    def age(self, on: date) -> int | None:
        """Full years on a day; None when the birth date is not known."""
        born = self.birth_date
        if born is None:
            return None
        return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


@dataclass(frozen=True)
class Problem:
    """A Condition: what, since when, and whether it goes on."""

    name: str
    code: str
    since: str
    is_active: bool
    is_listed: bool = True  # on the problem list, rather than the reason of one visit
    until: str = ""
    source: str = ""


@dataclass(frozen=True)
class Medicine:
    """A MedicationRequest, newest of its name; `times` counts how often it was prescribed."""

    name: str
    code: str
    dosage: str
    prescribed_on: str
    is_active: bool
    source: str = ""
    times: int = 1


@dataclass(frozen=True)
class Target:
    """A row of `result_targets.csv`: what a kind of result should stay below, for whom."""

    code: str
    setting: str
    problem: str
    age_from: int
    age_to: int | None
    high: float
    second_high: float | None
    words: str
    validity: Validity
    provenance: Provenance


@dataclass(frozen=True)
class Measured:
    """
    One value; `second` is the diastolic pressure. `tone` is bad when out of reference.

    `text` is the value as the source wrote it: 7.0 stays 7.0.
    """

    at: datetime
    value: float
    second: float | None = None
    source: str = ""
    tone: str = ""
    text: str = ""


@dataclass(frozen=True)
class Series:
    """The values of one kind of result, oldest first, with one unit."""

    key: str
    code: str
    name: str
    unit: str
    group: str  # vital, laboratory, other
    values: tuple[Measured, ...]
    at_home: bool = False
    low: float | None = None
    high: float | None = None
    target: Target | None = None

    @property
    def last(self) -> Measured:
        """The newest value."""
        return self.values[-1]


@dataclass(frozen=True)
class Finding:
    """A result in words (a coded or text value)."""

    at: datetime
    name: str
    text: str
    source: str = ""


@dataclass(frozen=True)
class Visit:
    """An Encounter: outpatient visit, stay, or visit over the internet."""

    id: str
    kind: str  # the class code: AMB, IMP, EMER, VR …
    start: datetime | None
    end: datetime | None
    source: str
    reasons: tuple[str, ...]
    doctor: str = ""


@dataclass(frozen=True)
class Allergy:
    """An AllergyIntolerance."""

    name: str
    category: str
    since: str
    is_severe: bool = False


@dataclass(frozen=True)
class Done:
    """Something given or done on a day: an Immunization or a Procedure."""

    name: str
    on: str
    source: str = ""


@dataclass(frozen=True)
class Record:
    """Everything a page shows of one person."""

    person: int
    demographics: Demographics
    problems: tuple[Problem, ...] = ()
    medicines: tuple[Medicine, ...] = ()
    results: tuple[Series, ...] = ()
    findings: tuple[Finding, ...] = ()
    visits: tuple[Visit, ...] = ()
    allergies: tuple[Allergy, ...] = ()
    immunizations: tuple[Done, ...] = ()
    procedures: tuple[Done, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)


NOBODY = Demographics("", "unknown", None, "", "", "", "")


def record_of(
    person: int,
    resources: Iterable[Mapping[str, Any]],
    names: Mapping[str, str],
    *,
    on: date,
) -> Record:
    """
    The record of a person from current bodies.

    `names` gives the name of an Organization or Practitioner by its reference; `on` is the day
    on which ages and targets are taken.
    """
    of: dict[str, list[Mapping[str, Any]]] = {}
    for resource in resources:
        of.setdefault(resource["resourceType"], []).append(resource)
    where = _where(of.get("Encounter", ()), names)
    patients = of.get("Patient", [])
    demographics = demographics_of(patients, names) if patients else NOBODY
    problems = _problems(of.get("Condition", ()), where)
    observations = of.get("Observation", ())
    return Record(
        person=person,
        demographics=demographics,
        problems=problems,
        medicines=_medicines(of.get("MedicationRequest", ()), where),
        results=_series(observations, where, names, problems, demographics.age(on), on),
        findings=_findings(observations, where),
        visits=_visits(of.get("Encounter", ()), names),
        allergies=tuple(
            Allergy(
                concept_text(a.get("code")) or "未写明",
                next(iter(a.get("category", ())), ""),
                str(a.get("onsetDateTime") or a.get("recordedDate") or "")[:10],
                a.get("criticality") == "high",
            )
            for a in of.get("AllergyIntolerance", ())
            if _code(a.get("clinicalStatus")) not in ("resolved", "inactive")
            and _code(a.get("verificationStatus")) not in ("refuted", "entered-in-error")
        ),
        immunizations=_newest(
            Done(
                concept_text(i.get("vaccineCode")),
                str(i.get("occurrenceDateTime", ""))[:10],
                _performer(i, names) or where.get(_ref(i.get("encounter")), ""),
            )
            for i in of.get("Immunization", ())
            if i.get("status") == "completed"
        ),
        procedures=_newest(
            Done(
                concept_text(p.get("code")),
                str(p.get("performedDateTime") or p.get("performedPeriod", {}).get("start", ""))[
                    :10
                ],
                where.get(_ref(p.get("encounter")), ""),
            )
            for p in of.get("Procedure", ())
            if p.get("status") not in ("entered-in-error", "not-done")
        ),
        counts={type: len(bodies) for type, bodies in of.items()},
    )


def references_to_name(resources: Iterable[Mapping[str, Any]]) -> set[str]:
    """The Organizations and Practitioners whose names `record_of` needs."""
    wanted: set[str] = set()
    for one in resources:
        kind = one["resourceType"]
        if kind == "Encounter":
            wanted.add(_ref(one.get("serviceProvider")))
            wanted.update(_ref(part.get("individual")) for part in one.get("participant", ()))
        elif kind == "Immunization":
            wanted.update(_ref(part.get("actor")) for part in one.get("performer", ()))
        elif kind == "Observation":
            wanted.update(_ref(part) for part in one.get("performer", ()))
        elif kind == "Patient":
            wanted.update(_ref(part) for part in one.get("generalPractitioner", ()))
            wanted.add(_ref(one.get("managingOrganization")))
    return {ref for ref in wanted if ref.startswith(("Organization/", "Practitioner/"))}


def name_in(resource: Mapping[str, Any]) -> str:
    """The name that an Organization or Practitioner body carries."""
    name = resource.get("name", "")
    return name if isinstance(name, str) else _human_name(name)


def mask(text: str, *, head: int, tail: int) -> str:
    """Cover the middle of a number: 340000********1234."""
    if len(text) <= head + tail:
        return "*" * len(text)
    return text[:head] + "*" * (len(text) - head - tail) + text[-tail:]


def concept_text(concept: Mapping[str, Any] | None) -> str:
    """A CodeableConcept in words: its text, else the first display, else the first code."""
    if not concept:
        return ""
    codings = concept.get("coding", ())
    display = next((c["display"] for c in codings if c.get("display")), "")
    return str(concept.get("text") or display or next((c.get("code", "") for c in codings), ""))


@cache
def targets() -> tuple[Target, ...]:
    """The target rows."""
    return read_table(
        TARGETS, _target, required=("code", "setting", "problem", "high", "words", "source")
    ).checked()


def _target(cells: Cells) -> Target:
    second, age_to = cells.optional("second_high"), cells.optional("age_to")
    return Target(
        code=cells.text("code"),
        setting=cells.choice("setting", ("home", "office")),
        problem=cells.text("problem"),
        age_from=cells.whole("age_from"),
        age_to=int(age_to) if age_to else None,
        high=float(cells.text("high")),
        second_high=float(second) if second else None,
        words=cells.text("words"),
        validity=cells.validity(),
        provenance=cells.provenance(),
    )


def target_for(
    code: str, *, at_home: bool, problems: Sequence[Problem], age: int | None, on: date
) -> Target | None:
    """The target that holds for a person with these problems at this age on this day."""
    if age is None:
        return None
    icd = [problem.code for problem in problems if problem.is_active]
    return next(
        (
            row
            for row in targets()
            if row.code == code
            and row.setting == ("home" if at_home else "office")
            and row.age_from <= age
            and (row.age_to is None or age <= row.age_to)
            and row.validity.holds(on)
            and any(one.startswith(row.problem) for one in icd)
        ),
        None,
    )


@dataclass(frozen=True)
class HomeRule:
    """How many home readings make a usable mean: a row of `home_pressure.csv`."""

    window_days: int
    least_days: int
    least_readings: int
    provenance: Provenance


@dataclass(frozen=True)
class HomeMean:
    """The mean of the home readings of the last days, and whether they are enough to judge."""

    systolic: float
    diastolic: float
    readings: int
    days: int
    rule: HomeRule

    @property
    def is_enough(self) -> bool:
        """Whether the mean may be judged; one reading never is."""
        return self.readings >= self.rule.least_readings and self.days >= self.rule.least_days


@cache
def home_rule() -> HomeRule:
    """The rule for home readings."""
    rows = read_table(
        HOME,
        lambda cells: HomeRule(
            cells.whole("window_days"),
            cells.whole("least_days"),
            cells.whole("least_readings"),
            cells.provenance(),
        ),
        required=("window_days", "least_days", "least_readings", "source"),
    ).checked()
    return rows[0]


def home_mean(series: Series) -> HomeMean | None:
    """
    The mean of a home pressure series over the days that end with its last reading.

    None for anything else than home pressure.
    """
    if series.code != BLOOD_PRESSURE or not series.at_home:
        return None
    rule = home_rule()
    since = series.last.at.date() - timedelta(days=rule.window_days - 1)
    recent = [m for m in series.values if m.at.date() >= since and m.second is not None]
    return HomeMean(
        systolic=sum(m.value for m in recent) / len(recent),
        diastolic=sum(m.second or 0.0 for m in recent) / len(recent),
        readings=len(recent),
        days=len({m.at.date() for m in recent}),
        rule=rule,
    )


def _ref(reference: Mapping[str, Any] | None) -> str:
    return str((reference or {}).get("reference", ""))


def _code(concept: Mapping[str, Any] | None, system: str = "") -> str:
    for coding in (concept or {}).get("coding", ()):
        if not system or coding.get("system") == system:
            return str(coding.get("code", ""))
    return ""


def _codes(concept: Mapping[str, Any] | None) -> set[str]:
    return {str(coding.get("code", "")) for coding in (concept or {}).get("coding", ())}


def moment(text: Any) -> datetime | None:
    """A FHIR dateTime of any precision as a time in China; None when there is none."""
    if not isinstance(text, str) or not text:
        return None
    text = re.sub(r"(\.\d{1,6})\d*", r"\1", text)
    text = {4: f"{text}-01-01", 7: f"{text}-01"}.get(len(text), text)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.astimezone(CHINA) if at.tzinfo else at.replace(tzinfo=CHINA)


def _human_name(names: Any) -> str:
    if not names:
        return ""
    chosen = next((n for n in names if n.get("use") == "official"), names[0])
    if chosen.get("text"):
        return str(chosen["text"])
    given, family = chosen.get("given", []), chosen.get("family", "")
    chinese = any(letter >= "一" for letter in family)
    return family + "".join(given) if chinese else " ".join([*given, family]).strip()


def demographics_of(
    patients: Sequence[Mapping[str, Any]], names: Mapping[str, str]
) -> Demographics:
    """From the body that says most; the others fill what it lacks."""
    ordered = sorted(patients, key=lambda p: -len(p))
    first = ordered[0]

    def any_of(key: str) -> Any:
        return next((p[key] for p in ordered if p.get(key)), None)

    citizen = phone = ""
    for patient in ordered:
        for identifier in patient.get("identifier", ()):
            if not citizen and identifier.get("system") in (
                Oid.CITIZEN.value,
                Oid.CITIZEN_HL7_CHINA.value,
            ):
                citizen = str(identifier.get("value", ""))
        for telecom in patient.get("telecom", ()):
            if not phone and telecom.get("system") == "phone":
                phone = str(telecom.get("value", ""))
    born = str(any_of("birthDate") or "")
    address: Mapping[str, Any] = next(iter(any_of("address") or ()), {})
    clinic = [names.get(_ref(r), "") for r in any_of("generalPractitioner") or ()]
    dead = first.get("deceasedDateTime") or first.get("deceasedBoolean")
    return Demographics(
        name=_human_name(any_of("name")),
        sex=str(any_of("gender") or "unknown"),
        birth_date=date.fromisoformat(born) if len(born) == 10 else None,
        citizen_number_masked=mask(citizen, head=6, tail=4) if citizen else "",
        phone_masked=mask(phone, head=3, tail=4) if phone else "",
        address=str(address.get("text") or " ".join(address.get("line", ()))),
        clinic=next((name for name in clinic if name), ""),
        deceased="" if not dead else str(dead)[:10] if isinstance(dead, str) else "已故",
    )


def _where(encounters: Iterable[Mapping[str, Any]], names: Mapping[str, str]) -> dict[str, str]:
    """The institution of each encounter, by its reference."""
    return {f"Encounter/{e.get('id', '')}": _provider(e, names) for e in encounters}


def _provider(encounter: Mapping[str, Any], names: Mapping[str, str]) -> str:
    provider = encounter.get("serviceProvider", {})
    return names.get(_ref(provider), "") or str(provider.get("display", ""))


def _performer(resource: Mapping[str, Any], names: Mapping[str, str]) -> str:
    for part in resource.get("performer", ()):
        found = names.get(_ref(part.get("actor", part)), "")
        if found:
            return found
    return ""


def _problems(
    conditions: Iterable[Mapping[str, Any]], where: Mapping[str, str]
) -> tuple[Problem, ...]:
    found: dict[tuple[str, bool], Problem] = {}
    for one in conditions:
        if _code(one.get("verificationStatus")) in ("refuted", "entered-in-error"):
            continue
        status = _code(one.get("clinicalStatus"))
        listed = "problem-list-item" in {
            code for category in one.get("category", ()) for code in _codes(category)
        }
        problem = Problem(
            name=concept_text(one.get("code")),
            code=_code(one.get("code"), System.ICD10.value) or _code(one.get("code")),
            since=str(one.get("onsetDateTime") or one.get("recordedDate") or "")[:10],
            is_active=status in ("active", "recurrence", "relapse", ""),
            is_listed=listed,
            until=str(one.get("abatementDateTime", ""))[:10],
            source=where.get(_ref(one.get("encounter")), ""),
        )
        key = (problem.code or problem.name, problem.is_active)
        known = found.get(key)
        # The same diagnosis of many visits is one line: since its first day.
        if known is None or (problem.is_listed, known.since) > (known.is_listed, problem.since):
            found[key] = problem
    active = {key[0] for key in found if key[1]}
    kept = [p for key, p in found.items() if key[1] or key[0] not in active]
    newest_first = sorted(kept, key=lambda p: p.since, reverse=True)
    return tuple(sorted(newest_first, key=lambda p: (not p.is_active, not p.is_listed)))


def _medicines(
    requests: Iterable[Mapping[str, Any]], where: Mapping[str, str]
) -> tuple[Medicine, ...]:
    found: dict[str, Medicine] = {}
    for one in sorted(requests, key=lambda r: str(r.get("authoredOn", ""))):
        if one.get("status") in ("entered-in-error", "cancelled", "draft"):
            continue
        concept = one.get("medicationCodeableConcept")
        name = concept_text(concept) or "未写明药名"
        before = found.get(name)
        dosage = next((d["text"] for d in one.get("dosageInstruction", ()) if d.get("text")), "")
        found[name] = Medicine(
            name=name,
            code=_code(concept),
            dosage=dosage or _dose(one),
            prescribed_on=str(one.get("authoredOn", ""))[:10],
            is_active=one.get("status") == "active",
            source=where.get(_ref(one.get("encounter")), ""),
            times=before.times + 1 if before else 1,
        )
    newest = sorted(found.values(), key=lambda m: m.prescribed_on, reverse=True)
    return tuple(sorted(newest, key=lambda m: not m.is_active))


def _dose(request: Mapping[str, Any]) -> str:
    for dosage in request.get("dosageInstruction", ()):
        repeat = dosage.get("timing", {}).get("repeat", {})
        if repeat.get("frequency") and repeat.get("periodUnit") == "d":
            days = int(repeat.get("period", 1))
            every = "每天" if days == 1 else f"每 {days} 天"
            return f"{every} {repeat['frequency']} 次"
        if dosage.get("asNeededBoolean"):
            return "需要时用"
    return ""


def _is_home(observation: Mapping[str, Any]) -> bool:
    return any("家庭自测" in note.get("text", "") for note in observation.get("note", ()))


def _group(observation: Mapping[str, Any]) -> str:
    codes = {code for category in observation.get("category", ()) for code in _codes(category)}
    return next((group for group in ("vital-signs", "laboratory") if group in codes), "other")


def _pair(observation: Mapping[str, Any]) -> tuple[float, float] | None:
    parts: dict[str, float] = {}
    for component in observation.get("component", ()):
        value = component.get("valueQuantity", {}).get("value")
        for code in _codes(component.get("code")) & set(_PRESSURE_PARTS):
            if value is not None:
                parts[code] = float(value)
    first, second = (parts.get(code) for code in _PRESSURE_PARTS)
    return (first, second) if first is not None and second is not None else None


def _series(
    observations: Iterable[Mapping[str, Any]],
    where: Mapping[str, str],
    names: Mapping[str, str],
    problems: Sequence[Problem],
    age: int | None,
    on: date,
) -> tuple[Series, ...]:
    found: dict[tuple[str, str, bool], list[Measured]] = {}
    about: dict[tuple[str, str, bool], tuple[str, str, float | None, float | None]] = {}
    for one in observations:
        if one.get("status") in ("entered-in-error", "cancelled"):
            continue
        at = moment(one.get("effectiveDateTime") or one.get("effectivePeriod", {}).get("start"))
        if at is None:
            continue
        home = _is_home(one)
        source = (
            "在家自测"
            if home
            else where.get(_ref(one.get("encounter")), "") or _performer(one, names)
        )
        code = _code(one.get("code"), System.LOINC.value) or _code(one.get("code"))
        name = concept_text(one.get("code"))
        pair = _pair(one)
        if pair:
            value, second, unit = pair[0], pair[1], "mmHg"
            text = f"{_written(value)}/{_written(second)}"
            if code in (BLOOD_PRESSURE, _SYNTHEA_PRESSURE):
                code, name = BLOOD_PRESSURE, "家庭血压" if home else "血压"
        elif one.get("valueQuantity", {}).get("value") is not None:
            quantity = one["valueQuantity"]
            value, second = float(quantity["value"]), None
            text = _written(quantity["value"])
            unit = str(quantity.get("unit") or quantity.get("code") or "")
        else:
            continue
        if home and not pair:
            name = f"{name}（在家测）"
        key = (code or name, unit, home)
        low, high = _reference(one)
        found.setdefault(key, []).append(
            Measured(at, value, second, source, _tone(value, low, high), text)
        )
        known = about.get(key, (name, _group(one), None, None))
        about[key] = (
            known[0],
            known[1],
            known[2] if low is None else low,
            known[3] if high is None else high,
        )
    series = []
    for key, values in found.items():
        name, group, low, high = about[key]
        target = target_for(key[0], at_home=key[2], problems=problems, age=age, on=on)
        marked = [
            replace(m, tone=m.tone or _over(m, target)) for m in sorted(values, key=lambda m: m.at)
        ]
        series.append(
            Series(
                key=f"{key[0]}{'-home' if key[2] else ''}",
                code=key[0],
                name=name,
                unit=key[1],
                group=group,
                values=tuple(marked),
                at_home=key[2],
                low=low,
                high=high,
                target=target,
            )
        )
    # What has a target comes first, then what was measured most lately and most often.
    series.sort(key=lambda s: (s.last.at.date(), len(s.values)), reverse=True)
    series.sort(key=lambda s: (s.target is None, s.code != BLOOD_PRESSURE, len(s.values) < 2))
    return tuple(series)


def _written(value: Any) -> str:
    """A number as its body wrote it, with commas in thousands."""
    number = value if isinstance(value, Decimal) else Decimal(str(value))
    if isinstance(value, float) and value == int(value):
        number = Decimal(int(value))
    return f"{number:,f}"


def _reference(observation: Mapping[str, Any]) -> tuple[float | None, float | None]:
    for one in observation.get("referenceRange", ()):
        low, high = one.get("low", {}).get("value"), one.get("high", {}).get("value")
        if low is not None or high is not None:
            return (
                float(low) if low is not None else None,
                float(high) if high is not None else None,
            )
    return None, None


def _tone(value: float, low: float | None, high: float | None) -> str:
    outside = (low is not None and value < low) or (high is not None and value > high)
    return "bad" if outside else ""


def _over(measured: Measured, target: Target | None) -> str:
    """A target is "below": the value itself is over it."""
    if target is None:
        return ""
    over = measured.value >= target.high
    if target.second_high is not None and measured.second is not None:
        over = over or measured.second >= target.second_high
    return "bad" if over else ""


def _findings(
    observations: Iterable[Mapping[str, Any]], where: Mapping[str, str]
) -> tuple[Finding, ...]:
    found = []
    for one in observations:
        text = concept_text(one.get("valueCodeableConcept")) or str(one.get("valueString", ""))
        at = moment(one.get("effectiveDateTime"))
        if text and at and one.get("status") not in ("entered-in-error", "cancelled"):
            place = where.get(_ref(one.get("encounter")), "")
            found.append(Finding(at, concept_text(one.get("code")), text, place))
    return tuple(sorted(found, key=lambda f: f.at, reverse=True))


def _visits(encounters: Iterable[Mapping[str, Any]], names: Mapping[str, str]) -> tuple[Visit, ...]:
    found = []
    for one in encounters:
        if one.get("status") in ("entered-in-error", "cancelled"):
            continue
        period = one.get("period", {})
        doctors = [
            names.get(_ref(part.get("individual")), "")
            or part.get("individual", {}).get("display", "")
            for part in one.get("participant", ())
        ]
        reasons = [concept_text(reason) for reason in one.get("reasonCode", ())]
        found.append(
            Visit(
                id=str(one.get("id", "")),
                kind=str(one.get("class", {}).get("code", "")),
                start=moment(period.get("start")),
                end=moment(period.get("end")),
                source=_provider(one, names),
                reasons=tuple(reason for reason in reasons if reason)
                or tuple(filter(None, (concept_text(next(iter(one.get("type", ())), None)),))),
                doctor=next((doctor for doctor in doctors if doctor), ""),
            )
        )
    return tuple(sorted(found, key=lambda v: v.start or _FIRST, reverse=True))


def _newest(items: Iterable[Done]) -> tuple[Done, ...]:
    return tuple(sorted(items, key=lambda item: item.on, reverse=True))
