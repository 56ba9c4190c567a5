"""
The installation's dictionary of codes: text of a coding system to a small integer.

One row per (system, code), never changed and never removed, in its own SQLite file, so that
a number written into any set means the same for ever.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS code (
  id INTEGER PRIMARY KEY,
  system TEXT NOT NULL,
  code TEXT NOT NULL,
  UNIQUE (system, code)
);
CREATE TRIGGER IF NOT EXISTS code_stays BEFORE UPDATE ON code
  BEGIN SELECT RAISE(ABORT, 'codes are append-only'); END;
CREATE TRIGGER IF NOT EXISTS code_remains BEFORE DELETE ON code
  BEGIN SELECT RAISE(ABORT, 'codes are append-only'); END;
"""


class Dictionary:
    """
    Codes by number and numbers by code.

    Safe for several processes: a number is given inside one SQLite write transaction. Each
    call opens its own connection; the numbers of a system stay cached in this object.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._numbers: dict[str, dict[str, int]] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._open() as connection:
            connection.executescript(_SCHEMA)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=30, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            yield connection

    def numbers(self, system: str, codes: Iterable[str]) -> dict[str, int]:
        """The numbers of these codes; a code that is new gets one, kept before this returns."""
        known = self._numbers.setdefault(system, {})
        wanted = set(codes)
        if wanted <= known.keys():
            return {code: known[code] for code in wanted}
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "INSERT INTO code (system, code) VALUES (?, ?) ON CONFLICT DO NOTHING",
                ((system, code) for code in sorted(wanted - known.keys())),
            )
            known.update(
                connection.execute("SELECT code, id FROM code WHERE system = ?", (system,))
            )
            connection.execute("COMMIT")
        return {code: known[code] for code in wanted}

    def number(self, system: str, code: str) -> int:
        """The number of one code, given now if it is new."""
        return self.numbers(system, (code,))[code]

    def all(self, system: str) -> dict[int, str]:
        """Every code of a system by its number."""
        with self._open() as connection:
            return dict(connection.execute("SELECT id, code FROM code WHERE system = ?", (system,)))

    def code(self, number: int) -> tuple[str, str] | None:
        """The (system, code) of a number, or None."""
        with self._open() as connection:
            row = connection.execute(
                "SELECT system, code FROM code WHERE id = ?", (number,)
            ).fetchone()
        return (row[0], row[1]) if row else None
