"""
R4 search as a pure model: parameters, index rows of a resource, and parsed queries.

A store keeps the rows of `extract` and answers the conditions of `parse`; what a row or a
condition means is settled here, so that every store answers the same.
"""

from taihe.fhir.search.extract import extract, more_rows
from taihe.fhir.search.normalise import normalise
from taihe.fhir.search.parameters import (
    Parameter,
    base_types,
    parameter_by_number,
    parameters,
)
from taihe.fhir.search.plan import only_system
from taihe.fhir.search.query import (
    Chain,
    Condition,
    Criterion,
    Has,
    Include,
    Junction,
    Query,
    Sort,
    Value,
    Words,
    is_address,
)
from taihe.fhir.search.reading import parse, parse_types
from taihe.fhir.search.rows import EARLIEST, LATEST, IndexRow, implied_range, period_of
from taihe.fhir.search.terms import Terms

__all__ = [
    "EARLIEST",
    "LATEST",
    "Chain",
    "Condition",
    "Criterion",
    "Has",
    "Include",
    "IndexRow",
    "Junction",
    "Parameter",
    "Query",
    "Sort",
    "Terms",
    "Value",
    "Words",
    "base_types",
    "extract",
    "implied_range",
    "is_address",
    "more_rows",
    "normalise",
    "only_system",
    "parameter_by_number",
    "parameters",
    "parse",
    "parse_types",
    "period_of",
]
