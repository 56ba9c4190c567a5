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
        "--from", dest="source", type=Path, required=True, help="folder of NDJSON(.gz)"
    )
    run.add_argument("--out", type=Path, required=True, help="a .parquet, .csv or .ndjson file")
    run.add_argument("--engine", choices=("auto", "duckdb", "memory"), default="auto")
    run.add_argument("--json", action="store_true", help="the result as one JSON object")
    run.set_defaults(run=run_view)


def run_view(arguments: argparse.Namespace) -> int:
    """
    Answer one view and write its rows; DuckDB where the view can be SQL, else in memory.

    The folder's files of the view's type are read (`Patient.ndjson.gz`); where there is none,
    every NDJSON file in it.
    """
    from taihe.fhir.views import read_view
    from taihe.kernel.errors import Incorrect, Unsupported
    from taihe.lake.views import ndjson_files, write_from_memory, write_view

    try:
        raw = json.loads(arguments.view.read_bytes())
    except OSError as error:
        raise Incorrect(f"{arguments.view.name} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise Incorrect(f"{arguments.view.name} is no JSON.", "Check it.") from None
    view = read_view(raw)
    files = ndjson_files(arguments.source, view.resource)
    started = time.perf_counter()
    engine, reason = arguments.engine, ""
    if engine != "memory":
        try:
            rows = write_view(view, files, arguments.out)
            engine = "duckdb"
        except Unsupported as error:
            if engine == "duckdb":
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
