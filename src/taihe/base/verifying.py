"""
Verifying: recomputing every chain of a site and naming what does not fit.

Found are a changed byte in a sealed row (the row is named), a missing or an inserted row, a
changed or missing seal, a cut tail (the heads file knows more than the database), a cut or
changed heads file (the database has more).
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path

from taihe.base import heads, store
from taihe.base.chain import GENESIS, MARK_BYTES, Chain, Connection, registered
from taihe.base.heads import HeadLine

Progress = Callable[[str, int], None]
Found = Callable[[int | None, str], None]
BEFORE_ALL = -(2**63)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong; `seq` is the number of the row, or of the last row of a seal."""

    chain: str
    seq: int | None
    problem: str

    def __str__(self) -> str:
        where = f"{self.chain} {self.seq}" if self.seq is not None else self.chain
        return f"{where}: {self.problem}"

    def as_json(self) -> dict[str, str | int | None]:
        """The form of `findings` in `taihe verify --json`."""
        return {"chain": self.chain, "seq": self.seq, "problem": self.problem}


@dataclass
class ChainState:
    """What was verified of one chain: rows that are sealed, rows that are not yet."""

    name: str
    sealed: int = 0
    unsealed: int = 0
    blocks: int = 0
    head: str = ""


@dataclass
class Report:
    """The result of a verification."""

    findings: list[Finding] = field(default_factory=list)
    chains: list[ChainState] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


@dataclass(frozen=True)
class _Seal:
    first: int
    last: int
    count: int
    total: int
    marks: bytes
    digest: bytes
    head: bytes
    at_us: int

    def __post_init__(self) -> None:
        for cell in (self.first, self.last, self.count, self.total, self.at_us):
            if not isinstance(cell, int):
                raise TypeError
        for cell in (self.marks, self.digest, self.head):
            if not isinstance(cell, bytes):
                raise TypeError

    def is_line(self, line: HeadLine) -> bool:
        """Whether a line of the heads file is this seal's."""
        ours = (self.total, self.head.hex(), self.at_us)
        return ours == (line.total, line.head, line.at_us)


def verify(
    folder: Path | None = None,
    *,
    chains: Sequence[Chain] | None = None,
    integrity: bool = True,
    progress: Progress | None = None,
) -> Report:
    """
    Recompute the chains of a site's folder (of this process's site without one).

    `integrity` also has the databases check their own pages. `progress` is told the chain
    and the number of rows done.
    """
    from django.conf import settings

    where = folder or Path(settings.TAIHE_FOLDER)
    known = tuple(chains) if chains is not None else registered()
    report = Report()

    def open_alias(alias: str) -> Connection:
        path = store.path_of(alias)
        if folder is not None and not path.startswith("file:"):
            path = str(where / Path(path).name)
        return store.connect_to_read(path)

    # Lines are written after their seals: every line read now has its seal in the database
    # that is read next.
    earlier = _read_heads(heads.path_of(folder))
    for line in earlier:
        if not isinstance(line, HeadLine):
            report.findings.append(Finding("heads.log", line, "this line was changed or cut"))
    names = {chain.name for chain in known}
    for name in {line.chain for line in earlier if isinstance(line, HeadLine)} - names:
        report.findings.append(Finding(name, None, "the heads file names a chain nobody knows"))
    checked: set[str] = set()
    for chain in known:
        try:
            with closing(open_alias("default")) as seals, closing(open_alias(chain.alias)) as rows:
                if integrity and chain.alias not in checked:
                    checked.add(chain.alias)
                    report.findings.extend(_integrity(chain.alias, rows))
                _verify_chain(chain, rows, seals, earlier, folder, report, progress)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            # A damaged schema makes messages that are no text either.
            problem = f"the database cannot be read ({type(error).__name__})"
            report.findings.append(Finding(chain.name, None, problem))
    return report


def _read_heads(path: Path) -> list[HeadLine | int]:
    return list(heads.read(path.read_bytes())) if path.exists() else []


def _integrity(alias: str, connection: Connection) -> Iterator[Finding]:
    for (answer,) in connection.execute("PRAGMA integrity_check(20)"):
        if answer != "ok":
            yield Finding(f"database {alias}", None, f"its pages are damaged: {answer[:120]}")


def _verify_chain(
    chain: Chain,
    rows: Connection,
    seals: Connection,
    earlier: list[HeadLine | int],
    folder: Path | None,
    report: Report,
    progress: Progress | None,
) -> None:
    state = ChainState(chain.name)
    report.chains.append(state)

    def found(seq: int | None, problem: str) -> None:
        report.findings.append(Finding(chain.name, seq, problem))

    stored = list(_seals(chain, seals, found))
    rows.execute("BEGIN")
    try:
        head, last, total = GENESIS, BEFORE_ALL, 0
        for seal in stored:
            digests = _digests(chain, rows, last, seal.last)
            total += seal.count
            _compare(seal, digests, total, found)
            if seal.head != hashlib.sha256(head + seal.digest).digest():
                found(seal.last, "the seal ending here does not follow from the seal before")
            head, last = seal.head, seal.last
            state.sealed += len(digests)
            state.blocks += 1
            if progress:
                progress(chain.name, state.sealed)
        state.head = head.hex() if stored else ""
        state.unsealed = sum(1 for _ in chain.rows(rows, last, None))
        ours = [line for line in earlier if isinstance(line, HeadLine) and line.chain == chain.name]
        _compare_heads(stored, ours, chain, folder, found)
        if chain.check and stored:
            for seq, problem in chain.check(rows, last):
                found(seq, problem)
    finally:
        rows.execute("ROLLBACK")


def _seals(chain: Chain, connection: Connection, found: Found) -> Iterator[_Seal]:
    rows = connection.execute(
        "SELECT first_seq, last_seq, count, total, marks, digest, head, at_us"
        " FROM base_seal WHERE chain = ? ORDER BY last_seq",
        (chain.name,),
    )
    for row in rows:
        try:
            yield _Seal(*row)
        except TypeError:
            found(None, "a seal holds a value of another type: it was changed")


def _digests(chain: Chain, rows: Connection, after: int, upto: int) -> list[tuple[int, bytes]]:
    sha256 = hashlib.sha256
    try:
        return [(seq, sha256(written).digest()) for seq, written in chain.rows(rows, after, upto)]
    except sqlite3.OperationalError as error:
        if "decode" not in str(error):
            raise
        # A text that is not UTF-8 was not written by us: read on, so that its row is named.
        strict = rows.text_factory
        rows.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        try:
            found = chain.rows(rows, after, upto)
            return [(seq, sha256(written).digest()) for seq, written in found]
        finally:
            rows.text_factory = strict


def _compare(seal: _Seal, digests: list[tuple[int, bytes]], total: int, found: Found) -> None:
    """Hold the rows of a block against its seal, and name the row that differs."""
    if seal.total != total:
        found(seal.last, "the number of rows in the seal ending here was changed")
    digest = hashlib.sha256(b"".join([each for _, each in digests])).digest()
    if digest == seal.digest:
        marks = b"".join([each[:MARK_BYTES] for _, each in digests])
        if marks != seal.marks or len(digests) != seal.count:
            found(seal.last, "the seal ending here was changed; its rows are as they were sealed")
        elif (digests[0][0], digests[-1][0]) != (seal.first, seal.last):
            found(seal.last, "the range of the seal ending here was changed")
        return
    named = list(_differences(seal, digests))
    for seq, problem in named:
        found(seq, problem)
    if not named:
        found(seal.last, "the digest of the seal ending here was changed")


def _differences(seal: _Seal, digests: list[tuple[int, bytes]]) -> Iterator[tuple[int | None, str]]:
    starts = range(0, len(seal.marks), MARK_BYTES)
    sealed = [seal.marks[start : start + MARK_BYTES] for start in starts]
    now = [each[:MARK_BYTES] for _, each in digests]
    if len(sealed) == seal.last - seal.first + 1:
        # The usual case: numbers without gaps, so every mark belongs to a known number.
        by_number = dict(zip((seq for seq, _ in digests), now, strict=True))
        for seq, mark in enumerate(sealed, start=seal.first):
            if seq not in by_number:
                yield seq, "this sealed row is missing"
            elif by_number[seq] != mark:
                yield seq, "this row was changed after it was sealed"
        for seq in by_number:
            if not seal.first <= seq <= seal.last:
                yield seq, "this row was inserted after its neighbours were sealed"
        return
    start, end_sealed, end_now = 0, len(sealed), len(now)
    while start < min(end_sealed, end_now) and sealed[start] == now[start]:
        start += 1
    while min(end_sealed, end_now) > start and sealed[end_sealed - 1] == now[end_now - 1]:
        end_sealed, end_now = end_sealed - 1, end_now - 1
    match = SequenceMatcher(None, sealed[start:end_sealed], now[start:end_now], autojunk=False)
    for kind, a, b, c, d in match.get_opcodes():
        if kind == "equal":
            continue
        for offset in range(start + c, start + d):
            yield digests[offset][0], "this row was changed or inserted after it was sealed"
        if b - a > d - c:
            near = digests[min(start + c, len(digests) - 1)][0] if digests else None
            yield near, f"{b - a - (d - c)} sealed row(s) are missing near this number"


def _compare_heads(
    stored: list[_Seal], lines: list[HeadLine], chain: Chain, folder: Path | None, found: Found
) -> None:
    """Seals and lines of heads.log belong to each other one to one, in the same order."""
    seals = {seal.total: seal for seal in stored}
    last_total = stored[-1].total if stored else 0
    for line in lines:
        seal = seals.get(line.total)
        if seal is not None and seal.is_line(line):
            continue
        if line.total > last_total:
            found(
                None,
                f"the tail is cut: line {line.number} of heads.log counts {line.total} rows, "
                f"the database {last_total}",
            )
        else:
            found(None, f"line {line.number} of heads.log fits no seal in the database")
    totals = [line.total for line in lines]
    if totals != sorted(set(totals)):
        found(None, "the lines of heads.log are not in the order in which they were written")
    for seal in _without_line(stored, chain, folder):
        found(seal.last, "heads.log has no line for the seal ending here: the file was cut")


def _without_line(stored: list[_Seal], chain: Chain, folder: Path | None) -> list[_Seal]:
    """Seals without a line; a sealer that is between the two is waited for."""
    path = heads.path_of(folder)
    deadline = time.monotonic() + 3
    while True:
        waiting = heads.is_held(path)
        lines = {
            (line.total, line.head, line.at_us)
            for line in _read_heads(path)
            if isinstance(line, HeadLine) and line.chain == chain.name
        }
        missing = [
            seal for seal in stored if (seal.total, seal.head.hex(), seal.at_us) not in lines
        ]
        newest_only = missing == stored[-1:] and bool(stored)
        if not (newest_only and waiting and time.monotonic() < deadline):
            return missing
        time.sleep(0.05)
