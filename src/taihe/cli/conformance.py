"""
`taihe conformance`: runs a folder of cases of one suite and prints what passed.

Each suite is a function of its context, `function(directory, *, engine, base, token, inputs,
data)`, that yields `taihe.kernel.conformance.Case`; it takes the options it needs and `**_`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from taihe.kernel.conformance import Case, Status, numbered
from taihe.kernel.errors import Incorrect, Unsupported


@dataclass(frozen=True)
class Suite:
    """Where a suite's function is, and the engines it runs on; the first is the default."""

    function: str
    engines: tuple[str, ...] = ("memory",)


SUITES = {
    "fhirpath": Suite("taihe.fhir.conformance:fhirpath"),
    "sql-on-fhir": Suite("taihe.lake.conformance:sql_on_fhir", ("memory", "duckdb", "spark")),
    "testscripts": Suite("taihe.record.conformance:run", ("http",)),
    "chronic": Suite("taihe.chronic.conformance:run"),
    "zone": Suite("taihe.zone.conformance:run"),
}


def add_parsers(commands: Any) -> None:
    """Add this module's commands."""
    parser = commands.add_parser("conformance", help="run a folder of cases of a suite")
    parser.add_argument("suite", choices=SUITES)
    parser.add_argument("dir", type=Path, help="searched recursively")
    parser.add_argument("--engine", help="memory, duckdb or spark, where the suite has a choice")
    parser.add_argument("--base", help="address of a running server (testscripts)")
    parser.add_argument("--token", help="bearer token; an installation's own is the default")
    parser.add_argument("--inputs", type=Path, help="folder of inputs that are not in DIR")
    parser.add_argument("--data", help="the installation's folder")
    parser.add_argument("--json", action="store_true", help="the result only, on one line")
    parser.set_defaults(run=run_conformance)


def run_conformance(arguments: argparse.Namespace) -> int:
    """Print the verdict of every case as JSON; 1 when a case failed."""
    suite = SUITES[arguments.suite]
    engine = arguments.engine or suite.engines[0]
    if engine not in suite.engines:
        raise Unsupported(
            f"The suite {arguments.suite} does not run on {engine}.",
            f"Choose {', '.join(suite.engines)}.",
        )
    if not arguments.dir.is_dir():
        raise Incorrect(f"{arguments.dir} is not a folder.", "Name the folder of the cases.")
    cases = numbered(
        load(suite)(
            arguments.dir,
            engine=engine,
            base=arguments.base,
            token=arguments.token,
            inputs=arguments.inputs,
            data=arguments.data,
        )
    )
    if not cases:
        raise Incorrect(
            f"{arguments.dir} has no case of the suite {arguments.suite}.",
            "A case file is known by its form; see docs/reference.",
        )
    result = report(arguments.suite, engine, cases)
    print(json.dumps(result, ensure_ascii=False, indent=None if arguments.json else 1))
    if not arguments.json:
        print(summary(result, cases), file=sys.stderr)
    return 1 if result["failed"] else 0


def report(suite: str, engine: str, cases: list[Case]) -> dict[str, Any]:
    """The result in the form of INTERFACES."""
    counts = Counter(str(case.status) for case in cases)
    return {
        "suite": suite,
        "engine": engine,
        "total": len(cases),
        **{str(status): counts[str(status)] for status in Status},
        "cases": [case.as_json() for case in cases],
    }


def summary(result: dict[str, Any], cases: list[Case]) -> str:
    """A few lines for the person at the terminal: the counts, and the first failures."""
    lines = [f"{case.id}: {case.message}" for case in cases if case.status == Status.FAILED][:20]
    counts = (f"{result[status]} {status}" for status in Status)
    return "\n".join([*lines, f"{result['suite']}: {', '.join(counts)} of {result['total']}"])


def load(suite: Suite) -> Callable[..., Iterable[Case]]:
    """The function of a suite, imported only when it is asked for."""
    module, _, name = suite.function.partition(":")
    try:
        function: Callable[..., Iterable[Case]] = getattr(import_module(module), name)
    except ModuleNotFoundError as missing:
        if missing.name != module:
            raise
        raise Unsupported("This suite is not there yet.", f"{module} is missing.") from None
    return function
