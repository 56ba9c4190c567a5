"""Reading resources from files (JSON, NDJSON, both also gzipped), and writing JSON exactly."""

from __future__ import annotations

import codecs
import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any

import orjson

from taihe.kernel.errors import Incorrect, Problem


@dataclass(frozen=True, slots=True)
class Read:
    """
    One resource of a file, or the problem that stands in its place; lines count from 1.

    `raw` is the text that the resource was read from.
    """

    file: str
    line: int
    resource: Any = None
    problem: Problem | None = None
    raw: bytes = b""


def _parse(raw: bytes, exact: bool) -> Any:
    if exact:
        return json.loads(raw, parse_float=Decimal)
    return orjson.loads(raw)


def read_resources(path: Path, *, exact: bool = False) -> Iterator[Read]:
    """
    The resources of a file, one at a time.

    `.ndjson` has one on each line, anything else is one JSON document; `.gz` is unpacked.
    `exact` keeps decimals as they are written. A line that is no JSON gives a problem and
    the rest goes on; a file that cannot be opened is refused.
    """
    name = path.name
    inner = name.removesuffix(".gz")
    try:
        with gzip.open(path, "rb") if name.endswith(".gz") else path.open("rb") as file:
            if not inner.endswith((".ndjson", ".jsonl")):
                yield _one(name, 1, file.read(), exact)
                return
            for line, raw in enumerate(file, 1):
                if raw.strip():
                    yield _one(name, line, raw, exact)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        problem = Problem(
            name,
            None,
            None,
            "structure",
            "The gzip file is damaged or cut short.",
            "Copy it again.",
        )
        yield Read(name, 0, None, problem)
    except OSError as error:
        raise Incorrect(f"{name} cannot be read: {error.strerror}.", "Check its path.") from None


def _one(name: str, line: int, raw: bytes, exact: bool) -> Read:
    raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        return Read(name, line, _parse(raw, exact), None, raw)
    except (ValueError, RecursionError) as error:
        at, column = getattr(error, "lineno", 1), getattr(error, "colno", None)
        said, do = "This is no JSON.", "Check quotes, commas and brackets at this place."
        first, _, rest = raw.strip().partition(b"\n")
        if not raw.strip():
            said, do = "The file is empty.", "Export it again."
        elif (bad := _not_utf8(raw)) is not None:
            at, column = bad
            said, do = "The text is not in UTF-8.", "Save it as UTF-8; it may be in GBK."
        elif rest and first.rstrip().endswith(b"}"):
            said = "This is more than one JSON document."
            do = "If it has one resource on each line, let its name end in .ndjson."
        where = None if column is None else str(column)
        return Read(name, line, None, Problem(name, line + at - 1, where, "structure", said, do))


def _not_utf8(raw: bytes) -> tuple[int, int] | None:
    """Line and column (in bytes) of what is not UTF-8."""
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        return before.count(b"\n") + 1, error.start - before.rfind(b"\n")
    return None


def to_json(value: Any) -> str:
    """JSON text in which a Decimal keeps the digits it was written with."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        inner = ",".join(f"{encode_basestring(str(k))}:{to_json(v)}" for k, v in value.items())
        return "{" + inner + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(to_json(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)
