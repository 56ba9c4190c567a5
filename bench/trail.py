"""
The trail at work: access entries a second, changes a second, sealed rows verified a second.

Baselines in the same run: the same rows written by bare SQLite in commits of eight, and the
same rows read and hashed without holding them against anything.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from typing import Any

NOTES, THREADS = 40_000, 8


def run() -> list[dict[str, Any]]:
    """One row per figure; measured in a process of its own on a new installation."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "TAIHE_SITE": "health",
            "TAIHE_DATA": folder,
            "DJANGO_SETTINGS_MODULE": "taihe.config.health",
        }
        environment.pop("TAIHE_CONFIGURED", None)
        install = [sys.executable, "-m", "taihe.config.install", "health", folder]
        subprocess.run(install, env=environment, check=True)
        out = subprocess.run(
            [sys.executable, __file__], env=environment, check=True, stdout=subprocess.PIPE
        ).stdout
    found: list[dict[str, Any]] = json.loads(out)
    return found


def measure() -> list[dict[str, Any]]:
    """Inside an installation."""
    import django

    django.setup()
    from taihe.base import access_log, chain

    entry = access_log.Access(1, "TREAT", "read", "fhir.read", (17,))
    notes = _rate(NOTES, lambda: _in_threads(lambda: access_log.note(entry)))
    bare = _rate(NOTES, _bare_inserts)
    chain.seal_once()
    verified = _rate(NOTES, lambda: chain.verify(integrity=False))
    hashed = _rate(NOTES, _read_and_hash)
    return [
        _row(f"access entries, {THREADS} threads", notes, "bare SQLite, commits of 8", bare),
        _row("sealed rows verified", verified, "rows read and hashed alone", hashed),
    ]


def _row(figure: str, value: float, baseline: str, beside: float) -> dict[str, Any]:
    return {
        "figure": figure,
        "value": value,
        "unit": "rows/s",
        "baseline": baseline,
        "baseline_value": beside,
        "ratio": value / beside,
    }


def _rate(rows: int, work: Any) -> float:
    import time

    began = time.perf_counter()
    work()
    return rows / (time.perf_counter() - began)


def _in_threads(work: Any) -> None:
    import threading

    def repeat() -> None:
        for _ in range(NOTES // THREADS):
            work()

    threads = [threading.Thread(target=repeat) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _bare_inserts() -> None:
    from taihe.base import store

    connection = store.connect(store.path_of("access") + ".bare")
    connection.execute(
        "CREATE TABLE a (id INTEGER PRIMARY KEY, at, party, purpose, action, route, persons)"
    )
    connection.execute("CREATE TABLE p (entry, person, PRIMARY KEY (person, entry))")
    row = (1, 1, "TREAT", "read", "fhir.read", "17")
    for number in range(NOTES // 8):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO a VALUES (NULL,?,?,?,?,?,?)", [row] * 8)
        pairs = [(number * 8 + n, 17) for n in range(8)]
        connection.executemany("INSERT INTO p VALUES (?,?)", pairs)
        connection.execute("COMMIT")
    connection.close()


def _read_and_hash() -> None:
    import hashlib

    from taihe.base import access_log, store

    connection = store.connect_to_read(store.path_of("access"))
    for _, written in access_log.CHAIN.rows(connection, 0, None):
        hashlib.sha256(written).digest()
    connection.close()


if __name__ == "__main__":
    print(json.dumps(measure()))
