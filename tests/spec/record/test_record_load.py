"""Loading files: counts, problems with file and line, and what stays after trouble."""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from taihe.kernel.errors import Busy, Incorrect, Problem
from taihe.record import files, load
from tests.record_kit import Kit, observation, patient


def line(resource: Any) -> bytes:
    return json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def write(path: Path, *resources: Any) -> Path:
    content = b"".join(r if isinstance(r, bytes) else line(r) for r in resources)
    path.write_bytes(gzip.compress(content) if path.name.endswith(".gz") else content)
    return path


def test_loading_twice_changes_nothing(kit: Kit) -> None:
    folder = kit.folder / "in"
    folder.mkdir()
    write(folder / "Observation.ndjson.gz", *(observation(f"o{n}") for n in range(2500)))
    write(folder / "Patient.ndjson", patient(), b"\n", patient("p2"))
    (folder / "notes.txt").write_text("x")
    (folder / "deeper").mkdir()
    write(folder / "deeper" / "Patient.ndjson", patient("p3"))
    first = kit.load(folder).as_json()
    assert {k: first[k] for k in ("read", "stored", "new", "unchanged", "rejected", "lost")} == {
        "read": 2502,
        "stored": 2502,
        "new": 2502,
        "unchanged": 0,
        "rejected": 0,
        "lost": 0,
    }
    assert first["types"] == {"Observation": 2500, "Patient": 2}
    assert [file["file"] for file in first["files"]] == ["Patient.ndjson", "Observation.ndjson.gz"]
    assert [Path(name).name for name in first["ignored"]] == ["notes.txt"]
    again = kit.load(folder).as_json()
    assert (again["new"], again["updated"], again["unchanged"]) == (0, 0, 2502)
    assert kit.rows("SELECT count(*) FROM record_version") == [(2502,)]
    assert kit.load(folder, recursive=True).as_json()["new"] == 1


def test_bad_lines_are_named_and_the_rest_is_stored(kit: Kit) -> None:
    gbk = line(patient("p9")).decode().encode("gb18030")
    path = write(
        kit.folder / "Patient.ndjson",
        b"\xef\xbb\xbf",
        patient("p1"),
        b'{"resourceType":"Patient"\n',
        patient("p2", nonsense=1),
        gbk,
        patient("p3", birthDate="2031-01-01"),
        {"resourceType": "Patient"},
        {"resourceType": "Martian", "id": "m"},
        b'"text"\n',
        b'{"resourceType":"Patient","id":"p4","id":"p5"}\n',
        patient("p6"),
    )
    result = kit.load(path)
    totals = result.as_json()
    assert (totals["read"], totals["new"], totals["rejected"], totals["lost"]) == (10, 2, 8, 0)
    said = {problem.line: problem.problem for problem in result.problems}
    assert list(said) == [2, 3, 4, 5, 6, 7, 8, 9]
    assert "not valid JSON" in said[2]
    assert "nonsense" in said[3]
    assert "UTF-8" in said[4]
    assert "future" in said[5]
    assert "id" in said[6]
    assert "resourceType" in said[7]
    assert "object" in said[8]
    assert "twice" in said[9]
    assert not result.is_complete
    assert all(problem.do for problem in result.problems)


@pytest.mark.parametrize("where", ["cut", "damaged"])
def test_a_damaged_gz_gives_what_comes_before(kit: Kit, where: str) -> None:
    import random

    noise = random.Random(4)
    resources = [
        observation(f"o{n}", note=[{"text": noise.randbytes(40).hex()}]) for n in range(3000)
    ]
    path = write(kit.folder / "Observation.ndjson.gz", *resources)
    raw = path.read_bytes()
    half = len(raw) // 2
    path.write_bytes(raw[:half] if where == "cut" else raw[:half] + b"\xff" * 64 + raw[half + 64 :])
    result = kit.load(path)
    totals = result.as_json()
    assert totals["rejected"] >= 1
    assert 1000 < totals["new"] < 2999
    assert totals["lost"] == 0
    assert any("cut short" in problem.problem for problem in result.problems)
    assert kit.rows("SELECT count(*) FROM record_resource") == [(totals["new"],)]


def test_an_empty_file_and_several_gz_members(kit: Kit) -> None:
    empty = write(kit.folder / "Patient.ndjson")
    assert kit.load(empty).as_json()["read"] == 0
    (kit.folder / "Observation.ndjson.gz").write_bytes(b"")
    joined = kit.folder / "Condition.ndjson.gz"
    condition = {
        "resourceType": "Condition",
        "subject": {"reference": "Patient/p1"},
        "clinicalStatus": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/condition-clinical",
                    "code": "active",
                }
            ]
        },
    }
    joined.write_bytes(
        gzip.compress(line({**condition, "id": "c1"}))
        + gzip.compress(line({**condition, "id": "c2"}))
    )
    assert kit.load(joined).as_json()["new"] == 2


def test_a_line_that_is_too_long_is_skipped_in_bounded_memory(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LONGEST_LINE_BYTES", 1 << 16)
    path = write(
        kit.folder / "Patient.ndjson",
        patient("p1"),
        b'{"resourceType":"Patient","id":"long","x":"' + b"a" * (3 << 20) + b'"}\n',
        patient("p2"),
    )
    result = kit.load(path)
    assert (result.total("new"), result.total("rejected")) == (2, 1)
    assert result.problems[0].line == 2
    assert "longer than" in result.problems[0].problem


def test_paths_that_are_not_there(kit: Kit) -> None:
    with pytest.raises(Incorrect, match="not there"):
        kit.load(kit.folder / "nothing")


def test_a_full_disk_keeps_what_was_committed_and_says_so(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(kit.folder / "Observation.ndjson", *(observation(f"o{n}") for n in range(3000)))
    original = kit.store.apply_within
    calls = 0

    def apply_within(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 9:
            raise sqlite3.OperationalError("database or disk is full")
        return original(*arguments, **options)

    monkeypatch.setattr(kit.store, "apply_within", apply_within)
    result = kit.load(path)
    totals = result.as_json()
    assert "disk is full" in totals["stopped"]
    assert totals["new"] == 2000
    assert totals["lost"] > 0
    assert not result.is_complete
    monkeypatch.undo()
    again = kit.load(path).as_json()
    assert (again["new"], again["unchanged"], again["lost"]) == (1000, 2000, 0)


def test_a_really_full_store_is_busy(kit: Kit) -> None:
    pages = kit.rows("PRAGMA page_count")[0][0]
    with kit.store.database.writing() as connection:
        pass
    connection.execute(f"PRAGMA max_page_count={pages + 40}")
    path = write(kit.folder / "Observation.ndjson", *(observation(f"o{n}") for n in range(2000)))
    result = kit.load(path)
    assert "disk is full" in result.stopped
    assert kit.rows("SELECT count(*) FROM record_resource") == [(result.total("new"),)]


def test_a_read_only_store_says_so(kit: Kit) -> None:
    connection = kit.store.database._writer()
    connection.execute("PRAGMA query_only=ON")
    with pytest.raises(Busy, match="cannot be written"), kit.store.database.writing() as writer:
        writer.execute("DELETE FROM record_person")


# --- Bundles -------------------------------------------------------------------------------


def bundle(kind: str, *resources: dict[str, Any], method: str = "POST") -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "type": kind,
        "entry": [
            {
                "fullUrl": f"urn:uuid:00000000-0000-4000-8000-{n:012d}",
                "resource": resource,
                "request": {"method": method, "url": resource["resourceType"]},
            }
            for n, resource in enumerate(resources)
        ],
    }


def test_a_transaction_file_is_loaded_once(kit: Kit) -> None:
    inside = bundle(
        "transaction",
        patient(),
        observation("x", "")
        | {"subject": {"reference": "urn:uuid:00000000-0000-4000-8000-000000000000"}},
    )
    path = write(kit.folder / "one.json", inside)
    assert kit.load(path).as_json()["new"] == 2
    again = kit.load(path).as_json()
    assert (again["new"], again["unchanged"]) == (0, 2)
    assert kit("GET", "/fhir/Observation?patient=00000000-0000-4000-8000-000000000000").json[
        "entry"
    ]


def test_a_bad_entry_stops_its_transaction_and_nothing_else(kit: Kit) -> None:
    bad = write(kit.folder / "bad.json", bundle("transaction", patient(), patient(nonsense=1)))
    good = write(kit.folder / "good.json", bundle("transaction", patient()))
    result = kit.load(bad, good)
    totals = result.as_json()
    assert (totals["read"], totals["new"], totals["rejected"]) == (3, 1, 2)
    assert "Bundle.entry[1]" in str(result.problems[0])
    batch = write(kit.folder / "batch.json", bundle("batch", patient(), patient(nonsense=1)))
    assert kit.load(batch).as_json()["rejected"] == 1


def test_other_json(kit: Kit) -> None:
    single = write(kit.folder / "a.json", json.dumps(patient("solo"), indent=2).encode())
    collection = write(kit.folder / "b.json.gz", bundle("collection", patient("c1"), patient("c2")))
    array = write(kit.folder / "c.json", b"[1, 2]")
    empty = write(kit.folder / "d.json", b"")
    result = kit.load(single, collection, array, empty)
    assert {file.file: (file.new, file.rejected) for file in result.files} == {
        "a.json": (1, 0),
        "b.json.gz": (2, 0),
        "c.json": (0, 1),
        "d.json": (0, 1),
    }


# --- exchange tables -----------------------------------------------------------------------


@contextmanager
def handlers(**found: Any) -> Iterator[None]:
    before = dict(load._handlers)
    load._handlers.clear()
    for name, handler in found.items():
        load.register_table_handler(name, handler)
    try:
        yield
    finally:
        load._handlers.clear()
        load._handlers.update(before)


def test_tables_go_to_their_handlers_in_their_order(kit: Kit) -> None:
    seen: list[str] = []

    class Done:
        read, new, updated, unchanged, rejected = 3, 2, 0, 0, 1
        problems = (Problem("fee.csv", 2, "cnt", "value", "cnt is not a number.", "Correct it."),)

    def handler(path: Path) -> Done:
        seen.append(path.name)
        return Done()

    folder = kit.folder / "exchange"
    folder.mkdir()
    for name in ("fee.csv", "person.csv.gz", "other.csv"):
        (folder / name).write_bytes(b"a,b\n")
    with handlers(person=handler, fee=handler):
        result = kit.load(folder)
    assert seen == ["person.csv.gz", "fee.csv"]
    totals = result.as_json()
    assert (totals["read"], totals["new"], totals["rejected"]) == (6, 4, 2)
    assert [Path(name).name for name in totals["ignored"]] == ["other.csv"]
    assert totals["problems"][0]["column"] == "cnt"


@pytest.mark.shared
@pytest.mark.slow
def test_synthea_is_stored_whole_and_again_changes_nothing(kit: Kit, shared: Path) -> None:
    first = kit.load(shared / "data/synthea-100").as_json()
    assert (first["stored"], first["new"], first["rejected"]) == (30937, 30937, 0)
    again = kit.load(shared / "data/synthea-100").as_json()
    assert (again["new"], again["updated"], again["unchanged"]) == (0, 0, 30937)
    body = kit.rows("SELECT sum(length(body)) FROM record_version")[0][0]
    with kit.store.database.writing():
        pass
    size = sum(f.stat().st_size for f in kit.folder.glob("record.sqlite3"))
    assert (size - body) / 30937 <= 1500
