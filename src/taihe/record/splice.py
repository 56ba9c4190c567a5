"""
Editing a resource's bytes without writing it anew.

Only `id`, `meta.versionId` and `meta.lastUpdated` are ours (DESIGN 4.3); every other byte
stays as it was sent, so that 1.50 stays 1.50. `strip` takes the three out and keeps the places
where they go; the hash of what is left says whether an update changes anything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, NamedTuple

from taihe.kernel.errors import Incorrect

_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],]', re.DOTALL)
_HEAD = re.compile(
    rb'\s*\{\s*"resourceType"\s*:\s*"[A-Za-z]+"(\s*,\s*"id"\s*:\s*"[A-Za-z0-9\-.]{1,64}")?'
)
_META = re.compile(rb'"meta"\s*:\s*\{')


class Member(NamedTuple):
    """A member of a JSON object: its key, and where key and value stand."""

    key: str
    start: int
    value: int
    end: int


class Stripped(NamedTuple):
    """
    A body without id, versionId and lastUpdated, cut at the places where they go.

    `head` ends after resourceType, or after the opening brace where another member comes
    first (`leads` is then false). `middle` is None where there is no meta, else what stands
    between id and the inside of meta.
    """

    head: bytes
    middle: bytes | None
    tail: bytes
    leads: bool

    def digest(self) -> bytes:
        """16 bytes that change when anything but the three changes."""
        state = blake2b(self.head, digest_size=16)
        if self.middle is not None:
            state.update(self.middle)
        state.update(self.tail)
        return state.digest()

    def body(self, id: str, version: int, last_updated: str) -> bytes:
        """The resource with its id, versionId and lastUpdated."""
        stamp = b'"versionId":"%d","lastUpdated":"%b"' % (version, last_updated.encode())
        named = b'"id":"%b"' % id.encode()
        if self.middle is None:
            ours = b'%b,"meta":{%b}' % (named, stamp)
            return b"".join(
                (self.head, b",", ours, self.tail)
                if self.leads
                else (self.head, ours, b",", self.tail)
            )
        around = (b",", named) if self.leads else (named, b",")
        return b"".join((self.head, *around, self.middle, stamp, b",", self.tail))


def members(raw: bytes, start: int = 0) -> Iterator[Member]:
    """The members of the JSON object that begins at `start`; the bytes must be valid JSON."""
    depth, expect_key, key, key_at = 0, False, b"", 0
    for token in _TOKEN.finditer(raw, start):
        first = raw[token.start()]
        if first == 0x22:
            if depth == 1 and expect_key:
                key, key_at, expect_key = token.group(), token.start(), False
                value = _skip(raw, raw.index(b":", token.end()) + 1)
        elif first in b"{[":
            depth += 1
            if depth == 1:
                expect_key = True
        elif first == 0x2C:
            if depth == 1:
                yield Member(json.loads(key), key_at, value, _back(raw, token.start()))
                expect_key = True
        else:
            depth -= 1
            if depth == 0:
                if key and not expect_key:
                    yield Member(json.loads(key), key_at, value, _back(raw, token.start()))
                return


def items(raw: bytes, start: int) -> Iterator[tuple[int, int]]:
    """Start and end of each item of the JSON array that begins at `start`."""
    depth, begin, empty = 0, start + 1, True
    for token in _TOKEN.finditer(raw, start):
        first = raw[token.start()]
        if first in b"{[":
            depth += 1
            empty = empty and depth == 1
        elif first == 0x2C:
            if depth == 1:
                yield _skip(raw, begin), _back(raw, token.start())
                begin, empty = token.end(), False
        elif first != 0x22:
            depth -= 1
            if depth == 0:
                if raw[begin : token.start()].strip():
                    yield _skip(raw, begin), _back(raw, token.start())
                return


def strip(raw: bytes, resource: dict[str, Any]) -> Stripped:
    """Take id, meta.versionId and meta.lastUpdated out; `resource` is the same, parsed."""
    head = _HEAD.match(raw)
    if head is not None and b"\\u" not in raw:
        has_id = head.group(1) is not None
        meta = resource.get("meta")
        if has_id == ("id" in resource):
            head_end = head.start(1) if has_id else head.end()
            if meta is None and "meta" not in resource:
                return Stripped(raw[:head_end].lstrip(), None, raw[head.end() :].rstrip(), True)
            if (
                isinstance(meta, dict)
                and meta
                and "versionId" not in meta
                and "lastUpdated" not in meta
                and raw.count(b'"meta"') == 1
            ):
                place = _META.match(raw, raw.index(b'"meta"'))
                if place is not None:
                    inside = place.end()
                    return Stripped(
                        raw[:head_end].lstrip(),
                        raw[head.end() : inside],
                        raw[inside:].rstrip(),
                        True,
                    )
    return _strip_slowly(raw.strip())


def _strip_slowly(raw: bytes) -> Stripped:
    found = list(members(raw))
    raw, found = _without(raw, found, "id")
    meta = next((member for member in found if member.key == "meta"), None)
    if meta is not None:
        value = raw[meta.value : meta.end]
        if not value.startswith(b"{"):
            raise Incorrect("meta is not an object.", "Write meta as an object.")
        inner = list(members(value))
        for key in ("versionId", "lastUpdated"):
            value, inner = _without(value, inner, key)
        if inner:
            raw = raw[: meta.value] + value + raw[meta.end :]
        else:
            raw, found = _without(raw, found, "meta")
            meta = None
    first = next(members(raw))
    leads = first.key == "resourceType"
    head_end = first.end if leads else first.start
    if meta is None:
        return Stripped(raw[:head_end], None, raw[head_end:], leads)
    inside = next(member for member in members(raw) if member.key == "meta").value + 1
    return Stripped(raw[:head_end], raw[head_end:inside], raw[inside:], leads)


def _without(raw: bytes, found: list[Member], key: str) -> tuple[bytes, list[Member]]:
    """The object without a member, and its members again."""
    place = next((i for i, member in enumerate(found) if member.key == key), None)
    if place is None:
        return raw, found
    if place > 0:
        raw = raw[: found[place - 1].end] + raw[found[place].end :]
    elif len(found) > 1:
        raw = raw[: found[0].start] + raw[found[1].start :]
    else:
        raw = raw[: found[0].start] + raw[found[0].end :]
    return raw, list(members(raw))


def _skip(raw: bytes, at: int) -> int:
    while raw[at] in b" \t\r\n":
        at += 1
    return at


def _back(raw: bytes, at: int) -> int:
    while raw[at - 1] in b" \t\r\n":
        at -= 1
    return at
