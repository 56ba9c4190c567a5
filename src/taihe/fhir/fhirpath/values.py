"""
The values of FHIRPath that Python has no type for: partial dates and times, quantities.

A date compares with another only as far as both are precise; when they agree so far and one
says more, the answer is unknown (None). Source: FHIRPath N1, equality and comparison.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from taihe.fhir.fhirpath.errors import ExecutionProblem

_DATE = re.compile(
    r"(?P<y>\d{4})(?:-(?P<m>\d\d)(?:-(?P<d>\d\d))?)?"
    r"(?P<T>T(?:(?P<h>\d\d)(?::(?P<mi>\d\d)(?::(?P<s>\d\d(?:\.\d+)?))?)?"
    r"(?P<z>Z|[+-]\d\d:\d\d)?)?)?"
)
_TIME = re.compile(r"T?(?P<h>\d\d)(?::(?P<mi>\d\d)(?::(?P<s>\d\d(?:\.\d+)?))?)?")

Part = int | Decimal

# Smallest and largest of each part, in the order year, month, day, hour, minute, second.
_LOWEST: tuple[Part, ...] = (1, 1, 1, 0, 0, Decimal("0.000"))
_HIGHEST: tuple[Part, ...] = (9999, 12, 31, 23, 59, Decimal("59.999"))
_OF_A_DAY = ("hour", "minute", "second", "millisecond")
_LARGEST_STEP = Decimal("1E16")


def _zone(text: str | None) -> int | None:
    if not text:
        return None
    if text == "Z":
        return 0
    minutes = int(text[1:3]) * 60 + int(text[4:])
    if int(text[4:]) > 59 or minutes > 14 * 60:
        raise ValueError("a zone is at most fourteen hours from UTC")
    return -minutes if text[0] == "-" else minutes


def _zone_text(zone: int | None) -> str:
    if zone is None:
        return ""
    if zone == 0:
        return "Z"
    sign = "-" if zone < 0 else "+"
    return f"{sign}{abs(zone) // 60:02d}:{abs(zone) % 60:02d}"


def _two(part: Part) -> str:
    if isinstance(part, Decimal):
        whole, _, fraction = format(part, "f").partition(".")
        return whole.zfill(2) + (f".{fraction}" if fraction else "")
    return f"{part:02d}"


@dataclass(frozen=True, slots=True)
class Temporal:
    """
    A Date, DateTime or Time, as precise as it is written.

    `parts` are year, month, day, hour, minute, second (for a Time hour, minute, second); the
    second is a Decimal. `zone` is the offset from UTC in minutes, None when not given.
    """

    kind: str
    parts: tuple[Part, ...]
    zone: int | None = None

    @property
    def _offset(self) -> int:
        return 3 if self.kind == "Time" else 0

    def __str__(self) -> str:
        if self.kind == "Time":
            return ":".join(_two(p) for p in self.parts)
        year, *rest = self.parts
        text = "-".join([f"{year:04d}", *(_two(p) for p in rest[:2])])
        if self.kind == "DateTime":
            text += "T" + ":".join(_two(p) for p in rest[2:]) + _zone_text(self.zone)
        return text

    def instant(self) -> tuple[Part, ...]:
        """The parts in UTC where a zone is given and the time is precise to the minute."""
        if self.kind != "DateTime" or not self.zone or len(self.parts) < 4:
            return self.parts
        numbers = [int(p) for p in self.parts[:5]]
        while len(numbers) < 5:
            numbers.append(0)
        try:
            moment = datetime(*numbers, tzinfo=UTC) - timedelta(minutes=self.zone)  # type: ignore[misc,arg-type]
        except (ValueError, OverflowError):
            return self.parts
        whole: tuple[Part, ...] = (
            moment.year, moment.month, moment.day, moment.hour, moment.minute
        )  # fmt: skip
        return (*whole[: min(len(self.parts), 5)], *self.parts[5:])

    def compare(self, other: Temporal) -> int | None:
        """-1, 0 or 1; None when it is not known."""
        if (self.kind == "Time") != (other.kind == "Time"):
            return None
        if len(self.parts) > 3 and len(other.parts) > 3 and self.kind != "Time":
            if (self.zone is None) != (other.zone is None):
                return self._compare_without_zone(other)
            mine, theirs = self.instant(), other.instant()
        else:
            mine, theirs = self.parts, other.parts
        for one, two in zip(mine, theirs, strict=False):
            if one != two:
                return -1 if one < two else 1
        return 0 if len(mine) == len(theirs) else None

    def _compare_without_zone(self, other: Temporal) -> int | None:
        """A time without zone may be anywhere on earth: known only beyond fourteen hours."""
        one, two = self._moment(), other._moment()
        if one is None or two is None:
            return None
        apart = one - two
        if abs(apart) <= timedelta(hours=14):
            return None
        return -1 if apart < timedelta() else 1

    def _moment(self) -> datetime | None:
        parts = [*self.parts[:5], 0, 0, 0, 0, 0]
        year, month, day = (int(p) or 1 for p in parts[:3])
        try:
            moment = datetime(year, month, day, int(parts[3]), int(parts[4]), tzinfo=UTC)
            return moment - timedelta(minutes=self.zone or 0)
        except (ValueError, OverflowError):
            return None

    def equals(self, other: Temporal) -> bool | None:
        """Equality; None when one is less precise and the rest agrees."""
        if (self.kind == "Time") != (other.kind == "Time"):
            return False
        result = self.compare(other)
        return None if result is None else result == 0

    def equivalent(self, other: Temporal) -> bool:
        """Equality where a difference in precision is a difference."""
        return self.equals(other) is True

    def as_kind(self, kind: str) -> Temporal:
        """A Date as a DateTime, or the date of a DateTime."""
        if kind == self.kind:
            return self
        if kind == "Date":
            return Temporal("Date", self.parts[:3])
        return Temporal("DateTime", self.parts)

    def plus(self, amount: Decimal, unit: str) -> Temporal:
        """
        Add a number of calendar units, in the precision of this value.

        Months and years keep the day or take the last of the month; a unit finer than this
        value is counted down to its precision (24 months are two years).
        """
        if not amount.is_finite() or amount.copy_abs() > _LARGEST_STEP:
            raise ExecutionProblem("The date is out of range.", "Years go from 1 to 9999.")
        if unit not in ("second", "millisecond"):
            amount = Decimal(int(amount))
        if self.kind == "Time":
            return self._time_plus(amount, unit)
        if self.kind == "Date" and unit in _OF_A_DAY:
            raise ExecutionProblem(
                f"{unit}s cannot be added to a date.", "Add days, or begin with a DateTime."
            )
        if unit == "week":
            amount, unit = amount * 7, "day"
        whole = int(amount)
        fine = {"hour": 3, "minute": 4, "second": 5, "millisecond": 5}
        level = {"year": 0, "month": 1, "day": 2, **fine}[unit]
        if level >= len(self.parts):
            return self._coarse_plus(amount, unit)
        try:
            if level <= 1:
                return self._months_plus(whole * (12 if level == 0 else 1))
            return self._days_plus(
                amount if unit in ("second", "millisecond") else Decimal(whole), unit
            )
        except (ValueError, OverflowError):
            raise ExecutionProblem(
                "The date is out of range.", "Years go from 1 to 9999."
            ) from None

    def _months_plus(self, months: int) -> Temporal:
        year = int(self.parts[0])
        month = int(self.parts[1]) if len(self.parts) > 1 else 1
        total = year * 12 + month - 1 + months
        year, month = total // 12, total % 12 + 1
        if not 1 <= year <= 9999:
            raise ValueError
        parts: list[Part] = [year, month, *self.parts[2:]]
        if len(self.parts) > 2:
            parts[2] = min(int(self.parts[2]), monthrange(year, month)[1])
        return Temporal(self.kind, tuple(parts[: len(self.parts)]), self.zone)

    def _days_plus(self, amount: Decimal, unit: str) -> Temporal:
        seconds = self.parts[5] if len(self.parts) > 5 else Decimal(0)
        numbers = [int(p) for p in self.parts[:5]] + [0, 0, 0]
        start = datetime(*numbers[:5], tzinfo=UTC)  # type: ignore[misc,arg-type]
        per = {
            "day": Decimal(86400), "hour": Decimal(3600), "minute": Decimal(60),
            "second": Decimal(1), "millisecond": Decimal("0.001"),
        }[unit]  # fmt: skip
        total = Decimal(seconds) + amount * per
        minutes, second = divmod(total, 60)
        if second < 0:
            minutes, second = minutes - 1, second + 60
        moment = start + timedelta(minutes=int(minutes))
        if len(self.parts) > 5 and unit not in ("second", "millisecond"):
            second = Decimal(seconds)
        parts: tuple[Part, ...] = (
            moment.year, moment.month, moment.day, moment.hour, moment.minute, second
        )  # fmt: skip
        return Temporal(self.kind, parts[: len(self.parts)], self.zone)

    def _coarse_plus(self, amount: Decimal, unit: str) -> Temporal:
        per_day = {
            "hour": Decimal(24), "minute": Decimal(1440), "second": Decimal(86400),
            "millisecond": Decimal(86400000), "day": Decimal(1),
        }  # fmt: skip
        if len(self.parts) == 1:
            if unit == "month":
                return self.plus(Decimal(int(amount / 12)), "year")
            return self.plus(Decimal(int(amount / per_day[unit] / 365)), "year")
        if len(self.parts) == 2:
            return self.plus(Decimal(int(amount / per_day[unit] / 30)), "month")
        if len(self.parts) == 3:
            return self.plus(Decimal(int(amount / per_day[unit])), "day")
        below = {4: "hour", 5: "minute"}[len(self.parts)]
        ratio = per_day[unit] / per_day[below]
        return self.plus(Decimal(int(amount / ratio)), below)

    def _time_plus(self, amount: Decimal, unit: str) -> Temporal:
        per = {
            "hour": Decimal(3600), "minute": Decimal(60), "second": Decimal(1),
            "millisecond": Decimal("0.001"),
        }  # fmt: skip
        if unit not in per:
            raise ExecutionProblem(
                f"{unit}s cannot be added to a time.", "Add hours, minutes or seconds."
            )
        numbers = [Decimal(p) for p in self.parts] + [Decimal(0)] * 3
        total = (numbers[0] * 3600 + numbers[1] * 60 + numbers[2] + amount * per[unit]) % 86400
        if total < 0:
            total += 86400
        hour, rest = divmod(total, 3600)
        minute, second = divmod(rest, 60)
        parts: tuple[Part, ...] = (int(hour), int(minute), second)
        return Temporal("Time", parts[: len(self.parts)])

    def digits(self) -> int:
        """The precision as FHIRPath counts it: the digits of the value."""
        base = self._offset
        counts = (4, 2, 2, 2, 2, 2)
        total = sum(counts[base : base + len(self.parts)])
        last = self.parts[-1]
        if isinstance(last, Decimal):
            exponent = last.as_tuple().exponent
            total += -exponent if isinstance(exponent, int) and exponent < 0 else 0
        return total

    def boundary(self, digits: int | None, high: bool) -> Temporal | None:
        """The least or greatest value of the given precision that this value may mean."""
        base = self._offset
        full = 17 - 8 * (base == 3)
        if self.kind == "Date" and digits is None:
            digits = 8
        digits = full if digits is None else digits
        sizes = {"Time": (2, 4, 6, 9), "Date": (4, 6, 8), "DateTime": (4, 6, 8, 10, 12, 14, 17)}
        if digits not in sizes[self.kind]:
            return None
        wanted = min(sizes[self.kind].index(digits) + 1, 6 - base)
        edge = _HIGHEST if high else _LOWEST
        parts: list[Part] = list(self.parts)
        if base + len(parts) == 4 and base + wanted > 4:
            parts.append(0)  # an hour alone is the full hour, as the R4 suite has it
        while len(parts) < wanted:
            position = base + len(parts)
            if position == 2 and high:
                parts.append(monthrange(int(parts[0]), int(parts[1]))[1])
            else:
                parts.append(edge[position])
        parts = parts[:wanted]
        if base + wanted == 6:
            second = Decimal(parts[-1])
            if digits in (17, 9):
                exponent = second.as_tuple().exponent
                short = isinstance(exponent, int) and exponent > -3
                if short and high and len(self.parts) == wanted:
                    step = Decimal(1).scaleb(int(exponent))
                    second = second + step - Decimal("0.001")
                second = second.quantize(Decimal("0.001"))
            else:
                second = Decimal(int(second))
            parts[-1] = second
        zone = self.zone
        if self.kind == "DateTime" and zone is None and wanted > 3:
            zone = -12 * 60 if high else 14 * 60
        return Temporal(self.kind, tuple(parts), zone if wanted > 3 else None)


def parse_temporal(text: str, kind: str) -> Temporal | None:
    """
    Read a Date, DateTime or Time as FHIR or FHIRPath write it; None when it is none.

    Months, days and hours are checked against the calendar.
    """
    if kind == "Time":
        match = _TIME.fullmatch(text)
        parts = [match["h"], match["mi"], match["s"]] if match else []
        offset = 3
    else:
        match = _DATE.fullmatch(text)
        if match is None or (kind == "Date" and match["T"]):
            return None
        parts = [match[name] for name in ("y", "m", "d", "h", "mi", "s")]
        offset = 0
    if match is None:
        return None
    numbers: list[Part] = []
    for position, part in enumerate(parts):
        if part is None:
            break
        number: Part = Decimal(part) if position + offset == 5 else int(part)
        limits = (9999, 12, 31, 24, 59, 60)
        if number > limits[position + offset] or (position + offset < 3 and number < 1):
            return None
        numbers.append(number)
    if (
        offset == 0
        and len(numbers) >= 3
        and numbers[2] > monthrange(int(numbers[0]), int(numbers[1]))[1]
    ):
        return None
    try:
        zone = _zone(match["z"]) if offset == 0 else None
    except ValueError:
        return None
    return Temporal(kind, tuple(numbers), zone)


class Long(int):
    """A whole number of 64 bits (FHIRPath 3.0, Long)."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Quantity:
    """
    A number with a unit: a UCUM code, or a calendar word when `calendar` is set.

    `fhir` marks a quantity of a resource, whose years and months in UCUM may be meant as
    calendar ones (https://hl7.org/fhir/R4/fhirpath.html, types).
    """

    value: Decimal
    unit: str = "1"
    calendar: bool = False
    fhir: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        number = number_text(self.value)
        if self.calendar:
            return f"{number} {self.unit}" + ("" if self.value.copy_abs() == 1 else "s")
        return f"{number} '{self.unit}'"


MOST_DIGITS = 10_000


def number_text(value: int | Decimal) -> str:
    """A number in digits without an exponent; refuses one of more than ten thousand digits."""
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        if isinstance(exponent, int) and max(abs(value.adjusted()), abs(exponent)) > MOST_DIGITS:
            raise ExecutionProblem("The number is too long to write out.", "Round it first.")
        return format(value, "f")
    if value.bit_length() > 3 * MOST_DIGITS:
        raise ExecutionProblem("The number is too long to write out.", "Round it first.")
    return str(int(value))


CALENDAR_OF_UCUM = {
    "a": "year", "mo": "month", "wk": "week", "d": "day", "h": "hour", "min": "minute",
    "s": "second", "ms": "millisecond",
}  # fmt: skip
UCUM_OF_CALENDAR = {word: code for code, word in CALENDAR_OF_UCUM.items()}
