"""
A slow evaluator of searches over plain resources: the oracle for any store.

It walks the tree of each search expression over the resource, item by item, and compares what
it finds by its own reading of https://hl7.org/fhir/R4/search.html. It shares the parsers and
the published tables with the rest of the library and nothing else: no plan, no compiled
extraction, no index row.
"""

from __future__ import annotations

import calendar
import itertools
import math
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

from taihe.fhir import definitions
from taihe.fhir.fhirpath import tree
from taihe.fhir.fhirpath.parser import parse as parse_fhirpath
from taihe.fhir.search.query import Chain, Condition, Criterion, Has, Include, Query, Sort, Value

FOREVER = 2**62
TEXTS = frozenset(
    ("string", "markdown", "code", "id", "uri", "url", "canonical", "oid", "uuid", "xhtml")
)
NUMBERS = frozenset(("decimal", "integer", "positiveInt", "unsignedInt"))
DATES = frozenset(("date", "dateTime", "instant"))
Key = tuple[str, str]


@cache
def rows_of(type: str) -> dict[str, definitions.SearchParameterRow]:
    """The published parameters of a type by code; its own before those of its base types."""
    found: dict[str, definitions.SearchParameterRow] = {}
    line = [type]
    while row := definitions.types().get(line[-1]):
        line.append(row.base)
    for base in line:
        for published in definitions.search_parameters():
            if base in published.bases:
                found.setdefault(published.code, published)
    return found


class Item(NamedTuple):
    """A value with its FHIR type, its place in the element table, and its implied system."""

    value: Any
    type: str
    place: str
    system: str = ""


class Found(NamedTuple):
    """One way in which a resource is found under a parameter."""

    system: str = ""
    code: str = ""
    low: float | int | None = None
    high: float | int | None = None
    parts: tuple[Found, ...] = ()


def descends(name: str, wanted: str) -> bool:
    """Whether a type is another or is derived from it."""
    while name:
        if name.lower() == wanted.lower():
            return True
        row = definitions.types().get(name)
        name = row.base if row else ""
    return False


def children(item: Item, name: str) -> list[Item]:
    """The values of a child element, choice types included."""
    if not isinstance(item.value, dict):
        return []
    found: list[Item] = []
    for element in definitions.children(item.place).values():
        base = element.name.removesuffix("[x]")
        if base != name:
            continue
        for type in element.types or ("BackboneElement",):
            key = base
            if element.name.endswith("[x]"):
                key = base + type[0].upper() + type[1:]
            value = item.value.get(key)
            if value is None:
                continue
            place = type
            own = f"{item.place}.{element.name}"
            if element.content_reference:
                place = element.content_reference
            elif type in ("BackboneElement", "Element") and definitions.children(own):
                place = own
            system = ""
            if type == "code" and element.required:
                systems = definitions.value_set(element.required)
                system = next(iter(systems)) if systems and len(systems) == 1 else ""
            for one in value if isinstance(value, list) else [value]:
                if one is not None:
                    found.append(Item(one, type, place, system))
    return found


class Walk:
    """Evaluates the expressions of search parameters over one resource."""

    def __init__(self, resource: dict[str, Any]) -> None:
        kind = resource["resourceType"]
        self.resource = Item(resource, kind, kind)

    def items(self, expression: str, start: Item | None = None) -> list[Item]:
        """What an expression gives, from the resource or from a composite's place."""
        found = self(parse_fhirpath(expression), [start or self.resource])
        return [i if isinstance(i, Item) else Item(i, "boolean", "boolean") for i in found]

    def __call__(self, node: tree.Node, focus: list[Any]) -> list[Any]:
        if isinstance(node, tree.Member):
            if node.source is None:
                if len(focus) == 1 and focus[0] is self.resource and node.name[0].isupper():
                    return focus if descends(focus[0].type, node.name) else []
                return [c for item in focus for c in children(item, node.name)]
            return [c for item in self(node.source, focus) for c in children(item, node.name)]
        if isinstance(node, tree.Binary):
            return self._binary(node, focus)
        if isinstance(node, tree.TypeTest):
            items = self(node.operand, focus)
            if node.operator == "as":
                return [i for i in items if descends(i.type, node.type)]
            return [any(i.type == node.type for i in items)]
        if isinstance(node, tree.Index) and isinstance(node.index, tree.Literal):
            return self(node.source, focus)[int(node.index.value) :][:1]
        if isinstance(node, tree.Variable):
            return [self.resource]
        if isinstance(node, tree.Literal):
            return [node.value]
        assert isinstance(node, tree.Call), node
        return self._call(node, focus)

    def _binary(self, node: tree.Binary, focus: list[Any]) -> list[Any]:
        left, right = self(node.left, focus), self(node.right, focus)
        if node.operator == "|":
            return left + right
        if node.operator == "and":
            return [bool(left and left[0]) and bool(right and right[0])]
        values = [[i.value if isinstance(i, Item) else i for i in side] for side in (left, right)]
        if not values[0] or not values[1]:
            return []
        return [(values[0] == values[1]) == (node.operator == "=")]

    def _call(self, node: tree.Call, focus: list[Any]) -> list[Any]:
        items = focus if node.source is None else self(node.source, focus)
        name = node.name
        if name == "where":
            return [i for i in items if self(node.arguments[0], [i])[:1] == [True]]
        if name in ("as", "ofType"):
            wanted = node.arguments[0]
            assert isinstance(wanted, tree.Member)
            return [i for i in items if descends(i.type, wanted.name)]
        if name == "exists":
            return [bool(items)]
        if name in ("extension", "hasExtension"):
            url = node.arguments[0]
            assert isinstance(url, tree.Literal)
            found = [
                e
                for i in items
                for e in children(i, "extension")
                if e.value.get("url") == url.value
            ]
            return found if name == "extension" else [bool(found)]
        assert name == "resolve", name
        return [Item(None, self._target(i.value), "") for i in items if isinstance(i.value, dict)]

    def _target(self, reference: Mapping[str, Any]) -> str:
        text = reference.get("reference") or ""
        if text.startswith("#"):
            for contained in self.resource.value.get("contained", []):
                if contained["id"] == text[1:]:
                    return str(contained["resourceType"])
            return ""
        return parts_of(text)[0] or str(reference.get("type", ""))


def parts_of(text: str) -> tuple[str, str]:
    """Type and id of a reference's text; another server's keeps its whole address as id."""
    pieces = text.split("/_history/")[0].split("/")
    if len(pieces) >= 2 and pieces[-2] in definitions.resource_types():
        return pieces[-2], pieces[-1] if len(pieces) == 2 else "/".join(pieces)
    return "", text


def moments(text: str) -> tuple[int, int]:
    """First and last-plus-one microsecond of a date."""
    zone: timezone = UTC
    day, _, time = text.partition("T")
    if time:
        for sign in ("+", "-"):
            if sign in time:
                time, offset = time.split(sign)
                hours, minutes = (int(p) for p in offset.split(":"))
                shift = timedelta(hours=hours, minutes=minutes)
                zone = timezone(shift if sign == "+" else -shift)
        time = time.rstrip("Z")
    numbers = [int(p) for p in day.split("-")]
    year, month, date = (*numbers, 1, 1)[:3]
    start = datetime(year, month, date, tzinfo=zone)
    if not time:
        days = {
            1: 366 if calendar.isleap(year) else 365,
            2: calendar.monthrange(year, month)[1],
            3: 1,
        }[len(numbers)]
        length = timedelta(days=days)
    else:
        seconds, _, fraction = time.partition(".")
        clock = [int(p) for p in seconds.split(":")]
        start += timedelta(hours=clock[0], minutes=clock[1], seconds=(*clock, 0)[2])
        length = timedelta(seconds=1 if len(clock) > 2 else 60)
        if fraction:
            start += timedelta(microseconds=int((fraction + "000000")[:6]))
            length = timedelta(microseconds=10 ** (6 - min(6, len(fraction))))
    first = (start - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return first, first + length // timedelta(microseconds=1)


def is_han(text: str) -> bool:
    """Whether any character is a common Chinese one."""
    return any("\u4e00" <= c <= "\u9fff" for c in text)


def names(name: Mapping[str, Any]) -> Iterator[str]:
    """Every spelling of a HumanName: parts, joined, and pinyin in full and as initials."""
    from pypinyin import lazy_pinyin

    for part in ("text", "family"):
        if name.get(part):
            yield name[part]
    for part in ("given", "prefix", "suffix"):
        yield from (t for t in name.get(part, []) if t)
    family, given = name.get("family", ""), [g for g in name.get("given", []) if g]
    joined = ""
    if family and given:
        joined = "".join([family, *given])
        joined = joined if is_han(joined) else " ".join([family, *given])
        yield joined
    whole = name.get("text") or joined or family or "".join(given)
    if is_han(whole):
        syllables = lazy_pinyin([c for c in whole if is_han(c)], v_to_u=False)
        yield "".join(syllables).lower()
        yield "".join(s[0] for s in syllables).lower()


def found_by(kind: str, item: Item) -> Iterator[Found]:
    """Each way in which an item is found under a kind of parameter."""
    value, type = item.value, item.type
    if type == "Extension":
        for key, inner in value.items():
            if key.startswith("value"):
                for element in definitions.children("Extension")["value[x]"].types:
                    if key == "value" + element[0].upper() + element[1:]:
                        yield from found_by(kind, Item(inner, element, element))
    elif kind == "token":
        yield from _tokens(item)
    elif kind == "string":
        yield from (Found("", text) for text in _strings(value, type) if text)
    elif kind == "date":
        yield from _spans(value, type)
    elif kind == "reference":
        if type == "Reference":
            text = value.get("reference", "")
            if text and not text.startswith("#"):
                target, code = parts_of(text)
                yield Found(target or value.get("type", ""), code)
        elif type in ("uri", "url", "canonical"):
            yield Found("", value)
        elif isinstance(value, dict) and "resourceType" in value and value.get("id"):
            yield Found(value["resourceType"], value["id"])
    elif kind in ("number", "quantity"):
        yield from _quantities(kind, value, type)
    elif kind == "uri":
        if type in TEXTS:
            yield Found("", value)
    elif kind == "special" and "latitude" in value and "longitude" in value:
        yield Found("", "", float(value["latitude"]), float(value["longitude"]))


def _tokens(item: Item) -> Iterator[Found]:
    value, type = item.value, item.type
    if type in ("CodeableConcept", "Coding"):
        for coding in value.get("coding", []) if type == "CodeableConcept" else [value]:
            if coding.get("code") or coding.get("system"):
                yield Found(coding.get("system", ""), coding.get("code", ""))
    elif type in ("Identifier", "ContactPoint"):
        if value.get("value"):
            yield Found(value.get("system", "") if type == "Identifier" else "", value["value"])
    elif type == "boolean":
        yield Found("", "true" if value else "false")
    elif type in TEXTS or type in NUMBERS or type in DATES:
        yield Found(item.system, str(value))


def _strings(value: Any, type: str) -> list[str | None]:
    if type == "HumanName":
        return list(names(value))
    if type == "Address":
        texts: list[str | None] = []
        for part in ("text", "line", "city", "district", "state", "postalCode", "country"):
            inner = value.get(part) or []
            texts += [inner] if isinstance(inner, str) else inner
        return texts
    if type == "CodeableConcept":
        return [value.get("text"), *(c.get("display") for c in value.get("coding", []))]
    if type == "Coding":
        return [value.get("display")]
    return [value] if type in TEXTS else []


def _spans(value: Any, type: str) -> Iterator[Found]:
    if type in DATES:
        yield Found("", "", *moments(value))
    elif type == "Period" and (value.get("start") or value.get("end")):
        low = moments(value["start"])[0] if value.get("start") else -FOREVER
        high = moments(value["end"])[1] if value.get("end") else FOREVER
        yield Found("", "", low, high)
    elif type == "Timing":
        spans = [moments(t) for t in value.get("event", [])]
        bounds = value.get("repeat", {}).get("boundsPeriod")
        for found in _spans(bounds or {}, "Period"):
            assert found.low is not None and found.high is not None
            spans.append((int(found.low), int(found.high)))
        if spans:
            yield Found("", "", min(s[0] for s in spans), max(s[1] for s in spans))


def _quantities(kind: str, value: Any, type: str) -> Iterator[Found]:
    if type in NUMBERS:
        yield Found("", "", float(value), float(value))
    elif descends(type, "Quantity") and value.get("value") is not None:
        number = float(value["value"])
        if value.get("code"):
            yield Found(value.get("system", ""), value["code"], number, number)
        else:
            yield Found("", value.get("unit", ""), number, number)
        if value.get("code") and value.get("unit", "") not in ("", value["code"]):
            yield Found("", value["unit"], number, number)
    elif type == "Money" and value.get("value") is not None:
        number = float(value["value"])
        yield Found("urn:iso:std:iso:4217", value.get("currency", ""), number, number)
    elif type == "Range":
        low, high = value.get("low") or {}, value.get("high") or {}
        ends = [low.get("value"), high.get("value")]
        if ends != [None, None]:
            unit = low if ends[0] is not None else high
            system, code = "", ""
            if kind == "quantity":
                code = unit.get("code") or unit.get("unit", "")
                system = unit.get("system", "") if unit.get("code") else ""
            yield Found(
                system,
                code,
                float("-inf") if ends[0] is None else float(ends[0]),
                float("inf") if ends[1] is None else float(ends[1]),
            )


def _folded(text: str) -> str:
    """Text without case, accents, width and runs of space."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(unicodedata.normalize("NFC", plain).casefold().split())


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
            return [Found("", text) for item in items for text in _texts_of(item) if text]
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
        ways = self.ways(key, criterion)
        if criterion.missing is not None:
            return criterion.missing == (not ways)
        kinds = _component_kinds(criterion, key[0])
        matching = any(
            _matches(criterion, kinds, value, way) for value in criterion.values for way in ways
        )
        return not matching if criterion.modifier in ("not", "not-in") else matching

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
                    values[key] = [_folded(way.code) for way in ways]
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


def _texts_of(item: Item) -> list[str | None]:
    if item.type == "Identifier":
        return [item.value.get("type", {}).get("text")]
    return _strings(item.value, item.type) if item.type in ("CodeableConcept", "Coding") else []


def _component_kinds(condition: Condition, type: str) -> tuple[str, ...]:
    return tuple(rows_of(type)[code].kind for code, _ in condition.parameter.components)


def _matches(condition: Condition, kinds: tuple[str, ...], value: Value, way: Found) -> bool:
    modifier, kind = condition.modifier, condition.parameter.kind
    if modifier == "text":
        return _folded(way.code).startswith(_folded(value.code or ""))
    if modifier == "of-type":
        typed = (way.system, way.code) == (value.system, value.code)
        return typed and way.parts[0].code == value.parts[0].code
    if modifier == "identifier":
        kind = "token"
    if kind == "composite":
        return all(
            _fits(kind, "", (), part, inside)
            for kind, part, inside in zip(kinds, value.parts, way.parts, strict=True)
        )
    return _fits(kind, modifier, condition.parameter.targets, value, way)


def _fits(kind: str, modifier: str, targets: tuple[str, ...], value: Value, way: Found) -> bool:
    wanted = value.code or ""
    if kind == "token":
        if value.system is not None and value.system != way.system:
            return False
        return value.code in (None, way.code)
    if kind == "string":
        if modifier == "exact":
            return wanted == way.code
        there, wanted = _folded(way.code), _folded(wanted)
        return wanted in there if modifier == "contains" else there[: len(wanted)] == wanted
    if kind == "uri":
        longer, shorter = (wanted, way.code) if modifier == "above" else (way.code, wanted)
        if longer == shorter:
            return True
        return bool(modifier) and longer.startswith(shorter.rstrip("/") + "/")
    if kind == "reference":
        if "/" in wanted or ":" in wanted:
            # A canonical is found without its version, too.
            return wanted == way.code or (way.system == "" and way.code.split("|")[0] == wanted)
        if way.code != wanted or not way.system:
            return False
        if value.system:
            return way.system == value.system
        return way.system in targets if targets else True
    assert way.low is not None and way.high is not None
    if kind == "special":
        return _distance(way, value) <= (value.number or 0)
    if kind == "date":
        return _fits_date(value, int(way.low), int(way.high))
    unit_fits = kind == "number" or (
        value.code in (None, way.code)
        and (value.code is None or value.system in (None, way.system))
    )
    return unit_fits and _fits_number(value, way.low, way.high)


def _fits_date(value: Value, low: int, high: int) -> bool:
    text = value.text
    prefix = text[:2] if text[:2].isalpha() else "eq"
    first, after = moments(text.removeprefix(prefix).replace(" ", "+"))
    if prefix == "ap":
        near = max(after - first, 24 * 3600 * 10**6)
        return low < after + near and first - near < high
    contained = first <= low and high <= after
    return {
        "eq": contained,
        "ne": not contained,
        "gt": after < high,
        "ge": first < high,
        "lt": low < first,
        "le": low < after,
        "sa": after <= low,
        "eb": high <= first,
    }[prefix]


def _fits_number(value: Value, low: float, high: float) -> bool:
    text = value.text.split("|")[0]
    prefix = text[:2] if text[:2].isalpha() else "eq"
    written = text.removeprefix(prefix)
    number = Fraction(written)
    places = -int(Decimal(written).as_tuple().exponent)
    half = Fraction(1, 2) / Fraction(10) ** max(places, 0)
    if places < 0 and "e" in written.lower():
        half = Fraction(1, 2) * Fraction(10) ** -places
    bottom, top, exact = float(number - half), float(number + half), float(number)
    if prefix == "ap":
        near = abs(exact) / 10
        return low <= exact + near and exact - near <= high
    contained = bottom <= low and high < top
    return {
        "eq": contained,
        "ne": not contained,
        "gt": high > exact,
        "ge": high >= exact or contained,
        "lt": low < exact,
        "le": low <= exact or contained,
        "sa": low > exact,
        "eb": high < exact,
    }[prefix]


def _distance(way: Found, value: Value) -> float:
    """Kilometres between two positions, by the law of cosines on a sphere."""
    assert way.low is not None and way.high is not None
    assert value.low is not None and value.high is not None
    here, there = math.radians(way.low), math.radians(value.low)
    angle = math.sin(here) * math.sin(there) + math.cos(here) * math.cos(there) * math.cos(
        math.radians(way.high - value.high)
    )
    return 6371.0088 * math.acos(max(-1.0, min(1.0, angle)))
