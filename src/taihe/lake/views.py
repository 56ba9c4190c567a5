"""
Run SQL-on-FHIR views on DuckDB: over NDJSON files or a lake, into rows or a file.

A view is one SQL query where SQL says exactly what the view says; else DuckDB reads and writes
and the plain evaluator gives the rows of each resource (`byfunction`). Which of the two
answered makes no difference to the rows.
"""

from __future__ import annotations

import contextlib
import json
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from taihe.fhir import definitions
from taihe.fhir.files import read_resources, to_json
from taihe.fhir.views import AGAIN, STOP, Cells, View, duckdb_sql, lines_of, read_view, run
from taihe.kernel.errors import Busy, Incorrect, Problem, Unsupported
from taihe.lake import byfunction, tables
from taihe.lake.duck import connect
from taihe.lake.resources import available, is_lake, snapshot
from taihe.lake.sets import MANIFEST, Snapshot
from taihe.lake.sources import Stream
from taihe.lake.times import needed

MOST_PROBLEMS = 100
Progress = Callable[[int], None]
_WORD = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True)
class Query:
    """A query in DuckDB's SQL, what its columns hold, and why it is no plain SQL ("" if it is)."""

    sql: str
    cells: tuple[Cells, ...]
    by_function: str = ""
    failure: byfunction.Failure | None = None


@dataclass
class Result:
    """How a view was answered: rows, by SQL alone or why not, and what was wrong with the data."""

    rows: int
    by_function: str
    problems: list[Problem]
    broken_lines: int = 0


Source = Path | list[Path] | Stream
"""The folder of a lake, NDJSON files, or what an installation offers."""

_STREAM = "taihe_stream"


def _names(file: Path) -> set[str]:
    """The words of a file's name that are resource types: Patient of 1.Patient.ndjson.gz."""
    return set(_WORD.findall(file.name)) & set(definitions.resource_types())


def _is_mixed(files: list[Path], resource: str) -> bool:
    """Whether a file may hold other resource types: its name does not begin with the type."""
    return any(not file.name.startswith(f"{resource}.") for file in files)


def query(view: View, files: list[Path], *, digits: bool = True) -> str:
    """The DuckDB query of a view over NDJSON files (also .gz)."""
    return _over_files(view, files, digits).sql


def lake_query(view: View, lake: Path, connection: Any, *, digits: bool = True) -> str:
    """The DuckDB query of a view over the Parquet set of its type."""
    return _over_lake(view, lake, connection, digits).sql


def _over_files(view: View, files: list[Path], digits: bool) -> Query:
    statement, paths = duckdb_sql(view, digits=digits), [str(file) for file in files]
    if _is_mixed(files, view.resource):
        return Query(statement.over_mixed_ndjson(paths), statement.cells)
    return Query(statement.over_ndjson(paths), statement.cells)


def _over_lake(view: View, lake: Path, connection: Any, digits: bool) -> Query:
    found = snapshot(lake, view.resource)
    columns = available(connection, found)
    statement = duckdb_sql(view, columns, digits=digits)
    return Query(
        statement.select.replace("{source}", _parquet(needed_paths(view, found, columns))),
        statement.cells,
    )


def needed_paths(view: View, found: Snapshot, columns: dict[str, Any]) -> list[str]:
    """The files of a set that may hold rows of a view; one at least."""
    parts = needed(view, found.parts, columns) or list(found.parts[:1])
    return [str(found.folder / part.name) for part in parts]


def _parquet(paths: list[str]) -> str:
    listed = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
    return f"read_parquet([{listed}])"


def _native(view: View, source: Source, connection: Any, digits: bool) -> Query:
    if isinstance(source, Path):
        return _over_lake(view, source, connection, digits)
    if isinstance(source, Stream):
        statement = duckdb_sql(view, digits=digits)
        return Query(statement.over_lines(_streamed(source, connection)), statement.cells)
    return _over_files(view, source, digits)


def _streamed(source: Stream, connection: Any) -> str:
    """The bodies of a source as a query of one column `json`; nothing spills to a file."""
    connection.execute("SET temp_directory = ''")
    connection.register(_STREAM, source.table())
    return f"SELECT json FROM {_STREAM}"


def _by_function(view: View, source: Source, connection: Any, reason: str) -> Query:
    """The view by the evaluator, as a function of whole resources inside DuckDB."""
    import pyarrow as pa

    if isinstance(source, Path):
        found = snapshot(source, view.resource)
        lines = f"SELECT to_json(r) AS json FROM {_parquet(found.paths)} r"
    elif isinstance(source, Stream):
        lines = _streamed(source, connection)
    else:
        lines = lines_of([str(file) for file in source], view.resource)
    rows = byfunction.Failure(byfunction.rows_function(view, from_lake=isinstance(source, Path)))
    kind = pa.list_(pa.list_(pa.string()))

    def answer(texts: Any) -> Any:
        return pa.array([rows(text) for text in texts.to_pylist()], type=kind)

    connection.create_function(
        "taihe_view", answer, ["VARCHAR"], "VARCHAR[][]", type="arrow", side_effects=False
    )
    names = ", ".join(
        f'q.row[{at}] AS "{column.name}"' for at, column in enumerate(view.columns(), 1)
    )
    sql = (
        f"SELECT {names} FROM (SELECT unnest(taihe_view(CAST(json AS VARCHAR))) AS row "
        f"FROM ({lines})) q"
    )
    return Query(sql, byfunction.cells(view), reason, rows)


def _said(error: duckdb.Error) -> Incorrect:
    """What a query that stopped says; values of the data are never repeated."""
    found = re.search(re.escape(STOP) + r"(.*)", str(error))
    if found is not None:
        return Incorrect(f"The view cannot be answered: {found[1]}", "Check its paths.")
    return Incorrect(
        "The view cannot be answered over this data.",
        "Run validate on the files and correct what it finds.",
    )


class Unreadable(Incorrect):
    """Not even the evaluator gets resources from a source: lines of it may be broken."""


def _refuse_memory(error: duckdb.Error) -> None:
    if isinstance(error, duckdb.OutOfMemoryException):
        raise Busy("The view needs more memory than there is.", "Free some, or use csv.") from None


def is_final(error: Exception, view: View) -> bool:
    """
    Whether the evaluator would stop, too.

    Where selects multiply, SQL may stop over a cell whose row does not come out.
    """
    plain = not any(
        select.for_each or select.repeat or select.unions or select.selects
        for select in view.selects
    )
    return plain and STOP in str(error) and AGAIN not in str(error)


def answered(
    view: View, source: Source, work: Callable[[Any, Query], int], *, digits: bool = True
) -> tuple[int, str]:
    """
    Do some work with the query of a view; with that by function where SQL cannot answer.

    Gives what the work gives, and why SQL could not ("" when it could).
    """
    connection = connect()
    try:
        try:
            found = _native(view, source, connection, digits)
            return work(connection, found), ""
        except Unsupported as error:
            reason = error.problem
        except duckdb.Error as error:
            if isinstance(source, Stream) and source.error is not None:
                raise source.error from None
            _refuse_memory(error)
            if is_final(error, view):
                raise _said(error) from None
            reason = "The data holds something that SQL reads otherwise."
        found = _by_function(view, source, connection, reason)
        try:
            return work(connection, found), reason
        except duckdb.Error as error:
            _refuse_memory(error)
            if found.failure is not None and found.failure.error is not None:
                raise found.failure.error from None
            raise Unreadable(_said(error).problem, _said(error).do) from None
    finally:
        connection.close()


def rows_of(view: View, source: Source) -> list[dict[str, Any]]:
    """The rows of a view over NDJSON files (also .gz) or over a lake, as Python values."""
    found: list[dict[str, Any]] = []

    def work(connection: Any, query: Query) -> int:
        found.clear()
        answer = connection.execute(query.sql)
        found.extend(as_python(row, query.cells) for row in answer.fetchall())
        return len(found)

    if nothing_of(view, source):
        return []
    answered(view, source, work)
    return found


def as_python(row: Iterable[Any], cells: tuple[Cells, ...]) -> dict[str, Any]:
    """A row of a query as the evaluator gives it: decimals are Decimal."""
    return {one.name: _python(value, one) for value, one in zip(row, cells, strict=True)}


def _python(value: Any, cells: Cells) -> Any:
    if value is None:
        return None
    if cells.kind == "token":
        return json.loads(value, parse_float=Decimal)
    if cells.kind == "decimal" and cells.digits:
        return [Decimal(one) for one in value] if cells.many else Decimal(value)
    return value


def nothing_of(view: View, source: Source) -> bool:
    """Whether a lake has no set of the type of a view, or one without rows."""
    if isinstance(source, Stream):
        return False
    if not isinstance(source, Path):
        return not source
    return not is_lake(source, view.resource) or not snapshot(source, view.resource).parts


def source_of(folder: Path, resource: str) -> Source:
    """
    What to read for a type: a lake, or the NDJSON files of a folder, or one file.

    A folder that holds other types only gives no files.
    """
    if folder.is_dir() and any(path.is_file() for path in folder.glob(f"*/{MANIFEST}")):
        return folder
    return ndjson_files(folder, resource)


def ndjson_files(folder: Path, resource: str) -> list[Path]:
    """
    The NDJSON files of a folder that may hold a type.

    A file whose name has another type in it (`Observation.ndjson`) is passed over when one
    has this type; where none has, every file is read.
    """
    if folder.is_file():
        return [folder]
    if not folder.is_dir():
        raise Incorrect(f"{folder} is neither a folder nor a file.", "Name a folder of NDJSON.")
    every = [
        path
        for path in sorted(folder.iterdir())
        if path.name.removesuffix(".gz").endswith((".ndjson", ".jsonl")) and path.is_file()
    ]
    if not every:
        raise Incorrect(f"{folder} has no NDJSON file.", "Name a folder of .ndjson or .ndjson.gz.")
    if any(resource in _names(path) for path in every):
        return [path for path in every if not (names := _names(path)) or resource in names]
    return every


def types_in(files: list[Path]) -> list[str]:
    """The resource types that files hold, by their names, or by their lines where those do not say."""
    found: set[str] = set()
    unnamed = []
    for file in files:
        named = _names(file)
        found |= named
        if not named:
            unnamed.append(str(file))
    if unnamed:
        paths = ", ".join("'" + path.replace("'", "''") + "'" for path in unnamed)
        rows = connect().execute(
            "SELECT DISTINCT json->>'resourceType' FROM read_ndjson_objects("
            f"[{paths}], maximum_object_size=268435456, ignore_errors=true)"
        )
        found |= {row[0] for row in rows.fetchall()} & set(definitions.resource_types())
    return sorted(found)


def _resources(
    files: list[Path], problems: list[Problem], broken: list[int]
) -> Iterator[dict[str, Any]]:
    """The resources of files; what is no JSON object becomes a problem."""
    for file in files:
        for read in read_resources(file, exact=True):
            problem = read.problem
            if problem is None and not isinstance(read.resource, dict):
                problem = Problem(file.name, read.line, None, "structure",
                                  "This line is no resource.", "Write one JSON object a line.")  # fmt: skip
            if problem is None:
                yield read.resource
                continue
            broken[0] += 1
            if len(problems) < MOST_PROBLEMS:
                problems.append(problem)


def write_from_memory(
    view: View, source: list[Path] | Stream, out: Path, progress: Progress | None = None
) -> Result:
    """Write the rows of the plain evaluator, one resource at a time; csv or ndjson."""
    problems: list[Problem] = []
    broken = [0]
    names = [column.name for column in view.columns()]
    resources = (
        source.resources() if isinstance(source, Stream) else _resources(source, problems, broken)
    )
    rows = tables.write_rows(run(view, resources), names, out, progress)
    return Result(rows, "", problems, broken[0])


def write_view(view: View, source: Source, out: Path, progress: Progress | None = None) -> Result:
    """
    Write the rows of a view as parquet, csv or ndjson, by the name of `out`.

    Lines that are no resource are passed over and are problems of the result; their number is
    counted in full.
    """
    form = tables.form_of(out)
    types = parquet_types(view)
    digits = form != ".parquet"
    if nothing_of(view, source):
        return Result(write_nothing(view, out, types), "", [])

    def work(connection: Any, query: Query) -> int:
        return tables.write(connection, query.sql, query.cells, out, types, progress)

    try:
        rows, reason = answered(view, source, work, digits=digits)
        return Result(rows, reason, [])
    except Unreadable:
        if not isinstance(source, list):
            raise
        problems: list[Problem] = []
        broken = [0]
        with tempfile.TemporaryDirectory(prefix="taihe-view-") as folder:
            good = Path(folder) / "good.ndjson"
            write_lines(_resources(source, problems, broken), good)
            if not problems:
                raise
            rows, reason = answered(view, [good], work, digits=digits)
        return Result(rows, reason, problems, broken[0])


def write_nothing(view: View, out: Path, types: dict[str, str]) -> int:
    """A file with the columns of a view and no row."""
    statement = byfunction.cells(view)
    with contextlib.suppress(Unsupported):
        statement = duckdb_sql(view).cells
    columns = ", ".join(f'CAST(NULL AS {one.sql_type}) AS "{one.name}"' for one in statement)
    return tables.write(connect(), f"SELECT {columns} WHERE false", statement, out, types)


def parquet_types(view: View) -> dict[str, str]:
    """
    The SQL types that the columns of a view ask for in a typed table.

    A tag `ansi/type` names one (SQL on FHIR, type hinting); a column that the evaluator
    answers has that of its declared FHIR type.
    """
    wanted: dict[str, str] = {}
    for column in view.columns():
        if column.sql_type:
            wanted[column.name] = column.sql_type + ("[]" if column.collection else "")
    try:
        cells = duckdb_sql(view).cells
    except Unsupported:
        cells = ()
        for column in view.columns():
            base = {"boolean": "BOOLEAN", "integer": "BIGINT", "positiveInt": "BIGINT",
                    "unsignedInt": "BIGINT", "integer64": "BIGINT", "decimal": "DOUBLE"}.get(
                column.type, "VARCHAR" if column.collection else ""
            )  # fmt: skip
            if base:
                wanted.setdefault(column.name, base + ("[]" if column.collection else ""))
    for one in cells:
        plain = "DOUBLE" if one.kind == "decimal" else one.sql_type.removesuffix("[]")
        wanted.setdefault(one.name, plain + ("[]" if one.many else ""))
    return wanted


def on_duckdb(view: dict[str, Any], resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Answer a view over parsed resources through DuckDB; for the conformance suite."""
    checked = read_view(view)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "resources.ndjson"
        write_lines(resources, file)
        return rows_of(checked, [file])


def write_lines(resources: Iterable[dict[str, Any]], file: Path) -> None:
    """Write parsed resources as NDJSON; decimals keep their digits."""
    with file.open("w", encoding="utf-8") as out:
        for resource in resources:
            out.write(to_json(resource) + "\n")
