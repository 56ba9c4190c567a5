"""Who stands in the registry of hypertension and type 2 diabetes, from what the record holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from taihe.chronic.domain.follow_up import Disease, Target


class Standing(StrEnum):
    """`registered` is managed; `suspected` is called to confirm; `none` is neither."""

    REGISTERED = "registered"
    SUSPECTED = "suspected"
    NONE = "none"


@dataclass(frozen=True)
class Diagnosis:
    """A coded diagnosis (ICD-10) and its day."""

    code: str
    on: date


@dataclass(frozen=True)
class Pressure:
    """An office reading, in mmHg."""

    on: date
    sbp_mmhg: float
    dbp_mmhg: float


@dataclass(frozen=True)
class RegistryRules:
    """The rows of one disease; `target` gives the pressure that counts as high."""

    disease: Disease
    codes: tuple[str, ...]
    from_age: int
    suspect_readings: int | None
    suspect_days: int | None
    target: Target | None
    ids: tuple[str, ...]


@dataclass(frozen=True)
class Registration:
    """Standing of a person for one disease, since when, and by which rows."""

    disease: Disease
    standing: Standing
    since: date | None
    rules: tuple[str, ...]


def registration(
    diagnoses: Sequence[Diagnosis],
    pressures: Sequence[Pressure],
    age_years: int,
    *,
    rules: RegistryRules,
) -> Registration:
    """
    Say whether a person belongs to the registry of a disease.

    A coded diagnosis registers from the first day it was made, in people old enough for the
    programme. High readings alone never register: three on different days within four weeks
    make a suspicion that a doctor confirms.
    """
    if age_years >= rules.from_age:
        days = [d.on for d in diagnoses if d.code.upper().startswith(rules.codes)]
        if days:
            return Registration(rules.disease, Standing.REGISTERED, min(days), rules.ids[:2])
        since = _suspected_since(pressures, rules)
        if since:
            return Registration(rules.disease, Standing.SUSPECTED, since, rules.ids[1:])
    return Registration(rules.disease, Standing.NONE, None, ())


def begins_on(since: date, born: date, *, rules: RegistryRules) -> date:
    """
    The day from which somebody is managed: the programme takes nobody before a birthday.

    It depends on no clock: a person diagnosed at 30 is in the registry on the 35th birthday.
    """
    year = born.year + rules.from_age
    try:
        birthday = born.replace(year=year)
    except ValueError:
        birthday = date(year, 3, 1)
    return max(since, birthday)


def _suspected_since(pressures: Sequence[Pressure], rules: RegistryRules) -> date | None:
    target = rules.target
    if not (rules.suspect_readings and rules.suspect_days and target):
        return None
    high_sbp, high_dbp = target.sbp_below_mmhg or 0, target.dbp_below_mmhg or 0
    high = sorted({p.on for p in pressures if p.sbp_mmhg >= high_sbp or p.dbp_mmhg >= high_dbp})
    normal = {p.on for p in pressures} - set(high)
    for place in range(rules.suspect_readings - 1, len(high)):
        first, last = high[place - rules.suspect_readings + 1], high[place]
        inside = last - first <= timedelta(days=rules.suspect_days)
        if inside and not any(first < day < last for day in normal):
            return last
    return None
