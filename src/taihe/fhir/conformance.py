"""
Running folders of conformance cases: FHIRPath, and SQL-on-FHIR in memory.

A case file is known by its form, not by its name. Expected values are only read to compare.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from taihe.fhir import fhirpath as engine
from taihe.fhir.fhirpath.elements import Element, Item, atom, plain, type_name
from taihe.fhir.fhirpath.values import Temporal
from taihe.kernel.conformance import Case, Status
from taihe.kernel.errors import TaiheError


def _json_files(directory: Path) -> Iterator[tuple[Path, Any]]:
    for path in sorted(directory.rglob("*.json")):
        try:
            yield path, json.loads(path.read_bytes(), parse_float=Decimal)
        except (ValueError, RecursionError):
            continue


def _found(name: str, folders: list[Path]) -> Path | None:
    for folder in folders:
        for path in sorted(folder.rglob(Path(name).name)):
            return path
    return None


def fhirpath(directory: Path, *, inputs: Path | None = None, **_: Any) -> Iterator[Case]:
    """
    The cases of FHIRPath suites: files with `groups` of `tests` that have an expression.

    Input resources are looked for below the folder and below `inputs`.
    """
    folders = [directory, *([inputs] if inputs else [])]
    resources: dict[str, Any] = {}
    for _path, content in _json_files(directory):
        groups = content.get("groups") if isinstance(content, dict) else None
        if not isinstance(groups, list):
            continue
        for group in groups:
            for test in group.get("tests", ()):
                if "expression" not in test:
                    continue
                name = f"{group.get('name', '')}/{test.get('name', '')}"
                file = test.get("inputfile")
                if file and file not in resources:
                    path = _found(file, folders)
                    resources[file] = (
                        None if path is None else json.loads(path.read_bytes(), parse_float=Decimal)
                    )
                if file and resources[file] is None:
                    reason = f"The input {file} is not in the folder or --inputs."
                    yield Case(name, Status.SKIPPED, reason)
                    continue
                problem = _fhirpath_problem(test, resources[file] if file else None)
                yield Case(name, Status.FAILED if problem else Status.PASSED, problem)


def _fhirpath_problem(test: dict[str, Any], resource: Any) -> str:
    """What is wrong with the answer to one case; "" when nothing is."""
    expected_error = test.get("invalid")
    try:
        compiled = engine.compile(test["expression"])
        items = compiled.items(resource, strict=test.get("mode") == "strict")
    except engine.FhirPathError as error:
        if expected_error and error.kind == expected_error:
            return ""
        wanted = f"a {expected_error} error" if expected_error else "a result"
        return f"expected {wanted}, got a {error.kind} error: {error}"
    if expected_error:
        return f"expected a {expected_error} error, got {[_shown(item) for item in items]}"
    outputs = test.get("outputs", [])
    if test.get("predicate") == "true":
        items = [bool(items) and atom(items[0]) is not False]
    if test.get("ordered") == "false":
        same = Counter(map(_shown, items)) == Counter(_expected(o) for o in outputs)
        return "" if same else _difference(items, outputs)
    same = len(items) == len(outputs) and all(map(_matches, items, outputs))
    return "" if same else _difference(items, outputs)


def _difference(items: list[Item], outputs: list[dict[str, Any]]) -> str:
    wanted = [f"{o.get('type')} {o.get('value')}" for o in outputs]
    return f"expected {wanted}, got {[f'{type_name(i)[1]} {_shown(i)}' for i in items]}"


def _shown(item: Item) -> str:
    """An item as the suites write it: dates with @, booleans in small letters."""
    value = atom(item)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Temporal):
        return f"@{'T' if value.kind == 'Time' else ''}{value}"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Element):
        return json.dumps(plain(value), default=str, sort_keys=True)
    return str(value)


def _expected(output: dict[str, Any]) -> str:
    return str(output.get("value", ""))


def _matches(item: Item, output: dict[str, Any]) -> bool:
    """Whether an item has the expected type, where one is given, and the expected value."""
    shown, wanted = _shown(item), _expected(output)
    if shown != wanted and not _same_number(item, wanted):
        return False
    kind = output.get("type")
    if not kind:
        return True
    namespace, own = type_name(item)
    return own == kind or (own.lower() == kind.lower() and namespace == "System")


def _same_number(item: Item, wanted: str) -> bool:
    value = atom(item)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return False
    try:
        other = Decimal(wanted)
    except InvalidOperation:
        return False
    written = Decimal(value).as_tuple().exponent == other.as_tuple().exponent
    return other == value and (written or isinstance(value, int))


Runner = Callable[[dict[str, Any], list[dict[str, Any]]], list[dict[str, Any]]]


def views(directory: Path, run: Runner) -> Iterator[Case]:
    """
    The cases of SQL-on-FHIR suites: files with `resources` and `tests` that have a view.

    `run` answers a view over resources with rows; in memory here, on DuckDB in `lake`.
    """
    for path, content in _json_files(directory):
        if not isinstance(content, dict) or "resources" not in content or "tests" not in content:
            continue
        if not all(isinstance(test, dict) and "view" in test for test in content["tests"]):
            continue
        for test in content["tests"]:
            name = (
                f"{path.relative_to(directory).with_suffix('').as_posix()}/{test.get('title', '')}"
            )
            problem = _view_problem(test, content["resources"], run)
            yield Case(name, Status.FAILED if problem else Status.PASSED, problem)


def _view_problem(test: dict[str, Any], resources: list[dict[str, Any]], run: Runner) -> str:
    try:
        rows = run(test["view"], resources)
    except TaiheError as error:
        return "" if test.get("expectError") else f"expected rows, got an error: {error}"
    if test.get("expectError"):
        return f"expected an error, got {len(rows)} rows"
    if "expectCount" in test and len(rows) != test["expectCount"]:
        return f"expected {test['expectCount']} rows, got {len(rows)}"
    if "expectColumns" in test:
        columns = list(rows[0]) if rows else test["expectColumns"]
        if columns != test["expectColumns"]:
            return f"expected the columns {test['expectColumns']}, got {columns}"
    if "expect" in test:
        wanted = Counter(_row(row) for row in test["expect"])
        got = Counter(_row(row) for row in rows)
        if wanted != got:
            missing, extra = list((wanted - got).elements()), list((got - wanted).elements())
            return f"missing {missing[:3]}, not expected {extra[:3]}"
    return ""


def _row(row: dict[str, Any]) -> str:
    """A row for comparison: a missing value is null, numbers compare by value."""
    present = {key: _loose(value) for key, value in row.items() if value is not None}
    return json.dumps(present, default=str, sort_keys=True, ensure_ascii=False)


def _loose(value: Any) -> Any:
    if isinstance(value, float | Decimal):
        return int(value) if value == int(value) else float(value)
    if isinstance(value, list):
        return [_loose(one) for one in value]
    if isinstance(value, dict):
        return {key: _loose(one) for key, one in value.items()}
    return value


def in_memory(view: dict[str, Any], resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Answer a view with the plain evaluator."""
    from taihe.fhir.views import read_view, run

    return list(run(read_view(view), resources))


def sql_on_fhir(directory: Path, *, engine: str = "memory", **_: Any) -> Iterator[Case]:
    """The cases of SQL-on-FHIR suites, answered in memory."""
    return views(directory, in_memory)
