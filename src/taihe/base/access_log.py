"""
The log of accesses: one entry per answer, naming every person in it.

`note` returns after the commit that contains its entry. Commits are grouped without a timer:
while one runs, new entries wait, and as soon as it ends everything waiting is committed
together. The thread whose entry waits longest writes for all, so a lone entry costs no
change of thread.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import time_ns
from typing import Any, Literal

import orjson

from taihe.base import store
from taihe.base.chain import Chain, Connection, rows_of_table
from taihe.base.models import moment
from taihe.kernel.errors import Busy

Outcome = Literal["ok", "refused", "break-glass"]
COLUMNS = ("id", "at_us", "party", "purpose", "action", "route", "persons", "client", "outcome")
MOST_PER_COMMIT = 256

# One statement per table whatever the number of entries: every statement gives up the
# interpreter lock once, and getting it back is what costs.
_ENTRIES = """
INSERT INTO base_access (at_us, party, purpose, action, route, persons, client, outcome)
SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
       json_extract(value, '$[3]'), json_extract(value, '$[4]'), json_extract(value, '$[5]'),
       json_extract(value, '$[6]'), json_extract(value, '$[7]')
FROM json_each(?) ORDER BY key
"""
_PERSONS = """
INSERT INTO base_access_person (entry, person)
SELECT ? + json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?)
"""


@dataclass(frozen=True)
class Access:
    """
    What is noted of an answer.

    `party` asked; `purpose` is a code of `kernel.codes.Purpose`; `action` a word such as
    `read` or `search`; `route` the name of the route, never an address with values;
    `persons` every person in the answer; `client` the system that asked, if one did.
    """

    party: int
    purpose: str
    action: str
    route: str
    persons: tuple[int, ...]
    client: str = ""
    outcome: Outcome = "ok"


@dataclass(frozen=True)
class Seen:
    """One access, as the person concerned may read it. `number` pages through them."""

    at: datetime
    party: int
    party_name: str
    organisation: str
    purpose: str
    action: str
    outcome: str
    client: str
    number: int


class _Waiting:
    """An entry on its way. `woken` is held until it is committed or has to write for all."""

    __slots__ = ("row", "persons", "woken", "done", "error")

    def __init__(self, row: tuple[Any, ...], persons: tuple[int, ...]) -> None:
        self.row, self.persons = row, persons
        self.woken = threading.Lock()
        self.woken.acquire()
        self.done = False
        self.error: Busy | None = None


class Log:
    """The log of one file, shared by the threads of a process; other processes may write too."""

    def __init__(self, path: str, *, timeout_seconds: float = 5.0) -> None:
        self._path, self._timeout = path, timeout_seconds
        self._connection: sqlite3.Connection | None = None
        self._queue: deque[_Waiting] = deque()
        self._mutex = threading.Lock()
        self._writing = False

    def note(self, entry: Access) -> None:
        """Write an entry; returns after the commit, raises `Busy` if it cannot be written."""
        persons = tuple(sorted(set(entry.persons)))
        waiting = _Waiting(
            (
                time_ns() // 1000,
                entry.party,
                entry.purpose,
                entry.action,
                entry.route,
                ",".join(map(str, persons)),
                entry.client,
                entry.outcome,
            ),
            persons,
        )
        with self._mutex:
            self._queue.append(waiting)
            writes = not self._writing
            self._writing = True
        if not writes:
            waiting.woken.acquire()
        if not waiting.done:
            self._write_for_all()
        if waiting.error is not None:
            raise waiting.error

    def close(self) -> None:
        """Close the connection; the next entry opens it again."""
        with self._mutex:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _write_for_all(self) -> None:
        """Commit what waits, wake its threads, and hand the writing to the next if there is one."""
        with self._mutex:
            batch = [self._queue.popleft() for _ in range(min(MOST_PER_COMMIT, len(self._queue)))]
        error: Busy | None = Busy("The access log was interrupted.", "Try again.")
        try:
            self._commit(batch)
            error = None
        except sqlite3.Error as cause:
            self._forget()
            error = Busy(
                f"The access log could not be written ({type(cause).__name__}).",
                "Free disk space or try again; without its entry the answer does not leave.",
            )
        finally:
            for waiting in batch:
                waiting.error, waiting.done = error, True
            with self._mutex:
                next_writer = self._queue[0] if self._queue else None
                self._writing = next_writer is not None
            if next_writer is not None:
                next_writer.woken.release()
            for waiting in batch:
                waiting.woken.release()

    def _commit(self, batch: Sequence[_Waiting]) -> None:
        connection = self._connection or self._open()
        named = [(i, person) for i, waiting in enumerate(batch) for person in waiting.persons]
        connection.execute("BEGIN IMMEDIATE")
        try:
            entries = orjson.dumps([waiting.row for waiting in batch]).decode()
            last = connection.execute(_ENTRIES, (entries,)).lastrowid
            assert last is not None
            if named:
                connection.execute(_PERSONS, (last - len(batch) + 1, orjson.dumps(named).decode()))
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _open(self) -> sqlite3.Connection:
        connection = store.connect(self._path, timeout_seconds=self._timeout)
        # The sealer checkpoints; this is the limit where no sealer runs (80 MB).
        connection.execute("PRAGMA wal_autocheckpoint=20000")
        self._connection = connection
        return connection

    def _forget(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


_log: tuple[int, str, Log] | None = None
_log_lock = threading.Lock()


def current_log() -> Log:
    """The log of this process's site."""
    global _log
    path, process = store.path_of("access"), os.getpid()
    if _log is None or _log[:2] != (process, path):
        with _log_lock:
            if _log is None or _log[:2] != (process, path):
                _log = (process, path, Log(path))
    return _log[2]


def note(entry: Access) -> None:
    """Write an entry; returns after the commit, raises `Busy` if it cannot be written."""
    current_log().note(entry)


def seen_by(
    person_numbers: Sequence[int], limit: int = 50, before: int | None = None
) -> list[Seen]:
    """
    Who has seen these persons, newest first.

    `person_numbers` are all numbers that mean one human being (after a merge there are
    several); `before` is the `number` of the last entry of the page before.
    """
    from django.db import connections

    from taihe.base.parties import names_of

    numbers = sorted(set(person_numbers))
    if not numbers:
        return []
    marks = ",".join(["%s"] * len(numbers))
    sql = (
        "SELECT id, at_us, party, purpose, action, outcome, client FROM base_access WHERE id IN ("
        f"SELECT entry FROM base_access_person WHERE person IN ({marks})"
        + ("" if before is None else " AND entry < %s")
        + " ORDER BY entry DESC LIMIT %s) ORDER BY id DESC"
    )
    # Several numbers may share an entry, so the inner limit allows for repeats.
    parameters = [*numbers, *([] if before is None else [before]), limit * len(numbers)]
    with connections["access"].cursor() as cursor:
        cursor.execute(sql, parameters)
        found = cursor.fetchall()[:limit]
    names = names_of({row[2] for row in found})
    return [
        Seen(
            at=moment(at_us),
            party=party,
            party_name=names[party].name,
            organisation=names[party].organisation,
            purpose=purpose,
            action=action,
            outcome=outcome,
            client=client,
            number=number,
        )
        for number, at_us, party, purpose, action, outcome, client in found
    ]


def _rows(connection: Connection, after: int, upto: int | None) -> Iterator[tuple[int, bytes]]:
    return rows_of_table(connection, "base_access", COLUMNS, after, upto)


def _index_findings(connection: Connection, upto: int) -> Iterator[tuple[int, str]]:
    """Sealed entries whose persons are not found by the index, or are found without reason."""
    missing = """
        SELECT e.id FROM base_access e, json_each('[' || e.persons || ']') p
        LEFT JOIN base_access_person x ON x.person = p.value AND x.entry = e.id
        WHERE e.id <= ? AND x.entry IS NULL
    """
    for (entry,) in connection.execute(missing, (upto,)):
        yield entry, "a person of this entry is missing in the index by person"
    named = connection.execute(
        "SELECT coalesce(sum(json_array_length('[' || persons || ']')), 0)"
        " FROM base_access WHERE id <= ?",
        (upto,),
    ).fetchone()[0]
    indexed = connection.execute(
        "SELECT count(*) FROM base_access_person WHERE entry <= ?", (upto,)
    ).fetchone()[0]
    if named < indexed:
        extra = """
            SELECT x.entry FROM base_access_person x WHERE x.entry <= ? AND NOT EXISTS (
                SELECT 1 FROM base_access e, json_each('[' || e.persons || ']') p
                WHERE e.id = x.entry AND p.value = x.person)
        """
        for (entry,) in connection.execute(extra, (upto,)):
            yield entry, "the index by person names somebody whom the entry does not name"


CHAIN = Chain("access", "access", _rows, check=_index_findings, table="base_access")
