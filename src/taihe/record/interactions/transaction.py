"""
transaction and batch, https://hl7.org/fhir/R4/http.html#transaction: POST [base].

A transaction is all or nothing, and its answer names the entry that was wrong; a batch
stores what is right. Everything is checked and indexed before the store is locked. Bodies
keep their bytes; only references that name another entry's urn are rewritten.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from taihe.kernel.errors import Incorrect, NotFound, TaiheError, Unsupported
from taihe.record import types
from taihe.record.answers import (
    FHIR_JSON,
    Answer,
    Call,
    outcome,
    refusal,
    time_text,
    version_of_etag,
)
from taihe.record.interactions.history import history
from taihe.record.interactions.read import read
from taihe.record.interactions.search import search
from taihe.record.interactions.update import exists
from taihe.record.interactions.vread import vread
from taihe.record.prepare import ID, Preparer, parse
from taihe.record.splice import items, members
from taihe.record.store import CREATE, DELETE, UPDATE, Stored, Write

LARGEST_BUNDLE_BYTES = 128 * 1024 * 1024
MOST_ENTRIES = 5000
_ORDER = {"DELETE": 0, "POST": 1, "PUT": 2, "GET": 3, "HEAD": 3}
# A urn in a reference or a uri; "value" is an identifier's own text and stays.
_URN = re.compile(rb'"([A-Za-z]+)"(\s*:\s*)"(urn:(?:uuid|oid):[^"\\]+)"')
_KEPT = frozenset({b"value", b"system", b"fullUrl"})


@dataclass
class Entry:
    """One entry of a Bundle: what it asks for, and its resource as it was sent."""

    index: int
    full_url: str
    method: str
    url: str
    type: str
    id: str
    if_match: str
    raw: bytes | None
    resource: dict[str, Any] | None


class EntryError(Exception):
    """The entry that makes a transaction fail, and why."""

    def __init__(self, index: int, error: TaiheError) -> None:
        super().__init__(index)
        self.index, self.error = index, error


def transaction(call: Call, preparer: Preparer) -> Answer:
    """Process a Bundle of type transaction or batch."""
    raw = call.body(LARGEST_BUNDLE_BYTES)
    bundle = parse(raw)
    kind = bundle.get("type")
    if bundle.get("resourceType") != "Bundle" or kind not in ("transaction", "batch"):
        raise Incorrect(
            "Only a Bundle of type transaction or batch can be sent here.",
            "Send a single resource to /fhir/TYPE.",
        )
    return (
        _transaction(call, preparer, raw, bundle)
        if kind == "transaction"
        else _batch(call, preparer, raw, bundle)
    )


def _transaction(call: Call, preparer: Preparer, raw: bytes, bundle: dict[str, Any]) -> Answer:
    try:
        entries = [
            entry if isinstance(entry, Entry) else _fail(index, entry)
            for index, entry in enumerate(read_entries(raw, bundle))
        ]
        urns = assign_ids(entries)
        writes: list[tuple[Entry, Write]] = []
        for entry in sorted(entries, key=lambda entry: _ORDER[entry.method]):
            if entry.method in ("GET", "HEAD"):
                continue
            try:
                _allow(call, entry)
                writes.append((entry, make_write(entry, preparer, urns)))
            except TaiheError as error:
                _fail(entry.index, error)
        _refuse_doubles(writes)
    except EntryError as failed:
        return refusal(failed.error, f"Bundle.entry[{failed.index}]")
    done: dict[int, Stored] = {}
    if writes:
        call.require_writer()
        try:
            stored = call.store.apply([write for _, write in writes], by=call.grant.reader.party)
        except NotFound as error:
            return refusal(error, "Bundle")
        done = {entry.index: one for (entry, _), one in zip(writes, stored, strict=True)}
    answers = [
        _stored_response(done[entry.index]) if entry.index in done else _get(call, entry)
        for entry in entries
    ]
    return _response("transaction-response", answers)


def _batch(call: Call, preparer: Preparer, raw: bytes, bundle: dict[str, Any]) -> Answer:
    answers = []
    for entry in read_entries(raw, bundle):
        if isinstance(entry, TaiheError):
            answers.append(_failed_response(entry))
            continue
        try:
            if entry.method in ("GET", "HEAD"):
                answers.append(_get(call, entry))
                continue
            assign_ids([entry])
            _allow(call, entry)
            call.require_writer()
            write = make_write(entry, preparer, {})
            stored = call.store.apply([write], by=call.grant.reader.party)[0]
            answers.append(_stored_response(stored))
        except TaiheError as error:
            answers.append(_failed_response(error))
    return _response("batch-response", answers)


def read_entries(raw: bytes, bundle: dict[str, Any]) -> list[Entry | TaiheError]:
    """
    The entries of a Bundle with their resources' bytes, or for each what is wrong with it.

    `bundle` is `raw`, parsed.
    """
    listed = bundle.get("entry", [])
    if not isinstance(listed, list):
        raise Incorrect("Bundle.entry is not a list.", "Write the entries as an array.")
    if len(listed) > MOST_ENTRIES:
        raise Incorrect(
            f"The Bundle has {len(listed)} entries, at most {MOST_ENTRIES} are taken at once.",
            "Split it, or use taihe load.",
        )
    place = next((m.value for m in members(raw) if m.key == "entry"), None) if listed else None
    slices = list(items(raw, place)) if place is not None else []
    return [
        _read_entry(index, entry, raw, start)
        for index, (entry, (start, _)) in enumerate(zip(listed, slices, strict=True))
    ]


def _read_entry(index: int, entry: Any, raw: bytes, start: int) -> Entry | TaiheError:
    if not isinstance(entry, dict):
        return Incorrect("The entry is not an object.", "Write each entry as an object.")
    request, resource = entry.get("request"), entry.get("resource")
    if not isinstance(request, dict):
        return Incorrect("The entry has no request.", "Give request.method and request.url.")
    method, url = request.get("method"), request.get("url")
    if method not in _ORDER or not isinstance(url, str):
        return Incorrect(
            "request.method or request.url is missing or not understood.",
            "Use GET, POST, PUT or DELETE and a relative address.",
        )
    if any(request.get(name) for name in ("ifNoneExist", "ifNoneMatch", "ifModifiedSince")):
        return Unsupported("Conditional requests are not supported.", "Leave the condition out.")
    slot = None
    if method in ("POST", "PUT"):
        if not isinstance(resource, dict):
            return Incorrect("The entry has no resource.", f"A {method} needs one.")
        slot = next((m for m in members(raw, start) if m.key == "resource"), None)
    path = urlsplit(url).path.strip("/")
    kind, _, id = path.partition("/")
    if method == "POST" and id:
        return Unsupported("Operations inside a Bundle are not supported.", "Call them alone.")
    if method != "GET":
        if kind not in types.NUMBER:
            return Incorrect("request.url names no resource type.", "Write Type or Type/id.")
        if method in ("PUT", "DELETE") and (not ID.fullmatch(id) or "?" in url):
            return Unsupported("Conditional update and delete are not supported.", "Use Type/id.")
        if isinstance(resource, dict) and resource.get("resourceType") != kind and slot:
            return Incorrect(
                "request.url and resourceType name different types.", "Write the same type."
            )
    full_url, if_match = entry.get("fullUrl"), request.get("ifMatch")
    return Entry(
        index,
        full_url if isinstance(full_url, str) else "",
        method,
        url,
        kind,
        id,
        if_match if isinstance(if_match, str) else "",
        raw[slot.value : slot.end] if slot else None,
        resource if slot else None,
    )


def assign_ids(entries: list[Entry], *, keep_uuids: bool = False) -> dict[str, str]:
    """
    Give new resources their ids; returns what each urn stands for.

    With `keep_uuids` a `urn:uuid` becomes the id, so that loading a file again finds what it
    stored before.
    """
    urns: dict[str, str] = {}
    for entry in entries:
        if entry.method == "POST":
            named = entry.full_url.removeprefix("urn:uuid:")
            kept = keep_uuids and named != entry.full_url and ID.fullmatch(named)
            entry.id = named if kept else str(uuid.uuid4())
        if entry.full_url.startswith("urn:") and entry.method in ("POST", "PUT"):
            if entry.full_url in urns:
                raise EntryError(
                    entry.index,
                    Incorrect("Two entries have the same fullUrl.", "Give each its own."),
                )
            urns[entry.full_url] = f"{entry.type}/{entry.id}"
    return urns


def make_write(entry: Entry, preparer: Preparer, urns: Mapping[str, str]) -> Write:
    """The change that an entry asks for, checked and indexed."""
    if_match = version_of_etag(entry.if_match)
    if entry.method == "DELETE":
        return Write(entry.type, entry.id, None, DELETE, if_match=if_match)
    assert entry.raw is not None
    raw, resource = resolve(entry.raw, entry.resource or {}, urns)
    if entry.method == "PUT" and resource.get("id") != entry.id:
        raise Incorrect(
            "The id in the resource is not the id in request.url.", "Write the same id in both."
        )
    prepared = preparer.prepare(raw, resource, id=entry.id, type=entry.type)
    method = CREATE if entry.method == "POST" else UPDATE
    return Write(entry.type, entry.id, prepared, method, if_match=if_match)


def resolve(
    raw: bytes, resource: dict[str, Any], urns: Mapping[str, str]
) -> tuple[bytes, dict[str, Any]]:
    """Rewrite references to other entries; raises for a urn that no entry has."""
    if b'"urn:' not in raw:
        return raw, resource
    changed = False

    def target(match: re.Match[bytes]) -> bytes:
        nonlocal changed
        key, colon, urn = match.groups()
        if key in _KEPT:
            return match.group()
        known = urns.get(urn.decode())
        if known is None:
            if key == b"reference" and urn.startswith(b"urn:uuid:"):
                raise Incorrect(
                    "A reference names a urn:uuid that is the fullUrl of no entry.",
                    "Add the entry, or refer to Type/id.",
                )
            return match.group()
        changed = True
        return b'"%b"%b"%b"' % (key, colon, known.encode())

    rewritten = _URN.sub(target, raw)
    return (rewritten, orjson.loads(rewritten)) if changed else (raw, resource)


def _allow(call: Call, entry: Entry) -> None:
    letter = {"POST": "c", "PUT": "u", "DELETE": "d"}[entry.method]
    call.grant.require(entry.type, letter)
    if entry.method in ("PUT", "DELETE"):
        there = exists(call, entry.type, entry.id)
        if entry.method == "PUT" and not there:
            call.grant.require(entry.type, "c")
        if entry.method == "DELETE" and not there:
            raise NotFound(f"There is no such {entry.type}.", "Check the type and the id.")


def _refuse_doubles(writes: list[tuple[Entry, Write]]) -> None:
    seen: set[tuple[str, str]] = set()
    for entry, write in writes:
        if (write.type, write.id) in seen:
            _fail(
                entry.index,
                Incorrect("The transaction changes a resource twice.", "Keep one of the entries."),
            )
        seen.add((write.type, write.id))


def _fail(index: int, error: Entry | TaiheError) -> Any:
    assert isinstance(error, TaiheError)
    raise EntryError(index, error)


def _get(call: Call, entry: Entry) -> bytes:
    """Answer a GET inside a Bundle."""
    parts = urlsplit(entry.url)
    steps = parts.path.strip("/").split("/")
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    try:
        if steps[0] not in types.NUMBER:
            raise Incorrect("request.url names no resource type.", "Write Type/id or Type?….")
        if len(steps) == 1:
            answer = search(call, steps[0], pairs)
        elif len(steps) == 2:
            answer = read(call, steps[0], steps[1])
        elif len(steps) == 3 and steps[2] == "_history":
            answer = history(call, steps[0], steps[1], pairs)
        elif len(steps) == 4 and steps[2] == "_history":
            answer = vread(call, steps[0], steps[1], steps[3])
        else:
            raise Unsupported("This address is not supported inside a Bundle.", "")
    except TaiheError as error:
        return _failed_response(error)
    return b'{"resource":%b,"response":{"status":"%d"}}' % (answer.body, answer.status)


def _stored_response(stored: Stored) -> bytes:
    status = "201" if stored.outcome == "new" else "200"
    return orjson.dumps(
        {
            "response": {
                "status": status,
                "location": f"{stored.type}/{stored.id}/_history/{stored.version}",
                "etag": f'W/"{stored.version}"',
                "lastModified": time_text(stored.at),
            }
        }
    )


def _failed_response(error: TaiheError) -> bytes:
    return orjson.dumps({"response": {"status": str(error.status), "outcome": outcome(error)}})


def _response(kind: str, answers: list[bytes]) -> Answer:
    body = b'{"resourceType":"Bundle","type":"%b","entry":[%b]}' % (
        kind.encode(),
        b",".join(answers),
    )
    return Answer(200, body, [("Content-Type", FHIR_JSON)])
