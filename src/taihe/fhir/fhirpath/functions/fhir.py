"""Functions that FHIR R4 adds (https://hl7.org/fhir/R4/fhirpath.html)."""

from __future__ import annotations

from typing import Any

from taihe.fhir import definitions, model
from taihe.fhir.fhirpath.elements import Element, Item, add_children, atom, is_type
from taihe.fhir.fhirpath.environment import Environment, Terms
from taihe.fhir.fhirpath.errors import ExecutionProblem
from taihe.fhir.fhirpath.functions.arguments import Items, function, text_of


@function("checkModifiers", 0, 99)
def _check_modifiers(env: Environment, source: Items, args: list[Items]) -> Items:
    allowed = {text_of(arg, "checkModifiers()") for arg in args}
    for item in source:
        found: Items = []
        add_children(item, "modifierExtension", found)
        for extension in found:
            if extension.value.get("url") not in allowed:
                raise ExecutionProblem(
                    "An element has a modifier extension that is not among those named.",
                    "Name its address too, if you know what it means.",
                )
    return source


@function("htmlChecks")
def _html_checks(env: Environment, source: Items, args: list[Items]) -> Items:
    from taihe.fhir.narrative import is_safe

    if not source:
        return []
    return [all(is_safe(str(atom(item))) for item in source)]


_BASE = "http://hl7.org/fhir/StructureDefinition/"


@function("conformsTo", 1)
def _conforms_to(env: Environment, source: Items, args: list[Items]) -> Items:
    url = text_of(args[0], "conformsTo()")
    if url is None or len(source) != 1:
        return []
    item = source[0]
    name = url.partition("|")[0].removeprefix(_BASE)
    if name not in definitions.types():
        raise ExecutionProblem(
            "The profile of conformsTo() is not known.",
            "Name a type of R4, such as http://hl7.org/fhir/StructureDefinition/Patient.",
        )
    if not is_type(item, name):
        return [False]
    if model.kind(name) != "resource" or not isinstance(item, Element):
        return [True]
    from taihe.fhir.validate import check

    return [not any(issue.is_error for issue in check(item.value))]


def _codings(item: Item) -> list[tuple[str, str]]:
    """The systems and codes of a Coding or CodeableConcept."""
    value = item.value if isinstance(item, Element) else None
    if not isinstance(value, dict):
        return []
    inner = value.get("coding") if item.type == "CodeableConcept" else [value]
    return [
        (str(c.get("system", "")), c["code"])
        for c in (inner if isinstance(inner, list) else ())
        if isinstance(c, dict) and isinstance(c.get("code"), str)
    ]


def _terms(env: Environment) -> Terms:
    """The terms that were given, else those that ship."""
    if env.terms is not None:
        return env.terms
    from taihe.fhir.search.terms import shipped_terms

    return shipped_terms()


@function("memberOf", 1)
def _member_of(env: Environment, source: Items, args: list[Items]) -> Items:
    url = text_of(args[0], "memberOf()")
    if url is None or len(source) != 1:
        return []
    systems = _terms(env).members(url)
    if systems is None:
        return []
    item = source[0]
    codings = _codings(item)
    if codings:
        return [any(code in systems.get(system, ()) for system, code in codings)]
    value = atom(item)
    if not isinstance(value, str):
        return []
    plain_text = not isinstance(item, Element) or item.type != "code"
    if plain_text and len(systems) > 1:
        raise ExecutionProblem(
            "The value set has codes of several systems, so text alone does not say which.",
            "Ask memberOf() of the Coding.",
        )
    return [any(value in codes for codes in systems.values())]


def _above(env: Environment, upper: Items, lower: Items) -> Items:
    """Whether a coding of one side is the same as one of the other, or above it."""
    if len(upper) != 1 or len(lower) != 1:
        return []
    ones, others = _codings(upper[0]), _codings(lower[0])
    if not ones or not others:
        return []
    if set(ones) & set(others):
        return [True]
    terms = _terms(env)
    known = False
    for system, code in ones:
        for other_system, other in others:
            below = terms.below(system, code) if system == other_system else None
            if below is not None and other in below:
                return [True]
            known = known or below is not None
    if not known:
        raise ExecutionProblem(
            "How these codes stand to each other is not known.",
            "Give their code system in terms.",
        )
    return [False]


@function("subsumes", 1)
def _subsumes(env: Environment, source: Items, args: list[Items]) -> Items:
    return _above(env, source, args[0])


@function("subsumedBy", 1)
def _subsumed_by(env: Environment, source: Items, args: list[Items]) -> Items:
    return _above(env, args[0], source)


@function("elementDefinition")
def _element_definition(env: Environment, source: Items, args: list[Items]) -> Items:
    return [
        Element(_defined(found), "ElementDefinition", "ElementDefinition")
        for item in source
        if isinstance(item, Element) and (found := getattr(item, "field", None)) is not None
    ]


def _defined(field: model.Field) -> dict[str, Any]:
    """What the tables of R4 know of an element, as an ElementDefinition."""
    row = field.element
    most = "*" if row.maximum == 0 else str(row.maximum)
    types = [{"code": name} for name in row.types]
    made = {"id": field.path, "path": field.path, "min": row.minimum, "max": most}
    return {**made, "type": types} if types else made


@function("slice", 2)
def _slice(env: Environment, source: Items, args: list[Items]) -> Items:
    text_of(args[0], "slice()"), text_of(args[1], "slice()")
    return []  # a structure that cannot be resolved gives an empty collection
