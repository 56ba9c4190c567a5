"""
Write a view as one query over typed nested columns, in the dialect of DuckDB or Spark.

The same trees that the evaluator runs become SQL; on the way the columns that the paths touch
are noted, so that a reader of NDJSON parses nothing else. A value that FHIR allows once is a
scalar (null when absent), one that may repeat a list (null counts as empty). What SQL cannot
say is refused as Unsupported, and the caller may answer the view in memory.
"""

from taihe.fhir.views.sql.rows import REPEAT_DEPTH
from taihe.fhir.views.sql.statement import Statement, duckdb_sql, spark_sql

__all__ = ["REPEAT_DEPTH", "Statement", "duckdb_sql", "spark_sql"]
