"""
Assessments of elders: ability by GB/T 42195-2022, self-care by the public-health rules,
and the Barthel index.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taihe.chronic.domain.facts import Impossible, Missing, RuleRow, flag, needed


@dataclass(frozen=True)
class Item(RuleRow):
    """An item of an instrument with the scores it may have."""

    instrument: str
    item: str
    name: str
    group: str
    scores: tuple[int, ...]


@dataclass(frozen=True)
class Band(RuleRow):
    """The totals, both ends included, that make a level; bands are in order, best first."""

    instrument: str
    low: int
    high: int
    level: str
    words: str


@dataclass(frozen=True)
class Escalation(RuleRow):
    """What makes a level worse: `effect` is `worst` or `one_worse`."""

    effect: str
    at_least: int | None
    words: str


@dataclass(frozen=True)
class Ability:
    """The level of ability by the total, and after the escalations; `rules` names those used."""

    total: int
    initial: Band
    final: Band
    groups: Mapping[str, int]
    rules: tuple[str, ...]
    unverified: tuple[str, ...]


def scores_of(answers: Mapping[str, Any], items: Sequence[Item]) -> dict[str, int]:
    """
    The answers by item, each allowed, none blank.

    An item is named by its code or its name. Blanks are refused by item, so that nobody
    gets a level from a half-filled form.
    """
    result: dict[str, int] = {}
    blank = []
    known = {name for item in items for name in (item.item, item.name)}
    if strange := [name for name in answers if name not in known]:
        raise Impossible(f"There is no item {strange[0]}.", "Use the codes of the form.")
    for item in items:
        value = answers.get(item.item, answers.get(item.name))
        if value is None or value == "":
            blank.append(item.name)
        elif isinstance(value, bool) or value not in item.scores:
            allowed = ", ".join(map(str, item.scores))
            raise Impossible(
                f"{item.name} has a score that the form does not have.", f"One of {allowed}."
            )
        else:
            result[item.item] = int(value)
    if blank:
        raise Missing(f"Not answered: {', '.join(blank)}.", "Answer every item.")
    return result


def band_of(total: float, bands: Sequence[Band]) -> Band:
    """The band of a total; a total that no form gives is refused."""
    for band in bands:
        if band.low <= total <= band.high and total == int(total):
            return band
    low, high = min(b.low for b in bands), max(b.high for b in bands)
    raise Impossible("The total is not one this form can give.", f"Whole, {low} to {high}.")


def assess_ability(
    facts: Mapping[str, Any],
    *,
    items: Sequence[Item],
    bands: Sequence[Band],
    escalations: Mapping[str, Escalation],
) -> Ability:
    """
    The level of ability of an elder, by 26 items or their total.

    Coma means complete loss. Dementia or another mental disorder, or two care-risk events
    in 30 days, makes the level one worse; both together also one, since the standard says
    "one of the following" (that row is marked unverified). Complete loss stays.
    """
    groups: dict[str, int] = {}
    if answers := facts.get("items"):
        scores = scores_of(answers, items)
        for item in items:
            groups[item.group] = groups.get(item.group, 0) + scores[item.item]
        total = sum(scores.values())
        stated = facts.get("total")
        if stated is not None and stated != total:
            raise Impossible("The total is not the sum of the items.", "Add them up again.")
    else:
        stated_total = needed(facts, "total")
        band_of(stated_total, bands)
        total = int(stated_total)
    place = next(i for i, band in enumerate(bands) if band.low <= total <= band.high)
    events = needed(facts, "care_risk_events_30d") if "care_risk_events_30d" in facts else 0
    if events < 0 or events != int(events):
        raise Impossible("care_risk_events_30d is not a count.", "Write a whole number.")
    risk = escalations["care_risk_events_30d"]
    worse = []
    if flag(facts, "dementia_or_mental_dx", default=False):
        worse.append(escalations["dementia_or_mental_dx"])
    if events >= (risk.at_least or 1):
        worse.append(risk)
    used = [bands[place].id]
    unsure: tuple[str, ...] = ()
    if flag(facts, "coma", default=False):
        final = len(bands) - 1
        used.append(escalations["coma"].id)
    else:
        final = min(place + 1, len(bands) - 1) if worse else place
        used += [row.id for row in worse]
        if len(worse) > 1 and final > place:
            unsure = (escalations["both"].words,)
            used.append(escalations["both"].id)
    return Ability(total, bands[place], bands[final], groups, tuple(used), unsure)


@dataclass(frozen=True)
class SelfCare:
    """The total of the five items, and the band."""

    total: int
    band: Band


def assess_self_care(
    answers: Mapping[str, Any], *, items: Sequence[Item], bands: Sequence[Band]
) -> SelfCare:
    """老年人生活自理能力: five items; 0–3 independent, 19 and above dependent in all."""
    total = sum(scores_of(answers, items).values())
    return SelfCare(total, band_of(total, bands))
