"""Rows of a workbook: what is read, what is asked back, and never guessed."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font, PatternFill
from openpyxl.utils.datetime import CALENDAR_MAC_1904

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


def read(*changes: dict[str, str | Decimal], trouble: dict[int, str] | None = None) -> list[Read]:
    return read_rows(
        [(line, {**GOOD, **one}) for line, one in enumerate(changes, start=2)],
        trouble=trouble or {}, industries=rows.industries().keys(), names=rows.zone_names(),
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
        {}, {}, {"编号": "T-2", "开发区": "区外"}, {"编号": "T-3"}, trouble={5: workbook.MERGED}
    )
    assert first.entry and first.entry.zone == "taihe"
    assert first.entry.investment_fen == 3_000_000_000
    assert twice.problems == (("编号", "同一编号在表中出现两次。"),)
    assert outside.entry and outside.entry.outside
    assert "合并单元格" in merged.problems[0][1]


@settings(deadline=None)
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


def styled(change: Callable[[Any, Any], None]) -> workbook.Sheet:
    """A workbook as Excel users make them, saved by openpyxl, read by Taihe."""
    book = Workbook()
    sheet = book.active
    sheet.append(["编号", "总投资", "签约日期"])
    for cell in sheet[1]:
        cell.font, cell.fill = Font(bold=True, size=14), PatternFill("solid", fgColor="FFFF00")
    sheet.append(["T-1", 3000, date(2019, 9, 21)])
    sheet.append(["T-2", 0.1 + 0.2, 43729])
    sheet.column_dimensions["A"].width = 30
    change(book, sheet)
    out = BytesIO()
    book.save(out)
    return workbook.read(out.getvalue())


def test_styles_dates_and_broken_fractions_are_read_as_seen() -> None:
    got = styled(lambda book, sheet: None)
    assert got.rows[1:] == (
        (2, {0: "T-1", 1: Decimal(3000), 2: "2019-09-21"}),
        (3, {0: "T-2", 1: Decimal("0.3"), 2: Decimal(43729)}),
    )
    assert got.trouble == {} and not got.days_from_1904


def hidden_row(book: Any, sheet: Any) -> None:
    sheet.row_dimensions[3].hidden = True


def formula(book: Any, sheet: Any) -> None:
    sheet["B3"] = "=SUM(B2:B2)"


def error(book: Any, sheet: Any) -> None:
    sheet["B3"] = "#DIV/0!"


def unit_in_format(book: Any, sheet: Any) -> None:
    sheet["B3"].number_format = '0.0,"万"'


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda book, sheet: sheet.merge_cells("A3:B3"), "合并单元格"),
        (lambda book, sheet: sheet.merge_cells("A2:A3"), "合并单元格"),
        (hidden_row, "隐藏"),
        (formula, "没有算出的值"),
        (error, "#DIV/0!"),
    ],
    ids=["merged along", "merged down", "hidden", "formula", "error"],
)
def test_what_a_workbook_hides_is_asked_back_by_line(change: Any, says: str) -> None:
    got = styled(change)
    assert says in got.trouble[3]
    assert got.trouble.keys() <= {2, 3}


def test_a_unit_in_the_number_format_is_taken_or_asked_back() -> None:
    def clear(book: Any, sheet: Any) -> None:
        sheet["B2"].number_format = '#,##0.00"亿元"'

    assert styled(clear).rows[1][1][1] == "3000亿元"
    assert "单位" in styled(unit_in_format).trouble[3]


def test_other_sheets_are_told_apart_and_hidden_ones_named() -> None:
    def more(book: Any, sheet: Any) -> None:
        book.create_sheet("空表")
        book.create_sheet("去年").append(["编号"])
        other = book.create_sheet("草稿")
        other.append(["编号"])
        other.sheet_state = "hidden"

    got = styled(more)
    assert [where for where, _ in got.apart] == ["工作表“去年”", "隐藏的工作表“草稿”"]

    def first_hidden(book: Any, sheet: Any) -> None:
        book.create_sheet("可见").append(["编号"])
        sheet.sheet_state = "hidden"
        book.active = 1

    got = styled(first_hidden)
    assert got.rows == ((1, {0: "编号"}),) and len(got.apart[0][1]) == 3


def test_the_calendar_of_1904_is_noticed() -> None:
    def mac(book: Any, sheet: Any) -> None:
        book.epoch = CALENDAR_MAC_1904

    assert styled(mac).days_from_1904


def test_text_that_looks_like_a_formula_stays_text() -> None:
    content = workbook.write([["编号"], ["=1+1"], ["#N/A"]])
    cells = [row[0] for row in load_workbook(BytesIO(content)).active.iter_rows()]
    assert [cell.data_type for cell in cells] == ["s", "s", "s"]
    assert workbook.read(content).rows[1:] == ((2, {0: "=1+1"}), (3, {0: "#N/A"}))


def altered(raw: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """The same workbook with one part changed."""
    out = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(raw)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if name == part else content)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    raw = altered(
        workbook.write([["a"]]), SHEET, lambda xml: xml + b" " * (workbook.MOST_BYTES + 1)
    )
    assert len(raw) < 100_000
    with pytest.raises(Incorrect, match="50 MB"):
        workbook.read(raw)


@pytest.mark.parametrize(
    "change",
    [
        lambda xml: b'<!DOCTYPE x [<!ENTITY a "b">]>' + xml,
        lambda xml: xml.replace(b'r="1"', b'r="99999999999"'),
        lambda xml: xml.replace(b'r="1"', b'r="-4"'),
        lambda xml: xml[: len(xml) // 2],
    ],
    ids=["entities", "row beyond Excel", "row before the first", "cut"],
)
def test_a_sheet_that_lies_is_refused(change: Callable[[bytes], bytes]) -> None:
    with pytest.raises(Incorrect, match="xlsx"):
        workbook.read(altered(workbook.write([["a"]]), SHEET, change))
