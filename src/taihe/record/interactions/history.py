"""
history-instance, https://hl7.org/fhir/R4/http.html#history: GET [base]/[type]/[id]/_history.

Newest first; `_count`, `_since` and a next link.
"""

from __future__ import annotations

import re

import orjson

from taihe.fhir.search import period_of
from taihe.kernel.errors import Incorrect
from taihe.record import types
from taihe.record.answers import FHIR_JSON, Answer, Call, not_here, time_text
from taihe.record.store import METHOD

DEFAULT_COUNT = 50
MOST_PER_PAGE = 1000


def history(call: Call, type: str, id: str, pairs: list[tuple[str, str]]) -> Answer:
    """The versions of one resource as a history Bundle."""
    call.grant.require(type, "r")
    count, since, before = _arguments(pairs)
    predicate = call.visible()
    reader = call.store.database.reader()
    row = reader.execute(
        f"SELECT r.rid, r.person, r.version, ({predicate.sql}) FROM record_resource r"
        " WHERE r.type = ? AND r.id = ?",
        (*predicate.parameters, types.NUMBER[type], id),
    ).fetchone()
    if row is None:
        not_here(type)
    rid, person, total, allowed = row
    call.note("history", (person,), refused=not allowed)
    if not allowed:
        not_here(type)
    rows = reader.execute(
        "SELECT version, at, method, sealed, body FROM record_version"
        " WHERE rid = ? AND version < ? AND at >= ? ORDER BY version DESC LIMIT ?",
        (rid, before, since, count + 1),
    ).fetchall()
    more = len(rows) > count
    rows = rows[:count]
    address = f"{call.base}/{type}/{id}"
    links = [{"relation": "self", "url": f"{address}/_history"}]
    if more:
        links.append(
            {
                "relation": "next",
                "url": f"{address}/_history?_count={count}&_page={rows[-1][0]}"
                + (f"&_since={_since_text(pairs)}" if since else ""),
            }
        )
    entries = []
    for version, at, method, sealing, body in rows:
        resource = (
            b""
            if body is None
            else b',"resource":' + call.store.unseal(sealing, body, rid, version)
        )
        target = type if method == 1 else f"{type}/{id}"
        status = {1: "201", 2: "200", 3: "204"}[method]
        facts = orjson.dumps(
            {
                "request": {"method": METHOD[method], "url": target},
                "response": {
                    "status": status,
                    "etag": f'W/"{version}"',
                    "lastModified": time_text(at),
                },
            }
        )
        full = orjson.dumps(address)
        entries.append(b'{"fullUrl":' + full + resource + b"," + facts[1:])
    head = b'{"resourceType":"Bundle","type":"history","total":%d,"link":%b' % (
        total,
        orjson.dumps(links),
    )
    tail = b',"entry":[' + b",".join(entries) + b"]}" if entries else b"}"
    return Answer(200, head + tail, [("Content-Type", FHIR_JSON)])


def _since_text(pairs: list[tuple[str, str]]) -> str:
    from urllib.parse import quote

    return quote(next(text for name, text in pairs if name == "_since"))


def _arguments(pairs: list[tuple[str, str]]) -> tuple[int, int, int]:
    count, since, before = DEFAULT_COUNT, 0, 2**62
    for name, text in pairs:
        if name == "_count" and re.fullmatch(r"\d{1,6}", text):
            count = max(1, min(int(text), MOST_PER_PAGE))
        elif name == "_since" and (span := period_of(text.replace(" ", "+"))) is not None:
            since = span[0]
        elif name == "_page" and re.fullmatch(r"\d{1,15}", text):
            before = int(text)
        elif name not in ("_format", "_pretty"):
            raise Incorrect(
                f"History has no parameter {name}, or its value cannot be read.",
                "Use _count and _since.",
            )
    return count, since, before
