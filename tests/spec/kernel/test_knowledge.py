"""Knowledge rows: good rows travel on, bad ones are named by file, line and column."""

from __future__ import annotations

from datetime import date

import pytest

from taihe.kernel.errors import Incorrect
from taihe.kernel.knowledge import Cells, decode, parse_table

TABLE = "code,limit,valid_from,valid_to\nA,3,,\nB,three,,\nC,4,2025-01-01,2025-12-31\nD,5\n"


def make(cells: Cells) -> tuple[str, int, bool, bool]:
    valid = cells.validity()
    return (
        cells.text("code"),
        cells.whole("limit"),
        valid.holds(date(2024, 12, 31)),
        valid.holds(date(2025, 12, 31)),
    )


def test_a_bad_row_is_named_and_the_rest_goes_on() -> None:
    table = parse_table(TABLE, make, required=["code", "limit"], name="limits.csv")
    assert table.rows == (("A", 3, True, True), ("C", 4, False, True))
    assert [(p.file, p.line, p.column) for p in table.problems] == [
        ("limits.csv", 3, "limit"),
        ("limits.csv", 5, None),
    ]
    with pytest.raises(Incorrect):
        table.checked()


def test_a_missing_column_refuses_the_file() -> None:
    with pytest.raises(Incorrect, match="limit"):
        parse_table("code\nA\n", make, required=["code", "limit"], name="limits.csv")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_whole_file_in_either_encoding_is_read(encoding: str) -> None:
    assert decode("编码,名称\n1,太和".encode(encoding), file="x") == "编码,名称\n1,太和"


def test_a_file_of_two_encodings_is_refused_with_its_first_bad_line() -> None:
    mixed = "编码\n太和\n".encode() + "中药".encode("gb18030")
    with pytest.raises(Incorrect, match="x:3"):
        decode(mixed, file="x")
