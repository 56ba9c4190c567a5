"""
A view over Observations on DuckDB, beside DuckDB SQL written by hand for the same columns.

Rates are resources per second of the clock, the best of a few runs; ratios compare processor
time, which other work on the machine disturbs less. The Synthea sample is used where it lies
beside the checkout; without it Observations are made up.
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

from taihe.fhir.views import read_view
from taihe.lake.duck import connect
from taihe.lake.resources import snapshot, write_resources
from taihe.lake.views import answered, lake_query, query, write_view

SHARED = Path(__file__).parents[2] / "shared/data/synthea-100"
LEAST = 200_000
RUNS = 4
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
BY_FUNCTION = {
    "resource": "Observation",
    "select": [{"column": [{"name": "id", "path": "id"},
                           {"name": "parts", "path": "descendants().count()"}]}],
}  # fmt: skip
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
    observations = [
        {"resourceType": "Observation", "id": f"o{n}", "status": "final",
         "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
         "subject": {"reference": f"Patient/p{n % 200}"},
         "effectiveDateTime": "2024-01-01T00:00:00Z",
         "valueQuantity": {"value": 100 + n % 60 + 0.5, "unit": "mmHg",
                           "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}}
        for n in range(10_000)
    ]  # fmt: skip
    return [orjson.dumps(one) for one in observations]


def _lines() -> tuple[list[bytes], list[bytes]]:
    """Observations, and resources of other types beside them."""
    if not SHARED.exists():
        made = _made_up()
        return made, [line.replace(b'"Observation"', b'"Condition"') for line in made]
    own, other = [], []
    for file in sorted(SHARED.glob("*.ndjson.gz")):
        with gzip.open(file) as lines:
            (own if file.name.startswith("Observation") else other).extend(
                line.strip() for line in lines
            )
    return own, other


def _measured(work: Callable[[], object], count: int) -> tuple[float, float]:
    """The best rate by the clock, and the least processor seconds."""
    rate, least = 0.0, float("inf")
    for _ in range(RUNS):
        clock, processor = time.perf_counter(), time.process_time()
        work()
        rate = max(rate, count / (time.perf_counter() - clock))
        least = min(least, time.process_time() - processor)
    return rate, least


def _peak(folder: Path, name: str) -> float:
    """The most memory that `taihe views run` holds, in MB, in a process of its own."""
    view = folder / "view.json"
    view.write_text(json.dumps(VIEW), encoding="utf-8")
    code = (
        "import re, sys; from taihe.cli.main import main; done = main(sys.argv[1:]); "
        "print(re.search(r'VmHWM:\\s*(\\d+)', open('/proc/self/status').read())[1]); sys.exit(done)"
    )
    command = ["views", "run", str(view), "--from", str(folder / name)]
    said = subprocess.run(
        [sys.executable, "-c", code, *command, "--out", str(folder / "rows.csv")],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return int(said.stdout.split()[-1]) / 1024


def _table(sql: str) -> Callable[[], None]:
    def work() -> None:
        connection = connect()
        connection.execute(f"CREATE TABLE t AS {sql}")
        connection.close()

    return work


def run() -> list[Row]:
    """The view from NDJSON and from the lake, numbers as written and as doubles."""
    own, other = _lines()
    copies = max(1, LEAST // max(1, len(own)))
    with tempfile.TemporaryDirectory(prefix="taihe-bench-") as name:
        folder = Path(name)
        file, mixed = folder / "Observation.ndjson", folder / "mixed" / "all.ndjson"
        mixed.parent.mkdir()
        with file.open("wb") as out, mixed.open("wb") as both:
            for _ in range(copies):
                out.write(b"\n".join(own) + b"\n")
                both.write(b"\n".join(own + other) + b"\n")
        return _figures(folder, file, mixed, copies * len(own))


def _figures(folder: Path, file: Path, mixed: Path, count: int) -> list[Row]:
    lake, view = folder / "lake", read_view(VIEW)
    write = _measured_once(lambda: write_resources([file], "Observation", lake), count)
    hand = _measured(_table(BY_HAND + NDJSON.format(file=file)), count)
    parquet = ", ".join(f"'{path}'" for path in snapshot(lake, "Observation").paths)
    hand_lake = _measured(_table(f"{BY_HAND}read_parquet([{parquet}])"), count)
    beside = "DuckDB SQL by hand"
    rows = []
    for title, sql, base in (
        ("NDJSON, doubles", query(view, [file], digits=False), hand),
        ("NDJSON, digits kept", query(view, [file]), hand),
        ("mixed NDJSON, doubles", query(view, [mixed], digits=False), hand),
        ("lake, doubles", lake_query(view, lake, connect(), digits=False), hand_lake),
        ("lake, digits kept", lake_query(view, lake, connect()), hand_lake),
    ):
        found = _measured(_table(sql), count)
        rows.append(_row(f"view over Observations, {title}", found, beside, base))
    for form in ("csv", "ndjson", "parquet"):
        out = folder / f"rows.{form}"
        found = _measured(lambda out=out: write_view(view, [file], out), count)  # type: ignore[misc]
        rows.append(_row(f"the view from NDJSON to {form}", found, beside, hand))
    by_function = _measured_once(lambda: answered(read_view(BY_FUNCTION), [file], _consume), count)
    rows.append(_row("a view by function, NDJSON", by_function, beside, hand))
    rows.append(_row("Observations written to the lake", write, "the view by hand", hand))
    bound = f"bound for 10 000 000, here {count} resources"
    for title, source in (("NDJSON", file.name), ("lake", "lake")):
        peak = _peak(folder, source)
        rows.append({"figure": f"peak memory of the view, {title}", "value": peak, "unit": "MB",
                     "baseline": bound, "baseline_value": 2000, "ratio": peak / 2000})  # fmt: skip
    return rows


def _consume(connection: Any, query: Any) -> int:
    done = connection.execute(f"SELECT count(*), max(parts) FROM ({query.sql})").fetchone()
    return int(done[0])


def _measured_once(work: Callable[[], object], count: int) -> tuple[float, float]:
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return count / (time.perf_counter() - clock), time.process_time() - processor


def _row(
    figure: str, found: tuple[float, float], baseline: str, beside: tuple[float, float]
) -> Row:
    return {"figure": figure, "value": found[0], "unit": "resources/s", "baseline": baseline,
            "baseline_value": beside[0], "ratio": beside[1] / found[1]}  # fmt: skip
