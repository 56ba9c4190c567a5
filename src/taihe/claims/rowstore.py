"""
The row store: exchange tables in the installation's own database, keyed by the national ids.

Loading is idempotent: a row that comes again unchanged changes nothing, a changed one replaces
the former. Commits are small, so that nobody waits for the writer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from taihe.claims.columns import (
    TABLES,
    make_code_table,
    net_refunds,
)
from taihe.claims.exchange import Reading
from taihe.kernel.codes import System
from taihe.kernel.errors import Problem
from taihe.lake.dictionary import Dictionary

BATCH = 2000
Progress = Callable[[int], None]
EPOCH = "DATE '1970-01-01'"


@dataclass(frozen=True)
class TableLoad:
    """What loading one exchange table did; `rejected` rows are not stored."""

    read: int
    new: int
    updated: int
    unchanged: int
    rejected: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class _Table:
    """A table of the row store: its key and the columns that follow the exchange table."""

    name: str
    key: str
    columns: tuple[str, ...]


PERSON = _Table("claims_person", "psn_no", ("sex", "born_day"))
ENCOUNTER = _Table(
    "claims_encounter",
    "mdtrt_id",
    ("psn", "org", "level", "visit", "internet", "insurance", "begin_day", "end_day"),
)
LINE = _Table(
    "claims_line",
    "feedetl_sn",
    ("enc", "psn", "org", "day", "code", "qty", "price_fen", "fen", "init_sn"),
)


def dictionary() -> Dictionary:
    """The installation's dictionary of codes."""
    return Dictionary(Path(settings.TAIHE_FOLDER) / "lake" / "codes.sqlite3")


def load_table(
    path: Path,
    table: str,
    *,
    today: date,
    progress: Progress | None = None,
) -> TableLoad:
    """
    Load one exchange table into the row store.

    A line whose encounter was never loaded is rejected: load persons, encounters and lines in
    this order.
    """
    from taihe.lake.duck import connect

    reading = Reading(connect(), today)
    try:
        reading.add(path, table)
        writer = {"person": _persons, "mdtrt": _encounters, "fee": _lines}[table]
        counts = [0, 0, 0]
        refused = 0
        for rows in _batches(reading, table):
            new, updated, unchanged, gone = writer(rows)
            counts = [counts[0] + new, counts[1] + updated, counts[2] + unchanged]
            refused += gone
            if progress:
                progress(len(rows))
    finally:
        reading.close()
    problems = list(reading.problems)
    if refused:
        problems.append(
            Problem(
                path.name,
                None,
                "mdtrt_id",
                "unknown-encounter",
                f"{refused} lines name an encounter that was never loaded.",
                "Load the mdtrt table first, then this file again.",
            )
        )
    return TableLoad(
        reading.read,
        counts[0],
        counts[1],
        counts[2],
        reading.left_out + refused,
        tuple(problems),
    )


_SELECT = {
    "person": f"psn_no, gend, brdy - {EPOCH}",
    "mdtrt": (
        "mdtrt_id, psn_no, fixmedins_code, hosp_lv, med_type, coalesce(internet_flag, 0), "
        f"insutype, begntime - {EPOCH}, endtime - {EPOCH}"
    ),
    "fee": (
        f"feedetl_sn, mdtrt_id, psn_no, fee_ocur_time - {EPOCH}, hilist_code, "
        "coalesce(hilist_name, ''), cnt, pric, det_item_fee_sumamt, coalesce(init_feedetl_sn, '')"
    ),
}


def _batches(reading: Reading, table: str) -> Iterator[list[tuple[Any, ...]]]:
    valid = "" if table == "person" else " WHERE vali_flag IS DISTINCT FROM 0"
    cursor = reading.connection.execute(f"SELECT {_SELECT[table]} FROM raw_{table}{valid}")
    while rows := cursor.fetchmany(BATCH):
        # Of a repeated id inside a batch the last row counts, as it does between batches.
        yield list({row[0]: row for row in rows}.values())


def _persons(rows: list[tuple[Any, ...]]) -> tuple[int, int, int, int]:
    with transaction.atomic():
        return (*_upsert(PERSON, rows), 0)


def _encounters(rows: list[tuple[Any, ...]]) -> tuple[int, int, int, int]:
    orgs = dictionary().numbers(System.INSTITUTION, {row[2] for row in rows})
    with transaction.atomic():
        numbers = _insured({row[1] for row in rows})
        ready = [(row[0], numbers[row[1]], orgs[row[2]], *row[3:]) for row in rows]
        return (*_upsert(ENCOUNTER, ready), 0)


def _lines(rows: list[tuple[Any, ...]]) -> tuple[int, int, int, int]:
    codes = dictionary().numbers(System.INSURANCE_LIST, {row[4] for row in rows})
    with transaction.atomic():
        numbers = _insured({row[2] for row in rows})
        encounters = {
            row[0]: row[1:]
            for row in _select_in(
                "SELECT mdtrt_id, enc, org FROM claims_encounter WHERE mdtrt_id IN ({})",
                {row[1] for row in rows},
            )
        }
        known = [row for row in rows if row[1] in encounters]
        _items({(codes[row[4]], row[4], row[5]) for row in known})
        ready = [
            (
                row[0],
                encounters[row[1]][0],
                numbers[row[2]],
                encounters[row[1]][1],
                row[3],
                codes[row[4]],
                *row[6:],
            )
            for row in known
        ]
        return (*_upsert(LINE, ready), len(rows) - len(known))


def _insured(numbers: set[str]) -> dict[str, int]:
    """The row of each insurance number, made where it is new."""
    select = "SELECT psn_no, psn FROM claims_person WHERE psn_no IN ({})"
    known = dict(_select_in(select, numbers))
    missing = sorted(numbers - known.keys())
    if missing:
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO claims_person (psn_no) VALUES (%s) ON CONFLICT DO NOTHING",
                [(number,) for number in missing],
            )
        known.update(_select_in(select, missing))
    return known


_names: dict[int, str] = {}


def _items(items: set[tuple[int, str, str]]) -> None:
    fresh = [item for item in items if _names.get(item[0]) != item[2]]
    if not fresh:
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO claims_item (code, hilist_code, name) VALUES (%s, %s, %s) "
            "ON CONFLICT (code) DO UPDATE SET name = excluded.name",
            [(code, text, name[:300]) for code, text, name in fresh],
        )
    names = {code: name for code, _, name in fresh}
    transaction.on_commit(lambda: _names.update(names))


def _upsert(table: _Table, rows: Sequence[tuple[Any, ...]]) -> tuple[int, int, int]:
    """Insert or replace rows by key; returns how many were new, updated, unchanged."""
    listed = ", ".join((table.key, *table.columns))
    stored = {
        row[0]: tuple(row[1:])
        for row in _select_in(
            f"SELECT {listed} FROM {table.name} WHERE {table.key} IN ({{}})",
            [row[0] for row in rows],
        )
    }
    new = [row for row in rows if row[0] not in stored]
    changed = [row for row in rows if row[0] in stored and stored[row[0]] != tuple(row[1:])]
    if new or changed:
        marks = ", ".join(["%s"] * (len(table.columns) + 1))
        sets = ", ".join(f"{column} = excluded.{column}" for column in table.columns)
        with connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO {table.name} ({listed}) VALUES ({marks}) "
                f"ON CONFLICT ({table.key}) DO UPDATE SET {sets}",
                [*new, *changed],
            )
    return len(new), len(changed), len(rows) - len(new) - len(changed)


def _select_in(sql: str, values: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    every = list(values)
    with connection.cursor() as cursor:
        for start in range(0, len(every), 900):
            piece = every[start : start + 900]
            cursor.execute(sql.format(", ".join(["%s"] * len(piece))), piece)
            yield from cursor.fetchall()


def link_persons(persons_of: Callable[[Sequence[str]], dict[str, int]]) -> int:
    """
    Tie insured persons that are not tied yet to persons of the record; returns how many.

    `persons_of` gives the record's number of each insurance number it knows or makes known.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT psn, psn_no FROM claims_person WHERE person IS NULL ORDER BY psn")
        loose = cursor.fetchall()
    tied = 0
    for start in range(0, len(loose), BATCH):
        batch = loose[start : start + BATCH]
        persons = persons_of([number for _, number in batch])
        found = [(persons[number], psn) for psn, number in batch if number in persons]
        if found:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.executemany("UPDATE claims_person SET person = %s WHERE psn = %s", found)
            tied += len(found)
    return tied


# -- columns of the whole store -------------------------------------------------------------


def to_columns(duck: Any) -> dict[str, int]:
    """
    Copy the row store into the claim tables of a DuckDB connection, refunds netted.

    Returns the number of every code that occurs.
    """
    _copy(
        duck,
        "stage_person",
        "psn BIGINT, psn_no VARCHAR, sex INTEGER, born INTEGER",
        ("SELECT psn, psn_no, sex, born_day FROM claims_person"),
    )
    _copy(
        duck,
        "stage_encounter",
        "enc BIGINT, mdtrt_id VARCHAR, psn BIGINT, org BIGINT, level INTEGER, visit INTEGER, "
        "internet INTEGER, insurance INTEGER, begin_day INTEGER, end_day INTEGER",
        "SELECT enc, mdtrt_id, psn, org, level, visit, internet, insurance, begin_day, end_day "
        "FROM claims_encounter",
    )
    _copy(
        duck,
        "stage_line",
        "line BIGINT, feedetl_sn VARCHAR, enc BIGINT, psn BIGINT, org BIGINT, day INTEGER, "
        "code BIGINT, qty BIGINT, fen BIGINT, init_sn VARCHAR",
        "SELECT line, feedetl_sn, enc, psn, org, day, code, qty, fen, init_sn FROM claims_line "
        "ORDER BY psn, day",
    )
    net_refunds(duck, "stage_line", "feedetl_sn", "init_sn", "qty", "fen")
    ymd = "CAST(year({0}) * 10000 + month({0}) * 100 + day({0}) AS INTEGER)"
    duck.execute(
        "CREATE TABLE claim_person AS SELECT psn, psn_no, sex, "
        f"{ymd.format(f'({EPOCH} + born)')} AS born_ymd FROM stage_person"
    )
    duck.execute(
        "CREATE TABLE claim_encounter AS SELECT *, row_number() OVER (ORDER BY mdtrt_id) AS nth "
        "FROM stage_encounter"
    )
    duck.execute(
        "CREATE TABLE claim_line AS SELECT line, feedetl_sn, enc, psn, org, day, "
        f"{ymd.format(f'({EPOCH} + day)')} AS ymd, code, qty, fen FROM stage_line"
    )
    used = {row[0] for row in duck.execute("SELECT DISTINCT code FROM claim_line").fetchall()}
    written = dictionary().all(System.INSURANCE_LIST)
    numbers = {written[code]: code for code in used}
    make_code_table(duck, numbers)
    assert all(
        duck.execute(
            f"SELECT count(*) FROM information_schema.tables WHERE table_name = '{name}'"
        ).fetchone()[0]
        for name in TABLES
    )
    return numbers


def _copy(duck: Any, table: str, declared: str, select: str) -> None:
    """Copy rows of the database into a DuckDB table, by way of Arrow: five times faster."""
    import pyarrow

    duck.execute(f"CREATE TABLE {table} ({declared})")
    types = {"BIGINT": pyarrow.int64(), "INTEGER": pyarrow.int32(), "VARCHAR": pyarrow.string()}
    schema = pyarrow.schema(
        [(name, types[kind]) for name, kind in (column.split() for column in declared.split(", "))]
    )
    with connection.cursor() as cursor:
        cursor.execute(select)
        while rows := cursor.fetchmany(50_000):
            columns = [
                pyarrow.array(column, type=field.type)
                for field, column in zip(schema, zip(*rows, strict=True), strict=True)
            ]
            duck.register("incoming", pyarrow.Table.from_arrays(columns, schema=schema))
            duck.execute(f"INSERT INTO {table} SELECT * FROM incoming")
            duck.unregister("incoming")
