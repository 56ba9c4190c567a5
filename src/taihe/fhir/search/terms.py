"""
The codes that `:in`, `:not-in`, `:above` and `:below` of a token mean.

Known are the code systems and value sets that ship with the definitions, and those that are
given. Whoever reads a search decides which: `parse(type, pairs, terms=Terms(resources))`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from taihe.fhir import definitions
from taihe.fhir.terms import ValueSets
from taihe.kernel.errors import Incorrect

DEEPEST = 100
_LINKS_UP = ("subsumedBy", "parent")

Parents = Mapping[str, tuple[str, ...]]


class Terms:
    """
    Code systems with their hierarchies, and value sets.

    A code lies below those that it is nested in (`concept.concept`) and those that its
    properties `parent` and `subsumedBy` name. `resources` are CodeSystems and ValueSets; a
    given one takes the place of one that ships.
    """

    def __init__(self, resources: Iterable[dict[str, Any]] = ()) -> None:
        self._sets = ValueSets()
        self._parents: dict[str, Parents] = {}
        self._children: dict[str, dict[str, list[str]]] = {}
        self._given: list[str] = []
        for resource in resources:
            self.add(resource)

    def add(self, resource: dict[str, Any]) -> None:
        """Keep a CodeSystem or a ValueSet; anything else is refused."""
        kind, url = resource.get("resourceType"), resource.get("url")
        if kind not in ("CodeSystem", "ValueSet"):
            raise Incorrect("Terms are CodeSystems and ValueSets.", "Leave other resources out.")
        own = f"{kind}/{resource.get('id', '')}"
        for address in (url, own):
            if isinstance(address, str):
                self._sets.add({**resource, "url": address})
        self._sets.known.clear()
        if kind == "CodeSystem" and isinstance(url, str):
            self._parents[url] = _parents_of(resource)
            self._children.pop(url, None)
            self._given.append(url)

    def members(self, value_set: str) -> dict[str, frozenset[str]] | None:
        """The codes of a value set by system; None when they are not known."""
        found = self._sets.codes(value_set.partition("|")[0])
        return None if found is None else found.systems

    def below(self, system: str, code: str) -> frozenset[str] | None:
        """A code and all that it subsumes; None when its system is not known."""
        parents = self._of(system)
        if parents is None:
            return None
        if system not in self._children:
            children: dict[str, list[str]] = {}
            for one, above in parents.items():
                for parent in above:
                    children.setdefault(parent, []).append(one)
            self._children[system] = children
        return _reached(code, self._children[system])

    def above(self, system: str, code: str) -> frozenset[str] | None:
        """A code and all that subsume it; None when its system is not known."""
        parents = self._of(system)
        return None if parents is None else _reached(code, parents)

    def systems_of(self, code: str) -> tuple[str, ...]:
        """The known code systems that have a code and say what lies above or below."""
        known = {**definitions.code_hierarchies(), **self._parents}
        return tuple(sorted(url for url, parents in known.items() if code in parents))

    def _of(self, system: str) -> Parents | None:
        system = system.partition("|")[0]
        if system in self._parents:
            return self._parents[system]
        return definitions.code_hierarchies().get(system)


@cache
def shipped_terms() -> Terms:
    """What ships: the R4 code systems and the value sets of required bindings."""
    return Terms()


def _reached(code: str, onwards: Mapping[str, Iterable[str]]) -> frozenset[str]:
    found = {code}
    fresh = [code]
    while fresh:
        fresh = [n for one in fresh for n in onwards.get(one, ()) if n not in found]
        fresh = list(dict.fromkeys(fresh))
        found.update(fresh)
    return frozenset(found)


def _parents_of(system: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    stack: list[tuple[Any, str, int]] = [(one, "", 0) for one in _listed(system.get("concept"))]
    while stack:
        concept, parent, depth = stack.pop()
        code = concept.get("code")
        if not isinstance(code, str) or depth > DEEPEST:
            continue
        above = [parent] if parent else []
        for one in _listed(concept.get("property")):
            if one.get("code") in _LINKS_UP and isinstance(one.get("valueCode"), str):
                above.append(one["valueCode"])
        found[code] = tuple(dict.fromkeys((*found.get(code, ()), *above)))
        stack += [(one, code, depth + 1) for one in _listed(concept.get("concept"))]
    return found


def _listed(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
