"""
What a written function calls while it runs.

Nothing here refuses data: what is not as the model says raises `Slow`, and the closures answer,
or say what is wrong.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Hashable, Iterable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from taihe.fhir.fhirpath import operators
from taihe.fhir.fhirpath.elements import (
    UCUM,
    Element,
    Item,
    add_children,
    is_cast,
    is_type,
    of_resource,
    plain,
)
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.fhirpath.errors import FhirPathError
from taihe.fhir.fhirpath.functions import FUNCTIONS, to_text, truth
from taihe.fhir.fhirpath.quantities import EXACT
from taihe.fhir.fhirpath.values import Quantity, Temporal, number_text, parse_temporal

Items = list[Item]
Run = Callable[[Environment, Items], Items]
Fast = Callable[[dict[str, Any], datetime | None], list[Any]]
FastItems = Callable[[Environment, Element], list[Item]]
MOST_WORK = 1_000_000
LONGEST_TEXT = 100_000
_FEW = 9
_WIDEST = 20
_QUANTA = tuple(Decimal(1).scaleb(-places) for places in range(9))
_BRIEF = 900
_DIGITS = 10
_HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_NOWHERE = Environment(None, {})


class Slow(Exception):
    """This data is not as the type model says: the closures must answer."""


# What a fast form raises when the closures must answer.
LEFT = (
    Slow, FhirPathError, AttributeError, TypeError, KeyError, IndexError, ValueError,
    ArithmeticError, RecursionError,
)  # fmt: skip


def begin(resource: dict[str, Any], now: datetime | None) -> Environment:
    """The environment of a resource, for what the closures do."""
    root = of_resource(resource)
    return Environment(root, {"context": [root]}, now)


class Clock(Environment):
    """Tells the time, the same however often it is asked."""

    __slots__ = ()

    def __init__(self, now: datetime | None) -> None:
        self.now = now


class Meter(Environment):
    """Counts the work of functions that need nothing else of an environment."""

    __slots__ = ()

    def __init__(self) -> None:
        self._left = self._steps = self._characters = MOST_WORK


def closure(run: Run, env: Environment, item: Item, index: int | None, total: Items) -> Items:
    """Run a closure on one item."""
    saved = env.this, env.index, env.total, env.variables
    env.this, env.index, env.total = [item], index, total
    try:
        return run(env, env.this)
    finally:
        env.this, env.index, env.total, env.variables = saved


def detached(run: Run, env: Environment, items: Items) -> Items:
    """Run a closure that takes its own source from the focus."""
    saved = env.this, env.variables
    try:
        return run(env, items)
    finally:
        env.this, env.variables = saved


# Values


@lru_cache(maxsize=16384)
def temporal(text: str, kind: str) -> Temporal:
    """The date or time of a text."""
    found = parse_temporal(text, kind)
    if found is None:
        raise Slow
    return found


def date_tester(kind: str, literal: Temporal, operator: str) -> Callable[[str], bool | None]:
    """A comparison of the texts of dates with one value; None when it is not known."""

    @lru_cache(maxsize=16384)
    def test(text: str) -> bool | None:
        return _ordered(temporal(text, kind), literal, operator)

    return test


def date_mover(kind: str, amount: Quantity, operator: str) -> Callable[[str], Item]:
    """A sum of the texts of dates and one quantity."""

    @lru_cache(maxsize=16384)
    def move(text: str) -> Item:
        return operators.arithmetic(operator, temporal(text, kind), amount)

    return move


@lru_cache(maxsize=16384)
def dates_test(text: str, kind: str, other: str, its: str, operator: str) -> bool | None:
    """Compare the texts of two dates; None when it is not known."""
    return _ordered(temporal(text, kind), temporal(other, its), operator)


def _ordered(value: Temporal, other: Temporal, operator: str) -> bool | None:
    if operator in ("=", "!="):
        same = operators.equal_items(value, other)
        return None if same is None else same == (operator == "=")
    return operators.compare(value, other, operator)


@lru_cache(maxsize=16384, typed=True)
def _exact(value: int | float) -> Decimal:
    return Decimal(str(value))


def exact(value: Any) -> Decimal:
    """A number of JSON as the decimal that it is written as."""
    kind = type(value)
    if kind is float:
        if not math.isfinite(value):
            raise Slow
        return _exact(value) if value else Decimal(str(value))  # 0.0 and -0.0 are one key
    if kind is int:
        return _exact(value)
    if kind is Decimal and value.is_finite():
        return value  # type: ignore[no-any-return]
    raise Slow


def whole(value: int) -> int:
    """A whole number that was made, unless it leaves the range of an Integer."""
    if -(2**31) <= value < 2**31:
        return value
    raise Slow


def number(value: Any) -> int | float:
    """A number of JSON that Python compares exactly with a short constant."""
    kind = type(value)
    if kind is int or (kind is float and math.isfinite(value)):
        return value  # type: ignore[no-any-return]
    raise Slow


def quantity_test(
    value: dict[str, Any], type: str, literal: Quantity, operator: str
) -> bool | None:
    """Compare a structure with a quantity; of one unit, only the numbers are compared."""
    get = value.get
    if (
        get("code") == literal.unit
        and get("system") == UCUM
        and get("comparator") is None
        and not literal.calendar
    ):
        number = get("value")
        if number is not None:
            order = exact(number).compare(literal.value)
            return _HOLDS[operator](order, 0)
    item = Element(value, type, type)
    if operator in ("=", "!="):
        same = operators.equal_items(item, literal)
        return None if same is None else same == (operator == "=")
    return operators.compare(item, literal, operator)


def held(item: Item) -> bool | None:
    """One item where a boolean is wanted."""
    return truth([item], "")


@lru_cache(maxsize=16384, typed=True)
def _spelled(value: int | float) -> str:
    return number_text(Decimal(str(value)))


def spelled(value: Any) -> str:
    """A number of JSON as text."""
    kind = type(value)
    if kind is int or (kind is float and value and math.isfinite(value)):
        return _spelled(value)
    return number_text(exact(value))


def plus(one: int | Decimal, two: int | Decimal) -> int | Decimal:
    """A sum of numbers; one that leaves the range of Integer is left to the closures."""
    if type(one) is int and type(two) is int:
        return whole(one + two)
    return EXACT.add(one, two)


def minus(one: int | Decimal, two: int | Decimal) -> int | Decimal:
    """A difference of numbers."""
    if type(one) is int and type(two) is int:
        return whole(one - two)
    return EXACT.subtract(one, two)


def times(one: int | Decimal, two: int | Decimal) -> int | Decimal:
    """A product of numbers."""
    if type(one) is int and type(two) is int:
        return whole(one * two)
    return EXACT.multiply(one, two)


def text(item: Item) -> str:
    """One item beside `&`."""
    return to_text(item) or ""


# Items as the closures have them


def children(item: Item, name: str) -> Items:
    """The children of one item that have a name."""
    found: Items = []
    add_children(item, name, found)
    return found


def started(item: Item, name: str) -> Items:
    """The item itself where the name is its type, else its children of this name."""
    if isinstance(item, Element) and is_type(item, f"FHIR.{name}"):
        return [item]
    return children(item, name)


def temporal_text(value: Temporal) -> str:
    """A date or time as text."""
    return str(value)


def put(out: list[Any], item: Item) -> None:
    """Add an item as JSON has it."""
    value = plain(item)
    if value is not None:
        out.append(value)


def kept(item: Item, wanted: str) -> bool:
    """Whether `as` and `ofType` keep an item."""
    return is_cast(item, wanted)


def is_one(item: Item, wanted: str) -> bool:
    """Whether an item is of a type."""
    return is_type(item, wanted)


def opened(item: Item) -> Any:
    """The JSON of an element that is a structure."""
    value = item.value
    if type(value) is not dict:
        raise Slow
    return value


def chosen(
    holder: dict[str, Any],
    table: dict[str, tuple[str, str, frozenset[type]] | None],
    owner: Element | None,
) -> Element | None:
    """The one value of a choice; the table has its types by JSON key."""
    found: Element | None = None
    for key, value in holder.items():
        if key in table and value is not None:
            row = table[key]
            if row is None or found is not None or type(value) not in row[2]:
                raise Slow
            found = Element(value, row[0], row[1], None, owner)
    return found


def chosen_json(holder: dict[str, Any], table: dict[str, frozenset[type] | None]) -> Any:
    """The JSON of the one value of a choice; the table has the forms it may have by key."""
    found = None
    for key in holder:
        if key in table:
            value, kinds = holder[key], table[key]
            if kinds is None or found is not None or type(value) not in kinds:
                raise Slow
            found = value
    return found


def picked(
    holder: dict[str, Any], table: dict[str, tuple[int, frozenset[type]] | None]
) -> tuple[int, Any]:
    """The one value of a choice with its number in the table, or -1."""
    number, found = -1, None
    for key in holder:
        if key in table:
            value, row = holder[key], table[key]
            if row is None or number >= 0 or type(value) not in row[1]:
                raise Slow
            number, found = row[0], value
    return number, found


def several(holder: dict[str, Any], keys: frozenset[str]) -> bool:
    """Whether more than one type of a choice is there."""
    return len(keys.intersection(holder)) > 1


# Collections


def union(items: Items) -> Items:
    """Items of any type without repetition."""
    return operators.distinct(items)


def distinct_json(items: list[Any], keys: tuple[str, ...]) -> list[Any]:
    """Structures without repetition; `keys` are elements that tell most of them apart."""
    if len(items) < _FEW and not any(item in items[:at] for at, item in enumerate(items)):
        return items
    buckets: dict[Hashable, list[Any]] = {}
    return [item for item in items if _is_new(item, keys, buckets)]


def _is_new(item: Any, keys: tuple[str, ...], buckets: dict[Hashable, list[Any]]) -> bool:
    key = tuple(map(item.get, keys))
    bucket = buckets.get(key)
    if bucket is None:
        buckets[key] = [item]
        return True
    whole = operators.frozen(item)
    if any(operators.frozen(other) == whole for other in bucket):
        return False
    bucket.append(item)
    if len(bucket) > 30:
        raise Slow  # the closures know all of them by one key
    return True


def fresh(
    items: list[Any], keys: tuple[str, ...], seen: set[int], buckets: dict[Hashable, list[Any]]
) -> list[Any]:
    """Of one round of repeat(), the structures that no round had."""
    out = []
    for item in items:
        if id(item) not in seen:
            seen.add(id(item))
            key = tuple(map(item.get, keys))
            if key not in buckets:
                buckets[key] = [item]
                out.append(item)
            elif _is_new(item, keys, buckets):
                out.append(item)
    return out


def same_lists(one: list[Any], two: list[Any]) -> bool | None:
    """`=` of two lists of texts, booleans or whole numbers."""
    return one == two if one and two else None


def long(text: str) -> str:
    """A text that was made, unless it becomes too long."""
    if len(text) > LONGEST_TEXT:
        raise Slow
    return text


def brief(text: str) -> str:
    """A text that is matched in no time; a longer one is counted by the closures."""
    if len(text) > _BRIEF:
        raise Slow
    return text


def integer_of(text: str) -> int | None:
    """A text as a whole number."""
    if len(text) < _DIGITS and text.isdigit() and text.isascii():
        return int(text)
    found = FUNCTIONS["toInteger"][2](_NOWHERE, [text], [])
    return found[0] if found else None


def rounded(value: Decimal | int, places: int) -> Decimal:
    """A number in so many decimals."""
    number = Decimal(value)
    if number.adjusted() > _WIDEST:
        raise Slow
    return number.quantize(_QUANTA[places], ROUND_HALF_UP, EXACT)


def some_in(items: Iterable[Any], others: list[Any]) -> list[Any]:
    """The simple values that are in another list."""
    return [item for item in items if item in others]
