"""DuckDB sessions: always in memory, so that no DuckDB file is ever shared."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import duckdb


def connect(
    *, threads: int | None = None, memory: str | None = None, spill: Path | None = None
) -> Any:
    """
    An in-memory DuckDB connection that never reaches for the network.

    `threads` defaults to the processors this process may use; `memory` is DuckDB's limit as
    text ("4GB"); `spill` is a folder for what does not fit.
    """
    connection = duckdb.connect(
        config={
            "threads": threads or len(os.sched_getaffinity(0)),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    if memory:
        connection.execute("SET memory_limit = ?", [memory])
    if spill:
        connection.execute("SET temp_directory = ?", [str(spill)])
    return connection
