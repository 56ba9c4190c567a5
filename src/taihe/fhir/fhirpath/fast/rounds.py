"""Functions that go on with what they made: `aggregate()` and `repeat()`."""

from __future__ import annotations

from taihe.fhir import model
from taihe.fhir.fhirpath.fast.iteration import Iteration
from taihe.fhir.fhirpath.fast.looks import identifying
from taihe.fhir.fhirpath.fast.shapes import Shape
from taihe.fhir.fhirpath.fast.writer import (
    Emit,
    Mixed,
    NotFast,
    uses,
)
from taihe.fhir.fhirpath.tree import (
    Call,
    Node,
)


class _NoTotal(Exception):
    """The total of aggregate() is no single value of one kind."""


class Rounds(Iteration):
    """Writes `aggregate()` and `repeat()`."""

    def aggregate(self, node: Call, focus: Shape, emit: Emit) -> None:
        mark = self.mark()
        try:
            self.aggregate_values(node, focus, emit)
            return
        except _NoTotal:
            self.back(mark)
        step = node.arguments[0]
        total = self.name()
        self.line(f"{total} = []")
        if len(node.arguments) > 1:
            listed = self.boxes(node.arguments[1], focus)
            self.line(f"{total} = {listed}")

        def add(item: Shape) -> None:
            before, self.total = self.total, total
            listed = self.boxes(step, item)
            self.total = before
            self.line(f"{total} = {listed}")
            self.work(f"len({total})")

        self.counted(step, node, focus, add)
        self.repeat_list(total, Shape("", ""), emit)

    def aggregate_values(self, node: Call, focus: Shape, emit: Emit) -> None:
        """`aggregate()` of numbers, texts or truths, one value in each step."""
        step = node.arguments[0]
        first = self.one(node.arguments[1], focus) if len(node.arguments) > 1 else None
        kinds = {"whole": "System.Number", "number": "System.Number", "text": "System.String",
                 "boolean": "System.Boolean"}  # fmt: skip
        if first is None or first.kind not in kinds:
            raise _NoTotal
        total = Shape(self.name(), kinds[first.kind])
        self.line(f"{total.variable} = {self.atom_or_none(first)}")

        def add(item: Shape) -> None:
            before, self.total_value = self.total_value, total
            outer, self.total = (
                self.total, f"([] if {total.variable} is None else [{total.variable}])"
            )  # fmt: skip
            found = self.one(step, item)
            self.total_value, self.total = before, outer
            if found is None or kinds.get(found.kind) != total.type:
                raise _NoTotal
            self.line(f"{total.variable} = {self.atom_or_none(found)}")

        self.counted(step, node, focus, add)
        self.guard(total)
        emit(total)

    def atom_or_none(self, shape: Shape) -> str:
        """The System value of an item that may be missing."""
        value = self.atom(shape)
        if shape.sure or value == shape.variable:
            return value
        return f"None if {shape.variable} is None else {value}"

    def repeat(self, node: Call, focus: Shape, emit: Emit) -> None:
        argument = node.arguments[0]
        if uses(argument, "$index") or uses(argument, "$total"):
            raise NotFast
        if node.source is None:
            listed, shape = self.name(), focus
            self.line(f"{listed} = [{focus.variable}]")
        else:
            listed, found = self.many(node.source, focus)
            if found is None:
                return
            shape = found
        if not shape.is_fhir or shape.kind != "complex":
            raise NotFast
        queue, reached = self.rounds(argument, listed, shape)
        if reached is None:
            return
        shape = reached
        if shape.kind != "complex" or not shape.is_fhir or model.is_a(shape.type, "Quantity"):
            raise NotFast
        out, seen, buckets = self.name(), self.name(), self.name()
        keys = repr(identifying(shape.place))
        unique = node.name == "repeat"
        self.line(f"{out} = []")
        if unique:
            self.line(f"{seen} = set()")
            self.line(f"{buckets} = {{}}")
        depth, loops = self.indent, self.loops
        self.enter(f"while {queue}:")
        self.loops += 1
        self.work(f"len({queue}) + 10")
        if unique:
            self.line(f"{queue} = fresh({queue}, {keys}, {seen}, {buckets})")
        self.line(f"{out} += {queue}")
        again, next_shape = self.rounds(argument, queue, shape)
        if next_shape is not None and (next_shape.type, next_shape.place, next_shape.owner) != (
            shape.type, shape.place, shape.owner
        ):  # fmt: skip
            raise NotFast
        self.line(f"{queue} = {again}")
        self.indent, self.loops = depth, loops
        self.repeat_list(out, shape, emit)

    def rounds(self, argument: Node, listed: str, shape: Shape) -> tuple[str, Shape | None]:
        """What the items of a list lead to."""
        found, one = self.name(), self.name()
        self.line(f"{found} = []")
        shapes: list[Shape] = []

        def add(item: Shape) -> None:
            self.note(shapes, item)
            try:
                self.merge(shapes)
            except Mixed:
                raise NotFast from None
            self.line(f"{found}.append({item.variable})")

        depth, loops = self.indent, self.loops
        self.loop(one, listed)
        body = len(self.lines)
        self.each(argument, Shape(one, shape.type, shape.place, shape.owner), add)
        if len(self.lines) == body:
            self.line("pass")
        self.indent, self.loops = depth, loops
        return found, self.merge(shapes)
