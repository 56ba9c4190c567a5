"""
Own connections to the main database: readers per thread, one writer at a time per process.

Writes begin with `BEGIN IMMEDIATE`, so that a transaction knows at its start that it may
write. SQL is portable but for `?` marks; what SQLite needs beyond that is in this file.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from taihe.kernel.errors import Busy

Connection = sqlite3.Connection
BUSY_SECONDS = 20.0
# Well below SQLite's limit of variables in one statement.
MOST_MARKS = 500


class Database:
    """The main database of one site by its path."""

    def __init__(self, path: Path | str, *, synchronous: str = "") -> None:
        self.path = str(path)
        self._synchronous = synchronous or os.environ.get("TAIHE_SYNCHRONOUS", "NORMAL")
        self._local = threading.local()
        self._writing = threading.Lock()
        self._writer_connection: Connection | None = None
        self._process = os.getpid()

    def reader(self) -> Connection:
        """This thread's connection for reading, in autocommit."""
        connection: Connection | None = getattr(self._local, "reader", None)
        if connection is None or self._local.process != os.getpid():
            connection = self._connect()
            connection.execute("PRAGMA query_only=ON")
            self._local.reader, self._local.process = connection, os.getpid()
        return connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """
        A write transaction: committed at the end, rolled back on any exception.

        Raises `Busy` when the disk is full or the store stays locked.
        """
        with self._writing, troubles():
            connection = self._writer()
            _begin(connection)
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close this thread's reader and the writer."""
        reader: Connection | None = getattr(self._local, "reader", None)
        for connection in (reader, self._writer_connection):
            if connection is not None:
                connection.close()
        self._local.reader = self._writer_connection = None

    def _writer(self) -> Connection:
        connection = self._writer_connection
        if connection is None or self._process != os.getpid():
            connection = self._connect()
            self._writer_connection, self._process = connection, os.getpid()
        return connection

    def _connect(self) -> Connection:
        with troubles():
            connection = sqlite3.connect(
                self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(f"PRAGMA synchronous={self._synchronous}")
            connection.execute("PRAGMA cache_size=-32000")
            connection.execute("PRAGMA temp_store=MEMORY")
            connection.execute("PRAGMA mmap_size=268435456")
        return connection


def _begin(connection: Connection) -> None:
    """
    Begin to write as soon as nobody else does.

    SQLite's own waiting looks again after up to 100 ms and misses the gaps that a load
    leaves; this looks every two milliseconds.
    """
    end = monotonic() + BUSY_SECONDS
    connection.execute("PRAGMA busy_timeout=0")
    try:
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or monotonic() > end:
                    raise
                sleep(0.002)
    finally:
        connection.execute(f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}")


@contextmanager
def troubles() -> Iterator[None]:
    """Turn the store's troubles into errors that say what to do."""
    try:
        yield
    except sqlite3.OperationalError as error:
        text = str(error)
        if "full" in text:
            raise Busy(
                "The disk is full: nothing of this step was stored.",
                "Free some space and run it again; what was stored before stays.",
            ) from None
        if "locked" in text or "busy" in text:
            raise Busy("The store is busy.", "Try again in a moment.") from None
        if "readonly" in text or "read-only" in text:
            raise Busy(
                "The store cannot be written.", "Check the permissions of the data folder."
            ) from None
        if "unable to open" in text:
            raise Busy("The store cannot be opened.", "Check --data and its permissions.") from None
        if "disk I/O" in text:
            raise Busy(
                "The disk did not take the data.", "Check its space and health, then run it again."
            ) from None
        raise


def take(connection: Connection, counter: str, count: int) -> int:
    """
    Take the next `count` numbers of a counter; returns the first.

    The counter's row stays locked until the commit, so that numbers become visible in order.
    """
    row = connection.execute(
        "INSERT INTO record_counter (name, value) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = record_counter.value + excluded.value"
        " RETURNING value",
        (counter, count),
    ).fetchone()
    return int(row[0]) - count + 1


def marks(count: int) -> str:
    """`?,?,?` for an IN list."""
    return ",".join("?" * count)


def in_pieces(values: Sequence[Any], size: int = MOST_MARKS) -> Iterator[Sequence[Any]]:
    """The values in pieces that fit one statement."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def select_in(
    connection: Connection, sql: str, values: Iterable[Any], before: Sequence[Any] = ()
) -> Iterator[tuple[Any, ...]]:
    """Run a statement with one `({in})` list for any number of values."""
    for piece in in_pieces(list(values)):
        yield from connection.execute(sql.replace("{in}", marks(len(piece))), (*before, *piece))
