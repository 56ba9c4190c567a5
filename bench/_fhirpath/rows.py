"""The rows of `taihe bench fhir` about FHIRPath and validation."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from _fhirpath import others, suite
from _fhirpath.expressions import FORTY, TEN
from _fhirpath.rates import alone, side_by_side
from taihe.fhir import fhirpath
from taihe.fhir.validate import check

Row = dict[str, Any]
RESOURCES = json.loads((Path(__file__).parent / "resources.json").read_text(encoding="utf-8"))
SAMPLE = 300


def row(figure: str, value: float, unit: str, baseline: str, beside: float) -> Row:
    """One figure beside its baseline."""
    ratio = value / beside if beside else 0.0
    return {"figure": figure, "value": value, "unit": unit, "baseline": baseline,
            "baseline_value": beside, "ratio": ratio}  # fmt: skip


def _ours(name: str, expression: str) -> Callable[[], Any]:
    compiled, resource = fhirpath.compile(expression), RESOURCES[name]
    return lambda: compiled.evaluate(resource)


def _closures(name: str, expression: str) -> Callable[[], Any]:
    compiled, resource = fhirpath.compile(expression), RESOURCES[name]
    return lambda: compiled.run(*_start(resource))


def _start(resource: dict[str, Any]) -> tuple[Any, Any]:
    from taihe.fhir.fhirpath.elements import of_resource
    from taihe.fhir.fhirpath.environment import Environment

    root = of_resource(resource)
    return Environment(root, {"context": [root]}), [root]


def _beside_fhirpathpy(label: str, name: str, expression: str) -> Row:
    """One expression in turn with fhirpathpy, or with our closures where that is not there."""
    ours, figure = _ours(name, expression), f"{label} {expression}"[:44]
    baseline = "fhirpathpy, compiled"
    try:
        theirs = others.fhirpathpy(expression, RESOURCES[name])
        if theirs is not None:
            theirs()
    except Exception:  # noqa: BLE001  (whatever another library raises)
        return row(figure, alone(ours), "evaluations/s", "fhirpathpy has no answer", 0.0)
    if theirs is None:
        theirs, baseline = _closures(name, expression), "our closures (no fhirpathpy here)"
    return row(figure, *_pair(ours, theirs, baseline))


def _pair(ours: Callable[[], Any], theirs: Callable[[], Any], baseline: str) -> tuple[Any, ...]:
    one, two = side_by_side(ours, theirs)
    return one, "evaluations/s", baseline, two


def _lowest(figure: str, rows: list[Row]) -> Row:
    answered = [r for r in rows if r["ratio"]]
    least = min(answered, key=lambda r: float(r["ratio"]))
    return {**least, "figure": f"lowest of {len(answered)} {figure}: {least['figure'][3:]}"[:60]}


def expression_rows() -> list[Row]:
    """The ten and the forty beside fhirpathpy, then beside fhirpath.js, each with the lowest."""
    numbered = [
        (f"{letter}{at:02}", name, expression)
        for letter, group in (("t", TEN), ("f", FORTY))
        for at, (name, expression) in enumerate(group, 1)
    ]
    rows = [_beside_fhirpathpy(*one) for one in numbered]
    ten, forty = rows[: len(TEN)], rows[len(TEN) :]
    found = [*ten, _lowest("of the ten", ten), *forty, _lowest("of the forty", forty)]
    jobs = [(expression, RESOURCES[name]) for _, name, expression in numbered]
    answers = others.fhirpath_js(jobs, timed=True)
    if answers is None:
        return [*found, row("fhirpath.js", 0, "evaluations/s", "no fhirpath.js here", 0)]
    beside = [
        row(ours["figure"], ours["value"], "evaluations/s",
            "fhirpath.js, compiled" if "rate" in answer else "fhirpath.js has no answer",
            answer.get("rate", 0.0))
        for ours, answer in zip(rows, answers, strict=True)
    ]  # fmt: skip
    ten, forty = beside[: len(TEN)], beside[len(TEN) :]
    return [*found, *ten, _lowest("of the ten", ten), *forty, _lowest("of the forty", forty)]


def suite_rows() -> list[Row]:
    """Cases of the FHIRPath suite that we and the others get right."""
    if not suite.CASES.is_dir():
        return []
    from taihe.fhir import conformance
    from taihe.kernel.conformance import Status

    ours = sum(case.status is Status.PASSED for case in conformance.fhirpath(suite.CASES))
    rows = []
    for name, right in (
        ("fhirpathpy", suite.fhirpathpy_right()),
        ("fhirpath.js", suite.fhirpath_js_right()),
    ):
        if right is None:
            rows.append(row("FHIRPath suite", ours, "cases", f"no {name} here", 0))
        else:
            label = f"{name}, judged generously, of {right[1]}"
            rows.append(row("FHIRPath suite, cases right", ours, "cases", label, right[0]))
    return rows


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def validation_rows(resources: list[dict[str, Any]]) -> list[Row]:
    """Validation beside fhir.resources (R4B), on the same sample of parsed resources."""
    release = _version("fhir.resources")
    if not release:
        return [row("validation of a sample", 0, "resources/s", "no fhir.resources here", 0)]
    from importlib import import_module

    package = import_module("fhir.resources.R4B")
    sample = random.Random(1).sample(resources, min(SAMPLE, len(resources)))
    classes = [package.get_fhir_model_class(r["resourceType"]) for r in sample]

    def theirs() -> None:
        for cls, resource in zip(classes, sample, strict=True):
            try:
                cls.model_validate(resource)
            except ValueError:
                continue  # R4B refuses what R4 allows; it has been looked at all the same

    def ours() -> None:
        for resource in sample:
            check(resource)

    one, two = side_by_side(ours, theirs, 0.5)
    label = f"fhir.resources {release}, R4B classes"
    count = len(sample)
    return [row("validation of a sample", one * count, "resources/s", label, two * count)]
