"""
What JSON may hold at a place, prepared for validation: keys, checks, required elements, rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from taihe.fhir import definitions, invariants, model
from taihe.fhir.invariants import Rule
from taihe.fhir.model import Field
from taihe.fhir.native_rules import NATIVE_RULES, NativeRule
from taihe.fhir.primitives import Check, check_of


@dataclass(slots=True)
class Spec:
    """
    What is allowed under one JSON key: `ok` for primitives, `place` for structures.

    `bound` says that targets, codes or `simple` (a Quantity without comparator) hold for it.
    """

    field: Field
    many: bool
    ok: Check | None
    place: str
    name: str
    choice: str
    codes: frozenset[str] | None
    systems: dict[str, frozenset[str]] | None
    targets: frozenset[str] | None
    resource: bool
    rules: tuple[Rule, ...]
    bound: bool
    simple: bool


@dataclass(slots=True)
class Shape:
    """What is allowed at a place: keys, elements that must be there, invariants."""

    specs: dict[str, Spec]
    required: list[tuple[str, tuple[str, ...]]]
    rules: tuple[Rule, ...]
    native: NativeRule | None
    only_id: bool


def _bound_check(base: Check, codes: frozenset[str]) -> Check:
    def check(value: object) -> bool:
        return type(value) is str and value in codes

    return check


@cache
def shape(place: str) -> Shape:
    """The shape of a place: a type, or the path of a backbone element."""
    specs: dict[str, Spec] = {}
    required: dict[str, list[str]] = {}
    for key, field in model.fields(place).items():
        element = field.element
        systems = definitions.value_set(element.required) if element.required else None
        codes = frozenset().union(*systems.values()) if systems else None
        ok: Check | None = None
        if field.primitive:
            ok = check_of(field.type)
            if codes is not None and field.type == "code":
                ok = _bound_check(ok, codes)
        targets = (
            frozenset(element.targets) if element.targets and field.type == "Reference" else None
        )
        simple = element.profile == "SimpleQuantity" and field.type == "Quantity"
        specs[key] = Spec(
            field,
            field.many,
            ok,
            field.place,
            field.name,
            field.name if element.is_choice and len(element.types) > 1 else "",
            codes,
            systems,
            targets,
            field.type == "Resource",
            () if field.place == field.path else invariants.rules(field.path, field.place),
            targets is not None or systems is not None or simple,
            simple,
        )
        if element.minimum:
            required.setdefault(field.name, []).extend(
                (key, "_" + key) if field.primitive else (key,)
            )
    kind = model.kind(place)
    native = next(
        (NATIVE_RULES[name] for name in model.ancestors(place) if name in NATIVE_RULES), None
    )
    return Shape(
        specs,
        [(name, tuple(keys)) for name, keys in required.items()],
        invariants.rules(place, place),
        native,
        kind != "resource",
    )
