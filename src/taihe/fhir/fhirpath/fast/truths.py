"""Logic, existence and sets."""

from __future__ import annotations

from taihe.fhir.fhirpath.fast.below import child_counter, counter
from taihe.fhir.fhirpath.fast.casts import type_argument
from taihe.fhir.fhirpath.fast.descents import Descents
from taihe.fhir.fhirpath.fast.folding import folded, is_constant
from taihe.fhir.fhirpath.fast.looks import ANY
from taihe.fhir.fhirpath.fast.shapes import SIMPLE, Shape
from taihe.fhir.fhirpath.fast.writer import (
    NotFast,
)
from taihe.fhir.fhirpath.tree import (
    Binary,
    Call,
    Node,
    Special,
)

LOGIC = frozenset(("and", "or", "xor", "implies"))


class Truths(Descents):
    """Writes what is true, false or unknown."""

    @staticmethod
    def boolean(variable: str) -> Shape | None:
        """A truth as a value."""
        if variable == "None":
            return None
        return Shape(variable, "System.Boolean", sure=variable in ("True", "False"))

    def when(self, *shapes: Shape) -> str:
        """The beginning of a value that is None when one of these is."""
        missing = [f"{s.variable} is None" for s in shapes if not s.sure]
        return f"None if {' or '.join(missing)} else " if missing else ""

    def assigned(self, text: str, type: str, *shapes: Shape) -> Shape:
        """A variable with a value made of others."""
        value = self.name()
        self.line(f"{value} = {self.when(*shapes)}{text}")
        return Shape(value, type, sure=all(s.sure for s in shapes))

    def truth(self, node: Node, focus: Shape) -> str:
        if isinstance(node, Binary) and node.operator in LOGIC:
            return self.logic(node, focus)
        found = self.one(node, focus)
        if found is None:
            return "None"
        if found.kind == "boolean":
            return found.variable
        result = self.name()
        test = "True" if found.type else f"held({found.variable})"
        self.line(f"{result} = {self.when(found)}{test}")
        return result

    def logic(self, node: Binary, focus: Shape) -> str:
        result = self.name()
        left = self.truth(node.left, focus)
        if node.operator == "xor":
            right = self.truth(node.right, focus)
            self.line(
                f"{result} = None if {left} is None or {right} is None else {left} is not {right}"
            )
            return result
        decided = {"and": ("False", "False"), "or": ("True", "True"), "implies": ("False", "True")}
        when, then = decided[node.operator]
        self.line(f"if {left} is {when}: {result} = {then}")
        self.enter("else:")
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

    def negated(self, node: Call, focus: Shape) -> Shape | None:
        """`not()`."""
        source: Node = Special(node.position, "$this") if node.source is None else node.source
        held = self.truth(source, focus)
        result = self.name()
        self.line(f"{result} = None if {held} is None else not {held}")
        return self.boolean(result)

    def existence(self, node: Call, focus: Shape) -> Shape | None:
        """`exists()`, `exists(criterion)`, `empty()` and `all(criterion)`."""
        result = self.name()
        found, missing = ("True", "False") if node.name == "exists" else ("False", "True")
        self.line(f"{result} = {missing}")

        def note(item: Shape) -> None:
            if not node.arguments:
                self.line(f"{result} = {found}")
                return
            held = self.truth(node.arguments[0], item)
            test = "is not" if node.name == "all" else "is"
            self.line(f"if {held} {test} True: {result} = {found}")

        if node.arguments:
            self.counted(node.arguments[0], node, focus, note, ANY)
        elif node.source is not None:
            self.each_of(node.source, focus, note, ANY)
        else:
            note(focus)
        return Shape(result, "System.Boolean", sure=True)

    def has_extension(self, node: Call, focus: Shape) -> Shape | None:
        """`hasExtension(url)`."""
        inner = Call(node.position, node.source, "extension", node.arguments)
        return self.existence(Call(node.position, inner, "exists", ()), focus)

    def is_call(self, node: Call, focus: Shape) -> Shape | None:
        """`is(Type)`."""
        source: Node = Special(node.position, "$this") if node.source is None else node.source
        return self.boolean(self.is_type(source, type_argument(node), focus))

    def count_of(self, node: Call, focus: Shape) -> Shape | None:
        """`count()`."""
        result = self.name()
        source = node.source
        self.line(f"{result} = 0")
        if isinstance(source, Call) and source.name in ("descendants", "children"):
            mark = self.mark()
            try:
                self.deep_count(source, focus, result)
                return Shape(result, "System.Integer", sure=True)
            except NotFast:
                self.back(mark)
        if source is None:
            return self.value(1)
        self.each_of(source, focus, lambda item: self.line(f"{result} += 1"), ANY)
        return Shape(result, "System.Integer", sure=True)

    def deep_count(self, node: Call, focus: Shape, result: str) -> None:
        def of(item: Shape) -> None:
            if not item.is_fhir or item.kind != "complex":
                raise NotFast
            make = counter if node.name == "descendants" else child_counter
            count = self.constant(make(item.place))
            self.line(f"{result} += {count}({item.variable})")
            if self.loops:
                self.work(result)

        self.source(node, focus, of)

    def sets(self, node: Call, focus: Shape) -> Shape | None:
        """`isDistinct()`, `subsetOf()` and `supersetOf()` of simple values."""
        listed, shape = self.own_many(node, focus)
        if node.name == "isDistinct":
            if shape is None:
                return self.boolean("True")
            unique = self.unique(listed, shape)
            return self.assigned(f"len({unique}) == len({listed})", "System.Boolean")
        others, other = self.many(node.arguments[0], focus)
        for one in (shape, other):
            if one is not None and one.kind not in SIMPLE:
                raise NotFast
        if shape is not None and other is not None and shape.kind != other.kind:
            raise NotFast
        if node.name == "supersetOf":
            listed, others = others, listed
        return self.assigned(f"set({listed}).issubset({others})", "System.Boolean")

    def membership(self, node: Binary, focus: Shape) -> Shape | None:
        left, right = node.left, node.right
        if node.operator == "contains":
            left, right = right, left
        item = self.one(left, focus)
        if item is not None and is_constant(right):
            values = folded(right)
            kinds = {self.value(v).kind for v in values}
            if item.kind == "text" and kinds == {"text"}:
                within = self.constant(frozenset(values))
                return self.assigned(f"{item.variable} in {within}", "System.Boolean", item)
        listed, shape = self.many(right, focus)
        if item is None:
            return None
        if shape is None:
            return self.assigned("False", "System.Boolean", item)
        if item.kind in SIMPLE and item.kind == shape.kind:
            return self.assigned(f"{item.variable} in {listed}", "System.Boolean", item)
        return self.assigned(
            f"member_of({self.atom(item)}, {self.as_boxes(listed, shape)})", "System.Boolean", item
        )
