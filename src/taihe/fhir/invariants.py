"""
The invariants of the specification, ready to be checked on JSON.

Those that stand on every element or every Reference, Period and Quantity are written in
Python in `validate`; the others are compiled FHIRPath, skipped early where the elements that
are there already decide them ("a.empty() or …" holds when there is no a).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from taihe.fhir import definitions, fhirpath, model
from taihe.fhir.definitions import Invariant
from taihe.fhir.fhirpath.tree import Binary, Call, Member, Node

# Checked without FHIRPath. dom-6 asks for a narrative as good practice and is left out.
NATIVE = frozenset(
    ("ele-1", "ext-1", "dom-2", "dom-3", "dom-4", "dom-5", "dom-6", "ref-1", "qty-3", "per-1",
     "txt-1", "txt-2")
)  # fmt: skip

# Expressions of R4 that say something else than their sentence, as R4B and R5 correct them.
CORRECTED = {
    "que-7": "operator = 'exists' implies (answer is boolean)",
    "tim-9": "offset.empty() or (when.exists() and when.where($this in ('C'|'CM'|'CD'|'CV')).empty())",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """
    An invariant at a place.

    It holds without evaluation when none of the JSON keys `unless` is there, or any of the
    keys `given` is.
    """

    invariant: Invariant
    compiled: fhirpath.Compiled
    unless: tuple[str, ...]
    given: tuple[str, ...]


def _keys(place: str, name: str) -> tuple[str, ...]:
    fields = model.named(place).get(name, ())
    return tuple(k for f in fields for k in ((f.key, "_" + f.key) if f.primitive else (f.key,)))


def _tested(node: Node, function: str) -> str | None:
    """The name in `name.function()`."""
    if isinstance(node, Call) and node.name == function and not node.arguments:
        source = node.source
        if isinstance(source, Member) and source.source is None:
            return source.name
    return None


def _guards(node: Node, place: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    unless: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    if isinstance(node, Binary) and node.operator in ("or", "implies"):
        sides = (node.left, node.right) if node.operator == "or" else (node.right,)
        for side in sides:
            empty, exists = _tested(side, "empty"), _tested(side, "exists")
            if empty and not unless:
                unless = _keys(place, empty)
            if exists:
                given += tuple(k for k in _keys(place, exists) if k[0] != "_")
        if node.operator == "implies" and (name := _tested(node.left, "exists")):
            unless = _keys(place, name)
        if node.operator == "or" and not unless and isinstance(node.left, Binary):
            unless, more = _guards(node.left, place)
            given += more
    return unless, given


@cache
def rules(path: str, place: str) -> tuple[Rule, ...]:
    """The rules of an element path (or of a type, by its name), for values found at a place."""
    found = []
    for invariant in definitions.invariants(path):
        if invariant.key in NATIVE or not invariant.expression:
            continue
        expression = CORRECTED.get(invariant.key, invariant.expression)
        compiled = fhirpath.compile(expression)
        unless, given = _guards(compiled.tree, place)
        found.append(Rule(invariant, compiled, unless, given))
    return tuple(found)
