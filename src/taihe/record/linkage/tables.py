"""
People as tables: csv, csv.gz or parquet in, `id, person, probability` out.

Reading streams: a bad row is listed by line and the others go on; values are never shown.
"""

from __future__ import annotations

import csv
import gzip
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from taihe.kernel.errors import Incorrect, Problem
from taihe.record.domain.likeness import Features, Written, features_of

REQUIRED = ("id", "name")
COLUMNS = Written._fields
RESULT = ("id", "person", "probability")
BATCH = 20_000
LISTED = 100


@dataclass
class People:
    """
    Rows in comparable form, as an Arrow table with the number of each `row`.

    `problems` lists rows that were left out and values that could not be read (the first
    hundred; `more_problems` counts the others); `left_out` is how many rows have no usable id.
    """

    table: Any
    rows: int
    left_out: int = 0
    problems: list[Problem] = field(default_factory=list)
    more_problems: int = 0


def read_people(path: Path) -> People:
    """Read a table of people; raises `Incorrect` when the file as a whole cannot be right."""
    return gather(_lines(path), path.name)


def gather(lines: Iterable[tuple[int, Written | str]], file: str) -> People:
    """
    Bring rows into comparable form.

    `lines` are (line, row), or (line, what is wrong). An id that is empty or came before
    leaves its row out; a birth date that is none counts as unknown.
    """
    import pyarrow as pa

    problems: list[Problem] = []
    more = left_out = count = 0
    seen: set[str] = set()
    batches: list[Any] = []
    waiting: list[Features] = []

    def say(line: int, column: str | None, code: str, problem: str, do: str) -> None:
        nonlocal more
        if len(problems) < LISTED:
            problems.append(Problem(file, line, column, code, problem, do))
        else:
            more += 1

    def flush() -> None:
        if waiting:
            columns = list(zip(*waiting, strict=True))
            batches.append(pa.record_batch(_arrays(pa, columns), list(_NAMES)))
            waiting.clear()

    for line, row in lines:
        if isinstance(row, str):
            left_out += 1
            say(line, None, "structure", row, "Check commas and quotes in this line.")
            continue
        if not row.id or row.id in seen:
            left_out += 1
            what = "The id is empty." if not row.id else "The id came before."
            say(line, "id", "id", what, "Give every row an id of its own; this row is left out.")
            continue
        seen.add(row.id)
        features = features_of(row)
        if features.bad:
            say(
                line,
                features.bad,
                "value",
                "This is no date.",
                "Write YYYY-MM-DD; it counts as unknown.",
            )
        if features.name is None:
            say(line, "name", "value", "The name is empty.", "Fill it in; the row goes on without.")
        waiting.append(features)
        count += 1
        if len(waiting) == BATCH:
            flush()
    flush()
    schema = pa.schema(
        [(name, pa.bool_() if name == "borrowed" else pa.string()) for name in _NAMES]
    )
    table = pa.Table.from_batches(batches, schema)
    table = table.add_column(0, "row", pa.array(range(count), pa.int64()))
    return People(table, count, left_out, problems, more)


_NAMES = Features._fields


def _arrays(pa: Any, columns: list[tuple[Any, ...]]) -> list[Any]:
    return [
        pa.array(column, pa.bool_() if name == "borrowed" else pa.string())
        for name, column in zip(_NAMES, columns, strict=True)
    ]


def _lines(path: Path) -> Iterator[tuple[int, Written | str]]:
    if not path.is_file():
        raise Incorrect(f"{path} is not a file.", "Name a csv, csv.gz or parquet file.")
    name = path.name.lower()
    if name.endswith(".parquet"):
        return _parquet(path)
    if name.endswith((".csv", ".csv.gz")):
        return _csv(path)
    raise Incorrect(f"{path.name} is not a table.", "Name a csv, csv.gz or parquet file.")


def _csv(path: Path) -> Iterator[tuple[int, Written | str]]:
    try:
        with _opened(path) as file:
            reader = csv.reader(file)
            header = [cell.strip() for cell in next(reader, [])]
            places = _places(header, path.name)
            width = len(header)
            for cells in reader:
                if not any(cells):
                    continue
                if len(cells) != width:
                    yield reader.line_num, f"The row has {len(cells)} cells, the header {width}."
                    continue
                yield (
                    reader.line_num,
                    Written(*("" if at is None else cells[at].strip() for at in places)),
                )
    except UnicodeDecodeError:
        raise Incorrect(f"{path.name} is not in UTF-8.", "Save it as UTF-8.") from None
    except (gzip.BadGzipFile, EOFError, csv.Error) as error:
        raise Incorrect(
            f"{path.name} is damaged: {type(error).__name__}.", "Copy the file again."
        ) from None


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    if path.name.lower().endswith(".gz"):
        with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as file:
            yield file
    else:
        with path.open(encoding="utf-8-sig", newline="") as plain:
            yield plain


def _parquet(path: Path) -> Iterator[tuple[int, Written | str]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError):
        raise Incorrect(f"{path.name} is not a parquet file.", "Write it again.") from None
    with file:
        header = file.schema_arrow.names
        places = _places(header, path.name)
        wanted = [header[at] for at in places if at is not None]
        line = 0
        for batch in file.iter_batches(BATCH, columns=wanted):
            columns = {name: batch.column(name).cast(pa.string()).to_pylist() for name in wanted}
            empty = [None] * batch.num_rows
            for values in zip(*(columns.get(name, empty) for name in COLUMNS), strict=True):
                line += 1
                yield line, Written(*((value or "").strip() for value in values))


def _places(header: list[str], file: str) -> list[int | None]:
    missing = [column for column in REQUIRED if column not in header]
    if missing:
        raise Incorrect(
            f"{file}: the column {', '.join(missing)} is missing.",
            "The first line must name id and name; source, sex, birth_date, id_type, id_number,"
            " phone, address and mother_id may follow.",
        )
    return [header.index(column) if column in header else None for column in COLUMNS]


def writer_of(out: Path) -> Callable[[list[str], list[str], list[float]], None]:
    """The function that writes links to this file; raises before any work for a wrong name."""
    name = out.name.lower()
    if not name.endswith((".csv", ".csv.gz", ".parquet")):
        raise Incorrect(
            f"{out.name} is not a name for a table.", "End it in .csv, .csv.gz or .parquet."
        )
    if not out.parent.is_dir():
        raise Incorrect(f"There is no folder {out.parent}.", "Make it, or name another --out.")

    def write(ids: list[str], persons: list[str], probabilities: list[float]) -> None:
        part = out.with_name(f".{out.name}.part{os.getpid()}")
        try:
            _write(part, name, ids, persons, probabilities)
            part.replace(out)
        except OSError as error:
            raise Incorrect(
                f"{out} cannot be written: {error.strerror}.", "Choose another --out."
            ) from error
        finally:
            part.unlink(missing_ok=True)

    return write


def _write(
    part: Path, name: str, ids: list[str], persons: list[str], probabilities: list[float]
) -> None:
    if name.endswith(".parquet"):
        import pyarrow as pa
        import pyarrow.parquet as pq

        shown = pa.array([f"{p:.6f}" for p in probabilities])
        pq.write_table(pa.table({"id": ids, "person": persons, "probability": shown}), part)
        return
    with _writing(part, name.endswith(".gz")) as file:
        rows = csv.writer(file)
        rows.writerow(RESULT)
        rows.writerows(
            (id, person, f"{p:.6f}")
            for id, person, p in zip(ids, persons, probabilities, strict=True)
        )


@contextmanager
def _writing(part: Path, packed: bool) -> Iterator[Any]:
    if packed:
        with gzip.open(part, "wt", encoding="utf-8", newline="") as file:
            yield file
    else:
        with part.open("w", encoding="utf-8", newline="") as plain:
            yield plain
