"""Run SQL-on-FHIR views on DuckDB: over NDJSON files, into rows or a file."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import orjson

from taihe.fhir.files import read_resources, to_json
from taihe.fhir.views import View, duckdb_sql, read_view, run
from taihe.kernel.errors import Incorrect, Unsupported
from taihe.lake.duck import connect
from taihe.lake.resources import available, snapshot


def _is_mixed(files: list[Path], resource: str) -> bool:
    """Whether a file may hold other resource types: its name does not begin with the type."""
    return any(not file.name.startswith(f"{resource}.") for file in files)


def query(view: View, files: list[Path]) -> str:
    """The DuckDB query of a view over NDJSON files (also .gz)."""
    statement, paths = duckdb_sql(view), [str(file) for file in files]
    if _is_mixed(files, view.resource):
        return statement.over_mixed_ndjson(paths)
    return statement.over_ndjson(paths)


def lake_query(view: View, lake: Path, connection: Any) -> str:
    """The DuckDB query of a view over the Parquet set of its type."""
    found = snapshot(lake, view.resource)
    statement = duckdb_sql(view, available(connection, found))
    paths = ", ".join("'" + path.replace("'", "''") + "'" for path in found.paths)
    return statement.select.replace("{source}", f"read_parquet([{paths}])")


def _said(error: duckdb.Error) -> Incorrect:
    first = str(error).splitlines()[0]
    return Incorrect(f"The view cannot be answered: {first[:300]}", "Check its paths and the data.")


def _from(view: View, source: Path | list[Path], connection: Any) -> str:
    if isinstance(source, Path):
        return lake_query(view, source, connection)
    return query(view, source)


def rows_of(view: View, source: Path | list[Path]) -> list[dict[str, Any]]:
    """The rows of a view over NDJSON files (also .gz) or over a lake, as Python values."""
    connection = connect()
    try:
        answer = connection.execute(_from(view, source, connection))
        names = [column[0] for column in answer.description]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
    except duckdb.Error as error:
        raise _said(error) from None


def ndjson_files(folder: Path, resource: str) -> list[Path]:
    """The NDJSON files of a folder for a type; where none has its name, all of them."""
    if folder.is_file():
        return [folder]
    if not folder.is_dir():
        raise Incorrect(f"{folder} is neither a folder nor a file.", "Name a folder of NDJSON.")
    every = [
        path
        for path in sorted(folder.iterdir())
        if path.name.removesuffix(".gz").endswith((".ndjson", ".jsonl"))
    ]
    own = [path for path in every if path.name.split(".")[0] == resource]
    if not own and not every:
        raise Incorrect(f"{folder} has no NDJSON file.", "Name a folder of .ndjson or .ndjson.gz.")
    return own or every


def write_from_memory(view: View, files: list[Path], out: Path) -> int:
    """Write the rows of the plain evaluator, one resource at a time; csv or ndjson."""
    if out.suffix not in (".csv", ".ndjson"):
        raise Unsupported("A view answered in memory is written as .csv or .ndjson.", "")
    count = 0
    with out.open("w", encoding="utf-8", newline="") as file:
        names = [column.name for column in view.columns()]
        table = csv.DictWriter(file, names, lineterminator="\n")
        if out.suffix == ".csv":
            table.writeheader()
        for row in run(view, _resources(files)):
            count += 1
            if out.suffix == ".csv":
                table.writerow({k: _cell(v) for k, v in row.items()})
            else:
                file.write(to_json(row) + "\n")
    return count


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return to_json(value) if isinstance(value, list | dict) else value


def _resources(files: list[Path]) -> Iterator[dict[str, Any]]:
    for file in files:
        for read in read_resources(file, exact=True):
            if read.problem is not None:
                raise Incorrect(str(read.problem), "Correct the file, or run validate on it.")
            if isinstance(read.resource, dict):
                yield read.resource


def write_view(view: View, source: Path | list[Path], out: Path) -> int:
    """Write the rows of a view as parquet, csv or ndjson, by the name of `out`; their number."""
    forms = {
        ".parquet": "FORMAT parquet, COMPRESSION zstd",
        ".csv": "FORMAT csv, HEADER",
        ".ndjson": "FORMAT json",
    }
    form = forms.get(out.suffix)
    if form is None:
        raise Unsupported(f"{out.name} has no known form.", "Name it .parquet, .csv or .ndjson.")
    target = str(out).replace("'", "''")
    connection = connect()
    try:
        rows = _from(view, source, connection)
        done = connection.execute(f"COPY ({rows}) TO '{target}' ({form})").fetchone()
    except duckdb.Error as error:
        raise _said(error) from None
    return int(done[0]) if done else 0


def on_duckdb(view: dict[str, Any], resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Answer a view over parsed resources through DuckDB; for the conformance suite."""
    checked = read_view(view)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "resources.ndjson"
        write_lines(resources, file)
        return rows_of(checked, [file])


def write_lines(resources: Iterable[dict[str, Any]], file: Path) -> None:
    """Write parsed resources as NDJSON."""
    with file.open("wb") as out:
        for resource in resources:
            out.write(orjson.dumps(resource, default=float) + b"\n")
