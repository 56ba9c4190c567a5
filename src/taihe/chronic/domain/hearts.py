"""
Control by two rulers: the monthly categories of WHO HEARTS, and the yearly rate of the
public-health rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from taihe.chronic.domain.facts import Impossible, Missing, check_pressure, number
from taihe.chronic.domain.follow_up import Disease, Target, Visit


class HeartsCategory(StrEnum):
    """Where a person stands in a month; every registered person stands in exactly one."""

    CONTROLLED = "controlled"
    UNCONTROLLED = "uncontrolled"
    NO_VISIT = "no_visit"
    VISITED_NO_BP = "visited_no_bp"
    NEWLY_REGISTERED = "newly_registered"
    LOST = "lost_to_follow_up"
    DEAD = "dead"
    NOT_YET_REGISTERED = "not_yet_registered"


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month."""

    year: int
    month: int

    @classmethod
    def of(cls, day: date) -> Month:
        """The month of a day."""
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> Month:
        """Read YYYY-MM."""
        try:
            year, month = text.split("-")
            return cls.of(date(int(year), int(month), 1))
        except (ValueError, AttributeError):
            raise Impossible("reference_month is not a month.", "Write YYYY-MM.") from None

    def since(self, earlier: Month) -> int:
        """Calendar months from `earlier` to this one."""
        return (self.year - earlier.year) * 12 + self.month - earlier.month


@dataclass(frozen=True)
class HeartsRules:
    """Windows in calendar months, the reference month included."""

    new_months: int
    bp_months: int
    care_months: int
    target: Target


@dataclass(frozen=True)
class Reading:
    """One visit: when, and the pressure if it was measured. `order` is its place in the list."""

    at: datetime
    order: int
    sbp_mmhg: float | None
    dbp_mmhg: float | None


@dataclass(frozen=True)
class CarePath:
    """A registered person: day of registration, whether dead, the visits."""

    registered: date
    dead: bool
    readings: tuple[Reading, ...]

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> CarePath:
        """Read the form of `hearts_category_cases`."""
        registered = _moment(facts.get("registered"), "registered").date()
        readings = []
        for order, visit in enumerate(facts.get("visits") or ()):
            sbp, dbp = number(visit, "sbp"), number(visit, "dbp")
            if (sbp is None) != (dbp is None):
                raise Missing("A visit has one of the two pressures.", "Fill in the other.")
            if sbp is not None and dbp is not None:
                check_pressure(sbp, dbp)
            readings.append(Reading(_moment(visit.get("date"), "date"), order, sbp, dbp))
        dead = facts.get("status") == "dead" or bool(facts.get("death"))
        return cls(registered, dead, tuple(readings))


def hearts_category(path: CarePath, month: Month, *, rules: HeartsRules) -> HeartsCategory:
    """
    The category of a person in a month, by the text of WHO HEARTS.

    The last reading of the past three calendar months decides, and 140 or 90 is not
    controlled. Of two readings on one day the later one counts; without times, the later
    in the list. Visits after the month are not seen, so a month never changes afterwards.
    The dead are removed from every month, also from those before the death.
    """
    if path.dead:
        return HeartsCategory.DEAD
    age = month.since(Month.of(path.registered))
    if age < 0:
        return HeartsCategory.NOT_YET_REGISTERED
    if age < rules.new_months:
        return HeartsCategory.NEWLY_REGISTERED
    seen = [
        (month.since(Month.of(reading.at.date())), reading)
        for reading in sorted(path.readings, key=lambda r: (r.at, r.order))
    ]
    seen = [(back, reading) for back, reading in seen if back >= 0]
    if age >= rules.care_months and not any(back < rules.care_months for back, _ in seen):
        return HeartsCategory.LOST
    recent = [reading for back, reading in seen if back < rules.bp_months]
    if not recent:
        return HeartsCategory.NO_VISIT
    measured = [reading for reading in recent if reading.sbp_mmhg is not None]
    if not measured:
        return HeartsCategory.VISITED_NO_BP
    if rules.target.met(_visit(measured[-1])):
        return HeartsCategory.CONTROLLED
    return HeartsCategory.UNCONTROLLED


@dataclass(frozen=True)
class Rate:
    """A rate with its two numbers; `percent` is None when nobody counts."""

    numerator: int
    denominator: int

    @property
    def percent(self) -> float | None:
        """In percent."""
        return 100 * self.numerator / self.denominator if self.denominator else None


def hearts_control_rate(categories: Iterable[HeartsCategory]) -> Rate:
    """Controlled among those under care and registered before the past three months."""
    counts = Counter(categories)
    outcome = (
        HeartsCategory.CONTROLLED,
        HeartsCategory.UNCONTROLLED,
        HeartsCategory.NO_VISIT,
        HeartsCategory.VISITED_NO_BP,
    )
    return Rate(counts[HeartsCategory.CONTROLLED], sum(counts[each] for each in outcome))


def managed_control_rate(last_visits: Iterable[Visit | None], *, targets: Sequence[Target]) -> Rate:
    """
    管理人群血压(血糖)控制率 of a year: last follow-up on target, among all who are managed.

    One entry per managed person: the last visit of the year, or None for somebody who was
    not seen; who is lost is not on target. Both pressures must be met.
    """
    on_target = managed = 0
    for visit in last_visits:
        managed += 1
        if visit is None:
            continue
        age = visit.age_years or 0
        on_target += any(t.suits(visit.disease, age) and t.met(visit) for t in targets)
    return Rate(on_target, managed)


def _visit(reading: Reading) -> Visit:
    return Visit(Disease.HYPERTENSION, sbp_mmhg=reading.sbp_mmhg, dbp_mmhg=reading.dbp_mmhg)


def _moment(text: object, name: str) -> datetime:
    if not text:
        raise Missing(f"{name} is missing.", "Write YYYY-MM-DD.")
    try:
        return datetime.fromisoformat(str(text)).replace(tzinfo=None)
    except ValueError:
        raise Impossible(f"{name} is not a date.", "Write YYYY-MM-DD.") from None
