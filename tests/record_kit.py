"""
A record of its own in a folder, with its HTTP interface, for tests.

No Django database is needed: the tables come from `record.schema`, and access entries are
collected in a list.
"""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from time import time_ns
from typing import Any
from urllib.parse import urlencode

from taihe.record import access, schema, tokens
from taihe.record.database import Database
from taihe.record.http import Application
from taihe.record.keys import Keys
from taihe.record.load import LoadResult, load_paths
from taihe.record.prepare import Preparer
from taihe.record.store import Store

TRAIL = """CREATE TABLE base_trail (id integer PRIMARY KEY AUTOINCREMENT, at_us bigint,
action text, subject text, "by" bigint, detail text)"""
SYSTEM = 7
TODAY = date(2026, 11, 24)


@dataclass
class Reply:
    """An HTTP answer as a test looks at it."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


@dataclass
class Kit:
    """A record, its HTTP interface, and the access entries that were written."""

    folder: Path
    store: Store
    application: Application
    entries: list[Any] = field(default_factory=list)
    token: str = ""

    @property
    def preparer(self) -> Preparer:
        """Prepares resources for this record."""
        return Preparer(self.store.keys, today=TODAY)

    def relate(
        self, person: int, party: int, kind: str, *, start: int = 0, end: int | None = None
    ) -> None:
        """Write a relation row; times in microseconds."""
        with self.store.database.writing() as connection:
            connection.execute(
                'INSERT INTO record_relation (person, party, kind, start, "end", source)'
                " VALUES (?,?,?,?,?,'test')",
                (person, party, kind, start, end),
            )

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self.store.database.reader().execute(sql, parameters).fetchall()

    def load(self, *paths: Path, recursive: bool = False) -> LoadResult:
        """Load files as `taihe load` does."""
        return load_paths(self.store, paths, recursive=recursive, by=SYSTEM)

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        query: Any = None,
        content_type: str = "application/fhir+json",
        **headers: str,
    ) -> Reply:
        """Make a request; `body` is bytes or what becomes JSON."""
        raw = b"" if body is None else body if isinstance(body, bytes) else _json(body)
        path, _, inside = path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": inside or (urlencode(query) if query else ""),
            "HTTP_HOST": "test",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(raw),
            "CONTENT_LENGTH": str(len(raw)) if raw else "",
            "CONTENT_TYPE": content_type if raw else "",
        }
        chosen = self.token if token is None else token
        if chosen:
            environ["HTTP_AUTHORIZATION"] = f"Bearer {chosen}"
        for name, value in headers.items():
            environ[f"HTTP_{name.upper()}"] = value
        heard: list[Any] = []
        answer = self.application(environ, lambda status, found: heard.append((status, found)))
        status, found = heard[0]
        return Reply(int(status[:3]), dict(found), b"".join(answer))

    def issue(self, scope: str = "system/*.cruds", party: int = SYSTEM) -> str:
        """A token for a party."""
        return tokens.issue(self.store, scope, minutes=60, party=party, client="test")


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def make_database(path: Path) -> None:
    """The tables of the record in a new file."""
    connection = sqlite3.connect(path)
    for statement in (*schema.statements("sqlite"), TRAIL):
        connection.execute(statement)
    connection.commit()
    connection.close()


@contextmanager
def make_kit(folder: Path, monkeypatch: Any) -> Iterator[Kit]:
    """A kit in a folder."""
    path = folder / "record.sqlite3"
    make_database(path)
    store = Store(Database(path), Keys(bytes(range(32))))
    kit = Kit(folder, store, Application(lambda: store))
    monkeypatch.setattr(access.access_log, "note", kit.entries.append)
    kit.relate(0, SYSTEM, "platform", start=time_ns() // 1000 - 1_000_000)
    kit.token = kit.issue()
    yield kit
    store.database.close()


def patient(id: str = "p1", **more: Any) -> dict[str, Any]:
    """A small Patient."""
    return {
        "resourceType": "Patient",
        "id": id,
        "name": [{"text": "张伟", "family": "张", "given": ["伟"]}],
        "gender": "male",
        "birthDate": "1980-05-01",
        **more,
    }


def observation(id: str, subject: str = "p1", **more: Any) -> dict[str, Any]:
    """A small Observation of a patient."""
    return {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
        "subject": {"reference": f"Patient/{subject}"},
        "effectiveDateTime": "2026-05-04T08:00:00+08:00",
        "valueQuantity": {
            "value": 128,
            "unit": "mmHg",
            "system": "http://unitsofmeasure.org",
            "code": "mm[Hg]",
        },
        **more,
    }
