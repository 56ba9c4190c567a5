"""Whether one way in which a resource is found fits one value of a condition."""

from __future__ import annotations

import math
import unicodedata
from decimal import Decimal
from fractions import Fraction

from taihe.fhir.search.plain.found import Found, is_han, moments
from taihe.fhir.search.plain.text import MIDDLE_DOTS
from taihe.fhir.search.plain.walk import rows_of
from taihe.fhir.search.query import Condition, Value


def folded(text: str) -> str:
    """Text without case, accents, width, middle dots and runs of space."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    plain = unicodedata.normalize("NFC", plain).casefold()
    plain = " ".join("".join(c for c in plain if c not in MIDDLE_DOTS).split())
    kept = ""
    for at, character in enumerate(plain):
        between = character == " " and is_han(plain[at - 1]) and is_han(plain[at + 1])
        kept += "" if between else character
    return kept


def component_kinds(condition: Condition, type: str) -> tuple[str, ...]:
    return tuple(rows_of(type)[code].kind for code, _ in condition.parameter.components)


def matches(condition: Condition, kinds: tuple[str, ...], value: Value, way: Found) -> bool:
    modifier, kind = condition.modifier, condition.parameter.kind
    if modifier == "text":
        return folded(way.code).startswith(folded(value.code or ""))
    if modifier == "of-type":
        typed = (way.system, way.code) == (value.system, value.code)
        return typed and way.parts[0].code == value.parts[0].code
    if modifier == "identifier":
        kind = "token"
    if kind == "composite":
        return all(
            _fits(kind, "", (), part, inside)
            for kind, part, inside in zip(kinds, value.parts, way.parts, strict=True)
        )
    return _fits(kind, modifier, condition.parameter.targets, value, way)


def _fits(kind: str, modifier: str, targets: tuple[str, ...], value: Value, way: Found) -> bool:
    wanted = value.code or ""
    if modifier == "unequal":
        return not _fits(kind, "equal", targets, value, way)
    if kind == "token":
        if value.system is not None and value.system != way.system:
            return False
        return value.code in (None, way.code)
    if kind == "string":
        if modifier == "exact":
            return wanted == way.code
        return _fits_text(modifier or "starts", folded(way.code), folded(wanted))
    if kind == "uri" and modifier in ("equal", "starts", "ends", "contains"):
        return _fits_text(modifier, way.code, wanted)
    if kind == "uri":
        longer, shorter = (wanted, way.code) if modifier == "above" else (way.code, wanted)
        if longer == shorter:
            return True
        return bool(modifier) and longer.startswith(shorter.rstrip("/") + "/")
    if kind == "reference":
        if modifier in ("above", "below") and ("/" in wanted or ":" in wanted):
            wide, narrow = (way.code, wanted) if modifier == "above" else (wanted, way.code)
            return _covers(wide.split("|"), narrow.split("|"))
        if "/" in wanted or ":" in wanted:
            # A canonical is found without its version, too.
            return wanted == way.code or (way.system == "" and way.code.split("|")[0] == wanted)
        if way.code != wanted or not way.system:
            return False
        if value.system:
            return way.system == value.system
        return way.system in targets if targets else True
    assert way.low is not None and way.high is not None
    if kind == "special":
        return _distance(way, value) <= (value.number or 0)
    if kind == "date" and modifier == "overlaps":
        first, after = moments(value.text.replace(" ", "+"))
        return max(first, way.low) < min(after, way.high)
    if kind == "date":
        return _fits_date(value, int(way.low), int(way.high))
    unit_fits = kind == "number" or (
        value.code in (None, way.code)
        and (value.code is None or value.system in (None, way.system))
    )
    return unit_fits and _fits_number(value, way.low, way.high)


def _fits_text(how: str, there: str, wanted: str) -> bool:
    found = there.find(wanted)
    return {
        "equal": there == wanted,
        "starts": there[: len(wanted)] == wanted,
        "ends": there[max(0, len(there) - len(wanted)) :] == wanted,
        "contains": found >= 0,
    }[how]


def _covers(wide: list[str], narrow: list[str]) -> bool:
    """Whether a canonical without a version, or with a part of it, means another too."""
    if wide[0] != narrow[0]:
        return False
    numbers = wide[1].split(".") if len(wide) > 1 and wide[1] else []
    others = narrow[1].split(".") if len(narrow) > 1 else []
    return others[: len(numbers)] == numbers


def _fits_date(value: Value, low: int, high: int) -> bool:
    text = value.text
    prefix = text[:2] if text[:2].isalpha() else "eq"
    first, after = moments(text.removeprefix(prefix).replace(" ", "+"))
    if prefix == "ap":
        near = max(after - first, 24 * 3600 * 10**6)
        return low < after + near and first - near < high
    contained = first <= low and high <= after
    return {
        "eq": contained,
        "ne": not contained,
        "gt": after < high,
        "ge": first < high,
        "lt": low < first,
        "le": low < after,
        "sa": after <= low,
        "eb": high <= first,
    }[prefix]


def _fits_number(value: Value, low: float, high: float) -> bool:
    text = value.text.split("|")[0]
    prefix = text[:2] if text[:2].isalpha() else "eq"
    written = text.removeprefix(prefix)
    number = Fraction(written)
    places = -int(Decimal(written).as_tuple().exponent)
    half = Fraction(1, 2) / Fraction(10) ** max(places, 0)
    if places < 0 and "e" in written.lower():
        # The specification counts 1e2 as 95 to 105.
        half = Fraction(1, 20) * Fraction(10) ** -places
    bottom, top, exact = float(number - half), float(number + half), float(number)
    if prefix == "ap":
        near = abs(exact) / 10
        return low <= exact + near and exact - near <= high
    contained = bottom <= low and high < top
    return {
        "eq": contained,
        "ne": not contained,
        "gt": high > exact,
        "ge": high >= exact or contained,
        "lt": low < exact,
        "le": low <= exact or contained,
        "sa": low > exact,
        "eb": high < exact,
    }[prefix]


def _distance(way: Found, value: Value) -> float:
    """Kilometres between two positions, by the law of cosines on a sphere."""
    assert way.low is not None and way.high is not None
    assert value.low is not None and value.high is not None
    here, there = math.radians(way.low), math.radians(value.low)
    angle = math.sin(here) * math.sin(there) + math.cos(here) * math.cos(there) * math.cos(
        math.radians(way.high - value.high)
    )
    return 6371.0088 * math.acos(max(-1.0, min(1.0, angle)))
