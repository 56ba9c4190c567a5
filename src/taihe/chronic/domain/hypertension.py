"""Grades of blood pressure and the risk grid of the Chinese guideline of 2024."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import ge, gt, lt
from typing import Any

from taihe.chronic.domain.facts import Impossible, Limit, RuleRow, check_pressure

NO_FACTOR = "no_other_risk_factor"
FEW_FACTORS = "rf_1_2"
MANY_FACTORS = "rf_ge3_or_tod_or_ckd3_or_dm_uncomplicated"
CLINICAL_DISEASE = "clinical_disease_or_ckd_ge4_or_dm_complicated"
UPPER_NORMAL = "130-139/85-89"


@dataclass(frozen=True)
class Grade(RuleRow):
    """One grade: from which systolic or diastolic pressure it holds; `column` of the risk grid."""

    label: str
    sbp_from_mmhg: float
    dbp_from_mmhg: float
    column: str


@dataclass(frozen=True)
class Graded:
    """The grade of a reading; the isolated forms stand beside the grade, they do not replace it."""

    grade: str
    isolated_systolic: bool
    isolated_diastolic: bool
    column: str
    rule: str


def grade_pressure(
    sbp_mmhg: float, dbp_mmhg: float, *, grades: Sequence[Grade], limits: Mapping[str, Limit]
) -> Graded:
    """
    Grade a pressure by the higher of its two parts.

    130/110 is grade 3 and isolated diastolic; 140/80 is grade 1 and isolated systolic.
    `column` is the column of the risk grid, empty below 130/85.
    """
    limits["sbp_mmhg"].check(sbp_mmhg)
    limits["dbp_mmhg"].check(dbp_mmhg)
    check_pressure(sbp_mmhg, dbp_mmhg)
    reached = [
        row for row in grades if sbp_mmhg >= row.sbp_from_mmhg or dbp_mmhg >= row.dbp_from_mmhg
    ]
    grade = max(reached, key=lambda row: row.sbp_from_mmhg)
    first = min((row for row in grades if row.column), key=lambda row: row.sbp_from_mmhg)
    systolic = sbp_mmhg >= first.sbp_from_mmhg
    diastolic = dbp_mmhg >= first.dbp_from_mmhg
    upper = not grade.column and (sbp_mmhg >= 130 or dbp_mmhg >= 85)
    return Graded(
        grade=grade.label,
        isolated_systolic=systolic and not diastolic,
        isolated_diastolic=diastolic and not systolic,
        column=UPPER_NORMAL if upper else grade.column,
        rule=grade.id,
    )


@dataclass(frozen=True)
class Cell(RuleRow):
    """One cell of the risk grid; an empty risk means that the grid does not class it."""

    row: str
    column: str
    risk: str


def risk_of(row: str, column: str, *, grid: Sequence[Cell]) -> Cell:
    """The cell of the grid; words that are no row or no column are refused."""
    for cell in grid:
        if cell.row == row and cell.column == column:
            return cell
    rows = sorted({cell.row for cell in grid})
    columns = sorted({cell.column for cell in grid})
    raise Impossible(
        "The grid has no such row or column.",
        f"Rows: {', '.join(rows)}; columns: {', '.join(columns)}.",
    )


@dataclass(frozen=True)
class Factor(RuleRow):
    """A risk factor or an organ damage, by one fact about the person."""

    kind: str
    fact: str
    sex: str
    comparison: str
    low: float | None
    high: float | None
    words: str
    group: str

    def holds(self, facts: Mapping[str, Any], sex: str) -> bool:
        """Whether the fact is known and meets the row; an unknown fact does not."""
        value = facts.get(self.fact)
        if value is None or (self.sex and self.sex != sex):
            return False
        low = self.low if self.low is not None else float("-inf")
        high = self.high if self.high is not None else float("inf")
        if self.comparison == "flag":
            return value is True
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Impossible(f"{self.fact} is not a number.", "Write digits.")
        if self.comparison == "between":
            return low <= value <= high
        return bool({">=": ge, ">": gt, "<": lt}[self.comparison](value, low))


@dataclass(frozen=True)
class Profile:
    """
    Which row of the grid a person stands in, and why.

    Factors of one group (glucose, lipids, obesity) count once.
    """

    row: str
    factors: tuple[str, ...]
    organ_damage: tuple[str, ...]


def risk_profile(facts: Mapping[str, Any], sex: str, *, factors: Sequence[Factor]) -> Profile:
    """
    Find the row of the risk grid.

    `facts` holds the facts of the factor rows, and `ckd_stage` (0–5), `diabetes`,
    `diabetes_complicated`, `clinical_disease`. CKD 3 counts as organ damage, CKD 4 and
    above as clinical disease; diabetes without complication stands with three factors.
    """
    found = [row for row in factors if row.holds(facts, sex)]
    counted: dict[str, str] = {}
    for row in found:
        if row.kind == "risk_factor":
            counted.setdefault(row.group or row.id, row.words)
    damage = tuple(row.words for row in found if row.kind == "organ_damage")
    stage = facts.get("ckd_stage") or 0
    diabetes = facts.get("diabetes") is True
    if (
        facts.get("clinical_disease") is True
        or stage >= 4
        or facts.get("diabetes_complicated") is True
    ):
        row_name = CLINICAL_DISEASE
    elif len(counted) >= 3 or damage or stage == 3 or diabetes:
        row_name = MANY_FACTORS
    elif counted:
        row_name = FEW_FACTORS
    else:
        row_name = NO_FACTOR
    return Profile(row_name, tuple(counted.values()), damage)
