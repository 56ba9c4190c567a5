"""
Reading `_filter`: tests joined by `and`, `or` and `not`, with parentheses.

A test is a path of search parameters, an operator and a value. `and` and `or` bind equally and
are taken from left to right, as the specification says; parentheses are clearer. Source:
https://hl7.org/fhir/R4/search_filter.html.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from taihe.fhir.search.conditions import (
    chain,
    known_parameter,
    reference_of,
    referring,
    related,
    suggestion,
)
from taihe.fhir.search.parameters import Parameter
from taihe.fhir.search.query import Condition, Criterion, Has, Junction
from taihe.fhir.search.terms import Terms
from taihe.fhir.search.values import PREFIXES, bad, members_of, read_value
from taihe.kernel.errors import Incorrect

LONGEST = 10_000
DEEPEST = 40
MOST_TESTS = 200
MOST_LINKS = 8

_OPERATORS = ("eq", "ne", "co", "sw", "ew", "gt", "lt", "ge", "le", "ap", "sa", "eb", "pr", "po",
              "ss", "sb", "in", "ni", "re")  # fmt: skip
# What an operator asks of each kind, as the modifier of a condition; ordered kinds take
# prefixes.
_MODIFIERS: dict[str, dict[str, str]] = {
    "string": {"eq": "equal", "ne": "unequal", "co": "contains", "sw": "", "ew": "ends"},
    "uri": {"eq": "", "ne": "unequal", "co": "contains", "sw": "starts", "ew": "ends"},
    "token": {"eq": "", "ne": "unequal", "ss": "below", "sb": "above", "in": "in", "ni": "not-in"},
    "reference": {"eq": "", "re": "", "ne": "unequal"},
    "composite": {"eq": ""},
    "special": {"eq": ""},
    "date": {"po": "overlaps"},
}
_ORDERED = ("date", "number", "quantity")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_\-]*")
_VALUE = re.compile(r'"((?:[^"\\]|\\.)*)"|[^\s\])"][^\s\])]*')


@dataclass(frozen=True, slots=True)
class _Test:
    """A test as it is written, before the types are known."""

    path: tuple[_Step, ...]
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class _Step:
    """One name of a path; `source` and `code` of a `_has`; a filter in brackets."""

    name: str
    target: str | None = None
    source: str = ""
    code: str = ""
    inside: _Node | None = None


@dataclass(frozen=True, slots=True)
class _Joined:
    operator: str
    nodes: tuple[_Node, ...]


_Node = _Test | _Joined


def read_filter(type: str, text: str, terms: Terms) -> Criterion:
    """
    Read a filter for one resource type.

    Raises Incorrect with the place of what cannot be read; a filter has at most 10 000
    characters, 200 tests and parentheses 40 deep.
    """
    if len(text) > LONGEST:
        raise Incorrect(f"_filter has more than {LONGEST} characters.", "Ask in several searches.")
    return _resolved(type, _Reader(text).whole(), terms, 0)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.tests = 0

    def whole(self) -> _Node:
        node = self.joined()
        if self.at < len(self.text):
            raise self.wrong("has something behind its end", "Join tests with and, or.")
        return node

    def wrong(self, what: str, do: str) -> Incorrect:
        return Incorrect(f"_filter {what}, at character {self.at + 1}.", do)

    def space(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def word(self) -> str:
        match = _NAME.match(self.text, self.at)
        return match.group() if match else ""

    def joined(self) -> _Node:
        """Tests joined from left to right."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.wrong("is nested too deeply", f"Use at most {DEEPEST} levels.")
        node = self.single()
        while True:
            self.space()
            word = self.word()
            if word not in ("and", "or"):
                self.depth -= 1
                return node
            self.at += len(word)
            following = self.single()
            if isinstance(node, _Joined) and node.operator == word:
                node = _Joined(word, (*node.nodes, following))
            else:
                node = _Joined(word, (node, following))

    def single(self) -> _Node:
        self.space()
        negated = self.word() == "not" and self.text[self.at + 3 :].lstrip()[:1] == "("
        if negated:
            self.at += 3
            self.space()
        if self.text[self.at : self.at + 1] == "(":
            inner = self.enclosed(")")
            return _Joined("not", (inner,)) if negated else inner
        return self.test()

    def enclosed(self, end: str) -> _Node:
        self.at += 1
        node = self.joined()
        self.space()
        if self.text[self.at : self.at + 1] != end:
            raise self.wrong(f"lacks a {end}", "Close what was opened.")
        self.at += 1
        # What was grouped is not joined with what follows as one list.
        return node

    def test(self) -> _Node:
        self.tests += 1
        if self.tests > MOST_TESTS:
            raise self.wrong(f"has more than {MOST_TESTS} tests", "Ask in several searches.")
        path = self.path()
        self.space()
        operator = self.word()
        if operator not in _OPERATORS:
            listed = f"Operators are {', '.join(_OPERATORS)}."
            raise self.wrong("has no operator here", suggestion(operator, _OPERATORS) or listed)
        self.at += len(operator)
        self.space()
        match = _VALUE.match(self.text, self.at)
        if match is None:
            raise self.wrong("has no value here", "Write text in double quotes.")
        value = match.group()
        if match[1] is not None:
            try:
                value = json.loads(value)
            except ValueError:
                raise self.wrong(
                    "has text that cannot be read", "Write text as JSON does."
                ) from None
        self.at = match.end()
        return _Test(path, operator, value)

    def path(self) -> tuple[_Step, ...]:
        steps: list[_Step] = []
        while True:
            name = self.word()
            if not name:
                raise self.wrong("has no parameter here", "Write parameter operator value.")
            self.at += len(name)
            if name == "_has":
                steps.append(self.has())
                continue
            target = None
            if self.text[self.at : self.at + 1] == ":":
                self.at += 1
                target = self.word()
                self.at += len(target)
            inside = None
            if self.text[self.at : self.at + 1] == "[":
                inside = self.enclosed("]")
            steps.append(_Step(name, target, inside=inside))
            if len(steps) > MOST_LINKS:
                raise self.wrong("has a path that is too long", "Search in two steps.")
            if self.text[self.at : self.at + 1] != ".":
                return tuple(steps)
            self.at += 1

    def has(self) -> _Step:
        found = []
        for _ in range(2):
            if self.text[self.at : self.at + 1] != ":":
                raise self.wrong("has an incomplete _has", "Write _has:Observation:patient:code.")
            self.at += 1
            word = self.word()
            self.at += len(word)
            found.append(word)
        if self.text[self.at : self.at + 1] != ":":
            raise self.wrong("has an incomplete _has", "Write _has:Observation:patient:code.")
        self.at += 1
        return _Step("_has", source=found[0], code=found[1])


def _resolved(type: str, node: _Node, terms: Terms, links: int) -> Criterion:
    if isinstance(node, _Joined):
        return Junction(node.operator, tuple(_resolved(type, n, terms, links) for n in node.nodes))
    return _along(type, node.path, node, terms, links)


def _along(type: str, path: tuple[_Step, ...], test: _Test, terms: Terms, links: int) -> Criterion:
    step, rest = path[0], path[1:]
    if links > MOST_LINKS:
        raise Incorrect(f"A chain has at most {MOST_LINKS} links.", "Search in two steps.")
    if step.name == "_has":
        parameter = referring(type, step.source, step.code)
        return Has(step.source, parameter, _along(step.source, rest, test, terms, links + 1))
    if not rest:
        if step.inside is not None or step.target is not None:
            raise Incorrect(
                f"A path of _filter ends with {step.name}, of which nothing is asked.",
                "Write a parameter behind it, as in subject.name.",
            )
        name = "_id" if step.name == "id" else step.name
        return _condition(known_parameter(type, name), test, terms)

    def onwards(one: str) -> Criterion:
        found = _along(one, rest, test, terms, links + 1)
        if step.inside is None:
            return found
        return Junction("and", (_resolved(one, step.inside, terms, links + 1), found))

    first = rest[0].name + ("." if len(rest) > 1 else "")
    return chain(reference_of(type, step.name), step.target, onwards, first=first, links=links)


def _condition(parameter: Parameter, test: _Test, terms: Terms) -> Condition:
    operator, kind, value = test.operator, parameter.kind, test.value
    if operator == "pr":
        if value not in ("true", "false"):
            raise bad(parameter, "neither true nor false", "Write pr true or pr false.")
        if kind == "composite":
            raise Incorrect(f"{parameter.code} takes no pr.", "Ask for its parts one by one.")
        return Condition(parameter, "missing", (), missing=value == "false")
    if kind in _ORDERED and operator in PREFIXES:
        if value[:2] in PREFIXES:
            raise bad(parameter, "written with a prefix", "The operator stands before it.")
        return Condition(parameter, "", (read_value(parameter, operator + value),))
    modifier = _MODIFIERS.get(kind, {}).get(operator)
    if modifier is None:
        able = (*_MODIFIERS.get(kind, ()), *(PREFIXES if kind in _ORDERED else ()), "pr")
        raise Incorrect(
            f"{parameter.code} takes no {operator}.", "It takes " + ", ".join(able) + "."
        )
    return _OF_MODIFIER.get(modifier, _plain)(parameter, value, modifier, terms)


def _plain(parameter: Parameter, value: str, modifier: str, terms: Terms) -> Condition:
    return Condition(parameter, modifier, (read_value(parameter, value),))


def _members(parameter: Parameter, value: str, modifier: str, terms: Terms) -> Condition:
    return Condition(parameter, modifier, members_of(parameter, value, terms))


def _related(parameter: Parameter, value: str, modifier: str, terms: Terms) -> Condition:
    return related(parameter, (value,), modifier, terms)


_OF_MODIFIER: dict[str, Callable[[Parameter, str, str, Terms], Condition]] = {
    "in": _members,
    "not-in": _members,
    "above": _related,
    "below": _related,
}
