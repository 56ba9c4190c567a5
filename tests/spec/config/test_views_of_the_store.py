"""`views run --from store`: the rows of the files, through the gate, named in the access log."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.record_kit import observation, patient

VIEW = {
    "resource": "Observation",
    "name": "pressures",
    "select": [
        {
            "column": [
                {"name": "id", "path": "getResourceKey()"},
                {"name": "patient", "path": "subject.getReferenceKey(Patient)"},
                {"name": "value", "path": "value.ofType(Quantity).value"},
            ]
        }
    ],
}


def taihe(*words: object) -> subprocess.CompletedProcess[str]:
    fresh = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TAIHE_", "DJANGO_"))
    }
    return subprocess.run(
        [sys.executable, "-m", "taihe.cli.main", *map(str, words)],
        capture_output=True,
        text=True,
        env=fresh,
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation in `data`, made of the NDJSON in `in`, and views."""
    folder = tmp_path_factory.mktemp("store")
    (folder / "in").mkdir()
    for name, made in (
        ("Patient", [patient(f"p{n}") for n in range(5)]),
        ("Observation", [observation(f"o{n}", f"p{n % 5}") for n in range(12)]),
    ):
        lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in made)
        (folder / f"in/{name}.ndjson").write_text(lines, "utf-8")
    (folder / "view.json").write_text(json.dumps(VIEW))
    done = taihe("load", folder / "in", "--data", folder / "data", "--json")
    assert json.loads(done.stdout)["stored"] == 17, done.stderr
    return folder


def accesses(place: Path) -> list[tuple[str, ...]]:
    path = place / "data/health/access.sqlite3"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        return database.execute(
            "SELECT purpose, action, route, persons, outcome FROM base_access ORDER BY id"
        ).fetchall()


@pytest.mark.parametrize("engine", ["auto", "memory"])
def test_the_store_gives_the_rows_that_its_files_give(place: Path, engine: str) -> None:
    before = len(accesses(place))
    store = ("--from", "store", "--data", place / "data", "--engine", engine)
    done = taihe("views", "run", place / "view.json", *store, "--out", place / "store.csv")
    assert done.returncode == 0, done.stderr
    files = ("--from", place / "in", "--out", place / "files.csv")
    assert taihe("views", "run", place / "view.json", *files).returncode == 0
    rows = sorted((place / "store.csv").read_text().splitlines())
    assert rows == sorted((place / "files.csv").read_text().splitlines())
    assert len(rows) == 13
    (entry,) = accesses(place)[before:]
    assert entry == ("PUBHLTH", "view", "views", "1,2,3,4,5", "ok")


def test_a_purpose_that_systems_do_not_have_reads_nobody(place: Path) -> None:
    before = accesses(place)
    store = ("--from", "store", "--data", place / "data", "--purpose", "PATRQT")
    done = taihe("views", "run", place / "view.json", *store, "--out", place / "none.csv")
    assert done.returncode == 1
    assert "PATRQT" in done.stderr
    assert not (place / "none.csv").exists()
    assert accesses(place) == before
