"""Values in a resource, each with its type and its FHIRPath location."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from taihe.fhir import model
from taihe.fhir.profiles.definition import listed

_DEEPEST_RESOURCE = 10


@dataclass(slots=True)
class Item:
    """A value in a resource: `extra` is the object beside a primitive; `place` as in `model`."""

    value: Any
    extra: dict[str, Any] | None
    type: str
    place: str
    location: str


@cache
def _fields(place: str, name: str) -> tuple[tuple[str, str, model.Field], ...]:
    """The fields of a child element: JSON key, key beside it when it is primitive, field."""
    fields = model.named(place).get(name)
    if fields is None:
        by_key = model.fields(place).get(name)
        fields = () if by_key is None else (by_key,)
    return tuple((one.key, "_" + one.key if one.primitive else "", one) for one in fields)


def items(item: Item, name: str) -> list[Item]:
    """The values of a child element, by its FHIRPath name or (older snapshots) its JSON key."""
    holder = item.value
    if type(holder) is not dict:
        if item.extra is None:
            return []
        holder = item.extra
    found: list[Item] = []
    for key, extra_key, one in _fields(item.place, name):
        value = holder.get(key)
        beside = holder.get(extra_key) if extra_key else None
        if value is None and beside is None:
            continue
        where = f"{item.location}.{one.name}"
        if not one.many:
            found.append(_item(value, beside, one, where))
            continue
        values = value if isinstance(value, list) else []
        if beside is None:
            found += [
                _item(inner, None, one, f"{where}[{at}]")
                for at, inner in enumerate(values) if inner is not None
            ]  # fmt: skip
            continue
        extras = beside if isinstance(beside, list) else []
        for at in range(max(len(values), len(extras))):
            value = values[at] if at < len(values) else None
            beside = extras[at] if at < len(extras) else None
            if value is not None or beside is not None:
                found.append(_item(value, beside, one, f"{where}[{at}]"))
    return found


def _item(value: Any, beside: Any, found: model.Field, location: str) -> Item:
    kind = found.type
    extra = beside if isinstance(beside, dict) else None
    if found.primitive:
        return Item(value, extra, kind, "Element", location)
    if kind == "Resource" and isinstance(value, dict):
        kind = str(value.get("resourceType"))
        return Item(value, extra, kind, kind, location)
    return Item(value, extra, kind, found.place, location)


def of_resource(resource: dict[str, Any], location: str) -> Item:
    """A resource as an item."""
    kind = str(resource.get("resourceType"))
    return Item(resource, None, kind, kind, location)


def resources(resource: Any, path: str, depth: int = 0) -> Iterator[tuple[dict[str, Any], str]]:
    """A resource, what it contains, and what a bundle or a list of parameters holds."""
    if not isinstance(resource, dict) or depth > _DEEPEST_RESOURCE:
        return
    kind = resource.get("resourceType")
    if not isinstance(kind, str):
        return
    yield resource, path
    for at, inner in enumerate(listed(resource, "contained")):
        yield from resources(inner, f"{path}.contained[{at}]", depth + 1)
    if kind == "Bundle":
        for at, entry in enumerate(listed(resource, "entry")):
            yield from resources(entry.get("resource"), f"{path}.entry[{at}].resource", depth + 1)
            answer = entry.get("response")
            if isinstance(answer, dict) and "outcome" in answer:
                where = f"{path}.entry[{at}].response.outcome"
                yield from resources(answer["outcome"], where, depth + 1)
    if kind == "Parameters":
        for at, one in enumerate(listed(resource, "parameter")):
            yield from _parameters(one, f"{path}.parameter[{at}]", depth + 1)


def _parameters(holder: Any, path: str, depth: int) -> Iterator[tuple[dict[str, Any], str]]:
    if depth > _DEEPEST_RESOURCE:
        return
    yield from resources(holder.get("resource"), f"{path}.resource", depth + 1)
    for at, one in enumerate(listed(holder, "part")):
        yield from _parameters(one, f"{path}.part[{at}]", depth + 1)
