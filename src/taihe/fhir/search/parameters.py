"""The search parameters of each type, with the numbers that index rows carry."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from taihe.fhir import definitions, model


@dataclass(frozen=True, slots=True)
class Parameter:
    """
    One (type, code) pair: `number` is append-only and never reused.

    `type` is where it is defined: a resource type, DomainResource or Resource. `components`
    of a composite are (code, expression relative to the composite's own).
    """

    number: int
    type: str
    code: str
    kind: str
    expression: str
    targets: tuple[str, ...]
    components: tuple[tuple[str, str], ...]


@cache
def _by_type() -> dict[str, dict[str, Parameter]]:
    numbers = definitions.parameter_numbers()
    found: dict[str, dict[str, Parameter]] = {}
    for row in definitions.search_parameters():
        for base in row.bases:
            found.setdefault(base, {})[row.code] = Parameter(
                numbers[base, row.code],
                base,
                row.code,
                row.kind,
                row.expression,
                row.targets,
                row.components,
            )
    return found


@cache
def _by_number() -> dict[int, Parameter]:
    return {p.number: p for listed in _by_type().values() for p in listed.values()}


def base_types(type: str) -> tuple[str, ...]:
    """The types whose parameters a resource type has: itself, DomainResource, Resource."""
    return model.ancestors(type)


@cache
def parameters(type: str) -> dict[str, Parameter]:
    """Every search parameter of a resource type by code, those of Resource included."""
    found: dict[str, Parameter] = {}
    for base in reversed(base_types(type)):
        found.update(_by_type().get(base, {}))
    return dict(sorted(found.items()))


def parameter_by_number(number: int) -> Parameter:
    """The parameter of an index row; KeyError for a number that was never given."""
    return _by_number()[number]


HIERARCHIES = ("partof", "part-of", "parent")


@cache
def hierarchy(type: str) -> Parameter | None:
    """The parameter by which resources of a type name what they are part of, if there is one."""
    for code in HIERARCHIES:
        parameter = parameters(type).get(code)
        if parameter is not None and type in parameter.targets and parameter.expression:
            return parameter
    return None
