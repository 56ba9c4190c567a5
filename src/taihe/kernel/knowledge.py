"""
Knowledge rows: CSV files whose rows become frozen objects.

Rules, thresholds, prices and forms are rows with a source and dates. A reader turns each
row into an object and only the object travels on; a bad row is a `Problem` with file, line
and column, and the other rows go on.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Generic, TypeVar

from taihe.kernel.errors import Incorrect, Problem

Row = TypeVar("Row")


@dataclass(frozen=True)
class Validity:
    """
    The days on which a row holds, both ends included; None means without end.

    A publication date is never a start date: a row whose announcement names no first day
    holds always.
    """

    valid_from: date | None = None
    valid_to: date | None = None

    def holds(self, on: date) -> bool:
        """Whether the row holds on that day, the day of the event."""
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_to is None or on <= self.valid_to
        )


ALWAYS = Validity()


@dataclass(frozen=True)
class Provenance:
    """Where a row comes from: source, clause, author, checker, and when to look at it again."""

    source: str
    clause: str = ""
    author: str = ""
    checker: str = ""
    next_review: date | None = None


class BadCell(ValueError):
    """Raised by a row reader for one cell; the table reader adds file and line."""

    def __init__(self, column: str, problem: str, do: str = "") -> None:
        super().__init__(problem)
        self.column, self.problem, self.do = column, problem, do


@dataclass(frozen=True)
class Table(Generic[Row]):
    """The rows of a file that could be read, and the problems of the others."""

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]

    def checked(self) -> tuple[Row, ...]:
        """The rows; raises when any row was bad (for tables that ship with Taihe)."""
        if self.problems:
            raise Incorrect("; ".join(str(problem) for problem in self.problems[:5]))
        return self.rows


class Cells(Mapping[str, str]):
    """One row while it is read: text cells by column name, with typed access."""

    def __init__(self, cells: dict[str, str]) -> None:
        self._cells = cells

    def __getitem__(self, column: str) -> str:
        return self._cells[column]

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self._cells)

    def __len__(self) -> int:
        return len(self._cells)

    def text(self, column: str) -> str:
        """A cell that must not be empty."""
        value = self._cells.get(column, "").strip()
        if not value:
            raise BadCell(column, f"{column} is empty.", "Fill it in.")
        return value

    def optional(self, column: str) -> str:
        """A cell that may be empty or missing."""
        return self._cells.get(column, "").strip()

    def whole(self, column: str) -> int:
        """A whole number."""
        value = self.text(column)
        try:
            return int(value)
        except ValueError:
            raise BadCell(
                column, f"{column} is not a whole number.", "Write digits only."
            ) from None

    def day(self, column: str) -> date | None:
        """A date as YYYY-MM-DD, or None when empty."""
        value = self.optional(column)
        if not value:
            return None
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise BadCell(column, f"{column} is not a date.", "Write YYYY-MM-DD.") from None

    def choice(self, column: str, allowed: Iterable[str]) -> str:
        """One of a few words."""
        value, words = self.text(column), tuple(allowed)
        if value not in words:
            raise BadCell(column, f"{column} is not one of {', '.join(words)}.", "Choose one.")
        return value

    def validity(self) -> Validity:
        """`valid_from` and `valid_to`; both empty means always."""
        valid = Validity(self.day("valid_from"), self.day("valid_to"))
        if valid.valid_from and valid.valid_to and valid.valid_to < valid.valid_from:
            raise BadCell("valid_to", "valid_to is before valid_from.", "Swap or correct them.")
        return valid

    def provenance(self) -> Provenance:
        """`source`, which is required, and `clause`, `author`, `checker`, `next_review`."""
        return Provenance(
            source=self.text("source"),
            clause=self.optional("clause"),
            author=self.optional("author"),
            checker=self.optional("checker"),
            next_review=self.day("next_review"),
        )


def decode(raw: bytes, *, file: str) -> str:
    """
    Decode a table: UTF-8 with or without mark, else GB 18030.

    A file that mixes encodings is neither, and is refused with the first line that fails.
    """
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as first:
        try:
            text = raw.decode("gb18030")
        except UnicodeDecodeError:
            text = ""
        # Every UTF-8 Chinese text is also *some* GB 18030 text: a file that is UTF-8 up to
        # the fault and holds Chinese before it is mixed, not GB 18030.
        head = raw[: first.start]
        if text and not any(byte >= 0x80 for byte in head):
            return text
        line = head.count(b"\n") + 1
        raise Incorrect(
            f"{file}:{line}: the text is neither UTF-8 nor GB 18030 throughout.",
            "Save the whole file as UTF-8.",
        ) from None


def read_table(
    path: Path,
    make: Callable[[Cells], Row],
    *,
    required: Sequence[str],
    name: str | None = None,
) -> Table[Row]:
    """
    Read a CSV file into frozen objects.

    `make` builds one object from the cells and raises `BadCell` for a bad one. A missing
    required column refuses the file as a whole, since no row of it can be right.
    """
    file = name or path.name
    return parse_table(decode(path.read_bytes(), file=file), make, required=required, name=file)


def parse_table(
    text: str,
    make: Callable[[Cells], Row],
    *,
    required: Sequence[str],
    name: str,
) -> Table[Row]:
    """The same as `read_table`, from text."""
    reader = csv.reader(io.StringIO(text, newline=""))
    header = [cell.strip() for cell in next(reader, [])]
    missing = [column for column in required if column not in header]
    if missing:
        raise Incorrect(
            f"{name}: the column {', '.join(missing)} is missing.",
            f"The first line must name {', '.join(required)}.",
        )
    rows: list[Row] = []
    problems: list[Problem] = []
    for cells in reader:
        line = reader.line_num
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            problems.append(
                Problem(
                    name,
                    line,
                    None,
                    "structure",
                    f"The row has {len(cells)} cells, the header {len(header)}.",
                    "Check commas and quotes in this line.",
                )
            )
            continue
        try:
            rows.append(make(Cells(dict(zip(header, cells, strict=True)))))
        except BadCell as bad:
            problems.append(Problem(name, line, bad.column, "value", bad.problem, bad.do))
    return Table(tuple(rows), tuple(problems))
