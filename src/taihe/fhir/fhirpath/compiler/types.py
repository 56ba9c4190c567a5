"""Types named in an expression: `is`, `as`, `ofType()`, `type()`."""

from __future__ import annotations

from taihe.fhir import definitions, model
from taihe.fhir.fhirpath.compiler.dispatch import Items, Run, call, positioned
from taihe.fhir.fhirpath.elements import (
    SYSTEM_TYPES,
    TYPE_INFO,
    Element,
    Item,
    is_cast,
    is_type,
    type_name,
)
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.fhirpath.errors import ExecutionProblem, SemanticProblem
from taihe.fhir.fhirpath.functions import single
from taihe.fhir.fhirpath.suggestions import suggestion
from taihe.fhir.fhirpath.tree import Call, Member


def check_type(name: str, position: int) -> str:
    """
    The type a specifier names; refuses one that does not exist.

    A type of one model under the name of the other is a type that nothing has.
    """
    namespace, _, own = name.rpartition(".")
    if namespace not in ("", "FHIR", "System") or not (model.kind(own) or own in SYSTEM_TYPES):
        known_types = [*definitions.types(), *SYSTEM_TYPES]
        hint = suggestion(own, known_types) or "Check its name and case."
        raise ExecutionProblem(f"There is no type {name}.", hint, position)
    return name


def typed(operator: str, source: Run, name: str, position: int) -> Run:
    wanted = check_type(name, position)
    if operator == "ofType":
        return lambda env, focus: [i for i in source(env, focus) if is_cast(i, wanted)]

    @positioned(position)
    def run(env: Environment, focus: Items) -> Items:
        item = single(source(env, focus), operator)
        if item is None:
            return []
        if operator == "is":
            return [is_type(item, wanted)]
        return [item] if is_cast(item, wanted) else []

    return run


def type_argument(node: Call) -> str:
    argument = node.arguments[0]
    if isinstance(argument, Member):
        if argument.source is None:
            return argument.name
        if isinstance(argument.source, Member) and argument.source.source is None:
            return f"{argument.source.name}.{argument.name}"
    raise SemanticProblem(
        f"{node.name}() takes the name of a type.",
        "Write it without quotes, as in ofType(Quantity).",
        node.position,
    )


@call("is", 1, 1)
@call("as", 1, 1)
@call("ofType", 1, 1)
def _of_type(node: Call, source: Run) -> Run:
    return typed(node.name, source, type_argument(node), node.position)


def _type_info(item: Item) -> dict[str, str]:
    """What `type()` says: a ClassInfo or SimpleTypeInfo without the elements (3.0, type)."""
    namespace, name = type_name(item)
    above = model.ancestors(name)[1:2] if namespace == "FHIR" else ()
    base = f"FHIR.{above[0]}" if above else "System.Any"
    return {"namespace": namespace, "name": name, "baseType": base}


@call("type", 0, 0)
def _type(node: Call, source: Run) -> Run:
    def run(env: Environment, focus: Items) -> Items:
        return [Element(_type_info(item), TYPE_INFO, TYPE_INFO) for item in source(env, focus)]

    return run
