"""
Write a view as one query over typed nested columns, in the dialect of DuckDB or Spark.

The same trees that the evaluator runs become SQL; on the way the columns that the paths touch
are noted, so that a reader of NDJSON parses nothing else. A value that FHIR allows once is a
scalar (null when absent), one that may repeat a list (null counts as empty). What SQL cannot
say is refused as Unsupported, and the caller may answer the view in memory.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from taihe.fhir import model
from taihe.fhir.fhirpath import parse
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
from taihe.fhir.views.definition import Column, Select, View
from taihe.fhir.views.dialect import DUCKDB, SPARK, Dialect
from taihe.kernel.errors import Incorrect, Unsupported

REPEAT_DEPTH = 8

_WHOLE = frozenset(("integer", "positiveInt", "unsignedInt", "Integer"))
_DATES = frozenset(("date", "dateTime", "instant", "Date", "DateTime"))


@dataclass
class Schema:
    """
    The columns that a view reads at a place: nested, by JSON key; a leaf has a SQL type.

    `available` names the columns that a table has; None when any may be read.
    """

    many: bool = False
    leaf: str = "JSON"
    children: dict[str, Schema] = field(default_factory=dict)
    available: dict[str, Any] | None = None
    dialect: Dialect = DUCKDB

    def child(self, key: str, *, many: bool, leaf: str) -> Schema:
        """The column under a key, made on first use."""
        below = None if self.available is None else self.available.get(key, {})
        return self.children.setdefault(
            key, Schema(many, leaf, available=below, dialect=self.dialect)
        )

    def has(self, key: str) -> bool:
        """Whether the table may have the column."""
        return self.available is None or key in self.available

    def ddl(self) -> str:
        """The type in SQL."""
        inner = self.dialect.type(self.leaf)
        if self.children:
            parts = ((key, child.ddl()) for key, child in self.children.items())
            inner = self.dialect.struct_type(parts)
        return self.dialect.list_type(inner) if self.many else inner

    def keep(self, sql: str) -> None:
        """Drop what the query never names: the forms of a choice that were not chosen."""
        for key in [key for key in self.children if self.dialect.name(key) not in sql]:
            del self.children[key]
        for child in self.children.values():
            child.keep(sql)

    def structure(self) -> Any:
        """The same as the structure that json_transform() takes."""
        inner: Any = {k: c.structure() for k, c in self.children.items()} or self.leaf
        return [inner] if self.many else inner


@dataclass(frozen=True)
class Value:
    """
    An expression in SQL with what is known of it.

    `kind` is boolean, number, text, date, time, complex or none; `choices` are the typed forms
    of an element like value[x] while its type is not chosen.
    """

    sql: str
    kind: str
    type: str
    place: str = ""
    many: bool = False
    schema: Schema | None = None
    choices: tuple[Value, ...] = ()
    holder: tuple[Value, str] | None = None


@dataclass(frozen=True)
class Statement:
    """A view as SQL: `columns` are the types to read, `select` has `{source}` for the table."""

    resource: str
    columns: dict[str, str]
    select: str
    structure: str

    def over_ndjson(self, files: list[str]) -> str:
        """The query over NDJSON files; a path is quoted here."""
        types = ", ".join(f"{_text(key)}: {_text(ddl)}" for key, ddl in self.columns.items())
        paths = ", ".join(_text(path) for path in files)
        source = (
            f"read_json([{paths}], format='newline_delimited', maximum_object_size=268435456, "
            f"columns={{{types}}})"
        )
        return self.select.replace("{source}", source)

    def over_mixed_ndjson(self, files: list[str]) -> str:
        """
        The query over NDJSON files whose lines are of several resource types.

        Slower: each line is parsed as JSON first, and those of other types are dropped.
        """
        paths = ", ".join(_text(path) for path in files)
        lines = (
            f"SELECT json_transform(json, {_text(self.structure)}) AS resource "
            f"FROM read_ndjson_objects([{paths}], maximum_object_size=268435456) "
            f"WHERE json->>'resourceType' = {_text(self.resource)}"
        )
        return self.select.replace("{source}", f"(SELECT unnest(resource) FROM ({lines}))")


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _leaf(type_name: str) -> str:
    if type_name == "boolean":
        return "BOOLEAN"
    if type_name in _WHOLE:
        return "BIGINT"
    if type_name == "decimal":
        return "DOUBLE"
    return "VARCHAR" if model.kind(type_name) == "primitive" else "JSON"


def _kind(type_name: str) -> str:
    if type_name in ("boolean", "Boolean"):
        return "boolean"
    if type_name in _WHOLE or type_name in ("decimal", "Decimal"):
        return "number"
    if type_name in _DATES:
        return "date"
    if type_name in ("time", "Time"):
        return "time"
    return "text" if model.kind(type_name) == "primitive" or type_name == "String" else "complex"


NOTHING = Value("NULL", "none", "")


def _boolean(sql: str) -> Value:
    return Value(sql, "boolean", "Boolean")


class _Writer:
    """Turns trees into SQL values; `focus` is what a name without source is looked up in."""

    def __init__(self, view: View, root: Value, dialect: Dialect) -> None:
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
        schema = source.schema.child(found.key, many=found.many, leaf=_leaf(found.type))

        def step(item: Value) -> Value:
            sql = f"{item.sql}.{self.d.name(found.key)}"
            if found.many and found.primitive:
                other = self.fresh()
                sql = self.d.kept(sql, other, f"{other} IS NOT NULL")
            return Value(
                sql, _kind(found.type), found.type, found.place, found.many, schema,
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
            return _boolean(self.exists(self.of_type(source, node.type)))
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
            return _boolean("true" if node.value else "false")
        if node.kind in ("Integer", "Long"):
            return Value(str(node.value), "number", "Integer")
        if node.kind == "Decimal":
            return Value(self.d.cast(str(node.value), "DOUBLE"), "number", "Decimal")
        if node.kind in ("Date", "DateTime", "Time"):
            text = str(node.value).removeprefix("T").removesuffix("T")
            return Value(self.d.text(text), _kind(node.kind), node.kind)
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
        value, kind = element.value, _kind(element.type)
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
                return _boolean(f"((NOT {a}) OR {b})")
            if operator == "xor":
                return _boolean(f"({a} != {b})")
            return _boolean(f"({a} {operator.upper()} {b})")
        if operator in ("=", "!="):
            return self.equal(left, right, operator)
        if operator in ("<", ">", "<=", ">="):
            one, two = self.one(left, operator), self.one(right, operator)
            if "date" in (one.kind, two.kind):
                return _boolean(self.dates_compare(one.sql, two.sql, operator))
            return _boolean(f"({one.sql} {operator} {two.sql})")
        if operator == "|":
            return self.union(left, right)
        if operator in ("in", "contains"):
            one, many = (left, right) if operator == "in" else (right, left)
            single = self.one(one, operator)
            listed = f"coalesce({self.listed(many)}, {self.d.empty()})"
            held = self.d.holds(listed, single.sql)
            return _boolean(f"(CASE WHEN {single.sql} IS NOT NULL THEN {held} END)")
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
            return _boolean(self.d.cast("NULL", "BOOLEAN"))
        if left.choices or right.choices:
            raise Unsupported("A choice is compared without its type.", "Use ofType().")
        if left.many or right.many:
            a, b = self.listed(left), self.listed(right)
            empty = " OR ".join(f"coalesce({self.d.length(side)}, 0) = 0" for side in (a, b))
            return _boolean(f"(CASE WHEN {empty} THEN NULL ELSE {a} {operator} {b} END)")
        if left.kind == right.kind == "date":
            same = self.dates_equal(left.sql, right.sql)
            return _boolean(same if operator == "=" else f"(NOT {same})")
        if left.kind != right.kind and {left.kind, right.kind} != {"date", "text"}:
            sql = "false" if operator == "=" else "true"
            missing = f"{left.sql} IS NULL OR {right.sql} IS NULL"
            return _boolean(f"(CASE WHEN {missing} THEN NULL ELSE {sql} END)")
        return _boolean(f"({left.sql} {operator} {right.sql})")

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
        whole = a.type in _WHOLE and b.type in _WHOLE
        return Value(f"({a.sql} {sign} {second})", "number", "Integer" if whole else "Decimal")

    # Functions

    def call(self, node: Call, focus: Value) -> Value:
        source = focus if node.source is None else self.write(node.source, focus)
        name, arguments = node.name, node.arguments
        method = _FUNCTIONS.get(name)
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
Function = Callable[[_Writer, Value, Arguments, Value], Value]


def _exists(w: _Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    return _boolean(w.exists(w.where(source, arguments[0]) if arguments else source))


def _empty(w: _Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    return _boolean(f"(NOT {w.exists(source)})")


def _not(w: _Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    return _boolean(f"(NOT {w.truth(source)})")


def _all(w: _Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    kept = w.where(source, arguments[0])
    return _boolean(f"({_length(w, kept)} = {_length(w, source)})")


def _length(w: _Writer, value: Value) -> str:
    return f"coalesce({w.d.length(w.listed(value))}, 0)" if value.kind != "none" else "0"


def _count(w: _Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    return Value(_length(w, source), "number", "Integer")


def _where(w: _Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    return w.where(source, arguments[0])


def _select(w: _Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    return w.each(source, lambda item: w.write(arguments[0], item))


def _at(position: str) -> Function:
    def take(w: _Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
        if source.choices:
            forms = tuple(take(w, form, arguments, focus) for form in source.choices)
            return replace(source, choices=forms, many=False)
        if not source.many:
            return source
        return replace(source, sql=w.d.at(source.sql, position), many=False, holder=None)

    return take


def _of_type(w: _Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    return w.of_type(source, _type_name(arguments[0]))


def _type_name(node: Node) -> str:
    if isinstance(node, Member):
        return node.name
    if isinstance(node, Literal):
        return str(node.value)
    raise Incorrect("The name of a type is missing.", "Write ofType(Quantity).")


def _is(w: _Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    return _boolean(w.exists(w.of_type(source, _type_name(arguments[0]))))


def _extension(w: _Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    url = w.text(arguments[0], focus)
    found = w.child(source, "extension")
    if found.kind == "none":
        return found
    name = w.fresh()
    w.child(replace(found, sql=name, many=False), "url")
    sql = w.d.kept(found.sql, name, f"{name}.{w.d.name('url')} = {url}")
    return replace(found, sql=sql)


def _join(w: _Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    between = w.text(arguments[0], focus) if arguments else "''"
    listed = w.listed(source) if source.kind != "none" else w.d.empty("VARCHAR[]")
    return Value(f"coalesce({w.d.joined_text(listed, between)}, '')", "text", "String")


def _resource_key(w: _Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    return replace(w.child(w.root, "id"), type="String")


def _reference_key(w: _Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    wanted = _type_name(arguments[0]) if arguments else ""

    def key(item: Value) -> Value:
        reference = w.child(item, "reference")
        if reference.kind == "none":
            return NOTHING
        pattern = f"(?:^|/){wanted or '[A-Za-z]+'}/([A-Za-z0-9.-]+)(?:/_history/[^/]+)?$"
        found = f"nullif(regexp_extract({reference.sql}, {w.d.text(pattern)}, 1), '')"
        if wanted:  # most references are plain "Type/id": no pattern is needed for them
            plain = w.d.starts(reference.sql, w.d.text(wanted + "/"))
            rest = f"substr({reference.sql}, {len(wanted) + 2})"
            short = f"{plain} AND NOT contains({rest}, '/')"
            found = f"(CASE WHEN {short} THEN nullif({rest}, '') ELSE {found} END)"
        return Value(found, "text", "String")

    return NOTHING if source.kind == "none" else w.each(source, key)


def _iif(w: _Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    held = w.truth(w.write(arguments[0], focus))
    then = w.one(w.write(arguments[1], focus), "iif()")
    other = w.one(w.write(arguments[2], focus), "iif()") if len(arguments) > 2 else NOTHING
    known = then if then.kind != "none" else other
    sql = f"(CASE WHEN {held} THEN {then.sql} ELSE {other.sql} END)"
    return replace(known, sql=sql, holder=None)


def _text_function(write_sql: Callable[..., str], kind: str, type_name: str) -> Function:
    def write(w: _Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
        subject = w.one(source, "A text function").sql
        given = [w.text(argument, focus) for argument in arguments]
        return Value(write_sql(w.d, subject, *given), kind, type_name)

    return write


def _called(name: str) -> Callable[..., str]:
    def call(dialect: Dialect, *arguments: str) -> str:
        return f"{name}({', '.join(arguments)})"

    return call


def _to_string(w: _Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    return Value(w.d.cast(w.one(source, "toString()").sql, "VARCHAR"), "text", "String")


def _converted(sql_type: str, type_name: str) -> Function:
    def write(w: _Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
        value = w.one(source, "A conversion").sql
        return Value(f"TRY_CAST({value} AS {sql_type})", "number", type_name)

    return write


def _distinct(w: _Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    if not source.many:
        return source
    return replace(source, sql=w.d.distinct(source.sql), holder=None)


_FUNCTIONS: dict[str, Function] = {
    "exists": _exists,
    "empty": _empty,
    "not": _not,
    "all": _all,
    "count": _count,
    "where": _where,
    "select": _select,
    "first": _at("1"),
    "last": _at("-1"),
    "ofType": _of_type,
    "as": _of_type,
    "is": _is,
    "extension": _extension,
    "join": _join,
    "getResourceKey": _resource_key,
    "getReferenceKey": _reference_key,
    "iif": _iif,
    "toString": _to_string,
    "toInteger": _converted("BIGINT", "Integer"),
    "toDecimal": _converted("DOUBLE", "Decimal"),
    "distinct": _distinct,
    "upper": _text_function(_called("upper"), "text", "String"),
    "lower": _text_function(_called("lower"), "text", "String"),
    "trim": _text_function(_called("trim"), "text", "String"),
    "length": _text_function(_called("length"), "number", "Integer"),
    "startsWith": _text_function(lambda d, *given: d.starts(*given), "boolean", "Boolean"),
    "endsWith": _text_function(lambda d, *given: d.ends(*given), "boolean", "Boolean"),
    "contains": _text_function(_called("contains"), "boolean", "Boolean"),
    "matches": _text_function(lambda d, *given: d.matches(*given), "boolean", "Boolean"),
    "hasValue": _exists,
}


# Rows


def _sql_type(column: Column, value: Value) -> str:
    if value.kind == "none":
        base = _leaf(column.type) if model.kind(column.type) == "primitive" else "VARCHAR"
    elif value.kind == "boolean":
        base = "BOOLEAN"
    elif value.kind == "number":
        base = "BIGINT" if value.type in _WHOLE else "DOUBLE"
    elif value.kind == "complex":
        base = "JSON"
    else:
        base = "VARCHAR"
    return base + ("[]" if column.collection else "")


class _Rows:
    """Writes the rows of selects: as plain columns, one unnest, or lists of rows."""

    def __init__(self, view: View, available: dict[str, Any] | None, dialect: Dialect) -> None:
        self.view = view
        self.d = dialect
        self.schema = Schema(available=available, dialect=dialect)
        root = Value("r", "complex", view.resource, view.resource, False, self.schema)
        self.root = root
        self.writer = _Writer(view, root, dialect)

    def cell(self, column: Column, focus: Value) -> str:
        value = self.writer.write(parse(column.path), focus)
        if value.choices:
            raise Unsupported(
                f"The column {column.name} needs the type of a choice.", "Use ofType()."
            )
        sql_type = _sql_type(column, value)
        if column.collection:
            if value.kind == "none":
                return self.d.empty(sql_type)
            listed = f"coalesce({self.writer.listed(value)}, {self.d.empty()})"
            return self.d.cell(listed, sql_type)
        single = self.writer.one(value, f"The column {column.name}")
        return self.d.cell(single.sql, sql_type)

    def struct(self, select: Select, focus: Value) -> str:
        return self.d.struct((c.name, self.cell(c, focus)) for c in select.columns)

    def null_struct(self, select: Select, focus: Value) -> str:
        """A row of nulls with the types that the columns of the select have."""
        item = replace(self.items(select, focus), sql="NULL", many=False)
        cells = []
        for column, place in self.placed(select, item):
            value = self.writer.write(parse(column.path), place)
            cells.append((column.name, self.d.cast("NULL", _sql_type(column, value))))
        return self.d.struct(cells)

    def placed(self, select: Select, focus: Value) -> list[tuple[Column, Value]]:
        """The columns of a select, each with the focus it is read in."""
        found = [(column, focus) for column in select.columns]
        for inner in (*select.selects, *select.unions[:1]):
            place = focus
            if inner.for_each or inner.repeat:
                place = replace(self.items(inner, focus), sql="NULL", many=False)
            found += self.placed(inner, place)
        return found

    def items(self, select: Select, focus: Value) -> Value:
        path = select.for_each or select.repeat[0]
        value = self.writer.write(parse(path), focus)
        if value.choices:
            raise Unsupported("forEach over a choice needs its type.", "Use ofType().")
        return value

    def product(self, select: Select, focus: Value) -> str:
        """The list of rows of one item: columns, selects and unions multiplied."""
        own = [column.name for column in select.columns]
        parts = [(self.d.array(self.struct(select, focus)), own)] if own else []
        parts += [(self.rows(inner, focus), _names(inner)) for inner in select.selects]
        if select.unions:
            joined = self.rows(select.unions[0], focus)
            for inner in select.unions[1:]:
                joined = self.d.joined(joined, self.rows(inner, focus))
            parts.append((joined, _names(select.unions[0])))
        return self.multiplied(parts)

    def multiplied(self, parts: list[tuple[str, list[str]]]) -> str:
        if not parts:
            raise Incorrect("The view is wrong: a select selects nothing.", "Add columns.")
        result, names = parts[0]
        for part, own in parts[1:]:
            a, b = self.writer.fresh(), self.writer.fresh()
            inner = self.d.each(part, b, self.d.merged(a, names, b, own))
            result, names = self.d.flat(self.d.each(result, a, inner)), names + own
        return result

    def rows(self, select: Select, focus: Value) -> str:
        if select.repeat:
            found = self.repeated(select, focus, 0)
            return self.nothing(select, focus) if found == self.d.empty() else found
        if not select.for_each:
            return self.product(select, focus)
        items = self.items(select, focus)
        if items.kind == "none":
            return self.blank(select, focus) if select.or_null else self.nothing(select, focus)
        name, at = self.writer.fresh(), self.writer.fresh()
        outer, self.writer.row_index = self.writer.row_index, self.d.position(at)
        inner = self.product(select, replace(items, sql=name, many=False, holder=None))
        self.writer.row_index = outer
        listed = self.writer.listed(items)
        found = self.d.flat(self.d.each(listed, name, inner, at))
        if not select.or_null:
            return f"coalesce({found}, {self.d.empty()})"
        none = f"coalesce({self.d.length(listed)}, 0) = 0"
        return f"(CASE WHEN {none} THEN {self.blank(select, focus)} ELSE {found} END)"

    def nothing(self, select: Select, focus: Value) -> str:
        """The list of no rows, of the type that the rows have."""
        return self.d.kept(self.blank(select, focus), self.writer.fresh(), "false")

    def blank(self, select: Select, focus: Value) -> str:
        """The list of one row of nulls."""
        return self.d.array(self.null_struct(select, focus))

    def repeated(self, select: Select, focus: Value, depth: int) -> str:
        """Rows of everything the paths reach, down to a stated depth, each before what is below."""
        parts = []
        for path in select.repeat:
            items = self.writer.write(parse(path), focus)
            if items.kind == "none":
                continue
            if items.choices or any("rowIndex" in c.path for c in select.all_columns()):
                raise Unsupported("This repeat cannot be written as SQL.", "Answer it in memory.")
            name = self.writer.fresh()
            item = replace(items, sql=name, many=False, holder=None)
            inner = self.product(select, item)
            if depth + 1 < REPEAT_DEPTH:
                below = self.repeated(select, item, depth + 1)
                if below != self.d.empty():
                    inner = self.d.joined(inner, below)
            found = self.d.flat(self.d.each(self.writer.listed(items), name, inner))
            parts.append(f"coalesce({found}, {self.d.empty()})")
        if not parts:
            return self.d.empty()
        result = parts[0]
        for part in parts[1:]:
            result = self.d.joined(result, part)
        return result


def _names(select: Select) -> list[str]:
    return [column.name for column in select.all_columns()]


def _is_plain(select: Select) -> bool:
    steps = select.for_each or select.repeat or select.unions
    return not steps and all(map(_is_plain, select.selects))


def _cells(rows: _Rows, select: Select, focus: Value) -> list[str]:
    found = [
        f"{rows.cell(column, focus)} AS {rows.d.name(column.name)}" for column in select.columns
    ]
    for inner in select.selects:
        found += _cells(rows, inner, focus)
    return found


def _condition(rows: _Rows, path: str) -> str:
    value = rows.writer.write(parse(path), rows.root)
    single = rows.writer.one(value, "A where of the view")
    if single.kind not in ("boolean", "none"):
        raise Incorrect("A where of the view gives no boolean.", f"Compare something in {path!r}.")
    return f"coalesce({single.sql}, false)"


def duckdb_sql(view: View, available: dict[str, Any] | None = None) -> Statement:
    """
    Write a view as a DuckDB query.

    `available` are the nested column names of a table that lacks what its data lacks; an
    element without a column is empty then. Raises Unsupported for what SQL cannot say; `run`
    answers every view.
    """
    return _statement(view, available, DUCKDB)


def spark_sql(view: View, available: dict[str, Any] | None = None) -> Statement:
    """Write a view as a Spark query over the Parquet that DuckDB reads; see `duckdb_sql`."""
    return _statement(view, available, SPARK)


def _listed(rows: _Rows, view: View, clause: str) -> str:
    """The query that makes lists of rows and then a row of each."""
    parts = [(rows.rows(select, rows.root), _names(select)) for select in view.selects]
    listed = rows.d.rows(rows.multiplied(parts))
    names = ", ".join(
        f"q.row.{rows.d.name(c.name)} AS {rows.d.name(c.name)}" for c in view.columns()
    )
    return f"SELECT {names} FROM (SELECT {listed} AS row FROM {{source}} r WHERE {clause}) q"


def _statement(view: View, available: dict[str, Any] | None, dialect: Dialect) -> Statement:
    rows = _Rows(view, available, dialect)
    rows.schema.child("resourceType", many=False, leaf="VARCHAR")
    where = [f"r.{dialect.name('resourceType')} = {dialect.text(view.resource)}"]
    where += [_condition(rows, path) for path in view.where]
    clause = " AND ".join(where)
    stepping = [select for select in view.selects if not _is_plain(select)]
    if not stepping:
        cells = [cell for select in view.selects for cell in _cells(rows, select, rows.root)]
        select_sql = f"SELECT {', '.join(cells)} FROM {{source}} r WHERE {clause}"
    elif len(stepping) == 1 and _is_one_step(stepping[0]):
        select_sql = _one_unnest(rows, view, stepping[0], clause)
    else:
        select_sql = _listed(rows, view, clause)
    rows.schema.keep(select_sql)
    columns = {key: schema.ddl() for key, schema in rows.schema.children.items()}
    structure = json.dumps(rows.schema.structure())
    return Statement(view.resource, columns, select_sql, structure)


def _is_one_step(select: Select) -> bool:
    plain = all(map(_is_plain, select.selects)) and not select.unions
    return bool(select.for_each) and plain


def _one_unnest(rows: _Rows, view: View, step: Select, clause: str) -> str:
    """Plain columns beside one forEach: the list is unnested once, no lists of rows are made."""
    items = rows.items(step, rows.root)
    if items.kind == "none" or "rowIndex" in "".join(c.path for c in step.all_columns()):
        return _listed(rows, view, clause)
    listed = rows.writer.listed(items)
    if step.or_null:
        listed = (
            f"(CASE WHEN coalesce({rows.d.length(listed)}, 0) = 0 "
            f"THEN {rows.d.array('NULL')} ELSE {listed} END)"
        )
    item = replace(items, sql="q.item", many=False, holder=None)
    inner_cells, outer_cells = [], []
    for select in view.selects:
        if select is step:
            outer_cells += _cells(rows, replace(step, for_each=""), item)
            continue
        inner_cells += _cells(rows, select, rows.root)
        outer_cells += [f"q.{rows.d.name(column.name)}" for column in select.all_columns()]
    inner_cells.append(f"{rows.d.rows(listed)} AS item")
    inner = f"SELECT {', '.join(inner_cells)} FROM {{source}} r WHERE {clause}"
    return f"SELECT {', '.join(outer_cells)} FROM ({inner}) q"
