"""Rows of a workbook: what is read, what is asked back, and never guessed."""

from __future__ import annotations

import zipfile
from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taihe.kernel.errors import Incorrect
from taihe.zone import rows, workbook
from taihe.zone.domain.importing import Read, amount_fen, day_of, read_rows

AMOUNTS = """
cell        | 单位 | outcome
------------+------+------------------
3000        | 万元 | 3000000000
3,000       | 万元 | 3000000000
3000万元    |      | 3000000000
0.3亿元     |      | 3000000000
0.3亿       | 亿元 | 3000000000
30000000元  |      | 3000000000
3000        |      | 没有单位
3000万元    | 亿元 | 请统一
3000        | 美元 | 不认识
三千万      | 万元 | 不是金额
-5          | 万元 | 不是金额
1.23456789  | 万元 | 不到整分
"""

DAYS = """
cell          | outcome
--------------+-----------
2020-01-05    | 2020-01-05
2020/1/5      | 2020-01-05
2020.1.5      | 2020-01-05
2020年1月5日  | 2020-01-05
#43835        | 2020-01-05
#43835.5      | 不是日期
#5            | 不是日期
2020-02-30    | 没有这一天
5.1.2020      | 不是日期
"""


def lines(table: str) -> list[list[str]]:
    kept = [line for line in table.strip().splitlines() if "-+-" not in line]
    return [[cell.strip() for cell in line.split("|")] for line in kept[1:]]


@pytest.mark.parametrize("row", lines(AMOUNTS), ids=lambda row: f"{row[0]} {row[1]}")
def test_an_amount_needs_its_unit(row: list[str]) -> None:
    if row[2].isdigit():
        assert amount_fen(row[0], row[1]) == int(row[2])
    else:
        with pytest.raises(Incorrect, match=row[2]):
            amount_fen(row[0], row[1])


@pytest.mark.parametrize("row", lines(DAYS), ids=lambda row: row[0])
def test_a_day_is_read_as_people_and_excel_write_it(row: list[str]) -> None:
    cell = Decimal(row[0][1:]) if row[0].startswith("#") else row[0]
    if row[1][0].isdigit():
        assert day_of(cell) == date.fromisoformat(row[1])
    else:
        with pytest.raises(Incorrect, match=row[1]):
            day_of(cell)


GOOD: dict[str, str | Decimal] = {
    "编号": "T-1", "项目名称": "制剂", "投资方": "某厂", "行业代码": Decimal(2720), "开发区": "太和",
    "签约日期": "2019-09-21", "总投资": Decimal(3000), "单位": "万元", "凭证": "合同",
}  # fmt: skip


def read(*changes: dict[str, str | Decimal], merged: tuple[int, ...] = ()) -> list[Read]:
    return read_rows(
        [(line, {**GOOD, **one}) for line, one in enumerate(changes, start=2)],
        merged=merged, industries=rows.industries().keys(), names=rows.zone_names(),
        known={"OLD"}, today=date(2026, 1, 1),
    )  # fmt: skip


CHANGES = """
column   | cell             | column of the problem | says
---------+------------------+-----------------------+------------------------
编号     | OLD              | 编号                  | 该编号已登记
编号     |                  | 编号                  | 没有填写
行业代码 | 9999             | 行业代码              | 不在 GB/T 4754
开发区   | 月球经开区       | 开发区                | 没有名为
签约日期 | 2030-01-01       |                       | 晚于今天
总投资   | 3000000000       |                       | 不像一个项目
凭证     |                  | 凭证                  | 没有填写
"""


@pytest.mark.parametrize("row", lines(CHANGES), ids=lambda row: f"{row[0]} {row[1]}")
def test_a_bad_cell_is_named_by_its_column(row: list[str]) -> None:
    (one,) = read({row[0]: row[1]})
    assert one.entry is None
    assert any(column == row[2] and row[3] in text for column, text in one.problems)


def test_a_good_row_is_read_and_its_neighbours_do_not_matter() -> None:
    first, twice, outside, merged = read(
        {}, {}, {"编号": "T-2", "开发区": "区外"}, {"编号": "T-3"}, merged=(5,)
    )
    assert first.entry and first.entry.zone == "taihe"
    assert first.entry.investment_fen == 3_000_000_000
    assert twice.problems == (("编号", "同一编号在表中出现两次。"),)
    assert outside.entry and outside.entry.outside
    assert "合并单元格" in merged.problems[0][1]


@given(
    st.lists(
        st.lists(st.text(min_size=1, max_size=12).map(str.strip), min_size=1, max_size=5),
        min_size=1,
        max_size=6,
    )
)
def test_what_is_written_is_read_again(table: list[list[str]]) -> None:
    clean = [[workbook._clean(cell).replace("\r", "").strip() for cell in row] for row in table]
    got = dict(workbook.read(workbook.write(clean)).rows)
    for number, row in enumerate(clean, start=1):
        expected = {i: cell for i, cell in enumerate(row) if cell}
        assert got.get(number, {}) == expected


def test_what_is_no_workbook_is_refused() -> None:
    hollow = BytesIO()
    with zipfile.ZipFile(hollow, "w") as archive:
        archive.writestr("a.txt", "x")
    whole = workbook.write([["a"]])
    for raw in (b"", b"PK", b"PK\x03\x04junk", hollow.getvalue(), whole[: len(whole) // 2]):
        with pytest.raises(Incorrect, match="xlsx"):
            workbook.read(raw)
