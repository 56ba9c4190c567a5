"""
Run SQL-on-FHIR views on Spark, over the Parquet sets that DuckDB reads too.

A view is one query of Spark SQL where that says exactly what the view says; else Spark reads
and writes and the plain evaluator gives the rows of each resource, as a Python function.
Spark is the extra `spark` and needs Java 17 or 21. One local session is started on first use
and kept; it listens on the loopback address only.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import sys
import tempfile
import uuid
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from taihe.fhir.views import STOP, Cells, View, read_view, spark_sql
from taihe.kernel.errors import Incorrect, Unsupported
from taihe.lake import byfunction, tables
from taihe.lake.duck import connect
from taihe.lake.resources import available, snapshot, write_resources

T = TypeVar("T")


def missing() -> str:
    """What Spark lacks on this machine; "" when it can run."""
    try:
        import pyspark  # noqa: F401
    except ImportError:
        return "pyspark is not installed"
    home = os.environ.get("JAVA_HOME")
    if not (home and (Path(home) / "bin/java").exists()) and not shutil.which("java"):
        return "there is no Java"
    return ""


@cache
def session() -> Any:
    """The Spark session of this process; raises Unsupported where Spark cannot run."""
    lacks = missing()
    if lacks:
        raise Unsupported(
            f"Spark cannot run here: {lacks}.", "Install the extra spark, and Java 17 or 21."
        )
    from pyspark.sql import SparkSession

    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    started = (
        SparkSession.builder.master(f"local[{len(os.sched_getaffinity(0))}]")
        .appName("taihe")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.caseSensitive", "true")
        .config("spark.sql.ansi.enabled", "true")
        .config("spark.sql.shuffle.partitions", "4")
        .getOrCreate()
    )
    started.sparkContext.setLogLevel("OFF")
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    return started


def _native(view: View, lake: Path) -> tuple[Any, tuple[Cells, ...]]:
    """The view over the set of its type, as a Spark data frame, and what its columns hold."""
    from taihe.lake.views import needed_paths

    spark, name = session(), f"taihe_{uuid.uuid4().hex}"
    found = snapshot(lake, view.resource)
    columns = available(connect(), found)
    statement = spark_sql(view, columns)
    spark.read.parquet(*needed_paths(view, found, columns)).createOrReplaceTempView(name)
    return spark.sql(statement.select.replace("{source}", name)), statement.cells


def _by_function(view: View, lake: Path) -> tuple[Any, tuple[Cells, ...]]:
    """The view by the evaluator, as a function of whole resources."""
    from pyspark.sql import functions as f
    from pyspark.sql.types import ArrayType, StringType

    spark = session()
    table = spark.read.parquet(*snapshot(lake, view.resource).paths)
    rows = f.udf(byfunction.rows_function(view, from_lake=True), ArrayType(ArrayType(StringType())))
    made = table.select(f.explode(rows(f.to_json(f.struct("*")))).alias("row"))
    columns = [made["row"][at].alias(column.name) for at, column in enumerate(view.columns())]
    return made.select(*columns), byfunction.cells(view)


def _said(error: Exception) -> Incorrect:
    """What a query that stopped says; values of the data are never repeated."""
    found = re.search(re.escape(STOP) + r"([^\n]*)", str(error))
    if found is not None:
        return Incorrect(f"The view cannot be answered: {found[1]}", "Check its paths.")
    kept = re.search(r"taihe\.[\w.]+: ([^\n]*)", str(error))
    if kept is not None:
        return Incorrect(kept[1], "")
    return Incorrect(
        "The view cannot be answered over this data.",
        "Run validate on the files and correct what it finds.",
    )


def answered(view: View, lake: Path, work: Callable[[Any, tuple[Cells, ...]], T]) -> tuple[T, str]:
    """
    Do some work with the data frame of a view; with that by function where SQL cannot answer.

    Gives what the work gives, and why SQL could not ("" when it could).
    """
    from pyspark.errors import PySparkException

    from taihe.lake.views import is_final

    try:
        return work(*_native(view, lake)), ""
    except Unsupported as error:
        reason = error.problem
    except PySparkException as error:
        if is_final(error, view):
            raise _said(error) from None
        reason = "The data holds something that SQL reads otherwise."
    try:
        return work(*_by_function(view, lake)), reason
    except PySparkException as error:
        raise _said(error) from None


def _is_empty(view: View, lake: Path) -> bool:
    from taihe.lake.views import nothing_of

    return nothing_of(view, lake)


def rows_of(view: View, lake: Path) -> list[dict[str, Any]]:
    """The rows of a view over a lake, as Python values."""
    from taihe.lake.views import as_python

    if _is_empty(view, lake):
        return []

    def work(frame: Any, cells: tuple[Cells, ...]) -> list[dict[str, Any]]:
        return [as_python(row, cells) for row in frame.collect()]

    return answered(view, lake, work)[0]


def write_view(view: View, lake: Path, out: Path) -> tuple[int, str]:
    """
    Write the rows of a view over a lake as parquet, csv or ndjson.

    Gives their number, and why SQL could not answer ("" when it could).
    """
    from taihe.lake.views import parquet_types, write_nothing

    tables.form_of(out)
    types = parquet_types(view)
    if _is_empty(view, lake):
        return write_nothing(view, out, types), ""
    with tempfile.TemporaryDirectory(dir=out.absolute().parent) as folder:

        def work(frame: Any, cells: tuple[Cells, ...]) -> tuple[Cells, ...]:
            frame.write.mode("overwrite").parquet(f"{folder}/rows")
            return cells

        cells, reason = answered(view, lake, work)
        parts = sorted(str(part) for part in Path(folder, "rows").glob("*.parquet"))
        listed = ", ".join("'" + part.replace("'", "''") + "'" for part in parts)
        rows = f"SELECT * FROM read_parquet([{listed}])"
        return tables.write(connect(), rows, cells, out, types), reason


def on_spark(view: dict[str, Any], resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Answer a view over parsed resources through a lake and Spark; for the conformance suite."""
    from taihe.lake.views import write_lines

    checked = read_view(view)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "resources.ndjson"
        write_lines(resources, file)
        if any(one.get("resourceType") == checked.resource for one in resources):
            write_resources([file], checked.resource, Path(folder))
        return rows_of(checked, Path(folder))
