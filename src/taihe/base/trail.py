"""
The trail: who changed what, written in the transaction of the change.

A row says that something happened to a subject (`finding:12`, `person:7`); it holds numbers
and words of the system, never a value of a patient.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from taihe.base.chain import Chain, Connection, rows_of_table
from taihe.base.models import microseconds

COLUMNS = ("id", "at_us", "action", "subject", "by", "detail")
INSERT = (
    'INSERT INTO base_trail (at_us, action, subject, "by", detail) VALUES ({0},{0},{0},{0},{0})'
)
INSERT_SQLITE = INSERT.format("?")


def row(
    action: str,
    subject: str,
    *,
    by: int | None,
    at: datetime | None = None,
    detail: dict[str, Any] | None = None,
) -> tuple[int, str, str, int | None, str]:
    """The parameters of `INSERT_SQLITE`, for code that writes with a connection of its own."""
    written = json.dumps(detail, ensure_ascii=False, separators=(",", ":")) if detail else ""
    return microseconds(at or datetime.now(UTC)), action, subject, by, written


def record(
    action: str,
    subject: str,
    *,
    by: int | None,
    at: datetime | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """
    Write one trail row in the caller's transaction.

    `by` is a party number, None when the system acts by itself. `detail` becomes JSON.
    """
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(INSERT.format("%s"), row(action, subject, by=by, at=at, detail=detail))


def _rows(connection: Connection, after: int, upto: int | None) -> Iterator[tuple[int, bytes]]:
    return rows_of_table(connection, "base_trail", COLUMNS, after, upto)


CHAIN = Chain("trail", "default", _rows, table="base_trail")
