"""The SQL-on-FHIR suite on the engines: in memory without DuckDB, on DuckDB, or on Spark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from taihe.fhir.conformance import in_memory, views
from taihe.kernel.conformance import Case
from taihe.kernel.errors import Unsupported


def sql_on_fhir(directory: Path, *, engine: str = "memory", **_: Any) -> Iterator[Case]:
    """The cases of SQL-on-FHIR suites on memory, duckdb or spark."""
    if engine == "memory":
        return views(directory, in_memory)
    if engine == "spark":
        from taihe.lake.spark import on_spark, session

        session()
        return views(directory, on_spark)
    if engine != "duckdb":
        raise Unsupported(f"Views do not run on {engine}.", "Choose memory, duckdb or spark.")
    from taihe.lake.views import on_duckdb

    return views(directory, on_duckdb)
