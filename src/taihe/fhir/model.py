"""
The type model: what a type or backbone element contains, and which type derives from which.

A *place* is a type name ("Patient", "HumanName", "string") or the path of a backbone element
("Patient.contact"). Content references are followed, so a place has one set of children.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from taihe.fhir import definitions
from taihe.fhir.definitions import Element

_BACKBONES = frozenset(("BackboneElement", "Element"))


@dataclass(frozen=True, slots=True)
class Field:
    """
    One property that JSON may have at a place.

    `key` is the JSON key ("valueQuantity"), `name` the FHIRPath name ("value"), `place` where
    its own children are found, `type` its FHIR type ("BackboneElement" for a backbone),
    `many` whether JSON holds a list.
    """

    key: str
    name: str
    type: str
    place: str
    many: bool
    primitive: bool
    element: Element
    path: str


@cache
def kind(name: str) -> str:
    """`resource`, `complex`, `primitive`, or "" for what is no type."""
    row = definitions.types().get(name)
    return row.kind if row else ""


@cache
def ancestors(name: str) -> tuple[str, ...]:
    """The type itself and what it derives from, nearest first; a backbone is a BackboneElement."""
    line = []
    while name:
        line.append(name)
        row = definitions.types().get(name)
        name = row.base if row else ""
    return tuple(line)


def is_a(name: str, wanted: str) -> bool:
    """Whether a type is the wanted one or derives from it."""
    return wanted in ancestors(name)


@cache
def fields(place: str) -> dict[str, Field]:
    """The fields at a place by JSON key; a choice has one field for each of its types."""
    found: dict[str, Field] = {}
    for element in definitions.children(place).values():
        path = f"{place}.{element.name}"
        if element.content_reference:
            target, many = element.content_reference, element.maximum != 1
            found[element.name] = Field(
                element.name, element.name, "BackboneElement", target, many, False, element, path
            )
            continue
        name = element.name.removesuffix("[x]")
        for type_name in element.types:
            key = name + type_name[0].upper() + type_name[1:] if element.is_choice else name
            backbone = type_name in _BACKBONES and bool(definitions.children(path))
            found[key] = Field(
                key,
                name,
                type_name,
                path if backbone else type_name,
                element.maximum != 1,
                kind(type_name) == "primitive",
                element,
                path,
            )
    return found


@cache
def named(place: str) -> dict[str, tuple[Field, ...]]:
    """The fields at a place by FHIRPath name: several when the element is a choice."""
    found: dict[str, list[Field]] = {}
    for field in fields(place).values():
        found.setdefault(field.name, []).append(field)
    return {name: tuple(group) for name, group in found.items()}
