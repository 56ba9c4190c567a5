"""
Exchange tables (person, mdtrt, fee): files as institutions send them, into typed columns.

The reader accepts csv, csv.gz and parquet, in UTF-8 or GB 18030, under the national field
names or their aliases (`knowledge/exchange_fields.csv`). What cannot be read is a `Problem`
with file, line, column and what to do; the other rows go on. Files of any size stream
through DuckDB. Money becomes fen, quantities ten-thousandths, dates day numbers.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import tempfile
import zlib
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from taihe.kernel.errors import NotFound, Problem
from taihe.kernel.knowledge import Cells, read_table

KNOWLEDGE = Path(__file__).parent / "knowledge"
LISTED = 1000
"""How many problems of one file are listed; the rest is counted."""


@dataclass(frozen=True)
class Field:
    """
    One column of an exchange table: its national name, aliases and type.

    `required` is key (a row without it is left out), expected (its absence is reported, and
    the classes that ask for it find nothing) or optional.
    """

    table: str
    name: str
    aliases: tuple[str, ...]
    type: str
    required: str
    title: str


@lru_cache
def fields() -> dict[str, tuple[Field, ...]]:
    """The columns of each exchange table."""

    def make(cells: Cells) -> Field:
        return Field(
            table=cells.text("table"),
            name=cells.text("name"),
            aliases=tuple(cells.optional("aliases").split("|"))
            if cells.optional("aliases")
            else (),
            type=cells.text("type"),
            required=cells.choice("required", ("key", "expected", "optional")),
            title=cells.text("title"),
        )

    rows = read_table(KNOWLEDGE / "exchange_fields.csv", make, required=("table", "name")).checked()
    return {
        table: tuple(row for row in rows if row.table == table)
        for table in dict.fromkeys(row.table for row in rows)
    }


@lru_cache
def _file_names() -> dict[str, str]:
    def make(cells: Cells) -> tuple[str, str]:
        return cells.text("table"), cells.text("names")

    rows = read_table(KNOWLEDGE / "exchange_files.csv", make, required=("table", "names")).checked()
    return {name: table for table, names in rows for name in names.split("|")}


@lru_cache
def _values() -> dict[str, dict[str, int]]:
    def make(cells: Cells) -> tuple[str, str, int]:
        return cells.text("type"), cells.optional("value"), cells.whole("meaning")

    rows = read_table(
        KNOWLEDGE / "exchange_values.csv", make, required=("type", "value", "meaning")
    ).checked()
    found: dict[str, dict[str, int]] = {}
    for kind, value, meaning in rows:
        found.setdefault(kind, {})[value] = meaning
    return found


_STEM = re.compile(r"(?P<stem>.+?)(?:[_-]?\d+)?\.(?:csv|csv\.gz|parquet)", re.IGNORECASE)


def table_of(path: Path) -> str | None:
    """
    The exchange table that a file holds by its name, or None when it is no exchange table.

    `fee.csv.gz`, `FEE_LIST_D.csv` and `fee_2025.parquet` are all fee.
    """
    match = _STEM.fullmatch(path.name)
    return _file_names().get(match["stem"].lower()) if match else None


def find_tables(folder: Path) -> dict[str, list[Path]]:
    """The exchange tables that lie directly in a folder, sorted by name."""
    if not folder.is_dir():
        raise NotFound(f"{folder} is no folder.", "Name a folder with person, mdtrt and fee.")
    found: dict[str, list[Path]] = {table: [] for table in fields()}
    for path in sorted(folder.iterdir()):
        table = table_of(path) if path.is_file() else None
        if table:
            found[table].append(path)
    return found


_TYPES = {
    "text": "VARCHAR",
    "date": "DATE",
    "quantity": "BIGINT",
    "money": "BIGINT",
    "sex": "TINYINT",
    "level": "TINYINT",
    "visit": "TINYINT",
    "flag": "TINYINT",
    "valid": "TINYINT",
    "insurance": "SMALLINT",
}
_SAY = {
    "text": ("is empty", "Fill it in."),
    "date": ("is not a date, or lies in the future", "Write YYYY-MM-DD."),
    "quantity": ("is not a number", "Write digits, as in 2 or 2.5."),
    "money": ("is not an amount of money", "Write yuan in digits, as in 12.50."),
    "sex": ("is an unknown code", "Use 1 male, 2 female, 0 unknown, 9 not stated."),
    "level": ("is an unknown code", "Use 3, 2 or 1, or 9 where there is no level."),
    "visit": ("is an unknown code", "Use a code of exchange_values.csv, as 1 or 2."),
    "flag": ("is an unknown code", "Use 0 or 1."),
    "valid": ("is an unknown code", "Use 1 valid or 0 cancelled."),
    "insurance": ("is an unknown code", "Use a code of exchange_values.csv, as 310 or 390."),
}


def _convert(kind: str, cell: str) -> str:
    """SQL that turns a text cell into its type, or NULL."""
    if kind == "text":
        return f"nullif(trim({cell}), '')"
    if kind == "date":
        day = f"split_part(replace(trim({cell}), 'T', ' '), ' ', 1)"
        return (
            f"coalesce(try_cast({cell} AS DATE), CASE WHEN length({day}) = 8 "
            f"AND try_cast({day} AS INTEGER) IS NOT NULL "
            f"THEN CAST(try_strptime({day}, '%Y%m%d') AS DATE) "
            f"ELSE try_cast(replace({day}, '/', '-') AS DATE) END)"
        )
    if kind == "quantity":
        return f"CAST(try_cast({cell} AS DECIMAL(18, 4)) * 10000 AS BIGINT)"
    if kind == "money":
        return f"CAST(round(try_cast({cell} AS DECIMAL(18, 4)) * 100) AS BIGINT)"
    cases = " ".join(f"WHEN '{value}' THEN {meaning}" for value, meaning in _values()[kind].items())
    return f"CASE trim(coalesce({cell}, '')) {cases} END"


@dataclass
class Reading:
    """
    Exchange tables being read into a DuckDB connection as `raw_person`, `raw_mdtrt`, `raw_fee`.

    `today` bounds dates; `left_out` counts rows that had to be left out; `read` counts all.
    """

    connection: Any
    today: date
    problems: list[Problem] = field(default_factory=list)
    left_out: int = 0
    read: int = 0
    files: int = 0
    _scratch: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        for table, columns in fields().items():
            typed = ", ".join(f"{column.name} {_TYPES[column.type]}" for column in columns)
            self.connection.execute(
                f"CREATE OR REPLACE TABLE raw_{table} ({typed}, file INTEGER, bad BIGINT)"
            )

    def close(self) -> None:
        """Remove temporary files."""
        for folder in self._scratch:
            folder.cleanup()
        self._scratch.clear()

    def add(self, path: Path, table: str) -> int:
        """Read one file into its table; returns how many rows were kept."""
        self.files += 1
        try:
            if path.name.lower().endswith(".parquet"):
                return self._parquet(path, table)
            return self._csv(path, table)
        except EOFError:
            told = ("cut-short", "The gzip file is cut short.", _AGAIN)
        except (zlib.error, gzip.BadGzipFile):
            told = ("structure", "The file is no sound gzip file.", _AGAIN)
        except OSError as error:
            told = (
                "unreadable",
                f"The file cannot be read: {error.strerror or 'input-output error'}.",
                "Check that it exists, that you may read it and that the disk is not full.",
            )
        self._undo(table)
        self._problem(path, None, None, *told)
        return 0

    # -- parquet and csv --------------------------------------------------------------------

    def _parquet(self, path: Path, table: str) -> int:
        import duckdb

        source = f"read_parquet('{_quoted(path)}')"
        try:
            rows = self.connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        except duckdb.Error:
            self._problem(
                path, None, None, "structure", "The file is no Parquet file.", "Write it again."
            )
            return 0
        chosen = self._choose(path, table, [row[0] for row in rows])
        if chosen is None:
            return 0
        texts = ", ".join(
            f'CAST("{rows[index][0]}" AS VARCHAR) AS c{index}' for index in chosen.values()
        )
        source = f"(SELECT {texts} FROM {source})"
        cells = {name: f"c{index}" for name, index in chosen.items()}
        self._insert(table, cells, source)
        return self._report(path, table, cells, source, [], [])

    def _csv(self, path: Path, table: str) -> int:
        import duckdb

        text = path
        header = _header(path)
        if not header:
            self._problem(path, None, None, "structure", "The file is empty.", "Send it again.")
            return 0
        chosen = self._choose(path, table, header)
        if chosen is None:
            return 0
        cells = {name: f"c{index}" for name, index in chosen.items()}
        for _attempt in range(3):
            trouble = self._fast(table, cells, text, len(header))
            if not trouble:
                return self._report(path, table, cells, "", [], [])
            self._undo(table)
            if trouble == "gzip" and text == path:
                text = self._what_is_left(path)
            elif (converted := self._from_gb18030(text)) is not None:
                text = converted
            else:
                break
        # Something is wrong with a line or a cell: go line by line, which knows their numbers.
        text, errors, absent = self._line_by_line(text)
        source = self._csv_source(text, len(header), keep=False)
        try:
            self._insert(table, cells, source)
        except duckdb.Error:
            raise OSError(0, "input-output error") from None
        return self._report(path, table, cells, source, errors, absent)

    def _fast(self, table: str, cells: dict[str, str], text: Path, width: int) -> str:
        """Read a whole file at once; says what went wrong, "" when all of it is good."""
        import duckdb

        try:
            self._insert(table, cells, self._csv_source(text, width, keep=True))
        except duckdb.IOException as error:
            return "gzip" if "gzip" in str(error).lower() else "unreadable"
        except duckdb.Error:
            return "structure"
        one = (
            "SELECT 1 FROM rejects LIMIT 1",
            f"SELECT 1 FROM raw_{table} WHERE file = {self.files} AND bad <> 0 LIMIT 1",
        )
        return "rows" if any(self.connection.execute(sql).fetchone() for sql in one) else ""

    def _csv_source(self, path: Path, width: int, *, keep: bool) -> str:
        names = ", ".join(f"'c{n}': 'VARCHAR'" for n in range(width))
        stored = "ignore_errors=true"
        if keep:
            self.connection.execute("DROP TABLE IF EXISTS rejects")
            self.connection.execute("DROP TABLE IF EXISTS reject_scan")
            stored += ", store_rejects=true, rejects_table='rejects', rejects_scan='reject_scan'"
        return (
            f"read_csv('{_quoted(path)}', auto_detect=false, header=true, delim=',', quote='\"', "
            f"escape='\"', columns={{{names}}}, {stored})"
        )

    def _choose(self, path: Path, table: str, header: list[str]) -> dict[str, int] | None:
        """The column of each field in this file, or None when a key column is missing."""
        lower = {name.strip().lower(): n for n, name in reversed(list(enumerate(header)))}
        chosen: dict[str, int] = {}
        refused = False
        for column in fields()[table]:
            for name in (column.name, *column.aliases):
                if name in lower:
                    chosen[column.name] = lower[name]
                    break
            else:
                if column.required == "optional":
                    continue
                known = " or ".join((column.name, *column.aliases))
                refused = refused or column.required == "key"
                self._problem(
                    path,
                    1,
                    column.name,
                    "missing-column",
                    f"The column {known} is missing.",
                    "Add it; the whole file was left out."
                    if column.required == "key"
                    else "Add it; classes that ask for it find nothing.",
                )
        return None if refused else chosen

    # -- rows -------------------------------------------------------------------------------

    def _select(self, table: str, cells: dict[str, str]) -> tuple[str, str]:
        """SQL of the typed columns, and of the bits of fields that are bad."""
        typed, bits = [], ["0"]
        for n, column in enumerate(fields()[table]):
            cell = cells.get(column.name)
            if cell is None:
                typed.append(f"CAST(NULL AS {_TYPES[column.type]}) AS {column.name}")
                continue
            value = _convert(column.type, cell)
            typed.append(f"{value} AS {column.name}")
            bad = f"{column.name} IS NULL"
            if column.required != "key" and column.type != "text":
                bad += f" AND trim(coalesce({cell}, '')) <> ''"
            elif column.required != "key":
                continue
            if column.type == "date":
                bad = f"({bad}) OR {column.name} > DATE '{self.today.isoformat()}'"
            bits.append(f"CASE WHEN {bad} THEN {1 << n} ELSE 0 END")
        return ", ".join(typed), " + ".join(bits)

    def _insert(self, table: str, cells: dict[str, str], source: str) -> None:
        names = ", ".join(column.name for column in fields()[table])
        typed, bits = self._select(table, cells)
        self.connection.execute(
            f"INSERT INTO raw_{table} ({names}, file, bad) "
            f"SELECT {names}, {self.files}, {bits} FROM (SELECT *, {typed} FROM {source})"
        )

    def _undo(self, table: str) -> None:
        self.connection.execute(f"DELETE FROM raw_{table} WHERE file = {self.files}")

    def _report(
        self,
        path: Path,
        table: str,
        cells: dict[str, str],
        source: str,
        errors: list[Rejected],
        absent: list[int],
    ) -> int:
        """
        Turn rejected lines and bad cells into problems; returns how many rows stay.

        `absent` are the lines of the file that `source` does not have.
        """
        columns = fields()[table]
        rejected = sorted({line for line, *_ in errors})
        kinds = {line: kind for line, _, kind in reversed(errors)}
        for line in rejected[:LISTED]:
            self._problem(path, line, None, *_rejection(kinds[line]))
        self._rest(path, len(rejected))
        kept, bad = self.connection.execute(
            f"SELECT count(*), count(*) FILTER (WHERE bad <> 0) FROM raw_{table} WHERE file = ?",
            [self.files],
        ).fetchone()
        self.read += kept + len(rejected)
        self.left_out += len(rejected)
        if bad:
            typed, bits = self._select(table, cells)
            found = self.connection.execute(
                f"SELECT nth, bad FROM (SELECT nth, {bits} AS bad FROM "
                f"(SELECT *, {typed} FROM (SELECT row_number() OVER () AS nth, * FROM {source}))) "
                f"WHERE bad <> 0 ORDER BY nth LIMIT {LISTED}"
            ).fetchall()
            for nth, mask in found:
                line = nth + 1
                for other in absent:
                    if other > line:
                        break
                    line += 1
                for n, column in enumerate(columns):
                    if mask >> n & 1:
                        self._bad_cell(path, line, column)
            self._rest(path, bad)
            keys = sum(1 << n for n, column in enumerate(columns) if column.required == "key")
            gone = self.connection.execute(
                f"DELETE FROM raw_{table} WHERE file = {self.files} AND bad & {keys} <> 0"
            ).fetchone()[0]
            self.left_out += gone
            kept -= gone
        return int(kept)

    def _bad_cell(self, path: Path, line: int, column: Field) -> None:
        said, do = _SAY[column.type]
        if column.required == "key":
            do += " The row was left out."
        self._problem(path, line, column.name, "value", f"{column.name} {said}.", do)

    def _rest(self, path: Path, count: int) -> None:
        if count > LISTED:
            self._problem(
                path,
                None,
                None,
                "more",
                f"{count - LISTED} further rows have problems.",
                "Mend those listed first and send the file again.",
            )

    def _problem(
        self, path: Path, line: int | None, column: str | None, code: str, problem: str, do: str
    ) -> None:
        self.problems.append(Problem(path.name, line, column, code, problem, do))

    # -- repairs ----------------------------------------------------------------------------

    def _temporary(self) -> Path:
        folder = tempfile.TemporaryDirectory(prefix="taihe-")
        self._scratch.append(folder)
        return Path(folder.name) / "table.csv"

    def _what_is_left(self, path: Path) -> Path:
        """The whole lines of a gzip file that is cut short."""
        target = self._temporary()
        lines = 0
        last = b""
        with path.open("rb") as source, target.open("wb") as out:
            unpack = zlib.decompressobj(wbits=31)
            while block := source.read(1 << 20):
                try:
                    data = last + unpack.decompress(block)
                except zlib.error:
                    break
                cut = data.rfind(b"\n") + 1
                out.write(data[:cut])
                lines += data.count(b"\n", 0, cut)
                last = data[cut:]
        self._problem(
            path,
            lines or None,
            None,
            "cut-short",
            f"The gzip file is cut short; {lines} whole lines were read.",
            _AGAIN,
        )
        self.left_out += 1
        return target

    def _line_by_line(self, path: Path) -> tuple[Path, list[Rejected], list[int]]:
        """
        A table with the lines that are sound each by itself, the others, and all that it lacks.

        A quoted cell over several lines is not sound here.
        """
        target = self._temporary()
        errors: list[Rejected] = []
        absent: list[int] = []
        width = 0
        with _open(path) as source, target.open("w", encoding="utf-8", newline="") as out:
            write = csv.writer(out, lineterminator="\n").writerow
            for number, raw in enumerate(source, start=1):
                kind = ""
                try:
                    text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
                    cells = next(csv.reader([text.rstrip("\r\n")], strict=True), [])
                except UnicodeDecodeError:
                    kind, cells = "UNICODE", []
                except csv.Error:
                    kind, cells = "QUOTES", []
                width = width or len(cells)
                if not kind and cells and len(cells) != width:
                    kind = "MISSING COLUMNS"
                if kind:
                    errors.append((number, None, kind))
                if kind or not cells:
                    absent.append(number)
                else:
                    write([cell.replace("\0", "").replace("\r", " ") for cell in cells])
        return target, errors, absent

    def _from_gb18030(self, path: Path) -> Path | None:
        """
        The text as UTF-8 if it is GB 18030 throughout.

        A text that is UTF-8 with Chinese before its first fault is mixed, not GB 18030: None,
        and its faulty lines are left out one by one.
        """
        with _open(path) as source:
            check = codecs.getincrementaldecoder("utf-8")()
            while block := source.read(1 << 20):
                try:
                    if not check.decode(block).isascii():
                        return None
                except UnicodeDecodeError as error:
                    if any(byte >= 0x80 for byte in block[: error.start]):
                        return None
                    break
            else:
                return None
        target = self._temporary()
        decoder = codecs.getincrementaldecoder("gb18030")()
        with _open(path) as source, target.open("w", encoding="utf-8", newline="") as out:
            try:
                while block := source.read(1 << 20):
                    out.write(decoder.decode(block))
                out.write(decoder.decode(b"", final=True))
            except UnicodeDecodeError:
                return None
        return target


Rejected = tuple[int, int | None, str]
"""A line that is no row: its number, the column if known, and the fault in DuckDB's words."""

_AGAIN = "Copy it again from where it came from and repeat."


def _rejection(kind: str) -> tuple[str, str, str]:
    if "UNICODE" in kind or "ENCOD" in kind:
        return (
            "encoding",
            "The line is not UTF-8 like the lines before it.",
            "Save the whole file as UTF-8. The row was left out.",
        )
    if "MISSING" in kind or "TOO MANY" in kind:
        return (
            "structure",
            "The row does not have as many cells as the header.",
            "Check commas and quotes in this line. The row was left out.",
        )
    return (
        "structure",
        "The row is no comma-separated text.",
        "Check quotes in this line. The row was left out.",
    )


def _open(path: Path) -> BinaryIO:
    if path.name.lower().endswith(".gz"):
        return gzip.open(path, "rb")  # type: ignore[return-value]
    return path.open("rb")


def _header(path: Path) -> list[str]:
    with _open(path) as source:
        line = source.readline(1 << 20)
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = line.decode("gb18030", errors="replace")
    return next(csv.reader(io.StringIO(text)), [])


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
