"""The rows of selects in SQL: as plain columns, one unnest, or lists of rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from taihe.fhir import model
from taihe.fhir.fhirpath import parse
from taihe.fhir.views.definition import Column, Select, View
from taihe.fhir.views.dialect import Dialect
from taihe.fhir.views.sql.functions import FUNCTIONS
from taihe.fhir.views.sql.schema import WHOLE, Schema, leaf_of
from taihe.fhir.views.sql.value import Value
from taihe.fhir.views.sql.writer import Writer
from taihe.kernel.errors import Incorrect, Unsupported

REPEAT_DEPTH = 8


def _sql_type(column: Column, value: Value) -> str:
    if value.kind == "none":
        base = leaf_of(column.type) if model.kind(column.type) == "primitive" else "VARCHAR"
    elif value.kind == "boolean":
        base = "BOOLEAN"
    elif value.kind == "number":
        base = "BIGINT" if value.type in WHOLE else "DOUBLE"
    elif value.kind == "complex":
        base = "JSON"
    else:
        base = "VARCHAR"
    return base + ("[]" if column.collection else "")


class Rows:
    """Writes the rows of selects: as plain columns, one unnest, or lists of rows."""

    def __init__(self, view: View, available: dict[str, Any] | None, dialect: Dialect) -> None:
        self.view = view
        self.d = dialect
        self.schema = Schema(available=available, dialect=dialect)
        root = Value("r", "complex", view.resource, view.resource, False, self.schema)
        self.root = root
        self.writer = Writer(view, root, dialect, FUNCTIONS)

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
        parts += [(self.rows(inner, focus), names_of(inner)) for inner in select.selects]
        if select.unions:
            joined = self.rows(select.unions[0], focus)
            for inner in select.unions[1:]:
                joined = self.d.joined(joined, self.rows(inner, focus))
            parts.append((joined, names_of(select.unions[0])))
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


def names_of(select: Select) -> list[str]:
    return [column.name for column in select.all_columns()]
