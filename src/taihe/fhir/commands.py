"""The commands `taihe fhirpath` and `taihe validate`."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taihe.kernel.errors import Incorrect, Problem

if TYPE_CHECKING:
    from taihe.fhir.fhirpath import FhirPathError
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
        help="a profile for every resource of its type (a file, or the name of one of R4's own, "
        "as vitalsigns), or a folder or package (.tgz) of profiles and value sets for the "
        "resources that claim them; may repeat",
    )
    validate.set_defaults(run=run_validate)


def run_fhirpath(arguments: argparse.Namespace) -> int:
    """Print each resulting value as one line of JSON; exit 1 when a resource failed."""
    from taihe.fhir import fhirpath
    from taihe.fhir.files import read_resources, to_json

    try:
        compiled = fhirpath.compile(arguments.expression)
    except fhirpath.FhirPathError as error:
        raise Incorrect(*_said(error)) from None
    told: set[str] = set()
    results: list[list[Any]] = []
    problems: list[Problem] = []
    for read in read_resources(arguments.file, exact=True):
        problem = read.problem or _unfit(read)
        if problem is None:
            try:
                values = compiled.evaluate(read.resource, strict=arguments.strict)
                lines = [to_json(value) for value in values]
            except fhirpath.FhirPathError as error:
                said, do = _said(error)
                if error.kind == "semantic":  # the same for each resource of its type
                    if said in told:
                        continue
                    told.add(said)
                problem = Problem(read.file, read.line, None, error.kind, said, do)
            except RecursionError:
                said = "The value is nested too deep to be written."
                problem = Problem(read.file, read.line, None, "execution", said, "Choose a part.")
            else:
                results.append(values)
                if not arguments.json:
                    for line in lines:
                        print(line)
                continue
        problems.append(problem)
        print(problem, file=sys.stderr)
    if arguments.json:
        print(
            to_json(
                {
                    "expression": arguments.expression,
                    "results": results,
                    "problems": [problem.as_json() for problem in problems],
                }
            )
        )
    return 1 if problems else 0


def _said(error: FhirPathError) -> tuple[str, str]:
    """What an error says with its position, and its hint."""
    return str(error).removesuffix(error.do).strip(), error.do


def _unfit(read: Read) -> Problem | None:
    """What keeps the content of a file from being a resource: a list, a key given twice."""
    if not isinstance(read.resource, dict):
        do = "Write one JSON object: a resource, or a Bundle of several."
        if isinstance(read.resource, list):
            do = "Write one resource on each line of an .ndjson file, or a Bundle."
        return Problem(read.file, read.line, None, "structure", "This is no resource.", do)
    from taihe.fhir.doubles import doubles

    found = doubles(read.raw, read.resource)
    if not found:
        return None
    issue = found[0]
    return Problem(read.file, read.line, issue.location, issue.code, issue.problem, issue.do)


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
