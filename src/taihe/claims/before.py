"""
The check before treatment: one prescription through the same kinds that audit a year.

The lines stand in claim columns of a small database in memory; only rows whose codes occur are
compiled, so that an answer takes milliseconds.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from taihe.claims import rule_rows
from taihe.claims.columns import TABLES
from taihe.claims.domain.rules import SCALE, Rule, compile_rules, family
from taihe.claims.engine import SqliteEngine, run
from taihe.kernel.codes import Sex
from taihe.kernel.periods import day_number

TEMPLATES = ("K1", "K5", "K8")
LONGEST_DAYS = 120


@dataclass(frozen=True)
class BeforeLine:
    """
    One item that is to be prescribed: code ("" for a slice without one), name, quantity, days.
    """

    code: str
    name: str
    quantity: Decimal
    days: int | None = None


@dataclass(frozen=True)
class BeforeFinding:
    """
    What a rule row says about a prescription: `severity` V (violates) or S (suspicious).

    `names` are the items as written; `remedy` says what would make it right.
    """

    kind: str
    title: str
    severity: str
    rule_row: str
    status: str
    source: str
    clause: str
    value: str
    remedy: str
    names: tuple[str, ...]


def check(
    lines: Sequence[BeforeLine],
    *,
    on: date,
    sex: str,
    birth_date: date | None,
    level: str,
    insurance: str,
    is_inpatient: bool,
    is_internet: bool,
) -> list[BeforeFinding]:
    """The findings of the official rows; one per class and set of items."""
    texts = [line.code or f"T?{line.name}" for line in lines]
    numbers = {code: number for number, code in enumerate(dict.fromkeys(texts), start=1)}
    rules = [rule for code in numbers for rule in _rules().get(code, ())]
    compiled = compile_rules(rules, rule_rows.kinds(), rule_rows.words(), numbers)
    if not compiled.rules:
        return []
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        _tables(connection)
        gender = {"male": Sex.MALE, "female": Sex.FEMALE}.get(sex, Sex.UNKNOWN)
        born = _ymd(birth_date) if birth_date else None
        first = day_number(on)
        connection.execute("INSERT INTO claim_person VALUES (1, '1', ?, ?)", (int(gender), born))
        connection.execute(
            "INSERT INTO claim_encounter VALUES (1, '1', 1, 1, ?, ?, ?, ?, ?, NULL, 1)",
            (
                int(level) if level else None,
                2 if is_inpatient else 1,
                int(is_internet),
                int(insurance),
                first,
            ),
        )
        connection.executemany(
            "INSERT INTO claim_code VALUES (?, ?)",
            [(n, family(code)) for code, n in numbers.items()],
        )
        connection.executemany(
            "INSERT INTO claim_line VALUES (?, ?, 1, 1, 1, ?, ?, ?, ?, 0)",
            [
                (
                    place * 1000 + nth,
                    str(place),
                    first + nth,
                    _ymd(on),
                    numbers[texts[place]],
                    int(line.quantity * SCALE),
                )
                for place, line in enumerate(lines)
                for nth in range(min(line.days or 1, LONGEST_DAYS))
            ],
        )
        found = list(run(SqliteEngine(connection), compiled, rule_rows.kinds()))
    finally:
        connection.close()
    merged: dict[tuple[str, str], BeforeFinding] = {}
    for finding in found:
        kind = rule_rows.kinds()[finding.kind]
        places = sorted({int(place) for place in finding.violating or finding.involved})
        made = BeforeFinding(
            kind=finding.kind,
            title=kind.title,
            severity=kind.severity,
            rule_row=finding.rule.row,
            status=finding.rule.status,
            source=finding.rule.source,
            clause=finding.rule.clause,
            value=finding.rule.value,
            remedy=kind.remedy,
            names=tuple(dict.fromkeys(lines[place].name for place in places)),
        )
        merged.setdefault((finding.kind, finding.rule_key), made)
    return list(merged.values())


def _tables(connection: sqlite3.Connection) -> None:
    for table, declared in TABLES.items():
        connection.execute(f"CREATE TABLE {table} ({declared})")


@lru_cache
def _rules() -> dict[str, list[Rule]]:
    """The shipped rows of classes that speak of one prescription, by code."""
    kinds = rule_rows.kinds()
    found: dict[str, list[Rule]] = {}
    for rule in rule_rows.shipped():
        if kinds[rule.kind].template in TEMPLATES and rule.code:
            found.setdefault(rule.code, []).append(rule)
    return found


def _ymd(day: date) -> int:
    return day.year * 10000 + day.month * 100 + day.day
