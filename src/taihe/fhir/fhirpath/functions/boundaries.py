"""How precise a value is, and the least and greatest it may mean."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, localcontext

from taihe.fhir.fhirpath import quantities
from taihe.fhir.fhirpath.elements import atom
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.fhirpath.functions.arguments import Items, answer, function, single, whole_of
from taihe.fhir.fhirpath.values import Quantity, Temporal


@function("comparable", 1)
def _comparable(env: Environment, source: Items, args: list[Items]) -> Items:
    one, two = single(source, "comparable()"), single(args[0], "comparable()")
    if one is None or two is None:
        return []
    pair = [Quantity(Decimal(v)) if isinstance(v, int | Decimal) and not isinstance(v, bool) else v
            for v in (atom(one), atom(two))]  # fmt: skip
    if not all(isinstance(value, Quantity) for value in pair):
        return []
    return [quantities.compare(*pair) is not None]


@function("precision")
def _precision(env: Environment, source: Items, args: list[Items]) -> Items:
    item = single(source, "precision()")
    value = None if item is None else atom(item)
    if isinstance(value, Temporal):
        return [value.digits()]
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        digits = Decimal(value).as_tuple()
        exponent = digits.exponent
        return [max(-exponent, 0) if isinstance(exponent, int) else 0]
    return []


def _boundary(name: str, high: bool) -> None:
    @function(name, 0, 1)
    def run(env: Environment, source: Items, args: list[Items]) -> Items:
        item = single(source, f"{name}()")
        places = whole_of(args[0], f"{name}()") if args else None
        if item is None or (args and places is None):
            return []
        value = atom(item)
        if isinstance(value, Temporal):
            return answer(value.boundary(places, high))
        if isinstance(value, Quantity):
            edge = _number_boundary(value.value, places, high)
            return [] if edge is None else [Quantity(edge, value.unit, value.calendar)]
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return answer(_number_boundary(Decimal(value), places, high))
        return []


def _number_boundary(value: Decimal, places: int | None, high: bool) -> Decimal | None:
    """The least or greatest number that the written digits may mean, in so many decimals."""
    places = 8 if places is None else places
    if not 0 <= places <= 31:
        return None
    exponent = value.as_tuple().exponent
    digits = -exponent if isinstance(exponent, int) else 0
    if abs(value.adjusted()) > 100 or digits > 100:
        return None
    half = Decimal(5).scaleb(-max(digits, 0) - 1)
    with localcontext() as context:
        context.prec = 80
        edge = value + half if high else value - half
        away = ROUND_HALF_UP if high == (value >= 0) else ROUND_DOWN
        found = edge.quantize(Decimal(1).scaleb(-places), away)
        return found.copy_abs() if found.is_zero() else found


_boundary("lowBoundary", False)
_boundary("highBoundary", True)
