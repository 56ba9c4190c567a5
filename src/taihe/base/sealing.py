"""
Sealing: binding committed rows into their chains, at most a second after their commit.

A block of rows gets one seal: SHA-256 over the digests of its rows, and a head over the head
before and this digest. The seal is committed and durable before its line is written to the
heads file.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import sqlite3
import threading
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from time import monotonic, time_ns

from taihe.base import heads, store
from taihe.base.chain import GENESIS, MARK_BYTES, Chain, Connection, registered
from taihe.kernel.errors import Busy

MOST_ROWS_PER_SEAL = 20_000
_LONGEST_LINE = 4096
log = logging.getLogger("taihe.base.sealing")

_LAST = "SELECT last_seq, total, head FROM base_seal WHERE chain = ? ORDER BY last_seq DESC LIMIT 1"
_LAST_TWO = (
    "SELECT total, head, at_us FROM base_seal WHERE chain = ? ORDER BY last_seq DESC LIMIT 2"
)
_SEAL = (
    "INSERT INTO base_seal (chain, first_seq, last_seq, count, total, marks, digest, head, at_us)"
    " VALUES (?,?,?,?,?,?,?,?,?)"
)


class Sealing:
    """
    Holds the heads file and seals; one process at a time can, others get `Busy`.

    A line that a crash left out is added at the start, one per chain at most. More is no
    crash, and stays to be found by `verify`.
    """

    def __init__(self, folder: Path | None = None, chains: Sequence[Chain] | None = None) -> None:
        self._chains = tuple(chains) if chains is not None else registered()
        self._heads = heads.path_of(folder)
        self._open: dict[str, Connection] = {}
        self._file: int | None = None

    def __enter__(self) -> Sealing:
        self._heads.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self._heads, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._mend()
        except BlockingIOError:
            self.close()
            raise Busy("Another process seals this site.", "Leave it to that process.") from None
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the heads file free and close the connections."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        for connection in self._open.values():
            connection.close()
        self._open.clear()

    def seal(self) -> int:
        """Seal what is committed; returns the number of rows, 0 while sealing is paused."""
        with heads.unless_paused(self._heads) as may:
            if not may:
                return 0
            sealed = {chain.name: self._seal_chain(chain) for chain in self._chains}
        if sealed.get("access"):
            # Here and not by the writer, so that no answer waits for a checkpoint.
            self._connection("access").execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return sum(sealed.values())

    def _connection(self, alias: str) -> Connection:
        if alias not in self._open:
            self._open[alias] = store.connect(store.path_of(alias), synchronous="FULL")
        return self._open[alias]

    def _seal_chain(self, chain: Chain) -> int:
        seals, rows = self._connection("default"), self._connection(chain.alias)
        sealed = 0
        while True:
            found = seals.execute(_LAST, (chain.name,)).fetchone()
            last, total, head = found or (-(2**63), 0, GENESIS)
            block = [
                (seq, hashlib.sha256(written).digest())
                for seq, written in islice(chain.rows(rows, last, None), MOST_ROWS_PER_SEAL)
            ]
            if not block:
                return sealed
            # A row must not be lost to a power cut once its head stands in the file.
            store.sync_wal(store.path_of(chain.alias))
            digest = hashlib.sha256(b"".join([each for _, each in block])).digest()
            head = hashlib.sha256(head + digest).digest()
            total, at_us = total + len(block), time_ns() // 1000
            marks = b"".join([each[:MARK_BYTES] for _, each in block])
            values = (chain.name, block[0][0], block[-1][0], len(block), total, marks)
            store.write(seals, _SEAL, (*values, digest, head, at_us))
            self._append(heads.line(chain.name, total, head, at_us))
            sealed += len(block)
            if len(block) < MOST_ROWS_PER_SEAL:
                return sealed

    def _append(self, text: bytes) -> None:
        assert self._file is not None
        heads.append(self._file, text)

    def _mend(self) -> None:
        """Take back a line that was cut short, and add the last one if a crash left it out."""
        assert self._file is not None
        size = os.fstat(self._file).st_size
        tail = os.pread(self._file, _LONGEST_LINE, max(0, size - _LONGEST_LINE))
        cut = len(tail) - (tail.rfind(b"\n") + 1)
        if cut:
            os.ftruncate(self._file, size - cut)
        known = heads.newest(self._heads, [chain.name for chain in self._chains])
        for chain in self._chains:
            rows = self._connection("default").execute(_LAST_TWO, (chain.name,)).fetchall()
            if not rows:
                continue
            line = known.get(chain.name)
            written = (line.total, line.head) if line else (0, "")
            before = (rows[1][0], rows[1][1].hex()) if len(rows) == 2 else (0, "")
            if written == before:
                self._append(heads.line(chain.name, *rows[0]))


def seal_once(folder: Path | None = None) -> int:
    """
    Seal everything that is committed now; returns the number of rows.

    Where a sealer is at work already it does this within a second, and nothing is done here.
    """
    try:
        with Sealing(folder) as sealing:
            return sealing.seal()
    except Busy:
        return 0


class Sealer(threading.Thread):
    """
    Seals at least once a second until it is stopped, and once more when it is.

    Trouble (a full disk, a busy store, another sealer) is logged once and tried again;
    nothing is lost by sealing later, only the exception grows.
    """

    def __init__(self, every_seconds: float = 0.5) -> None:
        super().__init__(name="sealer", daemon=True)
        self._every = every_seconds
        self._asked_to_stop = threading.Event()
        self.last_pass: float | None = None

    def stop(self) -> None:
        """Ask it to seal what is there and end."""
        self._asked_to_stop.set()

    def run(self) -> None:
        """Seal until stopped."""
        in_trouble = False
        while True:
            try:
                with Sealing() as sealing:
                    in_trouble = False
                    while True:
                        # What was committed before the stop is sealed after it.
                        ending = self._asked_to_stop.is_set()
                        sealing.seal()
                        self.last_pass = monotonic()
                        if ending:
                            return
                        self._asked_to_stop.wait(self._every)
            except (OSError, sqlite3.Error, Busy) as error:
                if not in_trouble:
                    log.error("sealing waits: %s", type(error).__name__)
                in_trouble = True
                if self._asked_to_stop.wait(1.0):
                    return
