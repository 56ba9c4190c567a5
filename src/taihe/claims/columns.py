"""
Claims as columns of whole numbers: `claim_person`, `claim_encounter`, `claim_line`, `claim_code`.

These four tables are all that a kind reads. They carry day numbers, `ymd` (20260131) for ages,
money in fen, quantities in ten-thousandths, and the written ids beside the numbers, for the
findings only. `init_feedetl_sn` of a refund line names the original: refunds are netted here,
before any sum.
"""

from __future__ import annotations

from typing import Any

from taihe.claims.domain.rules import family
from taihe.claims.exchange import Reading
from taihe.kernel.errors import Problem

TABLES: dict[str, str] = {
    "claim_person": "psn BIGINT, psn_no VARCHAR, sex INTEGER, born_ymd INTEGER",
    "claim_encounter": (
        "enc BIGINT, mdtrt_id VARCHAR, psn BIGINT, org BIGINT, level INTEGER, visit INTEGER, "
        "internet INTEGER, insurance INTEGER, begin_day INTEGER, end_day INTEGER, nth BIGINT"
    ),
    "claim_line": (
        "line BIGINT, feedetl_sn VARCHAR, enc BIGINT, psn BIGINT, org BIGINT, day INTEGER, "
        "ymd INTEGER, code BIGINT, qty BIGINT, fen BIGINT"
    ),
    "claim_code": "code BIGINT, family INTEGER",
}
"""The tables that kinds read, in SQL that every engine takes."""

_DAY = "CAST({0} - DATE '1970-01-01' AS INTEGER)"
_YMD = "year({0}) * 10000 + month({0}) * 100 + day({0})"


def from_tables(reading: Reading) -> dict[str, int]:
    """
    Build the claim tables from `raw_person`, `raw_mdtrt` and `raw_fee`.

    Returns the number of every code that occurs. Cancelled rows (`vali_flag` 0) do not count.
    Lines of an encounter that is not there, repeated ids and refunds without their original are
    left out and reported.
    """
    connection = reading.connection
    execute = connection.execute
    for table in ("raw_mdtrt", "raw_fee"):
        execute(f"DELETE FROM {table} WHERE vali_flag = 0")
    _once(reading, "raw_person", "psn_no", "person")
    _once(reading, "raw_mdtrt", "mdtrt_id", "mdtrt")
    _once(reading, "raw_fee", "feedetl_sn", "fee")
    _without_encounter(reading)
    _net_refunds(reading)
    execute(
        f"""
        CREATE OR REPLACE TABLE claim_person AS
        SELECT row_number() OVER (ORDER BY n.psn_no) AS psn, n.psn_no,
               CAST(p.gend AS INTEGER) AS sex, CAST({_YMD.format("p.brdy")} AS INTEGER) AS born_ymd
        FROM (SELECT psn_no FROM raw_person UNION SELECT psn_no FROM raw_mdtrt
              UNION SELECT psn_no FROM raw_fee) n
        LEFT JOIN raw_person p ON p.psn_no = n.psn_no
        """
    )
    execute(
        """
        CREATE OR REPLACE TABLE claim_org AS
        SELECT row_number() OVER (ORDER BY fixmedins_code) AS org, fixmedins_code
        FROM (SELECT DISTINCT fixmedins_code FROM raw_mdtrt)
        """
    )
    execute(
        f"""
        CREATE OR REPLACE TABLE claim_encounter AS
        SELECT row_number() OVER (ORDER BY m.mdtrt_id) AS enc, m.mdtrt_id, p.psn, o.org,
               CAST(m.hosp_lv AS INTEGER) AS level, CAST(m.med_type AS INTEGER) AS visit,
               CAST(coalesce(m.internet_flag, 0) AS INTEGER) AS internet,
               CAST(m.insutype AS INTEGER) AS insurance,
               {_DAY.format("m.begntime")} AS begin_day, {_DAY.format("m.endtime")} AS end_day,
               row_number() OVER (ORDER BY m.mdtrt_id) AS nth
        FROM raw_mdtrt m
        JOIN claim_person p ON p.psn_no = m.psn_no
        JOIN claim_org o ON o.fixmedins_code = m.fixmedins_code
        """
    )
    execute(
        """
        CREATE OR REPLACE TABLE code_text AS
        SELECT row_number() OVER (ORDER BY hilist_code) AS code, hilist_code
        FROM (SELECT DISTINCT hilist_code FROM raw_fee)
        """
    )
    execute(
        f"""
        CREATE OR REPLACE TABLE claim_line AS
        SELECT row_number() OVER () AS line, f.feedetl_sn, e.enc, p.psn, e.org,
               {_DAY.format("f.fee_ocur_time")} AS day,
               CAST({_YMD.format("f.fee_ocur_time")} AS INTEGER) AS ymd,
               c.code, f.cnt AS qty, f.det_item_fee_sumamt AS fen
        FROM raw_fee f
        JOIN claim_encounter e ON e.mdtrt_id = f.mdtrt_id
        JOIN claim_person p ON p.psn_no = f.psn_no
        JOIN code_text c ON c.hilist_code = f.hilist_code
        """
    )
    for table in ("raw_person", "raw_mdtrt", "raw_fee"):
        execute(f"DROP TABLE {table}")
    numbers = {code: number for number, code in execute("SELECT * FROM code_text").fetchall()}
    make_code_table(connection, numbers)
    return numbers


def make_code_table(connection: Any, numbers: dict[str, int]) -> None:
    """`claim_code`: the family of each code that occurs."""
    connection.execute(f"CREATE OR REPLACE TABLE claim_code ({TABLES['claim_code']})")
    connection.execute(
        "INSERT INTO claim_code SELECT unnest(?), unnest(?)",
        [list(numbers.values()), [family(code) for code in numbers]],
    )


def _once(reading: Reading, table: str, key: str, file: str) -> None:
    """Keep the first row of each id."""
    execute = reading.connection.execute
    total, distinct = execute(f"SELECT count(*), count(DISTINCT {key}) FROM {table}").fetchone()
    if total == distinct:
        return
    gone = execute(
        f"DELETE FROM {table} WHERE rowid NOT IN (SELECT min(rowid) FROM {table} GROUP BY {key})"
    ).fetchone()[0]
    reading.left_out += gone
    _say(
        reading,
        file,
        key,
        "repeated",
        f"{gone} rows repeat a {key} that came before.",
        "Send each row once; the first was kept.",
    )


def _without_encounter(reading: Reading) -> None:
    gone = reading.connection.execute(
        "DELETE FROM raw_fee WHERE mdtrt_id NOT IN (SELECT mdtrt_id FROM raw_mdtrt)"
    ).fetchone()[0]
    if gone:
        reading.left_out += gone
        _say(
            reading,
            "fee",
            "mdtrt_id",
            "unknown-encounter",
            f"{gone} lines name an encounter that mdtrt does not have.",
            "Send the encounters with their lines; the lines were left out.",
        )


def _net_refunds(reading: Reading) -> None:
    orphans = net_refunds(
        reading.connection,
        "raw_fee",
        "feedetl_sn",
        "init_feedetl_sn",
        "cnt",
        "det_item_fee_sumamt",
    )
    if orphans:
        reading.left_out += orphans
        _say(
            reading,
            "fee",
            "init_feedetl_sn",
            "refund-without-original",
            f"{orphans} negative lines name no original line that is here.",
            "Fill init_feedetl_sn with the line that is refunded; they were left out.",
        )


def net_refunds(connection: Any, table: str, key: str, original: str, qty: str, fen: str) -> int:
    """
    Take refund lines (negative rows) off their originals; what comes to nothing disappears.

    Returns how many negative lines named no original; they are left out too.
    """
    execute = connection.execute
    negative = f"{qty} < 0 OR {fen} < 0"
    if not execute(f"SELECT count(*) FROM {table} WHERE {negative}").fetchone()[0]:
        return 0
    execute(
        f"CREATE OR REPLACE TEMP TABLE refund AS SELECT {key} AS sn, {original} AS original, "
        f"{qty} AS qty, {fen} AS fen FROM {table} WHERE {negative}"
    )
    execute(f"DELETE FROM {table} WHERE {negative}")
    execute(
        "CREATE OR REPLACE TEMP TABLE netted AS SELECT original, sum(qty) AS qty, sum(fen) AS fen "
        f"FROM refund WHERE original IN (SELECT {key} FROM {table}) GROUP BY original"
    )
    orphans = execute(
        "SELECT count(*) FROM refund WHERE original IS NULL OR original NOT IN "
        "(SELECT original FROM netted)"
    ).fetchone()[0]
    execute(
        f"UPDATE {table} SET {qty} = {table}.{qty} + netted.qty, "
        f"{fen} = {table}.{fen} + netted.fen FROM netted WHERE netted.original = {table}.{key}"
    )
    execute(f"DELETE FROM {table} WHERE {qty} <= 0 AND {key} IN (SELECT original FROM netted)")
    return int(orphans)


def _say(reading: Reading, file: str, column: str, code: str, problem: str, do: str) -> None:
    reading.problems.append(Problem(file, None, column, code, problem, do))
