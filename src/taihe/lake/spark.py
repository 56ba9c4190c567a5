"""
Run SQL-on-FHIR views on Spark, over the Parquet sets that DuckDB reads too.

Spark is the extra `spark` and needs Java 17 or 21. One local session is started on first use
and kept; it listens on the loopback address only.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from functools import cache
from pathlib import Path
from typing import Any

from taihe.fhir.views import View, read_view, spark_sql
from taihe.kernel.errors import Incorrect, Unsupported
from taihe.lake.duck import connect
from taihe.lake.resources import available, snapshot, write_resources

FORMS = {
    ".parquet": "FORMAT parquet, COMPRESSION zstd",
    ".csv": "FORMAT csv, HEADER",
    ".ndjson": "FORMAT json",
}


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
    return started


def _answer(view: View, lake: Path) -> Any:
    """The view over the set of its type, as a Spark data frame."""
    spark, name = session(), f"taihe_{uuid.uuid4().hex}"
    if (lake / view.resource).is_dir():
        found = snapshot(lake, view.resource)
        statement = spark_sql(view, available(connect(), found))
        table = spark.read.parquet(*found.paths)
    else:
        statement = spark_sql(view)
        columns = ", ".join(f"`{key}` {kind}" for key, kind in statement.columns.items())
        table = spark.createDataFrame([], columns)
    table.createOrReplaceTempView(name)
    return spark.sql(statement.select.replace("{source}", name))


def _said(error: Exception) -> Incorrect:
    first = str(error).strip().splitlines()[0]
    return Incorrect(f"The view cannot be answered: {first[:300]}", "Check its paths and the data.")


def rows_of(view: View, lake: Path) -> list[dict[str, Any]]:
    """The rows of a view over a lake, as Python values."""
    from pyspark.errors import PySparkException

    try:
        return [row.asDict(recursive=True) for row in _answer(view, lake).collect()]
    except PySparkException as error:
        raise _said(error) from None


def write_view(view: View, lake: Path, out: Path) -> int:
    """Write the rows of a view over a lake as parquet, csv or ndjson; their number."""
    from pyspark.errors import PySparkException

    form = FORMS.get(out.suffix)
    if form is None:
        raise Unsupported(f"{out.name} has no known form.", "Name it .parquet, .csv or .ndjson.")
    target = str(out).replace("'", "''")
    with tempfile.TemporaryDirectory(dir=out.resolve().parent) as folder:
        try:
            _answer(view, lake).write.parquet(f"{folder}/rows")
        except PySparkException as error:
            raise _said(error) from None
        parts = str(Path(folder) / "rows" / "*.parquet").replace("'", "''")
        done = (
            connect()
            .execute(f"COPY (SELECT * FROM read_parquet('{parts}')) TO '{target}' ({form})")
            .fetchone()
        )
    return int(done[0]) if done else 0


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
