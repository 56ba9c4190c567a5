"""Exchange tables with faults: each fault is told with file, line and column, the rest goes on."""

from __future__ import annotations

import gzip
import random
from datetime import date
from pathlib import Path

import duckdb
import pytest

from taihe.claims.audit import audit_folder
from taihe.claims.exchange import Reading, table_of
from taihe.kernel.errors import Incorrect, NotFound

HEADER = "feedetl_sn,mdtrt_id,psn_no,fee_ocur_time,hilist_code,hilist_name,cnt,det_item_fee_sumamt"
GOOD = "f{0},m1,p1,2025-03-0{0},c1,复方丹参片,1,2.50"
LINES = [HEADER, *(GOOD.format(n) for n in range(1, 6))]


def read(path: Path, table: str = "fee") -> tuple[list[tuple[int | None, str | None, str]], int]:
    """The problems of one file as (line, column, code), and how many rows were kept."""
    reading = Reading(duckdb.connect(), date(2025, 12, 31))
    kept = reading.add(path, table)
    reading.close()
    return [(p.line, p.column, p.code) for p in reading.problems], kept


def fee(tmp_path: Path, lines: list[str], encoding: str = "utf-8") -> Path:
    path = tmp_path / "fee.csv"
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return path


def test_a_good_file_has_no_problem(tmp_path: Path) -> None:
    assert read(fee(tmp_path, LINES)) == ([], 5)


def test_gb18030_with_a_mark_or_without_reads_like_utf8(tmp_path: Path) -> None:
    assert read(fee(tmp_path, LINES, "gb18030")) == ([], 5)
    assert read(fee(tmp_path, LINES, "utf-8-sig")) == ([], 5)


def test_a_line_in_another_encoding_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "fee.csv"
    text = [line.encode() for line in LINES]
    text[3] = LINES[3].encode("gb18030")
    path.write_bytes(b"\n".join(text) + b"\n")
    assert read(path) == ([(4, None, "encoding")], 4)


def test_cells_of_a_wrong_type_name_line_and_column(tmp_path: Path) -> None:
    lines = list(LINES)
    lines[2] = "f2,m1,p1,2025-02-30,c1,,1,2.50"
    lines[4] = "f4,m1,p1,2025-03-04,c1,,viel,2.50"
    lines[5] = "f5,m1,p1,2025-03-05,,,1,x"
    assert read(fee(tmp_path, lines)) == (
        [
            (3, "fee_ocur_time", "value"),
            (5, "cnt", "value"),
            (6, "hilist_code", "value"),
            (6, "det_item_fee_sumamt", "value"),
        ],
        2,
    )


def test_a_row_with_too_few_cells_shifts_no_line_number(tmp_path: Path) -> None:
    lines = list(LINES)
    lines[2] = "f2,m1"
    lines[4] = "f4,m1,p1,2026-03-04,c1,,1,2.50"
    problems, kept = read(fee(tmp_path, lines))
    assert problems == [(3, None, "structure"), (5, "fee_ocur_time", "value")]
    assert kept == 3


def test_an_empty_line_shifts_no_line_number(tmp_path: Path) -> None:
    lines = [*LINES[:3], "", *LINES[3:]]
    lines[5] = "f4,m1,p1,2026-03-04,c1,,1,2.50"
    assert read(fee(tmp_path, lines))[0][-1] == (6, "fee_ocur_time", "value")


def test_a_stray_quote_costs_one_line(tmp_path: Path) -> None:
    lines = list(LINES)
    lines[2] = 'f2,m1,p1,2025-03-02,c1,"复方"丹参片,1,2.50'
    lines[4] = "f4,m1,p1,2025-03-04,c1,,viel,2.50"
    assert read(fee(tmp_path, lines, "gb18030")) == (
        [(3, None, "structure"), (5, "cnt", "value")],
        3,
    )


def test_a_file_that_is_no_gzip_is_told(tmp_path: Path) -> None:
    path = tmp_path / "fee.csv.gz"
    path.write_text("\n".join(LINES), encoding="utf-8")
    assert read(path) == ([(None, None, "structure")], 0)


@pytest.mark.parametrize("seed", range(40))
def test_random_damage_is_told_and_never_a_crash(tmp_path: Path, seed: int) -> None:
    r = random.Random(seed)
    raw = bytearray("\n".join([HEADER, *(GOOD.format(n % 9 + 1) for n in range(60))]).encode())
    for _ in range(r.randint(1, 5)):
        at = r.randrange(len(raw))
        if r.random() < 0.5:
            raw[at] = r.randrange(256)
        else:
            raw[at:at] = r.choice([b'"', b"\n", b"\r\n", b"\0", b",", b"\xef\xbb\xbf", b"\xd2\xbb"])
    packed = gzip.compress(bytes(raw))
    if r.random() < 0.5:
        packed = packed[: r.randrange(1, len(packed))]
    path = tmp_path / "fee.csv.gz"
    path.write_bytes(packed)
    problems, kept = read(path)
    assert kept == 60 or problems


def test_a_missing_key_column_refuses_the_file(tmp_path: Path) -> None:
    lines = [line.replace("mdtrt_id", "visit") for line in LINES]
    assert read(fee(tmp_path, lines)) == ([(1, "mdtrt_id", "missing-column")], 0)


def test_an_unknown_code_is_told_and_the_row_stays(tmp_path: Path) -> None:
    path = tmp_path / "person.csv"
    path.write_text("psn_no,gend,brdy\np1,7,2001-01-01\np2,1,\n", encoding="utf-8")
    assert read(path, "person") == ([(2, "gend", "value")], 2)


def test_a_gz_that_is_cut_short_gives_its_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "fee.csv.gz"
    lines = [HEADER, *(f"f{n},m1,p1,2025-03-01,c{n * 7919},,1,2.50" for n in range(30_000))]
    whole = gzip.compress("\n".join(lines).encode())
    path.write_bytes(whole[: len(whole) // 2])
    problems, kept = read(path)
    assert [code for *_, code in problems] == ["cut-short"]
    assert 5_000 < kept < 30_000


def test_aliases_and_national_names_are_one(tmp_path: Path) -> None:
    lines = [line.replace("fee_ocur_time", "FEE_OCUR_DATE") for line in LINES]
    assert read(fee(tmp_path, lines)) == ([], 5)
    names = ["fee.csv", "FEE_LIST_D.csv.gz", "fee_2025.parquet", "mdtrt_d.csv", "other.csv"]
    assert [table_of(Path(name)) for name in names] == ["fee", "fee", "fee", "mdtrt", None]


def test_parquet_is_read_with_its_types(tmp_path: Path) -> None:
    path = tmp_path / "fee.parquet"
    duckdb.sql(
        "SELECT 'f1' AS feedetl_sn, 'm1' AS mdtrt_id, 'p1' AS psn_no, DATE '2025-03-01' AS "
        "fee_ocur_date, 'c1' AS hilist_code, 2.5 AS cnt, 3 AS det_item_fee_sumamt"
    ).write_parquet(str(path))
    assert read(path) == ([], 1)
    reading = Reading(duckdb.connect(), date(2025, 12, 31))
    reading.add(path, "fee")
    rows = reading.connection.execute(
        "SELECT cnt, det_item_fee_sumamt, fee_ocur_time FROM raw_fee"
    ).fetchall()
    assert rows == [(25_000, 300, date(2025, 3, 1))]


def test_the_audit_goes_on_with_the_rest(tmp_path: Path) -> None:
    fee(tmp_path, [*LINES, "f9,m9,p1,2025-03-01,c1,,1,1", LINES[1]])
    (tmp_path / "mdtrt.csv").write_text(
        "mdtrt_id,psn_no,fixmedins_code,hosp_lv,med_type,insutype,begntime,endtime\n"
        "m1,p1,H1,2,2,390,2025-03-01,2025-03-04\n",
        encoding="utf-8",
    )
    out = tmp_path / "f.csv"
    result = audit_folder(tmp_path, out, today=date(2025, 12, 31))
    assert sorted(problem.code for problem in result.problems) == [
        "missing-table",
        "repeated",
        "unknown-encounter",
    ]
    assert result.by_kind == {"FEE_OUT_OF_STAY": 1}
    assert out.exists()


def test_a_cancelled_line_does_not_count(tmp_path: Path) -> None:
    header = f"{HEADER},vali_flag"
    fee(tmp_path, [header, f"{GOOD.format(1)},1", f"{GOOD.format(2)},0", f"{GOOD.format(3)},"])
    (tmp_path / "mdtrt.csv").write_text(
        "mdtrt_id,psn_no,fixmedins_code,hosp_lv,med_type,insutype,begntime,endtime\n"
        "m1,p1,H1,2,2,390,2025-04-01,2025-04-04\n",
        encoding="utf-8",
    )
    (tmp_path / "person.csv").write_text("psn_no,gend,brdy\n", encoding="utf-8")
    result = audit_folder(tmp_path, tmp_path / "f.csv", today=date(2025, 12, 31))
    assert (result.problems, result.lines) == ((), 2)
    assert result.by_kind == {"FEE_OUT_OF_STAY": 2}


def test_no_tables_and_unknown_kinds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        audit_folder(tmp_path, tmp_path / "f.csv", today=date(2025, 12, 31))
    with pytest.raises(Incorrect):
        audit_folder(tmp_path, tmp_path / "f.csv", kinds="DRUG_SX", today=date(2025, 12, 31))
    assert not (tmp_path / "f.csv").exists()
