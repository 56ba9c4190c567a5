"""
SQL-on-FHIR views (v2): a ViewDefinition is read once and answered in memory or as SQL.

`run` is the plain evaluator and the oracle of the others; `duckdb_sql` and `spark_sql` write
one query over typed columns. Source: https://sql-on-fhir.org/ig/latest/.
"""

from taihe.fhir.views.definition import Column, Select, View, read_view
from taihe.fhir.views.memory import prepared, run
from taihe.fhir.views.sql import AGAIN, STOP, Cells, Statement, duckdb_sql, lines_of, spark_sql

__all__ = [
    "AGAIN",
    "STOP",
    "Cells",
    "Column",
    "Select",
    "Statement",
    "View",
    "duckdb_sql",
    "lines_of",
    "prepared",
    "read_view",
    "run",
    "spark_sql",
]
