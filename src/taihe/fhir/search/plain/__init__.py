"""
A slow evaluator of searches over plain resources: the oracle for any store.

It walks the tree of each search expression over the resource, item by item, and compares what
it finds by its own reading of https://hl7.org/fhir/R4/search.html. It shares the parsers and
the published tables with the rest of the library and nothing else: no plan, no compiled
extraction, no index row.
"""

from taihe.fhir.search.plain.found import found_by
from taihe.fhir.search.plain.resources import Plain
from taihe.fhir.search.plain.walk import Walk

__all__ = ["Plain", "Walk", "found_by"]
