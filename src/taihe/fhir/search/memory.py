"""
Searches answered in memory from index rows: the smallest store there can be.

What a condition means for a row is said here once, in plain Python; a store in SQL says the
same in its own words, and `plain` says it again from the specification without any rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from math import asin, cos, radians, sin, sqrt
from typing import Any

from taihe.fhir.search.extract import extract, more_rows
from taihe.fhir.search.normalise import normalise
from taihe.fhir.search.parameters import Parameter, parameters
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
    is_address,
)
from taihe.fhir.search.rows import IndexRow
from taihe.fhir.search.words import narrative, wanted_words, whole_text, words
from taihe.kernel.errors import Incorrect

DAY = 86_400_000_000
EARTH_KILOMETRES = 6371.0088
Key = tuple[str, str]


def row_matches(row: IndexRow, value: Value, parameter: Parameter, modifier: str = "") -> bool:
    """Whether one index row is found by one alternative of a condition."""
    return _MATCHES[row.kind](row, value, parameter, modifier)


def _token(row: IndexRow, value: Value, parameter: Parameter, modifier: str) -> bool:
    same = (value.system is None or row.system == value.system) and (
        value.code is None or row.code == value.code
    )
    return same != (modifier == "unequal")


def _type(row: IndexRow, value: Value, parameter: Parameter, modifier: str) -> bool:
    return (row.system, row.code, row.parts[0].code) == (
        value.system,
        value.code,
        value.parts[0].code,
    )


def _string(row: IndexRow, value: Value, parameter: Parameter, modifier: str) -> bool:
    wanted = value.code or ""
    if modifier == "exact":
        return row.code == wanted
    there, wanted = normalise(row.code), normalise(wanted)
    if modifier == "contains":
        return wanted in there
    if modifier in ("equal", "unequal"):
        return (there == wanted) == (modifier == "equal")
    return there.endswith(wanted) if modifier == "ends" else there.startswith(wanted)


def _date(row: IndexRow, value: Value, parameter: Parameter, modifier: str) -> bool:
    assert row.low is not None and row.high is not None
    assert value.low is not None and value.high is not None
    low, high = value.low, value.high
    if modifier == "overlaps":
        return row.low < high and low < row.high
    if value.prefix == "ap":
        width = max(high - low, DAY)
        return row.low < high + width and row.high > low - width
    compare: dict[str, bool] = {
        "eq": low <= row.low and row.high <= high,
        "ne": not (low <= row.low and row.high <= high),
        "gt": row.high > high,
        "ge": row.high > low,
        "lt": row.low < low,
        "le": row.low < high,
        "sa": row.low >= high,
        "eb": row.high <= low,
    }
    return compare[value.prefix]


def _number(row: IndexRow, value: Value, parameter: Parameter, modifier: str) -> bool:
    assert row.low is not None and row.high is not None
    assert value.low is not None and value.high is not None and value.number is not None
    if parameter.kind == "quantity" and value.code is not None:
        if value.system is not None and row.system != value.system:
            return False
        if row.code != value.code:
            return False
    low, high, number = value.low, value.high, value.number
    inside = low <= row.low and row.high < high
    about = abs(number) / 10
    compare: dict[str, bool] = {
        "eq": inside,
        "ne": not inside,
        "gt": row.high > number,
        "ge": row.high >= number or inside,
        "lt": row.low < number,
        "le": row.low <= number or inside,
        "sa": row.low > number,
        "eb": row.high < number,
        "ap": row.high >= number - about and row.low <= number + about,
    }
    return compare[value.prefix]


def _reference(row: IndexRow, value: Value, parameter: Parameter, modifier: str) -> bool:
    code = value.code or ""
    if modifier == "unequal":
        return not _reference(row, value, parameter, "")
    if is_address(code):
        if modifier in ("above", "below"):
            return _version(row.code, code) if modifier == "below" else _version(code, row.code)
        return row.code == code or (not row.system and row.code.partition("|")[0] == code)
    if row.code != code or not row.system:
        return False
    if value.system is not None:
        return row.system == value.system
    return not parameter.targets or row.system in parameter.targets


def _version(there: str, wanted: str) -> bool:
    """Whether a canonical is the wanted one, in a version that the wanted one covers."""
    url, _, version = there.partition("|")
    wanted_url, _, covering = wanted.partition("|")
    return url == wanted_url and (
        not covering or version == covering or version.startswith(covering + ".")
    )


def _uri(row: IndexRow, value: Value, parameter: Parameter, modifier: str) -> bool:
    wanted = value.code or ""
    if modifier == "below":
        return row.code == wanted or row.code.startswith(wanted.rstrip("/") + "/")
    if modifier == "above":
        return row.code == wanted or wanted.startswith(row.code.rstrip("/") + "/")
    others = {
        "starts": row.code.startswith(wanted),
        "ends": row.code.endswith(wanted),
        "contains": wanted in row.code,
        "unequal": row.code != wanted,
    }
    return others.get(modifier, row.code == wanted)


def _composite(row: IndexRow, value: Value, parameter: Parameter, modifier: str) -> bool:
    known = parameters(parameter.type)
    return all(
        row_matches(part, wanted, known[code])
        for part, wanted, (code, _) in zip(
            row.parts, value.parts, parameter.components, strict=True
        )
    )


def kilometres(latitude: float, longitude: float, other: float, far: float) -> float:
    """The distance between two positions in degrees on a sphere of the earth's mean radius."""
    one, two = radians(latitude), radians(other)
    half = (
        sin((two - one) / 2) ** 2
        + cos(one) * cos(two) * sin((radians(far) - radians(longitude)) / 2) ** 2
    )
    return 2 * EARTH_KILOMETRES * asin(min(1.0, sqrt(half)))


def _near(row: IndexRow, value: Value, parameter: Parameter, modifier: str) -> bool:
    assert row.low is not None and row.high is not None
    assert value.low is not None and value.high is not None and value.number is not None
    return kilometres(row.low, row.high, value.low, value.high) <= value.number


_MATCHES: dict[str, Callable[[IndexRow, Value, Parameter, str], bool]] = {
    "token": _token,
    "identifier": _token,
    "type": _type,
    "string": _string,
    "text": _string,
    "date": _date,
    "number": _number,
    "quantity": _number,
    "reference": _reference,
    "uri": _uri,
    "composite": _composite,
    "special": _near,
}
# The kind of row that a modifier asks for instead of the parameter's own.
_OTHER_ROWS = {"text": "text", "of-type": "type", "identifier": "identifier"}


def condition_holds(rows: Iterable[IndexRow], condition: Condition) -> bool:
    """
    Whether the index rows of one resource fulfil a condition.

    Of a reference's `:above` and `:below` only the resource itself is looked for here: what it
    is part of is known to a store.
    """
    return _test(condition)(rows)


def _test(condition: Condition) -> Callable[[Iterable[IndexRow]], bool]:
    """A condition as a function of the index rows of one resource."""
    parameter, modifier = condition.parameter, condition.modifier
    number, kind = parameter.number, _OTHER_ROWS.get(modifier, parameter.kind)
    negated = modifier in ("not", "not-in")
    codes: frozenset[tuple[str | None, str | None]] = frozenset()
    if modifier in ("in", "not-in", "above", "below") and kind == "token":
        # Thousands of codes, each with its system.
        codes = frozenset((value.system, value.code) for value in condition.values)

    def holds(rows: Iterable[IndexRow]) -> bool:
        own = [row for row in rows if row.param == number and row.kind == kind]
        if condition.missing is not None:
            return bool(own) != condition.missing
        if codes:
            return any((row.system, row.code) in codes for row in own) != negated
        found = any(
            row_matches(row, v, parameter, modifier) for v in condition.values for row in own
        )
        return found != negated

    return holds


class MemoryStore:
    """
    Resources with their index rows, in the order in which they were added.

    The words of a resource are found when they are first asked for.
    """

    def __init__(self, resources: Iterable[dict[str, Any]] = ()) -> None:
        self._resources: dict[Key, dict[str, Any]] = {}
        self._rows: dict[Key, list[IndexRow]] = {}
        self._words: dict[tuple[Key, str], frozenset[str]] = {}
        for resource in resources:
            self.add(resource)

    def add(self, resource: dict[str, Any]) -> None:
        """Store a resource that has an id, in place of an older one; refuse a malformed one."""
        key = resource.get("resourceType", ""), resource.get("id", "")
        if not isinstance(key[1], str) or not key[1]:
            raise Incorrect("A resource without an id cannot be found again.", "Give it an id.")
        rows = [*extract(resource), *more_rows(resource)]
        if not all(isinstance(text, str) for row in rows for text in (row.system, row.code)):
            raise Incorrect(
                f"The {key[0]} has a number where R4 has text.",
                "Validate it first: taihe validate FILE names the element.",
            )
        self._rows[key] = rows
        self._resources[key] = resource
        for code in ("_text", "_content"):
            self._words.pop((key, code), None)

    def search(self, query: Query) -> list[dict[str, Any]]:
        """Every match of a query in its order; pages are the caller's."""
        found = self._matching(query.type, query.conditions)
        return [self._resources[key] for key in self._sorted(found, query.sort)]

    def included(self, query: Query, matches: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """What `_include` and `_revinclude` add to these matches, without the matches."""
        own = [(m["resourceType"], m["id"]) for m in matches]
        found: dict[Key, None] = {}
        fresh, once = own, True
        while fresh:
            added: dict[Key, None] = {}
            for include in query.includes:
                if include.iterate or once:
                    added.update(dict.fromkeys(self._joined(include, fresh)))
            fresh = [key for key in added if key not in found and key not in own]
            found.update(dict.fromkeys(fresh))
            once = False
        return [self._resources[key] for key in found]

    def _joined(self, include: Include, keys: list[Key]) -> list[Key]:
        if include.reverse:
            wanted = set(keys)
            return [
                key
                for key in self._resources
                if include.type in ("", key[0])
                for target in self._targets(key, include)
                if target in wanted
            ]
        return [
            target
            for key in keys
            if include.type in ("", key[0])
            for target in self._targets(key, include)
            if target in self._resources
        ]

    def _targets(self, key: Key, include: Include) -> list[Key]:
        known = parameters(key[0])
        numbers = {
            p.number
            for p in known.values()
            if p.kind == "reference" and include.code in ("*", p.code)
        }
        return [
            (row.system, row.code)
            for row in self._rows[key]
            if row.kind == "reference"
            and row.param in numbers
            and include.target in ("", row.system)
        ]

    def _matching(self, type: str, criteria: Iterable[Criterion]) -> list[Key]:
        found = [key for key in self._resources if key[0] == type]
        for criterion in criteria:
            found = self._only(found, criterion)
        return found

    def _only(self, keys: list[Key], criterion: Criterion) -> list[Key]:
        if isinstance(criterion, Condition):
            holds = _test(self._with_relatives(criterion))
            return [key for key in keys if holds(self._rows[key])]
        if isinstance(criterion, Words):
            return [key for key in keys if self._has_words(key, criterion)]
        if isinstance(criterion, Junction):
            return self._joining(keys, criterion)
        number = criterion.parameter.number
        if isinstance(criterion, Chain):
            targets = {
                key for type, inner in criterion.targets for key in self._matching(type, (inner,))
            }
            return [k for k in keys if any(t in targets for t in self._references(k, number))]
        assert isinstance(criterion, Has)
        referred = {
            target
            for key in self._matching(criterion.type, (criterion.condition,))
            for target in self._references(key, number)
        }
        return [key for key in keys if key in referred]

    def _joining(self, keys: list[Key], junction: Junction) -> list[Key]:
        if junction.operator == "and":
            for inner in junction.criteria:
                keys = self._only(keys, inner)
            return keys
        found = {key for inner in junction.criteria for key in self._only(keys, inner)}
        return [key for key in keys if (key in found) == (junction.operator == "or")]

    def _has_words(self, key: Key, criterion: Words) -> bool:
        place = (key, criterion.parameter.code)
        if place not in self._words:
            text = narrative if place[1] == "_text" else whole_text
            self._words[place] = words(text(self._resources[key]))
        there = self._words[place]
        return any(
            all(wanted_words(word) <= there for word in alternative)
            for alternative in criterion.alternatives
        )

    def _with_relatives(self, condition: Condition) -> Condition:
        """The condition with a value for everything above or below what it names."""
        if not condition.hierarchies:
            return condition
        found: dict[Value, None] = {}
        for value in condition.values:
            found[value] = None
            for walked in condition.hierarchies:
                if value.system not in (None, walked.type) or is_address(value.code or ""):
                    continue
                for system, code in self._relatives(walked, value.code or "", condition.modifier):
                    found[Value(value.text, system=system, code=code)] = None
        return replace(condition, values=tuple(found))

    def _relatives(self, walked: Parameter, id: str, modifier: str) -> set[Key]:
        """What is part of a resource in any number of steps (below), or what it is part of."""
        links = [
            (key, target)
            for key in self._resources
            if key[0] == walked.type
            for target in self._references(key, walked.number)
        ]
        found = {(walked.type, id)}
        fresh = found
        while fresh:
            if modifier == "below":
                fresh = {part for part, whole in links if whole in fresh} - found
            else:
                fresh = {whole for part, whole in links if part in fresh} - found
            found = found | fresh
        return found

    def _references(self, key: Key, number: int) -> list[Key]:
        return [
            (row.system, row.code)
            for row in self._rows[key]
            if row.param == number and row.kind == "reference"
        ]

    def _sorted(self, keys: list[Key], sort: tuple[Sort, ...]) -> list[Key]:
        for one in reversed(sort):
            values = {key: sort_value(self._rows[key], one) for key in keys}
            there = [key for key in keys if values[key] is not None]
            there.sort(key=lambda key: values[key], reverse=one.descending)
            keys = [*there, *(key for key in keys if values[key] is None)]
        return keys


def sort_value(rows: Iterable[IndexRow], sort: Sort) -> Any:
    """
    What a resource is sorted by: its least value, its greatest when descending.

    None when it has none: it comes last in both directions.
    """
    own = [row for row in rows if row.param == sort.parameter.number]
    if sort.parameter.kind in ("date", "number", "quantity"):
        values: list[Any] = [row.high if sort.descending else row.low for row in own]
    elif sort.parameter.kind == "string":
        values = [normalise(row.code) for row in own if row.kind == "string"]
    else:
        kinds = ("token", "reference", "uri")
        values = [(row.code, row.system) for row in own if row.kind in kinds]
    if not values:
        return None
    return max(values) if sort.descending else min(values)


__all__ = ["MemoryStore", "condition_holds", "row_matches", "sort_value"]
