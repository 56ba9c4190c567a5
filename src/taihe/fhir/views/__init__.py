"""
SQL-on-FHIR views (v2): a ViewDefinition is read once and answered in memory or as SQL.

`run` is the plain evaluator and the oracle of the others; `duckdb_sql` writes one query for
DuckDB over typed columns. Source: https://sql-on-fhir.org/ig/latest/.
"""

from taihe.fhir.views.definition import Column, Select, View, read_view
from taihe.fhir.views.duckdb_sql import Statement, duckdb_sql
from taihe.fhir.views.memory import run

__all__ = ["Column", "Select", "Statement", "View", "duckdb_sql", "read_view", "run"]
