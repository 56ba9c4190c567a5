"""Functions that go down the tree, and to extensions and references."""

from __future__ import annotations

from taihe.fhir.fhirpath.elements import Element, add_children, all_children, atom, deep
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.fhirpath.functions.arguments import Items, function, text_of, truth
from taihe.fhir.fhirpath.values import Quantity


@function("children")
def _children(env: Environment, source: Items, args: list[Items]) -> Items:
    found = [child for item in source for child in all_children(item)]
    env.spend(len(found))
    return found


@function("descendants")
def _descendants(env: Environment, source: Items, args: list[Items]) -> Items:
    found = deep(child for item in source for child in all_children(item))
    env.spend(len(found))
    return found


@function("extension", 1)
def _extension(env: Environment, source: Items, args: list[Items]) -> Items:
    url = text_of(args[0], "extension()")
    found: Items = []
    for item in source:
        add_children(item, "extension", found)
    return [e for e in found if isinstance(e.value, dict) and e.value.get("url") == url]


@function("hasExtension", 1)
def _has_extension(env: Environment, source: Items, args: list[Items]) -> Items:
    return [bool(_extension(env, source, args))]


@function("hasValue")
def _has_value(env: Environment, source: Items, args: list[Items]) -> Items:
    if len(source) != 1:
        return [False]
    return [not isinstance(atom(source[0]), Element | Quantity)]


@function("getValue")
def _get_value(env: Environment, source: Items, args: list[Items]) -> Items:
    if len(source) != 1:
        return []
    value = atom(source[0])
    return [] if isinstance(value, Element | Quantity) else [value]


@function("resolve")
def _resolve(env: Environment, source: Items, args: list[Items]) -> Items:
    found = [env.resolve(item) for item in source]
    return [item for item in found if item is not None]


@function("getResourceKey")
def _resource_key(env: Environment, source: Items, args: list[Items]) -> Items:
    return [
        item.value["id"]
        for item in source
        if isinstance(item, Element) and isinstance(item.value, dict) and item.value.get("id")
    ]


def path_of(item: Element, *, short: bool) -> str | None:
    """The path of an element from the resource it was reached from; None when it was made."""
    steps: list[str] = []
    at: Element | None = item
    while at is not None:
        field = getattr(at, "field", None)
        if field is None:
            if at.parent is not None or not isinstance(at.value, dict):
                return None
            steps.append(at.type)
            break
        index = at.index
        steps.append(field.name if index is None and short else f"{field.name}[{index or 0}]")
        at = at.parent
    return ".".join(reversed(steps)) if at is not None else None


@function("pathname", 0, 1)
def _pathname(env: Environment, source: Items, args: list[Items]) -> Items:
    short = bool(args) and truth(args[0], "pathname()") is True
    found = [path_of(item, short=short) for item in source if isinstance(item, Element)]
    return [path for path in found if path is not None]
