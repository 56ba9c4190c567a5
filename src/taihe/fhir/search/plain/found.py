"""The ways in which an item is found: codes, texts, spans of time, amounts."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, NamedTuple

from taihe.fhir import definitions
from taihe.fhir.search.names import SURNAMES
from taihe.fhir.search.plain.walk import Item, descends, parts_of

FOREVER = 2**62


TEXTS = frozenset(
    ("string", "markdown", "code", "id", "uri", "url", "canonical", "oid", "uuid", "xhtml")
)


NUMBERS = frozenset(("decimal", "integer", "positiveInt", "unsignedInt"))


DATES = frozenset(("date", "dateTime", "instant"))


class Found(NamedTuple):
    """One way in which a resource is found under a parameter."""

    system: str = ""
    code: str = ""
    low: float | int | None = None
    high: float | int | None = None
    parts: tuple[Found, ...] = ()


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
    """Whether any character is a Chinese one."""
    return any(
        0x4E00 <= ord(c) <= 0x9FFF
        or 0x3400 <= ord(c) <= 0x4DBF
        or 0x20000 <= ord(c) <= 0x3FFFF
        or c == "〇"
        for c in text
    )


def names(name: Mapping[str, Any]) -> Iterator[str]:
    """Every spelling of a HumanName: parts, joined, between dots, and pinyin."""
    for part in ("text", "family"):
        if name.get(part):
            yield name[part]
    for part in ("given", "prefix", "suffix"):
        yield from (t for t in name.get(part) or [] if t)
    family, given = name.get("family") or "", [g for g in name.get("given") or [] if g]
    joined = ""
    if family and given:
        joined = "".join([family, *given])
        joined = joined if is_han(joined) else " ".join([family, *given])
        yield joined
    whole = name.get("text") or joined or family or "".join(given)
    if not is_han(whole) or len(whole) > 100 or len(family) > 100:
        return
    yield from pinyin(whole, family)
    between = [part.strip() for part in re.split("[·•‧⋅・･·∙●.．]", whole)]
    if len([part for part in between if part]) > 1:
        yield from (part for part in between if part)
    if len([part for part in between if is_han(part)]) > 1:
        for part in between:
            for spelling in pinyin(part, ""):
                # Initials of a part would find too much.
                if " " in spelling:
                    yield spelling.replace(" ", "")
                elif len([c for c in part if is_han(c)]) == 1 and len(spelling) > 1:
                    yield spelling


def pinyin(text: str, family: str) -> Iterator[str]:
    """The pinyin of a name, joined, in syllables and as initials, for each way to read it."""
    from pypinyin import lazy_pinyin

    characters = [c for c in text if is_han(c)]
    if not characters:
        return
    line = "".join(characters)
    own = "".join(c for c in family if is_han(c))
    readings = [lazy_pinyin(line, v_to_u=False)]
    if not family or line.startswith(own):
        surname = ""
        for candidate in SURNAMES:
            longer = len(candidate) > len(surname)
            if line.startswith(candidate) and longer and not (len(family) == 1 < len(candidate)):
                surname = candidate
        if surname:
            rest = line[len(surname) :]
            readings.append(SURNAMES[surname].split() + lazy_pinyin(rest, v_to_u=False))
    for syllables in readings:
        syllables = [s for s in syllables if s.isascii() and s.strip()]
        for form in ("v", "u", "yu"):
            spelled = [s.replace("v", form) for s in syllables]
            yield "".join(spelled)
            yield " ".join(spelled)
        yield "".join(s[0] for s in syllables)


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
        elif type in ("uri", "url", "canonical") and value[:1] != "#":
            parts = value.split("/")
            if len(parts) == 2 and parts[0] in definitions.resource_types():
                yield Found(parts[0], parts[1])
            else:
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
        spans = [moments(t) for t in value.get("event", []) if t]
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


def texts_of(item: Item) -> list[str | None]:
    if item.type == "Identifier":
        return [item.value.get("type", {}).get("text")]
    return _strings(item.value, item.type) if item.type in ("CodeableConcept", "Coding") else []
