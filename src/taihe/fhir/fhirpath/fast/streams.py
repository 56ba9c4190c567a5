"""Every node as a stream of items, a list, or one item."""

from __future__ import annotations

from dataclasses import replace

from taihe.fhir.fhirpath.fast.casts import Casts
from taihe.fhir.fhirpath.fast.folding import folded, is_constant
from taihe.fhir.fhirpath.fast.shapes import Shape
from taihe.fhir.fhirpath.fast.tables import COLLECTION_CALLS
from taihe.fhir.fhirpath.fast.writer import (
    Emit,
    Mixed,
    NotFast,
    Several,
)
from taihe.fhir.fhirpath.functions import FUNCTIONS
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

_DETACHED = frozenset(("sort", "repeat", "repeatAll"))


class Streams(Casts):
    """Writes collections in one of their forms."""

    def each(self, node: Node, focus: Shape, emit: Emit) -> None:
        depth, loops, mark = self.indent, self.loops, self.mark()
        self.step()
        try:
            self.stream(node, focus, emit)
        except NotFast:
            self.back(mark)
            self.otherwise(node, focus, emit)
        self.indent, self.loops = depth, loops

    def otherwise(self, node: Node, focus: Shape, emit: Emit) -> None:
        """The items of a node that has no form of its own here."""
        if isinstance(node, Call) and node.name in FUNCTIONS:
            self.any_function(node, focus, emit)
        elif isinstance(node, Call) and node.name in _DETACHED:
            listed, one = self.own_boxes(node, focus), self.name()
            run = self.at_once(Call(node.position, None, node.name, node.arguments))
            self.loop(one, f"detached({run}, env, {listed})")
            emit(Shape(one, ""))
        else:
            self.by_closure(node, focus, emit)

    def any_function(self, node: Call, focus: Shape, emit: Emit) -> None:
        """A function of the closures on whole collections."""
        raise NotImplementedError

    def by_closure(self, node: Node, focus: Shape, emit: Emit) -> None:
        """The items of a node that has no form of its own."""
        one, run = self.name(), self.at_once(node)
        self.loop(one, f"closure({run}, env, {self.boxed(focus)}, {self.index}, {self.total})")
        emit(Shape(one, ""))

    def stream(self, node: Node, focus: Shape, emit: Emit) -> None:
        """The form of a node of its own; raises NotFast."""
        if is_constant(node):
            self.constants(node, emit)
        elif isinstance(node, Member):
            self.member(node, focus, emit)
        elif isinstance(node, Special):
            self.special(node, focus, emit)
        elif isinstance(node, Variable):
            self.variable(node, focus, emit)
        elif isinstance(node, TypeTest) and node.operator == "as":
            self.cast(node.operand, node.type, focus, emit, single=True)
        elif isinstance(node, Index):
            self.position(node, focus, emit)
        elif isinstance(node, Binary) and node.operator == "|":
            self.union(node.left, node.right, focus, emit)
        elif isinstance(node, Call) and node.name in COLLECTION_CALLS:
            getattr(self, COLLECTION_CALLS[node.name])(node, focus, emit)
        else:
            found = self.scalar(node, focus)
            if found is not None:
                depth = self.indent
                self.guard(found)
                emit(found)
                self.indent = depth

    def constants(self, node: Node, emit: Emit) -> None:
        """What has a value before there is data."""
        values = folded(node)
        if len(values) == 1:
            if self.loops and not isinstance(node, Literal):
                self.work("1")
            emit(self.value(values[0]))
        elif values:
            shapes = [self.value(v) for v in values]
            try:
                shape = self.merge(shapes)
            except Mixed:
                shape = Shape("", "")
            assert shape is not None
            one = self.name()
            if self.loops:
                self.work(str(len(values)))
            self.loop(one, self.constant(tuple(values)))
            emit(Shape(one, shape.type))

    def special(self, node: Special, focus: Shape, emit: Emit) -> None:
        if node.name == "$this":
            emit(focus)
        elif node.name == "$index":
            emit(Shape(self.index, "System.Integer", sure=True))
        else:
            if self.total_value is not None:
                depth = self.indent
                self.guard(self.total_value)
                emit(self.total_value)
                self.indent = depth
                return
            if self.total == "[]":
                raise NotFast
            one = self.name()
            self.loop(one, self.total)
            emit(Shape(one, ""))

    def source(self, node: Call, focus: Shape, emit: Emit) -> None:
        """The items that a function is called on."""
        if node.source is None:
            emit(focus)
        else:
            self.each(node.source, focus, emit)

    def many(self, node: Node, focus: Shape) -> tuple[str, Shape | None]:
        if is_constant(node):
            values = folded(node)
            try:
                shape = self.merge([self.value(v) for v in values])
            except Mixed:
                shape = Shape("", "")
            return self.constant(list(values)), shape
        listed, mark = self.name(), self.mark()
        self.line(f"{listed} = []")
        shapes: list[Shape] = []

        def add(item: Shape) -> None:
            self.note(shapes, item)
            self.merge(shapes)
            self.line(f"{listed}.append({item.variable})")

        try:
            self.each(node, focus, add)
        except Mixed:
            self.back(mark)
            return self.boxes(node, focus), Shape("", "")
        return listed, self.merge(shapes)

    def boxes(self, node: Node, focus: Shape) -> str:
        listed = self.name()
        self.line(f"{listed} = []")
        self.each(node, focus, lambda item: self.line(f"{listed}.append({self.boxed(item)})"))
        return listed

    def as_boxes(self, listed: str, shape: Shape) -> str:
        """A list as the closures have it."""
        if not shape.is_fhir:
            return listed
        one = self.name()
        boxed = self.boxed(Shape(one, shape.type, shape.place, shape.owner))
        return f"[{boxed} for {one} in {listed}]"

    def own_boxes(self, node: Call, focus: Shape) -> str:
        """The items that a function is called on, as the closures have them."""
        if node.source is None:
            listed = self.name()
            self.line(f"{listed} = [{self.boxed(focus)}]")
            return listed
        return self.boxes(node.source, focus)

    def own_many(self, node: Call, focus: Shape) -> tuple[str, Shape | None]:
        """The items that a function is called on."""
        if node.source is None:
            listed = self.name()
            self.line(f"{listed} = [{focus.variable}]")
            return listed, focus
        return self.many(node.source, focus)

    def own_text(self, node: Call, focus: Shape) -> Shape | None:
        """The one item that a function is called on."""
        source: Node = Special(node.position, "$this") if node.source is None else node.source
        return self.one(source, focus)

    def one(self, node: Node, focus: Shape, *, alone: bool = False) -> Shape | None:
        if is_constant(node):
            values = folded(node)
            if len(values) == 1:
                return self.value(values[0])
            if not values:
                return None
        elif isinstance(node, Special) and node.name == "$this":
            return replace(focus, sure=True)
        mark = self.mark()
        try:
            if not isinstance(node, Call) or node.name not in COLLECTION_CALLS:
                return self.scalar(node, focus)
        except NotFast:
            self.back(mark)
        value = self.name()
        mark = self.mark()
        for boxed in (False, True):
            try:
                return self._one(node, focus, value, boxed, alone)
            except Mixed:
                self.back(mark)
        raise NotFast

    def _one(self, node: Node, focus: Shape, value: str, boxed: bool, alone: bool) -> Shape | None:
        self.line(f"{value} = None")
        outer = self.loops
        shapes: list[Shape] = []

        def assign(item: Shape) -> None:
            several = self.loops > outer or bool(shapes)
            if several and alone:
                raise Several
            self.note(shapes, Shape(item.variable, "") if boxed else item)
            self.merge(shapes)
            if several:
                self.line(f"if {value} is not None: raise Slow")
            self.line(f"{value} = {self.boxed(item) if boxed else item.variable}")

        self.each(node, focus, assign)
        shape = self.merge(shapes)
        return None if shape is None else Shape(value, shape.type, shape.place, shape.owner)

    def repeat_list(self, listed: str, shape: Shape, emit: Emit) -> None:
        """Each of a list."""
        one = self.name()
        self.loop(one, listed)
        emit(Shape(one, shape.type, shape.place, shape.owner))
