"""
The fast form of an expression for one resource type: a Python function written from the tree.

It walks JSON directly where the type model says what is there, and covers paths, `where`,
`exists`, `first`, comparison with literals and logic: what search, consent and most views ask.
Anything else has no fast form (`NotFast`), and data that is not as the model says (`Slow`) is
left to the closures, which answer the same. `tests/oracle` compares both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from taihe.fhir import model
from taihe.fhir.fhirpath.elements import Element, is_cast
from taihe.fhir.fhirpath.tree import (
    Binary,
    Call,
    Index,
    Literal,
    Member,
    Node,
    Special,
    TypeTest,
    Variable,
)
from taihe.fhir.fhirpath.values import Temporal, parse_temporal

Fast = Callable[[dict[str, Any]], list[Any]]

_WHOLE = frozenset(("integer", "positiveInt", "unsignedInt"))
_DATES = {"date": "Date", "dateTime": "DateTime", "instant": "DateTime", "time": "Time"}
_BOOLEAN_CALLS = frozenset(("exists", "empty", "not", "is"))
_LOGIC = frozenset(("and", "or", "implies"))
_ORDER = frozenset(("<", "<=", ">", ">="))


class NotFast(Exception):
    """The expression has no fast form."""


class Slow(Exception):
    """This data is not as the type model says: the closures must answer."""


@lru_cache(maxsize=16384)
def _temporal(text: str, kind: str) -> Temporal:
    found = parse_temporal(text, kind)
    if found is None:
        raise Slow
    return found


@lru_cache(maxsize=16384)
def date_test(text: str, kind: str, literal: Temporal, operator: str) -> bool | None:
    """Compare the text of a date with a literal; None when it is not known."""
    value = _temporal(text, kind)
    if operator in ("=", "!="):
        same = value.equals(literal)
        return None if same is None else same == (operator == "=")
    order = value.compare(literal)
    if order is None:
        return None
    return {"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[operator]


class _Step:
    """An element that may repeat or has elements of its own; `below` is None for a primitive."""

    __slots__ = ("below", "many")

    def __init__(self, many: bool, below: dict[str, Any] | None) -> None:
        self.many = many
        self.below = below


@cache
def below_plan(place: str) -> dict[str, Any]:
    """What JSON may have at a place by key: True for a primitive that is there once."""
    plan: dict[str, Any] = {"resourceType": None} if model.kind(place) == "resource" else {}
    _PLANS[place] = plan
    for key, found in model.fields(place).items():
        if found.type == "Resource":
            plan[key] = False
        elif found.primitive:
            plan[key] = _Step(True, None) if found.many else True
        else:
            below = _PLANS.get(found.place)
            plan[key] = _Step(found.many, below_plan(found.place) if below is None else below)
    return plan


_PLANS: dict[str, dict[str, Any]] = {}


def deep_count(value: dict[str, Any], plan: dict[str, Any]) -> int:
    """How many elements are below a structure."""
    total = len(value)
    for key, one in value.items():
        step = plan[key]  # a KeyError is as good as Slow
        if step is True:
            if type(one) is list:
                raise Slow
        elif step is None:
            total -= 1
        elif step is False or (type(one) is list) != step.many:
            raise Slow
        elif step.below is None:
            if None in one:
                raise Slow
            total += len(one) - 1
        elif step.many:
            below = step.below
            total += len(one) - 1
            for inner in one:
                total += deep_count(inner, below)
        else:
            total += deep_count(one, step.below)
    return total


@dataclass(frozen=True)
class _Item:
    """One item in the written function: its variable, and what the model says of it."""

    variable: str
    type: str
    place: str

    @property
    def kind(self) -> str:
        if self.type == "boolean":
            return "boolean"
        if self.type in _WHOLE or self.type == "decimal":
            return "number"
        if self.type in _DATES:
            return "date"
        return "text" if model.kind(self.type) == "primitive" else "complex"


Emit = Callable[[_Item], None]


class _Writer:
    def __init__(self, resource_type: str) -> None:
        self.root = _Item("r", resource_type, resource_type)
        self.lines: list[str] = []
        self.indent = 1
        self.count = 0
        self.loops = 0
        self.space: dict[str, Any] = {
            "Slow": Slow,
            "Decimal": Decimal,
            "date_test": date_test,
            "deep_count": deep_count,
        }

    def line(self, text: str) -> None:
        self.lines.append("    " * self.indent + text)

    def name(self) -> str:
        self.count += 1
        return f"v{self.count}"

    # Collections: `emit` writes what is done with each item.

    def each(self, node: Node, focus: _Item, emit: Emit) -> None:
        depth, loops = self.indent, self.loops
        if isinstance(node, Member):
            self.member(node, focus, emit)
        elif isinstance(node, Special) and node.name == "$this":
            emit(focus)
        elif isinstance(node, Variable) and node.name in ("resource", "context"):
            emit(self.root)
        elif isinstance(node, TypeTest) and node.operator == "as":
            self.cast(node.operand, node.type, focus, emit, single=True)
        elif isinstance(node, Index) and isinstance(node.index, Literal):
            self.position(node.source, f"[{int(node.index.value)}]", focus, emit)
        elif isinstance(node, Call):
            self.call(node, focus, emit)
        else:
            raise NotFast
        self.indent, self.loops = depth, loops

    def member(self, node: Member, focus: _Item, emit: Emit) -> None:
        if node.source is None:
            if model.kind(node.name) == "resource":
                if focus is not self.root:
                    raise NotFast
                if model.is_a(focus.type, node.name):
                    emit(focus)
                return
            self.child(focus, node.name, emit)
            return
        self.each(node.source, focus, lambda item: self.child(item, node.name, emit))

    def child(self, item: _Item, name: str, emit: Emit) -> None:
        if item.kind != "complex":
            if name in ("id", "extension"):
                raise NotFast
            return
        for found in model.named(item.place).get(name, ()):
            if found.type == "Resource":
                raise NotFast
            depth, loops, begin = self.indent, self.loops, len(self.lines)
            if found.primitive:
                self.line(f"if {'_' + found.key!r} in {item.variable}: raise Slow")
            value = self.name()
            self.line(f"{value} = {item.variable}.get({found.key!r})")
            self.line(f"if {value} is not None:")
            self.indent += 1
            if found.many:
                one = self.name()
                self.line(f"if type({value}) is not list: raise Slow")
                self.line(f"for {one} in {value}:")
                self.indent += 1
                self.loops += 1
                value = one
                if found.primitive:
                    self.line(f"if {one} is None: raise Slow")
            elif found.primitive:
                self.line(f"if type({value}) is list: raise Slow")
            body = len(self.lines)
            emit(_Item(value, found.type, found.place))
            if len(self.lines) == body:
                del self.lines[begin:]
            self.indent, self.loops = depth, loops

    def cast(self, node: Node, wanted: str, focus: _Item, emit: Emit, *, single: bool) -> None:
        outer = self.loops

        def keep(item: _Item) -> None:
            if single and self.loops > outer:
                raise NotFast
            if is_cast(Element(None, item.type, item.place), wanted):
                emit(item)

        self.each(node, focus, keep)

    def collected(self, node: Node, focus: _Item) -> tuple[str, _Item | None]:
        """A list variable with every item; the items are all of one type."""
        listed = self.name()
        self.line(f"{listed} = []")
        kinds: list[_Item] = []

        def add(item: _Item) -> None:
            kinds.append(item)
            self.line(f"{listed}.append({item.variable})")

        self.each(node, focus, add)
        if any((k.type, k.place) != (kinds[0].type, kinds[0].place) for k in kinds):
            raise NotFast
        return listed, kinds[0] if kinds else None

    def position(self, node: Node, at: str, focus: _Item, emit: Emit) -> None:
        listed, kind = self.collected(node, focus)
        if kind is None:
            return
        value = self.name()
        self.line(f"if len({listed}) > {at.strip('[]').replace('-1', '0')}:")
        self.indent += 1
        self.line(f"{value} = {listed}{at}")
        emit(_Item(value, kind.type, kind.place))

    def call(self, node: Call, focus: _Item, emit: Emit) -> None:
        arguments = node.arguments

        def source(then: Emit) -> None:
            if node.source is None:
                then(focus)
            else:
                self.each(node.source, focus, then)

        if node.name == "where":
            source(lambda item: self.kept(arguments[0], item, emit))
        elif node.name == "select":
            source(lambda item: self.each(arguments[0], item, emit))
        elif node.name in ("first", "last") and node.source is not None:
            self.position(node.source, "[0]" if node.name == "first" else "[-1]", focus, emit)
        elif node.name in ("ofType", "as") and node.source is not None:
            if not isinstance(arguments[0], Member) or arguments[0].source is not None:
                raise NotFast
            wanted = arguments[0].name
            self.cast(node.source, wanted, focus, emit, single=node.name == "as")
        elif node.name == "extension" and isinstance(arguments[0], Literal):
            url = arguments[0].value
            source(lambda item: self.extensions(item, url, emit))
        else:
            raise NotFast

    def kept(self, condition: Node, item: _Item, emit: Emit) -> None:
        held = self.truth(condition, item)
        self.line(f"if {held} is True:")
        self.indent += 1
        body = len(self.lines)
        emit(item)
        if len(self.lines) == body:
            self.line("pass")
        self.indent -= 1

    def extensions(self, item: _Item, url: object, emit: Emit) -> None:
        if item.kind != "complex":
            raise NotFast
        one = self.name()
        depth = self.indent
        self.line(f"for {one} in {item.variable}.get('extension') or ():")
        self.indent += 1
        self.loops += 1
        self.line(f"if {one}.get('url') == {url!r}:")
        self.indent += 1
        body = len(self.lines)
        emit(_Item(one, "Extension", "Extension"))
        if len(self.lines) == body:
            self.line("pass")
        self.indent = depth

    # One value: a variable that is None when there is nothing.

    def truth(self, node: Node, focus: _Item) -> str:
        """A variable that holds True, False or None."""
        if isinstance(node, Literal) and node.kind == "Boolean":
            return str(node.value)
        if isinstance(node, Binary):
            if node.operator in _LOGIC:
                return self.logic(node, focus)
            if node.operator in _ORDER or node.operator in ("=", "!="):
                return self.comparison(node, focus)
            raise NotFast
        if isinstance(node, Call) and node.name in _BOOLEAN_CALLS:
            return self.boolean_call(node, focus)
        value, item = self.scalar(node, focus)
        if item is None:
            return "None"
        if item.kind != "boolean":
            raise NotFast
        return value

    def scalar(self, node: Node, focus: _Item) -> tuple[str, _Item | None]:
        """A variable with the only item of a path that cannot repeat."""
        value = self.name()
        self.line(f"{value} = None")
        kinds: list[_Item] = []
        outer = self.loops

        def assign(item: _Item) -> None:
            if self.loops > outer or kinds:
                raise NotFast
            kinds.append(item)
            self.line(f"{value} = {item.variable}")

        self.each(node, focus, assign)
        return value, kinds[0] if kinds else None

    def logic(self, node: Binary, focus: _Item) -> str:
        result = self.name()
        left = self.truth(node.left, focus)
        decided = {"and": ("False", "False"), "or": ("True", "True"), "implies": ("False", "True")}
        when, then = decided[node.operator]
        self.line(f"if {left} is {when}: {result} = {then}")
        self.line("else:")
        self.indent += 1
        right = self.truth(node.right, focus)
        if node.operator == "and":
            rule = f"False if {right} is False else (True if {left} and {right} else None)"
        elif node.operator == "or":
            other = f"(False if {left} is False and {right} is False else None)"
            rule = f"True if {right} is True else {other}"
        else:
            rule = f"True if {right} is True else ({right} if {left} is True else None)"
        self.line(f"{result} = {rule}")
        self.indent -= 1
        return result

    def boolean_call(self, node: Call, focus: _Item) -> str:
        result = self.name()
        if node.name == "not":
            if node.source is None or node.arguments:
                raise NotFast
            held = self.truth(node.source, focus)
            self.line(f"{result} = None if {held} is None else not {held}")
            return result
        if node.source is None or (node.arguments and node.name != "exists"):
            raise NotFast
        found, missing = ("True", "False") if node.name == "exists" else ("False", "True")
        self.line(f"{result} = {missing}")

        def note(item: _Item) -> None:
            if node.arguments:
                held = self.truth(node.arguments[0], item)
                self.line(f"if {held} is True: {result} = {found}")
            else:
                self.line(f"{result} = {found}")

        if _is_truth(node.source):
            raise NotFast
        self.each(node.source, focus, note)
        return result

    def comparison(self, node: Binary, focus: _Item) -> str:
        if not isinstance(node.right, Literal) or isinstance(node.left, Literal):
            raise NotFast
        result, literal = self.name(), node.right
        many = False
        start, count, loops, indent = len(self.lines), self.count, self.loops, self.indent
        try:
            value, item = self.scalar(node.left, focus)
        except NotFast:
            if node.operator in _ORDER:
                raise
            del self.lines[start:]
            self.count, self.loops, self.indent = count, loops, indent
            value, item = self.collected(node.left, focus)
            many = True
        if item is None:
            return "None"
        if not many:
            test = self.test(value, item, node.operator, literal)
            self.line(f"{result} = None if {value} is None else {test}")
            return result
        inner = self.test(f"{value}[0]", item, node.operator, literal)
        other = "False" if node.operator == "=" else "True"
        self.line(f"{result} = None if not {value} else {inner} if len({value}) == 1 else {other}")
        return result

    def test(self, value: str, item: _Item, operator: str, literal: Literal) -> str:
        python = "==" if operator == "=" else operator
        if literal.kind == "String" and item.kind == "text":
            return f"({value} {python} {literal.value!r})"
        if literal.kind == "Boolean" and item.kind == "boolean" and operator in ("=", "!="):
            return f"({value} {python} {literal.value!r})"
        if literal.kind in ("Integer", "Decimal") and item.kind == "number":
            number = literal.value if literal.kind == "Integer" else float(literal.value)
            if literal.kind == "Decimal" and len(str(literal.value)) > 15:
                raise NotFast
            checked = self.name()
            self.space["number_of"] = _number_of
            return f"(number_of({checked} := {value}) {python} {number!r})"
        if literal.kind in ("Date", "DateTime", "Time") and item.kind == "date":
            temporal = parse_temporal(str(literal.value), literal.kind)
            if temporal is None:
                raise NotFast
            constant = self.name()
            self.space[constant] = temporal
            return f"date_test({value}, {_DATES[item.type]!r}, {constant}, {operator!r})"
        raise NotFast


def _number_of(value: Any) -> int | float:
    if type(value) is int or type(value) is float:
        return value
    raise Slow


def _is_truth(node: Node) -> bool:
    if isinstance(node, Binary):
        return node.operator in _LOGIC or node.operator in _ORDER or node.operator in ("=", "!=")
    return isinstance(node, Call) and node.name in _BOOLEAN_CALLS


def fast_form(tree: Node, resource_type: str) -> Fast | None:
    """The function of an expression for a resource type, or None when it has no fast form."""
    writer = _Writer(resource_type)
    try:
        writer.line("out = []")
        if _is_truth(tree):
            held = writer.truth(tree, writer.root)
            writer.line(f"return [] if {held} is None else [{held}]")
        elif isinstance(tree, Call) and tree.name == "count" and tree.source is not None:
            number = writer.name()
            writer.line(f"{number} = 0")
            source, deep = tree.source, False
            if isinstance(source, Call) and source.name == "descendants":
                source, deep = source.source or Special(0, "$this"), True

            def count(item: _Item) -> None:
                if deep and item.kind != "complex":
                    raise NotFast
                plan = f"plan{len(writer.space)}"
                writer.space[plan] = below_plan(item.place)
                below = f"deep_count({item.variable}, {plan})"
                writer.line(f"{number} += {below if deep else 1}")

            writer.each(source, writer.root, count)
            writer.line(f"return [{number}]")
        else:
            writer.each(tree, writer.root, lambda item: writer.line(f"out.append({item.variable})"))
            writer.line("return out")
    except (NotFast, RecursionError):
        return None
    text = "\n".join(["def fast(r):", *writer.lines])
    try:
        # Only names of the type model and reprs of literals get into the text.
        exec(compile(text, "<fhirpath>", "exec"), writer.space)  # noqa: S102
    except (SyntaxError, RecursionError, MemoryError):
        return None  # nested deeper than Python allows
    made: Fast = writer.space["fast"]
    return made
