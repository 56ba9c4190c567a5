"""
Logs without personal data.

A line says what happened where in our code; it holds no address with values, no body, no
value of a variable and no message of a foreign exception, since those quote their input.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from taihe.kernel.errors import TaiheError

_OURS = str(Path(__file__).parents[1])
_KNOWN = ("taihe",)


def frames(trace: TracebackType | None, *, most: int = 12) -> str:
    """Where an exception came from: our files, lines and functions; others only by name."""
    shown = []
    for frame in traceback.extract_tb(trace)[-most:]:
        where = Path(frame.filename)
        name = where.relative_to(_OURS).as_posix() if where.is_relative_to(_OURS) else where.name
        shown.append(f"{name}:{frame.lineno} {frame.name}")
    return " < ".join(reversed(shown))


def describe(error: BaseException) -> str:
    """
    An exception in one line: its class, our own message if it is one of ours, its frames.

    Messages of Taihe's errors and of imports hold no value of a patient; those of others may.
    """
    shown = isinstance(error, (TaiheError, ImportError))
    said = f"{type(error).__name__}: {error}" if shown else _kind(error)
    line = f"{said} [{frames(error.__traceback__)}]"
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return f"{line} from {_kind(cause)} [{frames(cause.__traceback__)}]" if cause else line


def _kind(error: BaseException) -> str:
    """The class, and for SQLite the name of its result code."""
    code = getattr(error, "sqlite_errorname", "")
    return f"{type(error).__name__} {code}".strip()


class Formatter(logging.Formatter):
    """
    Formats a record as `time level logger message`.

    Messages of our own loggers are shown; a foreign record shows only where it was made.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line; exceptions by class and place."""
        ours = record.name.split(".")[0] in _KNOWN
        if ours:
            message = record.getMessage()
        else:
            # Foreign messages quote paths, bodies and exceptions: only their place is said.
            message = f"({Path(record.pathname).name}:{record.lineno})"
            request = getattr(record, "request", None)
            match = getattr(request, "resolver_match", None)
            if getattr(record, "status_code", None) is not None:
                message += f" status {record.status_code}"  # type: ignore[attr-defined]
            if match is not None:
                message += f" route {match.view_name or 'unnamed'}"
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = f"{at} {record.levelname} {record.name} {message}"
        if record.exc_info and record.exc_info[1] is not None:
            line += f" {describe(record.exc_info[1])}"
        return line.replace("\n", " ")


def quiet_uncaught() -> None:
    """
    Have what nobody catches, in any thread, described without its values.

    `TAIHE_TRACEBACK=1` leaves Python's own tracebacks to developers; never set it where
    there is real data.
    """
    import threading

    if os.environ.get("TAIHE_TRACEBACK"):
        return

    def say(error: BaseException | None, where: str) -> None:
        if error is None or isinstance(error, (KeyboardInterrupt, SystemExit)):
            return
        sys.stderr.write(f"taihe: {where}: {describe(error)}\n")

    threading.excepthook = lambda hook: say(
        hook.exc_value, hook.thread.name if hook.thread else "thread"
    )
    sys.excepthook = lambda kind, error, trace: say(error, "unexpected")
