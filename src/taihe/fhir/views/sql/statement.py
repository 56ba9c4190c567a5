"""A whole view as one query."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from taihe.fhir.views.definition import View
from taihe.fhir.views.dialect import DUCKDB, SPARK, Dialect
from taihe.fhir.views.sql.lists import NeedsDigits
from taihe.fhir.views.sql.rows import Cells, Rows, unified
from taihe.kernel.errors import Unsupported

LONGEST = 400_000
_LARGEST_LINE = 268435456


@dataclass(frozen=True)
class Statement:
    """
    A view as SQL: `select` has `{source}` for the table.

    `columns` are the types to read, `cells` what the columns of the result hold, `written` the
    keys of decimals that are read as the text they are written with. `test` is the part of
    `select` that asks for the resource type, `filtered` whether more is asked of a resource.
    """

    resource: str
    columns: dict[str, str]
    select: str
    structure: str
    cells: tuple[Cells, ...]
    written: tuple[str, ...]
    test: str
    filtered: bool

    def over_ndjson(self, files: list[str]) -> str:
        """The query over NDJSON files of one type; a path is quoted here."""
        if self.written:
            return self.over_mixed_ndjson(files)
        types = ", ".join(f"{_text(key)}: {_text(ddl)}" for key, ddl in self.columns.items())
        source = (
            f"read_json({_paths(files)}, format='newline_delimited', "
            f"maximum_object_size={_LARGEST_LINE}, columns={{{types}}})"
        )
        return self.select.replace("{source}", source)

    def over_mixed_ndjson(self, files: list[str]) -> str:
        """
        The query over NDJSON files whose lines are of several types, or with digits to keep.

        Each line is taken as text; those of other types are passed over before they are read.
        """
        return self.over_lines(lines_of(files, self.resource))

    def over_lines(self, lines: str) -> str:
        """The query over a query of one column `json`: a resource of the type in each row."""
        line = "json"
        if self.written:
            number = r"\s*:\s*(-?[0-9][0-9.eE+-]*)"
            if len(self.written) == 1:  # a pattern that begins with plain letters is found faster
                key = self.written[0]
                pattern, template = f'"{key}"{number}', f'"{key}":"\\1"'
            else:
                pattern, template = f'"({"|".join(self.written)})"{number}', '"\\1":"\\2"'
            line = f"regexp_replace(json::VARCHAR, {_text(pattern)}, {_text(template)}, 'g')"
        made = f"json_transform({line}, {_text(self.structure)})"
        if self.filtered:  # else DuckDB reads each line once for the filter and once for the rest
            made = f"unnest([{made}])"
        read = f"SELECT {made} AS resource FROM ({lines})"
        select = self.select.replace(self.test, "true", 1)
        return select.replace("{source}", f"(SELECT unnest(resource) FROM ({read}))")


def lines_of(files: list[str], resource: str) -> str:
    """
    The lines of NDJSON files that hold a resource type, as a query of one column `json`.

    Most lines begin with their type; only what names it further inside is read to be sure.
    """
    named = rf'"resourceType"\s*:\s*"{resource}"'
    first = rf"^\s*\{{\s*{named}"
    return (
        f"SELECT json FROM read_ndjson_objects({_paths(files)}, "
        f"maximum_object_size={_LARGEST_LINE}) WHERE CASE "
        f"WHEN regexp_matches(json::VARCHAR, {_text(first)}) THEN true "
        f"WHEN regexp_matches(json::VARCHAR, {_text(named)}) "
        f"THEN json->>'resourceType' = {_text(resource)} ELSE false END"
    )


def _paths(files: list[str]) -> str:
    return f"[{', '.join(_text(path) for path in files)}]"


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def duckdb_sql(
    view: View, available: dict[str, Any] | None = None, *, digits: bool = True
) -> Statement:
    """
    Write a view as a DuckDB query.

    `available` are the nested column names of a table that lacks what its data lacks; an
    element without a column is empty then. `digits` keeps decimals as the text they are
    written with, else they are doubles where the view only copies and compares them. Raises
    Unsupported for what SQL cannot say; `run` answers every view.
    """
    return _statement(view, available, DUCKDB, digits)


def spark_sql(
    view: View, available: dict[str, Any] | None = None, *, digits: bool = True
) -> Statement:
    """Write a view as a Spark query over the Parquet that DuckDB reads; see `duckdb_sql`."""
    return _statement(view, available, SPARK, digits)


def _statement(
    view: View, available: dict[str, Any] | None, dialect: Dialect, digits: bool
) -> Statement:
    try:
        return _written(view, available, dialect, digits)
    except NeedsDigits:
        return _written(view, available, dialect, True)
    except RecursionError:
        raise Unsupported("The view is nested too deep for SQL.", "") from None


def _written(
    view: View, available: dict[str, Any] | None, dialect: Dialect, digits: bool
) -> Statement:
    kinds: dict[str, str] = {}
    for _ in range(2):
        rows = Rows(view, available, dialect, digits, kinds)
        select = rows.query()
        kinds = {c.name: unified(c, rows.seen.get(c.name, set())) for c in view.columns()}
    if len(select) > LONGEST:
        raise Unsupported("The query of the view is too long.", "Answer the view in memory.")
    rows.schema.keep(select)
    return Statement(
        view.resource,
        {key: schema.ddl() for key, schema in rows.schema.children.items()},
        select,
        json.dumps(rows.schema.structure()),
        tuple(rows.cells(column) for column in view.columns()),
        tuple(sorted(set(rows.schema.written()))),
        rows.type_test(),
        bool(view.where),
    )
