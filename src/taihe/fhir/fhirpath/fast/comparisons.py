"""Equality and order."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from decimal import Decimal

from taihe.fhir import model
from taihe.fhir.fhirpath.fast.folding import folded, is_constant
from taihe.fhir.fhirpath.fast.runtime import date_tester
from taihe.fhir.fhirpath.fast.shapes import DATES, NUMERIC, SIMPLE, Shape, kind_of
from taihe.fhir.fhirpath.fast.truths import Truths
from taihe.fhir.fhirpath.fast.writer import (
    NotFast,
    Several,
)
from taihe.fhir.fhirpath.tree import (
    Binary,
    Member,
    Node,
)
from taihe.fhir.fhirpath.values import Temporal

ORDER = frozenset(("<", "<=", ">", ">="))


# What JSON may be to be compared with a constant; anything else is unequal and has no order.
_WITH = {
    "text": ("text", "date"), "boolean": ("boolean",), "whole": ("whole", "number"),
    "number": ("whole", "number"), "temporal": ("date",), "quantity": ("whole", "number"),
}  # fmt: skip
_MEASURES = ("whole", "number", "quantity")


class Comparisons(Truths):
    """Writes comparisons of values and lists."""

    def listed(self, node: Node, focus: Shape) -> str:
        """A list of the items of a node as the closures have them."""
        if is_constant(node):
            return self.constant(list(folded(node)))
        return self.boxes(node, focus)

    def side(self, node: Node, focus: Shape) -> tuple[Shape | None, str, Shape | None]:
        """One side of `=`: a single value, or a list and its shape."""
        mark = self.mark()
        try:
            return self.one(node, focus, alone=True), "", None
        except Several:
            self.back(mark)
        listed, shape = self.many(node, focus)
        return None, listed, shape

    def against(self, node: Binary, focus: Shape) -> Shape | None:
        """A comparison of a choice with a constant, by each type of the choice."""
        left, right, operator = node.left, node.right, node.operator
        if is_constant(left):
            turned = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
            left, right, operator = right, left, turned.get(operator, operator)
        if not isinstance(left, Member) or not is_constant(right):
            raise NotFast
        values = folded(right)
        if len(values) != 1:
            raise NotFast
        constant = self.value(values[0])
        result, seen = self.name(), self.name()
        self.line(f"{result} = {seen} = None")

        with_kinds = _WITH.get(constant.kind)

        def alike(type: str, place: str) -> Hashable:
            kind = kind_of(type)
            if with_kinds is None:
                return kind if kind in SIMPLE else (type, place)
            if kind in with_kinds:
                return DATES.get(type, kind)
            if constant.kind in _MEASURES and model.is_a(type, "Quantity"):
                return "quantity"
            return "other"

        noted: list[Shape] = []
        begin = len(self.lines)

        def note(item: Shape) -> None:
            self.note(noted, item)
            self.line(f"{seen} = True")
            if item.type and alike(item.type, item.place) == "other":
                unequal = str(operator == "!=")
                self.line(f"{result} = {unequal}" if alone else "raise Slow")
                return
            sure = replace(item, sure=True)
            self.line(f"{result} = {self.compared(operator, sure, constant).variable}")

        alone = operator in ("=", "!=")
        self.switch(left, focus, note, seen, alike, alone=alone)
        if not noted and begin == len(self.lines):
            del self.lines[begin - 1 :]
            return None
        return Shape(result, "System.Boolean")

    def equality(self, node: Binary, focus: Shape) -> Shape | None:
        mark = self.mark()
        try:
            return self.against(node, focus)
        except (NotFast, Several):
            self.back(mark)
        one, ones, own = self.side(node.left, focus)
        two, twos, other = self.side(node.right, focus)
        negate = node.operator == "!="
        if not ones and not twos:
            if one is None or two is None:
                return None
            return self.compared(node.operator, one, two)
        if (one or own) is None or (two or other) is None:
            return None
        if one is not None:
            ones, own = self.as_list(one), one
        if two is not None:
            twos, other = self.as_list(two), two
        assert own is not None
        assert other is not None
        if own.kind in SIMPLE and own.kind == other.kind:
            test = f"same_lists({ones}, {twos})"
        else:
            test = f"equal({self.as_boxes(ones, own)}, {self.as_boxes(twos, other)})"
        return self.perhaps(test, negate=negate)

    def as_list(self, shape: Shape) -> str:
        """A list with one value or none."""
        listed = self.name()
        single = f"[{shape.variable}]"
        self.line(
            f"{listed} = {single}" if shape.sure else
            f"{listed} = [] if {shape.variable} is None else {single}"
        )  # fmt: skip
        return listed

    def perhaps(self, test: str, *, negate: bool, given: tuple[Shape, ...] = ()) -> Shape:
        """A truth that may be unknown."""
        value = self.name()
        self.line(f"{value} = {self.when(*given)}{test}")
        if negate:
            self.line(f"if {value} is not None: {value} = not {value}")
        return Shape(value, "System.Boolean")

    def compared(self, operator: str, one: Shape, two: Shape) -> Shape:
        """`=`, `!=`, `<`, `<=`, `>` or `>=` of two values."""
        python = "==" if operator == "=" else operator
        if {one.kind, two.kind} == {"text", "boolean"} and operator in ("=", "!="):
            return self.assigned(str(operator == "!="), "System.Boolean", one, two)
        if one.kind == two.kind and one.kind in SIMPLE and (
            one.kind != "boolean" or operator in ("=", "!=")
        ):  # fmt: skip
            return self.assigned(
                f"{one.variable} {python} {two.variable}", "System.Boolean", one, two
            )
        if one.kind in NUMERIC and two.kind in NUMERIC:
            return self.assigned(self.numbers(python, one, two), "System.Boolean", one, two)
        if one.kind == "date" and two.kind == "temporal" and two.sure:
            literal = self.space.get(two.variable)
            if isinstance(literal, Temporal):
                test = self.constant(date_tester(DATES[one.type], literal, operator))
                return self.perhaps(f"{test}({one.variable})", negate=False, given=(one,))
        if one.kind == "date" and two.kind == "date":
            return self.perhaps(
                f"dates_test({one.variable}, {DATES[one.type]!r}, "
                f"{two.variable}, {DATES[two.type]!r}, {operator!r})",
                negate=False, given=(one, two),
            )  # fmt: skip
        if one.is_fhir and model.is_a(one.type, "Quantity") and two.sure and two.kind == "quantity":
            return self.perhaps(
                f"quantity_test({one.variable}, {one.type!r}, {two.variable}, {operator!r})",
                negate=False, given=(one,),
            )  # fmt: skip
        first, second = self.atom(one), self.atom(two)
        if operator in ORDER:
            return self.perhaps(
                f"compare({first}, {second}, {operator!r})", negate=False, given=(one, two)
            )
        return self.perhaps(
            f"equal_items({first}, {second})", negate=operator == "!=", given=(one, two)
        )

    def numbers(self, python: str, one: Shape, two: Shape) -> str:
        """A comparison of numbers; a short constant is compared with floats as they are."""
        for raw, constant, turn in ((one, two, False), (two, one, True)):
            value = self.space.get(constant.variable, constant.variable)
            if raw.type != "decimal" or not constant.sure or len(str(value)) > 15:
                continue
            try:
                exact = Decimal(str(value))
            except ArithmeticError:
                continue
            short, whole = repr(float(exact)), self.constant(exact)
            order = "{1} {2} {0}" if turn else "{0} {2} {1}"
            near = order.format(f"number({raw.variable})", short, python)
            far = order.format(raw.variable, whole, python)
            return f"({near} if type({raw.variable}) is not Decimal else {far})"
        return f"{self.atom(one)} {python} {self.atom(two)}"

    def order(self, node: Binary, focus: Shape) -> Shape | None:
        mark = self.mark()
        try:
            return self.against(node, focus)
        except NotFast:
            self.back(mark)
        one, two = self.one(node.left, focus), self.one(node.right, focus)
        if one is None or two is None:
            return None
        return self.compared(node.operator, one, two)
