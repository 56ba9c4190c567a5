"""Walking the tree of a search expression over one resource, item by item."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from taihe.fhir import definitions
from taihe.fhir.fhirpath import tree
from taihe.fhir.fhirpath.parser import parse as parse_fhirpath


@cache
def rows_of(type: str) -> dict[str, definitions.SearchParameterRow]:
    """The published parameters of a type by code; its own before those of its base types."""
    found: dict[str, definitions.SearchParameterRow] = {}
    line = [type]
    while row := definitions.types().get(line[-1]):
        line.append(row.base)
    for base in line:
        for published in definitions.search_parameters():
            if base in published.bases:
                found.setdefault(published.code, published)
    return found


class Item(NamedTuple):
    """A value with its FHIR type, its place in the element table, and its implied system."""

    value: Any
    type: str
    place: str
    system: str = ""


def descends(name: str, wanted: str) -> bool:
    """Whether a type is another or is derived from it."""
    while name:
        if name.lower() == wanted.lower():
            return True
        row = definitions.types().get(name)
        name = row.base if row else ""
    return False


def children(item: Item, name: str) -> list[Item]:
    """The values of a child element, choice types included."""
    if not isinstance(item.value, dict):
        return []
    found: list[Item] = []
    for element in definitions.children(item.place).values():
        base = element.name.removesuffix("[x]")
        if base != name:
            continue
        for type in element.types or ("BackboneElement",):
            key = base
            if element.name.endswith("[x]"):
                key = base + type[0].upper() + type[1:]
            value = item.value.get(key)
            if value is None:
                continue
            place = type
            own = f"{item.place}.{element.name}"
            if element.content_reference:
                place = element.content_reference
            elif type in ("BackboneElement", "Element") and definitions.children(own):
                place = own
            system = ""
            if type == "code" and element.required:
                systems = definitions.value_set(element.required)
                system = next(iter(systems)) if systems and len(systems) == 1 else ""
            for one in value if isinstance(value, list) else [value]:
                if one is not None:
                    found.append(Item(one, type, place, system))
    return found


class Walk:
    """Evaluates the expressions of search parameters over one resource."""

    def __init__(self, resource: dict[str, Any]) -> None:
        kind = resource["resourceType"]
        self.resource = Item(resource, kind, kind)

    def items(self, expression: str, start: Item | None = None) -> list[Item]:
        """What an expression gives, from the resource or from a composite's place."""
        found = self(parse_fhirpath(expression), [start or self.resource])
        return [i if isinstance(i, Item) else Item(i, "boolean", "boolean") for i in found]

    def __call__(self, node: tree.Node, focus: list[Any]) -> list[Any]:
        if isinstance(node, tree.Member):
            if node.source is None:
                if len(focus) == 1 and focus[0] is self.resource and node.name[0].isupper():
                    return focus if descends(focus[0].type, node.name) else []
                return [c for item in focus for c in children(item, node.name)]
            return [c for item in self(node.source, focus) for c in children(item, node.name)]
        if isinstance(node, tree.Binary):
            return self._binary(node, focus)
        if isinstance(node, tree.TypeTest):
            items = self(node.operand, focus)
            if node.operator == "as":
                return [i for i in items if descends(i.type, node.type)]
            return [any(i.type == node.type for i in items)]
        if isinstance(node, tree.Index) and isinstance(node.index, tree.Literal):
            return self(node.source, focus)[int(node.index.value) :][:1]
        if isinstance(node, tree.Variable):
            return [self.resource]
        if isinstance(node, tree.Literal):
            return [node.value]
        assert isinstance(node, tree.Call), node
        return self._call(node, focus)

    def _binary(self, node: tree.Binary, focus: list[Any]) -> list[Any]:
        left, right = self(node.left, focus), self(node.right, focus)
        if node.operator == "|":
            return left + right
        if node.operator == "and":
            return [bool(left and left[0]) and bool(right and right[0])]
        values = [[i.value if isinstance(i, Item) else i for i in side] for side in (left, right)]
        if not values[0] or not values[1]:
            return []
        return [(values[0] == values[1]) == (node.operator == "=")]

    def _call(self, node: tree.Call, focus: list[Any]) -> list[Any]:
        items = focus if node.source is None else self(node.source, focus)
        name = node.name
        if name == "where":
            return [i for i in items if self(node.arguments[0], [i])[:1] == [True]]
        if name in ("as", "ofType"):
            wanted = node.arguments[0]
            assert isinstance(wanted, tree.Member)
            return [i for i in items if descends(i.type, wanted.name)]
        if name == "exists":
            return [bool(items)]
        if name in ("extension", "hasExtension"):
            url = node.arguments[0]
            assert isinstance(url, tree.Literal)
            found = [
                e
                for i in items
                for e in children(i, "extension")
                if e.value.get("url") == url.value
            ]
            return found if name == "extension" else [bool(found)]
        assert name == "resolve", name
        return [Item(None, self._target(i.value), "") for i in items if isinstance(i.value, dict)]

    def _target(self, reference: Mapping[str, Any]) -> str:
        text = reference.get("reference") or ""
        if text.startswith("#"):
            for contained in self.resource.value.get("contained", []):
                if contained["id"] == text[1:]:
                    return str(contained["resourceType"])
            return ""
        return parts_of(text)[0] or str(reference.get("type", ""))


def parts_of(text: str) -> tuple[str, str]:
    """Type and id of a reference's text; another server's keeps its whole address as id."""
    pieces = text.split("/_history/")[0].split("/")
    if len(pieces) >= 2 and pieces[-2] in definitions.resource_types():
        return pieces[-2], pieces[-1] if len(pieces) == 2 else "/".join(pieces)
    return "", text
