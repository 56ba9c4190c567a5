"""Looks for texts in every file of a folder, in whatever wrapping they may hide."""

from __future__ import annotations

import base64
import contextlib
import re
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path


def wrappings(raw: bytes) -> Iterator[bytes]:
    """The bytes, and what lies inside base64, gzip and zlib in them."""
    yield raw
    yield raw.replace(b"\0", b"")
    for match in re.finditer(rb"[A-Za-z0-9+/_-]{16,}={0,2}", raw):
        text = match.group().translate(bytes.maketrans(b"-_", b"+/"))
        for shift in range(4):
            piece = text[shift:]
            yield base64.b64decode(piece[: len(piece) // 4 * 4], validate=False)
    for magic in (b"\x1f\x8b\x08", b"\x78\x01", b"\x78\x9c", b"\x78\xda"):
        start = raw.find(magic)
        while start >= 0:
            with contextlib.suppress(zlib.error):
                yield zlib.decompressobj(47).decompress(raw[start:], 1 << 24)
            start = raw.find(magic, start + 1)


def leaks(folder: Path, secrets: Collection[str]) -> list[str]:
    """The names of files that hold one of the texts."""
    wanted = re.compile(b"|".join(re.escape(secret.encode()) for secret in secrets))
    return [
        path.name
        for path in sorted(p for p in folder.rglob("*") if p.is_file())
        if any(wanted.search(inside) for inside in wrappings(path.read_bytes()))
    ]
