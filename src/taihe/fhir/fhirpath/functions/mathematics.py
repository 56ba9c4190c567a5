"""Functions of numbers (https://hl7.org/fhirpath/#math)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_UP,
    Context,
    Decimal,
)

from taihe.fhir.fhirpath import operators
from taihe.fhir.fhirpath.elements import atom, in_words, type_name
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.fhirpath.errors import ExecutionProblem
from taihe.fhir.fhirpath.functions.arguments import (
    Items,
    answer,
    function,
    number_of,
    single,
    whole_of,
)
from taihe.fhir.fhirpath.quantities import EXACT
from taihe.fhir.fhirpath.values import Long, Quantity

_REAL = Context(prec=28)
_FINER = Context(prec=50)
_LARGEST = Decimal("1E60")
MOST_PLACES = 100


def _quantity_of(source: Items, name: str) -> Quantity | None:
    item = single(source, f"{name}()")
    value = None if item is None else atom(item)
    return value if isinstance(value, Quantity) else None


def _rounded(name: str, rounding: str) -> None:
    @function(name)
    def run(env: Environment, source: Items, args: list[Items]) -> Items:
        quantity = _quantity_of(source, name)
        if quantity is not None:
            if quantity.value.copy_abs() > _LARGEST:
                return [quantity]
            whole = quantity.value.quantize(Decimal(1), rounding, EXACT)
            return [Quantity(whole, quantity.unit, quantity.calendar)]
        value = number_of(source, f"{name}()")
        if value is None:
            return []
        if isinstance(value, int) or value.copy_abs() > _LARGEST:
            return [value]
        return [int(value.to_integral_value(rounding, EXACT))]


_rounded("ceiling", ROUND_CEILING)
_rounded("floor", ROUND_FLOOR)
_rounded("truncate", ROUND_DOWN)


@function("abs")
def _abs(env: Environment, source: Items, args: list[Items]) -> Items:
    quantity = _quantity_of(source, "abs")
    if quantity is not None:
        return [Quantity(quantity.value.copy_abs(), quantity.unit, quantity.calendar)]
    value = number_of(source, "abs()")
    if isinstance(value, Long):
        return answer(operators.in_range(abs(int(value)), long=True))
    return answer(None if value is None else value.copy_abs() if isinstance(value, Decimal)
                  else abs(value))  # fmt: skip


@function("round", 0, 1)
def _round(env: Environment, source: Items, args: list[Items]) -> Items:
    places = whole_of(args[0], "round()") if args else 0
    if places is not None and not 0 <= places <= MOST_PLACES:
        raise ExecutionProblem(f"round() takes 0 to {MOST_PLACES} places.", "Round to fewer.")
    quantity = _quantity_of(source, "round")
    value = number_of(source, "round()") if quantity is None else quantity.value
    if value is None or places is None:
        return []
    rounded = Decimal(value)
    if rounded.copy_abs() <= _LARGEST:
        rounded = rounded.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, EXACT)
    if quantity is not None:
        return [Quantity(rounded, quantity.unit, quantity.calendar)]
    return [rounded]


def _real(name: str, compute: Callable[[Decimal], Decimal]) -> None:
    @function(name)
    def run(env: Environment, source: Items, args: list[Items]) -> Items:
        value = number_of(source, f"{name}()")
        if value is None:
            return []
        try:
            result = compute(_REAL.plus(Decimal(value)))
            return [result] if result.is_finite() else []
        except (ArithmeticError, ValueError):
            return []


_real("sqrt", _REAL.sqrt)
_real("ln", _REAL.ln)
_real("exp", _REAL.exp)


@function("log", 1)
def _log(env: Environment, source: Items, args: list[Items]) -> Items:
    value, base = number_of(source, "log()"), number_of(args[0], "log()")
    if value is None or base is None:
        return []
    if value <= 0 or base <= 0 or base == 1:
        raise ExecutionProblem(
            "log() takes numbers above 0, and a base that is not 1.", "Ask for them with where()."
        )
    try:
        over = _FINER.ln(_FINER.plus(Decimal(value)))
        return [_REAL.normalize(_FINER.divide(over, _FINER.ln(_FINER.plus(Decimal(base)))))]
    except ArithmeticError:
        return []


@function("power", 1)
def _power(env: Environment, source: Items, args: list[Items]) -> Items:
    base, exponent = number_of(source, "power()"), number_of(args[0], "power()")
    if base is None or exponent is None:
        return []
    whole = isinstance(base, int) and isinstance(exponent, int)
    size = abs(Decimal(base).adjusted()) + 1
    if Decimal(exponent).copy_abs() > 10_000 or abs(int(exponent)) * size > 10_000:
        raise ExecutionProblem("The result of power() is too large.", "Use smaller numbers.")
    try:
        if whole and exponent >= 0:
            result = int(base) ** int(exponent)
            fitting = operators.in_range(result, long=isinstance(base, Long))
            return [_REAL.plus(Decimal(result)) if fitting is None else fitting]
        power = _REAL.power(Decimal(base), Decimal(exponent))
        return [power] if power.is_finite() else []
    except (ArithmeticError, ValueError):
        return []


# Aggregates (FHIRPath 3.0, aggregates)


def _same_type(source: Items, name: str, *, ordered: bool) -> Items:
    """The values of a collection of one type; numbers count as one type."""
    values = [atom(item) for item in source]
    kinds = set()
    for value in values:
        kind = type_name(value)[1]
        if kind in ("Integer", "Long", "Decimal"):
            kind = "number"
        elif kind in ("Date", "DateTime") and ordered:
            kind = "date"
        elif kind != "Quantity" and not (ordered and kind in ("Time", "String")):
            raise ExecutionProblem(
                f"{name} does not take {in_words(value)}.",
                "Take numbers or quantities with ofType().",
            )
        kinds.add(kind)
    if len(kinds) > 1:
        raise ExecutionProblem(f"{name} takes values of one type.", "Choose them with ofType().")
    return values


def _total(values: Items, name: str) -> object:
    total = values[0]
    for value in values[1:]:
        added = operators.arithmetic("+", total, value)
        if added is None:
            raise ExecutionProblem(
                f"{name} takes values that can be added.", "Convert units with toQuantity()."
            )
        total = added
    return total


@function("sum")
def _sum(env: Environment, source: Items, args: list[Items]) -> Items:
    values = _same_type(source, "sum()", ordered=False)
    return [_total(values, "sum()")] if values else []


@function("avg")
def _avg(env: Environment, source: Items, args: list[Items]) -> Items:
    values = _same_type(source, "avg()", ordered=False)
    if not values:
        return []
    values = [Decimal(v) if isinstance(v, int) else v for v in values]
    return answer(operators.arithmetic("/", _total(values, "avg()"), len(values)))


def _extreme(name: str, wanted: int) -> None:
    @function(name)
    def run(env: Environment, source: Items, args: list[Items]) -> Items:
        _same_type(source, f"{name}()", ordered=True)
        best: Items = source[:1]
        for item in source[1:]:
            found = operators.order(item, best[0])
            if found is None:
                raise ExecutionProblem(
                    f"{name}() cannot tell which value comes first.",
                    "Give dates the same precision and quantities units that convert.",
                )
            if found == wanted:
                best = [item]
        return best


_extreme("min", -1)
_extreme("max", 1)
