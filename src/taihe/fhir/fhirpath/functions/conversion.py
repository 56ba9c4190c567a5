"""Conversion between System types (https://hl7.org/fhirpath/#conversion)."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from taihe.fhir.fhirpath.dates import read_temporal
from taihe.fhir.fhirpath.elements import Element, Item, atom
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.fhirpath.functions.arguments import Items, answer, function, single, text_of
from taihe.fhir.fhirpath.operators import in_range
from taihe.fhir.fhirpath.parser import CALENDAR_UNITS
from taihe.fhir.fhirpath.quantities import to_unit
from taihe.fhir.fhirpath.values import Quantity, Temporal, number_text, parse_temporal


def _to_boolean(item: Item) -> bool | None:
    value = atom(item)
    if isinstance(value, bool):
        return value
    if isinstance(value, int | Decimal):
        return True if value == 1 else False if value == 0 else None
    if isinstance(value, str):
        word = value.casefold()
        if word in ("true", "t", "yes", "y", "1", "1.0"):
            return True
        if word in ("false", "f", "no", "n", "0", "0.0"):
            return False
    return None


_WHOLE = re.compile(r"[+-]?[0-9]{1,100}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,1000}(\.[0-9]{1,1000})?")


def _to_whole(item: Item, *, long: bool) -> int | None:
    value = atom(item)
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        value = int(value)
    if not isinstance(value, int):
        return None
    return in_range(int(value), long=long)


def _to_integer(item: Item) -> int | None:
    return _to_whole(item, long=False)


def _to_long(item: Item) -> int | None:
    return _to_whole(item, long=True)


def _to_decimal(item: Item) -> Decimal | None:
    value = atom(item)
    if isinstance(value, bool):
        return Decimal(int(value)).quantize(Decimal("1.0"))
    if isinstance(value, int | Decimal):
        return Decimal(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return Decimal(value)
    return None


def to_text(item: Item) -> str | None:
    """An item as text; None for a structure."""
    value = atom(item)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return number_text(value)
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
    r"(?P<value>[+-]?[0-9]{1,1000}(\.[0-9]{1,1000})?)\s*(?:'(?P<unit>[^']+)'|(?P<word>[a-zA-Z]+))?"
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
        if args:
            return answer(_conversion_by(name, item, text_of(args[0], f"to{name}()"), convert_one))
        return answer(convert_one(item))

    @function(f"convertsTo{name}", 0, most)
    def check(env: Environment, source: Items, args: list[Items]) -> Items:
        return [] if not source else [bool(run(env, source, args))]


def _conversion_by(
    name: str, item: Item, how: str | None, convert_one: Callable[[Item], object]
) -> object:
    """A conversion by a unit, or by a format of dates."""
    if name == "Quantity":
        quantity = convert_one(item)
        if how is None or not isinstance(quantity, Quantity):
            return quantity if how is None else None
        return to_unit(quantity, how)
    value = atom(item)
    if how is None or not isinstance(value, str):
        return convert_one(item)
    return read_temporal(value, how, name)


_conversion("Boolean", _to_boolean)
_conversion("Integer", _to_integer)
_conversion("Long", _to_long)
_conversion("Decimal", _to_decimal)
_conversion("String", to_text)
_conversion("Date", _to_temporal("Date"), 1)
_conversion("DateTime", _to_temporal("DateTime"), 1)
_conversion("Time", _to_temporal("Time"))
_conversion("Quantity", _to_quantity, 1)
