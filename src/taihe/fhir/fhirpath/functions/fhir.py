"""Functions that FHIR R4 adds (https://hl7.org/fhir/R4/fhirpath.html)."""

from __future__ import annotations

from taihe.fhir import definitions
from taihe.fhir.fhirpath.elements import Element, add_children, atom, is_type
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.fhirpath.errors import ExecutionProblem
from taihe.fhir.fhirpath.functions.arguments import Items, function, single, text_of


@function("checkModifiers", 0, 99)
def _check_modifiers(env: Environment, source: Items, args: list[Items]) -> Items:
    allowed = {text_of(arg, "checkModifiers()") for arg in args}
    for item in source:
        found: Items = []
        add_children(item, "modifierExtension", found)
        for extension in found:
            if extension.value.get("url") not in allowed:
                raise ExecutionProblem("An element has an unknown modifier extension.", "")
    return source


@function("htmlChecks")
def _html_checks(env: Environment, source: Items, args: list[Items]) -> Items:
    from taihe.fhir.narrative import is_safe

    if not source:
        return []
    return [all(is_safe(str(atom(item))) for item in source)]


@function("conformsTo", 1)
def _conforms_to(env: Environment, source: Items, args: list[Items]) -> Items:
    url = text_of(args[0], "conformsTo()")
    item = single(source, "conformsTo()")
    if url is None or item is None:
        return []
    name = url.removeprefix("http://hl7.org/fhir/StructureDefinition/")
    if name not in definitions.types():
        raise ExecutionProblem("The profile of conformsTo() is not known.", "Load it first.")
    return [is_type(item, name)]


@function("memberOf", 1)
def _member_of(env: Environment, source: Items, args: list[Items]) -> Items:
    url = text_of(args[0], "memberOf()")
    item = single(source, "memberOf()")
    if url is None or item is None:
        return []
    systems = definitions.value_set(url.partition("|")[0])
    if systems is None:
        return []
    codes = frozenset().union(*systems.values())
    value = atom(item)
    if isinstance(value, str):
        return [value in codes]
    if isinstance(item, Element) and isinstance(item.value, dict):
        codings = item.value.get("coding", [item.value] if "code" in item.value else [])
        return [any(c.get("code") in systems.get(c.get("system", ""), ()) for c in codings)]
    return []


@function("subsumes", 1)
def _subsumes(env: Environment, source: Items, args: list[Items]) -> Items:
    raise ExecutionProblem("subsumes() needs a terminology server.", "Leave it out.")
