"""The commands `taihe fhirpath` and `taihe validate`."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taihe.fhir.files import Read

Subparsers = Any


def add_parsers(subparsers: Subparsers) -> None:
    """Add this library's commands to the command line."""
    path = subparsers.add_parser(
        "fhirpath", help="evaluate a FHIRPath expression on the resources of a file"
    )
    path.add_argument("expression")
    path.add_argument("file", type=Path, help="JSON or NDJSON, also .gz")
    path.add_argument(
        "--json", action="store_true", help="one object with a list for each resource"
    )
    path.add_argument("--strict", action="store_true", help="refuse names the type does not have")
    path.set_defaults(run=run_fhirpath)
    validate = subparsers.add_parser("validate", help="check FHIR R4 resources")
    validate.add_argument("files", type=Path, nargs="+", metavar="FILE")
    validate.add_argument("--summary", action="store_true", help="counts instead of outcomes")
    validate.add_argument("--json", action="store_true", help="one object: the summary")
    validate.add_argument(
        "--profile",
        type=Path,
        action="append",
        metavar="FILE-or-DIR",
        help="a profile for every resource of its type, or a folder of profiles and value sets "
        "for the resources that claim them; may repeat",
    )
    validate.set_defaults(run=run_validate)


def run_fhirpath(arguments: argparse.Namespace) -> int:
    """Print each resulting value as one line of JSON; exit 1 when a resource failed."""
    from taihe.fhir import fhirpath
    from taihe.fhir.files import read_resources, to_json

    compiled = fhirpath.compile(arguments.expression)
    results: list[list[Any]] = []
    problems: list[dict[str, Any]] = []
    for read in read_resources(arguments.file, exact=True):
        if read.problem is None and not isinstance(read.resource, dict):
            problem: dict[str, Any] = {"file": read.file, "line": read.line, "column": None,
                                       "code": "structure", "problem": "This is no resource.",
                                       "do": "Write a JSON object."}  # fmt: skip
        elif read.problem is not None:
            problem = dict(read.problem.as_json())
        else:
            try:
                values = compiled.evaluate(read.resource, strict=arguments.strict)
            except fhirpath.FhirPathError as error:
                problem = {"file": read.file, "line": read.line, "column": None,
                           "code": error.kind, "problem": str(error), "do": error.do}  # fmt: skip
            else:
                results.append(values)
                if not arguments.json:
                    for value in values:
                        print(to_json(value))
                continue
        problems.append(problem)
        print(f"{problem['file']}:{problem['line']}: {problem['problem']}", file=sys.stderr)
    if arguments.json:
        print(
            to_json({"expression": arguments.expression, "results": results, "problems": problems})
        )
    return 1 if problems else 0


def run_validate(arguments: argparse.Namespace) -> int:
    """Print one OperationOutcome for each resource as NDJSON; exit 1 on any error."""
    from taihe.fhir.doubles import doubles
    from taihe.fhir.files import to_json
    from taihe.fhir.outcome import Issue, operation_outcome
    from taihe.fhir.validate import check

    if arguments.profile:
        from taihe.fhir.profiles import read_profiles

        check = read_profiles(arguments.profile).check

    quiet = arguments.summary or arguments.json
    started = time.perf_counter()
    severities: Counter[str] = Counter()
    types: Counter[str] = Counter()
    resources = invalid = 0
    problems: list[dict[str, Any]] = []
    for read in _each(arguments.files):
        resources += 1
        line, column = read.line, None
        if read.problem is not None:
            said = read.problem
            line, column = said.line or line, said.column
            issues = [Issue("fatal", said.code, "", said.problem, said.do)]
        else:
            issues = doubles(read.raw, read.resource) + check(read.resource)
            kind = read.resource.get("resourceType") if isinstance(read.resource, dict) else None
            types[str(kind)] += 1
        severities.update(issue.severity for issue in issues)
        invalid += any(issue.is_error for issue in issues)
        if quiet:
            problems += [
                {"file": read.file, "line": line,
                 "column": issue.location or column,
                 "code": issue.code, "problem": issue.problem, "do": issue.do}
                for issue in issues if len(problems) < 1000
            ]  # fmt: skip
            continue
        outcome = operation_outcome(issues)
        for one in outcome["issue"]:
            one["diagnostics"] = f"{read.file}:{line}" + (f":{column}" if column else "")
        print(to_json(outcome))
    if quiet:
        print(
            to_json(
                {
                    "resources": resources,
                    "valid": resources - invalid,
                    "invalid": invalid,
                    "issues": dict(severities),
                    "types": dict(sorted(types.items())),
                    "seconds": round(time.perf_counter() - started, 3),
                    "problems": problems,
                }
            )
        )
    return 1 if invalid else 0


def _each(files: list[Path]) -> Iterator[Read]:
    """The resources of several files; a file that cannot be read is a problem of its own."""
    from taihe.fhir.files import Read, read_resources
    from taihe.kernel.errors import Incorrect, Problem

    for file in files:
        try:
            yield from read_resources(file)
        except Incorrect as refused:
            problem = Problem(file.name, None, None, "not-found", refused.problem, refused.do)
            yield Read(file.name, 0, None, problem)
