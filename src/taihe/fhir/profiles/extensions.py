"""Extensions by their address: their own definition, where they may stand, modifiers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from taihe.fhir import model
from taihe.fhir.native_rules import DEEPEST
from taihe.fhir.profiles.items import Item
from taihe.fhir.profiles.nodes import Profile


@dataclass(frozen=True, slots=True)
class Found:
    """An extension in a resource: its place, what it stands on, and whether it modifies."""

    item: Item
    holders: frozenset[str]
    inside: str
    modifier: bool


def extensions(resource: dict[str, Any], path: str) -> Iterator[Found]:
    """Every extension of a resource, without those of resources inside it."""
    kind = str(resource.get("resourceType"))
    yield from _below(resource, kind, path, frozenset((*model.ancestors(kind),)), kind, "", 0)


def _below(
    value: dict[str, Any],
    place: str,
    path: str,
    names: frozenset[str],
    trail: str,
    inside: str,
    depth: int,
) -> Iterator[Found]:
    if depth > DEEPEST:
        return
    fields = model.fields(place)
    for key, one in value.items():
        beside = key[:1] == "_"
        if not beside and type(one) is not dict and type(one) is not list:
            continue
        field = fields.get(key[1:] if beside else key)
        if field is None or field.type == "Resource":
            continue
        listed = one if isinstance(one, list) else [one]
        for at, inner in enumerate(listed):
            if type(inner) is not dict:
                continue
            where = f"{path}.{field.name}[{at}]" if field.many else f"{path}.{field.name}"
            if field.name in ("extension", "modifierExtension") and field.type == "Extension":
                item = Item(inner, None, "Extension", "Extension", where)
                yield Found(item, names, inside, field.name == "modifierExtension")
                url = str(inner.get("url"))
                below = "Extension", frozenset(("Extension", "Element")), f"{trail}.extension", url
                yield from _below(inner, below[0], where, below[1], below[2], url, depth + 1)
                continue
            longer = f"{trail}.{field.element.name}"
            own = frozenset(
                (
                    longer,
                    longer.removesuffix("[x]"),
                    field.path,
                    field.place,
                    f"{trail}.{field.key}",
                    *model.ancestors(field.type),
                )
            )
            lower = "Element" if beside else field.place
            yield from _below(inner, lower, where, own, longer, "", depth + 1)


def misplaced(found: Found, profile: Profile) -> bool:
    """Whether an extension stands where its definition does not say."""
    if not profile.contexts:
        return False
    for kind, expression in profile.contexts:
        if kind == "fhirpath" or expression == "Element":
            return False
        if kind == "extension" and expression.partition("#")[0] == found.inside:
            return False
        if kind == "element" and (
            expression.partition("#")[2] or expression
        ) in found.holders:  # fmt: skip
            return False
    return True
