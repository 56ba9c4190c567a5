"""The SQL-on-FHIR suite on the engines: in memory without DuckDB, or on DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from taihe.fhir.conformance import in_memory, views
from taihe.kernel.conformance import Case
from taihe.kernel.errors import Unsupported


def sql_on_fhir(directory: Path, *, engine: str = "memory", **_: Any) -> Iterator[Case]:
    """The cases of SQL-on-FHIR suites on memory or duckdb."""
    if engine == "memory":
        return views(directory, in_memory)
    if engine != "duckdb":
        raise Unsupported(f"Views do not run on {engine} yet.", "Choose memory or duckdb.")
    from taihe.lake.views import on_duckdb

    return views(directory, on_duckdb)
