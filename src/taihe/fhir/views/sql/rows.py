"""The rows of selects in SQL: as plain columns, one unnest, or lists of rows."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from taihe.fhir import model
from taihe.fhir.fhirpath import parse
from taihe.fhir.fhirpath.values import parse_temporal
from taihe.fhir.views.definition import Column, Select, View
from taihe.fhir.views.dialect import Dialect
from taihe.fhir.views.sql import numbers
from taihe.fhir.views.sql.functions import FUNCTIONS
from taihe.fhir.views.sql.lists import tidy
from taihe.fhir.views.sql.schema import Schema
from taihe.fhir.views.sql.value import Value, kind_of
from taihe.fhir.views.sql.writer import Writer
from taihe.kernel.errors import Incorrect, Unsupported

REPEAT_DEPTH = 4
"""
How deep a repeat over one path is written out; what goes deeper the evaluator answers.

Nested lambdas copy what they capture, so each level doubles the memory of the query: a repeat
with a forEach inside took 0.5 GB at four levels and was stopped above 6 GB at eight.
"""
_WAYS = 60
_ROOT = re.compile(r'(?<![\w".`])r\.')


@dataclass(frozen=True)
class Cells:
    """
    What a column holds: its kind (boolean, integer, decimal, text), and whether lists of it.

    A decimal is text with the digits as written, or a double where `digits` is false. The kind
    `token` is a value as JSON text, whichever its kind.
    """

    name: str
    kind: str
    many: bool
    digits: bool = True

    @property
    def sql_type(self) -> str:
        """The type that the query gives."""
        plain = {"boolean": "BOOLEAN", "integer": "BIGINT"}.get(self.kind, "VARCHAR")
        if self.kind == "decimal" and not self.digits:
            plain = "DOUBLE"
        return plain + ("[]" if self.many else "")


class Rows:
    """
    Writes the rows of selects; `kinds` are those of the columns once every branch is known.

    They are noted in `seen` while the query is written, and then it is written again.
    """

    def __init__(
        self,
        view: View,
        available: dict[str, Any] | None,
        dialect: Dialect,
        digits: bool,
        kinds: dict[str, str],
    ) -> None:
        self.view = view
        self.d = dialect
        self.digits = digits
        self.kinds = kinds
        self.seen: dict[str, set[str]] = {}
        self.schema = Schema(available=available, dialect=dialect)
        root = Value("r", "complex", view.resource, view.resource, False, self.schema)
        self.root = root
        self.writer = Writer(view, root, dialect, FUNCTIONS, digits)

    def cells(self, column: Column) -> Cells:
        """What a column holds."""
        kind = self.kinds.get(column.name, "text")
        return Cells(column.name, kind, column.collection and kind != "token", self.digits)

    def cell(self, column: Column, focus: Value) -> str:
        """The value of a column as its SQL type."""
        w = self.writer
        value = w.write(parse(column.path), focus)
        seen = self.seen.setdefault(column.name, set())
        cells = self.cells(column)
        if value.choices:
            try:
                value = w.settled(value)
            except Unsupported:
                seen |= {"token"}
                return self.token_of_choice(column, value, cells)
        if value.kind in ("complex", "quantity"):
            raise Unsupported(f"The column {column.name} holds structures.", "Name their parts.")
        seen.add("text" if value.kind in ("date", "time") else value.kind)
        if cells.kind == "token":
            return self.token(column, value)
        if value.kind == "none":
            return self.d.empty(cells.sql_type) if column.collection else self.null(cells)
        value = self.shown(value, cells)
        if column.collection:
            return self.d.cell(w.filled(value), cells.sql_type)
        return self.d.cell(w.scalar(value, f"The column {column.name}").sql, cells.sql_type)

    def token(self, column: Column, value: Value) -> str:
        """A value as JSON text, for a column whose branches hold unlike things."""
        w = self.writer
        if value.kind == "none":
            return "'[]'" if column.collection else self.d.cast("NULL", "VARCHAR")
        shown = self.shown(value, Cells(column.name, value.kind, False, self.digits))
        plain = shown.kind == "decimal" and self.digits

        def body(x: str) -> str:
            return x if plain else self.d.token(x)

        if not column.collection:
            single = w.scalar(shown, f"The column {column.name}")
            return w.let(single.sql, lambda x: f"(CASE WHEN {x} IS NOT NULL THEN {body(x)} END)")
        name = w.fresh()
        tokens = self.d.each(w.filled(shown), name, body(name))
        return f"('[' || coalesce({self.d.joined_text(tokens, self.d.text(','))}, '') || ']')"

    def token_of_choice(self, column: Column, value: Value, cells: Cells) -> str:
        """A choice without its type: the form that is there, as JSON text."""
        if value.many or any(one.kind in ("complex", "quantity") for one in value.choices):
            raise Unsupported(f"The column {column.name} holds structures.", "Use ofType().")
        forms = [self.writer.guarded(form) for form in value.choices]
        single = replace(column, collection=False)
        found = f"coalesce({', '.join(self.token(single, form) for form in forms)})"
        if not column.collection:
            return found
        return self.writer.let(found, lambda x: f"('[' || coalesce({x}, '') || ']')")

    def null(self, cells: Cells) -> str:
        """A missing value."""
        return self.d.cast("NULL", cells.sql_type)

    def shown(self, value: Value, cells: Cells) -> Value:
        """A value as it is written out: reckoned numbers without final zeros."""
        w = self.writer
        if value.kind == "date" and value.system and value.literal is not None:
            return replace(value, sql=self.d.text(str(parse_temporal(value.literal, value.type))))
        if cells.kind != "decimal" or not self.digits:
            return value
        if value.kind == "integer":
            return self.mapped(value, lambda x: self.d.cast(x, "VARCHAR"))
        if value.system:
            return value if value.computed else self.mapped(value, lambda x: tidy(w, x))
        sure = f"NOT {{0}} IS NULL AND NOT ({numbers.plain('{0}')})"
        return self.mapped(
            value,
            lambda x: w.let(
                x, lambda y: f"(CASE WHEN {sure.format(y)} THEN {w.again()} ELSE {y} END)"
            ),
        )

    def mapped(self, value: Value, body: Any) -> Value:
        """A value with an expression around it, or around each of its items."""
        if not value.many:
            return replace(value, sql=body(value.sql))
        name = self.writer.fresh()
        return replace(value, sql=self.d.each(value.sql, name, body(name)))

    def struct(self, select: Select, focus: Value) -> str:
        """The columns of a select as a row."""
        return self.d.struct((c.name, self.cell(c, focus)) for c in select.columns)

    def null_struct(self, select: Select) -> str:
        """A row of nulls with the types that the columns of the select have."""
        return self.d.struct((c.name, self.null(self.cells(c))) for c in select.all_columns())

    def items(self, select: Select, focus: Value, path: str = "") -> Value:
        """What a select makes rows of."""
        value = self.writer.write(parse(path or select.for_each), focus)
        return self.writer.settled(value) if value.kind != "none" else value

    def product(self, select: Select, focus: Value) -> str:
        """The list of rows of one item: columns, selects and unions multiplied."""
        own = [column.name for column in select.columns]
        parts = [(self.d.array(self.struct(select, focus)), own)] if own else []
        parts += [(self.rows(inner, focus), names_of(inner)) for inner in select.selects]
        if select.unions:
            joined = self.rows(select.unions[0], focus)
            for inner in select.unions[1:]:
                joined = self.d.joined(joined, self.rows(inner, focus))
            parts.append((joined, names_of(select.unions[0])))
        return self.multiplied(parts)

    def multiplied(self, parts: list[tuple[str, list[str]]]) -> str:
        """Every combination of rows of several lists."""
        if not parts:
            raise Incorrect("The view is wrong: a select selects nothing.", "Add columns.")
        result, names = parts[0]
        for part, own in parts[1:]:
            a, b = self.writer.fresh(), self.writer.fresh()
            inner = self.d.each(part, b, self.d.merged(a, names, b, own))
            result, names = self.d.flat(self.d.each(result, a, inner)), names + own
        return result

    def rows(self, select: Select, focus: Value) -> str:
        """The list of rows of a select."""
        if select.repeat:
            depth = _depth(len(select.repeat))
            found = self.repeated(select, focus, depth)
            return self.nothing(select) if found == self.d.empty() else found
        if not select.for_each:
            return self.product(select, focus)
        items = self.items(select, focus)
        if items.kind == "none":
            return self.blank(select) if select.or_null else self.nothing(select)
        name, at = self.writer.fresh(), self.writer.fresh()
        outer, self.writer.row_index = self.writer.row_index, self.d.position(at)
        inner = self.product(select, replace(items, sql=name, many=False, holder=None))
        self.writer.row_index = outer
        listed = self.writer.listed(items)
        found = self.d.flat(self.d.each(listed, name, inner, at))
        if not select.or_null:
            return f"coalesce({found}, {self.d.empty()})"
        none = f"coalesce({self.d.length(listed)}, 0) = 0"
        return f"(CASE WHEN {none} THEN {self.blank(select)} ELSE {found} END)"

    def nothing(self, select: Select) -> str:
        """The list of no rows, of the type that the rows have."""
        return self.d.kept(self.blank(select), self.writer.fresh(), "false")

    def blank(self, select: Select) -> str:
        """The list of one row of nulls."""
        return self.d.array(self.null_struct(select))

    def repeated(self, select: Select, focus: Value, depth: int) -> str:
        """
        Rows of everything the paths reach, each before what is below it.

        It is written out to a depth; what lies deeper stops the query for the evaluator.
        """
        parts = []
        for path in select.repeat:
            items = self.items(select, focus, path)
            if items.kind == "none":
                continue
            name = self.writer.fresh()
            item = replace(items, sql=name, many=False, holder=None)
            outer, self.writer.row_index = self.writer.row_index, ""
            inner = self.product(select, item)
            self.writer.row_index = outer
            if depth > 1:
                below = self.repeated(select, item, depth - 1)
                if below != self.d.empty():
                    inner = self.d.joined(inner, below)
            else:
                deeper = [self.writer.write(parse(one), item) for one in select.repeat]
                more = [self.writer.exists(one) for one in deeper if one.kind != "none"]
                if more:
                    test = " OR ".join(more)
                    inner = f"(CASE WHEN {test} THEN {self.writer.again()} ELSE {inner} END)"
            found = self.d.flat(self.d.each(self.writer.listed(items), name, inner))
            parts.append(f"coalesce({found}, {self.d.empty()})")
        if not parts:
            return self.d.empty()
        result = parts[0]
        for part in parts[1:]:
            result = self.d.joined(result, part)
        return result

    # The whole query

    def query(self) -> str:
        """The view as a query over `{source}`."""
        self.schema.child("resourceType", many=False, leaf="VARCHAR")
        clause = self.clause()
        stepping = [select for select in self.view.selects if not _is_plain(select)]
        if not stepping:
            found = [c for select in self.view.selects for c in self.columns(select, self.root)]
            return f"SELECT {', '.join(found)} FROM {{source}} r WHERE {clause}"
        if len(stepping) == 1 and _is_one_step(stepping[0]):
            return self.one_unnest(stepping[0], clause) or self.listed(clause)
        return self.listed(clause)

    def clause(self) -> str:
        """Which resources give rows: each condition is asked only where those before hold."""
        test = self.type_test()
        held = [self.condition(path) for path in self.view.where]
        if self.d.stop("").removesuffix(")") not in "".join(held):
            return " AND ".join([test, *held])
        for one in held:
            test = f"(CASE WHEN {test} THEN {one} ELSE false END)"
        return test

    def type_test(self) -> str:
        """Whether a resource is of the type of the view."""
        return f"r.{self.d.name('resourceType')} = {self.d.text(self.view.resource)}"

    def condition(self, path: str) -> str:
        """A where of the view."""
        w = self.writer
        value = w.write(parse(path), self.root)
        if value.kind == "none":
            return "false"
        single = w.scalar(w.settled(value), "A where of the view")
        if single.kind != "boolean":
            stop = w.stop("A where of the view gives no boolean.")
            return f"(CASE WHEN {w.exists(single)} THEN {stop} ELSE false END)"
        return f"coalesce({w.guarded(single).sql}, false)"

    def columns(self, select: Select, focus: Value) -> list[str]:
        """The columns of a select without steps."""
        found = [
            f"{self.cell(column, focus)} AS {self.d.name(column.name)}" for column in select.columns
        ]
        for inner in select.selects:
            found += self.columns(inner, focus)
        return found

    def listed(self, clause: str) -> str:
        """The query that makes lists of rows and then a row of each."""
        parts = [(self.rows(select, self.root), names_of(select)) for select in self.view.selects]
        listed = self.d.rows(self.multiplied(parts))
        names = ", ".join(
            f"q.row.{self.d.name(c.name)} AS {self.d.name(c.name)}" for c in self.view.columns()
        )
        return f"SELECT {names} FROM (SELECT {listed} AS row FROM {{source}} r WHERE {clause}) q"

    def one_unnest(self, step: Select, clause: str) -> str:
        """
        Plain columns beside one forEach: the list is unnested once, no lists of rows are made.

        Gives "" where the columns of the step need the resource or the position.
        """
        items = self.items(step, self.root)
        if items.kind == "none" or "rowIndex" in "".join(c.path for c in step.all_columns()):
            return ""
        listed = self.writer.listed(items)
        if step.or_null:
            listed = (
                f"(CASE WHEN coalesce({self.d.length(listed)}, 0) = 0 "
                f"THEN {self.d.array('NULL')} ELSE {listed} END)"
            )
        item = replace(items, sql="q.item", many=False, holder=None)
        inner, outer = [], []
        for select in self.view.selects:
            if select is step:
                step_columns = self.columns(replace(step, for_each=""), item)
                if _ROOT.search(" ".join(step_columns)) or step.or_null:
                    return ""
                outer += step_columns
                continue
            inner += self.columns(select, self.root)
            outer += [f"q.{self.d.name(column.name)}" for column in select.all_columns()]
        inner.append(f"{self.d.rows(listed)} AS item")
        below = f"SELECT {', '.join(inner)} FROM {{source}} r WHERE {clause}"
        return f"SELECT {', '.join(outer)} FROM ({below}) q"


def _depth(paths: int) -> int:
    depth = 1
    while depth < REPEAT_DEPTH and paths ** (depth + 1) <= _WAYS:
        depth += 1
    return depth


def unified(column: Column, seen: set[str]) -> str:
    """The kind of a column for the kinds that its branches give."""
    kinds = seen - {"none"}
    if not kinds:
        if model.kind(column.type) == "primitive":
            kind = kind_of(column.type)
            return "text" if kind in ("date", "time") else kind
        return "text"
    if kinds == {"integer", "decimal"}:
        return "decimal"
    return kinds.pop() if len(kinds) == 1 else "token"


def names_of(select: Select) -> list[str]:
    """The names of the columns of a select."""
    return [column.name for column in select.all_columns()]


def _is_plain(select: Select) -> bool:
    steps = select.for_each or select.repeat or select.unions
    return not steps and all(map(_is_plain, select.selects))


def _is_one_step(select: Select) -> bool:
    plain = all(map(_is_plain, select.selects)) and not select.unions
    return bool(select.for_each) and plain
