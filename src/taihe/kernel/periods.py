"""Days, ages and working days. Nothing here asks what day it is."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import date, timedelta

EPOCH = date(1970, 1, 1)


def day_number(day: date) -> int:
    """Days since 1970-01-01, the form of dates in claim columns."""
    return (day - EPOCH).days


def day_of(number: int) -> date:
    """The date of a day number."""
    return EPOCH + timedelta(days=number)


def age_years(born: date, on: date) -> int:
    """Age in completed years; someone born on 29 February completes a year on 1 March."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


@dataclass(frozen=True)
class Period:
    """A span of days, both ends included; None is open."""

    start: date | None
    end: date | None

    def holds(self, on: date) -> bool:
        """Whether the day lies inside."""
        return (self.start is None or self.start <= on) and (self.end is None or on <= self.end)


def add_working_days(start: date, days: int, *, holidays: Container[date] = ()) -> date:
    """
    The day that lies `days` working days after `start`.

    Saturdays, Sundays and the given public holidays do not count. Deadlines of appeals are
    counted so.
    """
    day, left = start, days
    while left > 0:
        day += timedelta(days=1)
        if day.weekday() < 5 and day not in holidays:
            left -= 1
    return day
