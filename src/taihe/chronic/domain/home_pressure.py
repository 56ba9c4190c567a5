"""Home blood pressure: one mean over a measuring week, never a single reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from taihe.chronic.domain.registry import Pressure


@dataclass(frozen=True)
class HomeRules:
    """
    From which mean a home pressure is high, and how many days and readings make a mean.

    A single extreme reading calls somebody while it is not older than `alarm_hours`.
    """

    sbp_from_mmhg: float
    dbp_from_mmhg: float
    min_days: int
    min_readings: int
    window_days: int
    alarm_hours: int = 24


@dataclass(frozen=True)
class HomeMean:
    """
    The mean of the last measuring window; `enough` says whether it may be judged.

    `high` is None where there are too few days or readings.
    """

    sbp_mmhg: float
    dbp_mmhg: float
    days: int
    readings: int
    enough: bool
    high: bool | None


def home_mean(readings: Sequence[Pressure], *, until: date, rules: HomeRules) -> HomeMean | None:
    """
    The mean of all readings of the days up to `until`, or None without any.

    Readings dated later are not seen.
    """
    start = until - timedelta(days=rules.window_days - 1)
    window = [reading for reading in readings if start <= reading.on <= until]
    if not window:
        return None
    sbp = sum(reading.sbp_mmhg for reading in window) / len(window)
    dbp = sum(reading.dbp_mmhg for reading in window) / len(window)
    days = len({reading.on for reading in window})
    enough = days >= rules.min_days and len(window) >= rules.min_readings
    high = (sbp >= rules.sbp_from_mmhg or dbp >= rules.dbp_from_mmhg) if enough else None
    return HomeMean(sbp, dbp, days, len(window), enough, high)
