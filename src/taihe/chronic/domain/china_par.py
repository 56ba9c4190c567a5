"""
China-PAR: the ten-year risk of a heart attack, stroke or death of heart disease (ASCVD).

Yang X et al., Circulation 2016;134:1430. The printed two-decimal constants of women are off
by several points; the rows hold the unrounded values recovered from the paper's own
"coefficient × value" column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from typing import Any

from taihe.chronic.domain.facts import Impossible, RuleRow, flag, needed

DERIVED_AT = (35, 74)
MG_DL_PER_MMOL = 1 / 0.0259

REQUIRED = "评测项不得为空"


@dataclass(frozen=True)
class Equation:
    """The constants of one sex by term, with their rows."""

    sex: str
    terms: Mapping[str, float]
    rules: tuple[str, ...]

    def term(self, name: str) -> float:
        """A coefficient; 0 where the equation of this sex has no such term."""
        return self.terms.get(name, 0.0)


@dataclass(frozen=True)
class RiskClass(RuleRow):
    """From which risk, in percent with one decimal, a class begins."""

    from_pct: float
    label: str


@dataclass(frozen=True)
class RiskFacts:
    """What the equation asks for: lipids in mg/dL, waist in cm, pressure in mmHg."""

    sex: str
    age_years: float
    sbp_mmhg: float
    treated: bool
    tc_mg_dl: float
    hdl_mg_dl: float
    waist_cm: float
    smoker: bool
    diabetes: bool
    north: bool
    urban: bool
    family_history: bool

    @classmethod
    def of_form(cls, params: Mapping[str, Any]) -> RiskFacts:
        """Read the codes of the official form, after `check_form` found nothing wrong."""

        def mg_dl(value: str, unit: str) -> float:
            factor = MG_DL_PER_MMOL if int(needed(params, unit)) == 2 else 1
            return needed(params, value) * factor

        return cls(
            sex="male" if int(needed(params, "sex")) == 1 else "female",
            age_years=needed(params, "age"),
            sbp_mmhg=needed(params, "sbp"),
            treated=bool(needed(params, "drug")),
            tc_mg_dl=mg_dl("tc", "tc_unit"),
            hdl_mg_dl=mg_dl("hdlc", "hdlc_unit"),
            waist_cm=needed(params, "waist"),
            smoker=bool(needed(params, "csmoke")),
            diabetes=bool(needed(params, "dm")),
            north=bool(needed(params, "region")),
            urban=bool(needed(params, "area")),
            family_history=bool(needed(params, "fh_ascvd")),
        )

    @classmethod
    def of_words(cls, facts: Mapping[str, Any]) -> RiskFacts:
        """Read the named facts of the published examples; lipids in mg/dL or mmol/L."""

        def lipid(name: str) -> float:
            if facts.get(f"{name}_mmol") is not None:
                return needed(facts, f"{name}_mmol") * MG_DL_PER_MMOL
            return needed(facts, f"{name}_mg_dl")

        sex = facts.get("sex")
        if sex not in ("male", "female"):
            raise Impossible("sex is unknown.", "Write male or female.")
        return cls(
            sex=sex,
            age_years=needed(facts, "age"),
            sbp_mmhg=needed(facts, "sbp"),
            treated=flag(facts, "treated"),
            tc_mg_dl=lipid("tc"),
            hdl_mg_dl=lipid("hdl"),
            waist_cm=needed(facts, "waist_cm"),
            smoker=flag(facts, "smoker"),
            diabetes=flag(facts, "diabetes"),
            north=flag(facts, "north"),
            urban=flag(facts, "urban"),
            family_history=flag(facts, "family_history"),
        )

    def ideal(self) -> RiskFacts:
        """The same person with every factor at its ideal; age, sex and place stay."""
        return RiskFacts(
            sex=self.sex,
            age_years=self.age_years,
            sbp_mmhg=120,
            treated=False,
            tc_mg_dl=200,
            hdl_mg_dl=40,
            waist_cm=90 if self.sex == "male" else 85,
            smoker=False,
            diabetes=False,
            north=self.north,
            urban=self.urban,
            family_history=False,
        )


@dataclass(frozen=True)
class Risk:
    """
    The ten-year risk in percent, two decimals, with its class.

    `derived` is False outside the ages 35 to 74, where the equation was not made. Lifetime
    risk is not given: its coefficients are unpublished.
    """

    risk10_pct: float
    ideal10_pct: float
    category: str
    linear_sum: float
    derived: bool
    rules: tuple[str, ...]


def linear_sum(facts: RiskFacts, equation: Equation) -> float:
    """The individual sum of the equation; natural logarithms."""
    term = equation.term
    age, state = log(facts.age_years), "treated" if facts.treated else "untreated"
    sbp = log(facts.sbp_mmhg)
    return (
        term("ln_age") * age
        + term(f"ln_sbp_{state}") * sbp
        + term(f"ln_age_ln_sbp_{state}") * age * sbp
        + term("ln_tc") * log(facts.tc_mg_dl)
        + term("ln_hdl") * log(facts.hdl_mg_dl)
        + term("ln_waist") * log(facts.waist_cm)
        + facts.smoker * (term("smoker") + term("ln_age_smoker") * age)
        + facts.family_history * (term("family") + term("ln_age_family") * age)
        + facts.diabetes * term("diabetes")
        + facts.north * term("north")
        + facts.urban * term("urban")
    )


def risk_percent(facts: RiskFacts, equation: Equation) -> float:
    """Risk in percent: 100 (1 - S10 ^ exp(sum - mean)), not rounded."""
    excess = exp(linear_sum(facts, equation) - equation.term("mean"))
    return float(100 * (1 - equation.term("survival") ** excess))


def ten_year_risk(
    facts: RiskFacts, *, equations: Mapping[str, Equation], classes: Sequence[RiskClass]
) -> Risk:
    """
    The ten-year ASCVD risk of a person who has no such disease yet.

    The class is read from the risk with one decimal, as it is shown: from 5.0 % medium,
    from 10.0 % high. The waist of men lowers the risk in this equation:
    never show "gain weight" as a lever.
    """
    equation = equations[facts.sex]
    risk = risk_percent(facts, equation)
    reached = [row for row in classes if row.from_pct <= round(risk, 1)]
    label = max(reached, key=lambda row: row.from_pct)
    return Risk(
        risk10_pct=round(risk, 2),
        ideal10_pct=round(risk_percent(facts.ideal(), equation), 2),
        category=label.label,
        linear_sum=linear_sum(facts, equation),
        derived=DERIVED_AT[0] <= facts.age_years <= DERIVED_AT[1],
        rules=(*equation.rules, label.id),
    )


@dataclass(frozen=True)
class FieldLimit(RuleRow):
    """A field of the official form: codes it may have, or a range, both ends included."""

    field: str
    unit: str
    low: float | None
    high: float | None
    whole: bool
    name: str
    range_words: str
    codes: tuple[str, ...]

    def outside(self, value: float) -> str:
        """The form's own message for a value outside the range; empty inside."""
        low = self.low is not None and value < self.low
        high = self.high is not None and value > self.high
        return f"{self.name}应在{self.range_words}之间" if low or high else ""


def check_form(params: Mapping[str, Any], limits: Sequence[FieldLimit]) -> str:
    """
    What the official form would say about its fields; empty when all is right.

    Every field is required. A word where a number belongs, or a fraction where a whole
    number belongs, counts as empty. Ages, pressures and codes are whole; waist and lipids
    may have decimals.
    """
    values: dict[str, float] = {}
    for limit in limits:
        if limit.field in values:
            continue
        value = _value(params.get(limit.field), whole=limit.whole or bool(limit.codes))
        if value is None:
            return REQUIRED
        values[limit.field] = value
    for limit in limits:
        value = values[limit.field]
        if limit.codes:
            if f"{value:g}" not in limit.codes:
                return f"{limit.name}不在给定范围内"
            continue
        if limit.unit and f"{values[limit.field + '_unit']:g}" != limit.unit:
            continue
        if message := limit.outside(value):
            return message
    return ""


def _value(raw: object, *, whole: bool) -> float | None:
    if raw is None or isinstance(raw, bool):
        return None
    try:
        value = float(str(raw).strip())
    except ValueError:
        return None
    if value != value or (whole and value != int(value)):
        return None
    return value
