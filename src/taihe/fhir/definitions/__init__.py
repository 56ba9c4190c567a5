"""
The R4 definitions as data: what `tools/build_fhir_definitions.py` trimmed from HL7's package.

Source: HL7 package hl7.fhir.r4.core 4.0.1, CC0-1.0. Every table is read on first use and
kept; importing this module reads nothing.
"""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import orjson


def _read(name: str) -> Any:
    return orjson.loads(gzip.decompress((files(__package__) / name).read_bytes()))


@dataclass(frozen=True, slots=True)
class Element:
    """
    One row of the element table.

    `name` keeps the `[x]` of a choice; `maximum` 0 means unbounded; `targets` is empty when a
    reference may point anywhere; `required` is the value set that its codes must come from;
    `profile` is SimpleQuantity where its Quantity must be one.
    """

    name: str
    minimum: int
    maximum: int
    types: tuple[str, ...]
    targets: tuple[str, ...]
    required: str
    content_reference: str
    in_summary: bool
    is_modifier: bool
    profile: str = ""

    @property
    def is_choice(self) -> bool:
        """Whether the name in JSON carries the type, as `valueQuantity` does."""
        return self.name.endswith("[x]")


@dataclass(frozen=True, slots=True)
class TypeRow:
    """A FHIR type: kind is resource, complex or primitive; base is "" for Element, Resource."""

    name: str
    kind: str
    base: str
    abstract: bool


@dataclass(frozen=True, slots=True)
class Invariant:
    """A rule of the specification that an element must meet, in words and as FHIRPath."""

    key: str
    severity: str
    human: str
    expression: str


@dataclass(frozen=True, slots=True)
class SearchParameterRow:
    """A search parameter as published; components are (code, expression)."""

    code: str
    kind: str
    expression: str
    bases: tuple[str, ...]
    targets: tuple[str, ...]
    components: tuple[tuple[str, str], ...]


@cache
def _elements() -> dict[str, Any]:
    found: dict[str, Any] = _read("elements.json.gz")
    return found


@cache
def types() -> dict[str, TypeRow]:
    """Every type by name: 148 resources, 41 complex, 20 primitive."""
    return {
        name: TypeRow(name, kind, base, bool(abstract))
        for name, (kind, base, abstract) in _elements()["types"].items()
    }


@cache
def resource_types() -> frozenset[str]:
    """The resources that can exist, without the abstract Resource and DomainResource."""
    return frozenset(t.name for t in types().values() if t.kind == "resource" and not t.abstract)


def paths() -> list[str]:
    """Every parent path that has children: types and backbone elements."""
    return list(_elements()["children"])


@cache
def children(path: str) -> dict[str, Element]:
    """
    The child elements of a type or backbone path, by name in the order of the specification.

    A content reference is not followed here.
    """
    return {
        row[0]: Element(
            row[0],
            row[1],
            row[2],
            tuple(row[3]),
            tuple(row[4]),
            row[5],
            row[6],
            bool(row[7] & 1),
            bool(row[7] & 2),
            row[8] if len(row) > 8 else "",
        )
        for row in _elements()["children"].get(path, ())
    }


def patterns() -> dict[str, str]:
    """The regular expression of each primitive type that has one."""
    found: dict[str, str] = _elements()["patterns"]
    return found


@cache
def _invariants() -> tuple[tuple[Invariant, ...], dict[str, list[int]]]:
    table = _read("invariants.json.gz")
    return tuple(Invariant(*row) for row in table["rules"]), table["paths"]


def invariants(path: str | None = None) -> tuple[Invariant, ...]:
    """The invariants of an element path, or all of them."""
    rules, by_path = _invariants()
    if path is None:
        return rules
    return tuple(rules[number] for number in by_path.get(path, ()))


@cache
def _value_sets() -> dict[str, dict[str, list[str]] | None]:
    table: dict[str, dict[str, list[str]] | None] = _read("value_sets.json.gz")
    return table


def value_sets() -> tuple[str, ...]:
    """The value sets of required bindings."""
    return tuple(_value_sets())


@cache
def value_set(url: str) -> dict[str, frozenset[str]] | None:
    """Codes by system of a required value set; None when its codes do not ship."""
    found = _value_sets().get(url)
    return None if found is None else {system: frozenset(codes) for system, codes in found.items()}


@cache
def code_hierarchies() -> dict[str, dict[str, tuple[str, ...]]]:
    """
    By code system the codes with the codes directly above each; empty for a flat system.

    Only the complete systems of R4's package are here.
    """
    table = _read("code_hierarchies.json.gz")
    found: dict[str, dict[str, tuple[str, ...]]] = {url: {} for url in table["flat"]}
    for url, codes in table["nested"].items():
        found[url] = {code: tuple(above) for code, above in codes.items()}
    return found


@cache
def search_parameters() -> tuple[SearchParameterRow, ...]:
    """The published search parameters."""
    return tuple(
        SearchParameterRow(
            code,
            kind,
            expression,
            tuple(bases),
            tuple(targets),
            tuple((name, path) for name, path in components),
        )
        for code, kind, expression, bases, targets, components in _read("search_parameters.json.gz")
    )


@cache
def parameter_numbers() -> dict[tuple[str, str], int]:
    """The number of each (type, code) pair; append-only, since index rows hold it."""
    text = (files(__package__) / "parameter_numbers.csv").read_text(encoding="utf-8")
    return {
        (row["type"], row["code"]): int(row["number"]) for row in csv.DictReader(text.splitlines())
    }


@cache
def compartments() -> dict[str, dict[str, Any]]:
    """Compartments by id: {"type": "Patient", "parameters": {"Observation": ["subject", ...]}}."""
    found: dict[str, dict[str, Any]] = _read("compartments.json.gz")
    return found


@cache
def operations() -> tuple[dict[str, Any], ...]:
    """The operation definitions, without their prose."""
    return tuple(_read("operations.json.gz"))


@cache
def _profiles() -> dict[str, Any]:
    found: dict[str, Any] = _read("profiles.json.gz")
    return found


@cache
def profiles() -> dict[str, dict[str, Any]]:
    """
    R4's own profiles and extensions by address: StructureDefinitions with a differential.

    Their prose is left out.
    """
    same = {"resourceType": "StructureDefinition", "derivation": "constraint"}
    return {row["url"]: {**same, **row} for row in _profiles()["profiles"]}


@cache
def profile_value_set(url: str) -> dict[str, frozenset[str]] | None:
    """Codes by system of a value set that R4's own profiles require; None for another."""
    found = _profiles()["value_sets"].get(url)
    return None if found is None else {system: frozenset(codes) for system, codes in found.items()}
