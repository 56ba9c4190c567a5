"""
search-type, https://hl7.org/fhir/R4/search.html: GET [base]/[type]?…, POST [base]/[type]/_search.

A next link carries the query and the position encrypted, so that no value of a patient
stands in an address that Taihe made.
"""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlencode

import orjson

from taihe.fhir.search import Query, parse
from taihe.kernel.errors import Incorrect
from taihe.record.answers import FHIR_JSON, Answer, Call
from taihe.record.queries import Position, compile_search

Pairs = list[tuple[str, str]]
_ORDER_COLUMN = {"": 0, "_id": 1, "_lastUpdated": 3}


def search(call: Call, type: str, pairs: Pairs) -> Answer:
    """The matching resources that this reader may know of, as a searchset Bundle."""
    call.grant.require(type, "s")
    position, pairs = _resume(call, type, pairs)
    query = parse(type, pairs)
    reader = call.store.database.reader()
    statement = compile_search(reader, call.store.keys, query, call.visible(), position)
    counts_only = query.summary == "count" or query.count == 0
    total = None
    if counts_only or query.total == "accurate":
        total = reader.execute(statement.count, statement.count_parameters).fetchone()[0]
    rows: list[Any] = []
    if not counts_only:
        rows = reader.execute(statement.page, statement.page_parameters).fetchall()
    more = len(rows) > statement.limit
    rows = rows[: statement.limit]
    call.note("search", [row[4] for row in rows])
    links = [{"relation": "self", "url": _self_link(call, type, pairs)}]
    if more:
        newest = position.newest if position else _newest(call)
        key = rows[-1][_ORDER_COLUMN[query.sort[0].parameter.code if query.sort else ""]]
        links.append({"relation": "next", "url": _next_link(call, type, pairs, key, newest)})
    return Answer(200, _bundle(call, query, rows, total, links), [("Content-Type", FHIR_JSON)])


def _bundle(
    call: Call,
    query: Query,
    rows: list[Any],
    total: int | None,
    links: list[dict[str, str]],
) -> bytes:
    unseal = call.store.unseal
    address = f'{{"fullUrl":"{call.base}/{query.type}/'.encode()
    tail = b',"search":{"mode":"match"}}'
    entries = [
        b'%b%b","resource":%b%b'
        % (
            address,
            row[1].encode(),
            row[6] if row[5] == 0 else unseal(row[5], row[6], row[0], row[2]),
            tail,
        )
        for row in rows
    ]
    head = [b'{"resourceType":"Bundle","type":"searchset"']
    if total is not None:
        head.append(b'"total":%d' % total)
    head.append(b'"link":' + orjson.dumps(links))
    if entries:
        head.append(b'"entry":[' + b",".join(entries) + b"]")
    return b",".join(head) + b"}"


def _self_link(call: Call, type: str, pairs: Pairs) -> str:
    return f"{call.base}/{type}" + (f"?{urlencode(pairs)}" if pairs else "")


def _next_link(call: Call, type: str, pairs: Pairs, key: int | str, newest: int) -> str:
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
    return Position(key, newest), [(name, text) for name, text in original]


def _newest(call: Call) -> int:
    row = call.store.database.reader().execute("SELECT max(rid) FROM record_resource").fetchone()
    return int(row[0] or 0)
