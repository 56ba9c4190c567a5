"""
The invariants that stand on so many elements that they are written in Python.

`invariants.NATIVE` has their keys. Each function says what is wrong through `Speaker`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from taihe.fhir.narrative import has_namespace, trouble
from taihe.fhir.search.rows import period_of, split_reference

DEEPEST = 100


class Speaker(Protocol):
    """A run of validation: where to say what was found, and what the resource contains."""

    def contained(self) -> dict[str, str]:
        """The types of what is contained in the resource at the top, by id."""

    def say(
        self, code: str, location: str, problem: str, do: str = "", severity: str = "error"
    ) -> None:
        """Keep an issue."""


NativeRule = Callable[[Speaker, dict[str, Any], str], None]


def _extension(speaker: Speaker, value: dict[str, Any], path: str) -> None:
    has_value = any(key.lstrip("_").startswith("value") for key in value)
    if has_value == ("extension" in value):
        speaker.say(
            "invariant",
            path,
            "An extension has either a value or extensions, not both and not neither.",
            "This is rule ext-1 of FHIR.",
        )


def _reference(speaker: Speaker, value: dict[str, Any], path: str) -> None:
    text = value.get("reference")
    if type(text) is not str or text[:1] != "#" or len(text) == 1:
        return
    if text[1:] not in speaker.contained():
        speaker.say(
            "invariant",
            f"{path}.reference",
            "The reference points to a contained resource that is not there.",
            "Add it to contained. This is rule ref-1 of FHIR.",
        )


def _quantity(speaker: Speaker, value: dict[str, Any], path: str) -> None:
    if "code" in value and "system" not in value:
        speaker.say(
            "invariant",
            path,
            "A unit has a code but not the system that the code is from.",
            "Add system. This is rule qty-3 of FHIR.",
        )


def _period(speaker: Speaker, value: dict[str, Any], path: str) -> None:
    start, end = value.get("start"), value.get("end")
    if start and end and start > end:  # texts of one zone order like their times
        first, last = period_of(start), period_of(end)
        if first is not None and last is not None and first[0] >= last[1]:
            speaker.say(
                "invariant",
                path,
                "The period ends before it begins.",
                "Swap or correct its dates. This is rule per-1 of FHIR.",
            )


def _narrative(speaker: Speaker, value: dict[str, Any], path: str) -> None:
    said = trouble(value["div"])
    if said:
        speaker.say(
            "invariant",
            f"{path}.div",
            f"The text is no plain XHTML: it {said}.",
            "Use simple tags, no script, no form. These are rules txt-1 and txt-2 of FHIR.",
        )
    elif not has_namespace(value["div"]):
        speaker.say(
            "structure",
            f"{path}.div",
            "The text does not say that it is XHTML.",
            'Begin with <div xmlns="http://www.w3.org/1999/xhtml">.',
            "warning",
        )


def _strings(value: Any) -> set[str]:
    """Every text that points into the resource ("#…")."""
    found: set[str] = set()
    stack: list[Any] = [value]
    while stack:
        one = stack.pop()
        for inner in one.values() if type(one) is dict else one:
            kind = type(inner)
            if kind is str:
                if inner[:1] == "#":
                    found.add(inner)
            elif kind is dict or kind is list:
                stack.append(inner)
    return found


def _domain_resource(speaker: Speaker, value: dict[str, Any], path: str) -> None:
    contained = value.get("contained")
    if not contained:
        return
    pointed = _strings(value)
    ids: set[str] = set()
    for at, inner in enumerate(contained):
        place = f"{path}.contained[{at}]"
        own = str(inner.get("id"))
        if "id" in inner and own in ids:
            speaker.say(
                "structure", f"{place}.id", "Two contained resources have the same id.",
                "Give each an id of its own.",
            )  # fmt: skip
        ids.add(own)
        meta = inner.get("meta") or {}
        if meta.keys() & {"versionId", "lastUpdated", "security"}:
            speaker.say(
                "invariant",
                f"{place}.meta",
                "A contained resource has no version, time or label of its own.",
                "Remove them. These are rules dom-4 and dom-5 of FHIR.",
            )
        if f"#{inner.get('id')}" not in pointed and "#" not in _strings(inner):
            speaker.say(
                "invariant",
                place,
                "The contained resource is referred to from nowhere.",
                "Refer to it or remove it. This is rule dom-3 of FHIR.",
            )


def _bundle(speaker: Speaker, value: dict[str, Any], path: str) -> None:
    """A full address that is no urn names the resource below it (Bundle.entry.fullUrl)."""
    for at, entry in enumerate(value.get("entry") or ()):
        address, inner = entry.get("fullUrl"), entry.get("resource")
        if type(address) is not str or not address.startswith("http") or type(inner) is not dict:
            continue
        kind, whole = split_reference(address)
        name = whole.rpartition("/")[2]
        if kind and "id" in inner and (kind, name) != (inner.get("resourceType"), inner["id"]):
            speaker.say(
                "value",
                f"{path}.entry[{at}].fullUrl",
                "The full address is that of another resource.",
                "Let it end in the type and id of the resource.",
            )


NATIVE_RULES: dict[str, NativeRule] = {
    "Bundle": _bundle,
    "Extension": _extension,
    "Reference": _reference,
    "Quantity": _quantity,
    "Period": _period,
    "Narrative": _narrative,
    "DomainResource": _domain_resource,
}
