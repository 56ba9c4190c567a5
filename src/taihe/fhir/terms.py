"""
Value sets that are given at run time, beside those that ship.

A ValueSet is known by its expansion, or by a definition that can be worked out from what was
given: listed codes, whole given code systems, other value sets, filters, exclusions.
What cannot be worked out is not known, and a code is never refused for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from taihe.fhir import definitions

_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Codes:
    """The codes of a value set by system."""

    systems: dict[str, frozenset[str]]

    def holds(self, kind: str, value: Any) -> bool | None:
        """Whether an element's code is among them; None when it holds no code to judge."""
        if kind in ("code", "string", "uri"):
            if not isinstance(value, str):
                return None
            return any(value in codes for codes in self.systems.values())
        if not isinstance(value, dict):
            return None
        if kind == "CodeableConcept":
            codings = value.get("coding")
            codings = (
                [c for c in codings if isinstance(c, dict)] if isinstance(codings, list) else []
            )
            return any(map(self._has, codings))
        if kind in ("Coding", "Quantity"):
            return self._has(value) if "code" in value else None
        return None

    def _has(self, coding: dict[str, Any]) -> bool:
        code = coding.get("code")
        return isinstance(code, str) and code in self.systems.get(str(coding.get("system")), ())


@dataclass(slots=True)
class ValueSets:
    """Value sets and code systems by address; `codes` answers for given and shipped ones."""

    sets: dict[str, dict[str, Any]] = field(default_factory=dict)
    systems: dict[str, dict[str, Any]] = field(default_factory=dict)
    known: dict[str, Codes | None] = field(default_factory=dict)

    def add(self, resource: dict[str, Any]) -> None:
        """Keep a ValueSet or a CodeSystem."""
        kept = self.sets if resource.get("resourceType") == "ValueSet" else self.systems
        kept[str(resource.get("url", ""))] = resource

    def codes(self, url: str) -> Codes | None:
        """The codes of a value set; None when they are not known."""
        if url not in self.known:
            found = self._worked_out(url, 0)
            self.known[url] = None if found is None else Codes(
                {system: frozenset(codes) for system, codes in found.items()})  # fmt: skip
        return self.known[url]

    def name(self, url: str) -> str:
        """What people call a value set."""
        given = self.sets.get(url, {})
        return str(given.get("title") or given.get("name") or url.rpartition("/")[2])[:80]

    def _worked_out(self, url: str, depth: int) -> dict[str, set[str]] | None:
        given = self.sets.get(url)
        if given is None:
            shipped = definitions.value_set(url) or definitions.profile_value_set(url)
            return None if shipped is None else {s: set(codes) for s, codes in shipped.items()}
        if depth > _DEEPEST:
            return None
        expansion, compose = given.get("expansion"), given.get("compose")
        if isinstance(expansion, dict) and isinstance(expansion.get("contains"), list):
            found: dict[str, set[str]] = {}
            _gather(expansion["contains"], found, 0)
            return found
        if not isinstance(compose, dict):
            return None
        found = {}
        for part in _dicts(compose.get("include")):
            codes = self._part(part, depth)
            if codes is None:
                return None
            for system, listed in codes.items():
                found.setdefault(system, set()).update(listed)
        for part in _dicts(compose.get("exclude")):
            codes = self._part(part, depth)
            if codes is None:
                return None
            for system, listed in codes.items():
                found.get(system, set()).difference_update(listed)
        return found

    def _part(self, part: dict[str, Any], depth: int) -> dict[str, set[str]] | None:
        """One include or exclude: what its system gives and every value set it names has."""
        sides: list[dict[str, set[str]]] = []
        system = str(part.get("system", ""))
        if "concept" in part:
            sides.append({system: {str(c.get("code")) for c in _dicts(part["concept"])}})
        elif system:
            codes = self._system(system, part.get("filter"))
            if codes is None:
                return None
            sides.append({system: codes})
        urls = part.get("valueSet")
        for url in urls if isinstance(urls, list) else ():
            inner = self._worked_out(str(url).partition("|")[0], depth + 1)
            if inner is None:
                return None
            sides.append(inner)
        if not sides:
            return None
        first = sides[0]
        for other in sides[1:]:
            first = {s: codes & other.get(s, set()) for s, codes in first.items()}
        return first

    def _system(self, url: str, filters: Any) -> set[str] | None:
        system = self.systems.get(url)
        if system is None or system.get("content") != "complete":
            return None
        tree = _Tree()
        tree.add(system.get("concept"), (), 0)
        tree.follow_links()
        declared = {str(one.get("code")) for one in _dicts(system.get("property"))}
        codes = set(tree.above)
        for one in _dicts(filters):
            kept = tree.filtered(
                str(one.get("property")), str(one.get("op")), str(one.get("value")), declared
            )
            if kept is None:
                return None
            codes &= kept
        return codes


class _Tree:
    """The codes of a system: what is above each, and their properties."""

    def __init__(self) -> None:
        self.above: dict[str, set[str]] = {}
        self.properties: dict[str, dict[str, set[str]]] = {}

    def add(self, concepts: Any, line: tuple[str, ...], depth: int) -> None:
        """Take concepts below a line of others."""
        for one in _dicts(concepts) if depth < 100 else ():
            if "code" not in one:
                continue
            code = str(one["code"])
            self.above.setdefault(code, set()).update(line)
            held = self.properties.setdefault(code, {})
            if "display" in one:
                held.setdefault("display", set()).add(str(one["display"]))
            for said in _dicts(one.get("property")):
                values = [v for k, v in said.items() if k.startswith("value")]
                for value in values:
                    text = str(value.get("code")) if isinstance(value, dict) else str(value)
                    text = text.lower() if isinstance(value, bool) else text
                    held.setdefault(str(said.get("code")), set()).add(text)
            self.add(one.get("concept"), (*line, code), depth + 1)

    def follow_links(self) -> None:
        """Add what is above by the properties parent and subsumedBy, in any number of steps."""
        links = {
            code: {one for link in ("parent", "subsumedBy") for one in held.get(link, ())}
            for code, held in self.properties.items()
        }
        if not any(links.values()):
            return
        direct = {code: line | links[code] for code, line in self.above.items()}
        for code, line in direct.items():
            found, fresh = set(line), set(line)
            while fresh:
                fresh = {up for one in fresh for up in direct.get(one, ())} - found
                found |= fresh
            self.above[code] = found

    def filtered(self, name: str, how: str, value: str, declared: set[str]) -> set[str] | None:
        """The codes that a filter keeps; None when it is one that is not known."""
        every = set(self.above)
        if name in ("concept", "code") and how in ("is-a", "descendent-of", "is-not-a"):
            below = {code for code, line in self.above.items() if value in line}
            kept = below if how == "descendent-of" else below | ({value} & every)
            return every - kept if how == "is-not-a" else kept
        if name == "concept" and how == "generalizes":
            return (self.above.get(value, set()) | {value}) & every
        if name not in declared | {"code", "display"}:
            return None
        has = {
            code: {code} if name == "code" else held.get(name, set())
            for code, held in self.properties.items()
        }
        wanted = {one.strip() for one in value.split(",")}
        if how == "=":
            return {code for code, values in has.items() if value in values}
        if how == "in":
            return {code for code, values in has.items() if values & wanted}
        if how == "not-in":
            return {code for code, values in has.items() if not values & wanted}
        if how == "exists":
            return {code for code, values in has.items() if bool(values) == (value == "true")}
        return None


def _dicts(listed: Any) -> list[dict[str, Any]]:
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _gather(contains: Any, found: dict[str, set[str]], depth: int) -> None:
    for one in contains if isinstance(contains, list) and depth < _DEEPEST else ():
        if isinstance(one, dict):
            if "code" in one and one.get("abstract") is not True:
                found.setdefault(str(one.get("system", "")), set()).add(str(one["code"]))
            _gather(one.get("contains"), found, depth + 1)
