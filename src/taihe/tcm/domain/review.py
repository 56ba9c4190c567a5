"""
Safety review of a TCM prescription: incompatible pairs, pregnancy, dose, toxic herbs, names.

A finding carries its rule row, source and clause; the strictest finding gives the result:
pass, warn, sign (reason and second signature) or block.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from taihe.kernel.errors import Incorrect
from taihe.kernel.knowledge import Provenance, Validity
from taihe.tcm.domain.names import Herb, NameTable, Resolved

CHILDBEARING_AGE = (15, 49)


class Result(StrEnum):
    """What happens to the prescription, in rising strictness."""

    PASS = "pass"  # noqa: S105
    WARN = "warn"
    SIGN = "sign"
    BLOCK = "block"


STRICTNESS = {result: place for place, result in enumerate(Result)}


class Impossible(Incorrect):
    """A fact that cannot be; the message says which, never whose."""

    code = "value"


@dataclass(frozen=True)
class RuleRow:
    """What every row carries: id, source and clause, validity, and whether it was checked."""

    id: str
    provenance: Provenance
    valid: Validity
    status: str
    severity: Result


@dataclass(frozen=True)
class Pair(RuleRow):
    """Two herbs that are not given together; `basis` is shown in the finding."""

    rule: str
    herb_a: str
    herb_b: str
    basis: str


@dataclass(frozen=True)
class PregnancyRow(RuleRow):
    """A herb with its word for pregnancy: 禁用, 忌用 or 慎用."""

    herb: str
    word: str


@dataclass(frozen=True)
class ToxicRow(RuleRow):
    """One of the 28 toxic herbs; with form `raw` only where the name says 生."""

    name: str
    herb: str
    form: str


@dataclass(frozen=True)
class DoseRow(RuleRow):
    """The daily dose of a herb in grams."""

    herb: str
    min_g: float
    max_g: float


@dataclass(frozen=True)
class Formula(RuleRow):
    """A classical formula that holds an incompatible pair on purpose: signed, not blocked."""

    name: str
    herbs: frozenset[str]
    pair: frozenset[str]


@dataclass(frozen=True)
class FormatRow(RuleRow):
    """What is said about names and doses that cannot be used as written."""

    words: str


@dataclass(frozen=True)
class ReviewRules:
    """The rows of a review, already those that hold on its day and are switched on."""

    names: NameTable
    pairs: tuple[Pair, ...]
    pregnancy: tuple[PregnancyRow, ...]
    toxic: tuple[ToxicRow, ...]
    doses: tuple[DoseRow, ...]
    formulas: tuple[Formula, ...]
    formats: Mapping[str, FormatRow]
    grams: Mapping[str, float]


@dataclass(frozen=True)
class Item:
    """One line: the name as written, the dose of one day's portion, and notes."""

    name: str
    dose: float | None = None
    unit: str = "g"
    processing: str | None = None
    decoction: str | None = None


@dataclass(frozen=True)
class Patient:
    """Sex as FHIR says it, age in years, and whether pregnant (None is not known)."""

    sex: str = "unknown"
    age: float | None = None
    pregnant: bool | None = None

    def __post_init__(self) -> None:
        if self.sex not in ("male", "female", "unknown", "other"):
            raise Impossible("sex is unknown.", "Write male, female or unknown.")
        if self.age is not None and not 0 <= self.age <= 130:
            raise Impossible("The age cannot be.", "Check it.")
        if self.pregnant and self.sex == "male":
            raise Impossible("A man is marked as pregnant.", "Check sex and pregnancy.")


@dataclass(frozen=True)
class Prescription:
    """
    What is reviewed. `count` portions over `days` days; `same_day` holds the lines of other
    prescriptions of the same person and day, since a pair may be split over two.
    """

    patient: Patient
    items: tuple[Item, ...]
    count: float | None = None
    days: float | None = None
    day: date | None = None
    same_day: tuple[Item, ...] = ()


@dataclass(frozen=True)
class Finding:
    """What a rule row found; `items` are places in the prescription, counted from 0."""

    type: str
    rule: str
    rule_id: str
    severity: Result
    items: tuple[int, ...]
    names: tuple[str, ...]
    message: str
    source: str
    clause: str


@dataclass(frozen=True)
class Review:
    """The result with its findings, the names as understood, and those that were not."""

    result: Result
    findings: tuple[Finding, ...]
    names: tuple[Resolved, ...]
    unknown: tuple[str, ...]


def review(prescription: Prescription, *, rules: ReviewRules) -> Review:
    """
    Review a prescription by the rows.

    Processed names count as their herb: 炙甘草 with 海藻 is found, 水牛角 is no 犀角 and
    白附子 is no 附子. A name that several herbs share is asked back, and blocks where one of
    them would be incompatible with the rest. A classical formula that holds a pair on
    purpose asks for a signature and is never passed silently.
    """
    if not prescription.items:
        raise Impossible("The prescription has no items.", "Add them.")
    for name, value in (("count", prescription.count), ("days", prescription.days)):
        if value is not None and value <= 0:
            raise Impossible(f"{name} is not above 0.", "Correct it.")
    resolve = rules.names.resolve
    names = [resolve(item.name, item.processing) for item in prescription.items]
    others = [resolve(item.name, item.processing) for item in prescription.same_day]
    findings = [
        *_incompatible(names, others, rules),
        *_pregnancy(prescription.patient, names, rules),
        *_doses(prescription, names, rules),
        *_toxic(names, rules),
        *_formats(prescription, names, others, rules),
    ]
    result = max((f.severity for f in findings), key=STRICTNESS.__getitem__, default=Result.PASS)
    unknown = tuple(dict.fromkeys(name.written for name in names if not name.herb))
    return Review(result, tuple(findings), tuple(names), unknown)


def _herb(name: str, rules: ReviewRules) -> Herb:
    return rules.names.herbs.get(name) or Herb(name, "", "")


def _incompatible(
    names: Sequence[Resolved], others: Sequence[Resolved], rules: ReviewRules
) -> list[Finding]:
    places: dict[str, list[int]] = {}
    for place, name in enumerate([*names, *others]):
        for key in _herb(name.herb, rules).in_pairs if name.herb else ():
            places.setdefault(key, []).append(place)
    family = {
        each for name in (*names, *others) if name.herb for each in _herb(name.herb, rules).family
    }
    findings = []
    for pair in rules.pairs:
        found = sorted({*places.get(pair.herb_a, ()), *places.get(pair.herb_b, ())})
        if pair.herb_a not in places or pair.herb_b not in places or found[0] >= len(names):
            continue
        severity = pair.severity
        message = f"{pair.herb_a}与{pair.herb_b}不宜同用（{pair.rule}：{pair.provenance.clause}）"
        if found[-1] >= len(names):
            message += "，分写在同日的两张处方上"
        formula = _formula_of(pair, family, rules)
        if formula:
            severity = Result.SIGN
            message += f"；为经典方{formula.name}的组成，须注明理由并双签名"
        findings.append(
            Finding(
                "incompatible",
                pair.rule,
                pair.id,
                severity,
                tuple(place for place in found if place < len(names)),
                (pair.herb_a, pair.herb_b),
                message,
                f"{pair.provenance.source}（{pair.basis}）",
                pair.provenance.clause,
            )
        )
    return findings


def _formula_of(pair: Pair, family: set[str], rules: ReviewRules) -> Formula | None:
    a, b = _herb(pair.herb_a, rules).family, _herb(pair.herb_b, rules).family
    for formula in rules.formulas:
        if a & formula.pair and b & formula.pair and formula.herbs <= family:
            return formula
    return None


def _pregnancy(patient: Patient, names: Sequence[Resolved], rules: ReviewRules) -> list[Finding]:
    rows = {row.herb: row for row in rules.pregnancy}
    found = [(place, rows[name.herb]) for place, name in enumerate(names) if name.herb in rows]
    if patient.pregnant:
        return [
            Finding(
                "pregnancy",
                f"妊娠{row.word}",
                row.id,
                row.severity,
                (place,),
                (row.herb,),
                f"{row.herb}：孕妇{row.word}",
                row.provenance.source,
                row.provenance.clause,
            )
            for place, row in found
        ]
    low, high = CHILDBEARING_AGE
    asked = [(place, row) for place, row in found if row.severity == Result.BLOCK]
    if (
        patient.pregnant is None
        and patient.sex == "female"
        and patient.age is not None
        and low <= patient.age <= high
        and asked
    ):
        places, named = tuple(p for p, _ in asked), tuple(r.herb for _, r in asked)
        return [_format(rules.formats["pregnancy_unknown"], places, named)]
    return []


def _doses(
    prescription: Prescription, names: Sequence[Resolved], rules: ReviewRules
) -> list[Finding]:
    rows = {row.herb: row for row in rules.doses}
    portions = 1.0
    if prescription.count and prescription.days:
        portions = prescription.count / prescription.days
    grams: dict[str, float] = {}
    places: dict[str, list[int]] = {}
    for place, (item, name) in enumerate(zip(prescription.items, names, strict=True)):
        factor = rules.grams.get((item.unit or "").strip())
        if name.herb in rows and item.dose is not None and factor is not None:
            grams[name.herb] = grams.get(name.herb, 0) + item.dose * factor * portions
            places.setdefault(name.herb, []).append(place)
    return [
        Finding(
            "dose",
            "超量",
            rows[herb].id,
            rows[herb].severity,
            tuple(places[herb]),
            (herb,),
            f"{herb}每日{total:g}g，超过{rows[herb].min_g:g}～{rows[herb].max_g:g}g，须注明理由并双签名",
            rows[herb].provenance.source,
            rows[herb].provenance.clause,
        )
        for herb, total in grams.items()
        if total > rows[herb].max_g * (1 + 1e-9)
    ]


def _toxic(names: Sequence[Resolved], rules: ReviewRules) -> list[Finding]:
    findings = []
    for place, name in enumerate(names):
        for row in rules.toxic:
            if name.herb == row.herb and (not row.form or row.form == name.form):
                findings.append(
                    Finding(
                        "toxicity",
                        "毒性中药",
                        row.id,
                        row.severity,
                        (place,),
                        (row.name,),
                        f"{row.name}为医疗用毒性药品，须按毒性药品管理并双签名",
                        row.provenance.source,
                        row.provenance.clause,
                    )
                )
    return findings


def _formats(
    prescription: Prescription,
    names: Sequence[Resolved],
    others: Sequence[Resolved],
    rules: ReviewRules,
) -> list[Finding]:
    findings = []
    for place, (item, name) in enumerate(zip(prescription.items, names, strict=True)):
        if name.candidates:
            rest = [other for spot, other in enumerate(names) if spot != place] + [*others]
            danger = _could_be_incompatible(name, rest, rules)
            row = rules.formats["ask_back_danger" if danger else "ask_back"]
            message = f"“{item.name}”：{row.words}（{'、'.join(name.candidates)}）"
            findings.append(replace(_format(row, (place,), (item.name,)), message=message))
        elif not name.herb:
            findings.append(_format(rules.formats["unknown"], (place,), (item.name,)))
        elif not name.sure:
            message = f"“{item.name}”按{name.herb}审核：{rules.formats['confirm'].words}"
            found = _format(rules.formats["confirm"], (place,), (item.name,))
            findings.append(replace(found, message=message))
        if item.dose is None:
            findings.append(_format(rules.formats["dose_missing"], (place,), (item.name,)))
        elif (item.unit or "").strip() not in rules.grams:
            findings.append(_format(rules.formats["dose_unit"], (place,), (item.name,)))
    return findings


def _could_be_incompatible(name: Resolved, rest: Sequence[Resolved], rules: ReviewRules) -> bool:
    def keys(resolved: Resolved) -> set[str]:
        herbs = (resolved.herb,) if resolved.herb else resolved.candidates
        return {key for herb in herbs for key in _herb(herb, rules).in_pairs}

    mine = keys(name)
    theirs = {key for other in rest for key in keys(other)}
    return any(
        (pair.herb_a in mine and pair.herb_b in theirs)
        or (pair.herb_b in mine and pair.herb_a in theirs)
        for pair in rules.pairs
    )


def _format(row: FormatRow, places: tuple[int, ...], names: tuple[str, ...]) -> Finding:
    return Finding(
        "format",
        "处方书写",
        row.id,
        row.severity,
        places,
        names,
        f"{'、'.join(names)}：{row.words}",
        row.provenance.source,
        row.provenance.clause,
    )
