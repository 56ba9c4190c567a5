"""How the items of a choice are looked at, so that types that are alike are written once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from taihe.fhir import model
from taihe.fhir.fhirpath.fast.shapes import kind_of
from taihe.fhir.fhirpath.tree import (
    Binary,
    Call,
    Empty,
    Index,
    Literal,
    Member,
    Node,
    Special,
    Unary,
    Variable,
)


@dataclass(frozen=True)
class Look:
    """
    How the items of a choice are looked at, by their type and place.

    Those without `has` are passed over; those that are `alike` are written once: then only the
    name that `has` asked for, or nothing, may be read from them.
    """

    has: Callable[[str, str], bool] = lambda type, place: True
    alike: Callable[[str, str], Hashable] = lambda type, place: (type, place)

    def groups(self, fields: Iterable[model.Field]) -> list[list[model.Field]]:
        """The fields worth looking at, by what is written for them."""
        found: dict[Hashable, list[model.Field]] = {}
        for field in fields:
            if field.type == "Resource":
                found[field] = [field]
            elif self.has(field.type, field.place):
                found.setdefault((field.many, self.alike(field.type, field.place)), []).append(
                    field
                )
        return list(found.values())


EVERY = Look()
ANY = Look(alike=lambda type, place: None)  # whatever it is, it is only counted or given


@cache
def having(name: str) -> Look:
    """For items that are asked for one element."""

    def alike(type: str, place: str) -> Hashable:
        primitive = model.kind(type) == "primitive"
        fields = model.named("Element" if primitive else place).get(name, ())
        signature = tuple((f.key, f.type, f.place, f.many) for f in fields)
        return primitive, signature

    def has(type: str, place: str) -> bool:
        return name in model.named("Element" if model.kind(type) == "primitive" else place)

    return Look(has, alike)


def reading(expression: Node, onwards: Look) -> Look:
    """For items that an expression asks for elements by name, and that go on to `onwards`."""
    names: set[str] = set()
    if not _reads(expression, names):
        return EVERY
    looks = [having(name) for name in sorted(names)]

    def alike(type: str, place: str) -> Hashable:
        return (
            tuple(look.alike(type, place) for look in looks),
            onwards.has(type, place),
            onwards.alike(type, place),
        )

    return Look(alike=alike)


def _reads(node: Node, names: set[str]) -> bool:
    """Collect the elements of `$this` that are read; False when `$this` itself is looked at."""
    if isinstance(node, Literal | Empty | Variable):
        return True
    if isinstance(node, Special):
        return node.name != "$this"
    if isinstance(node, Member):
        source = node.source
        if source is None or (isinstance(source, Special) and source.name == "$this"):
            names.add(node.name)
            return not model.kind(node.name) and node.name not in ("Resource", "DomainResource")
        return _reads(source, names)
    if isinstance(node, Call):
        if node.source is None or node.name in ("as", "is", "ofType"):
            return False
        return all(_reads(part, names) for part in (node.source, *node.arguments))
    if isinstance(node, Binary):
        return _reads(node.left, names) and _reads(node.right, names)
    if isinstance(node, Unary):
        return _reads(node.operand, names)
    return isinstance(node, Index) and _reads(node.source, names) and _reads(node.index, names)


@cache
def kinds_of(field: model.Field) -> frozenset[type]:
    """The Python types that JSON may have in a field."""
    kind = kind_of(field.type)
    if kind == "number":
        return frozenset((int, float, Decimal))
    return frozenset(({"whole": int, "complex": dict, "boolean": bool}.get(kind, str),))


def identifying(place: str) -> tuple[str, ...]:
    """Elements that tell structures of a place apart: those that must be there, or the first."""
    single = [f for f in model.fields(place).values() if not f.many and kind_of(f.type) == "text"]
    needed = [f.key for f in single if f.element.minimum]
    return tuple(needed or [f.key for f in single if f.key != "id"][:3])
