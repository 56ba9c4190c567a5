"""
Search over plain resources: a slow second version that shares no code with the record.

It reads the few elements a test asks for directly from the JSON, and compares as the
specification says, https://hl7.org/fhir/R4/search.html.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]


def codes(concept: Any) -> set[tuple[str, str]]:
    """(system, code) of a CodeableConcept."""
    return {(c.get("system", ""), c.get("code", "")) for c in (concept or {}).get("coding", ())}


def token(found: set[tuple[str, str]], wanted: str) -> bool:
    """Whether a token search matches: code, system|code or |code; commas are alternatives."""
    for one in wanted.split(","):
        system, bar, code = one.rpartition("|")
        for has_system, has_code in found:
            if has_code == code and (not bar or has_system == system):
                return True
    return False


def reference(found: Iterable[str], wanted: str, kind: str) -> bool:
    """Whether a reference search matches: id or Type/id."""
    targets = {one if "/" in one else f"{kind}/{one}" for one in wanted.split(",")}
    return any(one in targets for one in found)


def period(text: str) -> tuple[datetime, datetime]:
    """The half-open period that a date means; without a zone it is UTC."""
    if len(text) == 4:
        return datetime(int(text), 1, 1, tzinfo=UTC), datetime(int(text) + 1, 1, 1, tzinfo=UTC)
    if len(text) == 7:
        year, month = int(text[:4]), int(text[5:])
        after = (year + month // 12, month % 12 + 1)
        return datetime(year, month, 1, tzinfo=UTC), datetime(*after, 1, tzinfo=UTC)
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if len(text) == 10:
        return moment, moment + timedelta(days=1)
    fraction = text.partition(".")[2]
    if fraction:
        digits = len(fraction.rstrip("Z").partition("+")[0].partition("-")[0])
        return moment, moment + timedelta(microseconds=10 ** (6 - digits))
    return moment, moment + timedelta(seconds=1)


def date(spans: Iterable[tuple[datetime, datetime]], wanted: str) -> bool:
    """Whether a date search matches, with its prefix; commas are alternatives."""
    compare: dict[str, Callable[[Any, Any, Any, Any], bool]] = {
        "eq": lambda low, high, a, b: a <= low and high <= b,
        "ne": lambda low, high, a, b: not (a <= low and high <= b),
        "gt": lambda low, high, a, b: high > b,
        "lt": lambda low, high, a, b: low < a,
        "ge": lambda low, high, a, b: high > a,
        "le": lambda low, high, a, b: low < b,
        "sa": lambda low, high, a, b: low >= b,
        "eb": lambda low, high, a, b: high <= a,
    }
    for one in wanted.split(","):
        prefix, rest = (one[:2], one[2:]) if one[:2] in compare else ("eq", one)
        a, b = period(rest)
        if any(compare[prefix](low, high, a, b) for low, high in spans):
            return True
    return False


def text(found: Iterable[str], wanted: str, how: str) -> bool:
    """Whether a string search matches: by beginning, `exact` or `contains`."""
    for one in wanted.split(","):
        for value in found:
            if how == "exact":
                if value == one:
                    return True
            elif how == "contains":
                if bare(one) in bare(value):
                    return True
            elif bare(value).startswith(bare(one)):
                return True
    return False


def bare(word: str) -> str:
    """A word in small letters without its accents."""
    letters = unicodedata.normalize("NFD", word.lower())
    return "".join(letter for letter in letters if unicodedata.category(letter) != "Mn")


def names(patient: Json) -> list[str]:
    """The written parts of a Patient's names."""
    found = []
    for name in patient.get("name", ()):
        found += [name[part] for part in ("text", "family") if part in name]
        found += [*name.get("given", ()), *name.get("prefix", ()), *name.get("suffix", ())]
    return found


def spans(resource: Json, element: str) -> list[tuple[datetime, datetime]]:
    """The periods of a dateTime or Period element."""
    if f"{element}DateTime" in resource:
        return [period(resource[f"{element}DateTime"])]
    value = resource.get(f"{element}Period") or (
        resource.get(element) if isinstance(resource.get(element), dict) else None
    )
    if value:
        low = period(value["start"])[0] if "start" in value else datetime.min.replace(tzinfo=UTC)
        high = period(value["end"])[1] if "end" in value else datetime.max.replace(tzinfo=UTC)
        return [(low, high)]
    return [period(resource[element])] if element in resource else []
