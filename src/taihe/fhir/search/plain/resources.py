"""Plain resources that can be searched."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from taihe.fhir.search.parameters import Parameter
from taihe.fhir.search.plain.fits import component_kinds, folded, matches
from taihe.fhir.search.plain.found import Found, found_by, texts_of
from taihe.fhir.search.plain.text import div_of, stands_in, texts_within
from taihe.fhir.search.plain.walk import Item, Walk, rows_of
from taihe.fhir.search.query import (
    Chain,
    Condition,
    Criterion,
    Has,
    Include,
    Junction,
    Query,
    Sort,
    Value,
    Words,
)

Key = tuple[str, str]


class Plain:
    """
    Plain resources that can be searched.

    `resources` have an id each. What an expression finds is remembered, so that a resource
    must not change while it is here.
    """

    def __init__(self, resources: Iterable[dict[str, Any]]) -> None:
        self.resources = {(r["resourceType"], r["id"]): r for r in resources}
        self._walks = {key: Walk(resource) for key, resource in self.resources.items()}
        self._found: dict[tuple[Key, str, str], list[Item]] = {}
        self._read: dict[tuple[Key, str], list[str]] = {}

    def search(self, query: Query) -> list[dict[str, Any]]:
        """Every match of a query in its order."""
        keys = [
            key
            for key in self.resources
            if key[0] == query.type and all(self._holds(key, c) for c in query.conditions)
        ]
        return [self.resources[key] for key in self._in_order(keys, query.sort)]

    def included(self, query: Query, matches: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """What `_include` and `_revinclude` add to these matches, without the matches."""
        own = {(m["resourceType"], m["id"]) for m in matches}
        there = set(own)
        for include in query.includes:
            there |= self._led_to(include, own)
        while True:
            more = set(there)
            for include in query.includes:
                if include.iterate:
                    more |= self._led_to(include, there)
            if more == there:
                return [self.resources[key] for key in self.resources if key in there - own]
            there = more

    def found(self, key: Key, expression: str) -> list[Item]:
        """What an expression finds in a resource."""
        place = (key, expression, "")
        if place not in self._found:
            self._found[place] = self._walks[key].items(expression)
        return self._found[place]

    def ways(self, key: Key, condition: Condition) -> list[Found]:
        """Every way in which a resource is found under a condition's parameter."""
        parameter = condition.parameter
        items = self.found(key, parameter.expression)
        if condition.modifier == "text":
            return [Found("", text) for item in items for text in texts_of(item) if text]
        if condition.modifier == "of-type":
            return [
                Found(
                    coding.get("system", ""),
                    coding["code"],
                    parts=(Found("", item.value["value"]),),
                )
                for item in items
                if item.type == "Identifier" and item.value.get("value")
                for coding in item.value.get("type", {}).get("coding", [])
                if coding.get("code")
            ]
        if condition.modifier == "identifier":
            inner = [i.value.get("identifier", {}) for i in items if i.type == "Reference"]
            return [Found(i.get("system", ""), i["value"]) for i in inner if i.get("value")]
        if parameter.kind == "composite":
            return list(self._combinations(key, condition, items))
        return [found for item in items for found in found_by(parameter.kind, item)]

    def _combinations(self, key: Key, condition: Condition, items: list[Item]) -> Iterator[Found]:
        kinds = {code: row.kind for code, row in rows_of(key[0]).items()}
        for item in items:
            lists = [
                [
                    found
                    for inner in self._walks[key].items(expression, item)
                    for found in found_by(kinds[code], inner)
                ]
                for code, expression in condition.parameter.components
            ]
            for parts in itertools.product(*lists):
                yield Found(parts=parts)

    def _holds(self, key: Key, criterion: Criterion) -> bool:
        if isinstance(criterion, Chain):
            return any(
                (target, found.code) in self.resources
                and found.system == target
                and self._holds((target, found.code), inner)
                for target, inner in criterion.targets
                for found in self._references(key, criterion.parameter.expression)
            )
        if isinstance(criterion, Has):
            return any(
                other[0] == criterion.type
                and any(
                    (found.system, found.code) == key
                    for found in self._references(other, criterion.parameter.expression)
                )
                and self._holds(other, criterion.condition)
                for other in self.resources
            )
        if isinstance(criterion, Junction):
            inner = (self._holds(key, one) for one in criterion.criteria)
            if criterion.operator == "not":
                return not all(inner)
            return all(inner) if criterion.operator == "and" else any(inner)
        if isinstance(criterion, Words):
            texts = self._texts(key, criterion.parameter.code)
            return any(
                all(stands_in(word, texts) for word in words) for words in criterion.alternatives
            )
        ways = self.ways(key, criterion)
        if criterion.missing is not None:
            return criterion.missing == (not ways)
        if criterion.hierarchies and any(
            self._related(criterion, value, way) for value in criterion.values for way in ways
        ):
            return True
        kinds = component_kinds(criterion, key[0])
        matching = any(
            matches(criterion, kinds, value, way) for value in criterion.values for way in ways
        )
        return not matching if criterion.modifier in ("not", "not-in") else matching

    def _texts(self, key: Key, code: str) -> list[str]:
        place = (key, code)
        if place not in self._read:
            resource = self.resources[key]
            self._read[place] = (
                div_of(resource) if code == "_text" else list(texts_within(resource))
            )
        return self._read[place]

    def _related(self, condition: Condition, value: Value, way: Found) -> bool:
        """Whether what is referred to is part of the value, or the value part of it."""
        here, there = (way.system, way.code), value.code or ""
        for walked in condition.hierarchies:
            named = (walked.type, there)
            if value.system not in (None, walked.type):
                continue
            if condition.modifier == "below":
                if here[0] == walked.type and named in self._wholes(walked, here):
                    return True
            elif any(
                whole == here or (whole[1] == here[1] and set(":/") & set(here[1]))
                for whole in self._wholes(walked, named)
            ):
                return True
        return False

    def _wholes(self, walked: Parameter, part: Key) -> list[Key]:
        """Everything that a resource is part of, near to far."""
        line = [part]
        for one in line:
            if one[0] == walked.type and one in self.resources:
                for whole in self._references(one, walked.expression):
                    if (whole.system, whole.code) not in line:
                        line.append((whole.system, whole.code))
        return line[1:]

    def _references(self, key: Key, expression: str) -> list[Found]:
        return [f for item in self.found(key, expression) for f in found_by("reference", item)]

    def _led_to(self, include: Include, keys: Iterable[Key]) -> set[Key]:
        keys = set(keys)
        found: set[Key] = set()
        for key in self.resources if include.reverse else keys:
            if include.type not in ("", key[0]):
                continue
            for row in rows_of(key[0]).values():
                if row.kind != "reference" or include.code not in ("*", row.code):
                    continue
                for target in self._references(key, row.expression):
                    other = (target.system, target.code)
                    if include.target not in ("", target.system) or other not in self.resources:
                        continue
                    if not include.reverse:
                        found.add(other)
                    elif other in keys:
                        found.add(key)
        return found

    def _in_order(self, keys: list[Key], sort: tuple[Sort, ...]) -> list[Key]:
        for one in reversed(sort):
            values: dict[Key, list[Any]] = {}
            for key in keys:
                ways = self.ways(key, Condition(one.parameter, "", ()))
                if one.parameter.kind in ("date", "number", "quantity"):
                    values[key] = [way.high if one.descending else way.low for way in ways]
                elif one.parameter.kind == "string":
                    values[key] = [folded(way.code) for way in ways]
                else:
                    values[key] = [(way.code, way.system) for way in ways]
            with_value = [key for key in keys if values[key]]
            best = max if one.descending else min
            ordered = sorted(
                with_value,
                key=lambda key: best(values[key]),
                reverse=one.descending,
            )
            keys = ordered + [key for key in keys if not values[key]]
        return keys
