"""A process killed at any moment loses nothing that was acknowledged, and verifies clean."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

# One installation for all of them, in this order.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("base-kills")]

WRITER = """
import sys, threading
import django
django.setup()
from django.db import transaction
from taihe.base import access_log, tasks, trail
from taihe.base.access_log import Access
from taihe.base.sealing import Sealer

Sealer(every_seconds=0.02).start()
start = int(sys.argv[1])
say = threading.Lock()

def notes(which):
    n = start + which
    while True:
        access_log.note(Access(1, "TREAT", "read", "r", (n,)))
        with say:
            print("access", n, flush=True)
        n += 4

for which in range(4):
    threading.Thread(target=notes, args=(which,), daemon=True).start()
n = start
while True:
    with transaction.atomic():
        trail.record("x.done", f"x:{n}", by=1)
        tasks.enqueue("x", {"n": n})
    with say:
        print("trail", n, flush=True)
    n += 1
"""


@pytest.fixture(scope="module")
def installation(tmp_path_factory) -> Path:
    """A health site of its own."""
    data = tmp_path_factory.mktemp("installation")
    run("-m", "taihe.config.install", "health", str(data), data=data)
    return data


def environment(data: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key != "TAIHE_CONFIGURED"}
    return {
        **kept,
        "TAIHE_DATA": str(data),
        "TAIHE_SITE": "health",
        "DJANGO_SETTINGS_MODULE": "taihe.config.health",
    }


def run(*arguments: str, data: Path) -> str:
    ended = subprocess.run(
        [sys.executable, *arguments], env=environment(data), capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr + ended.stdout
    return ended.stdout


def test_kills_at_random_moments(installation):
    turns = 20 if os.environ.get("TAIHE_NIGHTLY") else 4
    chance = random.Random()
    said: set[tuple[str, int]] = set()
    for turn in range(turns):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(turn * 1_000_000)],
            env=environment(installation),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(chance.uniform(0.0, 0.5))
        writer.send_signal(signal.SIGKILL)
        for line in [first, *writer.communicate()[0].splitlines(keepends=True)]:
            if line.endswith("\n"):
                what, number = line.split()
                said.add((what, int(number)))
    import sqlite3

    folder = installation / "health"
    access = sqlite3.connect(folder / "access.sqlite3")
    stored = {("access", int(p)) for (p,) in access.execute("SELECT persons FROM base_access")}
    pairs = access.execute("SELECT count(*) FROM base_access_person").fetchone()[0]
    main = sqlite3.connect(folder / "record.sqlite3")
    changes = [s for (s,) in main.execute("SELECT subject FROM base_trail WHERE action='x.done'")]
    payloads = [json.loads(p)["n"] for (p,) in main.execute("SELECT payload FROM base_task")]
    access.close()
    main.close()
    assert said <= stored | {("trail", int(s[2:])) for s in changes}, "acknowledged and lost"
    assert len(changes) == len(set(changes)), "doubled"
    assert sorted(payloads) == sorted(int(s[2:]) for s in changes), "half a transaction"
    assert pairs == len(stored)
    assert len(said) > 50 * turns

    run(
        "-c",
        "import django; django.setup()\nfrom taihe.base import chain; chain.seal_once()",
        data=installation,
    )
    report = json.loads(
        run("-m", "taihe.cli.main", "verify", "--site", "health", "--json",
            "--data", str(installation), data=installation)
    )  # fmt: skip
    assert report["clean"]
    sealed = {chain["name"]: (chain["sealed"], chain["unsealed"]) for chain in report["chains"]}
    assert sealed["access"] == (len(stored), 0)
    assert sealed["trail"][1] == 0


def test_work_seals_and_ends_when_asked(installation):
    worker = subprocess.Popen(
        [sys.executable, "-m", "taihe.cli.main", "work", "--data", str(installation)],
        env=environment(installation),
    )
    try:
        run("-c", "import django; django.setup()\nfrom taihe.base import trail\n"
            "trail.record('a.b', 'c:1', by=None)", data=installation)  # fmt: skip
        deadline = time.monotonic() + 20
        while True:
            out = run("-m", "taihe.cli.main", "verify", "--site", "health", "--json",
                      "--data", str(installation), data=installation)  # fmt: skip
            chains = {chain["name"]: chain["unsealed"] for chain in json.loads(out)["chains"]}
            if chains["trail"] == 0:
                break
            assert time.monotonic() < deadline
    finally:
        worker.send_signal(signal.SIGTERM)
    assert worker.wait(15) == 0


def test_verify_names_what_was_changed_and_exits_1(installation):
    import sqlite3

    run("-c", "import django; django.setup()\nfrom taihe.base import chain, trail\n"
        "trail.record('a.b', 'c:1', by=None)\nchain.seal_once()", data=installation)  # fmt: skip
    path = installation / "health" / "record.sqlite3"
    connection = sqlite3.connect(path)
    row = connection.execute("SELECT min(id) FROM base_trail").fetchone()[0]
    with connection:
        connection.execute("UPDATE base_trail SET subject = 'c:2' WHERE id = ?", (row,))
    connection.close()
    ended = subprocess.run(
        [sys.executable, "-m", "taihe.cli.main", "verify", "--data", str(installation)],
        env=environment(installation),
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1
    assert f"trail {row}: this row was changed after it was sealed" in ended.stdout


def test_verify_without_an_installation_says_so(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-m", "taihe.cli.main", "verify", "--data", str(tmp_path)],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1
    assert "There is no installation" in ended.stderr
