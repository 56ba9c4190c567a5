"""Audit a folder of exchange tables: `taihe claims audit`."""

from __future__ import annotations

import csv
import gc
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from pathlib import Path
from typing import Any, TextIO

from taihe.claims import rule_rows
from taihe.claims.columns import from_tables
from taihe.claims.domain.rules import compile_rules, parameters
from taihe.claims.engine import DuckEngine, Engine, Finding, SqliteEngine, run
from taihe.claims.exchange import Reading, find_tables
from taihe.kernel.errors import Incorrect, NotFound, Problem, Unsupported

COLUMNS = (
    "kind",
    "rule_key",
    "psn_no",
    "mdtrt_id",
    "date",
    "violating_lines",
    "involved_lines",
    "template",
    "rule_row",
    "rule_version",
    "source",
    "clause",
    "parameters",
    "amount_fen",
    "severity",
)
ENGINES = ("duckdb", "sqlite")


@dataclass(frozen=True)
class AuditResult:
    """What an audit read and found; `lines` counts claim lines that were audited."""

    lines: int
    findings: int
    by_kind: dict[str, int]
    fallback: tuple[str, ...]
    problems: tuple[Problem, ...]
    engine: str
    seconds: float
    fallback_files: tuple[str, ...] = ()
    left_out: int = 0
    rules: int = 0

    def as_json(self) -> dict[str, Any]:
        """The form of `--json`."""
        return {
            "lines": self.lines,
            "findings": self.findings,
            "by_kind": self.by_kind,
            "fallback": list(self.fallback),
            "problems": [problem.as_json() for problem in self.problems],
            "engine": self.engine,
            "seconds": self.seconds,
            "fallback_files": list(self.fallback_files),
            "left_out": self.left_out,
            "rules": self.rules,
        }


def wanted_kinds(text: str | None) -> tuple[str, ...]:
    """The short codes that `--kinds` names: a list with commas, or all."""
    known = rule_rows.kinds()
    if not text or text == "all":
        return tuple(known)
    wanted = [word.strip().upper() for word in text.split(",") if word.strip()]
    unknown = [word for word in wanted if word not in known]
    if unknown:
        raise Incorrect(
            f"There is no kind {', '.join(unknown)}.", f"Known kinds are {', '.join(known)}."
        )
    return tuple(dict.fromkeys(wanted))


def audit_folder(
    folder: Path,
    out: Path,
    *,
    rules: Path | None = None,
    kinds: str | None = None,
    engine: str = "duckdb",
    today: date,
) -> AuditResult:
    """
    Audit the exchange tables of a folder and write the findings as CSV.

    The output appears only when it is complete. Raises `NotFound` when the folder lacks
    encounters or lines, `Incorrect` for an unknown kind.
    """
    from taihe.lake.duck import connect

    started = time.perf_counter()
    if engine not in ENGINES:
        raise Unsupported(
            f"The engine {engine} is not available here.", f"Use {' or '.join(ENGINES)}."
        )
    wanted = wanted_kinds(kinds)
    tables = find_tables(folder)
    for needed in ("mdtrt", "fee"):
        if not tables[needed]:
            raise NotFound(
                f"{folder} has no {needed} table.",
                f"Put {needed}.csv, {needed}.csv.gz or {needed}.parquet into it.",
            )
    if not out.parent.is_dir():
        raise NotFound(f"The folder {out.parent} does not exist.", "Make it, or name another.")
    rule_set = rule_rows.read_rules(rules, frozenset(wanted))
    with tempfile.TemporaryDirectory(prefix="taihe-") as spill:
        connection = connect(spill=Path(spill))
        try:
            return _audit(connection, tables, out, rule_set, engine, today, started)
        finally:
            connection.close()


def _audit(
    connection: Any,
    tables: dict[str, list[Path]],
    out: Path,
    rule_set: rule_rows.RuleSet,
    engine: str,
    today: date,
    started: float,
) -> AuditResult:
    reading = Reading(connection, today)
    if not tables["person"]:
        reading.problems.append(
            Problem(
                "person",
                None,
                None,
                "missing-table",
                "There is no person table.",
                "Add it; classes that ask for sex or age find nothing.",
            )
        )
    try:
        for table, paths in tables.items():
            for path in paths:
                reading.add(path, table)
        numbers = from_tables(reading)
    finally:
        reading.close()
    compiled = compile_rules(rule_set.rules, rule_rows.kinds(), rule_rows.words(), numbers)
    runner: Engine = (
        DuckEngine(connection) if engine == "duckdb" else SqliteEngine.take_over(connection)
    )
    with _without_collector():
        found = sorted(run(runner, compiled, rule_rows.kinds()), key=_order)
        _write(out, found)
    lines = connection.execute("SELECT count(*) FROM claim_line").fetchone()[0]
    return AuditResult(
        lines=lines,
        findings=len(found),
        by_kind=dict(sorted(Counter(finding.kind for finding in found).items())),
        fallback=rule_set.fallback,
        problems=(*rule_set.problems, *compiled.problems, *reading.problems),
        engine=engine,
        seconds=round(time.perf_counter() - started, 3),
        fallback_files=rule_set.fallback_files,
        left_out=reading.left_out,
        rules=len(compiled.rules),
    )


@contextmanager
def _without_collector() -> Iterator[None]:
    """Findings hold no cycles: walking them again and again would take a third of the time."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


_order = attrgetter("kind", "rule_key", "psn_no", "mdtrt_id", "date", "violating")


def _write(out: Path, found: Sequence[Finding]) -> None:
    partial = out.with_name(f".{out.name}.partial")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            _rows(file, found)
        partial.replace(out)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def _rows(file: TextIO, found: Sequence[Finding]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    texts: dict[int, tuple[str, ...]] = {}
    for finding in found:
        rule = finding.rule
        told = texts.get(id(rule))
        if told is None:
            told = texts[id(rule)] = (
                rule_rows.kinds()[rule.kind].template,
                rule.row,
                rule.version,
                rule.source,
                rule.clause,
                json.dumps(parameters(rule), ensure_ascii=False),
                rule_rows.severity(rule),
            )
        writer.writerow(
            (
                finding.kind,
                finding.rule_key,
                finding.psn_no,
                finding.mdtrt_id,
                finding.date,
                "|".join(finding.violating),
                "|".join(finding.involved),
                *told[:6],
                finding.amount_fen,
                told[6],
            )
        )
