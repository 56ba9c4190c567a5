"""
A slow plain twin of `taihe.fhir.search.extract`.

It walks the tree of each search expression over the resource, item by item, and turns what it
finds into rows by its own reading of the specification. It shares the parser and the published
tables with the library, and no other code.
"""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from pypinyin import lazy_pinyin

from taihe.fhir import definitions
from taihe.fhir.fhirpath import tree
from taihe.fhir.fhirpath.parser import parse

FOREVER = 2**62
TEXTS = {"string", "markdown", "code", "id", "uri", "url", "canonical", "oid", "uuid", "xhtml"}
WHOLE = {"decimal", "integer", "positiveInt", "unsignedInt"}


class Item:
    def __init__(self, value, type, place, system=""):
        self.value, self.type, self.place, self.system = value, type, place, system


def descends(name, wanted):
    while name:
        if name.lower() == wanted.lower():
            return True
        row = definitions.types().get(name)
        name = row.base if row else ""
    return False


def children(item, name):
    if not isinstance(item.value, dict):
        return []
    found = []
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
    def __init__(self, resource):
        kind = resource["resourceType"]
        self.resource = Item(resource, kind, kind)

    def __call__(self, node, focus):
        if isinstance(node, tree.Member):
            if node.source is None:
                if len(focus) == 1 and focus[0] is self.resource and node.name[0].isupper():
                    return focus if descends(focus[0].type, node.name) else []
                return [c for item in focus for c in children(item, node.name)]
            return [c for item in self(node.source, focus) for c in children(item, node.name)]
        if isinstance(node, tree.Binary):
            return self.binary(node, focus)
        if isinstance(node, tree.TypeTest):
            items = self(node.operand, focus)
            if node.operator == "as":
                return [i for i in items if descends(i.type, node.type)]
            return [any(i.type == node.type for i in items)]
        if isinstance(node, tree.Index):
            return self(node.source, focus)[node.index.value :][:1]
        if isinstance(node, tree.Variable):
            return [self.resource]
        if isinstance(node, tree.Literal):
            return [node.value]
        return self.call(node, focus)

    def binary(self, node, focus):
        left, right = self(node.left, focus), self(node.right, focus)
        if node.operator == "|":
            return left + right
        if node.operator == "and":
            return [bool(left and left[0]) and bool(right and right[0])]
        values = [[getattr(i, "value", i) for i in side] for side in (left, right)]
        if not values[0] or not values[1]:
            return []
        return [(values[0] == values[1]) == (node.operator == "=")]

    def call(self, node, focus):
        items = focus if node.source is None else self(node.source, focus)
        name = node.name
        if name == "where":
            return [i for i in items if self(node.arguments[0], [i])[:1] == [True]]
        if name in ("as", "ofType"):
            return [i for i in items if descends(i.type, node.arguments[0].name)]
        if name == "exists":
            return [bool(items)]
        if name in ("extension", "hasExtension"):
            url = node.arguments[0].value
            found = [
                e for i in items for e in children(i, "extension") if e.value.get("url") == url
            ]
            return found if name == "extension" else [bool(found)]
        assert name == "resolve", name
        return [Item(None, self.target(i.value), "") for i in items if isinstance(i.value, dict)]

    def target(self, reference):
        text = reference.get("reference") or ""
        if text.startswith("#"):
            for contained in self.resource.value.get("contained", []):
                if contained["id"] == text[1:]:
                    return contained["resourceType"]
            return ""
        return parts_of(text)[0] or reference.get("type", "")


def parts_of(text):
    pieces = text.split("/_history/")[0].split("/")
    if len(pieces) >= 2 and pieces[-2] in definitions.resource_types():
        return pieces[-2], pieces[-1] if len(pieces) == 2 else "/".join(pieces)
    return "", text


def moments(text):
    """First and last-plus-one microsecond of a date."""
    zone = UTC
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
    start = datetime(*(numbers + [1, 1])[:3], tzinfo=zone)
    if not time:
        days = {
            1: 366 if calendar.isleap(numbers[0]) else 365,
            2: calendar.monthrange(numbers[0], numbers[1])[1] if len(numbers) > 1 else 0,
            3: 1,
        }[len(numbers)]
        length = timedelta(days=days)
    else:
        seconds, _, fraction = time.partition(".")
        clock = [int(p) for p in seconds.split(":")]
        start += timedelta(hours=clock[0], minutes=clock[1], seconds=(clock + [0])[2])
        length = timedelta(seconds=1 if len(clock) > 2 else 60)
        if fraction:
            start += timedelta(microseconds=int((fraction + "000000")[:6]))
            length = timedelta(microseconds=10 ** (6 - min(6, len(fraction))))
    first = (start - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return first, first + length // timedelta(microseconds=1)


def digits(value):
    text = str(value)
    places = len(text.split("e")[0].partition(".")[2])
    if "e" in text:
        places -= int(text.split("e")[1])
    half = Decimal("0.5") / (Decimal(10) ** max(places, 0))
    return float(Decimal(text) - half), float(Decimal(text) + half)


def is_han(text):
    return any("\u4e00" <= c <= "\u9fff" for c in text)


def names(name):
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


def rows_of(kind, item):
    """(system, code, low, high) for each way an item is found under a kind of parameter."""
    value, type = item.value, item.type
    if type == "Extension":
        for key, inner in value.items():
            if key.startswith("value"):
                for element in definitions.children("Extension")["value[x]"].types:
                    if key == "value" + element[0].upper() + element[1:]:
                        yield from rows_of(kind, Item(inner, element, element))
        return
    if kind == "token":
        codings = {"CodeableConcept": lambda: value.get("coding", []), "Coding": lambda: [value]}
        if type in codings:
            for coding in codings[type]():
                if coding.get("code") or coding.get("system"):
                    yield coding.get("system", ""), coding.get("code", ""), None, None
        elif type in ("Identifier", "ContactPoint"):
            if value.get("value"):
                yield (
                    value.get("system", "") if type == "Identifier" else "",
                    value["value"],
                    None,
                    None,
                )
        elif type == "boolean":
            yield "", "true" if value else "false", None, None
        elif type in TEXTS or type in WHOLE or type in ("date", "dateTime", "instant"):
            yield item.system, str(value), None, None
    elif kind == "string":
        texts = []
        if type == "HumanName":
            texts = list(names(value))
        elif type == "Address":
            for part in ("text", "line", "city", "district", "state", "postalCode", "country"):
                inner = value.get(part) or []
                texts += [inner] if isinstance(inner, str) else inner
        elif type == "CodeableConcept":
            texts = [value.get("text"), *(c.get("display") for c in value.get("coding", []))]
        elif type == "Coding":
            texts = [value.get("display")]
        elif type in TEXTS:
            texts = [value]
        for text in texts:
            if text:
                yield "", text, None, None
    elif kind == "date":
        if type in ("date", "dateTime", "instant"):
            yield "", "", *moments(value)
        elif type == "Period" and (value.get("start") or value.get("end")):
            low = moments(value["start"])[0] if value.get("start") else -FOREVER
            high = moments(value["end"])[1] if value.get("end") else FOREVER
            yield "", "", low, high
        elif type == "Timing":
            spans = [moments(t) for t in value.get("event", [])]
            bounds = value.get("repeat", {}).get("boundsPeriod")
            if bounds:
                spans += [tuple(row[2:]) for row in rows_of("date", Item(bounds, "Period", ""))]
            if spans:
                yield "", "", min(s[0] for s in spans), max(s[1] for s in spans)
    elif kind == "reference":
        if type == "Reference":
            text = value.get("reference", "")
            if text and not text.startswith("#"):
                target, code = parts_of(text)
                yield target or value.get("type", ""), code, None, None
        elif type in ("uri", "url", "canonical"):
            yield "", value, None, None
        elif isinstance(value, dict) and "resourceType" in value and value.get("id"):
            yield value["resourceType"], value["id"], None, None
    elif kind in ("number", "quantity"):
        if type in WHOLE:
            yield "", "", *digits(value)
        elif descends(type, "Quantity") and value.get("value") is not None:
            coded = bool(value.get("code"))
            unit = value.get("code") or value.get("unit", "")
            yield value.get("system", "") if coded else "", unit, *digits(value["value"])
        elif type == "Money" and value.get("value") is not None:
            yield "urn:iso:std:iso:4217", value.get("currency", ""), *digits(value["value"])
        elif type == "Range":
            low, high = value.get("low") or {}, value.get("high") or {}
            ends = [low.get("value"), high.get("value")]
            if ends != [None, None]:
                unit = low if ends[0] is not None else high
                system, code = "", ""
                if kind == "quantity":
                    code = unit.get("code") or unit.get("unit", "")
                    system = unit.get("system", "") if unit.get("code") else ""
                yield (
                    system,
                    code,
                    float("-inf") if ends[0] is None else digits(ends[0])[0],
                    float("inf") if ends[1] is None else digits(ends[1])[1],
                )
    elif kind == "uri":
        if type in TEXTS:
            yield "", value, None, None
    elif kind == "special" and "latitude" in value and "longitude" in value:
        yield "", "", float(value["latitude"]), float(value["longitude"])


def index_rows(resource):
    """The set of (number, kind, system, code, low, high, parts) of a resource."""
    walk = Walk(resource)
    kind = resource["resourceType"]
    numbers = definitions.parameter_numbers()
    lines = []
    while kind:
        lines.append(kind)
        kind = definitions.types()[kind].base
    own = {}
    for row in definitions.search_parameters():
        for base in row.bases:
            if base in lines and (
                row.code not in own or lines.index(base) < lines.index(own[row.code][1])
            ):
                own[row.code] = (row, base)
    found = set()

    def simple(row, base, focus, expression):
        number = numbers[base, row.code]
        for item in walk(parse(expression), focus):
            if isinstance(item, bool):
                item = Item(item, "boolean", "boolean")
            for system, code, low, high in rows_of(row.kind, item):
                yield (number, row.kind, system, code, low, high, ())

    for row, base in own.values():
        if not row.expression:
            continue
        if row.kind != "composite":
            found.update(simple(row, base, [walk.resource], row.expression))
            continue
        for item in walk(parse(row.expression), [walk.resource]):
            combinations = [()]
            for code, expression in row.components:
                part, part_base = own[code]
                parts = list(simple(part, part_base, [item], expression))
                combinations = [c + (p,) for c in combinations for p in parts]
            for parts in combinations:
                found.add((numbers[base, row.code], "composite", "", "", None, None, parts))
    return found
