"""
search-type, https://hl7.org/fhir/R4/search.html: GET [base]/[type]?…, POST [base]/[type]/_search.

A next link carries the query and the position encrypted, so that no value of a patient
stands in an address that Taihe made.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from decimal import Decimal
from math import isinf
from typing import Any
from urllib.parse import urlencode

import orjson

from taihe.fhir.search import Query, parse
from taihe.fhir.search.subset import is_subset, subset
from taihe.kernel.errors import Incorrect
from taihe.record.answers import FHIR_JSON, Answer, Call
from taihe.record.includes import Included
from taihe.record.queries import Position, compile_search, row_key
from taihe.record.terms import terms_of

Pairs = list[tuple[str, str]]


def search(call: Call, type: str, pairs: Pairs) -> Answer:
    """The matching resources that this reader may know of, as a searchset Bundle."""
    call.grant.require(type, "s")
    position, pairs = _resume(call, type, pairs)
    query = parse(type, pairs, terms=terms_of(call.store))
    reader = call.store.database.reader()
    visible, may_search = call.visible(), _may_search(call)
    statement = compile_search(
        reader, call.store.keys, query, visible, position, may_search=may_search
    )
    counts_only = query.summary == "count" or query.count == 0
    total = None
    if counts_only or query.total == "accurate":
        total = reader.execute(statement.count, statement.count_parameters).fetchone()[0]
    rows: list[Any] = []
    if not counts_only:
        rows = reader.execute(statement.page, statement.page_parameters).fetchall()
    more = len(rows) > statement.limit
    rows = rows[: statement.limit]
    included: dict[tuple[str, str], Any] = {}
    if query.includes and rows:
        included = Included(call.store, reader, visible, may_search).find(query, rows)
    # Everybody whose resource leaves is named, the included too.
    call.note("search", [row[4] for row in (*rows, *included.values())])
    links = [{"relation": "self", "url": _self_link(call, type, pairs)}]
    if more:
        newest = position.newest if position else _newest(call)
        links.append(
            {
                "relation": "next",
                "url": _next_link(call, type, pairs, row_key(query, rows[-1]), newest),
            }
        )
    body = _bundle(call, query, rows, included, total, links)
    return Answer(200, body, [("Content-Type", FHIR_JSON)])


def _may_search(call: Call) -> Callable[[str], bool]:
    """Whether the token covers search of a type: chains and includes reach no further."""
    return lambda type: call.grant.allows(type, "s")


def _bundle(
    call: Call,
    query: Query,
    rows: list[Any],
    included: dict[tuple[str, str], Any],
    total: int | None,
    links: list[dict[str, str]],
) -> bytes:
    partial = is_subset(query)
    entries = [_entry(call, query.type, row, b"match", query if partial else None) for row in rows]
    entries += [_entry(call, kind, row, b"include", None) for (kind, _), row in included.items()]
    head = [b'{"resourceType":"Bundle","type":"searchset"']
    if total is not None:
        head.append(b'"total":%d' % total)
    head.append(b'"link":' + orjson.dumps(links))
    if entries:
        head.append(b'"entry":[' + b",".join(entries) + b"]")
    return b",".join(head) + b"}"


def _entry(call: Call, kind: str, row: Any, mode: bytes, query: Query | None) -> bytes:
    body = row[6] if row[5] == 0 else call.store.unseal(row[5], row[6], row[0], row[2])
    if query is not None:
        whole = json.loads(body, parse_float=Decimal)
        body = orjson.dumps(subset(whole, query), default=_decimal)
    return b'{"fullUrl":"%b/%b/%b","resource":%b,"search":{"mode":"%b"}}' % (
        call.base.encode(),
        kind.encode(),
        row[1].encode(),
        body,
        mode,
    )


def _decimal(value: Decimal) -> orjson.Fragment:
    """A decimal with the digits it was written with."""
    return orjson.Fragment(str(value))


def _self_link(call: Call, type: str, pairs: Pairs) -> str:
    return f"{call.base}/{type}" + (f"?{urlencode(pairs)}" if pairs else "")


def _next_link(call: Call, type: str, pairs: Pairs, key: Any, newest: int) -> str:
    if isinstance(key, tuple):
        # JSON has no infinity, which an open range is sorted by.
        key = [[str(k)] if isinstance(k, float) and isinf(k) else k for k in key]
    plain = orjson.dumps([type, pairs, key, newest])
    token = base64.urlsafe_b64encode(call.store.keys.seal_page(plain)).decode().rstrip("=")
    return f"{call.base}/{type}?_page={token}"


def _resume(call: Call, type: str, pairs: Pairs) -> tuple[Position | None, Pairs]:
    """The position and the pairs of a next link; the pairs as they are without one."""
    pages = [text for name, text in pairs if name == "_page"]
    if not pages:
        return None, pairs
    try:
        sealed = base64.urlsafe_b64decode(pages[0] + "=" * (-len(pages[0]) % 4))
    except ValueError:
        sealed = b""
    plain = call.store.keys.unseal_page(sealed)
    if plain is None:
        raise Incorrect("This page cannot be continued.", "Begin the search again.")
    of_type, original, key, newest = orjson.loads(plain)
    if of_type != type or len(pairs) > len(pages):
        raise Incorrect(
            "A next link carries its whole query.", "Follow it as it is, or begin again."
        )
    if isinstance(key, list):
        key = tuple(float(k[0]) if isinstance(k, list) else k for k in key)
    return Position(key, newest), [(name, text) for name, text in original]


def _newest(call: Call) -> int:
    row = call.store.database.reader().execute("SELECT max(rid) FROM record_resource").fetchone()
    return int(row[0] or 0)
