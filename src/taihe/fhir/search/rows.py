"""Index rows, and how one FHIR value becomes one: periods of dates, ranges of numbers."""

from __future__ import annotations

import re
from calendar import isleap, monthrange
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from math import isfinite
from typing import Any, NamedTuple

from taihe.fhir.search.names import spellings

# The ends of an open period, in microseconds since 1970: beyond any date of four digits.
EARLIEST = -(2**62)
LATEST = 2**62

LONGEST_REMEMBERED = 200
MOST_REMEMBERED = 100_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY = 86_400_000_000
_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?)?)?"
)


class IndexRow(NamedTuple):
    """
    One value under which a resource is found.

    `param` is the number of the (type, code) pair, `kind` the parameter's kind. `system` is
    the system of a token or quantity, the target type of a reference, else "". `code` is the
    token's code, the reference's id, text as written, a uri, a unit. `low` and `high` are
    microseconds since 1970 UTC for a date (half open), the number itself for a number or
    quantity (the ends of a Range; infinite where open), and latitude and longitude for a
    position. `parts` are the rows of a composite's components.

    `more_rows` gives further kinds: `text` beside a code (`code` is the text), `type` of an
    identifier (`system` and `code` of its type, the value in `parts`), `identifier` of a
    reference.
    """

    param: int
    kind: str
    system: str = ""
    code: str = ""
    low: int | float | None = None
    high: int | float | None = None
    parts: tuple[IndexRow, ...] = ()


Add = Callable[[IndexRow], None]


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


@lru_cache(maxsize=65536)
def period_of(text: str) -> tuple[int, int] | None:
    """
    The half-open period that a date, dateTime or instant means, in microseconds since 1970.

    `2020-05` is that month, `2020-05-01T10:00:00Z` that second. A date without zone is UTC.
    None when the text is no date.
    """
    try:
        if len(text) == 25 and text[10] == "T" and text[19] in "+-":
            low = _micros(datetime.fromisoformat(text))
            return low, low + 1_000_000
        if len(text) == 10:
            low = _micros(datetime(int(text[:4]), int(text[5:7]), int(text[8:]), tzinfo=UTC))
            if text[4] == text[7] == "-":
                return low, low + _DAY
        return _slow_period(text)
    except (ValueError, OverflowError):
        return None


def _slow_period(text: str) -> tuple[int, int] | None:
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    if month is None:
        first = _micros(datetime(int(year), 1, 1, tzinfo=UTC))
        return first, first + (366 if isleap(int(year)) else 365) * _DAY
    if day is None:
        first = _micros(datetime(int(year), int(month), 1, tzinfo=UTC))
        return first, first + monthrange(int(year), int(month))[1] * _DAY
    offset = timedelta()
    if zone and zone != "Z":
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:]))
        offset = -offset if zone[0] == "-" else offset
    base = datetime(int(year), int(month), int(day), tzinfo=UTC)
    low = _micros(base) - offset // _MICROSECOND
    if hour is None:
        return low, low + _DAY
    if int(hour) > 24 or int(minute) > 59 or int(second or 0) > 60:
        return None
    low += (int(hour) * 60 + int(minute)) * 60_000_000
    if second is None:
        return low, low + 60_000_000
    low += int(second) * 1_000_000
    if fraction is None:
        return low, low + 1_000_000
    digits = (fraction + "000000")[:6]
    low += int(digits)
    return low, low + 10 ** (6 - min(len(fraction), 6))


def exact(value: int | float | Decimal | str) -> tuple[float, float] | None:
    """A number as a range of its own: it is compared as it is, not by its digits."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return (number, number) if isfinite(number) else None


@lru_cache(maxsize=65536, typed=True)
def implied_range(value: int | float | Decimal | str) -> tuple[float, float] | None:
    """
    The range that a number means by the digits it is written with: 5.4 is [5.35, 5.45].

    Source: https://hl7.org/fhir/R4/search.html#number, with its 1e2 as [95, 105]. A float has the digits of its shortest form. None for what is no number.
    """
    try:
        number = Decimal(value) if isinstance(value, int | Decimal) else Decimal(str(value))
        exponent = number.as_tuple().exponent
        if not isinstance(exponent, int) or abs(exponent) > 400:
            return None
        if exponent > 0:
            # R4's page has 1e2 as [95, 105): a tenth of what its one digit says.
            exponent = 0 if "E" not in str(value).upper() else exponent - 1
        half = Decimal(5).scaleb(exponent - 1)
        return float(number - half), float(number + half)
    except (InvalidOperation, ValueError, OverflowError):
        return None


_REFERENCE = re.compile(
    r"(?P<base>(?:https?|urn)://?.*/|)(?P<type>[A-Z][A-Za-z]{2,40})/"
    r"(?P<id>[A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?"
)


@lru_cache(maxsize=65536)
def split_reference(text: str) -> tuple[str, str]:
    """
    The target type and id that a literal reference names.

    A reference to another server keeps its whole address in place of the id; a urn has no
    type; a reference into the resource itself ("#p1") gives ("", "").
    """
    if text.startswith("#"):
        return "", ""
    match = _REFERENCE.fullmatch(text)
    if match is None:
        return "", text
    if match["base"]:
        return match["type"], text.partition("/_history/")[0]
    return match["type"], match["id"]


_targets: dict[str, tuple[str, str]] = {}


def reference_target(value: dict[str, Any]) -> tuple[str, str]:
    """The target of a Reference element; its `type` helps where the text names none."""
    text = value.get("reference")
    if not text:
        return "", ""
    found = _targets.get(text)
    if found is None:
        found = split_reference.__wrapped__(text)
        # Few and short texts are remembered, so that this stays small.
        if len(text) <= LONGEST_REMEMBERED:
            if len(_targets) >= MOST_REMEMBERED:
                _targets.clear()
            _targets[text] = found
    if found[0] or not found[1]:
        return found
    return value.get("type") or "", found[1]


def canonical_target(text: str) -> tuple[str, str]:
    """
    The target of a canonical: its whole address without a type, or type and id as a reference.

    One that leads into the resource itself ("#x") gives ("", "").
    """
    if text.startswith("#"):
        return "", ""
    if len(text) > LONGEST_REMEMBERED:
        return "", text
    kind, code = split_reference(text)
    return (kind, code) if kind and "/" not in code else ("", text)


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


_NAME_PARTS = ("text", "family", "given", "prefix", "suffix")
_ADDRESS_PARTS = ("text", "line", "city", "district", "state", "postalCode", "country")


def name_spellings(name: dict[str, Any]) -> list[str]:
    """
    Every text under which a HumanName is found.

    Its parts as written, family and given joined, and the pinyin of the whole name, in full
    and as initials.
    """
    return spellings(name, [t for part in _NAME_PARTS for t in _texts(name.get(part))])


def address_texts(address: dict[str, Any]) -> list[str]:
    """Every text under which an Address is found: its parts as written."""
    return [t for part in _ADDRESS_PARTS for t in _texts(address.get(part)) if t.strip()]


def period_bounds(period: dict[str, Any]) -> tuple[int, int] | None:
    """The half-open span of a Period; an absent end is open."""
    start, end = period.get("start"), period.get("end")
    low = period_of(start) if start else None
    high = period_of(end) if end else None
    if low is None and high is None:
        return None
    return (low[0] if low else EARLIEST), (high[1] if high else LATEST)


def timing_bounds(timing: dict[str, Any]) -> tuple[int, int] | None:
    """The outer limits of a Timing: its events, or the period of its repetition."""
    spans = [span for text in _texts(timing.get("event")) if (span := period_of(text))]
    bounds = (timing.get("repeat") or {}).get("boundsPeriod")
    if bounds and (span := period_bounds(bounds)):
        spans.append(span)
    if not spans:
        return None
    return min(low for low, _ in spans), max(high for _, high in spans)


def quantity_rows(number: int, kind: str, value: dict[str, Any], add: Add) -> None:
    """Add the rows of a Quantity: by its unit code, and by the unit as written if it differs."""
    span = exact(value["value"]) if value.get("value") is not None else None
    if span is None:
        return
    code, unit = value.get("code"), value.get("unit")
    if code:
        add(IndexRow(number, kind, value.get("system") or "", code, *span))
    if unit and unit != code or not code:
        add(IndexRow(number, kind, "", unit or "", *span))


def money_row(number: int, kind: str, value: dict[str, Any]) -> IndexRow | None:
    """The row of a Money amount, its currency as the unit."""
    span = exact(value["value"]) if value.get("value") is not None else None
    if span is None:
        return None
    return IndexRow(number, kind, "urn:iso:std:iso:4217", value.get("currency") or "", *span)


def range_row(number: int, kind: str, value: dict[str, Any]) -> IndexRow | None:
    """The row of a Range or Ratio-like pair, from its low and high quantities."""
    low, high = value.get("low") or {}, value.get("high") or {}
    least = exact(low["value"]) if low.get("value") is not None else None
    most = exact(high["value"]) if high.get("value") is not None else None
    if least is None and most is None:
        return None
    unit = low if least else high
    return IndexRow(
        number,
        kind,
        unit.get("system") or "" if kind == "quantity" and unit.get("code") else "",
        unit.get("code") or unit.get("unit") or "" if kind == "quantity" else "",
        least[0] if least else float("-inf"),
        most[1] if most else float("inf"),
    )


def codeable_concept_more(number: int, value: dict[str, Any], add: Add) -> None:
    """Add the texts of a CodeableConcept: its own and those of its codings."""
    if value.get("text"):
        add(IndexRow(number, "text", "", value["text"]))
    for coding in value.get("coding") or ():
        coding_more(number, coding, add)


def coding_more(number: int, value: dict[str, Any], add: Add) -> None:
    """Add the display of a Coding."""
    if value.get("display"):
        add(IndexRow(number, "text", "", value["display"]))


def identifier_more(number: int, value: dict[str, Any], add: Add) -> None:
    """Add the text of an Identifier's type, and its value under each coding of its type."""
    kind = value.get("type") or {}
    if kind.get("text"):
        add(IndexRow(number, "text", "", kind["text"]))
    if value.get("value"):
        inside = (IndexRow(number, "token", value.get("system") or "", value["value"]),)
        for coding in kind.get("coding") or ():
            if coding.get("code"):
                system = coding.get("system") or ""
                add(IndexRow(number, "type", system, coding["code"], None, None, inside))


def reference_more(number: int, value: dict[str, Any], add: Add) -> None:
    """Add the identifier of a Reference."""
    inner = value.get("identifier") or {}
    if inner.get("value"):
        add(IndexRow(number, "identifier", inner.get("system") or "", inner["value"]))
