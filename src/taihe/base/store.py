"""
Raw connections to the databases of this site, for what must be fast or must outlive a request.

Everything SQLite-only of the ground floor is here, in `access_log` and in `chain`.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path


def path_of(alias: str) -> str:
    """The file (or `file:` address in tests) of a database of this site."""
    from django.db import connections

    return str(connections[alias].settings_dict["NAME"])


def connect(
    path: str | Path, *, timeout_seconds: float = 20.0, synchronous: str = "NORMAL"
) -> sqlite3.Connection:
    """
    A writing connection with explicit transactions (`BEGIN IMMEDIATE`), usable by any thread.

    The caller sees to it that one thread uses it at a time.
    """
    text = str(path)
    connection = sqlite3.connect(
        text,
        timeout=timeout_seconds,
        isolation_level=None,
        check_same_thread=False,
        uri=text.startswith("file:"),
    )
    connection.execute("PRAGMA journal_mode=WAL")
    if os.environ.get("TAIHE_SYNCHRONOUS") == "FULL":
        synchronous = "FULL"
    connection.execute(f"PRAGMA synchronous={synchronous}")
    return connection


def connect_to_read(path: str | Path) -> sqlite3.Connection:
    """A connection that cannot write, also to a folder that cannot be written."""
    text = str(path)
    if text.startswith("file:"):
        return sqlite3.connect(text, uri=True, isolation_level=None, check_same_thread=False)
    quoted = Path(text).absolute().as_uri()
    connection = sqlite3.connect(f"{quoted}?mode=ro", uri=True, isolation_level=None)
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        connection = sqlite3.connect(f"{quoted}?immutable=1", uri=True, isolation_level=None)
    return connection


def write(connection: sqlite3.Connection, sql: str, parameters: Sequence[object]) -> None:
    """One statement in a transaction of its own."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(sql, parameters)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def sync_wal(path: str | Path) -> None:
    """
    Make every transaction committed so far survive a power cut.

    Only the log is opened: what a checkpoint moved into the database it has synced itself.
    The database's own file is never opened beside SQLite, because closing it would drop the
    locks of this process, and another process would take the log away under its hands
    (https://sqlite.org/howtocorrupt.html, 2.2).
    """
    if str(path).startswith("file:"):
        return
    try:
        handle = os.open(f"{path}-wal", os.O_RDWR)
    except FileNotFoundError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
