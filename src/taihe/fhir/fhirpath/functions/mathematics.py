"""Functions of numbers (https://hl7.org/fhirpath/#math)."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_UP,
    Decimal,
    InvalidOperation,
    localcontext,
)

from taihe.fhir.fhirpath.elements import atom
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
from taihe.fhir.fhirpath.values import Quantity


def _rounded(name: str, rounding: str) -> None:
    @function(name)
    def run(env: Environment, source: Items, args: list[Items]) -> Items:
        value = number_of(source, f"{name}()")
        if value is None:
            return []
        if abs(Decimal(value)) > Decimal("1E60"):
            return [value]
        with localcontext() as context:
            context.prec = 80
            return [int(Decimal(value).to_integral_value(rounding))]


_rounded("ceiling", ROUND_CEILING)
_rounded("floor", ROUND_FLOOR)
_rounded("truncate", "ROUND_DOWN")


@function("abs")
def _abs(env: Environment, source: Items, args: list[Items]) -> Items:
    item = single(source, "abs()")
    if item is not None and isinstance(quantity := atom(item), Quantity):
        return [Quantity(abs(quantity.value), quantity.unit, quantity.calendar)]
    value = number_of(source, "abs()")
    return answer(None if value is None else abs(value))


@function("round", 0, 1)
def _round(env: Environment, source: Items, args: list[Items]) -> Items:
    value = number_of(source, "round()")
    places = whole_of(args[0], "round()") if args else 0
    if value is None or places is None:
        return []
    if not 0 <= places <= 40:
        raise ExecutionProblem("round() takes 0 to 40 places.", "")
    try:
        with localcontext() as context:
            context.prec = 80
            rounded = Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    except InvalidOperation:
        return [Decimal(value)]
    return [rounded]


def _real(name: str, compute: Callable[[Decimal], Decimal]) -> None:
    @function(name)
    def run(env: Environment, source: Items, args: list[Items]) -> Items:
        value = number_of(source, f"{name}()")
        if value is None:
            return []
        try:
            return [compute(Decimal(value))]
        except (InvalidOperation, ArithmeticError, ValueError):
            return []


_real("sqrt", Decimal.sqrt)
_real("ln", Decimal.ln)
_real("exp", Decimal.exp)


@function("log", 1)
def _log(env: Environment, source: Items, args: list[Items]) -> Items:
    value, base = number_of(source, "log()"), number_of(args[0], "log()")
    if value is None or base is None or value <= 0 or base <= 0 or base == 1:
        return []
    result = Decimal(value).ln() / Decimal(base).ln()
    return [round(result, 12).normalize()]


@function("power", 1)
def _power(env: Environment, source: Items, args: list[Items]) -> Items:
    base, exponent = number_of(source, "power()"), number_of(args[0], "power()")
    if base is None or exponent is None:
        return []
    if abs(Decimal(exponent)) > 4000 or abs(Decimal(base)) > Decimal("1E100"):
        raise ExecutionProblem("The result of power() is too large.", "")
    try:
        if isinstance(base, int) and isinstance(exponent, int) and exponent >= 0:
            return [base**exponent]
        result = Decimal(base) ** Decimal(exponent)
    except ArithmeticError:
        return []
    return [] if not result.is_finite() or math.isnan(result) else [result]
