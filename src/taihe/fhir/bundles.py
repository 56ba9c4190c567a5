"""
Transactions and batches: their entries, the order they take effect in, and urn references.

Source: https://hl7.org/fhir/R4/http.html#transaction.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from taihe.fhir import definitions
from taihe.fhir.outcome import Issue
from taihe.kernel.errors import Incorrect

_ORDER = {"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 2, "GET": 3, "HEAD": 3}
_NOT_REFERENCES = frozenset(("value", "display", "text", "div", "id", "valueString"))
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One request of a transaction or batch.

    `position` counts from 0 in the Bundle. `type` and `id` come from the url ("" when it has
    none), `query` is what follows its question mark. `issue` says why it cannot be done.
    """

    position: int
    method: str
    url: str
    type: str
    id: str
    query: str
    full_url: str
    resource: dict[str, Any] | None
    if_match: str = ""
    if_none_match: str = ""
    if_none_exist: str = ""
    issue: Issue | None = None


def _text(holder: Mapping[str, Any], key: str) -> str:
    value = holder.get(key)
    return value if isinstance(value, str) else ""


def _entry(position: int, raw: Any) -> Entry:
    place = f"Bundle.entry[{position}]"
    problem: tuple[str, str, str] | None = None
    raw = raw if isinstance(raw, dict) else {}
    request = raw.get("request")
    request = request if isinstance(request, dict) else {}
    method, url = _text(request, "method"), _text(request, "url")
    resource = raw.get("resource")
    path, _, query = url.partition("?")
    kind, _, rest = path.strip("/").partition("/")
    identity = rest if _ID.fullmatch(rest) else ""
    if method not in _ORDER:
        problem = (".request.method", "The entry does not say what to do.", "Give a method.")
    elif method in ("POST", "PUT") and not isinstance(resource, dict):
        problem = (".resource", f"The {method} has no resource.", "Add the resource.")
    elif method in ("POST", "PUT") and isinstance(resource, dict):
        own = resource.get("resourceType")
        if kind != own:
            problem = (
                ".request.url",
                "The address and the resource are of different types.",
                "Write the type of the resource in the address.",
            )
        elif own not in definitions.resource_types():
            problem = (".resource", "There is no such resource type.", "Use an R4 type.")
        elif method == "PUT" and not identity and not query:
            problem = (".request.url", "A PUT needs Type/id.", "Write the id in the address.")
        elif method == "PUT" and identity and resource.get("id") != identity:
            problem = (
                ".resource.id",
                "The id of the resource is not the one in the address.",
                "Make both the same.",
            )
    elif method == "DELETE" and (
        kind not in definitions.resource_types() or not (identity or query)
    ):
        problem = (".request.url", "A DELETE needs Type/id.", "Write the id in the address.")
    issue = Issue("error", "invalid", place + problem[0], *problem[1:]) if problem else None
    return Entry(
        position,
        method,
        url,
        kind,
        identity,
        query,
        _text(raw, "fullUrl"),
        resource if isinstance(resource, dict) else None,
        _text(request, "ifMatch"),
        _text(request, "ifNoneMatch"),
        _text(request, "ifNoneExist"),
        issue,
    )


def entries(bundle: dict[str, Any]) -> list[Entry]:
    """
    The entries of a transaction or batch in the order of the Bundle.

    An entry that cannot be done carries an issue with its location; the Bundle itself is
    refused when it is no transaction or batch, or two entries have one fullUrl.
    """
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") not in ("transaction", "batch"):
        raise Incorrect("This is no Bundle of type transaction or batch.", "Set Bundle.type.")
    raw = bundle.get("entry") or []
    if not isinstance(raw, list):
        raise Incorrect("Bundle.entry is no list.", "Write the entries in brackets.")
    found = [_entry(position, one) for position, one in enumerate(raw)]
    seen: set[str] = set()
    for entry in found:
        if entry.full_url and entry.full_url in seen and bundle["type"] == "transaction":
            raise Incorrect(
                f"Bundle.entry[{entry.position}] repeats the fullUrl of another entry.",
                "Give each entry a fullUrl of its own.",
            )
        seen.add(entry.full_url)
    return found


def in_order(found: Iterable[Entry]) -> list[Entry]:
    """The entries as they take effect: DELETE, POST, PUT and PATCH, then GET and HEAD."""
    return sorted(found, key=lambda entry: (_ORDER.get(entry.method, 9), entry.position))


def resolve_urns(resource: dict[str, Any], mapping: Mapping[str, str]) -> dict[str, Any]:
    """
    The resource with every reference or uri that is a key of `mapping` replaced.

    `mapping` goes from a fullUrl ("urn:uuid:…") to "Type/id". Texts, displays and identifier
    values stay. What does not change is shared with the original, which is not touched.
    """
    if not mapping:
        return resource
    changed: dict[str, Any] = _resolved(resource, "", mapping)
    return changed


def _resolved(value: Any, key: str, mapping: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        if key in _NOT_REFERENCES:
            return value
        found = mapping.get(value)
        if found is not None:
            return found
        if key == "reference" and "#" in value:
            base, mark, fragment = value.partition("#")
            return mapping[base] + mark + fragment if base in mapping else value
        return value
    if isinstance(value, dict):
        out: dict[str, Any] | None = None
        for name, one in value.items():
            if isinstance(one, str | dict | list):
                new = _resolved(one, name, mapping)
                if new is not one:
                    out = dict(value) if out is None else out
                    out[name] = new
        return value if out is None else out
    if isinstance(value, list):
        listed: list[Any] | None = None
        for at, one in enumerate(value):
            new = _resolved(one, key, mapping)
            if new is not one:
                listed = list(value) if listed is None else listed
                listed[at] = new
        return value if listed is None else listed
    return value
