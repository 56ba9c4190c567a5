"""Turns the trees of paths into SQL values: navigation, lists and scalars."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from taihe.fhir import model
from taihe.fhir.fhirpath.compiler import CONSTANTS, compile_node
from taihe.fhir.fhirpath.elements import Element, is_cast, is_type
from taihe.fhir.fhirpath.environment import Environment
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
from taihe.fhir.fhirpath.values import Quantity, Temporal, parse_temporal
from taihe.fhir.views.definition import View
from taihe.fhir.views.dialect import Dialect
from taihe.fhir.views.sql.lists import Lists, tidy
from taihe.fhir.views.sql.schema import EXACT, leaf_of
from taihe.fhir.views.sql.value import (
    NOTHING,
    Value,
    boolean,
    choice,
    decimal,
    integer,
    kind_of,
    text,
)
from taihe.kernel.errors import Incorrect, TaiheError, Unsupported

WHOLE_CHOICES = frozenset(
    ("exists", "empty", "not", "all", "count", "allTrue", "anyTrue", "allFalse", "anyFalse",
     "isDistinct", "subsetOf", "supersetOf", "hasValue", "where", "select", "first", "last",
     "single", "ofType", "as", "is", "iif", "coalesce", "trace", "union", "combine", "exclude",
     "intersect", "distinct", "join", "skip", "take", "tail", "extension", "hasExtension",
     "getReferenceKey")
)  # fmt: skip
"""Functions that take an element like value[x] whole; others are asked of the form there is."""


class Writer(Lists):
    """Turns trees into SQL values; `focus` is what a name without source is looked up in."""

    def __init__(
        self,
        view: View,
        root: Value,
        dialect: Dialect,
        functions: dict[str, Function],
        digits: bool,
    ) -> None:
        super().__init__(root, dialect, digits)
        self.functions = functions
        self.view = view
        self.row_index = "0"

    # Navigation

    def child(self, source: Value, name: str) -> Value:
        """The children of a value that have a FHIRPath name."""
        if source.kind == "none":
            return NOTHING
        if source.choices:
            return choice([self.child(form, name) for form in source.choices])
        if source.kind != "complex":
            return self.beside(source, name)
        fields = model.named(source.place).get(name, ())
        return choice([self.field(source, found) for found in fields])

    def field(self, source: Value, found: model.Field) -> Value:
        """One property of a structure, or of each in a list."""
        if found.type == "Resource":
            raise Unsupported("Contained resources cannot be read as columns.", "")
        schema = source.schema
        if schema is None:
            raise Unsupported("Parts of a constant cannot be read as columns.", "")
        if not schema.has(found.key):
            if schema.has("_" + found.key) and found.primitive:
                raise Unsupported("A primitive that is only extensions is no column.", "")
            return NOTHING
        column, digits = found.key, False
        if found.type == "decimal" and self.digits:
            digits = schema.available is None
            if not digits and schema.has(found.key + EXACT):
                column += EXACT
        leaf = "VARCHAR" if digits or column != found.key else leaf_of(found.type)
        below = schema.child(column, many=found.many, leaf=leaf, digits=digits)

        def step(item: Value) -> Value:
            sql = f"{item.sql}.{self.d.name(column)}"
            if found.type == "decimal" and self.digits and leaf == "DOUBLE":
                sql = self.plain_number(sql, many=found.many)
            if found.many and found.primitive:
                sql = self.without_gaps(item, found.key, sql)
            return Value(
                sql, kind_of(found.type), found.type, found.place, found.many, below,
                holder=(item, found.key) if not found.many and found.primitive else None,
            )  # fmt: skip

        return self.each(source, step)

    def plain_number(self, sql: str, *, many: bool) -> str:
        """A double as digits, where the table has nothing better."""
        if not many:
            return self.d.cast(sql, "VARCHAR")
        name = self.fresh()
        return self.d.each(sql, name, self.d.cast(name, "VARCHAR"))

    def without_gaps(self, item: Value, key: str, sql: str) -> str:
        """A list of primitives without nulls; one with extensions beside is not SQL's."""
        other = self.fresh()
        kept = self.d.kept(sql, other, f"{other} IS NOT NULL")
        assert item.schema is not None
        if not item.schema.has("_" + key):
            return kept
        item.schema.child("_" + key, many=False, leaf="JSON")
        beside = f"{item.sql}.{self.d.name('_' + key)}"
        return f"(CASE WHEN {beside} IS NOT NULL THEN {self.again()} ELSE {kept} END)"

    def beside(self, source: Value, name: str) -> Value:
        """The id or extension of a primitive, from the object beside it."""
        fields = model.named("Element").get(name, ())
        if not fields or source.system:
            return NOTHING
        if source.holder is None or source.many:
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
        """The value of a tree."""
        if isinstance(node, Binary | Call | Unary) and self.is_constant(node):
            known = self.folded(node)
            if known is not None:
                return known
        if isinstance(node, Member):
            if node.source is None:
                return self.start(node.name, focus)
            return self.child(self.write(node.source, focus), node.name)
        if isinstance(node, Literal):
            return self.literal(node)
        if isinstance(node, Binary):
            from taihe.fhir.views.sql.operators import binary

            return binary(self, node, focus)
        if isinstance(node, Call):
            return self.call(node, focus)
        if isinstance(node, Index):
            return self.indexed(node, focus)
        if isinstance(node, Special) and node.name == "$this":
            return focus
        if isinstance(node, Special) and node.name == "$index" and self.index is not None:
            return integer(f"({self.index})")
        if isinstance(node, Variable):
            return self.variable(node)
        if isinstance(node, TypeTest):
            return self.type_test(node.operator, self.write(node.operand, focus), node.type)
        if isinstance(node, Unary):
            return self.signed(node, focus)
        if isinstance(node, Empty):
            return NOTHING
        raise Unsupported("The view uses a form of FHIRPath that SQL cannot say.", "")

    def is_constant(self, node: Node) -> bool:
        """Whether a tree says the same of every resource."""
        if isinstance(node, Literal | Empty):
            return True
        if isinstance(node, Variable):
            return node.name in self.view.constants or node.name in CONSTANTS
        if isinstance(node, Unary):
            return self.is_constant(node.operand)
        if isinstance(node, Binary):
            return self.is_constant(node.left) and self.is_constant(node.right)
        if isinstance(node, Call) and node.source is not None:
            return self.is_constant(node.source) and all(map(self.is_constant, node.arguments))
        return False

    def folded(self, node: Node) -> Value | None:
        """A tree that needs no data as a literal, by the evaluator; None where that fails."""
        constants = {name: [value] for name, value in self.view.constants.items()}
        try:
            items = compile_node(node)(Environment(None, dict(constants)), [])
        except TaiheError:
            return None
        if not items:
            return NOTHING
        item = items[0]
        if len(items) > 1 or isinstance(item, Element | Quantity):
            return None
        if isinstance(item, bool):
            return boolean("true" if item else "false")
        if isinstance(item, Temporal):
            return self.literal(Literal(node.position, item.kind, str(item)))
        kind = {int: "Integer", Decimal: "Decimal", str: "String"}[type(item)]
        return self.literal(Literal(node.position, kind, item))

    def start(self, name: str, focus: Value) -> Value:
        """A name without a source: the type of the focus, or a child of it."""
        if focus.choices:
            return choice([self.start(name, form) for form in focus.choices])
        known = model.kind(name) or name in ("Resource", "DomainResource")
        if known and focus.kind != "none" and not focus.system and model.is_a(focus.type, name):
            return focus
        return self.child(focus, name)

    def literal(self, node: Literal) -> Value:
        """A literal."""
        if node.kind == "String":
            return replace(text(self.d.text(str(node.value))), literal=str(node.value))
        if node.kind == "Boolean":
            return boolean("true" if node.value else "false")
        if node.kind in ("Integer", "Long"):
            if abs(int(node.value)) >= 2**63:
                raise Unsupported("A whole number has too many digits for a column.", "")
            return replace(integer(str(node.value)), literal=str(node.value))
        if node.kind == "Decimal":
            return self.number_literal(Decimal(str(node.value)))
        if node.kind in ("Date", "DateTime", "Time"):
            written = str(node.value)
            plain = written.removeprefix("T").removesuffix("T")
            return Value(
                self.d.text(plain), kind_of(node.kind), node.kind, system=True, literal=written
            )
        unit = node.unit if not node.calendar else ""
        return Value("", "quantity", "Quantity", unit, system=True, literal=str(node.value))

    def number_literal(self, number: Decimal) -> Value:
        """A decimal of the view."""
        digits = format(number, "f") if abs(int(number.as_tuple().exponent)) < 40 else ""
        if not digits or len(digits) > 15:
            raise Unsupported("A decimal has too many digits for a column.", "")
        short = digits.rstrip("0").rstrip(".") if "." in digits else digits
        plain = "0" if short in ("-0", "") else short
        sql = self.d.text(plain) if self.digits else self.d.cast(digits, "DOUBLE")
        return Value(sql, "decimal", "Decimal", system=True, computed=True, literal=digits)

    def variable(self, node: Variable) -> Value:
        """What a %name means."""
        name = node.name
        if name in self.view.constants:
            return self.constant(self.view.constants[name])
        if name == "rowIndex":
            if not self.row_index:
                raise Unsupported("%rowIndex inside repeat cannot be written as SQL.", "")
            return integer(f"({self.row_index})")
        if name in ("resource", "rootResource", "context"):
            return self.root
        if name in CONSTANTS:
            return text(self.d.text(CONSTANTS[name]))
        if name.startswith("vs-"):
            return text(self.d.text(f"http://hl7.org/fhir/ValueSet/{name[3:]}"))
        if name.startswith("ext-"):
            return text(self.d.text(f"http://hl7.org/fhir/StructureDefinition/{name[4:]}"))
        raise Incorrect(f"The view is wrong: %{name} is not defined.", "Add it to constant.")

    def constant(self, element: Element) -> Value:
        """A constant of the view: a FHIR element that is a primitive."""
        value, kind = element.value, kind_of(element.type)
        if isinstance(value, bool):
            sql = "true" if value else "false"
        elif kind == "decimal":
            found = self.number_literal(Decimal(str(value)))
            sql = self.d.text(str(found.literal)) if self.digits else found.sql
            return replace(found, sql=sql, type="decimal", system=False, computed=False)
        elif isinstance(value, int):
            sql = str(value)
        elif kind in ("date", "time"):
            whole = {"date": "Date", "time": "Time"}.get(element.type, "DateTime")
            if parse_temporal(str(value), whole) is None:
                raise Unsupported("A constant is no date or time.", "Write it as FHIR does.")
            sql = self.d.text(str(value))
        else:
            sql = self.d.text(str(value))
        return Value(sql, kind, element.type, literal=str(value))

    def signed(self, node: Unary, focus: Value) -> Value:
        """`+x` and `-x`."""
        value = self.one(self.write(node.operand, focus), "A sign")
        if value.kind == "none":
            return value
        if value.kind == "integer":
            return integer(f"({node.operator}{value.sql})")
        if value.kind != "decimal":
            raise Unsupported("A sign stands before something that is no number.", "")
        if node.operator == "+":
            return replace(value, system=True, holder=None, type="Decimal")
        if not self.digits:
            return replace(decimal(f"(-{value.sql})"), computed=False)

        def body(x: str) -> str:
            minus = self.d.starts(x, self.d.text("-"))
            return f"(CASE WHEN {minus} THEN substr({x}, 2) ELSE '-' || {x} END)"

        return decimal(tidy(self, self.let(value.sql, body)))

    def indexed(self, node: Index, focus: Value) -> Value:
        """`source[index]`."""
        source = self.write(node.source, focus)
        at = self.one(self.write(node.index, focus), "An index")
        if "none" in (source.kind, at.kind):
            return NOTHING
        if at.kind != "integer":
            raise Unsupported("An index is no whole number.", "Write a whole number.")
        return self.item(source, at)

    def item(self, source: Value, at: Value) -> Value:
        """The item at a position from 0."""
        if source.choices:
            if source.many:
                raise Unsupported("An item of a choice is chosen without its type.", "")
            return choice([self.item(form, at) for form in source.choices])
        if not source.many:
            if at.literal is not None:
                return source if at.literal == "0" else NOTHING
            return self.only_if(f"({at.sql}) = 0", source)
        if at.literal is not None:
            if int(at.literal) < 0:
                return NOTHING
            found = self.d.at(source.sql, str(int(at.literal) + 1))
        else:
            found = (
                f"(CASE WHEN ({at.sql}) >= 0 THEN {self.d.at(source.sql, f'({at.sql}) + 1')} END)"
            )
        return replace(source, sql=found, many=False, holder=None)

    def only_if(self, condition: str, source: Value) -> Value:
        """A value where a condition is true."""
        if source.choices:
            return choice([self.only_if(condition, form) for form in source.choices])
        if source.many:
            sql = f"(CASE WHEN {condition} THEN {source.sql} END)"
            return replace(source, sql=sql, holder=None)
        source = self.guarded(source)
        sql = f"(CASE WHEN {condition} THEN {source.sql} END)"
        return replace(source, sql=sql, holder=None, literal=None)

    # Types

    def type_test(self, operator: str, source: Value, wanted: str) -> Value:
        """`is`, `as` and `ofType`."""
        if operator == "ofType":
            return self.of_type(source, wanted)
        if source.kind == "none":
            return NOTHING
        if operator == "as":
            return self.of_type(self.single(source, "as"), wanted)
        single = self.single(source, "is")
        if single.choices:
            tests = [
                f"WHEN {self.exists(form)} THEN {str(_is(form, wanted)).lower()}"
                for form in single.choices
            ]
            return boolean(f"(CASE {' '.join(tests)} END)")
        answer = str(_is(single, wanted)).lower()
        return boolean(f"(CASE WHEN {self.exists(single)} THEN {answer} END)")

    def single(self, source: Value, what: str) -> Value:
        """A collection of one, whichever its type."""
        if source.choices:
            if source.many:
                raise Unsupported(f"{what} on several choices cannot be written as SQL.", "")
            return source
        return self.scalar(source, what)

    def of_type(self, source: Value, wanted: str) -> Value:
        """What is of a type."""
        if source.choices:
            return choice([form for form in source.choices if _cast(form, wanted)])
        return source if source.kind != "none" and _cast(source, wanted) else NOTHING

    # Functions

    def call(self, node: Call, focus: Value) -> Value:
        """A call of a function."""
        source = focus if node.source is None else self.write(node.source, focus)
        method = self.functions.get(node.name)
        if method is None:
            raise Unsupported(
                f"{node.name}() cannot be written as SQL.", "Answer the view in memory."
            )
        if source.choices and node.name not in WHOLE_CHOICES:
            return self.spread(source, lambda form: method(self, form, node, focus))
        return method(self, source, node, focus)

    def where(self, source: Value, condition: Node) -> Value:
        """The items for which a condition is true."""
        if source.kind == "none":
            return source
        if source.choices:
            return choice([self.where(form, condition) for form in source.choices])
        if not source.many:
            outer, self.index = self.index, "0"
            held = self.truth(self.write(condition, source))
            self.index = outer
            return self.only_if(held, source)
        name, at = self.fresh(), self.fresh()
        outer, self.index = self.index, self.d.position(at)
        item = replace(source, sql=name, many=False, holder=None)
        held = f"coalesce({self.truth(self.write(condition, item))}, false)"
        self.index = outer
        if at in held:
            sql = self.d.kept_at(source.sql, name, at, held)
        else:
            sql = self.d.kept(source.sql, name, held)
        return replace(source, sql=sql, holder=None)


def _sample(value: Value) -> object:
    """An item of the same type, to ask the evaluator about types."""
    if value.system:
        if value.kind == "date":
            return parse_temporal("2000", value.type) or parse_temporal("2000", "DateTime")
        return {"boolean": True, "integer": 1, "decimal": Decimal(1), "text": "",
                "time": parse_temporal("10", "Time")}.get(value.kind)  # fmt: skip
    return Element(None, value.type, value.place)


def _is(value: Value, wanted: str) -> bool:
    if not value.type:
        raise Unsupported("The type of a value is not known before it is read.", "")
    return is_type(_sample(value), wanted)


def _cast(value: Value, wanted: str) -> bool:
    if not value.type:
        raise Unsupported("The type of a value is not known before it is read.", "")
    return is_cast(_sample(value), wanted)


Function = Callable[[Writer, Value, Call, Value], Value]
