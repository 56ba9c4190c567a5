"""The answer to a search as a Bundle: a page of matches, what they include, and the total."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol
from urllib.parse import urlencode

from taihe.fhir.search.query import Query
from taihe.fhir.search.subset import is_subset, subset
from taihe.kernel.errors import Incorrect

DEFAULT_COUNT = 50


class Searchable(Protocol):
    """What answers searches: `MemoryStore`, or `Plain`."""

    def search(self, query: Query) -> list[dict[str, Any]]:
        """Every match in its order."""

    def included(self, query: Query, matches: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """What the includes of a query add to these matches."""


def searchset(
    store: Searchable, query: Query, *, base: str = "", pairs: Iterable[tuple[str, str]] = ()
) -> dict[str, Any]:
    """
    The Bundle of type searchset that answers a query.

    `_count` matches stand on a page, 50 unless it is given; `_page` of the next link is the
    number of matches before it. `base` is the address that links and full addresses begin
    with; `pairs` are those that the query was read from, which the links repeat.
    `_summary=count` and `_count=0` give the total alone.
    Source: https://hl7.org/fhir/R4/search.html#return.
    """
    matches = store.search(query)
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset"}
    if query.total != "none" or query.summary == "count" or query.count == 0:
        bundle["total"] = len(matches)
    if query.summary == "count" or query.count == 0:
        return bundle
    start = _start(query)
    count = DEFAULT_COUNT if query.count is None else query.count
    page = matches[start : start + count]
    if start + count < len(matches):
        address = f"{base}/{query.type}" if base else query.type
        following = [(name, text) for name, text in pairs if name != "_page"]
        following.append(("_page", str(start + count)))
        bundle["link"] = [{"relation": "next", "url": f"{address}?{urlencode(following)}"}]
    shown = [subset(m, query) for m in page] if is_subset(query) else page
    entries = [_entry(one, "match", base) for one in shown]
    entries += [_entry(one, "include", base) for one in store.included(query, page)]
    if entries:
        bundle["entry"] = entries
    return bundle


def _start(query: Query) -> int:
    if query.page is None:
        return 0
    if not (query.page.isascii() and query.page.isdigit() and len(query.page) < 10):
        raise Incorrect("_page is no page of this search.", "Follow the next link as it is.")
    return int(query.page)


def _entry(resource: dict[str, Any], mode: str, base: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"resource": resource, "search": {"mode": mode}}
    if base:
        entry = {"fullUrl": f"{base}/{resource['resourceType']}/{resource['id']}", **entry}
    return entry
