"""A bulletin recomputes byte for byte from its own table, and a damaged table is refused."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taihe.kernel.errors import Incorrect
from taihe.zone.domain import bulletin
from taihe.zone.domain.bulletin import Heading, Line
from taihe.zone.domain.projects import YI_FEN, Facts, Stage

HEADING = Heading("wmc2019", "2019世界制造业大会", 2, date(2021, 9, 30), True)


def project(key: str, zone: str = "taihe", investment: int = YI_FEN, **more: object) -> Line:
    facts = Facts(
        key, zone=zone, investment_fen=investment, contract_fen=investment // 2,
        stage=Stage.SIGNED, reached={Stage.SIGNED: date(2019, 9, 20)},
    )  # fmt: skip
    return Line(f"项目{key}（合成）", "甲（合成企业）", "2720", facts)


LINES = [project("p1"), project("p2", zone=""), project("p3", investment=3 * YI_FEN)]


def test_the_table_alone_gives_the_same_bytes() -> None:
    made = bulletin.make(HEADING, LINES)
    heading, lines = bulletin.read_table(made.table.decode(), name="t.csv")
    again = bulletin.make(heading, lines)
    assert again.body == made.body
    assert again.fingerprint == made.fingerprint
    assert again.table == made.table


@given(st.permutations(LINES))
def test_the_order_of_projects_does_not_matter(lines: list[Line]) -> None:
    assert bulletin.make(HEADING, lines).body == bulletin.make(HEADING, LINES).body


@given(
    st.lists(
        st.tuples(
            st.text("甲乙,\"'\n 丙", min_size=1).filter(lambda t: t.strip() == t),
            st.integers(0, 10**15),
            st.sampled_from(["", "taihe", "suixi"]),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_any_names_and_amounts_survive_the_table(parts: list[tuple[str, int, str]]) -> None:
    lines = [
        Line(name, name, "2720", project(f"k{number}", zone, amount).facts)
        for number, (name, amount, zone) in enumerate(parts)
    ]
    made = bulletin.make(HEADING, lines)
    again = bulletin.make(*bulletin.read_table(made.table.decode(), name="t.csv"))
    assert again.body == made.body


def test_a_spreadsheet_that_writes_a_mark_and_crlf_does_no_harm() -> None:
    made = bulletin.make(HEADING, LINES)
    text = made.table.decode().replace("\n", "\r\n")
    again = bulletin.make(*bulletin.read_table(text, name="t.csv"))
    assert again.body == made.body


def test_the_body_is_canonical_json_with_exact_numbers() -> None:
    made = bulletin.make(HEADING, LINES)
    document = json.loads(made.body)
    assert bulletin.canonical(document) == made.body
    share = next(f for f in document["figures"] if f["key"] == "landed_investment_share")
    assert (share["numerator"], share["denominator"]) == (4 * YI_FEN, 5 * YI_FEN)
    assert share["printed"] == "80.0"


def test_one_fen_changes_the_fingerprint() -> None:
    other = [project("p1", investment=YI_FEN + 1), *LINES[1:]]
    assert bulletin.make(HEADING, other).fingerprint != bulletin.make(HEADING, LINES).fingerprint


DAMAGE = """
replace                      | with                            | says
-----------------------------+---------------------------------+---------------------
p2,                          | p1,                             | occurs twice
,2,2021-09-30,yes,p2         | ,3,2021-09-30,yes,p2            | different bulletins
30000000000                  | 3e10                            | t.csv:4:investment_fen
30000000000                  | -1                              | negative
2019-09-20                   | 2021-10-01                      | after as_of
,signed,                     | ,sold,                          | stage is not one of
project,name                 | name                            | column project is missing
"""


@pytest.mark.parametrize(
    "row",
    [[cell.strip() for cell in line.split("|")] for line in DAMAGE.strip().splitlines()[2:]],
    ids=lambda row: row[2],
)
def test_a_damaged_table_is_refused_with_its_place(row: list[str]) -> None:
    text = bulletin.make(HEADING, LINES).table.decode()
    assert row[0] in text
    with pytest.raises(Incorrect) as refused:
        bulletin.read_table(text.replace(row[0], row[1], 1), name="t.csv")
    assert row[2] in str(refused.value)


def test_an_empty_table_is_refused() -> None:
    head = bulletin.make(HEADING, LINES).table.decode().splitlines()[0]
    with pytest.raises(Incorrect, match="no projects"):
        bulletin.read_table(head + "\n", name="t.csv")
