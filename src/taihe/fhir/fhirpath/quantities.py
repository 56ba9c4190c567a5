"""
Quantities that are compared, converted and reckoned with.

UCUM units are definite; calendar words are not: a calendar year or month is neither equal nor
unequal to UCUM's `a` or `mo`, though equivalent. Among calendar words a year is 12 months or
365 days and a month is 30 days; weeks and shorter are the same in both.
Source: FHIRPath N1 and 3.0, time-valued quantities, unit conversions, quantity equality.
"""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache

from taihe.fhir.fhirpath.units import (
    decimal_of,
    fraction_of,
    in_base,
    is_special,
    multiply,
    read_unit,
)
from taihe.fhir.fhirpath.values import CALENDAR_OF_UCUM, UCUM_OF_CALENDAR, Quantity

EXACT = Context(prec=400)
_VARYING = {"year": 12, "month": 1}  # in months
_MOST_DIGITS = 150
_DAYS = {"year": 365, "month": 30}
_VARYING_UCUM = frozenset(("a", "a_j", "a_g", "a_t", "mo", "mo_j", "mo_g", "mo_s"))
_SECONDS = {
    "week": Fraction(604800), "day": Fraction(86400), "hour": Fraction(3600),
    "minute": Fraction(60), "second": Fraction(1), "millisecond": Fraction(1, 1000),
}  # fmt: skip
Pair = tuple[Fraction, Fraction]


def ucum_code(quantity: Quantity) -> str:
    """The UCUM code of a quantity's unit, also for a calendar word."""
    return UCUM_OF_CALENDAR[quantity.unit] if quantity.calendar else quantity.unit


def _settled(one: Quantity, two: Quantity) -> tuple[Quantity, Quantity]:
    """Read the years and months of a FHIR Quantity as the other side means them."""
    if one.fhir and two.calendar and one.unit in CALENDAR_OF_UCUM:
        one = Quantity(one.value, CALENDAR_OF_UCUM[one.unit], True)
    if two.fhir and one.calendar and two.unit in CALENDAR_OF_UCUM:
        two = Quantity(two.value, CALENDAR_OF_UCUM[two.unit], True)
    return one, two


def _seconds(quantity: Quantity) -> Fraction | None:
    number = fraction_of(quantity.value)
    if number is None:
        return None
    if quantity.unit in _DAYS:
        return number * _DAYS[quantity.unit] * 86400
    return number * _SECONDS[quantity.unit]


def measured(one: Quantity, two: Quantity, *, loose: bool = False) -> Pair | None:
    """Two quantities in one unit, as fractions; None when they cannot be compared."""
    one, two = _settled(one, two)
    if one.unit == two.unit and one.calendar == two.calendar:
        left, right = fraction_of(one.value), fraction_of(two.value)
    elif one.calendar and two.calendar:
        if one.unit in _VARYING and two.unit in _VARYING:
            left, right = fraction_of(one.value), fraction_of(two.value)
            if left is not None and right is not None:
                left, right = left * _VARYING[one.unit], right * _VARYING[two.unit]
        else:
            left, right = _seconds(one), _seconds(two)
    else:
        if one.calendar != two.calendar and not loose:
            word = one.unit if one.calendar else two.unit
            code = two.unit if one.calendar else one.unit
            if word in _VARYING or code in _VARYING_UCUM:
                return None
        first, second = in_base(one.value, ucum_code(one)), in_base(two.value, ucum_code(two))
        if first is None or second is None or first[1] != second[1]:
            return None
        left, right = first[0], second[0]
    return None if left is None or right is None else (left, right)


@lru_cache(maxsize=1024)
def scale_between(unit: str, other: str) -> Decimal | None:
    """How many of a UCUM unit one of another is, when that is a decimal; else None."""
    one, two = read_unit(unit), read_unit(other)
    if one is None or two is None or one.powers != two.powers or one.offset or two.offset:
        return None
    ratio = two.factor / one.factor
    scale = decimal_of(ratio)
    exact = len(scale.as_tuple().digits) < _MOST_DIGITS and Fraction(scale) == ratio
    return scale if exact else None


def compare(one: Quantity, two: Quantity) -> int | None:
    """-1, 0 or 1; None when the quantities cannot be compared."""
    if one.unit == two.unit and one.calendar == two.calendar:
        return (one.value > two.value) - (one.value < two.value)
    if not one.calendar and not two.calendar:
        scale = scale_between(one.unit, two.unit)
        if scale is not None and len(two.value.as_tuple().digits) < _MOST_DIGITS:
            other = EXACT.multiply(two.value, scale)
            return (one.value > other) - (one.value < other)
    pair = measured(one, two)
    return None if pair is None else (pair[0] > pair[1]) - (pair[0] < pair[1])


def _size(one: Quantity, other: Quantity) -> Fraction:
    """How much one of a quantity's unit is, in what both are measured in."""
    pair = measured(Quantity(Decimal(1), one.unit, one.calendar), other, loose=True)
    return pair[0] if pair is not None else Fraction(1)


def in_coarser(one: Quantity, two: Quantity) -> tuple[Decimal, Decimal] | None:
    """Both values in the less granular of the two units, for equivalence."""
    if one.unit == two.unit and one.calendar == two.calendar:
        return one.value, two.value
    one, two = _settled(one, two)
    pair = measured(one, two, loose=True)
    if pair is None:
        return None
    sizes = [_size(one, two), _size(two, one)]
    size = max(sizes)
    if is_special(one.unit) or is_special(two.unit):
        size = Fraction(1)
    values = [
        quantity.value if sizes[at] == size else decimal_of(pair[at] / size)
        for at, quantity in enumerate((one, two))
    ]
    return values[0], values[1]


def to_unit(quantity: Quantity, unit: str) -> Quantity | None:
    """
    The quantity in another unit, a UCUM code or a calendar word; None when there is no way.

    A quantity without unit takes the unit as it is. Between calendar and definite durations
    the value converts on the side of the source, and then the unit changes its name.
    """
    word = _word(unit)
    if not quantity.calendar and quantity.unit == "1" and (word or read_unit(unit)):
        return Quantity(quantity.value, word or unit, bool(word))
    wanted = Quantity(Decimal(1), word or unit, bool(word))
    if quantity.calendar != wanted.calendar:
        if quantity.calendar:
            wanted_word = CALENDAR_OF_UCUM.get(unit)
            if wanted_word is None:
                return None
            inner = to_unit(quantity, wanted_word)
        else:
            inner = to_unit(quantity, UCUM_OF_CALENDAR[wanted.unit])
        return None if inner is None else Quantity(inner.value, wanted.unit, wanted.calendar)
    if quantity.unit == wanted.unit:
        return Quantity(quantity.value, wanted.unit, wanted.calendar)
    if not wanted.calendar and (is_special(unit) or is_special(quantity.unit)):
        base, made = in_base(quantity.value, quantity.unit), read_unit(unit)
        if base is None or made is None or base[1] != made.powers:
            return None
        return Quantity(decimal_of(base[0] / made.factor - made.offset), unit)
    pair = measured(quantity, wanted)
    return None if pair is None else Quantity(decimal_of(pair[0] / pair[1]), unit=wanted.unit,
                                              calendar=wanted.calendar)  # fmt: skip


def _word(unit: str) -> str | None:
    singular = unit.removesuffix("s") if unit.endswith("s") else unit
    return singular if singular in UCUM_OF_CALENDAR else None


def add(one: Quantity, two: Quantity, sign: int) -> Quantity | None:
    """
    The sum or difference in the unit of the left side; None when the units do not go together.

    A number without unit takes the unit of the other. Years and months are added to the same
    word only, since their lengths differ.
    """
    if one.unit == two.unit and one.calendar == two.calendar:
        converted = two.value
    elif "1" in (one.unit, two.unit) and not one.calendar and one.unit == "1":
        total = EXACT.add(one.value, two.value if sign > 0 else two.value.copy_negate())
        return Quantity(total, two.unit, two.calendar)
    elif two.unit == "1" and not two.calendar:
        converted = two.value
    else:
        varying = (one.calendar and one.unit in _VARYING) or (two.calendar and two.unit in _VARYING)
        if varying or is_special(one.unit) or is_special(two.unit):
            return None
        pair = measured(one, two)
        if pair is None:
            return None
        converted = decimal_of(pair[1] / _size(one, two))
    return Quantity(
        EXACT.add(one.value, converted if sign > 0 else converted.copy_negate()),
        one.unit,
        one.calendar,
    )


def product_unit(one: Quantity, two: Quantity, *, divide: bool) -> tuple[str, bool] | None:
    """The unit of a product or quotient; None for calendar words and units with an offset."""
    if not two.calendar and two.unit == "1":
        return one.unit, one.calendar
    if not one.calendar and one.unit == "1" and not divide:
        return two.unit, two.calendar
    if one.calendar or two.calendar or is_special(one.unit) or is_special(two.unit):
        return None
    return multiply(one.unit, two.unit, divide=divide), False
