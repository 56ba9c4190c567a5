"""Parts of a resource: what `_summary` and `_elements` leave of a match."""

from __future__ import annotations

from functools import cache
from typing import Any

from taihe.fhir import definitions, model
from taihe.fhir.search.query import Query

SUBSETTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
             "code": "SUBSETTED"}  # fmt: skip
_ALWAYS = frozenset(("resourceType", "id", "meta"))


def is_subset(query: Query) -> bool:
    """Whether the query asks for parts of its matches."""
    return bool(query.elements) or query.summary in ("true", "text", "data")


def subset(resource: dict[str, Any], query: Query) -> dict[str, Any]:
    """
    The parts that the query asks for, marked with the tag SUBSETTED.

    Mandatory elements stay, so that the parts are valid; the resource itself is not changed.
    """
    type = resource["resourceType"]
    if query.elements:
        kept = _mandatory(type) | _keys(type, query.elements)
    elif query.summary == "text":
        kept = _mandatory(type) | {"text"}
    elif query.summary == "data":
        kept = frozenset(resource) - {"text"}
    else:
        kept = _mandatory(type) | _in_summary(type)
    kept |= _ALWAYS
    found = {key: value for key, value in resource.items() if key.removeprefix("_") in kept}
    meta = dict(found.get("meta") or {})
    meta["tag"] = [*(t for t in meta.get("tag") or () if t != SUBSETTED), SUBSETTED]
    found["meta"] = meta
    return found


def _keys(type: str, names: tuple[str, ...]) -> frozenset[str]:
    """The JSON keys of elements; a choice has one for each of its types."""
    fields = model.fields(type)
    return frozenset(
        key for key, field in fields.items() if field.element.name.removesuffix("[x]") in names
    )


@cache
def _mandatory(type: str) -> frozenset[str]:
    rows = definitions.children(type).values()
    return _keys(type, tuple(r.name.removesuffix("[x]") for r in rows if r.minimum > 0))


@cache
def _in_summary(type: str) -> frozenset[str]:
    rows = definitions.children(type).values()
    return _keys(type, tuple(r.name.removesuffix("[x]") for r in rows if r.in_summary))
