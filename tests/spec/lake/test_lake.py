"""The lake: codes keep their numbers, sets change whole, readers keep what they began with."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from taihe.kernel.errors import Incorrect, NotFound
from taihe.lake.dictionary import Dictionary
from taihe.lake.duck import connect
from taihe.lake.sets import ParquetSet

COLUMNS = (("person", "BIGINT"), ("day", "INTEGER"))


def test_a_code_keeps_its_number_for_ever(tmp_path: Path) -> None:
    first = Dictionary(tmp_path / "codes.sqlite3")
    given = first.numbers("list", ["b", "a", "b"])
    assert given == {"a": 1, "b": 2}
    assert first.number("other", "a") == 3, "the same text in another system is another code"
    again = Dictionary(tmp_path / "codes.sqlite3")
    assert again.numbers("list", ["c", "b", "a"]) == {"a": 1, "b": 2, "c": 4}
    assert again.code(2) == ("list", "b")
    assert again.code(99) is None
    assert again.all("list") == {1: "a", 2: "b", 4: "c"}


def test_a_code_cannot_be_changed_or_removed(tmp_path: Path) -> None:
    path = tmp_path / "codes.sqlite3"
    Dictionary(path).number("list", "a")
    with sqlite3.connect(path) as connection:
        for statement in ("UPDATE code SET code = 'b'", "DELETE FROM code"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(statement)
    connection.close()


def test_many_writers_agree(tmp_path: Path) -> None:
    path = tmp_path / "codes.sqlite3"
    Dictionary(path)

    def write(start: int) -> dict[str, int]:
        return Dictionary(path).numbers("list", [f"c{n}" for n in range(start, start + 60)])

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(write, [0, 20, 40, 10]))
    together: dict[str, int] = {}
    for answer in answers:
        assert all(together.setdefault(code, number) == number for code, number in answer.items())
    assert len(set(together.values())) == len(together) == 100


def test_a_reader_keeps_the_manifest_it_began_with(tmp_path: Path) -> None:
    db = connect(threads=1)
    days = ParquetSet(tmp_path / "days", COLUMNS)
    with pytest.raises(NotFound):
        days.snapshot()
    days.replace(db, "SELECT i AS person, 5 AS day FROM range(3) t(i)")
    before = days.snapshot()
    days.append(db, "SELECT i AS person, 6 AS day FROM range(2) t(i)")
    after = days.snapshot()
    assert (before.rows, after.rows, after.version) == (3, 5, 2)
    assert before.relation(db).aggregate("count(*)").fetchall() == [(3,)]
    assert after.relation(db).aggregate("sum(day)").fetchall() == [(27,)]
    days.replace(db, "SELECT 1 AS person, 7 AS day")
    assert before.relation(db).aggregate("count(*)").fetchall() == [(3,)], "its parts still stand"
    assert days.sweep(older_than_seconds=-1) == 2
    assert days.snapshot().rows == 1


def test_a_set_has_its_columns_and_types(tmp_path: Path) -> None:
    db = connect(threads=1)
    days = ParquetSet(tmp_path / "days", COLUMNS)
    with pytest.raises(Incorrect):
        days.replace(db, "SELECT 1 AS somebody, 2 AS day")
    snapshot = days.replace(db, "SELECT 1::TINYINT AS person, 2::HUGEINT AS day")
    found = db.execute("DESCRIBE SELECT * FROM read_parquet(?)", [snapshot.paths]).fetchall()
    assert [row[:2] for row in found] == list(COLUMNS)
