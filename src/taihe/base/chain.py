"""
Sealed chains: rows in commit order, bound together so that no change stays unseen.

A *chain* is a sequence of rows with ascending numbers (trail, accesses, record versions).
The sealer takes the rows that are committed and not yet sealed, at most a second later, and
writes one seal per block; count and head also go to `chain/heads.log`, outside of every
database, so that a cut tail is found too. What is not yet sealed is excepted.

Order of commit: SQLite has one writer, so a lower number is never committed after a higher
one. On PostgreSQL numbers of a chain must be given in commit order (a short lock around
`nextval` and commit) before it may be registered here.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from time import monotonic, time_ns
from typing import Any

import orjson

from taihe.base import store

Connection = sqlite3.Connection
RowsOf = Callable[[Connection, int, int | None], Iterator[tuple[int, bytes]]]
Check = Callable[[Connection, int], Iterator[tuple[int, str]]]

MARK_BYTES = 8
MOST_ROWS_PER_SEAL = 20_000
GENESIS = bytes(32)
HEADS = "chain/heads.log"
log = logging.getLogger("taihe.base.chain")


@dataclass(frozen=True)
class Chain:
    """
    A named sequence of rows to be sealed.

    `rows(connection, after, upto)` yields `(number, canonical bytes)` of the rows with
    after < number <= upto (None: no end), ascending. The bytes must hold everything that
    must not change and must be the same on every machine. `check` may add what else must
    hold of sealed rows, as `(number, what is wrong)`.
    """

    name: str
    alias: str
    rows: RowsOf
    check: Check | None = None


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a sealed chain."""

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


_chains: dict[str, Chain] = {}


def register(chain: Chain) -> None:
    """Have a chain sealed and verified; call it from `AppConfig.ready`."""
    _chains[chain.name] = chain


def registered() -> tuple[Chain, ...]:
    """The chains of this site."""
    return tuple(_chains.values())


def rows_of_table(
    connection: Connection, table: str, columns: Sequence[str], after: int, upto: int | None
) -> Iterator[tuple[int, bytes]]:
    """
    Rows of a table as JSON arrays of their columns in this order; the first is the number.

    Text that is not UTF-8 and blobs, which no honest row holds, get a form of their own.
    """
    names = ",".join(f'"{column}"' for column in columns)
    sql = f'SELECT {names} FROM {table} WHERE "{columns[0]}" > ?'  # noqa: S608
    parameters = [after]
    if upto is not None:
        sql += f' AND "{columns[0]}" <= ?'
        parameters.append(upto)
    dumps = orjson.dumps
    for row in connection.execute(sql + f' ORDER BY "{columns[0]}"', parameters):
        try:
            written = dumps(row)
        except TypeError:
            written = ascii(row).encode()
        yield row[0], written


# --- sealing -------------------------------------------------------------------------------

_LAST = "SELECT last_seq, total, head FROM base_seal WHERE chain = ? ORDER BY last_seq DESC LIMIT 1"
_SEAL = (
    "INSERT INTO base_seal (chain, first_seq, last_seq, count, total, marks, digest, head, at_us)"
    " VALUES (?,?,?,?,?,?,?,?,?)"
)


class Sealing:
    """
    Seals the chains of one site. One process at a time holds the heads file.

    Seals are committed and made durable before their line is written; a line that a crash
    left out is added at the next start, one per chain at most. More is no crash, and stays
    to be found by `verify`.
    """

    def __init__(self, folder: Path | None = None, chains: Sequence[Chain] | None = None) -> None:
        self._chains = tuple(chains) if chains is not None else registered()
        self._heads = heads_of(folder)
        self._open: dict[str, Connection] = {}
        self._file: int | None = None

    def __enter__(self) -> Sealing:
        self._heads.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self._heads, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            self._mend()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the heads file free and close the connections."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        for connection in self._open.values():
            connection.close()
        self._open.clear()

    def seal(self) -> int:
        """Seal what is committed; returns the number of rows."""
        return sum(self._seal_chain(chain) for chain in self._chains)

    def _connection(self, alias: str) -> Connection:
        if alias not in self._open:
            self._open[alias] = store.connect(store.path_of(alias), synchronous="FULL")
        return self._open[alias]

    def _seal_chain(self, chain: Chain) -> int:
        seals, sealed = self._connection("default"), 0
        while True:
            last, total, head = seals.execute(_LAST, (chain.name,)).fetchone() or (0, 0, GENESIS)
            block = list(
                islice(
                    chain.rows(self._connection(chain.alias), last, None),
                    MOST_ROWS_PER_SEAL,
                )
            )
            if not block:
                return sealed
            store.sync_wal(store.path_of(chain.alias))
            digests = [hashlib.sha256(written).digest() for _, written in block]
            digest = hashlib.sha256(b"".join(digests)).digest()
            head = hashlib.sha256(head + digest).digest()
            total, at_us = total + len(block), time_ns() // 1000
            marks = b"".join(each[:MARK_BYTES] for each in digests)
            values = (chain.name, block[0][0], block[-1][0], len(block), total, marks)
            seals.execute("BEGIN IMMEDIATE")
            try:
                seals.execute(_SEAL, (*values, digest, head, at_us))
                seals.execute("COMMIT")
            except BaseException:
                if seals.in_transaction:
                    seals.execute("ROLLBACK")
                raise
            self._write_line(chain.name, total, head, at_us)
            sealed += len(block)
            if len(block) < MOST_ROWS_PER_SEAL:
                return sealed

    def _write_line(self, chain: str, total: int, head: bytes, at_us: int) -> None:
        assert self._file is not None
        line = _line(chain, total, head, at_us)
        size = os.fstat(self._file).st_size
        try:
            if os.write(self._file, line) != len(line):
                raise OSError("short write")
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, size)
            raise

    def _mend(self) -> None:
        assert self._file is not None
        raw = self._heads.read_bytes()
        whole = raw.rfind(b"\n") + 1
        if whole != len(raw):
            os.ftruncate(self._file, whole)
        lines = {
            line.chain: line for line in _read_heads(raw[:whole]) if isinstance(line, HeadLine)
        }
        for chain in self._chains:
            rows = (
                self._connection("default")
                .execute(
                    "SELECT total, head, at_us FROM base_seal WHERE chain = ?"
                    " ORDER BY last_seq DESC LIMIT 2",
                    (chain.name,),
                )
                .fetchall()
            )
            if not rows:
                continue
            known = lines.get(chain.name)
            written = (known.total, known.head) if known else (0, GENESIS.hex())
            before = (rows[1][0], rows[1][1].hex()) if len(rows) == 2 else (0, GENESIS.hex())
            if written == before and rows[0][0] > written[0]:
                self._write_line(chain.name, rows[0][0], rows[0][1], rows[0][2])


def seal_once(folder: Path | None = None) -> int:
    """Seal everything that is committed now; returns the number of rows."""
    with Sealing(folder) as sealing:
        return sealing.seal()


class Sealer(threading.Thread):
    """
    Seals at least once a second until it is stopped, and once more when it is.

    Trouble (a full disk, a busy store) is logged once and tried again; nothing is lost by
    sealing later, only the exception grows.
    """

    def __init__(self, every_seconds: float = 0.5) -> None:
        super().__init__(name="sealer", daemon=True)
        self._every = every_seconds
        self._stop_asked = threading.Event()
        self.last_pass: float | None = None

    def stop(self) -> None:
        """Ask it to seal what is there and end."""
        self._stop_asked.set()

    def run(self) -> None:
        """Seal until stopped."""
        in_trouble, ending = False, False
        while not ending:
            try:
                with Sealing() as sealing:
                    in_trouble = False
                    while not ending:
                        # What was committed before the stop is sealed after it.
                        ending = self._stop_asked.is_set()
                        sealing.seal()
                        self.last_pass = monotonic()
                        self._stop_asked.wait(0 if ending else self._every)
            except (OSError, sqlite3.Error) as error:
                if not in_trouble:
                    log.error("sealing failed, trying again: %s", type(error).__name__)
                in_trouble = True
                ending = ending or self._stop_asked.wait(1.0)


def heads_of(folder: Path | None = None) -> Path:
    """The heads file of a site's folder, of this process's site without one."""
    from django.conf import settings

    return (folder or Path(settings.TAIHE_FOLDER)) / HEADS


# --- verifying -----------------------------------------------------------------------------


@dataclass(frozen=True)
class HeadLine:
    """A line of heads.log."""

    number: int
    chain: str
    total: int
    head: str


def _line(chain: str, total: int, head: bytes, at_us: int) -> bytes:
    """`at` is in microseconds since 1970 UTC; `check` covers the line itself."""
    facts: dict[str, Any] = {"chain": chain, "count": total, "head": head.hex(), "at": at_us}
    return json.dumps({**facts, "check": _check(facts)}, separators=(",", ":")).encode() + b"\n"


def _check(facts: dict[str, Any]) -> str:
    written = json.dumps(facts, separators=(",", ":"), sort_keys=True).encode()
    return hashlib.sha256(written).hexdigest()[:12]


def _read_heads(raw: bytes) -> Iterator[HeadLine | int]:
    """The lines in order; the number of a line that cannot be read stands for it."""
    for number, line in enumerate(raw.split(b"\n"), start=1):
        if not line:
            continue
        try:
            facts = json.loads(line)
            check = facts.pop("check")
            if check != _check(facts) or _line_of(facts, check) != line:
                raise ValueError("changed")
            yield HeadLine(number, facts["chain"], facts["count"], facts["head"])
        except (ValueError, KeyError, TypeError, AttributeError):
            yield number


def _line_of(facts: dict[str, Any], check: str) -> bytes:
    return json.dumps({**facts, "check": check}, separators=(",", ":")).encode()


def verify(
    folder: Path | None = None,
    *,
    chains: Sequence[Chain] | None = None,
    integrity: bool = True,
    progress: Callable[[str, int], None] | None = None,
) -> Report:
    """
    Recompute every chain of a site's folder and report what does not fit.

    Found are: a changed byte in a sealed row (the row is named), a missing or inserted row,
    a changed or missing seal, a cut tail (the heads file knows more than the database), a cut
    or changed heads file (the database has more). `integrity` also has the database check its
    own pages. `progress` is told chain and rows done.
    """
    from django.conf import settings

    where = folder or Path(settings.TAIHE_FOLDER)
    report = Report()
    heads = heads_of(folder)
    # The heads are read before the database: seals of the meantime are then newer than the
    # file, and only those that stood when it was read are held against it.
    raw = heads.read_bytes() if heads.exists() else b""
    asked_us = time_ns() // 1000
    lines: dict[str, list[HeadLine]] = {}
    for line in _read_heads(raw):
        if isinstance(line, HeadLine):
            lines.setdefault(line.chain, []).append(line)
        else:
            report.findings.append(Finding("heads.log", line, "this line was changed or cut"))
    known = chains if chains is not None else registered()
    for name in sorted(set(lines) - {chain.name for chain in known}):
        report.findings.append(Finding(name, None, "the heads file names a chain nobody knows"))

    def open_alias(alias: str) -> Connection:
        path = store.path_of(alias)
        if folder is not None and not path.startswith("file:"):
            path = str(where / Path(path).name)
        return store.connect_to_read(path)

    try:
        seals = open_alias("default")
    except sqlite3.Error as error:
        report.findings.append(Finding("default", None, f"the database cannot be read: {error}"))
        return report
    with closing(seals):
        checked: set[str] = set()
        for chain in known:
            try:
                with closing(open_alias(chain.alias)) as rows:
                    if integrity and chain.alias not in checked:
                        checked.add(chain.alias)
                        report.findings.extend(_integrity(chain.alias, rows))
                    _verify_chain(
                        chain,
                        rows,
                        seals,
                        lines.get(chain.name, []),
                        asked_us,
                        report,
                        progress,
                    )
            except sqlite3.Error as error:
                report.findings.append(
                    Finding(chain.name, None, f"the database cannot be read: {error}")
                )
    return report


def _integrity(alias: str, connection: Connection) -> Iterator[Finding]:
    for (answer,) in connection.execute("PRAGMA integrity_check(20)"):
        if answer != "ok":
            yield Finding(f"database {alias}", None, f"its pages are damaged: {answer[:120]}")


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


def _verify_chain(
    chain: Chain,
    rows: Connection,
    seals: Connection,
    lines: list[HeadLine],
    asked_us: int,
    report: Report,
    progress: Callable[[str, int], None] | None,
) -> None:
    state = ChainState(chain.name)
    report.chains.append(state)

    def found(seq: int | None, problem: str) -> None:
        report.findings.append(Finding(chain.name, seq, problem))

    # Both connections read one moment each; rows are read after seals, so that what is
    # sealed is there.
    stored = [
        _Seal(*row)
        for row in seals.execute(
            "SELECT first_seq, last_seq, count, total, marks, digest, head, at_us"
            " FROM base_seal WHERE chain = ? ORDER BY last_seq",
            (chain.name,),
        )
    ]
    rows.execute("BEGIN")
    try:
        head, last, total = GENESIS, -(2**63), 0
        for seal in stored:
            digests = list(_digests(chain, rows, last, seal.last, found))
            total += seal.count
            _compare(seal, digests, total, found)
            head = hashlib.sha256(head + _as_bytes(seal.digest)).digest()
            if _as_bytes(seal.head) != head:
                found(seal.last, "the seal ending here does not follow from the seal before")
                head = _as_bytes(seal.head)
            last = seal.last
            state.sealed += len(digests)
            state.blocks += 1
            if progress:
                progress(chain.name, state.sealed)
        state.head = head.hex() if stored else ""
        for _ in chain.rows(rows, last if stored else -(2**63), None):
            state.unsealed += 1
        _compare_heads(stored, lines, asked_us, found)
        if chain.check and stored:
            for seq, problem in chain.check(rows, last):
                found(seq, problem)
    finally:
        rows.execute("ROLLBACK")


def _as_bytes(cell: object) -> bytes:
    return cell if isinstance(cell, bytes) else ascii(cell).encode()


def _digests(
    chain: Chain,
    rows: Connection,
    after: int,
    upto: int,
    found: Callable[[int | None, str], None],
) -> Iterator[tuple[int, bytes]]:
    sha256 = hashlib.sha256
    try:
        yield from [(seq, sha256(raw).digest()) for seq, raw in chain.rows(rows, after, upto)]
    except sqlite3.OperationalError as error:
        if "decode" not in str(error):
            raise
        # A text that is not UTF-8 was not written by us: read on, so that its row is named.
        strict = rows.text_factory
        rows.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        try:
            yield from [(seq, sha256(raw).digest()) for seq, raw in chain.rows(rows, after, upto)]
        finally:
            rows.text_factory = strict


def _compare(
    seal: _Seal,
    digests: list[tuple[int, bytes]],
    total: int,
    found: Callable[[int | None, str], None],
) -> None:
    """Hold the rows of a block against its seal, and name the row that differs."""
    if seal.total != total:
        found(seal.last, "the number of rows in the seal ending here was changed")
    digest = hashlib.sha256(b"".join(each for _, each in digests)).digest()
    marks = b"".join(each[:MARK_BYTES] for _, each in digests)
    whole = digest == seal.digest
    if whole and marks == seal.marks and len(digests) == seal.count:
        if digests and (digests[0][0] != seal.first or digests[-1][0] != seal.last):
            found(seal.last, "the range of the seal ending here was changed")
        return
    if whole:
        found(seal.last, "the seal ending here was changed; its rows are as they were sealed")
        return
    sealed = [
        _as_bytes(seal.marks)[start : start + MARK_BYTES]
        for start in range(0, len(_as_bytes(seal.marks)), MARK_BYTES)
    ]
    named = list(_differences(seal, sealed, digests))
    for seq, problem in named:
        found(seq, problem)
    if not named:
        found(seal.last, "the digest of the seal ending here was changed")


def _differences(
    seal: _Seal, sealed: list[bytes], digests: list[tuple[int, bytes]]
) -> Iterator[tuple[int | None, str]]:
    now = [each[:MARK_BYTES] for _, each in digests]
    if len(sealed) == seal.last - seal.first + 1:
        # The usual case: numbers without gaps, so every mark belongs to a known number.
        by_number = dict(zip((seq for seq, _ in digests), now, strict=True))
        for offset, mark in enumerate(sealed):
            seq = seal.first + offset
            if seq not in by_number:
                yield seq, "this sealed row is missing"
            elif by_number[seq] != mark:
                yield seq, "this row was changed after it was sealed"
        for seq in by_number:
            if not seal.first <= seq <= seal.last:
                yield seq, "this row was inserted after its neighbours were sealed"
        return
    from difflib import SequenceMatcher

    start, end_sealed, end_now = 0, len(sealed), len(now)
    while start < min(end_sealed, end_now) and sealed[start] == now[start]:
        start += 1
    while end_sealed > start and end_now > start and sealed[end_sealed - 1] == now[end_now - 1]:
        end_sealed, end_now = end_sealed - 1, end_now - 1
    match = SequenceMatcher(None, sealed[start:end_sealed], now[start:end_now], autojunk=False)
    for kind, a, b, c, d in match.get_opcodes():
        if kind == "equal":
            continue
        for offset in range(c, d):
            yield digests[start + offset][0], "this row was changed or inserted after sealing"
        if b - a > d - c:
            near = digests[min(start + c, len(digests) - 1)][0] if digests else None
            yield near, f"{b - a - (d - c)} sealed row(s) are missing near this number"


def _compare_heads(
    stored: list[_Seal],
    lines: list[HeadLine],
    asked_us: int,
    found: Callable[[int | None, str], None],
) -> None:
    """Seals and lines of heads.log belong to each other one to one, in the same order."""
    seals = {(seal.total, _as_bytes(seal.head).hex()): seal for seal in stored}
    written = {(line.total, line.head) for line in lines}
    last_total = stored[-1].total if stored else 0
    for line in lines:
        if (line.total, line.head) in seals:
            continue
        if line.total > last_total:
            found(
                None,
                f"the tail is cut: heads.log line {line.number} has {line.total} rows, "
                f"the database {last_total}",
            )
        else:
            found(None, f"heads.log line {line.number} fits no seal in the database")
    in_order = [line.total for line in lines]
    if in_order != sorted(set(in_order)):
        found(None, "the lines of heads.log are not in the order in which they were written")
    for key, seal in seals.items():
        # A seal of the last seconds may be waiting for its line.
        if key not in written and seal.at_us < asked_us - 5_000_000:
            found(seal.last, "heads.log has no line for the seal ending here: it was cut")
