"""Reading resources from files (JSON, NDJSON, both also gzipped), and writing JSON exactly."""

from __future__ import annotations

import codecs
import gzip
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
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


_MOST_DIGITS = 10_000
_LONE = re.compile("[\ud800-\udfff]")


class _NotJson(ValueError):
    """A number that JSON does not have, or that nobody can reckon with."""


def _number(text: str) -> Decimal:
    number = Decimal(text) if len(text) <= _MOST_DIGITS else None
    if number is None or (number and abs(number.adjusted()) > _MOST_DIGITS):
        raise _NotJson
    return number


def _constant(text: str) -> Any:
    raise _NotJson  # NaN and Infinity


def _parse(raw: bytes, exact: bool) -> Any:
    if exact:
        try:
            return json.loads(raw, parse_float=_number, parse_constant=_constant)
        except InvalidOperation:
            raise _NotJson from None
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
                    yield _one(name, line, raw.rstrip(), exact)
    except gzip.BadGzipFile:
        said = "This is no gzip file, or it is damaged."
        do = "Copy it again, or leave .gz out of its name."
        yield Read(name, 0, None, Problem(name, None, None, "structure", said, do))
    except (EOFError, zlib.error):
        said = "The gzip file is damaged or cut short."
        yield Read(name, 0, None, Problem(name, None, None, "structure", said, "Copy it again."))
    except OSError as error:
        raise Incorrect(f"{name} cannot be read: {error.strerror}.", "Check its path.") from None


def _one(name: str, line: int, raw: bytes, exact: bool) -> Read:
    raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        return Read(name, line, _parse(raw, exact), None, raw)
    except (ValueError, RecursionError) as error:
        at, column = getattr(error, "lineno", 1), getattr(error, "colno", None)
        said, do = "This is no JSON.", "Check quotes, commas and brackets at this place."
        words = str(error)
        first, _, rest = raw.strip().partition(b"\n")
        if not raw.strip():
            said, do = "The file is empty.", "Export it again."
        elif (bad := _not_utf8(raw)) is not None:
            at, column = bad
            said, do = "The text is not in UTF-8.", "Save it as UTF-8; it may be in GBK."
        elif isinstance(error, RecursionError) or "depth limit" in words:
            said, do = "The JSON is nested too deep.", "FHIR needs no more than a hundred levels."
        elif (
            "digits" in words
            or "infinity when parsed" in words
            or (isinstance(error, _NotJson) and not _has_constant(raw))
        ):
            said, do = "A number has too many digits.", "Write it with fewer digits."
        elif isinstance(error, _NotJson):
            said, do = "NaN and Infinity are no JSON.", "Leave the element out."
        elif raw.strip() == b"{" and not rest:
            do = "In an .ndjson file each resource stands on one line."
        elif rest and first.rstrip().endswith(b"}"):
            said = "This is more than one JSON document."
            do = "If it has one resource on each line, let its name end in .ndjson."
        where = None if column is None else str(column)
        return Read(name, line, None, Problem(name, line + at - 1, where, "structure", said, do))


def _has_constant(raw: bytes) -> bool:
    return b"NaN" in raw or b"Infinity" in raw


def _not_utf8(raw: bytes) -> tuple[int, int] | None:
    """Line and column (in bytes) of what is not UTF-8."""
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        return before.count(b"\n") + 1, error.start - before.rfind(b"\n")
    return None


def to_json(value: Any) -> str:
    """
    JSON text in which a Decimal keeps the digits it was written with.

    Half a character that stands alone is written as an escape, since UTF-8 has no form of it.
    """
    text = _json(value)
    if text.isascii():
        return text
    return _LONE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _json(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        inner = ",".join(f"{encode_basestring(str(k))}:{_json(v)}" for k, v in value.items())
        return "{" + inner + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_json(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)
