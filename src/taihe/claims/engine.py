"""
Run kinds over claim columns: DuckDB in bulk, SQLite for a row store; both answer the same.

A kind returns long rows (rule, unit, person, institution, encounter, day, line, role); this
module runs them and makes findings of the rows, with the lists that SQL does not make.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from taihe.claims.columns import TABLES as CLAIM_TABLES
from taihe.claims.domain.rules import TABLES as RULE_TABLES
from taihe.claims.domain.rules import Compiled, Kind, Rule
from taihe.claims.kinds import query
from taihe.kernel.periods import day_of

_WRITTEN = """
SELECT q.rule, q.unit, q.psn, q.org, q.enc, q.day, q.line, q.role,
       l.feedetl_sn, l.fen, l.org, l.day, p.psn_no, e.mdtrt_id, b.mdtrt_id
FROM ({query}) q
LEFT JOIN claim_line l ON l.line = q.line
LEFT JOIN claim_person p ON p.psn = q.psn
LEFT JOIN claim_encounter e ON e.enc = q.enc
LEFT JOIN claim_encounter b ON b.enc = q.unit AND q.line IS NULL
"""


class Finding(NamedTuple):
    """
    What a rule found: the seven columns of the key, the rule, and the lines by number.

    `date` is ISO text; key columns that the class does not use are empty. `psn` and `enc` are
    numbers of the claim columns (`enc` 0 where the finding spans several); `org` and `day` are
    those of the first violating line where the key has none.
    """

    kind: str
    rule_key: str
    psn_no: str
    mdtrt_id: str
    date: str
    violating: tuple[str, ...]
    involved: tuple[str, ...]
    rule: Rule
    amount_fen: int
    psn: int
    org: int
    enc: int
    day: int
    violating_numbers: tuple[int, ...]
    involved_numbers: tuple[int, ...]


class Engine(Protocol):
    """Something that holds claim columns and answers a kind."""

    name: str

    def rows(self, compiled: Compiled, template: str) -> Iterable[Sequence[Any]]:
        """The long rows of one template with written ids."""


class DuckEngine:
    """Kinds over a DuckDB connection that has the claim tables."""

    name = "duckdb"

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def rows(self, compiled: Compiled, template: str) -> Iterable[Sequence[Any]]:
        """The long rows of one template with written ids."""
        table, columns = RULE_TABLES[template]
        rows = compiled.tables[template]
        declared = ", ".join(f"{column} INTEGER" for column in columns)
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({declared})")
        if not rows:
            return []
        marks = ", ".join("unnest(?)" for _ in columns)
        self.connection.execute(
            f"INSERT INTO {table} SELECT {marks}",
            [list(column) for column in zip(*rows, strict=True)],
        )
        found: list[Sequence[Any]] = self.connection.execute(
            _WRITTEN.format(query=query(template))
        ).fetchall()
        return found


class SqliteEngine:
    """Kinds over SQLite; `take_over` copies the claim tables of a DuckDB connection."""

    name = "sqlite"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    @classmethod
    def take_over(cls, duck: Any) -> SqliteEngine:
        """An in-memory SQLite with the claim tables of a DuckDB connection, indexed."""
        connection = sqlite3.connect(":memory:", isolation_level=None)
        for table, declared in CLAIM_TABLES.items():
            names = ", ".join(column.split()[0] for column in declared.split(", "))
            connection.execute(f"CREATE TABLE {table} ({declared})")
            marks = ", ".join("?" for _ in declared.split(", "))
            cursor = duck.execute(f"SELECT {names} FROM {table}")
            while block := cursor.fetchmany(50_000):
                connection.execute("BEGIN")
                connection.executemany(f"INSERT INTO {table} VALUES ({marks})", block)
                connection.execute("COMMIT")
        for number, (table, columns) in enumerate(
            (
                ("claim_line", "code, day"),
                ("claim_line", "enc"),
                ("claim_line", "psn, day"),
                ("claim_line", "line"),
                ("claim_encounter", "enc"),
                ("claim_encounter", "visit, psn, org"),
                ("claim_person", "psn"),
                ("claim_code", "code, family"),
            )
        ):
            connection.execute(f"CREATE INDEX i{number} ON {table} ({columns})")
        connection.execute("ANALYZE")
        return cls(connection)

    def rows(self, compiled: Compiled, template: str) -> Iterable[Sequence[Any]]:
        """The long rows of one template with written ids."""
        table, columns = RULE_TABLES[template]
        rows = compiled.tables[template]
        self.connection.execute(f"DROP TABLE IF EXISTS {table}")
        self.connection.execute(
            f"CREATE TEMP TABLE {table} ({', '.join(f'{name} INTEGER' for name in columns)})"
        )
        if not rows:
            return []
        marks = ", ".join("?" for _ in columns)
        self.connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
        return self.connection.execute(_WRITTEN.format(query=query(template))).fetchall()


def run(engine: Engine, compiled: Compiled, kinds: dict[str, Kind]) -> Iterator[Finding]:
    """Every finding of the compiled rules, kind by kind in the order of their short codes."""
    for template in RULE_TABLES:
        if compiled.tables[template]:
            yield from _findings(engine.rows(compiled, template), compiled.rules, kinds)


class _Open:
    """A finding while its long rows come in."""

    __slots__ = ("day", "first", "involved", "org", "rule", "violating")

    def __init__(self, row: Sequence[Any]) -> None:
        self.first = row
        self.rule = row[0]
        self.org: int = row[3] or 0
        self.day: int = row[5] or 0
        self.violating: list[tuple[str, int, int]] = []
        self.involved: list[tuple[str, int]] = []


def _findings(
    rows: Iterable[Sequence[Any]], rules: Sequence[Rule], kinds: dict[str, Kind]
) -> Iterator[Finding]:
    codes = [rule.kind for rule in rules]
    groups: dict[tuple[Any, ...], _Open] = {}
    for row in rows:
        rule, unit, psn, org, enc, day, line, role, written, fen = row[:10]
        key = (codes[rule], unit, psn, org, enc, day)
        found = groups.get(key)
        if found is None:
            found = groups[key] = _Open(row)
        if line is None:
            continue
        if role:
            found.violating.append((written, line, fen or 0))
            if rule < found.rule:
                found.rule = rule
            if not day and (not found.day or row[11] < found.day):
                found.day = row[11]
            if not org:
                found.org = row[10]
        else:
            found.involved.append((written, line))
    for found in groups.values():
        yield _close(found, rules[found.rule], kinds)


def _close(found: _Open, rule: Rule, kinds: dict[str, Kind]) -> Finding:
    kind = kinds[rule.kind]
    _, _, psn, _, enc, day, *_, psn_no, mdtrt_id, previous = found.first
    violating = sorted(set(found.violating))
    involved = sorted(set(found.involved))
    if kind.rule_key == "code":
        rule_key = rule.code
    elif kind.rule_key == "pair":
        rule_key = f"{rule.code}>{rule.code2}"
    elif kind.rule_key == "name":
        rule_key = rule.name
    elif kind.rule_key == "previous":
        rule_key = previous
    else:
        rule_key = "-"
    return Finding(
        kind=rule.kind,
        rule_key=rule_key,
        psn_no=psn_no,
        mdtrt_id=mdtrt_id if kind.key_encounter and mdtrt_id else "",
        date=day_of(day).isoformat() if kind.key_date else "",
        violating=tuple(line[0] for line in violating),
        involved=tuple(line[0] for line in involved),
        rule=rule,
        amount_fen=sum(line[2] for line in violating),
        psn=psn,
        org=found.org,
        enc=enc or 0,
        day=found.day,
        violating_numbers=tuple(line[1] for line in violating),
        involved_numbers=tuple(line[1] for line in involved),
    )
