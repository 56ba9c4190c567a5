"""
Kills writers of one installation at random moments and checks what is left.

Run as a program: `python kill_driver.py TURNS SEED`. One warm process forks a writer per turn
and kills it; another fork looks at the store. Prints one JSON object.
"""

from __future__ import annotations

import io
import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402

from taihe.base import verifying  # noqa: E402
from taihe.base.sealing import Sealer, seal_once  # noqa: E402
from taihe.record import load, persons, prepare, public, tokens, types  # noqa: E402
from taihe.record.http import Application  # noqa: E402
from taihe.record.keys import Keys  # noqa: E402
from taihe.record.site import the_store  # noqa: E402

LOADED = 1500
PARTY = 7
KEYS = Keys.read(settings.TAIHE_KEYS)


def observation(id: str, value: int, person: int) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": f"{value % 7}-1"}]},
        "subject": {"reference": f"Patient/p{person}"},
        "effectiveDateTime": "2026-05-04T08:00:00+08:00",
        "valueQuantity": {"value": value, "unit": "1"},
    }


def say(pipe: int, *words: object) -> None:
    os.write(pipe, (" ".join(map(str, words)) + "\n").encode())


def loader(pipe: int, turn: int) -> None:
    """Load the same resources with another value, saying what was committed."""
    source = Path(settings.TAIHE_FOLDER).parent.parent / "Observation.ndjson"
    lines = [json.dumps(observation(f"l{n}", turn, n % 40)) for n in range(LOADED)]
    source.write_text("\n".join(lines), "utf-8")
    load.PER_COMMIT = 200
    store = the_store()
    original = store.apply

    def apply(*arguments: Any, **options: Any) -> Any:
        stored = original(*arguments, **options)
        for one in stored:
            say(pipe, one.id, one.version)
        return stored

    store.apply = apply  # type: ignore[method-assign]
    Sealer(every_seconds=0.02).start()
    while True:
        public.load_paths([source], by=PARTY)
        turn += 1000
        lines = [json.dumps(observation(f"l{n}", turn, n % 40)) for n in range(LOADED)]
        source.write_text("\n".join(lines), "utf-8")


def clients(pipe: int, turn: int) -> None:
    """Four clients that create, update, delete and send transactions."""
    application = Application(the_store)
    token = tokens.issue(the_store(), "system/*.cruds", minutes=60, party=PARTY)
    Sealer(every_seconds=0.02).start()

    def request(method: str, path: str, body: Any = None) -> tuple[int, dict[str, str], bytes]:
        raw = b"" if body is None else json.dumps(body).encode()
        heard: list[Any] = []
        answer = application(
            {
                "REQUEST_METHOD": method,
                "PATH_INFO": path,
                "QUERY_STRING": "",
                "HTTP_HOST": "test",
                "wsgi.url_scheme": "http",
                "wsgi.input": io.BytesIO(raw),
                "CONTENT_LENGTH": str(len(raw)),
                "CONTENT_TYPE": "application/fhir+json" if raw else "",
                "HTTP_AUTHORIZATION": f"Bearer {token}",
            },
            lambda status, headers: heard.append((int(status[:3]), dict(headers))),
        )
        return (*heard[0], b"".join(answer))

    def client(which: int) -> None:
        step = 0
        while True:
            step += 1
            mine = f"t{turn}c{which}s{step // 4}"
            kind = step % 4
            if kind == 0:
                status, headers, body = request(
                    "POST", "/fhir/Observation", observation("x", step, which)
                )
                assert status == 201
                say(pipe, json.loads(body)["id"], 1)
            elif kind == 3 and step % 3:
                status, headers, _ = request("DELETE", f"/fhir/Observation/{mine}")
                assert status == 204
                say(pipe, mine, headers["ETag"][3:-1])
            elif kind == 2:
                entries = [
                    {
                        "request": {"method": "PUT", "url": f"Observation/{mine}b{n}"},
                        "resource": observation(f"{mine}b{n}", step, which),
                    }
                    for n in range(5)
                ]
                status, _, body = request(
                    "POST",
                    "/fhir",
                    {"resourceType": "Bundle", "type": "transaction", "entry": entries},
                )
                assert status == 200, body
                for n in range(5):
                    say(pipe, f"{mine}b{n}", 1)
            else:
                status, headers, _ = request(
                    "PUT", f"/fhir/Observation/{mine}", observation(mine, step, which)
                )
                assert status in (200, 201)
                say(pipe, mine, headers["ETag"][3:-1])

    for which in range(3):
        threading.Thread(target=client, args=(which,), daemon=True).start()
    client(3)


def check(acknowledged: list[tuple[str, int]], *, whole: bool) -> list[str]:
    """What is wrong with the store after a kill; `whole` extracts every index row again."""
    wrong: list[str] = []
    store = the_store()
    reader = store.database.reader()
    rows = {
        (id, version)
        for id, version in reader.execute(
            "SELECT r.id, v.version FROM record_version v JOIN record_resource r ON r.rid = v.rid"
        )
    }
    wrong += [f"lost {one}" for one in acknowledged if one not in rows]
    for sql in (
        "SELECT r.id FROM record_resource r LEFT JOIN record_version v ON v.feed = r.feed"
        " WHERE v.rid IS NULL OR v.rid <> r.rid OR v.version <> r.version",
        "SELECT r.id FROM record_resource r JOIN record_version v ON v.rid = r.rid"
        " GROUP BY r.rid HAVING count(*) <> max(r.version) OR max(v.feed) <> max(r.feed)",
        "SELECT v.feed FROM record_version v LEFT JOIN record_resource r ON r.rid = v.rid"
        " WHERE r.rid IS NULL",
        "SELECT a.feed FROM record_version a JOIN record_version b ON b.feed ="
        " (SELECT min(feed) FROM record_version WHERE feed > a.feed) WHERE b.at < a.at",
    ):
        wrong += [f"{sql[:40]}: {row}" for row in reader.execute(sql).fetchmany(3)]
    if whole:
        wrong += check_index()
        wrong += [row[0] for row in reader.execute("PRAGMA integrity_check") if row[0] != "ok"]
    seal_once()
    wrong += [str(finding) for finding in verifying.verify(integrity=False).findings]
    return wrong


def check_index() -> list[str]:
    """Resources whose index rows are not those of their current body."""
    wrong: list[str] = []
    store = the_store()
    reader = store.database.reader()
    preparer = prepare.Preparer(KEYS, today=time_today())
    indexed: dict[int, set[tuple[Any, ...]]] = {}
    for table, columns in (
        ("record_idx_token", "param, hash"),
        ("record_idx_text", "param, value"),
        ("record_idx_span", "param, low, high, unit"),
    ):
        for rid, *row in reader.execute(f"SELECT rid, {columns} FROM {table}"):
            indexed.setdefault(rid, set()).add((table, *row))
    for rid, kind, sealing, version, body in reader.execute(
        "SELECT r.rid, r.type, v.sealed, v.version, v.body FROM record_resource r"
        " JOIN record_version v ON v.feed = r.feed"
    ):
        expected: set[tuple[Any, ...]] = set()
        if body is not None:
            plain = store.unseal(sealing, body, rid, version)
            made = preparer.from_bytes(plain)
            assert made.type == types.NAME[kind]
            expected |= {("record_idx_token", *row) for row in made.tokens}
            expected |= {("record_idx_text", *row) for row in made.texts}
            expected |= {("record_idx_span", *row) for row in made.spans}
        if indexed.pop(rid, set()) != expected:
            wrong.append(f"index rows of {rid}")
    return wrong + [f"index rows of nothing: {rid}" for rid in list(indexed)[:3]]


def time_today() -> Any:
    from datetime import UTC, datetime

    return datetime.now(UTC).date()


def forked(work: Callable[[], Any]) -> Any:
    """The result of some work in a process of its own."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.write(write, json.dumps(work()).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        raw = pipe.read()
    os.waitpid(pid, 0)
    return json.loads(raw)


def turn(number: int, chance: random.Random, *, whole: bool) -> dict[str, Any]:
    """Fork a writer, kill it, and say what was acknowledged and what is wrong."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            (loader if number % 2 else clients)(write, number)
        finally:
            os._exit(1)
    os.close(write)
    said = bytearray()
    end = time.monotonic() + 0.15 + chance.random() * 0.7

    def drain() -> None:
        while piece := os.read(read, 65536):
            said.extend(piece)

    reader = threading.Thread(target=drain)
    reader.start()
    time.sleep(max(0.0, end - time.monotonic()))
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    reader.join()
    os.close(read)
    lines = said.decode().rpartition("\n")[0].splitlines()
    acknowledged = [(id, int(version)) for id, version in (line.split() for line in lines)]
    killed = os.WIFSIGNALED(status)
    return {
        "acknowledged": len(acknowledged),
        "wrong": forked(lambda: check(acknowledged, whole=whole))
        + ([] if killed else ["ended by itself"]),
    }


def prepare_installation() -> int:
    def work() -> int:
        from datetime import UTC, datetime

        from taihe.base.models import Party

        party = Party.objects.create(pk=PARTY, kind="system", label="kill test")
        public.relate(0, party.pk, "platform", start=datetime(2020, 1, 1, tzinfo=UTC), source="t")
        assert persons.NOBODY == 0
        return 1

    return int(forked(work))


if __name__ == "__main__":
    prepare_installation()
    chance = random.Random(int(sys.argv[2]))
    count = int(sys.argv[1])
    turns = [
        turn(number, chance, whole=number % 10 == 9 or number == count - 1)
        for number in range(count)
    ]
    print(json.dumps({"turns": turns}))
