"""Equality, order and arithmetic of FHIRPath items. None means unknown: an empty collection."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal, DivisionByZero, InvalidOperation, Overflow, localcontext
from typing import Any

from taihe.fhir.fhirpath.elements import Element, Item, atom, calendar_unit, type_name
from taihe.fhir.fhirpath.errors import ExecutionProblem
from taihe.fhir.fhirpath.parser import CALENDAR_UNITS
from taihe.fhir.fhirpath.units import convert, multiply
from taihe.fhir.fhirpath.values import CALENDAR_OF_UCUM, Quantity, Temporal

_EIGHT = Decimal("1E-8")


def _is_number(value: Item) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _same_unit(one: Quantity, two: Quantity, *, loose: bool) -> Decimal | None:
    """The value of `two` in the unit of `one`; None when they cannot be compared."""
    unit, other = one.unit, two.unit
    if one.calendar != two.calendar and unit != other:
        word = unit if one.calendar else CALENDAR_OF_UCUM.get(unit)
        other_word = other if two.calendar else CALENDAR_OF_UCUM.get(other)
        exact = {"week", "day", "hour", "minute", "second", "millisecond"}
        if word is None or other_word is None:
            return None
        if not loose and not {word, other_word} <= exact:
            return None
    return convert(two.value, _ucum(two), _ucum(one))


def _ucum(quantity: Quantity) -> str:
    if not quantity.calendar:
        return quantity.unit
    return {word: code for code, word in CALENDAR_OF_UCUM.items()}[quantity.unit]


def equal_items(one: Item, two: Item) -> bool | None:
    """Whether two items are equal; None when a date is not precise enough to say."""
    a, b = atom(one), atom(two)
    if isinstance(a, Element) or isinstance(b, Element):
        if not (isinstance(a, Element) and isinstance(b, Element)):
            return False
        return _same_json(a.value, b.value) and _same_json(a.extra, b.extra)
    if isinstance(a, bool) or isinstance(b, bool):
        return isinstance(a, bool) and isinstance(b, bool) and bool(a == b)
    if isinstance(a, Temporal) or isinstance(b, Temporal):
        pair = _temporal_pair(a, b)
        return False if pair is None else pair[0].equals(pair[1])
    if isinstance(a, Quantity) or isinstance(b, Quantity):
        quantities = _quantity_pair(a, b)
        if quantities is None:
            return False
        converted = _same_unit(*quantities, loose=False)
        return None if converted is None else converted == quantities[0].value
    if _is_number(a) != _is_number(b):
        return False
    return bool(a == b)


def _temporal_pair(a: Item, b: Item) -> tuple[Temporal, Temporal] | None:
    """Two dates or times; text beside a date is read as one where it is one."""
    if isinstance(a, Temporal) and isinstance(b, Temporal):
        return a, b
    return None


def _quantity_pair(a: Item, b: Item) -> tuple[Quantity, Quantity] | None:
    def one(value: Item) -> Quantity | None:
        if isinstance(value, Quantity):
            return value
        return Quantity(Decimal(value)) if _is_number(value) else None

    first, second = one(a), one(b)
    return None if first is None or second is None else (first, second)


def _same_json(one: Any, two: Any) -> bool:
    return bool(one == two)


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
    quantities = _quantity_pair(a, b)
    if quantities is not None:
        converted = _same_unit(*quantities, loose=True)
        return converted is not None and _loose_numbers(quantities[0].value, converted)
    return False


def _loose_numbers(a: Decimal, b: Decimal) -> bool:
    exponents = [e for n in (a, b) if isinstance(e := n.as_tuple().exponent, int)]
    places = Decimal(1).scaleb(max(exponents)) if exponents else Decimal(1)
    try:
        return a.quantize(places) == b.quantize(places)
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
    return value


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


def compare(one: Item, two: Item, operator: str) -> bool | None:
    """`<`, `<=`, `>`, `>=` of two items; None when unknown; raises for what has no order."""
    a, b = atom(one), atom(two)
    result: int | None
    if isinstance(a, Temporal) and isinstance(b, Temporal):
        result = a.compare(b)
    elif isinstance(a, str) and isinstance(b, str) or _is_number(a) and _is_number(b):
        result = (a > b) - (a < b)
    else:
        quantities = _quantity_pair(a, b)
        if quantities is None:
            raise ExecutionProblem(
                f"A {type_name(one)[1]} and a {type_name(two)[1]} have no order.",
                "Compare values of one type.",
            )
        converted = _same_unit(*quantities, loose=False)
        if converted is None:
            return None
        value = quantities[0].value
        result = (value > converted) - (value < converted)
    if result is None:
        return None
    return {"<": result < 0, "<=": result <= 0, ">": result > 0, ">=": result >= 0}[operator]


def member_of(item: Item, items: list[Item]) -> bool:
    """Whether an equal item is in a collection."""
    return any(equal_items(item, other) for other in items)


def distinct(items: list[Item]) -> list[Item]:
    """The items without repetition, in order."""
    if len(items) < 2:
        return items
    out: list[Item] = []
    seen: set[object] = set()
    rest: list[Item] = []
    for item in items:
        value = atom(item)
        if isinstance(value, str | bool):
            key = (type(value), value)
            if key not in seen:
                seen.add(key)
                out.append(item)
        elif not any(equal_items(item, other) for other in rest):
            rest.append(item)
            out.append(item)
    return out


def _number(value: int | Decimal) -> Decimal:
    return Decimal(value)


def _tidy(value: Decimal) -> Decimal:
    """A result of division in at most eight decimals where it does not end before."""
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -8:
        with localcontext() as context:
            context.prec = 60
            return value.quantize(_EIGHT).normalize() if value != value.to_integral() else value
    return value


def arithmetic(operator: str, one: Item, two: Item) -> Item | None:
    """`+ - * / div mod &` of two items; None when there is no result (division by zero)."""
    a, b = atom(one), atom(two)
    try:
        return _arithmetic(operator, a, b)
    except (DivisionByZero, InvalidOperation):
        return None
    except (Overflow, OverflowError):
        raise ExecutionProblem("The result is too large.", "") from None


def _refused(operator: str, a: Item, b: Item) -> ExecutionProblem:
    return ExecutionProblem(
        f"{operator} is not defined for {type_name(a)[1]} and {type_name(b)[1]}.",
        "Convert one of them.",
    )


def _arithmetic(operator: str, a: Item, b: Item) -> Item | None:
    if operator == "+" and isinstance(a, str) and isinstance(b, str):
        return a + b
    if isinstance(a, Temporal) and isinstance(b, Quantity) and operator in "+-":
        return _moved(operator, a, b)
    if isinstance(a, Temporal) and isinstance(b, Temporal) and operator == "-":
        raise _refused(operator, a, b)
    if _is_number(a) and _is_number(b):
        return _numbers(operator, a, b)
    quantities = _quantity_pair(a, b)
    if quantities is None:
        raise _refused(operator, a, b)
    return _quantities(operator, *quantities)


def _moved(operator: str, a: Temporal, b: Quantity) -> Item | None:
    unit = calendar_unit(b)
    if unit is None:
        unit = CALENDAR_OF_UCUM.get(b.unit) or CALENDAR_UNITS.get(b.unit)
        if unit is None:
            raise ExecutionProblem(
                f"A quantity in {b.unit} cannot be added to a date.", "Use years, months or days."
            )
    return a.plus(b.value if operator == "+" else -b.value, unit)


def _numbers(operator: str, a: int | Decimal, b: int | Decimal) -> Item | None:
    if operator == "/":
        if b == 0:
            return None
        with localcontext() as context:
            context.prec = 34
            return _tidy(_number(a) / _number(b))
    if operator in ("div", "mod"):
        if b == 0:
            return None
        if operator == "mod":
            return (
                a - b * int(_number(a) / _number(b))
                if isinstance(a, int) and isinstance(b, int)
                else _number(a) % _number(b)
            )
        return int((_number(a) / _number(b)).to_integral_value(ROUND_DOWN))
    if operator == "+":
        result: int | Decimal = a + b
    elif operator == "-":
        result = a - b
    else:
        result = a * b
    if isinstance(result, int) and result.bit_length() > 4096:
        raise OverflowError
    return result


def _quantities(operator: str, a: Quantity, b: Quantity) -> Item | None:
    if operator in ("+", "-"):
        converted = _same_unit(a, b, loose=True)
        if converted is None:
            return None
        value = a.value + converted if operator == "+" else a.value - converted
        return Quantity(value, a.unit, a.calendar)
    if operator == "*":
        return Quantity(a.value * b.value, multiply(_ucum(a), _ucum(b)))
    if operator == "/":
        if b.value == 0:
            return None
        converted = convert(b.value, _ucum(b), _ucum(a))
        if converted is not None:
            return Quantity(_tidy(a.value / converted), "1")
        return Quantity(_tidy(a.value / b.value), multiply(_ucum(a), _ucum(b), divide=True))
    raise _refused(operator, a, b)
