"""Connections and files of a store: what one process does never pulls a file from another."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from taihe.base import store

VISITOR = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('SELECT * FROM t').fetchall()"


def test_syncing_the_log_leaves_the_locks_of_this_process(tmp_path: Path) -> None:
    """Another process that comes and goes must not remove the log that is in use here."""
    path = tmp_path / "record.sqlite3"
    connection = store.connect(path)
    connection.execute("CREATE TABLE t (n INTEGER)")
    log = Path(f"{path}-wal")
    before = log.stat().st_ino
    for n in range(3):
        store.write(connection, "INSERT INTO t VALUES (?)", (n,))
        store.sync_wal(path)
        subprocess.run([sys.executable, "-c", VISITOR, str(path)], check=True)
        assert log.exists() and log.stat().st_ino == before, "the log was taken away"
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (3,)
    connection.close()


def test_syncing_without_a_log_is_nothing(tmp_path: Path) -> None:
    store.sync_wal(tmp_path / "nothing.sqlite3")
