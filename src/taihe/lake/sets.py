"""
Parquet sets: parts that never change, and a manifest that says which parts count.

A writer puts new parts beside the old ones and then replaces the manifest by an atomic
rename; a reader keeps the manifest it began with, and the parts that one names stay until
`sweep` removes what no kept manifest names.
"""

from __future__ import annotations

import json
import os
import shutil
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taihe.kernel.errors import Incorrect, NotFound

MANIFEST = "manifest.json"
STAGED_GROUPS = 8  # row groups (of 122 880 rows) that are parted by their key at a time


def _path(path: Path) -> str:
    """A path as text in SQL."""
    return "'" + str(path).replace("'", "''") + "'"


@dataclass(frozen=True)
class Part:
    """
    One Parquet file of a set: its name inside the folder, and how many rows it holds.

    `key` is what all its rows share, where a set is parted by something: a year; "" for rows
    that have none, None for a part of anything.
    """

    name: str
    rows: int
    key: str | None = None


@dataclass(frozen=True)
class Snapshot:
    """
    A set as one manifest describes it.

    `version` grows by one with each commit; `columns` are (name, type) in DuckDB's words;
    `paths` are the files to read, in order.
    """

    folder: Path
    version: int
    columns: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]

    @property
    def rows(self) -> int:
        """How many rows the set holds."""
        return sum(part.rows for part in self.parts)

    @property
    def paths(self) -> list[str]:
        """The files of this snapshot."""
        return [str(self.folder / part.name) for part in self.parts]

    def relation(self, connection: Any) -> Any:
        """The snapshot as a DuckDB relation; an empty set has its columns and no row."""
        if not self.parts:
            nothing = ", ".join(f'CAST(NULL AS {kind}) AS "{name}"' for name, kind in self.columns)
            return connection.sql(f"SELECT {nothing} WHERE false")
        return connection.read_parquet(self.paths)


class ParquetSet:
    """One set in its folder, with the columns it must have."""

    def __init__(self, folder: Path, columns: Sequence[tuple[str, str]]) -> None:
        self.folder = folder
        self.columns = tuple(columns)

    def snapshot(self) -> Snapshot:
        """The set as it is now; raises `NotFound` while nothing was ever committed."""
        try:
            manifest = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise NotFound(
                f"The set {self.folder.name} was never written.", "Build it first."
            ) from None
        return Snapshot(
            folder=self.folder,
            version=manifest["version"],
            columns=tuple((name, kind) for name, kind in manifest["columns"]),
            parts=tuple(
                Part(part["name"], part["rows"], part.get("key")) for part in manifest["parts"]
            ),
        )

    def replace(self, connection: Any, select: str) -> Snapshot:
        """Write the rows of a query as the whole set and make them visible at once."""
        return self._commit((self._write(connection, select),), keep=())

    def replace_by(self, connection: Any, select: str, key: str) -> Snapshot:
        """The same in a part for each value of an SQL expression over the columns."""
        return self._commit(self._write_by(connection, select, key), keep=())

    def append(self, connection: Any, select: str) -> Snapshot:
        """Write the rows of a query as a further part and make it visible at once."""
        try:
            old = self.snapshot().parts
        except NotFound:
            old = ()
        return self._commit((self._write(connection, select),), keep=old)

    def sweep(self, older_than_seconds: float = 3600) -> int:
        """Remove parts that the manifest does not name and no running reader can need."""
        named = {part.name for part in self.snapshot().parts}
        limit = time.time() - older_than_seconds
        removed = 0
        for path in self.folder.glob("*.parquet*"):
            if path.name not in named and path.stat().st_mtime < limit:
                path.unlink()
                removed += 1
        return removed

    def _typed(self, connection: Any, select: str) -> str:
        """The columns of the set with their types; refuses a query that gives others."""
        self.folder.mkdir(parents=True, exist_ok=True)
        found = connection.execute(f"DESCRIBE {select}").fetchall()
        if [row[0] for row in found] != [name for name, _ in self.columns]:
            raise Incorrect(
                f"The query does not give the columns of the set {self.folder.name}.",
                f"It must give {', '.join(name for name, _ in self.columns)}.",
            )
        return ", ".join(
            f'CAST("{column}" AS {kind}) AS "{column}"' for column, kind in self.columns
        )

    def _write(self, connection: Any, select: str) -> Part:
        typed = self._typed(connection, select)
        name = f"{uuid.uuid4().hex}.parquet"
        path = str(self.folder / name).replace("'", "''")
        rows = connection.execute(
            f"COPY (SELECT {typed} FROM ({select})) TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
        ).fetchone()[0]
        return Part(name, rows)

    def _write_by(self, connection: Any, select: str, key: str) -> tuple[Part, ...]:
        """
        Parts for each value of the key, of at most about `STAGED_GROUPS` row groups each.

        A partitioned write holds all its rows in memory, so the rows are first staged in files
        of a bounded size, and each of those is parted by itself.
        """
        typed = self._typed(connection, select)
        folder = self.folder / f"new-{uuid.uuid4().hex}"
        staged, parted = folder / "staged", folder / "parted"
        parts: list[Part] = []
        try:
            staged.mkdir(parents=True)
            connection.execute(
                f"COPY (SELECT {typed}, {key} AS part_key FROM ({select})) TO {_path(staged)} "
                f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUPS_PER_FILE {STAGED_GROUPS})"
            )
            for file in sorted(staged.glob("*.parquet")):
                written = connection.execute(
                    f"COPY (FROM read_parquet({_path(file)})) TO {_path(parted)} "
                    "(FORMAT parquet, COMPRESSION zstd, PARTITION_BY (part_key), "
                    "WRITE_PARTITION_COLUMNS false, RETURN_STATS true)"
                )
                names = [column[0] for column in written.description]
                for row in written.fetchall():
                    found = dict(zip(names, row, strict=True))
                    name = f"{uuid.uuid4().hex}.parquet"
                    Path(found["filename"]).replace(self.folder / name)
                    own = found["partition_keys"]["part_key"]
                    parts.append(Part(name, found["count"], own))
                shutil.rmtree(parted, ignore_errors=True)
                file.unlink()
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return tuple(sorted(parts, key=lambda part: (part.key or "", part.name)))

    def _commit(self, new: tuple[Part, ...], keep: tuple[Part, ...]) -> Snapshot:
        try:
            version = self.snapshot().version + 1
        except NotFound:
            version = 1
        parts = (*keep, *new)
        manifest = {
            "version": version,
            "columns": [list(column) for column in self.columns],
            "parts": [
                {"name": p.name, "rows": p.rows} | ({} if p.key is None else {"key": p.key})
                for p in parts
            ],
        }
        temporary = self.folder / f"{MANIFEST}.{uuid.uuid4().hex}"
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(manifest, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.folder / MANIFEST)
        return Snapshot(self.folder, version, self.columns, parts)
