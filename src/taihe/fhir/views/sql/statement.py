"""A whole view as one query."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from taihe.fhir.fhirpath import parse
from taihe.fhir.views.definition import Select, View
from taihe.fhir.views.dialect import DUCKDB, SPARK, Dialect
from taihe.fhir.views.sql.rows import Rows, names_of
from taihe.fhir.views.sql.value import Value
from taihe.kernel.errors import Incorrect


@dataclass(frozen=True)
class Statement:
    """A view as SQL: `columns` are the types to read, `select` has `{source}` for the table."""

    resource: str
    columns: dict[str, str]
    select: str
    structure: str

    def over_ndjson(self, files: list[str]) -> str:
        """The query over NDJSON files; a path is quoted here."""
        types = ", ".join(
            f"{text_literal(key)}: {text_literal(ddl)}" for key, ddl in self.columns.items()
        )
        paths = ", ".join(text_literal(path) for path in files)
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
        paths = ", ".join(text_literal(path) for path in files)
        lines = (
            f"SELECT json_transform(json, {text_literal(self.structure)}) AS resource "
            f"FROM read_ndjson_objects([{paths}], maximum_object_size=268435456) "
            f"WHERE json->>'resourceType' = {text_literal(self.resource)}"
        )
        return self.select.replace("{source}", f"(SELECT unnest(resource) FROM ({lines}))")


def text_literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _is_plain(select: Select) -> bool:
    steps = select.for_each or select.repeat or select.unions
    return not steps and all(map(_is_plain, select.selects))


def _cells(rows: Rows, select: Select, focus: Value) -> list[str]:
    found = [
        f"{rows.cell(column, focus)} AS {rows.d.name(column.name)}" for column in select.columns
    ]
    for inner in select.selects:
        found += _cells(rows, inner, focus)
    return found


def _condition(rows: Rows, path: str) -> str:
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


def _listed(rows: Rows, view: View, clause: str) -> str:
    """The query that makes lists of rows and then a row of each."""
    parts = [(rows.rows(select, rows.root), names_of(select)) for select in view.selects]
    listed = rows.d.rows(rows.multiplied(parts))
    names = ", ".join(
        f"q.row.{rows.d.name(c.name)} AS {rows.d.name(c.name)}" for c in view.columns()
    )
    return f"SELECT {names} FROM (SELECT {listed} AS row FROM {{source}} r WHERE {clause}) q"


def _statement(view: View, available: dict[str, Any] | None, dialect: Dialect) -> Statement:
    rows = Rows(view, available, dialect)
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


def _one_unnest(rows: Rows, view: View, step: Select, clause: str) -> str:
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
