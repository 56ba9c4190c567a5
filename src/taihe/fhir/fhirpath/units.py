"""
UCUM units, as far as quantities in health records need them to be compared.

A unit becomes a factor and powers of base dimensions; two units with the same powers can be
compared. Units that are not proportional (Cel, [degF]) or unknown are compared by their text.
Source: https://ucum.org/ucum, units and prefixes.
"""

from __future__ import annotations

import re
from decimal import Decimal, localcontext
from functools import lru_cache

_PREFIXES = {
    "Y": 24, "Z": 21, "E": 18, "P": 15, "T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "da": 1,
    "d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18, "z": -21, "y": -24,
}  # fmt: skip
_BASE = ("m", "s", "g", "rad", "K", "C", "cd")

# code: (metric, factor, unit expression)
_DERIVED: dict[str, tuple[bool, str, str]] = {
    "1": (False, "1", ""),
    "10*": (False, "10", ""),
    "10^": (False, "10", ""),
    "%": (False, "0.01", ""),
    "[ppth]": (False, "0.001", ""),
    "[ppm]": (False, "0.000001", ""),
    "mol": (True, "602213670000000000000000", ""),
    "eq": (True, "602213670000000000000000", ""),
    "osm": (True, "602213670000000000000000", ""),
    "[pi]": (False, "3.1415926535897932384626433832795", ""),
    "sr": (True, "1", "rad2"),
    "Hz": (True, "1", "s-1"),
    "N": (True, "1000", "g.m.s-2"),
    "Pa": (True, "1", "N.m-2"),
    "J": (True, "1", "N.m"),
    "W": (True, "1", "J.s-1"),
    "A": (True, "1", "C.s-1"),
    "V": (True, "1", "J.C-1"),
    "F": (True, "1", "C.V-1"),
    "Ohm": (True, "1", "V.A-1"),
    "S": (True, "1", "Ohm-1"),
    "Bq": (True, "1", "s-1"),
    "Gy": (True, "1", "J.kg-1"),
    "Sv": (True, "1", "J.kg-1"),
    "L": (True, "0.001", "m3"),
    "l": (True, "0.001", "m3"),
    "ar": (True, "100", "m2"),
    "min": (False, "60", "s"),
    "h": (False, "3600", "s"),
    "d": (False, "86400", "s"),
    "wk": (False, "604800", "s"),
    "mo": (False, "2629800", "s"),
    "mo_j": (False, "2629800", "s"),
    "a": (False, "31557600", "s"),
    "a_j": (False, "31557600", "s"),
    "t": (True, "1000000", "g"),
    "bar": (True, "100000", "Pa"),
    "atm": (False, "101325", "Pa"),
    "m[Hg]": (True, "133322", "Pa"),
    "m[H2O]": (True, "9806.65", "Pa"),
    "cal": (True, "4.184", "J"),
    "[Cal]": (False, "4184", "J"),
    "kat": (True, "1", "mol.s-1"),
    "U": (True, "0.000001", "mol.min-1"),
    "deg": (False, "0.01745329251994329576923690768488", "rad"),
    "[in_i]": (False, "0.0254", "m"),
    "[ft_i]": (False, "0.3048", "m"),
    "[yd_i]": (False, "0.9144", "m"),
    "[mi_i]": (False, "1609.344", "m"),
    "[lb_av]": (False, "453.59237", "g"),
    "[oz_av]": (False, "28.349523125", "g"),
    "[gr]": (False, "0.06479891", "g"),
    "[foz_us]": (False, "0.0000295735295625", "m3"),
    "eV": (True, "0.000000000000000000160217733", "J"),
    "u": (True, "0.0000000000000000000000016605402", "g"),
}
# Units with a dimension of their own: nothing else compares with them.
_ARBITRARY = frozenset(("[iU]", "[IU]", "[arb'U]", "[CFU]", "[hp_X]", "[pH]", "Cel", "[degF]", "B"))
_FACTOR = re.compile(r"^(?P<unit>.*?)(?P<power>[+-]?\d+)?$", re.DOTALL)
Powers = tuple[tuple[str, int], ...]
LONGEST = 200


def _atom(text: str) -> tuple[Decimal, dict[str, int]] | None:
    if text in _BASE:
        return Decimal(1), {text: 1}
    if text in _DERIVED:
        _, factor, expression = _DERIVED[text]
        inner = _expression(expression) if expression else (Decimal(1), {})
        return (Decimal(factor) * inner[0], inner[1]) if inner else None
    if text in _ARBITRARY:
        return Decimal(1), {text: 1}
    for length in (2, 1):
        prefix, rest = text[:length], text[length:]
        if prefix in _PREFIXES and rest:
            metric = rest in _BASE or (rest in _DERIVED and _DERIVED[rest][0])
            metric = metric or rest in ("[iU]", "[IU]")
            if metric:
                inner = _atom(rest)
                if inner:
                    return inner[0] * Decimal(10) ** _PREFIXES[prefix], inner[1]
    return None


def _component(text: str) -> tuple[Decimal, dict[str, int]] | None:
    if not text:
        return Decimal(1), {}
    if text.isdigit():
        return Decimal(text), {}
    atom = _atom(text)
    if atom is not None:
        return atom
    match = _FACTOR.match(text)
    if match is None or not match["power"]:
        return None
    atom = _atom(match["unit"])
    if atom is None:
        return None
    power = int(match["power"])
    if abs(power) > 99:
        return None
    return atom[0] ** power, {unit: n * power for unit, n in atom[1].items()}


def _expression(text: str) -> tuple[Decimal, dict[str, int]] | None:
    factor, powers = Decimal(1), dict[str, int]()
    sign = 1
    for piece in re.split(r"([./])", text):
        if piece == ".":
            sign = 1
        elif piece == "/":
            sign = -1
        elif piece or sign == -1 or text == "":
            found = _component(piece)
            if found is None:
                return None
            factor = factor * found[0] if sign > 0 else factor / found[0]
            for unit, power in found[1].items():
                powers[unit] = powers.get(unit, 0) + sign * power
            sign = 1
    return factor, {unit: power for unit, power in powers.items() if power}


@lru_cache(maxsize=4096)
def canonical(unit: str) -> tuple[Decimal, Powers] | None:
    """
    A unit as its factor and the powers of its base dimensions; None for an unknown one.

    Annotations in braces count for nothing; parentheses are multiplied out.
    """
    if len(unit) > LONGEST:
        return None
    plain = re.sub(r"\{[^{}]*\}", "", unit)
    with localcontext() as context:
        context.prec = 40
        while "(" in plain:
            match = re.search(r"(?P<before>[./]?)\((?P<inner>[^()]*)\)", plain)
            if match is None:
                return None
            inner = match["inner"]
            if match["before"] == "/":
                inner = re.sub(r"[./]", lambda m: "/" if m.group() == "." else ".", inner)
            plain = plain[: match.start()] + match["before"] + inner + plain[match.end() :]
        found = _expression(plain)
    return None if found is None else (found[0], tuple(sorted(found[1].items())))


def convert(value: Decimal, unit: str, wanted: str) -> Decimal | None:
    """A value in another unit; None when the two cannot be compared."""
    if unit == wanted:
        return value
    one, two = canonical(unit), canonical(wanted)
    if one is None or two is None or one[1] != two[1]:
        return None
    with localcontext() as context:
        context.prec = 34
        return value * one[0] / two[0]


def multiply(one: str, two: str, *, divide: bool = False) -> str:
    """The unit of a product or quotient, written simply."""
    if divide and one == two:
        return "1"
    if two == "1":
        return one
    if one == "1":
        return f"/{two}" if divide else two
    return _joined(f"{one}{'/' if divide else '.'}{two}")


def _joined(text: str) -> str:
    powers: dict[str, int] = {}
    sign = 1
    for piece in re.split(r"([./])", text):
        if piece in "./":
            sign = -1 if piece == "/" else 1
            continue
        match = re.fullmatch(r"(.*?)(-?\d+)?", piece)
        unit, power = (match[1], int(match[2] or 1)) if match else (piece, 1)
        powers[unit] = powers.get(unit, 0) + sign * power
        sign = 1
    above = [u + (str(p) if p != 1 else "") for u, p in powers.items() if p > 0]
    below = [u + (str(-p) if p != -1 else "") for u, p in powers.items() if p < 0]
    if not above and not below:
        return "1"
    return ".".join(above) + "".join("/" + unit for unit in below)
