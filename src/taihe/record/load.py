"""
Loading files: NDJSON, Bundles, exchange tables.

At most 1,000 resources per commit, so that the writer is never held long; a load that was
stopped is run again and finds what is there unchanged. Lines are read here, prepared in a
second process, and written here. Exchange tables go to handlers that `config` registers.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Protocol

from taihe.base import trail
from taihe.kernel.errors import Busy, Incorrect, Problem, TaiheError
from taihe.record.files import (
    LONGEST_LINE_BYTES,
    CutShort,
    collect,
    form_of,
    lines,
    order,
    stem_of,
    whole,
)
from taihe.record.interactions.transaction import (
    LARGEST_BUNDLE_BYTES,
    Entry,
    EntryError,
    assign_ids,
    make_write,
    read_entries,
)
from taihe.record.prepare import Prepared, Preparer, parse
from taihe.record.splice import items, members
from taihe.record.store import UPDATE, Store, Stored, Write
from taihe.record.workers import Outcome, Workers, attempt

Progress = Callable[[int, int, str], None]
BATCH_BYTES = 8 << 20
LINES_PER_BATCH = 1000
# A commit holds the writer some tens of milliseconds; SQLite's waiting writers look again
# after 1 to 100 ms, so there must be a gap that they can find.
PER_COMMIT = 250
PAUSE_SHARE = 0.2
LONGEST_PAUSE_SECONDS = 0.03
MOST_PROBLEMS = 1000
_NAMESPACE = uuid.UUID("6a1c9c3e-6f0a-4a39-9d3a-8f6d0c5b2a10")


class TableResult(Protocol):
    """What loading one exchange table gave; `problems` name file, line and column."""

    @property
    def read(self) -> int: ...
    @property
    def new(self) -> int: ...
    @property
    def updated(self) -> int: ...
    @property
    def unchanged(self) -> int: ...
    @property
    def rejected(self) -> int: ...
    @property
    def problems(self) -> Sequence[Problem]: ...


TableHandler = Callable[[Path], TableResult]
_handlers: dict[str, TableHandler] = {}
_recognise: list[Callable[[Path], str | None]] = []


def register_table_handler(name: str, handler: TableHandler) -> None:
    """Have a kind of exchange table loaded by a handler; tables load in this order."""
    _handlers[name] = handler


def recognise_tables_with(recognise: Callable[[Path], str | None]) -> None:
    """Ask this which kind of table a file holds, before its name is compared."""
    _recognise[:] = [recognise]


def table_of(path: Path) -> str | None:
    """The kind of exchange table in a file, None when nobody takes it."""
    for recognise in _recognise:
        name = recognise(path)
        if name in _handlers:
            return name
    name = stem_of(path).lower()
    return name if name in _handlers else None


@dataclass
class FileResult:
    """What became of one file."""

    file: str
    read: int = 0
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0

    @property
    def stored(self) -> int:
        """What is in the store now."""
        return self.new + self.updated + self.unchanged

    def as_json(self) -> dict[str, str | int]:
        """The form of `files` in the result (INTERFACES, load)."""
        return {
            "file": self.file,
            "read": self.read,
            "new": self.new,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "rejected": self.rejected,
        }


@dataclass
class LoadResult:
    """What a load did. `stopped` says why it ended early, empty when it did not."""

    files: list[FileResult] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    types: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    stopped: str = ""
    more_problems: int = 0

    def total(self, name: str) -> int:
        """The sum over files of `read`, `new`, `updated`, `unchanged`, `rejected`, `stored`."""
        return sum(int(getattr(file, name)) for file in self.files)

    @property
    def is_complete(self) -> bool:
        """Whether everything was stored."""
        return not self.stopped and self.total("rejected") == 0

    def as_json(self) -> dict[str, Any]:
        """The form of INTERFACES, load."""
        stored, read, rejected = (self.total(name) for name in ("stored", "read", "rejected"))
        return {
            "read": read,
            "stored": stored,
            "new": self.total("new"),
            "updated": self.total("updated"),
            "unchanged": self.total("unchanged"),
            "rejected": rejected,
            "lost": read - stored - rejected,
            "seconds": round(self.seconds, 3),
            "types": dict(sorted(self.types.items())),
            "files": [file.as_json() for file in self.files],
            "ignored": self.ignored,
            "problems": [problem.as_json() for problem in self.problems],
            "more_problems": self.more_problems,
            "stopped": self.stopped,
        }


def load_paths(
    store: Store,
    paths: Sequence[Path],
    *,
    recursive: bool = False,
    progress: Progress | None = None,
    by: int,
) -> LoadResult:
    """
    Load files and folders; `by` is the party in whose name.

    Bad lines are problems and the rest goes on. A store that cannot take more (disk full,
    locked, read-only) ends the load; what was committed before stays.
    """
    load = _Load(store, by, progress)
    load.run(collect(paths, recursive=recursive))
    return load.result


class _Load:
    def __init__(self, store: Store, by: int, progress: Progress | None) -> None:
        self.store, self.by = store, by
        self.result = LoadResult()
        self._progress = progress
        self._done = self._all = 0
        self._name = ""
        self.preparer = Preparer(store.keys, today=datetime.now(UTC).date())

    def run(self, found: list[Path]) -> None:
        began = monotonic()
        files = sorted((p for p in found if form_of(p) in ("ndjson", "json")), key=order)
        tables = [(table_of(p), p) for p in found if form_of(p) == "table"]
        known = list(_handlers)
        taken = sorted(
            ((name, p) for name, p in tables if name), key=lambda t: (known.index(t[0]), t[1].name)
        )
        self.result.ignored = [str(p) for p in found if form_of(p) == "other"]
        self.result.ignored += [str(p) for name, p in tables if not name]
        self._all = sum(p.stat().st_size for p in files) + sum(p.stat().st_size for _, p in taken)
        try:
            with Workers(self.preparer, sum(p.stat().st_size for p in files)) as workers:
                for path in files:
                    self._file(path, workers)
            for name, path in taken:
                self._table(name, path)
        except Busy as error:
            self.result.stopped = str(error)
            self._problem(self._name, None, error)
        finally:
            self.result.seconds = monotonic() - began
            self._write_trail()

    def _file(self, path: Path, workers: Workers) -> None:
        file = self._begin(path)
        try:
            if form_of(path) == "ndjson":
                self._ndjson(path, file, workers)
            else:
                self._json(path, file)
        except CutShort:
            file.read += 1
            file.rejected += 1
            self._problem(
                file.file,
                None,
                Incorrect(
                    "The compressed file is cut short or damaged.",
                    "What came before the damage is stored. Fetch the file again and load it.",
                ),
                code="truncated",
            )
        except OSError as error:
            file.read += 1
            file.rejected += 1
            self._problem(
                file.file,
                None,
                Incorrect(f"The file cannot be read: {error.strerror}.", "Check its permissions."),
            )

    def _begin(self, path: Path) -> FileResult:
        file = FileResult(path.name)
        self._name = file.file
        self.result.files.append(file)
        self._read(0)
        return file

    def _read(self, count: int) -> None:
        self._done += count
        if self._progress:
            self._progress(self._done, self._all, self._name)

    # NDJSON

    def _ndjson(self, path: Path, file: FileResult, workers: Workers) -> None:
        waiting: deque[tuple[list[int], Callable[[], list[Outcome]]]] = deque()

        def write_next() -> None:
            numbers, ask = waiting.popleft()
            self._write(file, zip(numbers, ask(), strict=True))

        try:
            for numbers, raws in self._batches(path, file):
                waiting.append((numbers, workers.prepare(raws)))
                if len(waiting) > workers.ahead:
                    write_next()
        finally:
            while waiting:
                write_next()

    def _batches(self, path: Path, file: FileResult) -> Iterator[tuple[list[int], list[bytes]]]:
        numbers: list[int] = []
        raws: list[bytes] = []
        size = 0
        try:
            for line in lines(path, self._read):
                file.read += 1
                if line.raw is None:
                    file.rejected += 1
                    self._problem(
                        file.file,
                        line.number,
                        Incorrect(
                            f"The line is longer than {LONGEST_LINE_BYTES >> 20} MB.",
                            "A line holds one resource.",
                        ),
                        code="too-long",
                    )
                    continue
                numbers.append(line.number)
                raws.append(line.raw)
                size += len(line.raw)
                if len(raws) >= LINES_PER_BATCH or size >= BATCH_BYTES:
                    yield numbers, raws
                    numbers, raws, size = [], [], 0
        except CutShort:
            if raws:
                yield numbers, raws
            raise
        if raws:
            yield numbers, raws

    def _write(self, file: FileResult, prepared: Iterable[tuple[int, Outcome]]) -> None:
        writes: list[Write] = []
        for number, outcome in prepared:
            if isinstance(outcome, Prepared):
                writes.append(Write(outcome.type, outcome.id, outcome, UPDATE))
            else:
                file.rejected += 1
                self._add(Problem(file.file, number, outcome[1], *outcome[2:]))
        self._store(file, writes)

    def _store(self, file: FileResult, writes: list[Write]) -> None:
        """Store in short commits with a pause after each, so that other writers get their turn."""
        for start in range(0, len(writes), PER_COMMIT):
            began = monotonic()
            stored = self.store.apply(writes[start : start + PER_COMMIT], by=self.by)
            held = monotonic() - began
            self._count(file, stored)
            if any(one.outcome != "unchanged" for one in stored):
                sleep(min(LONGEST_PAUSE_SECONDS, held * PAUSE_SHARE))

    def _count(self, file: FileResult, stored: Iterable[Stored]) -> None:
        for one in stored:
            setattr(file, one.outcome, getattr(file, one.outcome) + 1)
            self.result.types[one.type] = self.result.types.get(one.type, 0) + 1

    # Bundles and single resources

    def _json(self, path: Path, file: FileResult) -> None:
        try:
            raw = whole(path, self._read, largest=LARGEST_BUNDLE_BYTES)
            resource = parse(raw)
        except TaiheError as error:
            file.read += 1
            file.rejected += 1
            self._problem(file.file, getattr(error, "line", None), error)
            return
        kind = resource.get("type")
        if resource.get("resourceType") != "Bundle":
            file.read += 1
            self._write(file, [(1, attempt(self.preparer, raw))])
        elif kind == "transaction":
            self._transaction(raw, resource, file)
        elif kind == "batch":
            self._batch(raw, resource, file)
        else:
            self._collection(raw, file)

    def _transaction(self, raw: bytes, bundle: dict[str, Any], file: FileResult) -> None:
        """All or nothing."""
        count = len(bundle.get("entry") or ())
        file.read += count
        try:
            entries: list[Entry] = []
            for index, entry in enumerate(read_entries(raw, bundle)):
                if not isinstance(entry, Entry):
                    raise EntryError(index, entry)
                entries.append(entry)
            urns = _keep_ids(entries)
            writes = []
            for entry in entries:
                if entry.method in ("GET", "HEAD"):
                    count -= 1
                    file.read -= 1
                    continue
                try:
                    writes.append(make_write(entry, self.preparer, urns))
                except TaiheError as error:
                    raise EntryError(entry.index, error) from None
            self._count(file, self.store.apply(writes, by=self.by))
        except EntryError as failed:
            file.rejected += count
            self._problem(
                file.file,
                None,
                failed.error,
                place=f"Bundle.entry[{failed.index}]",
                tail=" Nothing of this transaction was stored.",
            )
        except Busy:
            raise
        except TaiheError as error:
            file.rejected += count
            self._problem(file.file, None, error)

    def _batch(self, raw: bytes, bundle: dict[str, Any], file: FileResult) -> None:
        """Each entry for itself."""
        writes = []
        for index, entry in enumerate(read_entries(raw, bundle)):
            file.read += 1
            try:
                if not isinstance(entry, Entry):
                    raise entry
                if entry.method in ("GET", "HEAD"):
                    file.read -= 1
                    continue
                _keep_ids([entry])
                writes.append(make_write(entry, self.preparer, {}))
            except TaiheError as error:
                file.rejected += 1
                self._problem(file.file, None, error, place=f"Bundle.entry[{index}]")
        self._store(file, writes)

    def _collection(self, raw: bytes, file: FileResult) -> None:
        """A collection, searchset or document: its resources keep their ids."""
        place = next((m.value for m in members(raw) if m.key == "entry"), None)
        outcomes: list[tuple[int, Outcome]] = []
        if place is not None:
            for index, (start, _) in enumerate(items(raw, place)):
                slot = next((m for m in members(raw, start) if m.key == "resource"), None)
                if slot is None:
                    continue
                file.read += 1
                outcome = attempt(self.preparer, raw[slot.value : slot.end])
                if not isinstance(outcome, Prepared):
                    outcome = ("", f"Bundle.entry[{index}]", *outcome[2:])
                outcomes.append((1, outcome))
        self._write(file, outcomes)

    # Exchange tables

    def _table(self, name: str, path: Path) -> None:
        file = self._begin(path)
        try:
            done = _handlers[name](path)
        except Busy:
            raise
        except TaiheError as error:
            file.read += 1
            file.rejected += 1
            self._problem(file.file, None, error)
        else:
            file.read, file.new, file.updated = done.read, done.new, done.updated
            file.unchanged, file.rejected = done.unchanged, done.rejected
            for problem in done.problems:
                self._add(problem)
            self.result.types[name] = self.result.types.get(name, 0) + file.stored
        self._read(path.stat().st_size)

    def _problem(
        self,
        file: str,
        line: int | None,
        error: TaiheError,
        *,
        place: str | None = None,
        code: str = "",
        tail: str = "",
    ) -> None:
        self._add(Problem(file, line, place, code or error.code, error.problem + tail, error.do))

    def _add(self, problem: Problem) -> None:
        if len(self.result.problems) < MOST_PROBLEMS:
            self.result.problems.append(problem)
        else:
            self.result.more_problems += 1

    def _write_trail(self) -> None:
        """One row for the load; the versions themselves name party and time."""
        detail = {name: self.result.total(name) for name in ("new", "updated", "rejected")}
        if not detail["new"] and not detail["updated"]:
            return
        try:
            with self.store.database.writing() as connection:
                connection.execute(
                    trail.INSERT_SQLITE,
                    trail.row("record.loaded", "record", by=self.by, detail=detail),
                )
        except Busy:
            self.result.stopped = self.result.stopped or "The trail could not be written."


def _keep_ids(entries: list[Entry]) -> dict[str, str]:
    """Ids of new resources that stay the same when the file is loaded again."""
    urns = assign_ids(entries, keep_uuids=True)
    for entry in entries:
        if entry.method == "POST" and not entry.full_url.startswith("urn:uuid:"):
            entry.id = str(uuid.uuid5(_NAMESPACE, (entry.raw or b"").decode("utf-8", "replace")))
            if entry.full_url.startswith("urn:"):
                urns[entry.full_url] = f"{entry.type}/{entry.id}"
    return urns
