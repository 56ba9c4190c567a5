"""
Search clauses as text tables: what is asked, and which resources are found.

Columns stand apart with a bar between spaces; a bar of a token has none. Every row is asked of
the index rows and of the plain evaluator.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest

from taihe.fhir.search import Terms, parse
from taihe.fhir.search.memory import MemoryStore
from taihe.fhir.search.plain import Plain
from taihe.kernel.errors import TaiheError

COLUMN = re.compile(r"\s+\|\s+")


def rows(table: str) -> list[list[str]]:
    """The rows of a table below its rule, as lists of columns."""
    lines = [line.strip() for line in table.strip().splitlines()]
    return [COLUMN.split(line) for line in lines[2:] if line]


def pairs_of(query: str) -> list[tuple[str, str]]:
    """The pairs of a query; only %26 and the like are decoded, as people write the rest."""
    found = []
    for pair in query.split("&"):
        name, _, text = pair.partition("=")
        found.append((unquote(name), unquote(text)))
    return found


def finds(resources: list[dict], table: str, *, terms: Terms | None = None) -> None:
    """
    Check every row `type | query | ids found`; "-" finds nothing, order counts with _sort.

    What is included is written behind "+".
    """
    memory, plain = MemoryStore(resources), Plain(resources)
    for type, query, wanted in rows(table):
        asked = parse(type, pairs_of(query), terms=terms)
        matches, _, added = wanted.partition("+")
        for store in (memory, plain):
            found = store.search(asked)
            own = [one["id"] for one in found]
            expected = [one for one in matches.split() if one != "-"]
            if not asked.sort:
                own, expected = sorted(own), sorted(expected)
            assert own == expected, (type, query, store)
            included = sorted(
                f"{r['resourceType']}/{r['id']}" for r in store.included(asked, found)
            )
            assert included == sorted(added.split()), (type, query, store)


def refuses(table: str, *, terms: Terms | None = None) -> None:
    """Check every row `type | query | kind of error | what it says`."""
    for type, query, kind, said in rows(table):
        with pytest.raises(TaiheError) as caught:
            parse(type, pairs_of(query), terms=terms)
        assert type_name(caught.value) == kind, (query, caught.value)
        assert said in str(caught.value), (query, str(caught.value))


def type_name(error: TaiheError) -> str:
    return type(error).__name__
