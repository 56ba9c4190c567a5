"""
Write a view as one query over typed nested columns, in the dialect of DuckDB or Spark.

The same trees that the evaluator runs become SQL; on the way the columns that the paths touch
are noted, so that a reader of NDJSON parses nothing else. A value that FHIR allows once is a
scalar (null when absent), one that may repeat a list (null counts as empty).

What SQL cannot say is refused as Unsupported. Where only the data shows that a query would
not answer as the evaluator does (a primitive that is only extensions, a number with very many
digits, text whose letters change case in their own way), the query stops with `AGAIN`. The
caller answers the view by the evaluator then.
"""

from taihe.fhir.views.sql.lists import AGAIN, STOP
from taihe.fhir.views.sql.rows import REPEAT_DEPTH, Cells
from taihe.fhir.views.sql.statement import Statement, duckdb_sql, lines_of, spark_sql

__all__ = [
    "AGAIN",
    "REPEAT_DEPTH",
    "STOP",
    "Cells",
    "Statement",
    "duckdb_sql",
    "lines_of",
    "spark_sql",
]
