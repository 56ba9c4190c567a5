"""
Dates and times in other forms, their parts, and how far apart they are.

Source: FHIRPath 3.0, format codes, extract components, date and time interval functions.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from taihe.fhir.fhirpath.errors import ExecutionProblem
from taihe.fhir.fhirpath.values import Part, Temporal, parse_temporal

_MONTHS = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"]  # fmt: skip
_MONTH_NAME = "|".join((*_MONTHS, *(m[:3] for m in _MONTHS)))
# Each code of a format, the longest first: what it matches and which part it gives.
_CODES = (
    ("yyyy", "[0-9]{4}", "y"), ("yy", "[0-9]{2}", "yy"),
    ("MMMM", _MONTH_NAME, "name"), ("MMM", _MONTH_NAME, "name"),
    ("MM", "[0-9]{2}", "M"), ("M", "[0-9]{1,2}", "M"),
    ("DD", "[0-9]{2}", "d"), ("dd", "[0-9]{2}", "d"), ("d", "[0-9]{1,2}", "d"),
    ("HH", "[0-9]{2}", "H"), ("H", "[0-9]{1,2}", "H"),
    ("hh", "[0-9]{2}", "h"), ("h", "[0-9]{1,2}", "h"),
    ("mm", "[0-9]{2}", "m"), ("m", "[0-9]{1,2}", "m"),
    ("ss", "[0-9]{2}", "s"), ("s", "[0-9]{1,2}", "s"),
    ("a", "[aApP][mM]?|上午|下午", "a"),
    ("Z", "Z|[+-][0-9]{2}:?[0-9]{2}", "Z"),
)  # fmt: skip
LONGEST_FORMAT = 100


@lru_cache(maxsize=256)
def _pattern(form: str) -> re.Pattern[str]:
    """A format as a pattern with a group for each part."""
    if len(form) > LONGEST_FORMAT:
        raise ExecutionProblem("The format is too long.", "Use codes such as yyyy-MM-dd.")
    text, at = "", 0
    seen: set[str] = set()
    while at < len(form):
        if form[at] == "S":
            end = at
            while form[end : end + 1] == "S":
                end += 1
            code, found, group = form[at:end], f"[0-9]{{{end - at}}}", "S"
        else:
            code, found, group = next(
                (row for row in _CODES if form.startswith(row[0], at)), (form[at], "", "")
            )
        if not group:
            text += re.escape(code)
        elif group in seen:
            raise ExecutionProblem(f"The format has {code} twice.", "Name each part once.")
        else:
            seen.add(group)
            text += f"(?P<{group}>{found})"
        at += len(code)
    return re.compile(text, re.IGNORECASE)


def read_temporal(text: str, form: str, kind: str) -> Temporal | None:
    """A Date or DateTime from text in a format; None when the text is not in it."""
    match = _pattern(form).fullmatch(text)
    if match is None:
        return None
    parts = match.groupdict()
    year = parts.get("y")
    if year is None and parts.get("yy") is not None:
        year = ("20" if int(parts["yy"]) < 50 else "19") + parts["yy"]
    month = parts.get("M")
    if parts.get("name"):
        month = str(
            1 + next(i for i, m in enumerate(_MONTHS) if m[:3] == parts["name"][:3].lower())
        )
    if year is None:
        return None
    hour = _hour(parts)
    written = year
    for value, before in ((month, "-"), (parts.get("d"), "-")):
        if value is None:
            break
        written += before + value.zfill(2)
    if kind == "DateTime" and hour is not None and len(written) == 10:
        written += f"T{hour:02d}"
        for name, before in (("m", ":"), ("s", ":"), ("S", ".")):
            if parts.get(name) is None:
                break
            written += before + (parts[name] if name == "S" else parts[name].zfill(2))
        zone = parts.get("Z") or ""
        written += f"{zone[:3]}:{zone[-2:]}" if len(zone) > 1 else zone.upper()
    elif kind == "Date" and month is None and parts.get("d"):
        return None
    return parse_temporal(written, kind)


def _hour(parts: dict[str, str]) -> int | None:
    if parts.get("H") is not None:
        return int(parts["H"])
    if parts.get("h") is None:
        return None
    hour = int(parts["h"]) % 12
    after_noon = (parts.get("a") or "a")[0] in ("p", "P", "下")
    return hour + 12 if after_noon else hour


_PARTS = {"year": 0, "month": 1, "day": 2, "hour": 3, "minute": 4, "second": 5, "millisecond": 5}


def part_of(value: Temporal, name: str) -> int | None:
    """One part of a date or time; None when it has not so many."""
    if name in ("year", "month", "day") and value.kind == "Time":
        return None
    if name in ("hour", "minute", "second", "millisecond") and value.kind == "Date":
        return None
    position = _PARTS[name] - (3 if value.kind == "Time" else 0)
    if position >= len(value.parts):
        return None
    part = value.parts[position]
    if name == "millisecond":
        seconds = Decimal(part)
        exponent = seconds.as_tuple().exponent
        return int(seconds * 1000) % 1000 if isinstance(exponent, int) and exponent < 0 else None
    return int(part)


_LEVELS = {"year": 1, "month": 2, "week": 3, "day": 3, "hour": 4, "minute": 5, "second": 6,
           "millisecond": 6}  # fmt: skip
_LENGTHS = {"week": 604_800_000, "day": 86_400_000, "hour": 3_600_000, "minute": 60_000,
            "second": 1000, "millisecond": 1}  # fmt: skip


def _checked(one: Temporal, two: Temporal, precision: str, name: str) -> bool:
    """Whether both are precise enough; raises for a precision that they cannot have."""
    word = precision if precision in _LEVELS else precision.removesuffix("s")
    times = one.kind == "Time"
    if (two.kind == "Time") != times:
        raise ExecutionProblem(f"{name} takes two dates or two times.", "Convert one of them.")
    dates = "Date" in (one.kind, two.kind)
    allowed = [
        w for w, level in _LEVELS.items() if not (times and level < 4 or dates and level > 3)
    ]
    if word not in allowed:
        raise ExecutionProblem(
            f"{name} does not count in this precision here.", f"Use {', '.join(allowed)}."
        )
    level = _LEVELS[word] - (3 if times else 0)
    return len(one.parts) >= level and len(two.parts) >= level


def _in_milliseconds(value: Temporal, *, zoned: bool) -> int:
    """A moment as milliseconds, with the parts that are missing as their least."""
    parts: list[Part] = list(value.parts)
    if value.kind == "Time":
        parts = [1970, 1, 1, *parts]
    parts += [1, 1, 1][len(parts) :] if len(parts) < 3 else []
    parts += [0] * (6 - len(parts))
    seconds = Decimal(parts[5])
    start = datetime(*(int(p) for p in parts[:5]), tzinfo=UTC)  # type: ignore[misc,arg-type]
    whole = (start - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    offset = (value.zone or 0) * 60_000 if zoned else 0
    return whole + int(seconds * 1000) - offset


def duration(one: Temporal, two: Temporal, precision: str) -> int | None:
    """The whole periods from one to two; negative when one is later."""
    if not _checked(one, two, precision, "duration()"):
        return None
    word = precision if precision in _LEVELS else precision.removesuffix("s")
    zoned = word in ("hour", "minute", "second", "millisecond")
    zoned = zoned and one.zone is not None and two.zone is not None
    if word in _LENGTHS:
        apart = _in_milliseconds(two, zoned=zoned) - _in_milliseconds(one, zoned=zoned)
        whole = abs(apart) // _LENGTHS[word]
        return whole if apart >= 0 else -whole
    first, second, sign = one, two, 1
    if _in_milliseconds(one, zoned=False) > _in_milliseconds(two, zoned=False):
        first, second, sign = two, one, -1
    months = _month_number(second) - _month_number(first)
    rest_one, rest_two = first.parts[2:], second.parts[2:]
    if months and tuple(rest_two) < tuple(rest_one[: len(rest_two)]):
        months -= 1
    if word == "year":
        if len(first.parts) == 1 or len(second.parts) == 1:
            months = (int(second.parts[0]) - int(first.parts[0])) * 12
        months //= 12
    return sign * months


def _month_number(value: Temporal) -> int:
    return int(value.parts[0]) * 12 + (int(value.parts[1]) - 1 if len(value.parts) > 1 else 0)


def difference(one: Temporal, two: Temporal, precision: str) -> int | None:
    """The boundaries crossed from one to two; a week begins on Sunday."""
    if not _checked(one, two, precision, "difference()"):
        return None
    word = precision if precision in _LEVELS else precision.removesuffix("s")
    if word == "year":
        return int(two.parts[0]) - int(one.parts[0])
    if word == "month":
        return _month_number(two) - _month_number(one)
    if word in ("day", "week"):
        days = [date(*(int(p) for p in v.parts[:3])).toordinal() for v in (one, two)]
        return days[1] - days[0] if word == "day" else days[1] // 7 - days[0] // 7
    zoned = one.zone is not None and two.zone is not None
    length = _LENGTHS[word]
    ends = [_in_milliseconds(v, zoned=zoned) // length for v in (one, two)]
    return ends[1] - ends[0]
