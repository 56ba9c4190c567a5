"""
Rows of a query as a file: csv, ndjson or parquet, the same whichever engine made the rows.

In csv a missing value is nothing between commas and an empty text is two quotes; lists are
JSON. Decimals keep their digits in csv and ndjson and are doubles in parquet. A file takes
its name when it is complete, so nobody reads half of one.
"""

from __future__ import annotations

import contextlib
import os
import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from taihe.fhir.files import to_json
from taihe.fhir.views import Cells
from taihe.kernel.errors import Incorrect, Unsupported

FORMS = (".csv", ".ndjson", ".parquet")
_QUOTED = re.compile('[",\r\n]')
_QUOTED_SQL = "'[\",\\r\\n]'"
BATCH = 65_536
Progress = Callable[[int], None]


def form_of(out: Path) -> str:
    """The form that a file's name asks for."""
    if out.suffix not in FORMS:
        raise Unsupported(f"{out.name} has no known form.", "Name it .parquet, .csv or .ndjson.")
    if out.is_dir():
        raise Incorrect(f"{out.name} is a folder.", "Name a file.")
    if not out.absolute().parent.is_dir():
        raise Incorrect(f"The folder of {out.name} is not there.", "Make it first.")
    return out.suffix


@contextlib.contextmanager
def replacing(out: Path) -> Iterator[Path]:
    """A file beside `out` that takes its place when all went well, and goes when not."""
    part = out.absolute().with_name(f".{out.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        yield part
        part.replace(out)
    except OSError as error:
        raise Incorrect(
            f"{out.name} cannot be written: {os.strerror(error.errno or 0)}.",
            "Make room, or choose another place.",
        ) from None
    except duckdb.IOException as error:
        if str(part) not in str(error):
            raise
        raise Incorrect(
            f"{out.name} cannot be written.", "Make room, or choose another place."
        ) from None
    finally:
        part.unlink(missing_ok=True)


# Lines in SQL


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _csv_text(sql: str) -> str:
    return (
        f"(CASE WHEN {sql} IS NULL THEN '' WHEN {sql} = '' OR regexp_matches({sql}, {_QUOTED_SQL}) "
        f"THEN '\"' || replace({sql}, '\"', '\"\"') || '\"' ELSE {sql} END)"
    )


def _json(cells: Cells, sql: str) -> str:
    """A cell as JSON text; null where there is nothing."""
    if cells.kind == "token" or (cells.kind == "decimal" and cells.digits and not cells.many):
        return sql
    if cells.kind == "decimal" and cells.digits:
        return f"'[' || array_to_string({sql}, ',') || ']'"
    return f"CAST(to_json({sql}) AS VARCHAR)"


def _csv(cells: Cells) -> str:
    sql = _name(cells.name)
    if cells.many:
        return _csv_text(f"({_json(cells, sql)})")
    if cells.kind == "token":
        inner = (
            f"(CASE WHEN left({sql}, 1) = '\"' THEN json_extract_string({sql}, '$') ELSE {sql} END)"
        )
        return _csv_text(inner)
    if cells.kind == "text":
        return _csv_text(sql)
    return f"coalesce(CAST({sql} AS VARCHAR), '')"


def _csv_line(cells: Sequence[Cells]) -> str:
    return " || ',' || ".join(_csv(one) for one in cells)


def _json_line(cells: Sequence[Cells]) -> str:
    parts = [
        f"{_text(to_json(one.name) + ':')} || coalesce({_json(one, _name(one.name))}, 'null')"
        for one in cells
    ]
    return "'{' || " + " || ',' || ".join(parts) + " || '}'"


def _typed(one: Cells, types: dict[str, str]) -> str:
    """A column of a Parquet file."""
    sql, name = _name(one.name), _name(one.name)
    wanted = types.get(one.name, "")
    if one.kind == "token":
        plain = (
            f"(CASE WHEN left({sql}, 1) = '\"' THEN json_extract_string({sql}, '$') ELSE {sql} END)"
        )
        if wanted.endswith("[]"):
            sql = f"from_json({sql}, '[\"{wanted[:-2]}\"]')"
        else:
            sql = f"CAST({plain} AS {wanted})" if wanted else plain
    elif wanted:
        sql = f"CAST({sql} AS {wanted})"
    elif one.kind == "decimal" and one.digits:
        sql = f"CAST({sql} AS DOUBLE{'[]' if one.many else ''})"
    return f"{sql} AS {name}"


def write(
    connection: Any,
    sql: str,
    cells: Sequence[Cells],
    out: Path,
    types: dict[str, str],
    progress: Progress | None = None,
) -> int:
    """
    Write the rows of a query; `types` are SQL types that columns of a Parquet file must have.

    Gives the number of rows.
    """
    form = form_of(out)
    with replacing(out) as part:
        if form == ".parquet":
            # the rows of a table have no order; to keep one, all wait in memory
            connection.execute("SET preserve_insertion_order = false")
            target = str(part).replace("'", "''")
            columns = ", ".join(_typed(one, types) for one in cells)
            done = connection.execute(
                f"COPY (SELECT {columns} FROM ({sql})) TO '{target}' "
                "(FORMAT parquet, COMPRESSION zstd)"
            ).fetchone()
            return int(done[0]) if done else 0
        line = _csv_line(cells) if form == ".csv" else _json_line(cells)
        reader = connection.sql(f"SELECT {line} || chr(10) AS line FROM ({sql})").to_arrow_reader(
            BATCH
        )
        count = 0
        with part.open("wb") as file:
            if form == ".csv":
                file.write((",".join(one.name for one in cells) + "\n").encode())
            for batch in _batches(reader):
                count += batch.num_rows
                file.write(_bytes(batch.column(0)))
                if progress is not None:
                    progress(batch.num_rows)
            file.flush()
            os.fsync(file.fileno())
        return count


def _batches(reader: Any) -> Iterator[Any]:
    """What a query gives; one that stops in its midst is DuckDB's error, not the file's."""
    from pyarrow import ArrowException

    while True:
        try:
            batch = reader.read_next_batch()
        except StopIteration:
            return
        except (OSError, ArrowException) as error:
            raise duckdb.Error(str(error)) from None
        yield batch


def _bytes(column: Any) -> memoryview:
    """The texts of an Arrow column, one after the other."""
    _, offsets, data = column.buffers()
    at = memoryview(offsets).cast("q" if str(column.type).startswith("large") else "i")
    if data is None:
        return memoryview(b"")
    return memoryview(data)[at[column.offset] : at[column.offset + len(column)]]


# Lines in Python, the same


def csv_cell(value: Any) -> str:
    """A cell of a csv file."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return to_json(value)
    text = to_json(value) if isinstance(value, list | dict) else str(value)
    if not text or _QUOTED.search(text):
        return '"' + text.replace('"', '""') + '"'
    return text


def write_rows(
    rows: Iterable[dict[str, Any]],
    names: Sequence[str],
    out: Path,
    progress: Progress | None = None,
) -> int:
    """Write rows of Python values as csv or ndjson; their number."""
    form = form_of(out)
    if form == ".parquet":
        raise Unsupported("A view answered in memory is written as .csv or .ndjson.", "")
    count = 0
    with replacing(out) as part, part.open("w", encoding="utf-8", newline="") as file:
        if form == ".csv":
            file.write(",".join(names) + "\n")
        for row in rows:
            count += 1
            if form == ".csv":
                file.write(",".join(csv_cell(value) for value in row.values()) + "\n")
            else:
                file.write(to_json(row) + "\n")
            if progress is not None:
                progress(1)
    return count
