"""
The plan of a type's index: its parameters' expressions, resolved against the type model.

Every expression becomes *routes*: steps over JSON from the resource to values of one known
FHIR type. Routes share their beginnings in a tree, so that a path which ten parameters use
is walked once. Only what the published expressions use is planned: paths, `|`, `as`,
`ofType`, `where` with an equality, `hasExtension` or `resolve() is`, `extension`, an index.
What else occurs is left to the FHIRPath engine, as a computed route from the resource.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from taihe.fhir import definitions, model
from taihe.fhir.fhirpath.parser import parse
from taihe.fhir.fhirpath.tree import (
    Binary,
    Call,
    Index,
    Literal,
    Member,
    Node,
    TypeTest,
    Variable,
)
from taihe.fhir.search.parameters import Parameter, parameter_by_number, parameters


@dataclass(frozen=True, slots=True)
class Step:
    """
    One move: `field` to a JSON key, `item` to one element of a list, or a filter.

    Filters are `target` (a Reference's target has this type), `equals` (a child has this
    text), `extension` (to the extensions with this url), `has-extension`.
    """

    action: str
    key: str = ""
    many: bool = False
    text: str = ""
    position: int = 0
    primitive: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """Steps from where an expression begins to values of one FHIR type."""

    steps: tuple[Step, ...]
    place: str
    type: str
    system: str = ""
    from_resource: bool = False
    required: str = ""


@dataclass
class Leaf:
    """What is indexed at a place: the parameter, the FHIR type, the implied code system."""

    parameter: Parameter
    type: str
    system: str
    parts: tuple[tuple[Parameter, tuple[Route, ...]], ...] = ()


@dataclass
class Branch:
    """A place in the tree: what is indexed here, and the steps onwards."""

    leaves: list[Leaf] = field(default_factory=list)
    onwards: dict[Step, Branch] = field(default_factory=dict)


@dataclass
class Plan:
    """The plan of a type: the tree, and parameters whose expression the engine evaluates."""

    type: str
    root: Branch
    computed: list[tuple[Parameter, str]]


class NotPlanned(Exception):
    """The expression uses more than routes can do."""


def implied_system(element: definitions.Element) -> str:
    """The one code system of a required binding, which a code in JSON leaves out."""
    if not element.required:
        return ""
    systems = definitions.value_set(element.required)
    return next(iter(systems)) if systems and len(systems) == 1 else ""


@cache
def only_system(number: int) -> str:
    """The code system that every token of a parameter has by its bindings; "" if there is none."""
    systems = {route.system for route in _token_routes(number)}
    return next(iter(systems)) if len(systems) == 1 else ""


@cache
def only_codes(number: int) -> frozenset[str]:
    """The codes that a token parameter can have by its bindings; empty when nobody can say."""
    found: set[str] = set()
    for route in _token_routes(number):
        systems = definitions.value_set(route.required) if route.required else None
        if route.type == "boolean":
            found |= {"true", "false"}
        elif systems:
            found.update(code for codes in systems.values() for code in codes)
        else:
            return frozenset()
    return frozenset(found)


def _token_routes(number: int) -> list[Route]:
    parameter = parameter_by_number(number)
    if parameter.kind != "token" or parameter.type not in definitions.resource_types():
        return []
    start = Route((), parameter.type, parameter.type)
    try:
        return _Walker(parameter.type, start).routes(parse(parameter.expression))
    except NotPlanned:
        return []


def _same_type(actual: str, wanted: str) -> bool:
    name = wanted.rpartition(".")[2]
    return any(a == name or a == name[0].lower() + name[1:] for a in model.ancestors(actual))


def _field_routes(route: Route, name: str) -> list[Route]:
    return [
        Route(
            (*route.steps, Step("field", f.key, f.many, primitive=f.primitive)),
            f.place,
            f.type,
            implied_system(f.element) if f.type == "code" else "",
            route.from_resource,
            f.element.required if f.type == "code" else "",
        )
        for f in model.named(route.place).get(name, ())
    ]


def _filtered(route: Route, step: Step) -> Route:
    return Route((*route.steps, step), route.place, route.type, route.system, route.from_resource)


class _Walker:
    """Turns a tree into routes, starting from `start` (the resource, or a composite's place)."""

    def __init__(self, resource_type: str, start: Route) -> None:
        self.resource_type = resource_type
        self.start = start

    def routes(self, node: Node) -> list[Route]:
        if isinstance(node, Member):
            return self.member(node)
        if isinstance(node, Binary) and node.operator == "|":
            return self.routes(node.left) + self.routes(node.right)
        if isinstance(node, TypeTest) and node.operator == "as":
            return [r for r in self.routes(node.operand) if _same_type(r.type, node.type)]
        if isinstance(node, Index) and isinstance(node.index, Literal):
            return self.item(node.source, int(node.index.value))
        if isinstance(node, Variable) and node.name == "resource":
            return [Route((), self.resource_type, self.resource_type, from_resource=True)]
        if isinstance(node, Call) and node.source is not None:
            return self.call(node, node.source)
        raise NotPlanned

    def member(self, node: Member) -> list[Route]:
        if node.source is not None:
            return [f for r in self.routes(node.source) for f in _field_routes(r, node.name)]
        if not self.start.steps and model.kind(node.name) == "resource":
            own = node.name in model.ancestors(self.resource_type)
            return [self.start] if own else []
        return _field_routes(self.start, node.name)

    def item(self, source: Node, position: int) -> list[Route]:
        found = []
        for route in self.routes(source):
            last = route.steps[-1]
            if last.action != "field" or not last.many:
                raise NotPlanned
            step = Step("item", last.key, False, "", position, last.primitive)
            found.append(Route((*route.steps[:-1], step), route.place, route.type, route.system))
        return found

    def call(self, node: Call, source: Node) -> list[Route]:
        if node.name in ("as", "ofType") and isinstance(node.arguments[0], Member):
            wanted = node.arguments[0].name
            return [r for r in self.routes(source) if _same_type(r.type, wanted)]
        if node.name == "where":
            step = self.condition(node.arguments[0])
            if step.action == "target":
                return [_filtered(r, step) for r in self.routes(source) if r.type == "Reference"]
            return [_filtered(r, step) for r in self.routes(source)]
        if node.name == "extension" and isinstance(node.arguments[0], Literal):
            url = str(node.arguments[0].value)
            step = Step("extension", text=url)
            return [
                Route((*r.steps, step), "Extension", "Extension")
                for r in self.routes(source)
                if model.kind(r.type) != "primitive"
            ]
        raise NotPlanned

    def condition(self, node: Node) -> Step:
        if isinstance(node, TypeTest) and node.operator == "is":
            inner = node.operand
            if isinstance(inner, Call) and inner.name == "resolve" and inner.source is None:
                return Step("target", text=node.type)
        if isinstance(node, Binary) and node.operator == "=":
            left, right = node.left, node.right
            if (
                isinstance(left, Member)
                and left.source is None
                and isinstance(right, Literal)
                and right.kind == "String"
            ):
                return Step("equals", key=left.name, text=str(right.value))
        if (
            isinstance(node, Call)
            and node.name == "hasExtension"
            and isinstance(node.arguments[0], Literal)
        ):
            return Step("has-extension", text=str(node.arguments[0].value))
        raise NotPlanned


def _grow(root: Branch, route: Route, leaf: Leaf) -> None:
    branch = root
    for step in route.steps:
        branch = branch.onwards.setdefault(step, Branch())
    branch.leaves.append(leaf)


def tree_of(routes: tuple[Route, ...], parameter: Parameter) -> Branch:
    """The routes of one parameter as a tree."""
    root = Branch()
    for route in routes:
        _grow(root, route, Leaf(parameter, route.type, route.system))
    return root


def _composite(
    resource_type: str, parameter: Parameter, route: Route
) -> tuple[tuple[Parameter, tuple[Route, ...]], ...]:
    start = Route((), route.place, route.type)
    parts = []
    for code, expression in parameter.components:
        walker = _Walker(resource_type, start)
        walker.start = Route((), route.place, route.type)
        routes = tuple(walker.routes(parse(expression)))
        parts.append((parameters(resource_type)[code], routes))
    return tuple(parts)


def make_plan(resource_type: str) -> Plan:
    """Resolve every parameter of a type."""
    plan = Plan(resource_type, Branch(), [])
    start = Route((), resource_type, resource_type)
    for parameter in parameters(resource_type).values():
        if not parameter.expression:
            continue
        try:
            routes = _Walker(resource_type, start).routes(parse(parameter.expression))
            for route in dict.fromkeys(routes):
                parts = _composite(resource_type, parameter, route) if parameter.components else ()
                _grow(plan.root, route, Leaf(parameter, route.type, route.system, parts))
        except NotPlanned:
            plan.computed.append((parameter, parameter.expression))
    return plan
