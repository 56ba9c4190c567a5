"""
Everything below a structure, walked by plans made from the type model.

A key that the model does not have, the JSON beside a primitive, a null, a list where there is
one value: all of them are left to the closures.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any

from taihe.fhir import definitions, model
from taihe.fhir.fhirpath.elements import Element, Item
from taihe.fhir.fhirpath.fast.runtime import Slow
from taihe.fhir.fhirpath.fast.shapes import kind_of

_LEAVES = frozenset((str, int, float, bool, Decimal))


Count = Callable[[Any], int]

# What JSON may have at a place by key: `str` for one text, else what counts the elements that a
# value adds to its key.
_COUNTS: dict[str, dict[str, Any]] = {}


def _leaf(value: Any) -> int:
    if type(value) not in _LEAVES:
        raise Slow
    return 0


def _leaves(values: Any) -> int:
    if type(values) is not list:
        raise Slow
    for value in values:
        if type(value) not in _LEAVES:
            raise Slow
    return len(values) - 1


def _texts(values: Any) -> int:
    if type(values) is not list:
        raise Slow
    "".join(values)  # a TypeError is as good as Slow
    return len(values) - 1


def _type_name(value: Any) -> int:
    return -1  # resourceType is no element


def _resources(value: Any) -> int:
    if type(value) is not list:
        return _ROOTS[value["resourceType"]](value)
    total = len(value) - 1
    for inner in value:
        total += _ROOTS[inner["resourceType"]](inner)
    return total


def _structure(counts: dict[str, Any]) -> Count:
    def count(value: Any, counts: dict[str, Any] = counts) -> int:
        total = len(value)
        for key, one in value.items():
            step = counts[key]  # a KeyError is as good as Slow
            if type(one) is not step:
                total += step(one)
        return total

    return count


def _structures(counts: dict[str, Any]) -> Count:
    def count(values: Any, counts: dict[str, Any] = counts) -> int:
        if type(values) is not list:
            raise Slow
        total = len(values) - 1
        for value in values:
            total += len(value)
            for key, one in value.items():
                step = counts[key]
                if type(one) is not step:
                    total += step(one)
        return total

    return count


def _counts(place: str) -> dict[str, Any]:
    found = _COUNTS.get(place)
    if found is not None:
        return found
    counts: dict[str, Any] = {}
    _COUNTS[place] = counts
    if model.kind(place) == "resource":
        counts["resourceType"] = _type_name
    for key, field in model.fields(place).items():
        if field.type == "Resource":
            counts[key] = _resources
        elif not field.primitive:
            make = _structures if field.many else _structure
            counts[key] = make(_counts(field.place))
        else:
            text = kind_of(field.type) in ("text", "date")
            one, many = (str, _texts) if text else (_leaf, _leaves)
            counts[key] = many if field.many else one
    return counts


class _Roots(dict[str, Count]):
    """What counts the elements of a resource, by its type."""

    def __missing__(self, kind: str) -> Count:
        if kind not in definitions.resource_types():
            raise Slow
        self[kind] = counter(kind)
        return self[kind]


_ROOTS = _Roots()


@cache
def counter(place: str) -> Count:
    """A function that counts the elements below a structure at a place."""
    return _structure(_counts(place))


def _one_child(value: Any) -> int:
    if type(value) is not dict:
        raise Slow
    return 0


def _many_children(values: Any) -> int:
    if type(values) is not list:
        raise Slow
    for value in values:
        if type(value) is not dict:
            raise Slow
    return len(values) - 1


@cache
def child_counter(place: str) -> Count:
    """A function that counts the children of a structure at a place."""
    counts: dict[str, Any] = {}
    for key, step in _counts(place).items():
        field = model.fields(place).get(key)
        if field is None or field.primitive or field.type == "Resource":
            counts[key] = step
        else:
            counts[key] = _many_children if field.many else _one_child
    for key, field in model.fields(place).items():
        if field.type == "Resource":
            counts[key] = _many_children if field.many else _one_child
    return _structure(counts)


def resource_kind(value: Any) -> str:
    """The type of a resource inside another."""
    if type(value) is dict:
        kind = value.get("resourceType")
        if kind in definitions.resource_types():
            return str(kind)
    raise Slow


class _Place:
    """An element below: its type and place, whether it is wanted, and the plan below it."""

    __slots__ = ("below", "kinds", "many", "number", "place", "type", "wanted")

    def __init__(self, field: model.Field, wanted: bool, below: dict[str, Any] | None) -> None:
        self.type = field.type
        self.place = field.place
        self.many = field.many
        self.wanted = wanted
        self.below = below
        self.number = 0
        self.kinds = _LEAVES if field.primitive else frozenset((dict,))


class Descent:
    """
    A walk that keeps what is wanted.

    `wanted` decides by type and place. `deep` goes on below what was found; without it only
    children are found. With `raw` JSON itself is kept, beside the number of its kind where
    `number` gives one.
    """

    def __init__(
        self,
        wanted: Callable[[str, str], bool],
        *,
        deep: bool,
        raw: bool = False,
        number: Callable[[str, str], int] | None = None,
    ) -> None:
        self.wanted = wanted
        self.deep = deep
        self.raw = raw
        self.number = number
        self._plans: dict[str, dict[str, Any]] = {}

    def plan(self, place: str) -> dict[str, Any]:
        """What may be at a place by key."""
        found = self._plans.get(place)
        if found is not None:
            return found
        plan: dict[str, Any] = {}
        self._plans[place] = plan
        if model.kind(place) == "resource":
            plan["resourceType"] = None
        for key, field in model.fields(place).items():
            if field.type == "Resource":
                plan[key] = False
                continue
            wanted = self.wanted(field.type, field.place)
            if field.primitive:
                plan[key] = _Place(field, wanted, None) if wanted or field.many else True
            else:
                plan[key] = _Place(field, wanted, self.plan(field.place) if self.deep else None)
            if wanted and self.number is not None:
                plan[key].number = self.number(field.type, field.place)
        return plan

    def walk(
        self, value: dict[str, Any], place: str, out: list[Item], owner: Element | None
    ) -> None:
        """Add the wanted items below a structure, each before what is below it."""
        self._walk(value, self.plan(place), out, owner)

    def _walk(
        self, value: dict[str, Any], plan: dict[str, Any], out: list[Item], owner: Element | None
    ) -> None:
        raw, number = self.raw, self.number
        for key, one in value.items():
            step = plan[key]
            if step is True:
                if type(one) is not str and type(one) not in _LEAVES:
                    raise Slow
            elif step is None:
                continue
            elif step is False:
                for inner in one if type(one) is list else (one,):
                    kind = resource_kind(inner)
                    found = None if self.raw else Element(inner, kind, kind, None, owner)
                    if self.wanted(kind, kind):
                        if self.number is not None:
                            out.append((inner, self.number(kind, kind)))
                        else:
                            out.append(inner if self.raw else found)
                    if self.deep:
                        self._walk(inner, self.plan(kind), out, found)
            else:
                if (type(one) is list) != step.many:
                    raise Slow
                below, kinds, wanted = step.below, step.kinds, step.wanted
                for inner in one if step.many else (one,):
                    if type(inner) not in kinds:
                        raise Slow
                    if wanted:
                        if number is not None:
                            out.append((inner, step.number))
                        elif raw:
                            out.append(inner)
                        else:
                            out.append(Element(inner, step.type, step.place, None, owner))
                    if below is not None:
                        self._walk(inner, below, out, owner)


def descend(
    descent: Descent, value: dict[str, Any], place: str, owner: Element | None
) -> list[Item]:
    """The wanted items below a structure."""
    out: list[Item] = []
    descent.walk(value, place, out, owner)
    return out


def descend_item(descent: Descent, item: Item) -> list[Item]:
    """The wanted items below an item."""
    if not isinstance(item, Element):
        return []
    if item.extra is not None or (item.value is None):
        raise Slow
    out: list[Item] = []
    if type(item.value) is dict:
        owner = item if "resourceType" in item.value else item.parent
        descent.walk(item.value, item.place, out, owner)
    return out


@cache
def places_below(place: str, deep: bool) -> tuple[tuple[str, str], ...]:
    """The types and places of what may be below a place."""
    found: set[tuple[str, str]] = set()
    queue, seen = [place], {place}
    while queue:
        for field in model.fields(queue.pop()).values():
            if field.type == "Resource":
                inner = [(kind, kind) for kind in definitions.resource_types()]
            else:
                inner = [(field.type, field.place)]
            found.update(inner)
            if deep and not field.primitive:
                for _, own in inner:
                    if own not in seen:
                        seen.add(own)
                        queue.append(own)
    return tuple(sorted(found))
