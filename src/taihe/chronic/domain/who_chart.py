"""
WHO cardiovascular risk charts of 2019, East Asia.

The bands are shipped; the cells are not: an installation imports the chart it may use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taihe.chronic.domain.facts import Impossible, RuleRow, flag, needed, number


@dataclass(frozen=True)
class Band(RuleRow):
    """A band of the chart: from `low`, below `below`; a value on the border lies above it."""

    fact: str
    low: float | None
    below: float | None
    band: str


@dataclass(frozen=True)
class ChartCell:
    """One cell of an imported chart; `second` is the cholesterol or BMI band."""

    chart: str
    sex: str
    diabetes: bool
    smoker: bool
    age_band: str
    sbp_band: str
    second: str
    risk10_pct: int


@dataclass(frozen=True)
class ChartRisk:
    """The lowest and highest risk that the known facts allow; equal when all are known."""

    low_pct: int
    high_pct: int


def band_of(fact: str, value: float, bands: Sequence[Band]) -> str:
    """The band of a value: exactly 4.0, 5.0, 120 or 140 belong to the upper band."""
    for row in bands:
        if (
            row.fact == fact
            and (row.low is None or value >= row.low)
            and (row.below is None or value < row.below)
        ):
            return row.band
    raise Impossible(f"The chart has no band for this {fact}.", "It covers the ages 40 to 74.")


def chart_risk(
    facts: Mapping[str, Any],
    chart: str,
    *,
    bands: Sequence[Band],
    cells: Sequence[ChartCell],
) -> ChartRisk | None:
    """
    The risk by the chart (`laboratory` or `non-laboratory`), or None where it has no cell.

    `facts`: sex, smoker, diabetes (laboratory), and age, sbp, tc_mmol or bmi, each as a
    value or as its band (`age_band`, `sbp_band`, `chol_band_mmol`, `bmi_band`). When the
    cholesterol or BMI is missing, the answer is the range over that band.
    """
    laboratory = chart == "laboratory"
    sex = facts.get("sex")
    if sex not in ("male", "female"):
        raise Impossible("sex is unknown.", "Write male or female.")
    age = facts.get("age_band") or band_of("age_years", needed(facts, "age"), bands)
    sbp = facts.get("sbp_band") or band_of("sbp_mmhg", needed(facts, "sbp"), bands)
    name, band_name = ("tc_mmol", "chol_band_mmol") if laboratory else ("bmi", "bmi_band")
    value = number(facts, name)
    second = facts.get(band_name) or (band_of(name, value, bands) if value is not None else None)
    smoker = flag(facts, "smoker")
    diabetes = flag(facts, "diabetes") if laboratory else False
    found = [
        cell.risk10_pct
        for cell in cells
        if cell.chart == chart
        and cell.sex == sex
        and cell.smoker == smoker
        and (not laboratory or cell.diabetes == diabetes)
        and cell.age_band == age
        and cell.sbp_band == sbp
        and (second is None or cell.second == second)
    ]
    return ChartRisk(min(found), max(found)) if found else None
