"""Reading a search: query pairs become a typed query; what is unknown is refused with a hint."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from taihe.fhir import definitions
from taihe.fhir.search.conditions import criterion, suggestion
from taihe.fhir.search.filters import read_filter
from taihe.fhir.search.query import Criterion, Query
from taihe.fhir.search.results import choice, elements_of, include, sort_of
from taihe.fhir.search.terms import Terms, shipped_terms
from taihe.kernel.errors import Incorrect, Unsupported

_JSON = ("json", "application/json", "application/fhir+json", "application/fhir json")
# Result parameters that a query gives once.
_ONCE = ("_count", "_sort", "_total", "_summary", "_elements")


def parse(type: str, pairs: Iterable[tuple[str, str]], *, terms: Terms | None = None) -> Query:
    """
    Read the decoded pairs of a query string for one resource type.

    `terms` are the code systems and value sets that `:in`, `:above` and `:below` may use; those
    that ship unless others are given. Raises Incorrect, with a suggestion, for an unknown
    parameter, modifier or a value that cannot be read, and Unsupported for what R4 has and
    Taihe does not answer. Source: https://hl7.org/fhir/R4/search.html.
    """
    if type not in definitions.resource_types():
        hint = suggestion(type, definitions.resource_types())
        raise Incorrect(f"{type} is no R4 resource type.", hint)
    known = shipped_terms() if terms is None else terms
    query = Query(type)
    conditions: list[Criterion] = []
    seen: set[str] = set()
    for name, text in pairs:
        if name in _ONCE:
            if name in seen:
                raise Incorrect(f"{name} is given twice.", "Give it once.")
            seen.add(name)
        base = name.partition(":")[0]
        if base in ("_include", "_revinclude"):
            query = replace(query, includes=(*query.includes, include(type, name, text)))
        elif name in _RESULT:
            query = _RESULT[name](query, text)
        elif name == "_filter":
            conditions.append(read_filter(type, text, known))
        else:
            conditions.append(criterion(type, name, text, known))
    return replace(query, conditions=tuple(conditions))


def _count(query: Query, text: str) -> Query:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise Incorrect("_count is no whole number.", "Write digits, as in _count=50.")
    return replace(query, count=int(text))


def _format(query: Query, text: str) -> Query:
    if text.partition(";")[0] not in _JSON:
        raise Unsupported("Only JSON is answered.", "Use _format=json.")
    return query


def _type(query: Query, text: str) -> Query:
    if text != query.type:
        raise Incorrect(
            f"This address searches {query.type} only.", "Search [base]?_type=… for several."
        )
    return query


def _contained(query: Query, text: str) -> Query:
    if choice("_contained", text, ("false", "true", "both")) != "false":
        raise Unsupported(
            "Contained resources are not found on their own.", "Search what contains them."
        )
    return query


def _contained_type(query: Query, text: str) -> Query:
    if choice("_containedType", text, ("container", "contained")) != "container":
        raise Unsupported(
            "Contained resources are not found on their own.", "Search what contains them."
        )
    return query


_RESULT = {
    "_count": _count,
    "_page": lambda query, text: replace(query, page=text),
    "_sort": lambda query, text: replace(query, sort=sort_of(query.type, text)),
    "_total": lambda query, text: replace(
        query, total=choice("_total", text, ("none", "estimate", "accurate"))
    ),
    "_summary": lambda query, text: replace(
        query, summary=choice("_summary", text, ("true", "text", "data", "count", "false"))
    ),
    "_elements": lambda query, text: replace(query, elements=elements_of(query.type, text)),
    "_format": _format,
    "_pretty": lambda query, text: query,
    "_type": _type,
    "_contained": _contained,
    "_containedType": _contained_type,
}


def parse_types(
    pairs: Iterable[tuple[str, str]], *, terms: Terms | None = None
) -> tuple[Query, ...]:
    """
    Read a search over several types, `GET [base]?_type=Patient,Observation&…`: a query of each.

    Only parameters that every named type has can be used, as R4 says.
    """
    pairs = list(pairs)
    named = [text for name, text in pairs if name == "_type"]
    if not named:
        raise Incorrect("A search over all types needs _type.", "Write _type=Patient,Observation.")
    types = dict.fromkeys(part for text in named for part in text.split(","))
    rest = [(name, text) for name, text in pairs if name != "_type"]
    return tuple(parse(type, rest, terms=terms) for type in types)
