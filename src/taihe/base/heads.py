"""
The heads file, `chain/heads.log`: count and head of every chain after every seal.

One JSON line per seal, only ever appended. It lies outside of every database, so that whoever
shortens a database has to shorten this file too; copies of it may be kept elsewhere.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import mmap
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "chain/heads.log"


@dataclass(frozen=True)
class HeadLine:
    """
    One line: the chain had `total` rows and this head (hexadecimal) at that microsecond.

    `number` counts lines from 1 where the whole file was read.
    """

    number: int
    chain: str
    total: int
    head: str
    at_us: int


def path_of(folder: Path | None = None) -> Path:
    """The heads file of a site's folder, of this process's site without one."""
    from django.conf import settings

    return (folder or Path(settings.TAIHE_FOLDER)) / NAME


def line(chain: str, total: int, head: bytes, at_us: int) -> bytes:
    """A line as it is written; `check` covers the line itself."""
    facts: dict[str, Any] = {"chain": chain, "count": total, "head": head.hex(), "at": at_us}
    return _written({**facts, "check": _check(facts)}) + b"\n"


def read(raw: bytes) -> Iterator[HeadLine | int]:
    """The lines in order; a line that cannot be right is yielded as its number."""
    for number, text in enumerate(raw.split(b"\n"), start=1):
        if not text:
            continue
        try:
            facts = json.loads(text)
            whole = _written(facts)
            check = facts.pop("check")
            if whole != text or check != _check(facts):
                raise ValueError("changed")
            yield HeadLine(number, facts["chain"], facts["count"], facts["head"], facts["at"])
        except (ValueError, KeyError, TypeError, AttributeError):
            yield number


def newest(path: Path, chains: Iterable[str]) -> dict[str, HeadLine]:
    """The last line of each chain, where it can be read; the file is searched from its end."""
    found: dict[str, HeadLine] = {}
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return found
    if not size:
        return found
    with path.open("rb") as file, mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as raw:
        for chain in chains:
            start = raw.rfind(b'{"chain":' + json.dumps(chain).encode() + b",")
            if start < 0:
                continue
            end = raw.find(b"\n", start)
            for one in read(raw[start : end if end >= 0 else size]):
                if isinstance(one, HeadLine):
                    found[chain] = one
    return found


def append(file: int, text: bytes) -> None:
    """Append a line durably; what a full disk cut short is taken back."""
    size = os.fstat(file).st_size
    try:
        if os.write(file, text) != len(text):
            raise OSError("short write")
        os.fsync(file)
    except OSError:
        os.ftruncate(file, size)
        raise


def is_held(path: Path) -> bool:
    """Whether a sealer is at work on this file now."""
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


@contextmanager
def paused(path: Path) -> Iterator[None]:
    """
    No sealing meanwhile, in any process: databases and heads file can be copied together.

    Waits until a pass that is running has ended.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path.with_suffix(".pause"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


@contextmanager
def unless_paused(path: Path) -> Iterator[bool]:
    """Whether sealing may go on; a pause that is asked for waits until the end of this."""
    file = os.open(path.with_suffix(".pause"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(file)


def _written(facts: dict[str, Any]) -> bytes:
    return json.dumps(facts, separators=(",", ":")).encode()


def _check(facts: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:12]
