"""Turns the trees of paths into SQL values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from taihe.fhir import model
from taihe.fhir.fhirpath.compiler import CONSTANTS
from taihe.fhir.fhirpath.elements import Element
from taihe.fhir.fhirpath.tree import (
    Binary,
    Call,
    Empty,
    Index,
    Literal,
    Member,
    Node,
    Special,
    TypeTest,
    Unary,
    Variable,
)
from taihe.fhir.views.definition import View
from taihe.fhir.views.dialect import Dialect
from taihe.fhir.views.sql.schema import WHOLE, leaf_of
from taihe.fhir.views.sql.value import NOTHING, Value, boolean, kind_of
from taihe.kernel.errors import Incorrect, Unsupported


class Writer:
    """Turns trees into SQL values; `focus` is what a name without source is looked up in."""

    def __init__(
        self, view: View, root: Value, dialect: Dialect, functions: dict[str, Function]
    ) -> None:
        self.functions = functions
        self.view = view
        self.root = root
        self.d = dialect
        self.count = 0
        self.row_index = "0"

    def fresh(self) -> str:
        self.count += 1
        return f"x{self.count}"

    # Lists and scalars

    def each(self, value: Value, body: Callable[[Value], Value]) -> Value:
        """The results of `body` on every item, as one flat collection."""
        if not value.many or value.kind == "none":
            return body(value)
        name = self.fresh()
        inner = body(replace(value, sql=name, many=False))
        if inner.choices:
            forms = tuple(self.lifted(value.sql, name, form) for form in inner.choices)
            return replace(inner, sql="", many=True, choices=forms)
        return self.lifted(value.sql, name, inner)

    def lifted(self, source: str, name: str, inner: Value) -> Value:
        if inner.kind == "none":
            return inner
        mapped = self.d.each(source, name, inner.sql)
        holder = None
        if inner.many:
            return replace(inner, sql=self.d.flat(mapped), many=True, holder=holder)
        other = self.fresh()
        kept = self.d.kept(mapped, other, f"{other} IS NOT NULL")
        return replace(inner, sql=kept, many=True, holder=holder)

    def listed(self, value: Value) -> str:
        """The value as a list; null or empty when there is nothing."""
        if value.many:
            return value.sql
        return f"(CASE WHEN {value.sql} IS NOT NULL THEN {self.d.array(value.sql)} END)"

    def exists(self, value: Value) -> str:
        if value.choices:
            return "(" + " OR ".join(self.exists(form) for form in value.choices) + ")"
        if value.kind == "none":
            return "false"
        if value.many:
            return f"(coalesce({self.d.length(value.sql)}, 0) > 0)"
        return f"({value.sql} IS NOT NULL)"

    def one(self, value: Value, what: str) -> Value:
        """The value as a scalar; a list with more than one item stops the query."""
        if value.choices:
            raise Unsupported(f"{what} needs the type of a choice.", "Use ofType().")
        if not value.many:
            return value
        problem = self.d.text(f"{what} has several values in one row; use first() or collection.")
        many, first = f"{self.d.length(value.sql)} > 1", self.d.at(value.sql, "1")
        sql = f"(CASE WHEN {many} THEN {self.d.stop(problem)} ELSE {first} END)"
        return replace(value, sql=sql, many=False)

    # Navigation

    def child(self, source: Value, name: str) -> Value:
        if source.kind == "none":
            return NOTHING
        if source.choices:
            raise Unsupported(f"{name} needs the type of a choice.", "Use ofType() before it.")
        if source.kind != "complex":
            return self.beside(source, name)
        fields = model.named(source.place).get(name, ())
        if not fields:
            return NOTHING
        forms = [self.field(source, found) for found in fields]
        if len(forms) == 1:
            return forms[0]
        return Value("", "complex", "", "", forms[0].many, None, tuple(forms))

    def field(self, source: Value, found: model.Field) -> Value:
        if found.type == "Resource":
            raise Unsupported("Contained resources cannot be read as columns.", "")
        assert source.schema is not None
        if not source.schema.has(found.key):
            return NOTHING
        schema = source.schema.child(found.key, many=found.many, leaf=leaf_of(found.type))

        def step(item: Value) -> Value:
            sql = f"{item.sql}.{self.d.name(found.key)}"
            if found.many and found.primitive:
                other = self.fresh()
                sql = self.d.kept(sql, other, f"{other} IS NOT NULL")
            return Value(
                sql, kind_of(found.type), found.type, found.place, found.many, schema,
                holder=(item, found.key) if not found.many else None,
            )  # fmt: skip

        return self.each(source, step)

    def beside(self, source: Value, name: str) -> Value:
        """The id or extension of a primitive, from the object beside it."""
        fields = model.named("Element").get(name, ())
        if source.holder is None or source.many or not fields:
            raise Unsupported(f"{name} of a primitive that repeats cannot be read as a column.", "")
        holder, key = source.holder
        assert holder.schema is not None
        if not holder.schema.has("_" + key):
            return NOTHING
        schema = holder.schema.child("_" + key, many=False, leaf="JSON")
        extra = Value(
            f"{holder.sql}.{self.d.name('_' + key)}", "complex", "Element", "Element", False, schema
        )
        return self.field(extra, fields[0])

    # Trees

    def write(self, node: Node, focus: Value) -> Value:
        if isinstance(node, Member):
            if node.source is None:
                if model.kind(node.name) == "resource":
                    return focus if node.name in model.ancestors(self.view.resource) else NOTHING
                return self.child(focus, node.name)
            return self.child(self.write(node.source, focus), node.name)
        if isinstance(node, Literal):
            return self.literal(node)
        if isinstance(node, Binary):
            return self.binary(node, focus)
        if isinstance(node, Call):
            return self.call(node, focus)
        if isinstance(node, Index):
            return self.index(node, focus)
        if isinstance(node, Special) and node.name == "$this":
            return focus
        if isinstance(node, Variable):
            return self.variable(node)
        if isinstance(node, TypeTest):
            source = self.write(node.operand, focus)
            if node.operator == "as":
                return self.of_type(source, node.type)
            return boolean(self.exists(self.of_type(source, node.type)))
        if isinstance(node, Unary):
            value = self.one(self.write(node.operand, focus), "A sign")
            return replace(value, sql=f"({node.operator}{value.sql})", holder=None)
        if isinstance(node, Empty):
            return NOTHING
        raise Unsupported("The view uses a form of FHIRPath that SQL cannot say.", "")

    def literal(self, node: Literal) -> Value:
        if node.kind == "String":
            return Value(self.d.text(str(node.value)), "text", "String")
        if node.kind == "Boolean":
            return boolean("true" if node.value else "false")
        if node.kind in ("Integer", "Long"):
            return Value(str(node.value), "number", "Integer")
        if node.kind == "Decimal":
            return Value(self.d.cast(str(node.value), "DOUBLE"), "number", "Decimal")
        if node.kind in ("Date", "DateTime", "Time"):
            text = str(node.value).removeprefix("T").removesuffix("T")
            return Value(self.d.text(text), kind_of(node.kind), node.kind)
        raise Unsupported("A quantity cannot be written in a column of a view.", "")

    def variable(self, node: Variable) -> Value:
        name = node.name
        if name in self.view.constants:
            return self.constant(self.view.constants[name])
        if name == "rowIndex":
            return Value(f"({self.row_index})", "number", "Integer")
        if name in ("resource", "rootResource", "context"):
            return self.root
        if name in CONSTANTS:
            return Value(self.d.text(CONSTANTS[name]), "text", "String")
        raise Incorrect(f"The view is wrong: %{name} is not defined.", "Add it to constant.")

    def constant(self, element: Element) -> Value:
        value, kind = element.value, kind_of(element.type)
        if isinstance(value, bool):
            sql = "true" if value else "false"
        elif isinstance(value, int):
            sql = str(value)
        elif isinstance(value, float | Decimal):
            sql = self.d.cast(str(value), "DOUBLE")
        else:
            sql = self.d.text(str(value))
        return Value(sql, kind, element.type)

    def index(self, node: Index, focus: Value) -> Value:
        source = self.write(node.source, focus)
        at = self.one(self.write(node.index, focus), "An index")
        if source.choices:
            forms = tuple(self.item(form, at.sql) for form in source.choices)
            return replace(source, choices=forms, many=False)
        return self.item(source, at.sql)

    def item(self, source: Value, at: str) -> Value:
        if source.many:
            return replace(
                source, sql=self.d.at(source.sql, f"({at}) + 1"), many=False, holder=None
            )
        return replace(source, sql=f"(CASE WHEN ({at}) = 0 THEN {source.sql} END)")

    def of_type(self, source: Value, wanted: str) -> Value:
        name = wanted.rpartition(".")[2]
        if not model.kind(name) and name not in ("Boolean", "String", "Integer", "Decimal"):
            raise Incorrect(f"There is no type {wanted}.", "Check its name.")
        if source.choices:
            kept = [form for form in source.choices if model.is_a(form.type, name)]
            return kept[0] if kept else NOTHING
        same = source.type == name or model.is_a(source.type, name)
        return source if same else NOTHING

    def binary(self, node: Binary, focus: Value) -> Value:
        operator = node.operator
        left, right = self.write(node.left, focus), self.write(node.right, focus)
        if operator in ("and", "or", "xor", "implies"):
            a, b = self.truth(left), self.truth(right)
            if operator == "implies":
                return boolean(f"((NOT {a}) OR {b})")
            if operator == "xor":
                return boolean(f"({a} != {b})")
            return boolean(f"({a} {operator.upper()} {b})")
        if operator in ("=", "!="):
            return self.equal(left, right, operator)
        if operator in ("<", ">", "<=", ">="):
            one, two = self.one(left, operator), self.one(right, operator)
            if "date" in (one.kind, two.kind):
                return boolean(self.dates_compare(one.sql, two.sql, operator))
            return boolean(f"({one.sql} {operator} {two.sql})")
        if operator == "|":
            return self.union(left, right)
        if operator in ("in", "contains"):
            one, many = (left, right) if operator == "in" else (right, left)
            single = self.one(one, operator)
            listed = f"coalesce({self.listed(many)}, {self.d.empty()})"
            held = self.d.holds(listed, single.sql)
            return boolean(f"(CASE WHEN {single.sql} IS NOT NULL THEN {held} END)")
        return self.arithmetic(operator, self.one(left, operator), self.one(right, operator))

    def truth(self, value: Value) -> str:
        single = self.one(value, "A condition")
        if single.kind == "none":
            return self.d.cast("NULL", "BOOLEAN")
        if single.kind != "boolean":
            return f"(CASE WHEN {single.sql} IS NOT NULL THEN true END)"
        return single.sql

    def equal(self, left: Value, right: Value, operator: str) -> Value:
        if "none" in (left.kind, right.kind):
            return boolean(self.d.cast("NULL", "BOOLEAN"))
        if left.choices or right.choices:
            raise Unsupported("A choice is compared without its type.", "Use ofType().")
        if left.many or right.many:
            a, b = self.listed(left), self.listed(right)
            empty = " OR ".join(f"coalesce({self.d.length(side)}, 0) = 0" for side in (a, b))
            return boolean(f"(CASE WHEN {empty} THEN NULL ELSE {a} {operator} {b} END)")
        if left.kind == right.kind == "date":
            same = self.dates_equal(left.sql, right.sql)
            return boolean(same if operator == "=" else f"(NOT {same})")
        if left.kind != right.kind and {left.kind, right.kind} != {"date", "text"}:
            sql = "false" if operator == "=" else "true"
            missing = f"{left.sql} IS NULL OR {right.sql} IS NULL"
            return boolean(f"(CASE WHEN {missing} THEN NULL ELSE {sql} END)")
        return boolean(f"({left.sql} {operator} {right.sql})")

    def union(self, left: Value, right: Value) -> Value:
        if left.kind == "none" or right.kind == "none":
            return right if left.kind == "none" else left
        a, b = (f"coalesce({self.listed(side)}, {self.d.empty()})" for side in (left, right))
        return replace(left, sql=self.d.distinct(self.d.joined(a, b)), many=True, holder=None)

    def arithmetic(self, operator: str, a: Value, b: Value) -> Value:
        if operator == "&":
            parts = (f"coalesce({self.d.cast(side.sql, 'VARCHAR')}, '')" for side in (a, b))
            return Value(f"({' || '.join(parts)})", "text", "String")
        if operator == "+" and a.kind == "text":
            return Value(f"({a.sql} || {b.sql})", "text", "String")
        if a.kind not in ("number", "none") or b.kind not in ("number", "none"):
            raise Unsupported(f"{operator} works on numbers in a column.", "")
        if operator == "/":
            return Value(
                f"({self.d.cast(a.sql, 'DOUBLE')} / nullif({b.sql}, 0))", "number", "Decimal"
            )
        if operator == "div":
            whole_part = self.d.whole(f"{a.sql} / nullif({b.sql}, 0)")
            return Value(whole_part, "number", "Integer")
        sign = "%" if operator == "mod" else operator
        second = f"nullif({b.sql}, 0)" if operator == "mod" else b.sql
        whole = a.type in WHOLE and b.type in WHOLE
        return Value(f"({a.sql} {sign} {second})", "number", "Integer" if whole else "Decimal")

    # Functions

    def call(self, node: Call, focus: Value) -> Value:
        source = focus if node.source is None else self.write(node.source, focus)
        name, arguments = node.name, node.arguments
        method = self.functions.get(name)
        if method is None:
            raise Unsupported(f"{name}() cannot be written as SQL.", "Answer the view in memory.")
        return method(self, source, arguments, focus)

    def dates_equal(self, a: str, b: str) -> str:
        """Equality of dates as text; null where one is less precise and the rest agrees."""
        moments = " = ".join(f"CAST({side} AS {self.d.moment})" for side in (a, b))
        return (
            f"(CASE WHEN {a} IS NULL OR {b} IS NULL THEN NULL WHEN {a} = {b} THEN true "
            f"WHEN length({a}) > 10 AND length({b}) > 10 THEN {moments} "
            f"WHEN {self.d.starts(a, b)} OR {self.d.starts(b, a)} THEN NULL ELSE false END)"
        )

    def dates_compare(self, a: str, b: str, operator: str) -> str:
        moments = f" {operator} ".join(f"CAST({side} AS {self.d.moment})" for side in (a, b))
        vague = f"({self.d.starts(a, b)} OR {self.d.starts(b, a)})"
        return (
            f"(CASE WHEN {a} IS NULL OR {b} IS NULL THEN NULL "
            f"WHEN length({a}) > 10 AND length({b}) > 10 THEN {moments} "
            f"WHEN length({a}) != length({b}) AND {vague} THEN NULL ELSE {a} {operator} {b} END)"
        )

    def where(self, source: Value, condition: Node) -> Value:
        if source.kind == "none":
            return source
        if not source.many:
            held = self.truth(self.write(condition, source))
            return replace(source, sql=f"(CASE WHEN {held} THEN {source.sql} END)", holder=None)
        name = self.fresh()
        item = replace(source, sql=name, many=False)
        held = self.truth(self.write(condition, item))
        sql = self.d.kept(source.sql, name, f"coalesce({held}, false)")
        return replace(source, sql=sql, holder=None)

    def text(self, node: Node, focus: Value) -> str:
        return self.one(self.write(node, focus), "An argument").sql


Arguments = tuple[Node, ...]
Function = Callable[[Writer, Value, Arguments, Value], Value]
