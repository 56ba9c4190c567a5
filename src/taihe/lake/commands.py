"""The command `taihe views run`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any


def add_parsers(subparsers: Any) -> None:
    """Add this package's commands to the command line."""
    views = subparsers.add_parser("views", help="SQL-on-FHIR views")
    inner = views.add_subparsers(metavar="ACTION", required=True)
    run = inner.add_parser("run", help="answer a ViewDefinition over a folder of NDJSON")
    run.add_argument("view", type=Path, help="a ViewDefinition as JSON")
    run.add_argument(
        "--from", dest="source", type=Path, required=True, help="folder of NDJSON(.gz), or a lake"
    )
    run.add_argument("--out", type=Path, required=True, help="a .parquet, .csv or .ndjson file")
    run.add_argument("--engine", choices=("auto", "duckdb", "memory", "spark"), default="auto")
    run.add_argument("--json", action="store_true", help="the result as one JSON object")
    run.set_defaults(run=run_view)
    columns = inner.add_parser("columns", help="write NDJSON as typed Parquet, one set a type")
    columns.add_argument("--from", dest="source", type=Path, required=True)
    columns.add_argument("--out", type=Path, required=True, help="folder of the lake")
    columns.add_argument("--type", action="append", help="only this type; may repeat")
    columns.add_argument("--json", action="store_true")
    columns.set_defaults(run=run_columns)


def run_columns(arguments: argparse.Namespace) -> int:
    """Write a Parquet set for each resource type whose file is in the folder."""
    from taihe.fhir import definitions
    from taihe.lake.resources import write_resources
    from taihe.lake.views import ndjson_files

    types = arguments.type or sorted(
        {
            path.name.split(".")[0]
            for path in ndjson_files(arguments.source, "")
            if path.name.split(".")[0] in definitions.resource_types()
        }
    )
    started = time.perf_counter()
    written = {}
    for resource in types:
        files = ndjson_files(arguments.source, resource)
        written[resource] = write_resources(files, resource, arguments.out).rows
        print(f"{resource}: {written[resource]} rows", file=sys.stderr)
    if arguments.json:
        seconds = round(time.perf_counter() - started, 3)
        print(json.dumps({"types": written, "seconds": seconds}))
    return 0


def run_view(arguments: argparse.Namespace) -> int:
    """
    Answer one view and write its rows; DuckDB where the view can be SQL, else in memory.

    Spark, where it is asked for, reads a lake.

    The folder's files of the view's type are read (`Patient.ndjson.gz`); where there is none,
    every NDJSON file in it.
    """
    from taihe.fhir.views import read_view
    from taihe.kernel.errors import Incorrect, Unsupported
    from taihe.lake.resources import is_lake
    from taihe.lake.views import ndjson_files, write_from_memory, write_view

    try:
        raw = json.loads(arguments.view.read_bytes())
    except OSError as error:
        raise Incorrect(f"{arguments.view.name} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise Incorrect(f"{arguments.view.name} is no JSON.", "Check it.") from None
    view = read_view(raw)
    source: Path | list[Path] = arguments.source
    files: list[Path] = []
    if not is_lake(arguments.source, view.resource):
        source = files = ndjson_files(arguments.source, view.resource)
    started = time.perf_counter()
    engine, reason = arguments.engine, ""
    if engine == "spark":
        from taihe.lake.spark import write_view as write_on_spark

        if files:
            raise Unsupported(
                "Spark answers views over a lake.", "Make one with views columns --out LAKE."
            )
        rows = write_on_spark(view, arguments.source, arguments.out)
    elif engine != "memory":
        try:
            rows = write_view(view, source, arguments.out)
            engine = "duckdb"
        except Unsupported as error:
            if engine == "duckdb" or not files:
                raise
            engine, reason = "memory", error.problem
    if engine == "memory":
        rows = write_from_memory(view, files, arguments.out)
    result = {
        "view": view.name,
        "engine": engine,
        "rows": rows,
        "out": str(arguments.out),
        "seconds": round(time.perf_counter() - started, 3),
    }
    if arguments.json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        note = f" (in memory: {reason})" if reason else ""
        print(f"{rows} rows to {arguments.out}{note}", file=sys.stderr)
    return 0
