"""
Who is one person in a table of people: the hard cases, one table each.

`who` names the human being; rows of one `who` must come out as one person, others apart.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest

from taihe.cli.main import main
from taihe.kernel.identifiers import CitizenNumber
from taihe.record.domain.likeness import (
    Written,
    address_of,
    birth_distance,
    features_of,
    name_of,
    number_of,
    sounds_of,
)
from taihe.record.linkage import batch, weights
from taihe.record.linkage.tables import gather


def number(born: str, sequence: int) -> str:
    """A made-up valid citizen number of Taihe."""
    return CitizenNumber.compose("341222", date.fromisoformat(born), sequence).value


LI = number("1950-03-12", 121)
TWIN_A, TWIN_B = number("2012-05-06", 37), number("2012-05-06", 57)
FATHER, CHILD = number("1985-07-01", 211), number("2014-09-09", 93)
OLD = number("1961-11-20", 85)
NUMBERS = {
    "LI": LI,
    "LI_WRONG": LI[:15] + str((int(LI[15]) + 1) % 10) + LI[16:],
    "LI_TURNED": LI[:9] + LI[10] + LI[9] + LI[11:],
    "TWIN_A": TWIN_A,
    "TWIN_B": TWIN_B,
    "FATHER": FATHER,
    "CHILD": CHILD,
    "OLD": OLD,
    "OLD_15": OLD[:6] + OLD[8:17],
    "OLD_WIDE": OLD.translate(str.maketrans("0123456789X", "０１２３４５６７８９ｘ")),
}


def check(table: str) -> None:
    """Link the rows of a text table and compare with its column `who`."""
    lines = [line for line in table.strip().splitlines() if "-+-" not in line]
    header = [cell.strip() for cell in lines[0].split("|")]
    rows = [
        dict(zip(header, (c.strip() for c in line.split("|")), strict=True)) for line in lines[1:]
    ]
    written = [
        Written(
            id=row["id"],
            name=row["name"],
            sex=row.get("sex", ""),
            birth_date=row.get("birth", ""),
            id_type=row.get("type", ""),
            id_number=NUMBERS.get(row.get("number", ""), row.get("number", "")),
            phone=row.get("phone", ""),
            address=row.get("address", ""),
            mother_id=row.get("mother", ""),
        )
        for row in rows
    ]
    linked = batch.link(gather(enumerate(written, 2), "table"))
    found = _together(zip(linked.ids, linked.person, strict=True))
    assert found == _together((row["id"], row["who"]) for row in rows)


def _together(pairs: Iterable[tuple[str, str]]) -> set[frozenset[str]]:
    groups: dict[str, set[str]] = {}
    for id, person in pairs:
        groups.setdefault(person, set()).add(id)
    return {frozenset(group) for group in groups.values()}


def test_a_number_in_15_digits_or_full_width_is_the_same_number() -> None:
    check("""
        id | who | name   | birth      | number
        ---+-----+--------+------------+---------
        1  | a   | 王广田 | 1961-11-20 | OLD
        2  | a   | 王广田 | 1961-11-20 | OLD_15
        3  | a   | 王广田 | 1961-11-20 | OLD_WIDE
        4  | b   | 王广田 | 1961-11-20 |
    """)


def test_one_wrong_digit_or_two_swapped_still_belong_to_the_number() -> None:
    check("""
        id | who | name   | birth      | number    | phone
        ---+-----+--------+------------+-----------+------------
        1  | a   | 李建国 | 1950-03-12 | LI        | 14000000001
        2  | a   | 李建国 | 1950-03-12 | LI_WRONG  |
        3  | a   | 李建国 | 1950-03-12 | LI_TURNED |
    """)


def test_twins_share_everything_but_the_name_and_the_number() -> None:
    check("""
        id | who | name   | sex | birth      | number | phone       | address
        ---+-----+--------+-----+------------+--------+-------------+-----------------
        1  | a   | 王子轩 | 1   | 2012-05-06 | TWIN_A | 14000000002 | 旧县镇陈圩村2组1号
        2  | b   | 王子涵 | 1   | 2012-05-06 | TWIN_B | 14000000002 | 旧县镇陈圩村2组1号
        3  | a   | 王子轩 | 1   | 2012-05-06 |        | 14000000002 | 旧县镇陈圩村2组1号
        4  | b   | 王子涵 | 1   | 2012-05-06 |        | 14000000002 | 旧县镇陈圩村2组1号
    """)


def test_a_family_shares_a_telephone_and_a_house() -> None:
    check("""
        id | who | name   | sex | birth      | phone       | address
        ---+-----+--------+-----+------------+-------------+-----------------
        1  | a   | 王秀英 | 2   | 1950-01-02 | 14000000003 | 旧县镇陈圩村2组1号
        2  | b   | 王秀兰 | 2   | 1952-08-14 | 14000000003 | 旧县镇陈圩村2组1号
        3  | a   | 王秀英 | 2   | 1950-01-02 | 14000000003 | 安徽省阜阳市太和县旧县镇陈圩村2组1号
    """)


def test_a_parents_number_does_not_make_a_child_the_parent() -> None:
    check("""
        id | who    | name   | sex | birth      | number | phone       | address
        ---+--------+--------+-----+------------+--------+-------------+------------------
        1  | father | 张磊   | 1   | 1985-07-01 | FATHER | 14000000004 | 税镇镇大张村1组3号
        2  | child  | 张梓睿 | 1   | 2014-09-09 | FATHER | 14000000004 | 税镇镇大张村1组3号
        3  | child  | 张梓睿 | 1   | 2014-09-09 | CHILD  | 14000000004 | 税镇镇大张村1组3号
    """)


def test_a_number_with_another_name_and_no_birth_date_is_left_to_people() -> None:
    check("""
        id | who    | name   | number | phone
        ---+--------+--------+--------+------------
        1  | father | 张磊   | FATHER | 14000000004
        2  | child  | 张梓睿 | FATHER | 14000000004
    """)


def test_a_newborn_is_found_under_the_mothers_name() -> None:
    check("""
        id | who    | name   | sex | birth      | mother | phone       | address
        ---+--------+--------+-----+------------+--------+-------------+------------------
        m  | mother | 陈艳   | 2   | 1996-04-04 |        | 14000000005 | 三堂镇朱庙村1组9号
        c  | child  | 刘沐阳 | 1   | 2026-09-20 | m      | 14000000005 | 三堂镇朱庙村1组9号
        h  | child  | 陈艳之子 | 1 | 2026-09-20 |        | 14000000005 | 三堂镇朱庙村1组9号
    """)


def test_a_newborn_that_could_be_either_twin_is_neither() -> None:
    check("""
        id | who    | name     | sex | birth      | number | mother | phone       | address
        ---+--------+----------+-----+------------+--------+--------+-------------+-------------------
        m  | mother | 陈艳     | 2   | 1986-04-04 |        |        | 14000000005 | 三堂镇朱庙村1组9号
        a  | a      | 刘沐阳   | 1   | 2012-05-06 | TWIN_A | m      | 14000000005 | 三堂镇朱庙村1组9号
        b  | b      | 刘沐辰   | 1   | 2012-05-06 | TWIN_B | m      | 14000000005 | 三堂镇朱庙村1组9号
        h  | h      | 陈艳之子 | 1   | 2012-05-06 |        |        | 14000000005 | 三堂镇朱庙村1组9号
    """)


def test_names_that_sound_alike_or_stand_in_another_order() -> None:
    check("""
        id | who | name             | birth      | phone       | address
        ---+-----+------------------+------------+-------------+------------------
        1  | a   | 李秀英           | 1950-03-12 | 14000000006 | 双庙镇后李村1组1号
        2  | a   | 黎绣瑛           | 1950-03-12 | 14000000006 | 双庙镇后李村1组1号
        3  | b   | 阿依古丽·买买提  | 1990-01-05 | 14000000007 | 城关镇镜湖社区5号
        4  | b   | 买买提 阿依古丽  | 1990-01-05 | 14000000007 | 城关镇镜湖社区5号
        5  | c   | 王䶮             | 1999-09-19 | 14000000008 | 城关镇镜湖社区7号
        6  | c   | 王yan            | 1999-09-19 | 14000000008 | 城关镇镜湖社区7号
    """)


def test_day_and_month_swapped_is_a_slip_and_another_year_is_another_person() -> None:
    check("""
        id | who | name   | sex | birth      | phone       | address
        ---+-----+--------+-----+------------+-------------+------------------
        1  | a   | 周桂荣 | 2   | 1948-03-11 | 14000000009 | 原墙镇周寨村1组1号
        2  | a   | 周桂荣 | 2   | 1948-11-03 | 14000000009 | 原墙镇周寨村1组1号
        3  | b   | 周桂荣 | 2   | 1972-06-25 | 14000000009 | 原墙镇周寨村1组1号
    """)


def test_the_same_name_and_birth_date_alone_do_not_make_one_person() -> None:
    check("""
        id | who | name   | sex | birth      | phone       | address
        ---+-----+--------+-----+------------+-------------+------------------
        1  | a   | 王桂英 | 2   | 1950-01-02 | 14000000011 | 原墙镇周寨村1组1号
        2  | b   | 王桂英 | 2   | 1950-01-02 | 14000000012 | 税镇镇大张村4组8号
    """)


def test_a_row_without_a_number_chains_nobody_together() -> None:
    check("""
        id | who | name   | sex | birth      | number | phone       | address
        ---+-----+--------+-----+------------+--------+-------------+------------------
        1  | a   | 王子轩 | 1   | 2012-05-06 | TWIN_A | 14000000013 | 税镇镇大张村4组8号
        2  | b   | 王子轩 | 1   | 2012-05-06 | TWIN_B | 14000000013 | 税镇镇大张村4组8号
        3  | c   | 王子轩 | 1   | 2012-05-06 |        | 14000000013 | 税镇镇大张村4组8号
    """)


def test_other_documents_count_within_their_own_kind() -> None:
    check("""
        id | who | name       | birth      | type     | number
        ---+-----+------------+------------+----------+----------
        1  | a   | Anna Smith | 1980-02-03 | passport | E1234567
        2  | a   | ANNA SMITH | 1980-02-03 | passport | e1234567
        3  | b   | Anna Smith | 1980-02-03 | passport | E7654321
    """)


def test_what_a_written_row_becomes() -> None:
    assert name_of(" 王 秀·英 ") == ("王秀英", "")
    assert name_of("王芳之次女") == ("王芳之次女", "王芳")
    assert name_of("王芳男婴") == ("王芳男婴", "王芳")
    assert name_of("王子") == ("王子", "")
    assert sounds_of("吕氏") == ("lv", "shi")
    assert address_of("安徽省阜阳市太和县旧县镇陈圩村2组1号") == (
        "旧县镇陈圩村2组1号",
        "旧县镇陈圩村",
    )
    assert address_of("江苏省苏州市昆山市玉山镇3号")[0] == "玉山镇3号"
    assert number_of("", "无", None) == (None, None, False)
    assert number_of("", FATHER, "2014-09-09") == (None, None, True)
    assert number_of("", FATHER, "1985-01-07") == (FATHER, None, False)
    assert birth_distance("1985-07-01", "1986-07-01") == 1
    assert birth_distance("1985-07-01", "1995-07-01") == 2
    assert birth_distance("1985-07-01", "2014-09-09") == 9
    bad = features_of(Written("1", "王芳", birth_date="1990-02-30", phone="00000000000", sex="9"))
    assert (bad.birth, bad.phone, bad.sex, bad.bad) == (None, None, None, "birth_date")


def test_every_level_has_words_and_a_condition() -> None:
    for comparison in weights.COMPARISONS:
        mine = [level for level in weights.levels() if level.comparison == comparison]
        assert sorted(level.number for level in mine) == list(range(len(mine)))
        keys = {level.key for level in mine if level.number}
        assert keys == set(weights.CONDITIONS[comparison]) - {""}
        ordered = sorted(mine, key=lambda level: -level.number)
        assert [level.key for level in ordered[:-1]] == list(weights.CONDITIONS[comparison])[1:]
        assert ordered[0].bits > 0 > ordered[-1].bits


def test_the_command_lists_bad_rows_and_writes_every_good_id_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = tmp_path / "people.csv"
    people.write_text(
        f"id,name,birth_date,id_number,other\na,王秀英,1950-01-01,,x\nb,王秀英,1950-13-01,,y\n"
        f",王,1950-01-01,,\na,王秀英,1950-01-01,,z\nc,李\nd,李建国,1950-03-12,{LI},\n",
        encoding="utf-8",
    )
    out = tmp_path / "links.csv"
    assert main(["link", str(people), "--out", str(out), "--json"]) == 1
    shown = capsys.readouterr()
    told = json.loads(shown.out)
    assert (told["read"], told["linked"], told["left_out"]) == (6, 3, 3)
    assert [(p["line"], p["column"]) for p in told["problems"]] == [
        (3, "birth_date"), (4, "id"), (5, "id"), (6, None),
    ]  # fmt: skip
    assert LI not in shown.out + shown.err and "王秀英" not in shown.out + shown.err
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ["a", "b", "d"]
    assert rows[2] == {"id": "d", "person": "d", "probability": "1.000000"}


def test_the_command_says_what_it_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people = tmp_path / "people.csv"
    people.write_text("id,sex\n1,2\n", encoding="utf-8")
    out = str(tmp_path / "links.parquet")
    assert main(["link", str(people), "--out", out]) == 1
    assert "name is missing" in capsys.readouterr().err
    assert main(["link", str(people), "--out", out, "--engine", "spark"]) == 1
    assert "--engine duckdb" in capsys.readouterr().err
    assert main(["link", str(people), "--out", str(tmp_path / "links.txt")]) == 1
    assert not list(tmp_path.glob("links*"))
