"""
UCUM units: from a code to its factor and dimensions, and from one unit to another, exactly.

A unit becomes a fraction and powers of base dimensions; two units with the same powers can be
compared. Celsius and Fahrenheit have an offset, so they convert, and nothing is multiplied
with them. A unit that is not known, or is arbitrary ([iU], [pH]), compares with itself only.
Source: https://ucum.org/ucum, grammar and tables.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache

from taihe.fhir.fhirpath.unit_table import (
    ARBITRARY,
    ARBITRARY_METRIC,
    BASE,
    BINARY_PREFIXES,
    METRIC,
    PLAIN,
    PREFIXES,
    SPECIAL,
)

Powers = tuple[tuple[str, int], ...]
LONGEST = 200
DEEPEST = 10
_LARGEST_POWER = 99
_MOST_DIGITS = 400
_ATOM_POWER = re.compile(r"(?P<unit>.*?[^\d+-])(?P<power>[+-]?\d{1,3})", re.DOTALL)
_DIVISION = Context(prec=34)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as a factor of base dimensions; `offset` is added to a value before the factor."""

    factor: Fraction
    powers: Powers
    offset: Fraction = Fraction(0)


class _Unknown(Exception):
    """The code is no unit that is known here."""


Parts = tuple[Fraction, dict[str, int]]


def _times(one: Parts, two: Parts, sign: int) -> Parts:
    powers = dict(one[1])
    for unit, power in two[1].items():
        powers[unit] = powers.get(unit, 0) + sign * power
    return one[0] * two[0] if sign > 0 else one[0] / two[0], powers


@lru_cache(maxsize=1024)
def _atom(text: str) -> Parts:
    """One unit with or without a prefix."""
    if text in BASE:
        return Fraction(1), {text: 1}
    row = METRIC.get(text) or PLAIN.get(text)
    if row is not None:
        inner = _term(row[1], 0)
        return Fraction(row[0]) * inner[0], inner[1]
    if text in ARBITRARY or text in ARBITRARY_METRIC:
        return Fraction(1), {"[iU]" if text == "[IU]" else text: 1}
    for length in (1, 2):
        prefix, rest = text[:length], text[length:]
        scale = PREFIXES.get(prefix)
        if scale is not None and (rest in BASE or rest in METRIC or rest in ARBITRARY_METRIC):
            inner = _atom(rest)
            return inner[0] * Fraction(10) ** scale, inner[1]
        if prefix in BINARY_PREFIXES and rest in ("bit", "By"):
            inner = _atom(rest)
            return inner[0] * BINARY_PREFIXES[prefix], inner[1]
    raise _Unknown


def _component(text: str) -> Parts:
    """A number, or a unit with a power."""
    if text.isascii() and text.isdigit():
        if len(text) > _MOST_DIGITS or int(text) == 0:
            raise _Unknown
        return Fraction(int(text)), {}
    try:
        return _atom(text)
    except _Unknown:
        match = _ATOM_POWER.fullmatch(text)
        if match is None:
            raise
    power = int(match["power"])
    factor, powers = _atom(match["unit"])
    if abs(power) > _LARGEST_POWER:
        raise _Unknown
    return factor**power, {unit: n * power for unit, n in powers.items()}


def _pieces(text: str) -> list[str]:
    """A term cut at its operators outside brackets and parentheses."""
    found: list[str] = []
    depth = square = start = 0
    for at, character in enumerate(text):
        if character == "[":
            square += 1
        elif character == "]":
            square -= 1
        elif not square and character in "()":
            depth += 1 if character == "(" else -1
            if depth < 0:
                raise _Unknown
        elif not square and not depth and character in "./":
            found += [text[start:at], character]
            start = at + 1
    if depth or square:
        raise _Unknown
    return [*found, text[start:]]


def _term(text: str, depth: int) -> Parts:
    if depth > DEEPEST:
        raise _Unknown
    total: Parts = (Fraction(1), {})
    pieces = _pieces(text)
    if pieces[0] == "" and len(pieces) > 1 and pieces[1] == "/":  # as in /min
        pieces[0] = "1"
    sign = 1
    for piece in pieces:
        if piece in (".", "/"):
            sign = -1 if piece == "/" else 1
            continue
        if piece.startswith("(") and piece.endswith(")"):
            inner = _term(piece[1:-1], depth + 1)
        else:
            inner = _component(piece)
        total = _times(total, inner, sign)
    return total


def _without_annotations(text: str) -> str:
    """The code without remarks in braces; one that stands alone is a unit of one."""
    plain = re.sub(r"(?<=[^./(])\{[^{}]*\}", "", text)
    return re.sub(r"\{[^{}]*\}", "1", plain)


@lru_cache(maxsize=4096)
def read_unit(code: str) -> Unit | None:
    """A UCUM code as a unit; None for what is no code that is known here."""
    if len(code) > LONGEST:
        return None
    if code in SPECIAL:
        offset, (over, under), base = SPECIAL[code]
        return Unit(Fraction(over, under), ((base, 1),), Fraction(offset))
    try:
        factor, powers = _term(_without_annotations(code) or "1", 0)
    except (_Unknown, ZeroDivisionError):
        return None
    return Unit(factor, tuple(sorted((u, p) for u, p in powers.items() if p)))


def fraction_of(value: Decimal) -> Fraction | None:
    """A decimal as a fraction; None for one whose digits would fill the memory."""
    if not value.is_finite() or abs(value.adjusted()) > 5000 or len(value.as_tuple().digits) > 5000:
        return None
    return Fraction(value)


def decimal_of(value: Fraction) -> Decimal:
    """A fraction as a decimal: exactly where it ends, else in 34 digits."""
    under, places = value.denominator, 0
    while under % 10 == 0:
        under, places = under // 10, places + 1
    twos = fives = 0
    while under % 2 == 0:
        under, twos = under // 2, twos + 1
    while under % 5 == 0:
        under, fives = under // 5, fives + 1
    if under == 1:
        places += max(twos, fives)
        digits = value.numerator * 10**places // value.denominator
        return Decimal(digits).scaleb(-places, Context(prec=20000))
    return _DIVISION.divide(Decimal(value.numerator), Decimal(value.denominator))


def in_base(value: Decimal, code: str) -> tuple[Fraction, Powers] | None:
    """A quantity as a fraction of base dimensions; None for an unknown unit."""
    unit, number = read_unit(code), fraction_of(value)
    if unit is None or number is None:
        return None
    return (number + unit.offset) * unit.factor, unit.powers


def convert(value: Decimal, code: str, wanted: str) -> Decimal | None:
    """A value in another unit; None when the two cannot be compared."""
    if code == wanted:
        return value
    base, unit = in_base(value, code), read_unit(wanted)
    if base is None or unit is None or base[1] != unit.powers:
        return None
    return decimal_of(base[0] / unit.factor - unit.offset)


def is_special(code: str) -> bool:
    """Whether a unit has an offset, so that it cannot be added to or multiplied."""
    return code in SPECIAL


def multiply(one: str, two: str, *, divide: bool = False) -> str:
    """The unit of a product or quotient, with equal units brought together."""
    if divide and one == two:
        return "1"
    if two == "1":
        return one
    if one == "1" and not divide:
        return two
    powers: dict[str, int] = {}
    for text, side in ((one, 1), (two, -1 if divide else 1)):
        try:
            pieces = _pieces(text)
        except _Unknown:
            pieces = [text]
        sign = 1
        for piece in pieces:
            if piece in (".", "/"):
                sign = -1 if piece == "/" else 1
            elif piece not in ("", "1"):
                match = None if piece in PLAIN else _ATOM_POWER.fullmatch(piece)
                unit, power = (match["unit"], int(match["power"])) if match else (piece, 1)
                powers[unit] = powers.get(unit, 0) + side * sign * power
    above = [u + (str(p) if p != 1 else "") for u, p in powers.items() if p > 0]
    below = [u + (str(-p) if p != -1 else "") for u, p in powers.items() if p < 0]
    return (".".join(above) + "".join("/" + unit for unit in below)) or "1"
