"""
The fixture `spec`: claims as text tables, audited on every engine and by the plain twin.

Columns that a table leaves out get a quiet default: a man of 40, one outpatient visit at a
tertiary hospital, one unit for one yuan.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from taihe.claims.audit import audit_folder
from tests.oracle import claims_plain

DEFAULTS = {
    "person": {"psn_no": "p1", "gend": "1", "brdy": "1985-06-01"},
    "mdtrt": {
        "mdtrt_id": "m1",
        "psn_no": "p1",
        "fixmedins_code": "H1",
        "hosp_level": "3",
        "med_mdtrt_type": "1",
        "internet_flag": "0",
        "insutype": "390",
        "begndate": "2025-03-01",
        "enddate": "2025-03-01",
    },
    "fee": {
        "feedetl_sn": "f1",
        "mdtrt_id": "m1",
        "psn_no": "p1",
        "fee_ocur_date": "2025-03-01",
        "hilist_code": "c1",
        "cnt": "1",
        "det_item_fee_sumamt": "1",
        "init_feedetl_sn": "",
    },
    "rules": {
        "rule_row": "rules:x",
        "kind": "",
        "class": "1",
        "code": "",
        "code2": "",
        "name": "药",
        "value": "",
        "days": "",
        "status": "live",
        "version": "2025-01-01",
        "valid_from": "",
        "valid_to": "",
        "source": "test",
        "clause": "",
    },
}


def rows(text: str, table: str) -> list[dict[str, str]]:
    """A text table as rows with defaults filled in; `-` is an empty cell."""
    lines = [line for line in text.strip().splitlines() if set(line.strip()) - set("-+ ")]
    header = [cell.strip() for cell in lines[0].split("|")] if lines else []
    found = []
    for line in lines[1:]:
        cells = [cell.strip() for cell in line.split("|")]
        given = {n: "" if c == "-" else c for n, c in zip(header, cells, strict=True)}
        found.append(DEFAULTS[table] | given)
    return found


def write(path: Path, data: list[dict[str, str]], columns: list[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(data)


@pytest.fixture
def spec(tmp_path: Path) -> Callable[..., None]:
    """Audit text tables under the given rules and compare what is found, on every engine."""

    def run(
        *,
        rules: str,
        kind: str,
        finds: list[str],
        fee: str = "",
        mdtrt: str = "mdtrt_id\nm1",
        person: str = "psn_no\np1",
    ) -> None:
        tables = {
            "person": rows(person, "person"),
            "mdtrt": rows(mdtrt, "mdtrt"),
            "fee": rows(fee, "fee"),
            "rules": [row | {"kind": kind} for row in rows(rules, "rules")],
        }
        folder, rule_folder = tmp_path / "claims", tmp_path / "rules"
        folder.mkdir()
        rule_folder.mkdir()
        for table, data in tables.items():
            place = rule_folder if table == "rules" else folder
            write(place / f"{table}.csv", data, list(DEFAULTS[table]))
        plain = claims_plain.audit(
            tables["person"], tables["mdtrt"], tables["fee"], tables["rules"]
        )
        for engine in ("duckdb", "sqlite"):
            out = tmp_path / f"{engine}.csv"
            result = audit_folder(
                folder, out, rules=rule_folder, kinds=kind, engine=engine, today=date(2026, 1, 1)
            )
            assert not result.problems, result.problems
            with out.open(encoding="utf-8", newline="") as file:
                found = [tuple(row[:7]) for row in list(csv.reader(file))[1:]]
            assert sorted(_said(row) for row in found) == sorted(finds), engine
            assert sorted(found) == plain, f"{engine} and the plain twin differ"

    return run


def _said(row: tuple[str, ...]) -> str:
    kind, key, _, visit, _, violating, involved = row
    if kind == "READMIT_15D":
        return f"{visit} after {key}"
    return f"{violating} beside {involved}" if involved else violating
