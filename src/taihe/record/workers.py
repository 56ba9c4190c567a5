"""
Preparing lines in other processes while this one writes.

Imports neither Django nor the database, because a child process starts with it.
"""

from __future__ import annotations

import ctypes
import marshal
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from datetime import date, timedelta

from taihe.kernel.errors import TaiheError
from taihe.record.keys import Keys
from taihe.record.prepare import Prepared, Preparer
from taihe.record.splice import Stripped

# Below this a second process costs more than it saves.
LEAST_BYTES = 2 << 20
MOST_PROCESSES = 4

# What became of a line: prepared, or an empty mark, column, code, problem, what to do.
Outcome = Prepared | tuple[str, str | None, str, str, str]


def attempt(preparer: Preparer, raw: bytes) -> Outcome:
    """Prepare a line; what is wrong with it is a result, not an error."""
    try:
        return preparer.from_bytes(raw)
    except TaiheError as error:
        problem, do = error.problem, error.do
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError:
            problem = "The line is not in UTF-8."
            do = "Save the file as UTF-8; it may be in GB 18030, or mix encodings."
        return ("", None, error.code, problem, do)


class Workers:
    """Prepares batches of lines: in other processes for much, in this one for little."""

    def __init__(self, preparer: Preparer, size: int) -> None:
        self._preparer = preparer
        self._pool: ProcessPoolExecutor | None = None
        processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
        if size >= LEAST_BYTES and processors > 1:
            self._pool = ProcessPoolExecutor(
                max_workers=min(processors, MOST_PROCESSES),
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_start,
                initargs=(
                    preparer.keys.master,
                    preparer.keys.cipher,
                    preparer.tomorrow - timedelta(days=1),
                ),
            )
        # Batches under way while one is written.
        self.ahead = 4 if self._pool else 0

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def prepare(self, raws: list[bytes]) -> Callable[[], list[Outcome]]:
        """Begin preparing lines; the result is asked for later."""
        if self._pool is not None:
            try:
                future: Future[bytes] = self._pool.submit(_prepare_batch, raws)
            except BrokenExecutor:
                self._pool = None
            else:
                return lambda: self._result(future, raws)
        done = [attempt(self._preparer, raw) for raw in raws]
        return lambda: done

    def _result(self, future: Future[bytes], raws: list[bytes]) -> list[Outcome]:
        try:
            return _unpack(future.result())
        except BrokenExecutor:
            # A child was ended from outside: go on alone.
            self._pool = None
            return [attempt(self._preparer, raw) for raw in raws]


_preparer: Preparer | None = None


def _start(master: bytes, cipher: str, today: date) -> None:
    global _preparer
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # end with the parent
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _preparer = Preparer(Keys(master, cipher=cipher), today=today)


def _prepare_batch(raws: list[bytes]) -> bytes:
    assert _preparer is not None
    packed = []
    for raw in raws:
        outcome = attempt(_preparer, raw)
        if isinstance(outcome, Prepared):
            packed.append((*outcome[:2], tuple(outcome.stripped), *outcome[3:]))
        else:
            packed.append(outcome)
    return marshal.dumps(packed)


def _unpack(packed: bytes) -> list[Outcome]:
    found: list[Outcome] = []
    for outcome in marshal.loads(packed):
        if outcome[0]:
            found.append(Prepared(*outcome[:2], Stripped(*outcome[2]), *outcome[3:]))
        else:
            found.append(outcome)
    return found
