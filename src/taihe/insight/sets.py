"""
The lake's sets of this context: one per resource type, one of charged visits, one of merges.

A row is what one version of a resource said; of a resource the row with the highest feed
number counts. So a batch that is delivered twice changes nothing. The position in the feed
lies beside the sets that it describes: whoever removes the folder removes both.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from taihe.insight.domain.facts import COLUMNS
from taihe.kernel.errors import NotFound
from taihe.lake.sets import ParquetSet

COMMON = (("resource", "VARCHAR"), ("person", "BIGINT"), ("feed", "BIGINT"), ("gone", "BOOLEAN"))
VISITS = (
    ("visit", "BIGINT"),
    ("person", "BIGINT"),
    ("code", "VARCHAR"),
    ("inpatient", "BOOLEAN"),
    ("begin_on", "DATE"),
    ("lines", "BIGINT"),
    ("fen", "BIGINT"),
)
IDENTITY = (("number", "BIGINT"), ("current", "BIGINT"))
MOST_PARTS = 12
_ARROW = {
    "VARCHAR": "string",
    "BIGINT": "int64",
    "BOOLEAN": "bool_",
    "DATE": "date32",
    "DOUBLE": "float64",
}


class Lake:
    """The folder of this context's sets."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sets = {
            name: ParquetSet(folder / name.lower(), COMMON + columns)
            for name, columns in COLUMNS.items()
        }
        self.visits = ParquetSet(folder / "charged_visit", VISITS)
        self.identity = ParquetSet(folder / "identity", IDENTITY)

    @property
    def every(self) -> dict[str, ParquetSet]:
        """All sets by the name of their table."""
        named = {name.lower(): one for name, one in self.sets.items()}
        return {**named, "charged_visit": self.visits, "identity": self.identity}

    def position(self) -> int:
        """The last feed number taken in; 0 for a lake that was never written."""
        return int(self._state().get("feed", 0))

    def state(self, name: str) -> Any:
        """Another kept fact beside the position, None when it is not there."""
        return self._state().get(name)

    def keep(self, **facts: Any) -> None:
        """Keep facts beside the sets; they replace the former ones at once."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path, temporary = self.folder / "position.json", self.folder / f"position.{os.getpid()}"
        with temporary.open("w", encoding="utf-8") as file:
            json.dump({**self._state(), **facts}, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)

    def versions(self) -> tuple[int, ...]:
        """The version of each set: equal tuples mean equal rows."""
        found = []
        for one in self.every.values():
            try:
                found.append(one.snapshot().version)
            except NotFound:
                found.append(0)
        return tuple(found)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One writer at a time, over all processes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "writer.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def drop(self) -> None:
        """Remove everything; the next step begins at the start of the feed."""
        for one in self.every.values():
            shutil.rmtree(one.folder, ignore_errors=True)
        (self.folder / "position.json").unlink(missing_ok=True)

    def append(self, duck: Any, name: str, rows: Sequence[Sequence[Any]]) -> None:
        """Add rows to the set of a resource type; many parts become one."""
        target = self.sets[name]
        with _registered(duck, rows, target.columns):
            written = target.append(duck, "SELECT * FROM incoming")
        if len(written.parts) > MOST_PARTS:
            written.relation(duck).create_view("all_parts", replace=True)
            target.replace(
                duck,
                "SELECT * FROM all_parts QUALIFY row_number()"
                " OVER (PARTITION BY resource ORDER BY feed DESC) = 1",
            )
            target.sweep()

    def replace(self, duck: Any, target: ParquetSet, rows: Sequence[Sequence[Any]]) -> None:
        """Write rows as a whole set."""
        with _registered(duck, rows, target.columns):
            target.replace(duck, "SELECT * FROM incoming")
        target.sweep()

    def _state(self) -> dict[str, Any]:
        try:
            found = json.loads((self.folder / "position.json").read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


@contextmanager
def _registered(
    duck: Any, rows: Sequence[Sequence[Any]], columns: Sequence[tuple[str, str]]
) -> Iterator[None]:
    import pyarrow

    fields = [
        (name, pyarrow.timestamp("us") if kind == "TIMESTAMP" else getattr(pyarrow, _ARROW[kind])())
        for name, kind in columns
    ]
    turned = list(zip(*rows, strict=True)) if rows else [()] * len(fields)
    arrays = [
        pyarrow.array(values, type=kind) for values, (_, kind) in zip(turned, fields, strict=True)
    ]
    duck.register("incoming", pyarrow.Table.from_arrays(arrays, names=[name for name, _ in fields]))
    try:
        yield
    finally:
        duck.unregister("incoming")
