"""
Sealed chains: rows in commit order, bound together so that no change stays unseen.

A *chain* is a sequence of rows with ascending numbers (trail, accesses, record versions).
`sealing` takes the rows that are committed and not yet sealed, at most a second later, and
writes one seal per block; count and head also go to `chain/heads.log`, outside of every
database, so that a cut tail is found too. What is not yet sealed is excepted. `verifying`
recomputes everything.

Order of commit: SQLite has one writer, so a lower number is never committed after a higher
one. On PostgreSQL numbers of a chain must be given in commit order (a short lock around
`nextval` and commit) before it may be registered here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from taihe.base.verifying import Report

Connection = sqlite3.Connection
RowsOf = Callable[[Connection, int, int | None], Iterator[tuple[int, bytes]]]
Check = Callable[[Connection, int], Iterator[tuple[int, str]]]

MARK_BYTES = 8
GENESIS = bytes(32)


@dataclass(frozen=True)
class Chain:
    """
    A named sequence of rows to be sealed.

    `rows(connection, after, upto)` yields `(number, canonical bytes)` of the rows with
    after < number <= upto (None: no end), ascending. The bytes must hold everything that
    must not change and must be the same on every machine. `check` may add what else must
    hold of sealed rows, as `(number, what is wrong)`. `table` names the table whose `at_us`
    and `id` tell how long a row has been waiting for its seal.
    """

    name: str
    alias: str
    rows: RowsOf
    check: Check | None = None
    table: str = ""


_chains: dict[str, Chain] = {}


def register(chain: Chain) -> None:
    """Have a chain sealed and verified; call it from `AppConfig.ready`."""
    _chains[chain.name] = chain


def registered() -> tuple[Chain, ...]:
    """The chains of this site."""
    return tuple(_chains.values())


def rows_of_table(
    connection: Connection, table: str, columns: Sequence[str], after: int, upto: int | None
) -> Iterator[tuple[int, bytes]]:
    """
    Rows of a table as JSON arrays of their columns in this order; the first is the number.

    Text that is not UTF-8 and blobs, which no honest row holds, get a form of their own.
    """
    names = ",".join(f'"{column}"' for column in columns)
    sql = f'SELECT {names} FROM {table} WHERE "{columns[0]}" > ?'
    parameters = [after]
    if upto is not None:
        sql += f' AND "{columns[0]}" <= ?'
        parameters.append(upto)
    dumps = orjson.dumps
    for row in connection.execute(sql + f' ORDER BY "{columns[0]}"', parameters):
        try:
            written = dumps(row)
        except TypeError:
            written = ascii(row).encode()
        yield row[0], written


def seal_once(folder: Path | None = None) -> int:
    """Seal everything that is committed now; returns the number of rows (see `sealing`)."""
    from taihe.base import sealing

    return sealing.seal_once(folder)


def verify(folder: Path | None = None, **options: Any) -> Report:
    """Recompute every chain and report what does not fit (see `verifying`)."""
    from taihe.base import verifying

    return verifying.verify(folder, **options)
