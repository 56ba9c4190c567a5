"""
Check a tree against the type model before it runs.

Places are followed from the resource type through the expression as far as they are known.
What is unknown (a variable, a contained resource) is not checked further.
"""

from __future__ import annotations

from dataclasses import dataclass

from taihe.fhir import model
from taihe.fhir.fhirpath.elements import SYSTEM_TYPES
from taihe.fhir.fhirpath.errors import SemanticProblem
from taihe.fhir.fhirpath.tree import (
    Binary,
    Call,
    Index,
    Literal,
    Member,
    Node,
    Special,
    TypeTest,
    Unary,
    Variable,
)

Place = tuple[str, str]  # FHIR type, and where its children are described
Places = frozenset[Place] | None  # None: not known

_SAME = frozenset(
    ("where", "first", "last", "tail", "skip", "take", "distinct", "trace", "single", "sort",
     "defineVariable", "exclude", "intersect", "checkModifiers")
)  # fmt: skip
_TEXT = frozenset(
    ("startsWith", "endsWith", "contains", "matches", "matchesFull", "replace", "replaceMatches",
     "substring", "indexOf", "lastIndexOf", "upper", "lower", "trim", "length", "toChars", "split")
)  # fmt: skip
_EACH = frozenset(("where", "select", "exists", "all", "repeat", "repeatAll", "trace", "sort"))


@dataclass(frozen=True)
class _Check:
    root: Places
    strict: bool

    def places(self, node: Node, focus: Places) -> Places:
        if isinstance(node, Member):
            return self.member(node, focus)
        if isinstance(node, Call):
            return self.call(node, focus)
        if isinstance(node, Index):
            self.places(node.index, focus)
            return self.places(node.source, focus)
        if isinstance(node, Binary):
            return self.binary(node, focus)
        if isinstance(node, TypeTest):
            inner = self.places(node.operand, focus)
            return _only(inner, node.type) if node.operator == "as" else None
        if isinstance(node, Unary):
            self.places(node.operand, focus)
            return None
        if isinstance(node, Special):
            return focus if node.name == "$this" else None
        if isinstance(node, Variable) and node.name in ("resource", "context", "rootResource"):
            return self.root
        return None

    def binary(self, node: Binary, focus: Places) -> Places:
        left, right = self.places(node.left, focus), self.places(node.right, focus)
        if node.operator == "|" and left is not None and right is not None:
            return left | right
        return None

    def member(self, node: Member, focus: Places) -> Places:
        if node.source is None:
            if model.kind(node.name) == "resource":
                return self.start(node, focus)
            return self.step(focus, node.name, node.position)
        return self.step(self.places(node.source, focus), node.name, node.position)

    def start(self, node: Member, focus: Places) -> Places:
        if focus is None:
            return None
        own = frozenset(p for p in focus if model.is_a(p[0], node.name))
        if not own and self.strict and focus == self.root:
            raise SemanticProblem(
                f"The resource is no {node.name}.", "Begin with its own type.", node.position
            )
        return own or None

    def step(self, places: Places, name: str, position: int) -> Places:
        if places is None or not places:
            return None
        found: set[Place] = set()
        for _type, place in places:
            if place == "Resource" or (place not in SYSTEM_TYPES and not model.fields(place)):
                return None
            for field in model.named(place).get(name, ()):
                found.add((field.type, field.place))
        if found:
            return frozenset(found)
        for _type, place in places:
            field_of_key = model.fields(place).get(name)
            if field_of_key is not None:
                raise SemanticProblem(
                    f"{name} is the name in JSON; in FHIRPath it is {field_of_key.name}.",
                    f"Write {field_of_key.name}.ofType({field_of_key.type}).",
                    position,
                )
        if self.strict:
            type = next(iter(places))[1]
            raise SemanticProblem(f"{type} has no element {name}.", "Check its name.", position)
        return None

    def call(self, node: Call, focus: Places) -> Places:
        source = focus if node.source is None else self.places(node.source, focus)
        if node.name in ("as", "ofType", "is"):
            argument = node.arguments[0] if node.arguments else None
            named = isinstance(argument, Member) and argument.source is None
            if named and node.name != "is":
                return _only(source, argument.name)  # type: ignore[union-attr]
            return None
        if node.name in _TEXT and source:
            self.text(node, source)
        inner = source if node.name in _EACH else focus
        if node.name == "iif":
            self.criterion(node.arguments[0] if node.arguments else None)
            inner = source
        arguments = [self.places(argument, inner) for argument in node.arguments]
        if node.name == "extension":
            return frozenset((("Extension", "Extension"),))
        if node.name in _SAME:
            return source
        if node.name == "select" and arguments:
            return arguments[0]
        return None

    def text(self, node: Call, source: frozenset[Place]) -> None:
        if all(model.kind(type) in ("complex", "resource") for type, _ in source):
            type = next(iter(source))[0]
            raise SemanticProblem(
                f"{node.name}() takes text, not a {type}.",
                "Name the element that holds the text.",
                node.position,
            )

    def criterion(self, node: Node | None) -> None:
        several = isinstance(node, Binary) and node.operator == "|"
        if several and isinstance(node, Binary) and _only_literals(node):
            raise SemanticProblem(
                "The criterion of iif() is a list.", "Use a boolean.", node.position
            )
        if self.strict and isinstance(node, Literal) and node.kind != "Boolean":
            raise SemanticProblem(
                "The criterion of iif() is no boolean.", "Compare it.", node.position
            )


def _only_literals(node: Node) -> bool:
    if isinstance(node, Binary) and node.operator == "|":
        return _only_literals(node.left) and _only_literals(node.right)
    return isinstance(node, Literal)


def _only(places: Places, name: str) -> Places:
    own = name.rpartition(".")[2]
    if places is None or not model.kind(own):
        return None
    kept = frozenset(p for p in places if model.is_a(p[0], own))
    return kept or frozenset(((own, own),))


def semantic_problem(tree: Node, type: str | None, strict: bool) -> SemanticProblem | None:
    """What is wrong with a tree for a resource type; None when nothing is known to be."""
    root: Places = None
    if type is not None and type != "Resource":
        root = frozenset(((type, type),))
    try:
        _Check(root, strict).places(tree, root)
    except SemanticProblem as problem:
        return problem
    return None
