"""Reads the shipped rows of `knowledge/` into the objects that `domain/` decides by."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from taihe.chronic.domain import assessment, china_par, hypertension, who_chart
from taihe.chronic.domain.facts import Limit
from taihe.chronic.domain.follow_up import DangerSign, Disease, FollowUpRules, Target
from taihe.chronic.domain.hearts import HeartsRules
from taihe.chronic.domain.home_pressure import HomeRules
from taihe.chronic.domain.registry import RegistryRules
from taihe.kernel.errors import Incorrect
from taihe.kernel.knowledge import BadCell, Cells, Provenance, Validity, read_table

KNOWLEDGE = Path(__file__).parent / "knowledge"
PUBLIC_HEALTH, CLINICAL, HEARTS = "gwgg-2017", "nccd-2025", "hearts"
STATUSES = ("checked", "unverified", "printed", "recovered", "estimated")

Row = TypeVar("Row")
Base = tuple[str, Provenance, Validity, str]


@dataclass(frozen=True)
class FormField:
    """A field of a visit form: kind of input, codes with their words, unit, whether required."""

    form: str
    field: str
    label: str
    kind: str
    codes: tuple[tuple[str, str], ...]
    unit: str
    required: bool


def _base(cells: Cells) -> Base:
    name = "rule_row" if "rule_row" in cells else "key"
    return (
        cells.text(name),
        cells.provenance(),
        cells.validity(),
        cells.choice("status", STATUSES),
    )


def _real(cells: Cells, column: str) -> float | None:
    value = cells.optional(column)
    if not value:
        return None
    try:
        return float(value)
    except ValueError:
        raise BadCell(column, f"{column} is not a number.", "Write digits.") from None


def _number(cells: Cells, column: str) -> float:
    value = _real(cells, column)
    if value is None:
        raise BadCell(column, f"{column} is empty.", "Fill it in.")
    return value


def _words(cells: Cells, column: str) -> tuple[str, ...]:
    return tuple(word for word in cells.optional(column).split("|") if word)


def _read(file: str, make: Callable[[Cells], Row]) -> tuple[Row, ...]:
    return read_table(KNOWLEDGE / file, make, required=("source", "status")).checked()


@cache
def limits() -> Mapping[str, Limit]:
    """What a reading can be at all, by fact."""

    def make(cells: Cells) -> Limit:
        return Limit(
            cells.text("key"),
            cells.text("name"),
            _number(cells, "low"),
            _number(cells, "high"),
            cells.text("unit"),
        )

    return {limit.fact: limit for limit in _read("limits.csv", make)}


@cache
def targets() -> tuple[Target, ...]:
    """The targets of all rulers."""

    def make(cells: Cells) -> Target:
        to = cells.optional("age_to")
        return Target(
            *_base(cells),
            ruler=cells.text("ruler"),
            disease=Disease(cells.choice("disease", Disease)),
            age_from=cells.whole("age_from"),
            age_to=int(to) if to else None,
            sbp_below_mmhg=_real(cells, "sbp_below_mmhg"),
            dbp_below_mmhg=_real(cells, "dbp_below_mmhg"),
            fpg_below_mmol=_real(cells, "fpg_below_mmol"),
        )

    return _read("targets.csv", make)


@cache
def danger_signs() -> tuple[DangerSign, ...]:
    """The danger signs of both diseases."""

    def make(cells: Cells) -> DangerSign:
        return DangerSign(
            *_base(cells),
            disease=Disease(cells.choice("disease", Disease)),
            measure=cells.optional("measure"),
            comparison=cells.optional("comparison"),
            value=_real(cells, "value"),
            sign=cells.text("sign"),
            spellings=_words(cells, "also"),
        )

    return _read("danger_signs.csv", make)


@cache
def due_days() -> Mapping[str, int]:
    """The longest time to the next visit, by action, in days."""
    return dict(_read("follow_up_actions.csv", lambda c: (c.text("key"), c.whole("due_days"))))


@cache
def action_labels() -> Mapping[str, str]:
    """What each action says to the worker."""
    return dict(_read("follow_up_actions.csv", lambda c: (c.text("key"), c.text("label"))))


def follow_up_rules(ruler: str = PUBLIC_HEALTH, *, on: date | None = None) -> FollowUpRules:
    """The rows of one ruler that hold on the day of the visit; without a day, all."""
    chosen = tuple(row for row in targets() if row.ruler == ruler and _holds(row.valid, on))
    if not chosen:
        rulers = ", ".join(sorted({row.ruler for row in targets()}))
        raise Incorrect(f"There is no ruler {ruler}.", f"Choose {rulers}.")
    signs = tuple(row for row in danger_signs() if _holds(row.valid, on))
    return FollowUpRules(chosen, signs, due_days(), limits())


def _holds(valid: Validity, on: date | None) -> bool:
    return on is None or valid.holds(on)


@cache
def grades() -> tuple[hypertension.Grade, ...]:
    """The grades of blood pressure."""

    def make(cells: Cells) -> hypertension.Grade:
        return hypertension.Grade(
            *_base(cells),
            label=cells.text("grade"),
            sbp_from_mmhg=_number(cells, "sbp_from_mmhg"),
            dbp_from_mmhg=_number(cells, "dbp_from_mmhg"),
            column=cells.optional("grid_column"),
        )

    return _read("bp_grades.csv", make)


@cache
def risk_grid() -> tuple[hypertension.Cell, ...]:
    """The cells of the risk grid of 2024."""

    def make(cells: Cells) -> hypertension.Cell:
        return hypertension.Cell(
            *_base(cells),
            row=cells.text("row"),
            column=cells.text("bp"),
            risk=cells.optional("risk"),
        )

    return _read("risk_grid.csv", make)


@cache
def risk_factors() -> tuple[hypertension.Factor, ...]:
    """The risk factors and organ damages; those of one group count once."""
    groups = {
        factor: group
        for group, factors in _read(
            "groups_of_one_factor.csv", lambda c: (c.text("key"), _words(c, "factors"))
        )
        for factor in factors
    }

    def make(cells: Cells) -> hypertension.Factor:
        base = _base(cells)
        low, _, high = cells.optional("value").partition("-")
        return hypertension.Factor(
            *base,
            kind=cells.choice("kind", ("risk_factor", "organ_damage")),
            fact=cells.text("fact"),
            sex=cells.optional("sex"),
            comparison=cells.choice("comparison", (">=", ">", "<", "between", "flag")),
            low=float(low) if low else None,
            high=float(high) if high else None,
            words=cells.text("words"),
            group=groups.get(base[0], ""),
        )

    return _read("risk_factors.csv", make)


@cache
def hearts_rules() -> HeartsRules:
    """The windows and the target of WHO HEARTS."""
    windows = dict(_read("hearts.csv", lambda c: (c.text("key"), c.whole("value"))))
    target = next(row for row in targets() if row.ruler == HEARTS)
    return HeartsRules(windows["new_months"], windows["bp_months"], windows["care_months"], target)


@cache
def registry_rules(disease: Disease) -> RegistryRules:
    """Who belongs to the registry of a disease."""

    def make(cells: Cells) -> tuple[str, str, str, str]:
        return (
            cells.text("rule_row"),
            cells.text("disease"),
            cells.text("kind"),
            cells.text("value"),
        )

    rows = {
        kind: (row, value) for row, of, kind, value in _read("registry.csv", make) if of == disease
    }

    def whole(kind: str) -> int | None:
        return int(rows[kind][1]) if kind in rows else None

    high = next((row for row in targets() if row.ruler == HEARTS and row.disease == disease), None)
    return RegistryRules(
        disease=disease,
        codes=tuple(rows["diagnosis"][1].split("|")),
        from_age=whole("from_age") or 0,
        suspect_readings=whole("suspect_readings"),
        suspect_days=whole("suspect_days"),
        target=high,
        ids=tuple(row for row, _ in rows.values()),
    )


@cache
def home_rules() -> HomeRules:
    """When home pressures make a mean, and when it is high."""
    values = dict(_read("home_pressure.csv", lambda c: (c.text("key"), c.whole("value"))))
    return HomeRules(
        values["sbp_from_mmhg"],
        values["dbp_from_mmhg"],
        values["min_days"],
        values["min_readings"],
        values["window_days"],
        values["alarm_hours"],
    )


@cache
def assessment_items(instrument: str) -> tuple[assessment.Item, ...]:
    """The items of an instrument: gbt42195 or selfcare."""

    def make(cells: Cells) -> assessment.Item:
        return assessment.Item(
            *_base(cells),
            instrument=cells.text("instrument"),
            item=cells.text("item"),
            name=cells.text("name"),
            group=cells.optional("group"),
            scores=tuple(int(score) for score in _words(cells, "scores")),
        )

    return tuple(row for row in _read("assessment_items.csv", make) if row.instrument == instrument)


@cache
def assessment_bands(instrument: str) -> tuple[assessment.Band, ...]:
    """The bands of an instrument, best first: gbt42195, selfcare or barthel."""

    def make(cells: Cells) -> assessment.Band:
        return assessment.Band(
            *_base(cells),
            instrument=cells.text("instrument"),
            low=cells.whole("low"),
            high=cells.whole("high"),
            level=cells.text("level"),
            words=cells.text("words"),
        )

    return tuple(row for row in _read("assessment_bands.csv", make) if row.instrument == instrument)


@cache
def escalations() -> Mapping[str, assessment.Escalation]:
    """What makes the level of GB/T 42195 worse, by fact."""

    def make(cells: Cells) -> assessment.Escalation:
        least = cells.optional("at_least")
        return assessment.Escalation(
            *_base(cells),
            effect=cells.choice("effect", ("worst", "one_worse")),
            at_least=int(least) if least else None,
            words=cells.text("words"),
        )

    return {row.id: row for row in _read("assessment_escalations.csv", make)}


@cache
def china_par_equations() -> Mapping[str, china_par.Equation]:
    """The constants of both sexes."""
    rows = _read(
        "chinapar_constants.csv",
        lambda c: (c.text("sex"), c.text("term"), _number(c, "value"), c.text("rule_row")),
    )
    return {
        sex: china_par.Equation(
            sex,
            {term: value for of, term, value, _ in rows if of == sex},
            (f"chinapar_constants:{sex}",),
        )
        for sex in ("male", "female")
    }


@cache
def china_par_classes() -> tuple[china_par.RiskClass, ...]:
    """The classes of ten-year risk."""

    def make(cells: Cells) -> china_par.RiskClass:
        return china_par.RiskClass(
            *_base(cells), from_pct=_number(cells, "risk_from_pct"), label=cells.text("label")
        )

    return _read("chinapar_classes.csv", make)


@cache
def china_par_limits() -> tuple[china_par.FieldLimit, ...]:
    """The limits of the official form, in the order of its fields."""

    def make(cells: Cells) -> china_par.FieldLimit:
        return china_par.FieldLimit(
            *_base(cells),
            field=cells.text("field"),
            unit=cells.optional("unit"),
            low=_real(cells, "low"),
            high=_real(cells, "high"),
            whole=cells.optional("whole") == "1",
            name=cells.text("name"),
            range_words=cells.optional("range_words"),
            codes=_words(cells, "codes"),
        )

    return _read("chinapar_limits.csv", make)


@cache
def who_bands() -> tuple[who_chart.Band, ...]:
    """The bands of the WHO charts."""

    def make(cells: Cells) -> who_chart.Band:
        return who_chart.Band(
            *_base(cells),
            fact=cells.text("fact"),
            low=_real(cells, "low"),
            below=_real(cells, "below"),
            band=cells.text("band"),
        )

    return _read("who_bands.csv", make)


def who_cells(path: Path) -> tuple[who_chart.ChartCell, ...]:
    """
    Read a chart that an installation imports.

    Columns: chart (laboratory or non-laboratory), sex, diabetes, smoker, age_band, sbp_band,
    second_band (cholesterol in mmol/L, or BMI), risk10_pct. A JSON lines file in the form of
    `who2019_eastasia_lab_cells` is taken too.
    """
    if path.suffix == ".jsonl":
        return tuple(_chart_cell(json.loads(line)) for line in path.read_text("utf-8").splitlines())

    def make(cells: Cells) -> who_chart.ChartCell:
        return who_chart.ChartCell(
            chart=cells.choice("chart", ("laboratory", "non-laboratory")),
            sex=cells.choice("sex", ("male", "female")),
            diabetes=cells.optional("diabetes") == "1",
            smoker=cells.choice("smoker", ("0", "1")) == "1",
            age_band=cells.text("age_band"),
            sbp_band=cells.text("sbp_band"),
            second=cells.text("second_band"),
            risk10_pct=cells.whole("risk10_pct"),
        )

    columns = ("chart", "sex", "smoker", "age_band", "sbp_band", "second_band", "risk10_pct")
    return read_table(path, make, required=columns).checked()


def _chart_cell(cell: Mapping[str, Any]) -> who_chart.ChartCell:
    return who_chart.ChartCell(
        chart=cell["chart"],
        sex=cell["sex"],
        diabetes=bool(cell.get("diabetes")),
        smoker=bool(cell["smoker"]),
        age_band=cell["age_band"],
        sbp_band=cell["sbp_band"],
        second=cell.get("chol_band_mmol") or cell["bmi_band"],
        risk10_pct=int(cell["risk10_pct"]),
    )


@cache
def form_fields(form: str) -> Sequence[FormField]:
    """The fields of a visit form: htn or t2dm."""

    def make(cells: Cells) -> FormField:
        codes = tuple(
            (code, label)
            for code, _, label in (pair.partition("=") for pair in _words(cells, "codes"))
        )
        return FormField(
            form=cells.text("form"),
            field=cells.text("field"),
            label=cells.text("label"),
            kind=cells.text("kind"),
            codes=codes,
            unit=cells.optional("unit"),
            required=cells.optional("required") == "1",
        )

    return tuple(row for row in _read("forms.csv", make) if row.form == form)
