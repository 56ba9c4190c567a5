"""Signs, sums and joined texts."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

from taihe.fhir import model
from taihe.fhir.fhirpath.compiler import compile_node
from taihe.fhir.fhirpath.fast.comparisons import ORDER, Comparisons
from taihe.fhir.fhirpath.fast.runtime import date_mover
from taihe.fhir.fhirpath.fast.shapes import DATES, NUMERIC, Shape, kind_of
from taihe.fhir.fhirpath.fast.tables import ATOMIC, SCALAR_CALLS, TEXTUAL
from taihe.fhir.fhirpath.fast.truths import LOGIC
from taihe.fhir.fhirpath.fast.writer import (
    NotFast,
)
from taihe.fhir.fhirpath.tree import (
    Binary,
    Call,
    Member,
    Node,
    TypeTest,
    Unary,
)
from taihe.fhir.fhirpath.values import Quantity


class Arithmetic(Comparisons):
    """Writes operators that make a value."""

    def scalar(self, node: Node, focus: Shape) -> Shape | None:
        if isinstance(node, Binary):
            return self.binary(node, focus)
        if isinstance(node, TypeTest):
            if node.operator == "is":
                return self.boolean(self.is_type(node.operand, node.type, focus))
        elif isinstance(node, Unary):
            return self.signed(node, focus)
        elif isinstance(node, Call):
            if node.name in SCALAR_CALLS:
                found: Shape | None = getattr(self, SCALAR_CALLS[node.name])(node, focus)
                return found
            if node.name in TEXTUAL or node.name in ATOMIC:
                return self.function(node, focus)
        raise NotFast

    def binary(self, node: Binary, focus: Shape) -> Shape | None:
        operator = node.operator
        if operator in LOGIC:
            return self.boolean(self.logic(node, focus))
        if operator in ("=", "!="):
            return self.equality(node, focus)
        if operator in ORDER:
            return self.order(node, focus)
        if operator in ("in", "contains"):
            return self.membership(node, focus)
        if operator in ("~", "!~"):
            one, two = self.listed(node.left, focus), self.listed(node.right, focus)
            test = "is not" if operator == "!~" else "is"
            return self.assigned(f"equivalent({one}, {two}) {test} True", "System.Boolean")
        if operator == "&":
            return self.joined(node, focus)
        if operator == "|":
            raise NotFast
        return self.arithmetic(node, focus)

    def joined(self, node: Binary, focus: Shape) -> Shape | None:
        """`&`."""
        parts = []
        found_sides = []
        for side in (node.left, node.right):
            found = self.as_text(side, focus) or self.one(side, focus)
            if found is None:
                continue
            found_sides.append(found)
            text = self.spelled(found)
            parts.append(text if found.sure else f"('' if {found.variable} is None else {text})")
        made = " + ".join(parts) or "''"
        if any(
            s.kind == "boxed" or (s.type == "System.String" and not s.sure) for s in found_sides
        ):
            made = f"long({made})"
        return self.assigned(made, "System.String")

    def as_text(self, node: Node, focus: Shape) -> Shape | None:
        """The one item of a choice as text, by its type; None where the node is no choice."""
        if not isinstance(node, Member):
            return None
        mark, result, seen = self.mark(), self.name(), self.name()
        self.line(f"{result} = {seen} = None")
        kinds: set[str] = set()

        def alike(type: str, place: str) -> Hashable:
            kind = kind_of(type)
            return kind if kind != "complex" else (type, place)

        def note(item: Shape) -> None:
            kinds.add(item.kind)
            self.line(f"{seen} = True")
            if item.kind == "complex" and not model.is_a(item.type, "Quantity"):
                return
            self.line(f"{result} = {self.spelled(replace(item, sure=True))}")

        self.switch(node, focus, note, seen, alike)
        if len(kinds) < 2:
            self.back(mark)
            return None
        return Shape(result, "System.String")

    def spelled(self, shape: Shape) -> str:
        """An item as the text that `&` joins."""
        if shape.kind == "text" or shape.kind == "date":
            return shape.variable
        if shape.kind == "boolean":
            return f"('true' if {shape.variable} else 'false')"
        if shape.kind == "whole":
            return f"str({shape.variable})"
        if shape.type == "decimal":
            return f"spelled({shape.variable})"
        if shape.kind == "temporal":
            return f"temporal_text({shape.variable})"
        return f"text({self.atom(shape)})"

    def arithmetic(self, node: Binary, focus: Shape) -> Shape | None:
        one, two = self.one(node.left, focus), self.one(node.right, focus)
        if one is None or two is None:
            return None
        operator = node.operator
        amount = self.space.get(two.variable) if two.sure else None
        if one.kind == "date" and operator in "+-" and isinstance(amount, Quantity):
            move = self.constant(date_mover(DATES[one.type], amount, operator))
            return self.assigned(f"{move}({one.variable})", f"System.{DATES[one.type]}", one)
        if operator == "+" and one.kind == two.kind == "text":
            return self.assigned(
                f"long({one.variable} + {two.variable})", "System.String", one, two
            )
        if operator in "+-*" and one.kind in NUMERIC and two.kind in NUMERIC:
            if one.kind == two.kind == "whole":
                return self.assigned(
                    f"whole({one.variable} {operator} {two.variable})", "System.Integer", one, two
                )
            exact = {"decimal", "System.Decimal"} & {one.type, two.type}
            if exact:
                name = {"+": "add", "-": "subtract", "*": "multiply"}[operator]
            else:
                name = {"+": "plus", "-": "minus", "*": "times"}[operator]
            kind = "System.Decimal" if exact else "System.Number"
            return self.assigned(f"{name}({self.atom(one)}, {self.atom(two)})", kind, one, two)
        if operator == "/" and one.kind in NUMERIC and two.kind in NUMERIC:
            value = self.name()
            self.line(
                f"{value} = {self.when(one, two)}divided({self.decimal(one)}, {self.decimal(two)})"
            )
            return Shape(value, "System.Decimal")
        value = self.name()
        self.line(
            f"{value} = {self.when(one, two)}"
            f"arithmetic({operator!r}, {self.atom(one)}, {self.atom(two)})"
        )
        numeric = one.kind in NUMERIC and two.kind in NUMERIC
        return Shape(value, "System.Number" if numeric else "")

    def total_of(self, node: Call, focus: Shape) -> Shape | None:
        """`sum()` of numbers."""
        listed, shape = self.own_many(node, focus)
        if shape is None or shape.kind not in NUMERIC:
            raise NotFast
        value, one = self.name(), self.name()
        atoms = listed
        if shape.is_fhir and shape.kind == "number":
            atoms = f"[exact({one}) for {one} in {listed}]"
        self.line(f"{value} = reduce(plus, {atoms}) if {listed} else None")
        kind = {"whole": "System.Integer"}.get(shape.kind, "System.Number")
        return Shape(value, kind)

    def time(self, node: Call, focus: Shape) -> Shape | None:
        """`now()`, `today()` and `timeOfDay()`."""
        if node.source is not None:
            raise NotFast
        run = self.constant(compile_node(node))
        clock = "clock" if self.root.type else "env"
        self.uses_clock = True
        value = self.name()
        self.line(f"{value} = {run}({clock}, [])[0]")
        kind = {"now": "DateTime", "today": "Date", "timeOfDay": "Time"}[node.name]
        return Shape(value, f"System.{kind}", sure=True)

    def decimal(self, shape: Shape) -> str:
        """A number as a Decimal."""
        if shape.type in ("decimal", "System.Decimal"):
            return self.atom(shape)
        return f"Decimal({shape.variable})"

    def signed(self, node: Unary, focus: Shape) -> Shape | None:
        found = self.one(node.operand, focus)
        if found is None:
            return None
        if found.kind not in NUMERIC or found.type == "System.Number":
            raise NotFast
        value = self.atom(found)
        if found.kind == "whole":
            if node.operator == "+":
                return found
            return self.assigned(f"whole(-{value})", "System.Integer", found)
        negative = f"{value}.copy_negate()" if node.operator == "-" else value
        return self.assigned(negative, "System.Decimal", found)
