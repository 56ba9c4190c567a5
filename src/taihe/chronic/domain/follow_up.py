"""
The follow-up visit of hypertension and type 2 diabetes by the national public-health rules
(国家基本公共卫生服务规范, third edition).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from operator import ge, gt, le, lt
from typing import Any

from taihe.chronic.domain.facts import (
    Impossible,
    Limit,
    Missing,
    RuleRow,
    check_pressure,
    flag,
    number,
)

COMPARE = {">=": ge, "<=": le, ">": gt, "<": lt}


class Disease(StrEnum):
    """The two diseases with a follow-up form."""

    HYPERTENSION = "hypertension"
    DIABETES = "t2dm"


class FollowUpClass(StrEnum):
    """此次随访分类, in rising severity."""

    CONTROLLED = "控制满意"
    UNCONTROLLED = "控制不满意"
    ADVERSE_REACTION = "不良反应"
    COMPLICATION = "并发症"


class Action(StrEnum):
    """What follows from the visit, in rising urgency."""

    ROUTINE = "routine"
    ADJUST = "adjust_and_recall"
    REFER = "refer"
    EMERGENCY = "emergency_refer"


@dataclass(frozen=True)
class Target(RuleRow):
    """Below which values a person of an age counts as controlled, by one ruler."""

    ruler: str
    disease: Disease
    age_from: int
    age_to: int | None
    sbp_below_mmhg: float | None
    dbp_below_mmhg: float | None
    fpg_below_mmol: float | None

    def suits(self, disease: Disease, age_years: float) -> bool:
        """Whether the row speaks of this disease at this age, in completed years."""
        return (
            self.disease == disease
            and self.age_from <= age_years
            and (self.age_to is None or age_years < self.age_to + 1)
        )

    def met(self, visit: Visit) -> bool:
        """Whether every value of the row was met; a value equal to the limit is not."""
        pairs = (
            (visit.sbp_mmhg, self.sbp_below_mmhg),
            (visit.dbp_mmhg, self.dbp_below_mmhg),
            (visit.fpg_mmol, self.fpg_below_mmol),
        )
        return all(
            value is not None and value < below for value, below in pairs if below is not None
        )


@dataclass(frozen=True)
class DangerSign(RuleRow):
    """
    A sign on which a person is treated and sent on at once.

    Either a measure with a comparison, or a word that the form ticks (with other spellings).
    """

    disease: Disease
    measure: str
    comparison: str
    value: float | None
    sign: str
    spellings: tuple[str, ...]


@dataclass(frozen=True)
class FollowUpRules:
    """The rows that decide a visit: targets of one ruler, danger signs, days to the next visit."""

    targets: tuple[Target, ...]
    danger_signs: tuple[DangerSign, ...]
    due_days: Mapping[str, int]
    limits: Mapping[str, Limit]

    def target(self, disease: Disease, age_years: float | None) -> Target:
        """The target of a disease at an age; raises `Missing` where the age decides and is unknown."""
        rows = [row for row in self.targets if row.disease == disease]
        if age_years is None:
            if len(rows) > 1:
                raise Missing("age is missing.", "The target depends on it: fill it in.")
            return rows[0]
        suited = [row for row in rows if row.suits(disease, age_years)]
        if not suited:
            raise Impossible("There is no target for this age.", "Check the age.")
        return suited[0]


@dataclass(frozen=True)
class Visit:
    """The facts of one visit; None is not measured. Pressures in mmHg, glucose in mmol/L."""

    disease: Disease
    age_years: float | None = None
    sbp_mmhg: float | None = None
    dbp_mmhg: float | None = None
    fpg_mmol: float | None = None
    random_glucose_mmol: float | None = None
    adverse_reaction: bool = False
    adverse_uncontrollable: bool = False
    new_or_worse_complication: bool = False
    danger_signs: tuple[str, ...] = ()

    @classmethod
    def of(cls, facts: Mapping[str, Any], limits: Mapping[str, Limit]) -> Visit:
        """Read a visit from the form of `gwgg3_followup_cases`; refuses what cannot be."""
        try:
            disease = Disease(facts.get("disease", ""))
        except ValueError:
            raise Impossible("disease is unknown.", "Write hypertension or t2dm.") from None
        signs = facts.get("emergency_flags") or ()
        if isinstance(signs, str) or not all(isinstance(sign, str) for sign in signs):
            raise Impossible("emergency_flags is not a list of words.", "Write a list.")
        visit = cls(
            disease=disease,
            age_years=number(facts, "age"),
            sbp_mmhg=number(facts, "sbp"),
            dbp_mmhg=number(facts, "dbp"),
            fpg_mmol=number(facts, "fpg_mmol"),
            random_glucose_mmol=number(facts, "random_glucose_mmol"),
            adverse_reaction=flag(facts, "adverse_reaction", default=False),
            adverse_uncontrollable=flag(facts, "adverse_uncontrollable", default=False),
            new_or_worse_complication=flag(facts, "new_or_worse_complication", default=False),
            danger_signs=tuple(sign.strip() for sign in signs if sign.strip()),
        )
        visit.check(limits)
        return visit

    def check(self, limits: Mapping[str, Limit]) -> None:
        """Raise `Impossible` when a value cannot be, or the two pressures are swapped."""
        for name, value in (
            ("age_years", self.age_years),
            ("sbp_mmhg", self.sbp_mmhg),
            ("dbp_mmhg", self.dbp_mmhg),
            ("fpg_mmol", self.fpg_mmol),
            ("glucose_mmol", self.random_glucose_mmol),
        ):
            if value is not None:
                limits[name].check(value)
        if self.sbp_mmhg is not None and self.dbp_mmhg is not None:
            check_pressure(self.sbp_mmhg, self.dbp_mmhg)

    def measures(self, name: str) -> tuple[float, ...]:
        """The values of a measure; any glucose counts for the danger signs of glucose."""
        values: Sequence[float | None] = {
            "sbp_mmhg": (self.sbp_mmhg,),
            "dbp_mmhg": (self.dbp_mmhg,),
            "glucose_mmol": (self.fpg_mmol, self.random_glucose_mmol),
        }.get(name, ())
        return tuple(value for value in values if value is not None)


@dataclass(frozen=True)
class Sign:
    """A danger sign that was found, with its rule row; an unknown word has no row."""

    words: str
    rule: str


@dataclass(frozen=True)
class Outcome:
    """
    What a visit leads to.

    `cls` is None when the facts for it are missing and a danger sign decided alone; then
    `asked` names them. `rules` are the ids of the rows used.
    """

    cls: FollowUpClass | None
    action: Action
    next_due_days: int
    dangers: tuple[Sign, ...] = ()
    rules: tuple[str, ...] = ()
    asked: tuple[str, ...] = field(default=())


def dangers(visit: Visit, rules: FollowUpRules) -> tuple[Sign, ...]:
    """
    The danger signs of a visit: measured ones, and those the worker ticked.

    A ticked word that no row knows counts as a danger too: somebody meant it as one.
    """
    found: list[Sign] = []
    by_word: dict[str, DangerSign] = {}
    for row in rules.danger_signs:
        if row.disease != visit.disease:
            continue
        for word in (row.sign, *row.spellings):
            by_word[word] = row
        if row.value is not None:
            compare = COMPARE[row.comparison]
            if any(compare(value, row.value) for value in visit.measures(row.measure)):
                found.append(Sign(row.sign, row.id))
    for word in visit.danger_signs:
        known = by_word.get(word)
        sign = Sign(known.sign, known.id) if known else Sign(word, "")
        if sign not in found:
            found.append(sign)
    return tuple(found)


def follow_up_class(
    visit: Visit, previous: FollowUpClass | None, *, rules: FollowUpRules
) -> Outcome:
    """
    Class a follow-up visit as the public-health form asks, and say when to come again.

    Danger signs come first: a glucose of 3.9 is "on target" by the table and an emergency
    by the safety rule. When several classes hold, the most severe is recorded. What to do
    depends on this class and on the visit before: a second failure in a row is referred,
    a failure after an adverse reaction is a first one. The class is never softened by
    missing facts: without a reading it is asked for.
    """
    signs = dangers(visit, rules)
    used = [sign.rule for sign in signs if sign.rule]
    on_target: bool | None = None
    cls: FollowUpClass | None = None
    asked: tuple[str, ...] = ()
    try:
        target = rules.target(visit.disease, visit.age_years)
        _require(visit)
        on_target = target.met(visit)
        used.append(target.id)
        cls = _class(visit, on_target)
    except Missing as missing:
        if not signs:
            raise
        asked = (missing.problem,)
    if signs:
        action = Action.EMERGENCY
    elif (
        visit.new_or_worse_complication
        or (visit.adverse_reaction and visit.adverse_uncontrollable)
        or (not on_target and previous == FollowUpClass.UNCONTROLLED)
    ):
        action = Action.REFER
    elif not on_target or visit.adverse_reaction:
        action = Action.ADJUST
    else:
        action = Action.ROUTINE
    return Outcome(cls, action, rules.due_days[action], signs, tuple(used), asked)


def _require(visit: Visit) -> None:
    """The readings without which there is no class."""
    needs = (
        (("sbp", visit.sbp_mmhg), ("dbp", visit.dbp_mmhg))
        if visit.disease == Disease.HYPERTENSION
        else (("fpg_mmol", visit.fpg_mmol),)
    )
    for name, value in needs:
        if value is None:
            raise Missing(f"{name} is missing.", "Measure it and fill it in.")


def _class(visit: Visit, on_target: bool) -> FollowUpClass:
    if visit.new_or_worse_complication:
        return FollowUpClass.COMPLICATION
    if visit.adverse_reaction:
        return FollowUpClass.ADVERSE_REACTION
    return FollowUpClass.CONTROLLED if on_target else FollowUpClass.UNCONTROLLED
