"""
Audit of generated claims beside hand-written DuckDB SQL for the same 16 classes.

Both read the same Parquet tables with text codes in the same run and must find the same
number of findings. The baseline is what someone would write in an afternoon: joins on text,
no rule rows with sources, no lists of lines, no problems of the files.
"""

from __future__ import annotations

import os
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from taihe.claims import rule_rows
from taihe.claims.audit import audit_folder

LINES = int(os.environ.get("TAIHE_BENCH_LINES", "1000000"))


def run() -> list[dict[str, Any]]:
    """Audit lines per second, whole call from files to findings."""
    with tempfile.TemporaryDirectory(prefix="taihe-bench-") as name:
        folder = Path(name)
        generate(folder, LINES)
        started = time.perf_counter()
        found = by_hand(folder)
        baseline = time.perf_counter() - started
        started = time.perf_counter()
        result = audit_folder(folder, folder / "findings.csv", today=date(2026, 12, 31))
        ours = time.perf_counter() - started
        assert result.lines == LINES, (result.lines, result.problems[:3])
        differing = {
            k: (result.by_kind.get(k, 0), n)
            for k, n in found.items()
            if n != result.by_kind.get(k, 0)
        }
        assert not differing, differing
    return [
        {
            "figure": f"audit, {LINES:,} lines, 16 classes, findings written",
            "value": LINES / ours,
            "unit": "lines/s",
            "baseline": "hand-written DuckDB SQL, text codes",
            "baseline_value": LINES / baseline,
            "ratio": baseline / ours,
            "findings": result.findings,
        }
    ]


def generate(folder: Path, lines: int) -> None:
    """Persons, encounters and lines with a Zipf-like mix of codes, one in sixteen of them ruled."""
    db = duckdb.connect()
    db.execute("SELECT setseed(0.42)")
    db.execute("SET threads = 1")
    rules = rule_rows.shipped()
    codes = sorted({code for rule in rules for code in (rule.code, rule.code2) if code})
    db.execute("CREATE TABLE ruled AS SELECT unnest(?) AS code", [codes])
    db.execute(
        "CREATE TABLE pool AS SELECT row_number() OVER (ORDER BY hash(code)) AS n, code FROM ruled"
    )
    people, visits = max(lines // 50, 10), max(lines // 8, 10)
    db.execute(
        f"CREATE TABLE person AS SELECT 'P' || i AS psn_no, CAST(1 + i % 2 AS VARCHAR) AS gend, "
        f"DATE '1930-01-01' + CAST(random() * 33000 AS INTEGER) AS brdy FROM range({people}) t(i)"
    )
    db.execute(
        f"""
        CREATE TABLE mdtrt AS
        SELECT 'M' || lpad(CAST(i AS VARCHAR), 9, '0') AS mdtrt_id,
               'P' || CAST(random() * {people - 1} AS INTEGER) AS psn_no,
               'H34162200' || lpad(CAST(CAST(random() * 40 AS INTEGER) AS VARCHAR), 3, '0')
                 AS fixmedins_code,
               CAST(1 + i % 3 AS VARCHAR) AS hosp_lv,
               CASE WHEN i % 10 = 0 THEN '2' ELSE '1' END AS med_type,
               CASE WHEN i % 50 = 1 THEN '1' ELSE '0' END AS internet_flag,
               CASE WHEN random() < 0.5 THEN '390' ELSE '310' END AS insutype,
               DATE '2024-01-01' + CAST(random() * 700 AS INTEGER) AS begntime, i
        FROM range({visits}) t(i)
        """
    )
    db.execute("ALTER TABLE mdtrt ADD COLUMN endtime DATE")
    db.execute(
        "UPDATE mdtrt SET endtime = begntime + CASE WHEN med_type = '2' "
        "THEN CAST(2 + random() * 20 AS INTEGER) ELSE 0 END"
    )
    db.execute(
        f"""
        CREATE TABLE raw AS
        SELECT i, CAST(floor(random() * {visits}) AS BIGINT) AS visit, random() AS a, random() AS b,
               random() AS c
        FROM range({lines}) t(i)
        """
    )
    db.execute(
        f"""
        CREATE TABLE fee AS
        SELECT 'F' || r.i AS feedetl_sn, m.mdtrt_id, m.psn_no,
               m.begntime + CAST(floor(r.b * (m.endtime - m.begntime + 1)) AS INTEGER)
                 AS fee_ocur_time,
               CASE WHEN r.a < 0.0625 THEN p.code
                    ELSE 'XN' || lpad(CAST(CAST(15000 * r.c * r.c AS INTEGER) AS VARCHAR), 21, '0')
               END AS hilist_code,
               'n' AS hilist_name, 1 + r.i % 3 AS cnt, 2.5 AS pric, 2.5 * (1 + r.i % 3)
                 AS det_item_fee_sumamt
        FROM raw r
        JOIN mdtrt m ON m.i = r.visit
        LEFT JOIN pool p ON p.n = 1 + CAST(floor({len(codes)} * r.c * r.c) AS BIGINT)
        """
    )
    for table in ("person", "mdtrt", "fee"):
        db.execute(f"COPY {table} TO '{folder / table}.parquet' (FORMAT parquet)")


def by_hand(folder: Path) -> dict[str, int]:
    """The same classes as plain SQL over the files; counts by class."""
    db = duckdb.connect()
    for table in ("person", "mdtrt", "fee"):
        db.execute(f"CREATE TABLE {table} AS SELECT * FROM '{folder / table}.parquet'")
    rules = rule_rows.shipped()
    columns = ("kind", "code", "code2", "name", "value", "days")
    db.execute(
        "CREATE TABLE rule AS SELECT " + ", ".join(f"unnest(?) AS {column}" for column in columns),
        [[getattr(rule, column) for rule in rules] for column in columns],
    )
    db.execute(
        """
        CREATE TABLE line AS
        SELECT f.*, m.fixmedins_code, m.med_type, m.hosp_lv, m.insutype, m.internet_flag,
               m.begntime, m.endtime, p.gend, p.brdy
        FROM fee f JOIN mdtrt m USING (mdtrt_id) JOIN person p ON p.psn_no = f.psn_no
        """
    )
    one = "SELECT count(*) FROM line l JOIN rule r ON r.code = l.hilist_code WHERE r.kind = '{}' AND {}"
    sex = "l.gend <> CASE r.value WHEN '男' THEN '1' ELSE '2' END"
    queries = {
        "DRUG_SEX": one.format("DRUG_SEX", sex),
        "ITEM_SEX": one.format("ITEM_SEX", sex),
        "DRUG_CHILD": one.format("DRUG_CHILD", "date_sub('year', l.brdy, l.fee_ocur_time) >= 18"),
        "DRUG_INSURANCE": one.format(
            "DRUG_INSURANCE", "l.insutype <> CASE r.value WHEN '工伤' THEN '410' ELSE '510' END"
        ),
        "DRUG_INPATIENT_ONLY": one.format("DRUG_INPATIENT_ONLY", "l.med_type <> '2'"),
        "DRUG_FACILITY_LEVEL": one.format(
            "DRUG_FACILITY_LEVEL",
            "l.hosp_lv < CASE r.value WHEN '二级' THEN '2' ELSE '3' END",
        ),
        "INTERNET_DRUG": one.format("INTERNET_DRUG", "l.internet_flag = '1'"),
        "TCM_NEVER_PAID": one.format("TCM_NEVER_PAID", "true"),
        "FEE_OUT_OF_STAY": "SELECT count(*) FROM line WHERE med_type = '2' AND "
        "(fee_ocur_time < begntime OR fee_ocur_time > endtime)",
        "TCM_SINGLE_ONLY": """
            SELECT count(*) FROM (
              SELECT psn_no, fixmedins_code, fee_ocur_time FROM line
              WHERE hilist_code LIKE 'T%' GROUP BY ALL
              HAVING bool_and(hilist_code IN (SELECT code FROM rule WHERE kind = 'TCM_SINGLE_ONLY')))
        """,
        "REPEAT_PAIR_DAY": """
            SELECT count(*) FROM (
              SELECT DISTINCT r.code, r.code2, a.psn_no, a.fixmedins_code, a.fee_ocur_time
              FROM rule r JOIN line a ON a.hilist_code = r.code
              JOIN line b ON b.hilist_code = r.code2 AND b.psn_no = a.psn_no
               AND b.fixmedins_code = a.fixmedins_code AND b.fee_ocur_time = a.fee_ocur_time
              WHERE r.kind = 'REPEAT_PAIR_DAY')
        """,
        "REPEAT_PAIR_VISIT": """
            SELECT count(*) FROM (
              SELECT DISTINCT r.code, r.code2, a.psn_no, a.mdtrt_id
              FROM rule r JOIN line a ON a.hilist_code = r.code
              JOIN line b ON b.hilist_code = r.code2 AND b.mdtrt_id = a.mdtrt_id
              WHERE r.kind = 'REPEAT_PAIR_VISIT')
        """,
        "ITEM_DAY_MAX": """
            SELECT count(*) FROM (
              SELECT l.hilist_code, l.psn_no, l.fixmedins_code, l.fee_ocur_time
              FROM line l JOIN rule r ON r.code = l.hilist_code AND r.kind = 'ITEM_DAY_MAX'
              GROUP BY ALL HAVING sum(l.cnt) > any_value(CAST(r.value AS INTEGER)))
        """,
        "ITEM_PERIOD_MAX": """
            WITH d AS (SELECT l.hilist_code, l.psn_no, l.fee_ocur_time, sum(l.cnt) AS n,
                              any_value(CAST(r.value AS INTEGER)) AS most,
                              any_value(CAST(r.days AS INTEGER)) AS days
                       FROM line l JOIN rule r ON r.code = l.hilist_code
                        AND r.kind = 'ITEM_PERIOD_MAX' GROUP BY ALL)
            SELECT count(*) FROM (
              SELECT a.hilist_code, a.psn_no, a.fee_ocur_time FROM d a
              JOIN d b ON b.hilist_code = a.hilist_code AND b.psn_no = a.psn_no
               AND b.fee_ocur_time <= a.fee_ocur_time AND b.fee_ocur_time > a.fee_ocur_time - a.days
              GROUP BY a.hilist_code, a.psn_no, a.fee_ocur_time, a.most HAVING sum(b.n) > a.most)
        """,
        "DRUG_COURSE_DAYS": """
            SELECT count(*) FROM (
              SELECT r.name, l.mdtrt_id, l.psn_no
              FROM line l JOIN rule r ON r.code = l.hilist_code AND r.kind = 'DRUG_COURSE_DAYS'
              GROUP BY ALL
              HAVING count(DISTINCT l.fee_ocur_time) > any_value(CAST(rtrim(r.value, '天') AS INTEGER)))
        """,
        "READMIT_15D": """
            SELECT count(*) FROM (
              SELECT begntime - lag(endtime) OVER (PARTITION BY psn_no, fixmedins_code
                ORDER BY begntime, endtime, mdtrt_id) AS gap
              FROM mdtrt WHERE med_type = '2') WHERE gap BETWEEN 0 AND 15
        """,
    }
    return {kind: db.execute(sql).fetchone()[0] for kind, sql in queries.items()}


if __name__ == "__main__":
    for row in run():
        print(row)
