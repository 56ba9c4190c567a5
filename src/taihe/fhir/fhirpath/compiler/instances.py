"""`Type { name: value }`: objects that an expression makes (FHIRPath 3.0, instance selector)."""

from __future__ import annotations

from typing import Any

from taihe.fhir import model
from taihe.fhir.fhirpath.compiler.dispatch import Items, Run, compile_node, node, positioned
from taihe.fhir.fhirpath.elements import CALENDAR_SYSTEM, UCUM, Element, Item, type_name
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.fhirpath.errors import ExecutionProblem, SemanticProblem
from taihe.fhir.fhirpath.functions import single, text_of
from taihe.fhir.fhirpath.suggestions import suggestion
from taihe.fhir.fhirpath.tree import Instance
from taihe.fhir.fhirpath.values import Quantity, Temporal


def _type_of(node: Instance) -> str:
    namespace, _, own = node.type.rpartition(".")
    if namespace not in ("", "FHIR") or not model.kind(own):
        raise SemanticProblem(
            f"There is no FHIR type {node.type}.", "Check its name and case.", node.position
        )
    allowed = model.named(own)
    for name in node.names:
        primitive = model.kind(own) == "primitive" and name == "value"
        if name not in allowed and not primitive:
            raise SemanticProblem(
                f"{own} has no element {name}.",
                suggestion(name, allowed) or "Check its name.",
                node.position,
            )
    return own


def _json(item: Item) -> Any:
    """An item as the JSON of an element."""
    if isinstance(item, Element):
        return item.value
    if isinstance(item, Quantity):
        system = CALENDAR_SYSTEM if item.calendar else UCUM
        return {"value": item.value, "unit": item.unit, "system": system, "code": item.unit}
    return str(item) if isinstance(item, Temporal) else item


def _field(fields: tuple[model.Field, ...], item: Item) -> model.Field:
    """The field of a choice that fits an item: by its own type, else the first that may."""
    if len(fields) == 1:
        return fields[0]
    own = type_name(item)[1]
    for found in fields:
        if found.type == own or found.type.casefold() == own.casefold():
            return found
    raise ExecutionProblem(
        f"A {own} cannot be here.", f"Use one of {', '.join(sorted(f.type for f in fields)[:8])}."
    )


@node(Instance)
def _instance(node: Instance) -> Run:
    own = _type_of(node)
    parts = [
        (name, compile_node(value)) for name, value in zip(node.names, node.values, strict=True)
    ]
    allowed = model.named(own)
    primitive = model.kind(own) == "primitive"

    @positioned(node.position)
    def run(env: Environment, focus: Items) -> Items:
        if env.resource is not None and single(focus, f"{own} {{ }}") is None:
            return []
        made: dict[str, Any] = {"resourceType": own} if model.kind(own) == "resource" else {}
        value: Any = None
        saved = env.variables
        for name, part in parts:
            found = part(env, focus)
            env.variables = saved
            if primitive and name == "value":
                item = single(found, f"{own}.value")
                value = _json(item) if isinstance(item, bool | int) else text_of(found, own)
                continue
            _put(made, allowed[name], name, found, own)
        if primitive:
            return [Element(value, own, own, made or None)]
        return [Element(made, own, own)]

    return run


def _put(
    made: dict[str, Any], fields: tuple[model.Field, ...], name: str, found: Items, own: str
) -> None:
    """Set an element of an object that is made; an empty collection sets nothing."""
    if not found:
        return
    field = _field(fields, found[0])
    if not field.many and len(found) > 1:
        raise ExecutionProblem(
            f"{own}.{name} holds one value, and there are {len(found)}.", "Use first()."
        )
    values = [_json(item) for item in found]
    made[field.key] = values if field.many else values[0]
    beside = [item.extra if isinstance(item, Element) else None for item in found]
    if field.primitive and any(beside):
        made["_" + field.key] = beside if field.many else beside[0]
