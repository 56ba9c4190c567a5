"""Conversion between System types (https://hl7.org/fhirpath/#conversion)."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from taihe.fhir.fhirpath.elements import Element, Item, atom
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.fhirpath.functions.arguments import Items, answer, function, single, text_of
from taihe.fhir.fhirpath.parser import CALENDAR_UNITS
from taihe.fhir.fhirpath.units import convert
from taihe.fhir.fhirpath.values import Quantity, Temporal, parse_temporal


def _to_boolean(item: Item) -> bool | None:
    value = atom(item)
    if isinstance(value, bool):
        return value
    if isinstance(value, int | Decimal):
        return {0: False, 1: True}.get(int(value)) if value == int(value) else None
    if isinstance(value, str):
        word = value.casefold()
        if word in ("true", "t", "yes", "y", "1", "1.0"):
            return True
        if word in ("false", "f", "no", "n", "0", "0.0"):
            return False
    return None


def _to_integer(item: Item) -> int | None:
    value = atom(item)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d{1,100}", value):
        return int(value)
    return None


def _to_decimal(item: Item) -> Decimal | int | None:
    value = atom(item)
    if isinstance(value, bool):
        return Decimal(int(value)).quantize(Decimal("1.0"))
    if isinstance(value, int | Decimal):
        return value
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d{1,100}(\.\d{1,100})?", value):
        return Decimal(value)
    return None


def to_text(item: Item) -> str | None:
    """An item as text; None for a structure."""
    value = atom(item)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Element):
        return None
    if isinstance(item, Element) and isinstance(item.value, str):
        return item.value
    return str(value)


def _to_temporal(kind: str) -> Callable[[Item], Temporal | None]:
    def convert_one(item: Item) -> Temporal | None:
        value = atom(item)
        if isinstance(value, Temporal):
            if value.kind == kind:
                return value
            return value.as_kind(kind) if "Time" not in (value.kind, kind) else None
        if isinstance(value, str):
            return parse_temporal(value, kind)
        return None

    return convert_one


_QUANTITY = re.compile(
    r"(?P<value>[+-]?\d{1,60}(\.\d{1,60})?)\s*(?:'(?P<unit>[^']+)'|(?P<word>[a-zA-Z]+))?"
)


def _to_quantity(item: Item) -> Quantity | None:
    value = atom(item)
    if isinstance(value, bool):
        return Quantity(Decimal("1.0") if value else Decimal("0.0"))
    if isinstance(value, int | Decimal):
        return Quantity(Decimal(value))
    if isinstance(value, Quantity):
        return value
    if isinstance(value, str):
        match = _QUANTITY.fullmatch(value)
        if match is None:
            return None
        number = Decimal(match["value"])
        if match["word"]:
            word = CALENDAR_UNITS.get(match["word"])
            return None if word is None else Quantity(number, word, True)
        return Quantity(number, match["unit"] or "1")
    return None


def _conversion(name: str, convert_one: Callable[[Item], object], most: int = 0) -> None:
    @function(f"to{name}", 0, most)
    def run(env: Environment, source: Items, args: list[Items]) -> Items:
        item = single(source, f"to{name}()")
        if item is None:
            return []
        result = convert_one(item)
        if args and isinstance(result, Quantity):
            unit = text_of(args[0], f"to{name}()") or "1"
            value = convert(result.value, result.unit, unit)
            return [] if value is None else [Quantity(value, unit)]
        return answer(result)

    @function(f"convertsTo{name}", 0, most)
    def check(env: Environment, source: Items, args: list[Items]) -> Items:
        return [] if not source else [bool(run(env, source, args))]


_conversion("Boolean", _to_boolean)
_conversion("Integer", _to_integer)
_conversion("Long", _to_integer)
_conversion("Decimal", _to_decimal)
_conversion("String", to_text)
_conversion("Date", _to_temporal("Date"))
_conversion("DateTime", _to_temporal("DateTime"))
_conversion("Time", _to_temporal("Time"))
_conversion("Quantity", _to_quantity, 1)
