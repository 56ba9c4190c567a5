"""The commands `taihe views run` and `taihe views columns`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taihe.kernel.codes import Purpose

if TYPE_CHECKING:
    from taihe.fhir.views import View
    from taihe.lake.views import Result, Source

STORE = "store"


def add_parsers(subparsers: Any) -> None:
    """Add this package's commands to the command line."""
    views = subparsers.add_parser("views", help="SQL-on-FHIR views")
    inner = views.add_subparsers(metavar="ACTION", required=True)
    run = inner.add_parser("run", help="answer a ViewDefinition over a folder of NDJSON")
    run.add_argument("view", type=Path, help="a ViewDefinition as JSON")
    run.add_argument(
        "--from",
        dest="source",
        type=Path,
        required=True,
        help="folder of NDJSON(.gz), one such file, a lake, or `store`: the record",
    )
    run.add_argument("--out", type=Path, required=True, help="a .parquet, .csv or .ndjson file")
    run.add_argument("--engine", choices=("auto", "duckdb", "memory", "spark"), default="auto")
    run.add_argument(
        "--purpose",
        default=Purpose.PUBLIC_HEALTH.value,
        help="with --from store: why the record is read (HL7 PurposeOfUse, default PUBHLTH)",
    )
    run.add_argument("--data", help="with --from store: the installation's folder")
    run.add_argument("--json", action="store_true", help="the result as one JSON object")
    run.set_defaults(run=run_view, needs_site=_site)
    columns = inner.add_parser("columns", help="write NDJSON as typed Parquet, one set a type")
    columns.add_argument("--from", dest="source", type=Path, required=True)
    columns.add_argument("--out", type=Path, required=True, help="folder of the lake")
    columns.add_argument("--type", action="append", help="only this type; may repeat")
    columns.add_argument("--json", action="store_true")
    columns.set_defaults(run=run_columns)


def _is_store(arguments: argparse.Namespace) -> bool:
    return str(arguments.source) == STORE and not arguments.source.exists()


def _site(arguments: argparse.Namespace) -> str | None:
    return "health" if _is_store(arguments) else None


def run_columns(arguments: argparse.Namespace) -> int:
    """Write a Parquet set for each resource type that the files of the folder hold."""
    from taihe.kernel.errors import Incorrect
    from taihe.lake.resources import write_resources
    from taihe.lake.views import ndjson_files, types_in

    types = arguments.type or types_in(ndjson_files(arguments.source, ""))
    started = time.perf_counter()
    written: dict[str, int] = {}
    problems: list[dict[str, Any]] = []
    for resource in types:
        try:
            files = ndjson_files(arguments.source, resource)
            written[resource] = write_resources(files, resource, arguments.out).rows
        except Incorrect as error:
            problems.append({"file": resource, "line": None, "column": None, "code": error.code,
                             "problem": error.problem, "do": error.do})  # fmt: skip
            print(f"taihe: {error}", file=sys.stderr)
            continue
        print(f"{resource}: {written[resource]} rows", file=sys.stderr)
    if arguments.json:
        seconds = round(time.perf_counter() - started, 3)
        print(json.dumps({"types": written, "seconds": seconds, "problems": problems}))
    return 1 if problems else 0


def _read(path: Path) -> View:
    from taihe.fhir.views import read_view
    from taihe.kernel.errors import Incorrect

    try:
        raw = json.loads(path.read_bytes())
    except OSError as error:
        raise Incorrect(
            f"{path.name} cannot be read: {error.strerror}.", "Name a ViewDefinition as JSON."
        ) from None
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        where = f" at line {line}" if line else ""
        raise Incorrect(f"{path.name} is no JSON{where}.", "Check its quotes and commas.") from None
    return read_view(raw)


@contextmanager
def _progress(title: str) -> Iterator[Callable[[int], None]]:
    """A count of rows on stderr, once the work has taken a while."""
    from tqdm import tqdm

    with tqdm(
        desc=title, unit=" rows", file=sys.stderr, disable=None, delay=2, mininterval=1, leave=False
    ) as bar:

        def count(rows: int) -> None:
            bar.update(rows)

        yield count


def run_view(arguments: argparse.Namespace) -> int:
    """
    Answer one view and write its rows.

    DuckDB answers, by SQL where SQL says exactly what the view says, else with the evaluator
    as a function; `--engine memory` asks the evaluator alone, Spark reads a lake. Of a folder
    the files whose name has the view's type are read (`Patient.ndjson.gz`), and those whose
    name has no type; where none has it, every NDJSON file. A line that is no resource is a
    problem: the others give their rows, and the exit code is 1.
    """
    from taihe.lake import tables
    from taihe.lake.sources import Stream
    from taihe.lake.views import source_of

    view = _read(arguments.view)
    tables.form_of(arguments.out)
    if _is_store(arguments):
        return _answer(arguments, view, Stream(STORE, view.resource, arguments.purpose))
    return _answer(arguments, view, source_of(arguments.source, view.resource))


def _answer(arguments: argparse.Namespace, view: View, source: Source) -> int:
    from taihe.kernel.errors import Unsupported
    from taihe.lake.views import Result, write_from_memory, write_view

    started = time.perf_counter()
    engine = "duckdb" if arguments.engine == "auto" else arguments.engine
    with _progress(view.name or arguments.view.stem) as progress:
        if engine == "spark":
            from taihe.lake.spark import write_view as write_on_spark

            if not isinstance(source, Path):
                raise Unsupported(
                    "Spark answers views over a lake.", "Make one with views columns --out LAKE."
                )
            rows, reason = write_on_spark(view, source, arguments.out)
            result = Result(rows, reason, [])
        elif engine == "memory":
            if isinstance(source, Path):
                raise Unsupported("A lake is not read in memory.", "Choose --engine duckdb.")
            result = write_from_memory(view, source, arguments.out, progress)
        else:
            result = write_view(view, source, arguments.out, progress)
    return _report(arguments, view, engine, result, time.perf_counter() - started)


def _report(
    arguments: argparse.Namespace, view: View, engine: str, result: Result, seconds: float
) -> int:
    from taihe.lake.views import MOST_PROBLEMS

    for problem in result.problems[:5]:
        print(
            f"taihe: {problem.file} line {problem.line}: {problem.problem} {problem.do}",
            file=sys.stderr,
        )
    if result.broken_lines:
        print(f"taihe: {result.broken_lines} lines gave no rows; the others did.", file=sys.stderr)
    if arguments.json:
        answer = {
            "view": view.name,
            "engine": engine,
            "by_function": result.by_function,
            "rows": result.rows,
            "out": str(arguments.out),
            "seconds": round(seconds, 3),
            "broken_lines": result.broken_lines,
            "problems": [
                {"file": one.file, "line": one.line, "column": one.column, "code": one.code,
                 "problem": one.problem, "do": one.do}
                for one in result.problems[:MOST_PROBLEMS]
            ],
        }  # fmt: skip
        print(json.dumps(answer, ensure_ascii=False))
    else:
        note = f" (by function: {result.by_function})" if result.by_function else ""
        print(f"{result.rows} rows to {arguments.out}{note}", file=sys.stderr)
    return 1 if result.problems else 0
