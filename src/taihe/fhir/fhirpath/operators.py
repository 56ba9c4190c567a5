"""Equality, order and arithmetic of FHIRPath items. None means unknown: an empty collection."""

from __future__ import annotations

from decimal import (
    ROUND_DOWN,
    ROUND_HALF_UP,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)
from typing import Any

from taihe.fhir import model
from taihe.fhir.fhirpath import quantities
from taihe.fhir.fhirpath.elements import Element, Item, atom, in_words
from taihe.fhir.fhirpath.errors import ExecutionProblem
from taihe.fhir.fhirpath.quantities import EXACT
from taihe.fhir.fhirpath.units import in_base, is_special
from taihe.fhir.fhirpath.values import (
    CALENDAR_OF_UCUM,
    UCUM_OF_CALENDAR,
    Long,
    Quantity,
    Temporal,
)

_DIVISION = Context(prec=34, traps=[DivisionByZero, InvalidOperation, Overflow])
_LEAST_PLACES = 8
LONGEST_TEXT = 10_000_000


def _is_number(value: Item) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def equal_items(one: Item, two: Item) -> bool | None:
    """Whether two items are equal; None when a date is not precise enough to say."""
    a, b = atom(one), atom(two)
    if isinstance(a, Element) or isinstance(b, Element):
        if not (isinstance(a, Element) and isinstance(b, Element)):
            return False
        if a.value is b.value and a.extra is b.extra:
            return True
        if a.value != b.value or a.extra != b.extra:
            return False
        return bool(frozen(a.value) == frozen(b.value))  # 1 is not true
    if isinstance(a, bool) or isinstance(b, bool):
        return isinstance(a, bool) and isinstance(b, bool) and bool(a == b)
    if isinstance(a, Temporal) or isinstance(b, Temporal):
        if not (isinstance(a, Temporal) and isinstance(b, Temporal)):
            return False
        return a.equals(b)
    if isinstance(a, Quantity) or isinstance(b, Quantity):
        pair = _quantity_pair(a, b)
        if pair is None:
            return False
        result = quantities.compare(*pair)
        return None if result is None else result == 0
    if _is_number(a) != _is_number(b):
        return False
    return bool(a == b)


def _quantity_pair(a: Item, b: Item) -> tuple[Quantity, Quantity] | None:
    def one(value: Item) -> Quantity | None:
        if isinstance(value, Quantity):
            return value
        return Quantity(Decimal(value)) if _is_number(value) else None

    first, second = one(a), one(b)
    return None if first is None or second is None else (first, second)


def frozen(value: Any) -> Any:
    """JSON as something that can be hashed; true is not 1, and 1.50 is 1.5."""
    if isinstance(value, dict):
        return frozenset((key, frozen(inner)) for key, inner in value.items())
    if isinstance(value, list):
        return tuple(map(frozen, value))
    if isinstance(value, bool):
        return ("boolean", value)
    return Decimal(repr(value)) if isinstance(value, float) else value


def equal(left: list[Item], right: list[Item]) -> bool | None:
    """`=`: same items in the same order; None when either side is empty or it is unknown."""
    if not left or not right:
        return None
    if len(left) != len(right):
        return False
    result: bool | None = True
    for one, two in zip(left, right, strict=True):
        same = equal_items(one, two)
        if same is False:
            return False
        if same is None:
            result = None
    return result


def equivalent_items(one: Item, two: Item) -> bool:
    """`~` of two items: text without case and spacing, numbers to the lesser precision."""
    a, b = atom(one), atom(two)
    if isinstance(a, Element) and isinstance(b, Element):
        return bool(_loose_json(a.value) == _loose_json(b.value))
    if isinstance(a, str) and isinstance(b, str):
        return _loose_text(a) == _loose_text(b)
    if isinstance(a, bool) or isinstance(b, bool):
        return isinstance(a, bool) and isinstance(b, bool) and bool(a == b)
    if _is_number(a) and _is_number(b):
        return _loose_numbers(Decimal(a), Decimal(b))
    if isinstance(a, Temporal) and isinstance(b, Temporal):
        return a.equivalent(b)
    pair = _quantity_pair(a, b)
    if pair is not None:
        values = quantities.in_coarser(*pair)
        return values is not None and _loose_numbers(*values)
    return False


def _places(number: Decimal) -> int:
    """The decimals of a number without zeros at its end."""
    if abs(number.adjusted()) > 1000:
        return 0
    exponent = EXACT.normalize(number).as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0


def _loose_numbers(a: Decimal, b: Decimal) -> bool:
    places = Decimal(1).scaleb(-min(_places(a), _places(b)))
    try:
        return EXACT.compare(
            a.quantize(places, ROUND_HALF_UP, EXACT), b.quantize(places, ROUND_HALF_UP, EXACT)
        ) == 0  # fmt: skip
    except InvalidOperation:
        return a == b


def _loose_text(text: str) -> str:
    return " ".join(text.casefold().split())


def _loose_json(value: Any) -> Any:
    if isinstance(value, str):
        return _loose_text(value)
    if isinstance(value, dict):
        return {key: _loose_json(one) for key, one in value.items() if key != "id"}
    if isinstance(value, list):
        return sorted((_loose_json(one) for one in value), key=repr)
    return frozen(value)


def equivalent(left: list[Item], right: list[Item]) -> bool:
    """`~`: the same items in any order; two empty collections are equivalent."""
    if len(left) != len(right):
        return False
    rest = list(right)
    for one in left:
        for position, two in enumerate(rest):
            if equivalent_items(one, two):
                del rest[position]
                break
        else:
            return False
    return True


def order(one: Item, two: Item) -> int | None:
    """-1, 0 or 1; None when unknown; raises for what has no order."""
    a, b = atom(one), atom(two)
    if isinstance(a, Temporal) and isinstance(b, Temporal):
        if (a.kind == "Time") != (b.kind == "Time"):
            raise _no_order(one, two)
        return a.compare(b)
    if isinstance(a, str) and isinstance(b, str) or _is_number(a) and _is_number(b):
        return int(a > b) - int(a < b)
    pair = _quantity_pair(a, b)
    if pair is None:
        raise _no_order(one, two)
    return quantities.compare(*pair)


def _no_order(one: Item, two: Item) -> ExecutionProblem:
    for item in (one, two):
        if _has_comparator(item):
            return ExecutionProblem(
                "A quantity with a comparator has no exact value.",
                "Leave such quantities out: where(comparator.empty()).",
            )
    hint = "Compare values of one type."
    if any(isinstance(atom(i), Temporal) for i in (one, two)):
        hint = "Write a date as @2024-01-31 and a time as @T10:30, or use toDate()."
    return ExecutionProblem(
        f"There is no order between {in_words(one)} and {in_words(two)}.",
        hint,
    )


def _has_comparator(item: Item) -> bool:
    return (
        isinstance(item, Element)
        and isinstance(item.value, dict)
        and "comparator" in item.value
        and model.is_a(item.type, "Quantity")
    )


def compare(one: Item, two: Item, operator: str) -> bool | None:
    """`<`, `<=`, `>`, `>=` of two items; None when unknown; raises for what has no order."""
    result = order(one, two)
    if result is None:
        return None
    if operator == "<":
        return result < 0
    if operator == "<=":
        return result <= 0
    return result > 0 if operator == ">" else result >= 0


def key_of(item: Item) -> Any:
    """
    A value that two items share exactly when they are equal, to look equals up by.

    Values whose equality is unknown (dates of different precision, units that do not go
    together) have different keys, as `distinct()` and membership want it.
    """
    value = atom(item)
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, int | Decimal):
        return (Decimal(value), ())
    if isinstance(value, Temporal):
        zoned = len(value.parts) > 3 and value.kind == "DateTime" and value.zone is not None
        return ("time" if value.kind == "Time" else "date", zoned, value.instant())
    if isinstance(value, Quantity):
        return _quantity_key(value)
    return ("element", frozen(value.value), frozen(value.extra))


def _quantity_key(value: Quantity) -> Any:
    if value.calendar and value.unit in ("year", "month"):
        return ("month", value.value * (12 if value.unit == "year" else 1))
    base = in_base(value.value, quantities.ucum_code(value))
    if base is None:
        return ("quantity", value.value, value.unit)
    if not base[1]:  # a plain number
        return (base[0], ())
    return base


def member_of(item: Item, items: list[Item]) -> bool:
    """Whether an equal item is in a collection."""
    return any(equal_items(item, other) for other in items)


def distinct(items: list[Item]) -> list[Item]:
    """The items without repetition, in order."""
    if len(items) < 2:
        return items
    out: list[Item] = []
    seen: set[Any] = set()
    for item in items:
        key = key_of(item)
        if key not in seen:
            seen.add(key)
            out.append(item)
    return out


def arithmetic(operator: str, one: Item, two: Item) -> Item | None:
    """`+ - * / div mod &` of two items; None when there is no result (division by zero)."""
    a, b = atom(one), atom(two)
    try:
        return _arithmetic(operator, a, b)
    except (DivisionByZero, InvalidOperation, Overflow, OverflowError):
        return None


def _refused(operator: str, a: Item, b: Item) -> ExecutionProblem:
    hint = "Convert one of them."
    if operator == "+" and isinstance(a, str) != isinstance(b, str):
        hint = "Use & to join text, or toString()."
    if isinstance(a, Temporal) and isinstance(b, Temporal):
        hint = "Use difference() or duration()."
    return ExecutionProblem(f"{operator} is not defined for {in_words(a)} and {in_words(b)}.", hint)


def _arithmetic(operator: str, a: Item, b: Item) -> Item | None:
    if operator == "+" and isinstance(a, str) and isinstance(b, str):
        return joined(a, b)
    if isinstance(a, Temporal) and isinstance(b, Quantity) and operator in "+-":
        return _moved(operator, a, b)
    if _is_number(a) and _is_number(b):
        return _numbers(operator, a, b)
    pair = _quantity_pair(a, b)
    if pair is None:
        raise _refused(operator, a, b)
    return _quantities(operator, *pair)


def joined(one: str, two: str) -> str:
    """Two texts as one, as long as it is no longer than ten million characters."""
    if len(one) + len(two) > LONGEST_TEXT:
        raise ExecutionProblem("The text becomes too long.", "Join less text.")
    return one + two


def _moved(operator: str, a: Temporal, b: Quantity) -> Item | None:
    unit: str | None = b.unit
    if not b.calendar:
        unit = CALENDAR_OF_UCUM.get(b.unit)
        if unit in ("year", "month") and not b.fhir:
            raise ExecutionProblem(
                f"'{b.unit}' is a fixed length of time and cannot be added to a date.",
                f"Write {unit}s.",
            )
        if unit is None and b.unit.removesuffix("s") in UCUM_OF_CALENDAR:
            unit = b.unit.removesuffix("s")
        if unit is None:
            raise ExecutionProblem(
                f"A quantity in {b.unit} cannot be added to a date.", "Use years, months or days."
            )
    assert unit is not None
    return a.plus(b.value if operator == "+" else b.value.copy_negate(), unit)


def in_range(value: int, *, long: bool) -> int | None:
    """A whole number of 32 bits, or of 64 as a Long; None when it does not fit."""
    if long:
        return Long(value) if -(2**63) <= value < 2**63 else None
    return value if -(2**31) <= value < 2**31 else None


def _numbers(operator: str, a: int | Decimal, b: int | Decimal) -> Item | None:
    if operator == "/":
        return divided(Decimal(a), Decimal(b))
    whole = isinstance(a, int) and isinstance(b, int)
    if operator in ("div", "mod"):
        if b == 0:
            return None
        if isinstance(a, int) and isinstance(b, int):
            result: int | Decimal = abs(a) // abs(b)
            if (a < 0) != (b < 0):
                result = -result
            if operator == "mod":
                result = a - b * int(result)
        elif operator == "mod":
            result = EXACT.remainder(Decimal(a), Decimal(b))
        else:
            quotient = EXACT.divide_int(Decimal(a), Decimal(b))
            return int(quotient.to_integral_value(ROUND_DOWN))
    elif whole:
        result = a + b if operator == "+" else a - b if operator == "-" else a * b
    elif operator == "+":
        result = EXACT.add(a, b)
    elif operator == "-":
        result = EXACT.subtract(a, b)
    else:
        result = EXACT.multiply(a, b)
    if isinstance(result, int):
        return in_range(result, long=isinstance(a, Long) or isinstance(b, Long))
    return result


_QUANTA = tuple(Decimal(1).scaleb(-places) for places in range(31))


def divided(a: Decimal, b: Decimal) -> Decimal | None:
    """A quotient; one that does not end has eight decimals, or eight digits when small."""
    if not b:
        return None
    result = _DIVISION.divide(a, b)
    if EXACT.multiply(result, b) == a:
        return result
    size = result.adjusted()
    places = _LEAST_PLACES if size >= -1 else _LEAST_PLACES - 1 - size
    if places > 30 or size > 24:
        return result
    return result.quantize(_QUANTA[places], ROUND_HALF_UP, EXACT)


def _quantities(operator: str, a: Quantity, b: Quantity) -> Item | None:
    if operator in ("+", "-"):
        return quantities.add(a, b, 1 if operator == "+" else -1)
    if operator not in ("*", "/"):
        raise _refused(operator, a, b)
    divide = operator == "/"
    if divide and not a.calendar and not b.calendar and not is_special(a.unit):
        pair = quantities.measured(a, b)
        if pair is not None and b.unit != "1":  # the same dimension: a plain ratio
            if pair[1] == 0:
                return None
            ratio = pair[0] / pair[1]
            value = divided(Decimal(ratio.numerator), Decimal(ratio.denominator))
            return None if value is None else Quantity(value, "1")
    made = quantities.product_unit(a, b, divide=divide)
    if made is None:
        return None
    if not divide:
        return Quantity(EXACT.multiply(a.value, b.value), *made)
    value = divided(a.value, b.value)
    return None if value is None else Quantity(value, *made)
