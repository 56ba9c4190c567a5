"""Functions that write an expression for each item."""

from __future__ import annotations

from taihe.fhir.fhirpath.fast.folding import folded, is_constant
from taihe.fhir.fhirpath.fast.looks import ANY, EVERY, Look, reading
from taihe.fhir.fhirpath.fast.shapes import Shape, tested
from taihe.fhir.fhirpath.fast.streams import Streams
from taihe.fhir.fhirpath.fast.writer import (
    Emit,
    NotFast,
    calls,
    uses,
)
from taihe.fhir.fhirpath.tree import (
    Call,
    Member,
    Node,
    Special,
    TypeTest,
    Variable,
    nodes_of,
)

_RESTARTS = frozenset(("children", "descendants", "repeat", "repeatAll"))


def this_is(node: Node) -> str:
    """The type in `$this is Type` or `is(Type)`."""
    if isinstance(node, TypeTest) and node.operator == "is":
        inner = node.operand
        if isinstance(inner, Special) and inner.name == "$this":
            return node.type
    return ""


class Iteration(Streams):
    """Writes `where()`, `select()`, `iif()` and `extension()`."""

    def counted(
        self, condition: Node, node: Call, focus: Shape, emit: Emit, onwards: Look = EVERY
    ) -> None:
        """The items of a call's source, with `$index` where the condition reads it."""
        if not uses(condition, "$index"):
            if node.source is None:
                emit(focus)
            else:
                self.each_of(node.source, focus, emit, reading(condition, onwards))
            return
        at = self.name()
        self.line(f"{at} = -1")

        def count(item: Shape) -> None:
            self.line(f"{at} += 1")
            self.index, before = at, self.index
            emit(item)
            self.index = before

        self.source(node, focus, count)

    def where(self, node: Call, focus: Shape, emit: Emit, look: Look = EVERY) -> None:
        condition = node.arguments[0]
        tested_type = this_is(condition)
        if tested_type and node.source is not None:
            self.each_of(
                node.source,
                focus,
                lambda item: self.kept_type(item, tested_type, emit),
                Look(lambda type, place: tested(type, place, tested_type, cast=False) is not False),
            )
            return

        def keep(item: Shape) -> None:
            held = self.truth(condition, item)
            if held in ("None", "False"):
                return
            depth = self.indent
            if held != "True":
                self.enter(f"if {held} is True:")
            body = len(self.lines)
            emit(item)
            if len(self.lines) == body:
                self.line("pass")
            self.indent = depth

        self.counted(condition, node, focus, keep, look)

    def kept_type(self, item: Shape, wanted: str, emit: Emit) -> None:
        holds = tested(item.type, item.place, wanted, cast=False)
        if holds:
            emit(item)
        elif holds is None:
            depth = self.indent
            self.enter(f"if is_one({item.variable}, {wanted!r}):")
            emit(self.open(item, wanted.removeprefix("FHIR.")))
            self.indent = depth

    def select(self, node: Call, focus: Shape, emit: Emit) -> None:
        argument = node.arguments[0]
        restarts = self.loops > 0 and (
            calls(argument, _RESTARTS) or any(isinstance(n, Variable) for n in nodes_of(argument))
        )

        def give(item: Shape) -> None:
            if restarts:
                self.work("1")
            emit(item)

        self.counted(argument, node, focus, lambda item: self.each(argument, item, give), ANY)

    def extension(self, node: Call, focus: Shape, emit: Emit) -> None:
        """`extension(url)`."""
        url = node.arguments[0]
        if not is_constant(url):
            raise NotFast
        values = folded(url)
        if len(values) != 1 or type(values[0]) is not str:
            raise NotFast

        def of(item: Shape) -> None:
            if item.is_fhir and item.kind == "complex":
                self.child(item, "extension", with_url)
            elif not item.is_system and not item.is_fhir:
                one = self.name()
                self.loop(one, f"children({item.variable}, 'extension')")
                value = self.name()
                self.line(f"{value} = opened({one})")
                owner = item.variable if self.owners else "None"
                with_url(Shape(value, "Extension", "Extension", owner))

        def with_url(item: Shape) -> None:
            depth = self.indent
            self.enter(f"if {item.variable}.get('url') == {values[0]!r}:")
            emit(item)
            self.indent = depth

        if isinstance(node.source, Member):
            self.beside(node.source, focus, of)
        else:
            self.source(node, focus, of)

    def iif(self, node: Call, focus: Shape, emit: Emit) -> None:
        condition, then, *rest = node.arguments
        if node.source is not None:
            found = self.one(node.source, focus)
            if found is None:
                raise NotFast
            if not found.sure:
                self.line(f"if {found.variable} is None: raise Slow")
            focus = found
        held = self.truth(condition, focus)
        depth = self.indent
        if held not in ("None", "False"):
            self.branch(f"if {held} is True:", then, focus, emit)
        if rest:
            if held == "None" or held == "False":
                self.each(rest[0], focus, emit)
            elif held != "True":
                self.branch("else:", rest[0], focus, emit)
        self.indent = depth

    def branch(self, header: str, node: Node, focus: Shape, emit: Emit) -> None:
        """The items of a node in a block of its own."""
        depth = self.indent
        self.enter(header)
        body = len(self.lines)
        self.each(node, focus, emit)
        if len(self.lines) == body:
            self.line("pass")
        self.indent = depth
