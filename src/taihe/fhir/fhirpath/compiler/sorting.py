"""
`sort()`: by keys, each ascending or descending (FHIRPath 3.0, sort).

A key may be followed by `asc` or `desc`; the older form `-key` also means descending. An empty
key is lower than all others, and comes first under `-key` too.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cmp_to_key

from taihe.fhir.fhirpath import operators
from taihe.fhir.fhirpath.compiler.dispatch import Items, Run, call
from taihe.fhir.fhirpath.compiler.iteration import Each
from taihe.fhir.fhirpath.elements import Item, atom
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.fhirpath.functions import single
from taihe.fhir.fhirpath.tree import Call, Node, Special, Unary
from taihe.fhir.fhirpath.values import Long


@dataclass(frozen=True, slots=True)
class _Key:
    each: Each
    descending: bool
    empty_last: bool


def _key(argument: Node) -> _Key:
    if isinstance(argument, Unary) and argument.operator in ("asc", "desc", "-"):
        last = argument.operator == "desc"
        return _Key(Each(argument.operand), argument.operator != "asc", last)
    return _Key(Each(argument), False, False)


@call("sort", 0, 99)
def _sort(node: Call, source: Run) -> Run:
    keys = [_key(a) for a in node.arguments] or [_key(Special(node.position, "$this"))]

    def run(env: Environment, focus: Items) -> Items:
        items = source(env, focus)
        columns = [
            [single(found, "A key of sort()") for found in key.each(env, items)] for key in keys
        ]
        places = range(len(items))
        if len(keys) == 1 and _plain(columns[0]):
            values = [atom(item) for item in columns[0]]
            order = sorted(places, key=values.__getitem__, reverse=keys[0].descending)
            return [items[at] for at in order]
        env.work(len(items) * len(items).bit_length())

        def compare(one: int, two: int) -> int:
            for key, column in zip(keys, columns, strict=True):
                result = _ordered(column[one], column[two], key)
                if result:
                    return result
            return 0

        return [items[at] for at in sorted(places, key=cmp_to_key(compare))]

    return run


def _plain(column: list[Item | None]) -> bool:
    """Whether all keys are text, or all numbers: Python sorts them as FHIRPath does."""
    kinds = {type(atom(item)) for item in column}
    return kinds <= {str} or kinds <= {int, Long, Decimal}


def _ordered(one: Item | None, two: Item | None, key: _Key) -> int:
    """The order of two keys; an empty one is the lowest."""
    if one is None or two is None:
        if one is two:
            return 0
        first = one is None
        return (1 if first else -1) if key.empty_last else (-1 if first else 1)
    result = operators.order(one, two) or 0
    return -result if key.descending else result
