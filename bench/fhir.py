"""
The FHIR library: extraction, validation, FHIRPath and views, each beside a baseline.

Extraction and validation stand beside parsing the same lines with orjson, validation also beside
fhir.resources; FHIRPath (`_fhirpath`) beside compiled fhirpathpy and fhirpath.js where they are
installed (`make bench` does), else beside our own closures; views (`views.py`) beside DuckDB SQL
written by hand. The Synthea sample is used where it lies beside the checkout; without it
resources are made up.
"""

from __future__ import annotations

import gzip
import importlib.util
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from taihe.fhir.search import extract
from taihe.fhir.validate import check

sys.path.append(str(Path(__file__).parent))  # at the end: `fhir` is a package of others, too
from _fhirpath.rows import expression_rows, suite_rows, validation_rows

SHARED = Path(__file__).parents[2] / "shared/data/synthea-100"
Row = dict[str, Any]


def _made_up() -> list[bytes]:
    patients = [
        {"resourceType": "Patient", "id": f"p{n}", "gender": "male", "birthDate": "1980-01-01",
         "name": [{"use": "official", "family": "张", "given": ["伟"]}]} for n in range(200)
    ]  # fmt: skip
    observations = [
        {"resourceType": "Observation", "id": f"o{n}", "status": "final",
         "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
         "subject": {"reference": f"Patient/p{n % 200}"},
         "effectiveDateTime": "2024-01-01T00:00:00Z",
         "valueQuantity": {"value": 100 + n % 60, "unit": "mmHg",
                           "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}}
        for n in range(10_000)
    ]  # fmt: skip
    return [orjson.dumps(r) for r in patients + observations]


def _lines() -> list[bytes]:
    if not SHARED.exists():
        return _made_up()
    found: list[bytes] = []
    for file in sorted(SHARED.glob("*.ndjson.gz")):
        with gzip.open(file) as lines:
            found += lines.readlines()
    return found


def _each(work: Callable[[Any], object], things: list[Any]) -> Callable[[], None]:
    """One run over all things; what comes out is dropped at once."""

    def once() -> None:
        for thing in things:
            work(thing)

    return once


def _rate(work: Callable[[], Any], count: int, least: float = 0.5) -> float:
    """Runs per second of processor time, `count` things each run."""
    work()
    started, runs = time.process_time(), 0
    while time.process_time() - started < least:
        work()
        runs += 1
    return runs * count / (time.process_time() - started)


def _row(figure: str, value: float, unit: str, baseline: str, beside: float) -> Row:
    ratio = value / beside if beside else 0.0
    return {"figure": figure, "value": value, "unit": unit, "baseline": baseline,
            "baseline_value": beside, "ratio": ratio}  # fmt: skip


def run() -> list[Row]:
    """Extraction and validation per core, ten and forty expressions, the suite, views."""
    lines = _lines()
    resources = [orjson.loads(line) for line in lines]
    parse = _rate(_each(orjson.loads, lines), len(lines))
    rows = [
        _row("index rows of parsed resources", _rate(_each(extract, resources), len(resources)), "resources/s", "orjson.loads of the same", parse),
        _row("validation of parsed resources", _rate(_each(check, resources), len(resources)), "resources/s", "orjson.loads of the same", parse),
    ]  # fmt: skip
    rows += validation_rows(resources) + expression_rows() + suite_rows()
    return rows + _views()


def _views() -> list[Row]:
    """The figures of the area `views`, which stand here too."""
    spec = importlib.util.spec_from_file_location(
        "bench_views", Path(__file__).with_name("views.py")
    )
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    rows: list[Row] = module.run()
    return rows
