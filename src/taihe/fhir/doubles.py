"""
Keys that an object of JSON has twice: a parser keeps one of them and says nothing.

The text is parsed again only where it holds more keys than what was parsed, so that ordinary
resources cost a count. Source: https://hl7.org/fhir/R4/json.html (no duplicate properties).
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from taihe.fhir import model
from taihe.fhir.outcome import Issue

_DEEPEST = 200


def doubles(raw: bytes, resource: Any) -> list[Issue]:
    """
    An issue for each key that stands twice in one object.

    `raw` is the text that `resource` was parsed from.
    """
    if raw.count(b'":') + raw.count(b'" :') == _keys(resource):
        return []
    found: dict[int, list[str]] = {}
    kept: list[dict[str, Any]] = []  # keeps ids apart

    def hook(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            counts = Counter(key for key, _ in pairs)
            found[id(made)] = [key for key, count in counts.items() if count > 1]
            kept.append(made)
        return made

    try:
        parsed = json.loads(raw, object_pairs_hook=hook)
    except (ValueError, RecursionError):
        return []
    issues: list[Issue] = []
    if found:
        kind = str(parsed.get("resourceType", "")) if isinstance(parsed, dict) else ""
        _find(parsed, kind, kind, found, issues, 0)
    return issues


def _keys(value: Any) -> int:
    count, stack = 0, [value] if isinstance(value, dict | list) else []
    while stack:
        one = stack.pop()
        if type(one) is dict:
            count += len(one)
            stack.extend(v for v in one.values() if type(v) is dict or type(v) is list)
        else:
            stack.extend(v for v in one if type(v) is dict or type(v) is list)
    return count


def _find(
    value: Any, place: str, path: str, found: dict[int, list[str]], issues: list[Issue], depth: int
) -> None:
    if depth > _DEEPEST or not isinstance(value, dict):
        return
    if place in ("Resource", ""):
        place = str(value.get("resourceType", ""))
    fields = model.fields(place)
    for key in dict.fromkeys(found.get(id(value), ())):
        name = key if key.removeprefix("_") in fields or key == "resourceType" else "A name"
        issues.append(
            Issue("error", "structure", path, f"{name} is given twice.", "Keep one of them.")
        )
    for key, one in value.items():
        field = fields.get(key.removeprefix("_"))
        lower = "Element" if key[:1] == "_" else field.place if field else "?"
        where = f"{path}.{field.name if field else key}"
        if field is not None and field.type == "Resource":
            lower = "Resource"
        for at, inner in enumerate(one if isinstance(one, list) else [one]):
            _find(
                inner,
                lower,
                f"{where}[{at}]" if isinstance(one, list) else where,
                found,
                issues,
                depth + 1,
            )
