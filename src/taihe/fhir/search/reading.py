"""Reading a search: query pairs become a typed query; what is unknown is refused with a hint."""

from __future__ import annotations

import re
from collections.abc import Iterable

from taihe.fhir import definitions
from taihe.fhir.search.conditions import criterion, suggestion
from taihe.fhir.search.query import Criterion, Include, Query, Sort
from taihe.fhir.search.results import choice, elements_of, include, sort_of
from taihe.kernel.errors import Incorrect, Unsupported


def parse(type: str, pairs: Iterable[tuple[str, str]]) -> Query:
    """
    Read the decoded pairs of a query string for one resource type.

    Raises Incorrect, with a suggestion, for an unknown parameter, modifier or a value that
    cannot be read, and Unsupported for what R4 has and Taihe does not answer.
    """
    if type not in definitions.resource_types():
        hint = suggestion(type, definitions.resource_types())
        raise Incorrect(f"{type} is no R4 resource type.", hint)
    conditions: list[Criterion] = []
    includes: list[Include] = []
    count: int | None = None
    page = total = summary = None
    sort: tuple[Sort, ...] = ()
    elements: tuple[str, ...] = ()
    for name, text in pairs:
        base = name.partition(":")[0]
        if base in ("_include", "_revinclude"):
            includes.append(include(type, name, text))
        elif name == "_count":
            if not re.fullmatch(r"\d{1,9}", text):
                raise Incorrect("_count is no whole number.", "Write digits, as in _count=50.")
            count = int(text)
        elif name == "_page":
            page = text
        elif name == "_sort":
            sort = sort_of(type, text)
        elif name == "_total":
            total = choice(name, text, ("none", "estimate", "accurate"))
        elif name == "_summary":
            summary = choice(name, text, ("true", "text", "data", "count", "false"))
        elif name == "_elements":
            elements = elements_of(type, text)
        elif name == "_format":
            if text not in (
                "json",
                "application/json",
                "application/fhir+json",
                "application/fhir json",
            ):
                raise Unsupported("Only JSON is answered.", "Use _format=json.")
        elif name == "_type":
            if text != type:
                raise Incorrect(
                    f"This address searches {type} only.", "Search [base]?_type=… for several."
                )
        elif name != "_pretty":
            conditions.append(criterion(type, name, text))
    return Query(
        type, tuple(conditions), count, page, sort, total, summary, elements, tuple(includes)
    )


def parse_types(pairs: Iterable[tuple[str, str]]) -> tuple[Query, ...]:
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
    return tuple(parse(type, rest) for type in types)
