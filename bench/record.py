"""
Loading and reading of the record, beside parsing alone, SQLite alone, and a lean handler.

Loads NDJSON as `taihe load` does (checked, indexed, sealed, committed), then reads by id and
searches with token, filter and trail on: in the process, and over granian with wrk where it
is installed. The Synthea sample is used where it lies beside the checkout, else resources are
made up. Everything runs in a process of its own with an installation of its own.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SHARED = Path(__file__).parents[2] / "shared/data/synthea-100"
SECONDS = float(os.environ.get("TAIHE_BENCH_SECONDS", "5"))
MADE_UP = 20_000
Row = dict[str, Any]


def run() -> list[Row]:
    """Load resources/s, reads and searches in requests/s."""
    with tempfile.TemporaryDirectory(prefix="taihe-bench-") as name:
        data = Path(name)
        environment = _environment(data)
        for step in (["-m", "taihe.config.install", "health", str(data)], [__file__, str(data)]):
            ended = subprocess.run(
                [sys.executable, *step],
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
        rows: list[Row] = json.loads(ended.stdout)
        if shutil.which("wrk"):
            rows += over_http(data, environment)
        return rows


def _environment(data: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key != "TAIHE_CONFIGURED"}
    return {
        **kept,
        "TAIHE_DATA": str(data),
        "TAIHE_SITE": "health",
        "DJANGO_SETTINGS_MODULE": "taihe.config.health",
    }


def _row(figure: str, value: float, unit: str, baseline: str, baseline_value: float) -> Row:
    return {
        "figure": figure,
        "value": value,
        "unit": unit,
        "baseline": baseline,
        "baseline_value": baseline_value,
        "ratio": value / baseline_value,
    }


# --- inside the installation ---------------------------------------------------------------


def measure(data: Path) -> list[Row]:
    """Load, then read in this process."""
    import django

    django.setup()
    import orjson

    from taihe.record.commands import system_party
    from taihe.record.public import load_paths

    folder = sample(data)
    lines: list[bytes] = []
    for path in sorted(folder.glob("*.ndjson.gz")):
        with gzip.open(path) as file:
            lines += file.readlines()
    began = time.perf_counter()
    for line in lines:
        orjson.loads(line)
    parsing = len(lines) / (time.perf_counter() - began)
    inserting = insert_alone(data, lines)
    began = time.perf_counter()
    result = load_paths([folder], by=system_party("bench"))
    loading = len(lines) / (time.perf_counter() - began)
    assert result.total("new") == len(lines), result.as_json()
    database = sqlite3.connect(data / "health/record.sqlite3")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    body = database.execute("SELECT sum(length(body)) FROM record_version").fetchone()[0]
    size = (data / "health/record.sqlite3").stat().st_size
    over = (size - body) / len(lines)
    what = f"load, {len(lines):,} resources, fully validated"
    return [
        _row(what, loading, "resources/s", "orjson parse alone, 1 process", parsing),
        _row(what, loading, "resources/s", "SQLite insert alone, 1 process", inserting),
        _row("disk over the body", over, "B/resource", "goal", 1500.0),
        *in_process(),
    ]


def sample(data: Path) -> Path:
    """NDJSON to load: the Synthea sample, or made-up vital signs."""
    if SHARED.exists():
        return SHARED
    folder = data / "sample"
    folder.mkdir()
    chance = random.Random(1)
    with gzip.open(folder / "Patient.ndjson.gz", "wt", encoding="utf-8") as file:
        for n in range(100):
            file.write(
                json.dumps({"resourceType": "Patient", "id": f"p{n}", "gender": "male"}) + "\n"
            )
    with gzip.open(folder / "Observation.ndjson.gz", "wt", encoding="utf-8") as file:
        for n in range(MADE_UP):
            file.write(json.dumps(_observation(n, chance), separators=(",", ":")) + "\n")
    return folder


def _observation(n: int, chance: random.Random) -> dict[str, Any]:
    category = "http://terminology.hl7.org/CodeSystem/observation-category"
    return {
        "resourceType": "Observation",
        "id": f"{chance.getrandbits(128):032x}",
        "status": "final",
        "category": [{"coding": [{"system": category, "code": "vital-signs"}]}],
        "code": {
            "coding": [{"system": "http://loinc.org", "code": f"{n % 60}-{n % 9}"}],
            "text": "x",
        },
        "subject": {"reference": f"Patient/p{n % 100}"},
        "encounter": {"reference": f"Encounter/e{n // 7}"},
        "effectiveDateTime": f"20{n % 20 + 5:02d}-0{n % 9 + 1}-{n % 28 + 1:02d}T08:00:00+08:00",
        "valueQuantity": {
            "value": round(chance.uniform(40, 180), 1),
            "unit": "mmHg",
            "system": "http://unitsofmeasure.org",
            "code": "mm[Hg]",
        },
    }


def insert_alone(data: Path, lines: list[bytes]) -> float:
    """Bodies with 13 index rows each into clustered tables, nothing else."""
    chance = random.Random(2)
    connection = sqlite3.connect(data / "alone.sqlite3", isolation_level=None)
    connection.execute("PRAGMA page_size=8192")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("CREATE TABLE body (rid integer PRIMARY KEY, id text UNIQUE, body blob)")
    connection.execute(
        "CREATE TABLE token (param int, hash int, rid int, PRIMARY KEY (param, hash, rid)) WITHOUT ROWID"
    )
    batches = []
    for start in range(0, len(lines), 1000):
        bodies = [
            (start + i, f"{chance.getrandbits(128):032x}", line)
            for i, line in enumerate(lines[start : start + 1000])
        ]
        tokens = [(p, chance.getrandbits(12), rid) for rid, _, _ in bodies for p in range(13)]
        batches.append((bodies, tokens))
    began = time.perf_counter()
    for bodies, tokens in batches:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO body VALUES (?,?,?)", bodies)
        connection.executemany("INSERT INTO token VALUES (?,?,?)", tokens)
        connection.execute("COMMIT")
    return len(lines) / (time.perf_counter() - began)


def in_process() -> list[Row]:
    """Requests through the WSGI callable in one thread, beside a handler without trail."""
    from taihe.record.http import application
    from taihe.record.site import the_store

    header = f"Bearer {token()}"
    reader = the_store().database.reader()
    ids = observation_ids(reader)
    patients = [row[0] for row in reader.execute("SELECT id FROM record_patient LIMIT 500")]
    code = busiest_code(reader)

    def request(path: str, query: str = "") -> bytes:
        heard: list[str] = []
        (body,) = application(
            {
                "REQUEST_METHOD": "GET",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "HTTP_HOST": "127.0.0.1:8000",
                "wsgi.url_scheme": "http",
                "HTTP_AUTHORIZATION": header,
            },
            lambda status, _: heard.append(status),
        )
        assert heard[0].startswith("200"), body
        return body

    lean = per_second(lambda n: lean_read(reader, ids[n % len(ids)]))
    shapes: list[tuple[str, Callable[[int], Any]]] = [
        ("read by id, in process", lambda n: request(f"/fhir/Observation/{ids[n % len(ids)]}")),
        (
            "Observation?patient&code, in process",
            lambda n: request(
                "/fhir/Observation", f"patient={patients[n % len(patients)]}&code={code}"
            ),
        ),
        (
            "Patient?name, in process",
            lambda n: request("/fhir/Patient", f"name={'abcdefghijklmn'[n % 14]}a"),
        ),
    ]
    return [
        _row(
            figure, per_second(shape), "requests/s", "lean handler without token, gate, trail", lean
        )
        for figure, shape in shapes
    ]


def per_second(work: Callable[[int], Any]) -> float:
    """How often the work is done in a second."""
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        for _ in range(50):
            work(count)
            count += 1
    return count / (time.perf_counter() - began)


def lean_read(connection: sqlite3.Connection, id: str) -> bytes:
    """The least that a read by id can be."""
    row = connection.execute(
        "SELECT v.body FROM record_resource r CROSS JOIN record_version v ON v.feed = r.feed"
        " WHERE r.type = ? AND r.id = ?",
        (OBSERVATION, id),
    ).fetchone()
    return bytes(row[0])


def observation_ids(connection: sqlite3.Connection) -> list[str]:
    """Some ids of Observations, in no order of storage."""
    rows = connection.execute(
        "SELECT id FROM record_resource WHERE type = ? ORDER BY id LIMIT 3000", (OBSERVATION,)
    )
    return [row[0] for row in rows]


def busiest_code(connection: sqlite3.Connection) -> str:
    """A code that many Observations have."""
    seen: dict[str, int] = {}
    for (body,) in connection.execute(
        "SELECT v.body FROM record_resource r JOIN record_version v ON v.feed = r.feed"
        " WHERE r.type = ? AND v.sealed = 0 LIMIT 500",
        (OBSERVATION,),
    ):
        coding = json.loads(body)["code"]["coding"][0]
        key = f"{coding['system']}|{coding['code']}"
        seen[key] = seen.get(key, 0) + 1
    return max(seen, key=lambda key: seen[key])


def token() -> str:
    """A token of this installation."""
    from datetime import UTC, datetime

    from taihe.record import public
    from taihe.record.commands import system_party

    party = system_party("bench")
    if not public.relations_with(party, "platform"):
        public.relate(0, party, "platform", start=datetime(2020, 1, 1, tzinfo=UTC), source="bench")
    return public.issue_token("system/*.rs", 60, party, "bench")


# --- over HTTP -----------------------------------------------------------------------------

LEAN = """
import sqlite3, threading
local = threading.local()
def application(environ, start_response):
    if not hasattr(local, "c"):
        local.c = sqlite3.connect({path!r})
    kind, id = environ["PATH_INFO"].split("/")[2:4]
    row = local.c.execute("SELECT v.body FROM record_resource r CROSS JOIN record_version v"
        " ON v.feed = r.feed WHERE r.type = {type} AND r.id = ?", (id,)).fetchone()
    start_response("200 OK", [("Content-Type", "application/fhir+json")])
    return (row[0] if row else b"",)
"""
SCRIPT = """
local ids = {{ {ids} }}
local n = 0
request = function()
  n = n + 1
  return wrk.format("GET", "/fhir/Observation/" .. ids[n % #ids + 1])
end
"""


def over_http(data: Path, environment: dict[str, str]) -> list[Row]:
    """Reads by id over 8 connections, client on the same cores."""
    database = sqlite3.connect(data / "health/record.sqlite3")
    ids = observation_ids(database)
    script = data / "read.lua"
    script.write_text(SCRIPT.format(ids=",".join(f'"{id}"' for id in ids)))
    (data / "lean_bench.py").write_text(
        LEAN.format(path=str(data / "health/record.sqlite3"), type=OBSERVATION)
    )
    made = subprocess.run(
        [sys.executable, __file__, "--token"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    bearer = made.stdout.strip()
    lean_environment = {**environment, "PYTHONPATH": str(data)}
    with granian("lean_bench:application", lean_environment) as base:
        lean, _, lean_cpu = wrk(*base, script, bearer)
    with granian("taihe.config.wsgi:application", environment) as base:
        ours, p99, ours_cpu = wrk(*base, script, bearer)
    what = "read by id, granian, wrk with 8 connections"
    return [
        _row(
            "read by id, granian, per CPU second of the server",
            ours_cpu,
            "requests/s",
            "lean handler without token, gate, trail",
            lean_cpu,
        ),
        _row(what, ours, "requests/s", "lean handler without token, gate, trail", lean),
        _row(f"{what}, p99", p99, "ms", "goal", 10.0),
    ]


@contextmanager
def granian(target: str, environment: dict[str, str]) -> Iterator[tuple[str, int]]:
    """Serve an application as `taihe serve` does; gives its base address and process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"),
            *("--port", str(port), "--workers", "1", "--blocking-threads", "6", "--no-ws"),
            *("--log-level", "error", "--backpressure", "64", target),
        ],
        env=environment,
    )
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/fhir/Observation/x", timeout=2)
                break
            except urllib.error.HTTPError:
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", server.pid
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(10)


def wrk(base: str, server: int, script: Path, bearer: str) -> tuple[float, float, float]:
    """Requests per second, p99 in milliseconds, requests per CPU second of the server."""
    before = cpu_seconds(server)
    ended = subprocess.run(
        [
            *("wrk", "-t1", "-c8", f"-d{int(SECONDS)}s", "--latency", "-s", str(script)),
            *("-H", f"Authorization: Bearer {bearer}", base),
        ],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    spent = cpu_seconds(server) - before
    rate, p99, count = 0.0, 0.0, 0
    for line in ended.stdout.splitlines():
        words = line.split()
        if line.startswith("Requests/sec"):
            rate = float(words[1])
        elif words[1:3] == ["requests", "in"]:
            count = int(words[0])
        elif words[:1] == ["99%"]:
            number = words[1]
            scale = 0.001 if number.endswith("us") else 1.0 if number.endswith("ms") else 1000.0
            p99 = float(number.rstrip("mus")) * scale
    assert "Non-2xx" not in ended.stdout, ended.stdout
    return rate, p99, count / spent


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and its children so far."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if pid in (int(stat.parent.name), int(fields[1])):
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _number_of_observation() -> int:
    from taihe.record.types import NUMBER

    return NUMBER["Observation"]


OBSERVATION = _number_of_observation()

if __name__ == "__main__":
    if sys.argv[1] == "--token":
        import django

        django.setup()
        print(token())
    else:
        print(json.dumps(measure(Path(sys.argv[1]))))
