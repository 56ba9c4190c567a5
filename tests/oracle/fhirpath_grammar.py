"""
Expressions over the whole language, made at random from the type model, and resources to ask.

An expression is mostly sensible for its type, so that it finds something; now and then it is
not, so that errors are compared, too. Deterministic by seed.
"""

from __future__ import annotations

import copy
import json
import random
from decimal import Decimal

from taihe.fhir import model

TEXTS = ("'c1'", "'alpha'", "'a'", "''", "'http://example.org/u'", "'太和县'", "'r-1'", "'/'")
NUMBERS = ("0", "1", "2", "3", "2.5", "0.004", "-7", "1.0", "100000", "2147483647")
DATES = ("@2020", "@2021-02", "@2022-03-04", "@2003-04-05T", "@2010-10-10T10:10:10+08:00",
         "@2011-01-01T00:00:00.250Z", "@T08:30:00")  # fmt: skip
QUANTITIES = ("1 'kg'", "2.5 'mg'", "3 days", "1 year", "10 'cm'", "4 '1'")
OTHERS = ("true", "false", "{}", "%resource.id", "(1 | 2)", "('a' | 'c1')", "%ucum", "%context.id",
          "$this", "today().exists()", "(1 | 'a' | true)")  # fmt: skip
TYPES = ("string", "code", "boolean", "CodeableConcept", "Quantity", "integer", "Coding", "date",
         "dateTime", "Reference", "Identifier", "System.String", "FHIR.uri", "Element", "Period",
         "Patient", "decimal", "HumanName")  # fmt: skip
TEXT_CALLS = (
    ".upper()", ".lower()", ".length()", ".startsWith('a')", ".endsWith('1')", ".contains('e')",
    ".substring(1)", ".substring(0, 2)", ".substring(-1)", ".substring(1, $this.length() - 2)",
    ".indexOf('p')", ".lastIndexOf('a')", ".replace('a', 'b')", ".trim()", ".toChars().count()",
    ".matches('^[a-z]+$')", ".matchesFull('c[0-9]')", ".replaceMatches('[0-9]', 'x')",
    ".split('/')", ".split('')", ".toInteger()", ".toDecimal()", ".toString()", ".toBoolean()",
    ".convertsToInteger()", ".toQuantity()", ".toDate()", ".encode('base64')", ".escape('html')",
    " & 'x'", " + 'x'", " in ('c1' | 'alpha')", " ~ 'C1'", ".startsWith($this)", ".hasValue()",
)  # fmt: skip
NUMBER_CALLS = (
    ".toString()", ".abs()", ".round(1)", ".ceiling()", ".floor()", ".truncate()", ".sqrt()",
    ".power(2)", ".toInteger()", ".toDecimal()", ".toQuantity()", " + 1", " - 2.5", " * 3", " / 2",
    " / 0", " div 2", " mod 2", " > 1", " <= 2.5", " < 0.004", " = 1", " != 2.5", " ~ 2.5",
    " & 'x'", ".lowBoundary()", ".highBoundary(2)", ".precision()", ".convertsToString()",
    " > 1 'kg'", " + 1 'kg'", ".exp()", ".ln()",
)  # fmt: skip
DATE_CALLS = (
    " > @2003-04-05", " <= @2021", " = @2022-03-04", " != @1999", " >= @2010-10-10T10:10:10+08:00",
    " + 1 month", " - 3 days", " + 1 year > @2021", ".toString()", ".toDate()", ".toDateTime()",
    ".lowBoundary()", ".highBoundary()", ".substring(0, 4)", " & 'x'", " ~ @2020", ".precision()",
    " < today()", " > now()", ".length()", ".startsWith('20')", " = @T08:30:00", " + 1 'kg'",
    " + 2 hours",
)  # fmt: skip
QUANTITY_CALLS = (
    " > 1 'kg'", " = 2.5 'mg'", ".value * 2", " + 1 'kg'", " / 2", ".toString()", ".unit", " ~ 1",
    ".value > 1", " < 5", ".abs()", ".lowBoundary()",
)  # fmt: skip
BOOLEAN_CALLS = (".not()", " and true", " or false", " xor true", " implies false", " = true",
                 " != false", ".toString()", ".toInteger()", " & 'x'")  # fmt: skip
ANY_CALLS = (
    ".exists()", ".empty()", ".count()", ".first()", ".last()", ".tail()", ".skip(1)", ".take(2)",
    ".skip(0)", ".take(0)", ".distinct()", ".isDistinct()", ".children()", ".children().count()",
    ".descendants()", ".descendants().count()", ".descendants().exists()", "[0]", "[1]", "[-1]",
    ".ofType({type})", ".as({type})", ".is({type})", " is {type}", " as {type}", ".type().name",
    ".union({path})", ".combine({path})", ".intersect({path})", ".exclude({path})",
    ".subsetOf({path})", ".supersetOf({path})", ".where({truth})", ".select({value})",
    ".exists({truth})", ".all({truth})", ".where($this is {type})", ".where($index > 0)",
    ".select($index)", ".aggregate($total + 1, 0)", ".aggregate(iif($total.empty(), $this, $total))",
    ".extension('http://example.org/e')", ".extension('http://example.org/e').value",
    ".hasExtension('http://example.org/e')", ".extension.value", ".id", ".single()", ".trace('t')",
    ".repeat({path})", ".repeat(item)", ".repeat(extension)", ".iif({truth}, 1, 'x')",
    ".iif({truth}, $this)", ".descendants().ofType({type})", ".descendants().where($this is {type})",
    ".descendants().code", ".descendants().reference", ".descendants().where({truth})", ".join('-')",
    ".allTrue()", ".resolve()", ".toString()", ".not()", ".select(%resource.id)", ".sort()",
    ".where(%resource.id = 'r-1')", ".convertsToString()", ".ofType({type}).first()", ".text",
    ".coding.code", ".code", ".value", ".system", ".reference", ".select({value} | {value})",
    ".where({truth}).first()", ".sum()", ".min()", ".coalesce({path})", ".children().ofType({type})",
    ".getReferenceKey()", ".getResourceKey()", ".conformsTo('http://example.org/p')",
)  # fmt: skip
JOINS = (" = ", " != ", " ~ ", " !~ ", " | ", " and ", " or ", " xor ", " implies ", " in ",
         " contains ", " < ", " >= ", " + ", " - ", " * ", " & ", " / ", " div ", " mod ")  # fmt: skip


class Grammar:
    """Makes expressions for one place."""

    def __init__(self, place: str, seed: object) -> None:
        self.pick = random.Random(f"{place} {seed}")
        self.place = place

    def one(self) -> str:
        roll = self.pick.random()
        if roll < 0.15:
            return self.truth(self.place, 3)
        if roll < 0.3:
            return self.value(self.place, 3)
        return self.path(self.place, 3)

    def path(self, place: str, depth: int) -> str:
        """Members and calls from a place."""
        text, fields = "", []
        at = place
        for _ in range(self.pick.choice((1, 1, 2, 2, 3))):
            named = model.named(at) if at else {}
            if not named:
                break
            name = self.pick.choice(sorted(named))
            fields = named[name]
            text += f".{name}" if text else name
            if name in ("contains", "in", "is", "as", "div", "mod", "and", "or"):
                text = text[: -len(name)] + f"`{name}`"
            field = self.pick.choice(fields)
            if len(fields) > 1 and self.pick.random() < 0.6:
                text += self.pick.choice((f".ofType({field.type})", f".as({field.type})"))
                fields = (field,)
            elif field.many and self.pick.random() < 0.25:
                text += self.pick.choice((".first()", "[0]", ".last()", ".where({truth})"))
                text = self.fill(text, field.place, depth - 1)
            at = field.place if field.type != "Resource" else ""
            if field.primitive:
                break
        if not text:
            return self.atom()
        if depth > 0:
            for _ in range(self.pick.choice((0, 1, 1, 2))):
                text += self.call(fields, at, depth - 1)
        return text

    def call(self, fields: object, at: str, depth: int) -> str:
        kinds = {f.type for f in fields}
        groups = []
        if kinds & {"string", "code", "uri", "id", "markdown", "canonical", "url"}:
            groups.append(TEXT_CALLS)
        if kinds & {"integer", "decimal", "positiveInt", "unsignedInt"}:
            groups.append(NUMBER_CALLS)
        if kinds & {"date", "dateTime", "instant", "time"}:
            groups.append(DATE_CALLS)
        if kinds & {"Quantity", "Age", "Duration", "SimpleQuantity"}:
            groups.append(QUANTITY_CALLS)
        if "boolean" in kinds:
            groups.append(BOOLEAN_CALLS)
        everything = TEXT_CALLS + NUMBER_CALLS + DATE_CALLS
        group = ANY_CALLS
        if groups and self.pick.random() < 0.55:
            group = self.pick.choice(groups)
        elif self.pick.random() < 0.04:
            group = everything
        text = self.pick.choice(group)
        if text[0] == " " and self.pick.random() < 0.5:
            return text
        return self.fill(text, at, depth)

    def fill(self, text: str, place: str, depth: int) -> str:
        for slot, make in (("{truth}", self.truth), ("{value}", self.value), ("{path}", self.path)):
            while slot in text:
                text = text.replace(slot, make(place, depth) if depth > 0 else "$this", 1)
        return text.replace("{type}", self.pick.choice(TYPES))

    def atom(self) -> str:
        group = self.pick.choice((TEXTS, NUMBERS, DATES, QUANTITIES, OTHERS))
        return self.pick.choice(group)

    def value(self, place: str, depth: int) -> str:
        if self.pick.random() < 0.3 or depth <= 0:
            return self.atom()
        if self.pick.random() < 0.35:
            join = self.pick.choice(JOINS)
            return f"({self.path(place, depth - 1)}){join}({self.value(place, depth - 1)})"
        return self.path(place, depth - 1)

    def truth(self, place: str, depth: int) -> str:
        roll = self.pick.random()
        if depth <= 0 or roll < 0.15:
            return self.pick.choice(("$this.exists()", "true", "id.empty()", "$index = 0"))
        if roll < 0.35:
            join = self.pick.choice((" and ", " or ", " xor ", " implies "))
            return f"({self.truth(place, depth - 1)}){join}({self.truth(place, depth - 1)})"
        if roll < 0.55:
            return f"({self.path(place, depth - 1)}).{self.pick.choice(('exists', 'empty'))}()"
        if roll < 0.65:
            return f"({self.truth(place, depth - 1)}).not()"
        join = self.pick.choice((" = ", " != ", " < ", " >= ", " ~ ", " in ", " contains "))
        path, other = self.path(place, depth - 1), self.value(place, depth - 1)
        if self.pick.random() < 0.2:
            path, other = other, path
        return f"({path}){join}({other})"


def broken(resource: dict, seed: object, times: int = 2) -> dict:
    """A copy with some JSON that is not as the model says, or seldom is."""
    pick = random.Random(f"broken {seed}")
    resource = copy.deepcopy(resource)
    holders: list[dict] = []

    def walk(value: object) -> None:
        if isinstance(value, dict):
            holders.append(value)
            for one in list(value.values()):
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)

    walk(resource)
    for _ in range(times):
        holder = pick.choice(holders)
        keys = [key for key in holder if key not in ("resourceType", "id")]
        if not keys:
            continue
        key = pick.choice(keys)
        value = holder[key]
        form = pick.randrange(9)
        beside = {"id": "x", "extension": [{"url": "http://example.org/e", "valueCode": "c1"}]}
        if form == 0:
            holder[key] = pick.choice(("text", 5, 2.5, True, {"a": 1}, None, ["c1"], {}, [], ""))
        elif form == 1 and isinstance(value, list):
            value.insert(pick.randrange(len(value) + 1), None)
        elif form == 2:
            holder[key] = [value] if not isinstance(value, list) else value[0] if value else {}
        elif form == 3 and not isinstance(value, dict | list):
            holder["_" + key] = beside
        elif form == 4 and isinstance(value, list):
            holder["_" + key] = [None, beside]
        elif form == 5 and not isinstance(value, dict | list):
            del holder[key]
            holder["_" + key] = beside
        elif form == 6:
            holder["unknown"] = pick.choice(("x", {"y": 1}))
        elif form == 7 and isinstance(value, str):
            holder[key] = pick.choice(("soon", "2020-13-01", "x" * 50, " "))
        elif form == 8 and not isinstance(value, str):
            holder["valueString"] = "twice"
    return resource


def exactly(resource: dict) -> dict:
    """The resource as `json.loads` gives it with exact decimals."""
    return json.loads(json.dumps(resource), parse_float=Decimal)
