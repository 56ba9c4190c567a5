"""
Files to load: which there are, in which order, and their lines in bounded memory.

A gz that is cut short gives every whole line before the cut, and then says so.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from taihe.kernel.errors import Incorrect

Form = Literal["ndjson", "json", "table", "other"]
PIECE_BYTES = 1 << 20
LONGEST_LINE_BYTES = 16 << 20
# Whom others refer to comes first.
_FIRST = ("Patient", "Person", "RelatedPerson", "Organization", "Practitioner", "Location")


class CutShort(Exception):
    """The compressed file ends before its end, or is damaged from here on."""


@dataclass(frozen=True)
class Line:
    """One line of a file; `raw` is None where it was longer than what is taken."""

    number: int
    raw: bytes | None


def form_of(path: Path) -> Form:
    """What a file holds by its name."""
    name = path.name.lower().removesuffix(".gz")
    if name.endswith((".ndjson", ".jsonl")):
        return "ndjson"
    if name.endswith(".json"):
        return "json"
    if name.endswith((".csv", ".parquet")):
        return "table"
    return "other"


def stem_of(path: Path) -> str:
    """The name without its endings: `Patient` of Patient.ndjson.gz."""
    return path.name.removesuffix(".gz").rpartition(".")[0] or path.name


def collect(paths: Sequence[Path], *, recursive: bool) -> list[Path]:
    """
    The files that are named or lie in a named folder, each once.

    Sub-folders only with `recursive`. Raises `Incorrect` for a path that is not there.
    """
    found: dict[Path, None] = {}
    for path in paths:
        try:
            if path.is_dir():
                inside = path.rglob("*") if recursive else path.iterdir()
                found.update(dict.fromkeys(sorted(p for p in inside if p.is_file())))
            elif path.exists():
                found[path] = None
            else:
                raise Incorrect(f"{path} is not there.", "Check the path.")
        except PermissionError:
            raise Incorrect(f"{path} cannot be read.", "Change its permissions.") from None
    return list(found)


def order(path: Path) -> tuple[int, int, str]:
    """The order of loading: NDJSON, then Bundles, then tables; Patients first."""
    form = form_of(path)
    stem = stem_of(path).partition(".")[0].partition("-")[0]
    first = _FIRST.index(stem) if stem in _FIRST else len(_FIRST)
    return ("ndjson", "json", "table", "other").index(form), first, path.name


def pieces(path: Path, done: Callable[[int], None]) -> Iterator[bytes]:
    """
    The content of a file, decompressed, in pieces of at most a megabyte.

    `done` is told how many bytes of the file itself were read. Raises `CutShort`.
    """
    with path.open("rb") as file:
        if not path.name.endswith(".gz"):
            while piece := file.read(PIECE_BYTES):
                done(len(piece))
                yield piece
            return
        engine = zlib.decompressobj(31)
        fresh = True
        while raw := file.read(PIECE_BYTES):
            done(len(raw))
            while raw:
                try:
                    plain = engine.decompress(raw, PIECE_BYTES)
                except zlib.error:
                    raise CutShort from None
                fresh = False
                if plain:
                    yield plain
                raw = engine.unconsumed_tail
                if engine.eof:
                    raw = engine.unused_data.lstrip(b"\0")
                    engine, fresh = zlib.decompressobj(31), True
        if not fresh:
            while rest := engine.decompress(engine.unconsumed_tail, PIECE_BYTES):
                yield rest
            if not engine.eof:
                raise CutShort


def lines(path: Path, done: Callable[[int], None]) -> Iterator[Line]:
    """
    The lines of a file without their ends, in bounded memory; empty ones are left out.

    Raises `CutShort` after the last whole line of a file that is cut short.
    """
    number, parts, size, too_long = 1, [], 0, False
    kept: list[bytes] = parts
    for piece in pieces(path, done):
        if number == 1 and not size and piece.startswith(b"\xef\xbb\xbf"):
            piece = piece[3:]
        start = 0
        while True:
            end = piece.find(b"\n", start)
            part = piece[start:] if end < 0 else piece[start:end]
            size += len(part)
            if size > LONGEST_LINE_BYTES:
                too_long, kept = True, []
            elif part:
                kept.append(part)
            if end < 0:
                break
            if too_long:
                yield Line(number, None)
            elif raw := b"".join(kept).strip():
                yield Line(number, raw)
            number, kept, size, too_long = number + 1, [], 0, False
            start = end + 1
    if too_long:
        yield Line(number, None)
    elif raw := b"".join(kept).strip():
        yield Line(number, raw)


def whole(path: Path, done: Callable[[int], None], *, largest: int) -> bytes:
    """The content of a file that is read at once; raises `Incorrect` when it is too large."""
    found, size = [], 0
    for piece in pieces(path, done):
        size += len(piece)
        if size > largest:
            raise Incorrect(
                f"The file holds more than {largest >> 20} MB of JSON.",
                "Write NDJSON instead: one resource per line.",
            )
        found.append(piece)
    return b"".join(found).removeprefix(b"\xef\xbb\xbf").strip()
