"""
The FHIR library: extraction, validation, FHIRPath and views, each beside a baseline.

Extraction and validation stand beside parsing the same lines with orjson; FHIRPath beside
compiled fhirpathpy where it is installed (extra `bench`), else beside our own closures; a view
beside DuckDB SQL written by hand. The Synthea sample is used where it lies beside the
checkout; without it resources are made up.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from taihe.fhir import fhirpath
from taihe.fhir.search import extract
from taihe.fhir.validate import check
from taihe.fhir.views import read_view

SHARED = Path(__file__).parents[2] / "shared/data/synthea-100"
EXPRESSIONS = [
    ("Patient", "name.given"),
    ("Patient", "birthDate"),
    ("Patient", "Patient.name.where(use = 'official').given.first()"),
    ("Patient", "telecom.where(system = 'phone').value"),
    ("Patient", "identifier.where(type.coding.code = 'MR').value"),
    ("Patient", "name.exists() and birthDate < @2000-01-01"),
    ("Observation", "value.ofType(Quantity).value > 20"),
    ("Observation", "code.coding.where(system = 'http://loinc.org').code"),
    ("Patient", "extension('http://x/race').extension('omb').value.code"),
    ("Patient", "descendants().count()"),
]
VIEW = {
    "resource": "Observation",
    "select": [
        {
            "column": [
                {"name": "id", "path": "getResourceKey()"},
                {"name": "patient", "path": "subject.getReferenceKey(Patient)"},
                {"name": "code", "path": "code.coding.first().code"},
                {"name": "value", "path": "value.ofType(Quantity).value"},
                {"name": "unit", "path": "value.ofType(Quantity).code"},
                {"name": "at", "path": "effective.ofType(dateTime)"},
            ]
        }
    ],
}
BY_HAND = """
    SELECT id, split_part(subject.reference, '/', 2) AS patient, code.coding[1].code AS code,
           valueQuantity.value AS value, valueQuantity.code AS unit, effectiveDateTime AS at_
    FROM """
NDJSON = """read_json('{file}', format='newline_delimited', columns={{
        'id': 'VARCHAR', 'subject': 'STRUCT(reference VARCHAR)',
        'code': 'STRUCT(coding STRUCT(code VARCHAR)[])',
        'valueQuantity': 'STRUCT(value DOUBLE, code VARCHAR)', 'effectiveDateTime': 'VARCHAR'}})
"""
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
    """Extraction and validation per core, ten expressions, one view."""
    lines = _lines()
    resources = [orjson.loads(line) for line in lines]
    parse = _rate(_each(orjson.loads, lines), len(lines))
    rows = [
        _row("index rows of parsed resources", _rate(_each(extract, resources), len(resources)), "resources/s", "orjson.loads of the same", parse),
        _row("validation of parsed resources", _rate(_each(check, resources), len(resources)), "resources/s", "orjson.loads of the same", parse),
    ]  # fmt: skip
    return rows + _expressions(resources) + _view(lines)


def _expressions(resources: list[dict[str, Any]]) -> list[Row]:
    rows = []
    for kind, expression in EXPRESSIONS:
        resource = next(r for r in resources if r["resourceType"] == kind)
        compiled = fhirpath.compile(expression)
        ours = _rate(_each(compiled.evaluate, [resource] * 1000), 1000)
        name, beside = _baseline(compiled, resource)
        rows.append(_row(f"fhirpath {expression}"[:44], ours, "evaluations/s", name, beside))
    return rows


def _baseline(compiled: fhirpath.Compiled, resource: dict[str, Any]) -> tuple[str, float]:
    try:
        import fhirpathpy  # type: ignore[import-not-found,import-untyped,unused-ignore]
        from fhirpathpy.models import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
            models,
        )
    except ImportError:
        return "our closures (no fhirpathpy here)", _rate(
            _each(compiled.items, [resource] * 1000), 1000
        )
    theirs = fhirpathpy.compile(compiled.expression, models["r4"])
    return "fhirpathpy, compiled", _rate(_each(theirs, [resource] * 1000), 1000)


def _peak(folder: str, name: str) -> float:
    """The most memory that `taihe views run` holds, in MB, in a process of its own."""
    view = Path(folder) / "view.json"
    view.write_text(json.dumps(VIEW), encoding="utf-8")
    code = (
        "import re, sys; from taihe.cli.main import main; done = main(sys.argv[1:]); "
        "print(re.search(r'VmHWM:\\s*(\\d+)', open('/proc/self/status').read())[1]); sys.exit(done)"
    )
    command = ["views", "run", str(view), "--from", str(Path(folder) / name)]
    said = subprocess.run(
        [sys.executable, "-c", code, *command, "--out", str(Path(folder) / "rows.parquet")],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return int(said.stdout.split()[-1]) / 1024


def _view(lines: list[bytes]) -> list[Row]:
    from taihe.lake.duck import connect
    from taihe.lake.resources import snapshot, write_resources
    from taihe.lake.views import lake_query, query

    chosen = [line.strip() for line in lines if b'"resourceType":"Observation"' in line[:200]]
    copies = max(1, 200_000 // max(1, len(chosen)))
    with tempfile.TemporaryDirectory(prefix="taihe-bench-") as folder:
        file = Path(folder) / "Observation.ndjson"
        with file.open("wb") as out:
            for _ in range(copies):
                out.write(b"\n".join(chosen) + b"\n")
        count = copies * len(chosen)

        def rate(sql: str) -> float:
            best = 0.0
            for _ in range(3):
                started = time.perf_counter()
                connect().execute(f"CREATE TABLE t AS {sql}")
                best = max(best, count / (time.perf_counter() - started))
            return best

        lake, view = Path(folder), read_view(VIEW)
        started = time.perf_counter()
        write_resources([file], "Observation", lake)
        written = count / (time.perf_counter() - started)
        peak = _peak(folder, "Observation.ndjson"), _peak(folder, "")
        from_ndjson = rate(query(view, [file]))
        from_lake = rate(lake_query(view, lake, connect()))
        by_hand = rate(BY_HAND + NDJSON.format(file=file))
        parquet = f"read_parquet('{snapshot(lake, 'Observation').paths[0]}')"
        by_hand_lake = rate(BY_HAND + parquet)
    name = "DuckDB SQL by hand"
    bound = f"bound for 10 000 000, here {count} resources"
    return [
        _row("peak memory of the view, NDJSON", peak[0], "MB", bound, 2000),
        _row("peak memory of the view, lake", peak[1], "MB", bound, 2000),
        _row("view over Observations, NDJSON", from_ndjson, "resources/s", name, by_hand),
        _row("view over Observations, lake", from_lake, "resources/s", name, by_hand_lake),
        _row(
            "Observations written to the lake", written, "resources/s", "the view by hand", by_hand
        ),
    ]
