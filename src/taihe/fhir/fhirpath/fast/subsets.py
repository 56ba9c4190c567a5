"""Parts of collections, and collections without repetition."""

from __future__ import annotations

from taihe.fhir import model
from taihe.fhir.fhirpath.fast.folding import folded, is_constant
from taihe.fhir.fhirpath.fast.looks import identifying
from taihe.fhir.fhirpath.fast.rounds import Rounds
from taihe.fhir.fhirpath.fast.shapes import SIMPLE, Shape
from taihe.fhir.fhirpath.fast.writer import (
    Emit,
    Mixed,
    NotFast,
)
from taihe.fhir.fhirpath.tree import (
    Call,
    Index,
    Literal,
    Node,
    Special,
)


class Subsets(Rounds):
    """Writes what takes some of the items, or joins two collections."""

    def position(self, node: Index, focus: Shape, emit: Emit) -> None:
        """`source[index]`."""
        if isinstance(node.index, Literal):
            if node.index.kind != "Integer":
                raise NotFast
            at = str(int(node.index.value))
            if at == "0":
                self.first(node.source, focus, emit)
                return
            listed, shape = self.many(node.source, focus)
            condition = f"if len({listed}) > {at}:"
        else:
            listed, shape = self.many(node.source, focus)
            index = self.one(node.index, focus)
            if shape is None or index is None:
                return
            at = self.name()
            self.line(f"{at} = {index.variable}")
            self.line(f"if {at} is not None and type({at}) is not int: raise Slow")
            condition = f"if {at} is not None and 0 <= {at} < len({listed}):"
        if shape is None:
            return
        depth = self.indent
        self.enter(condition)
        value = self.name()
        self.line(f"{value} = {listed}[{at}]")
        emit(Shape(value, shape.type, shape.place, shape.owner))
        self.indent = depth

    def first(self, source: Node, focus: Shape, emit: Emit, *, last: bool = False) -> None:
        """The first or the last item."""
        value = self.name()
        self.line(f"{value} = None")
        mark = self.mark()
        for boxed in (False, True):
            shapes: list[Shape] = []

            def assign(item: Shape, boxed: bool = boxed, shapes: list[Shape] = shapes) -> None:
                self.note(shapes, Shape(item.variable, "") if boxed else item)
                self.merge(shapes)
                got = self.boxed(item) if boxed else item.variable
                self.line(f"{'' if last else f'if {value} is None: '}{value} = {got}")

            try:
                self.each(source, focus, assign)
            except Mixed:
                self.back(mark)
                continue
            shape = self.merge(shapes)
            if shape is None:
                return
            depth = self.indent
            self.enter(f"if {value} is not None:")
            emit(Shape(value, shape.type, shape.place, shape.owner))
            self.indent = depth
            return

    def end(self, node: Call, focus: Shape, emit: Emit) -> None:
        """`first()` and `last()`."""
        if node.source is None:
            emit(focus)
        else:
            self.first(node.source, focus, emit, last=node.name == "last")

    def part(self, node: Call, focus: Shape, emit: Emit) -> None:
        """`tail()`, `skip()` and `take()`."""
        at = 1
        if node.name != "tail":
            argument = node.arguments[0]
            if not isinstance(argument, Literal) or type(argument.value) is not int:
                raise NotFast
            at = max(int(argument.value), 0)
        listed, shape = self.own_many(node, focus)
        if shape is not None:
            span = f":{at}" if node.name == "take" else f"{at}:"
            self.repeat_list(f"{listed}[{span}]", shape, emit)

    def single(self, node: Call, focus: Shape, emit: Emit) -> None:
        """`single()`: several are left to the closures."""
        if node.source is None:
            emit(focus)
            return
        found = self.one(node.source, focus)
        if found is not None:
            depth = self.indent
            self.guard(found)
            emit(found)
            self.indent = depth

    def distinct(self, node: Call, focus: Shape, emit: Emit) -> None:
        listed, shape = self.own_many(node, focus)
        if shape is not None:
            self.repeat_list(self.unique(listed, shape), self.unique_shape(shape), emit)

    def unique_shape(self, shape: Shape) -> Shape:
        """What `unique` leaves of a shape."""
        plain = shape.kind in SIMPLE or self.is_structure(shape) or not shape.type
        return shape if plain else Shape("", "")

    @staticmethod
    def is_structure(shape: Shape) -> bool:
        """Whether items are equal when their JSON is."""
        return shape.is_fhir and shape.kind == "complex" and not model.is_a(shape.type, "Quantity")

    def unique(self, listed: str, shape: Shape) -> str:
        """A list without repetition."""
        if shape.kind in SIMPLE:
            return f"list(dict.fromkeys({listed}))"
        if self.is_structure(shape):
            return f"distinct_json({listed}, {identifying(shape.place)!r})"
        if not shape.type:
            return f"union({listed})"
        one = self.name()
        boxed = self.boxed(Shape(one, shape.type, shape.place, shape.owner))
        return f"union([{boxed} for {one} in {listed}])"

    def union(self, left: Node, right: Node, focus: Shape, emit: Emit) -> None:
        """Two collections without repetition."""
        one, shape = self.many(left, focus)
        two, other = self.many(right, focus)
        both = [s for s in (shape, other) if s is not None]
        if not both:
            return
        try:
            merged = self.merge(both)
        except Mixed:
            parts = " + ".join(
                self.as_boxes(name, s) for name, s in ((one, shape), (two, other)) if s is not None
            )
            self.repeat_list(f"union({parts})", Shape("", ""), emit)
            return
        assert merged is not None
        self.repeat_list(self.unique(f"{one} + {two}", merged), self.unique_shape(merged), emit)

    def trace(self, node: Call, focus: Shape, emit: Emit) -> None:
        """`trace(name)`: the items, noted in the environment."""
        name = node.arguments[0]
        values = folded(name) if is_constant(name) else ()
        if len(node.arguments) > 1 or len(values) != 1 or type(values[0]) is not str:
            raise NotFast
        listed, shape = self.own_many(node, focus)
        if shape is None:
            shape = Shape("", "")
        if not self.root.type:  # else nobody can read the environment afterwards
            self.line(f"env.traces.append(({values[0]!r}, {self.as_boxes(listed, shape)}))")
        self.repeat_list(listed, shape, emit)

    def coalesce(self, node: Call, focus: Shape, emit: Emit) -> None:
        """`coalesce()`: the first that is not empty."""
        depth, found = self.indent, self.name()
        self.line(f"{found} = []")
        for choice in node.arguments:
            self.enter(f"if not {found}:")
            listed = self.boxes(choice, focus)
            self.line(f"{found} = {listed}")
            self.indent = depth
        self.repeat_list(found, Shape("", ""), emit)

    def two(self, node: Call, focus: Shape, emit: Emit) -> None:
        """`union()` and `combine()`."""
        source: Node = Special(node.position, "$this") if node.source is None else node.source
        if node.name == "union":
            self.union(source, node.arguments[0], focus, emit)
        elif len(node.arguments) == 1:
            self.each(source, focus, emit)
            self.each(node.arguments[0], focus, emit)
        else:
            raise NotFast

    def filtered(self, node: Call, focus: Shape, emit: Emit) -> None:
        """`intersect()` and `exclude()` of simple values."""
        listed, shape = self.own_many(node, focus)
        others, other = self.many(node.arguments[0], focus)
        if shape is None:
            return
        if shape.kind not in SIMPLE or (other is not None and other.kind != shape.kind):
            raise NotFast
        if node.name == "intersect":
            listed = f"some_in(dict.fromkeys({listed}), {others})"
            self.repeat_list(listed, shape, emit)
            return
        one = self.name()
        self.repeat_list(f"[{one} for {one} in {listed} if {one} not in {others}]", shape, emit)

    def split(self, node: Call, focus: Shape, emit: Emit) -> None:
        """`split()`."""
        found = self.own_text(node, focus)
        at = self.one(node.arguments[0], focus)
        if found is None or at is None:
            return
        if at.kind != "text" or found.kind not in ("text", "date"):
            raise NotFast
        depth = self.indent
        self.guard(found)
        self.guard(at)
        parts = f"{found.variable}.split({at.variable})"
        if at.sure:
            listed = parts if at.variable != "''" else f"list({found.variable})"
        else:
            listed = f"({parts} if {at.variable} else list({found.variable}))"
        self.repeat_list(listed, Shape("", "System.String"), emit)
        self.indent = depth
