"""Figures of a convention: which evidence counts on which day, and how a figure is printed."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from taihe.zone import demo, rows
from taihe.zone.domain import figures, reconcile
from taihe.zone.domain.projects import YI_FEN, Entry, Facts, facts_on

# on: day of the evidence; 亿: total investment at signing, funds at 到资
LEDGER = """
seq | project | action    | on         | zone   | 亿 | why it is here
----+---------+-----------+------------+--------+----+----------------------------------
1   | a       | sign      | 2019-09-20 | taihe  | 10 | in a zone
2   | b       | sign      | 2019-09-20 |        | 5  | outside zones: landed misses it
3   | c       | sign      | 2019-11-07 | suixi  | 2  | signed on the day itself: counts
4   | d       | sign      | 2019-11-08 | suixi  | 9  | signed the day after: does not
5   | a       | register  | 2019-11-07 |        |    | registered on the day: counts
6   | c       | register  | 2019-11-08 |        |    | registered the day after: does not
7   | b       | register  | 2019-10-01 |        |    | counts
8   | b       | terminate | 2019-11-01 |        |    | ended since: signed, not registered
9   | a       | start     | 2019-11-20 |        |    |
10  | a       | fund      | 2019-12-01 |        | 4  |
"""

EXPECTED = """
as of      | signed | landed | registered | started | funds | registered rate
-----------+--------+--------+------------+---------+-------+----------------
2019-09-19 | 0      | 0      | 0          | 0       | 0     |
2019-09-20 | 2      | 1      | 0          | 0       | 0     | 0.0
2019-10-15 | 2      | 1      | 1          | 0       | 0     | 50.0
2019-11-07 | 3      | 2      | 1          | 0       | 0     | 33.3
2019-11-08 | 4      | 3      | 2          | 0       | 0     | 50.0
2019-12-01 | 4      | 3      | 2          | 1       | 4     | 50.0
"""


def lines(table: str) -> list[list[str]]:
    kept = [line for line in table.strip().splitlines() if "-+-" not in line]
    return [[cell.strip() for cell in line.split("|")] for line in kept[1:]]


def ledger() -> list[Entry]:
    entries = []
    for seq, project, action, on, zone, amount, _ in lines(LEDGER):
        fen = int(amount or 0) * YI_FEN
        first = action == "sign"
        entries.append(
            Entry(
                int(seq), project, action, date.fromisoformat(on),
                amount_fen=0 if first else fen,
                zone=zone or None, outside=first and not zone,
                investment_fen=fen if first else None, contract_fen=fen if first else None,
                evidence="凭证",
            )
        )  # fmt: skip
    return entries


def printed_on(day: date, through: int | None = None) -> dict[str, str]:
    found = figures.compute(facts_on(ledger(), day, through=through))
    return {figure.key: figure.printed for figure in found}


@pytest.mark.parametrize("row", lines(EXPECTED), ids=lambda row: row[0])
def test_only_evidence_up_to_the_day_counts(row: list[str]) -> None:
    got = printed_on(date.fromisoformat(row[0]))
    keys = ("signed_projects", "landed_projects", "registered_projects", "started_projects")
    assert [got[key] for key in keys] == row[1:5]
    assert got["funds_in_place"] == row[5]
    assert got["registered_rate"] == row[6]


def test_rows_written_after_the_freeze_do_not_change_a_frozen_figure() -> None:
    assert printed_on(date(2019, 11, 8), through=4)["registered_projects"] == "0"


def test_a_changed_amount_holds_from_its_own_day() -> None:
    change = Entry(
        11, "a", "change", date(2020, 1, 1), investment_fen=12 * YI_FEN, evidence="补充协议"
    )
    before, after = (
        sum(one.investment_fen for one in facts_on([*ledger(), change], day))
        for day in (date(2019, 12, 31), date(2020, 1, 1))
    )
    assert (before, after) == (26 * YI_FEN, 28 * YI_FEN)


SHARES = """
top  | bottom | one decimal | whole | note
-----+--------+-------------+-------+-------------------------------------
437  | 638    | 68.5        | 68    | 68.495: whole comes from the fraction
5365 | 7351   | 73.0        | 73    | 72.983
609  | 638    | 95.5        | 95    | printed elsewhere as 95.6
572  | 638    | 89.7        | 90    | printed elsewhere as 89.8
1    | 2000   | 0.1         | 0     | half goes away from zero
999  | 1000   | 99.9        | 100   |
0    | 7      | 0.0         | 0     |
"""


@pytest.mark.parametrize("row", lines(SHARES), ids=lambda row: f"{row[0]}/{row[1]}")
def test_a_share_is_rounded_once_from_the_exact_fraction(row: list[str]) -> None:
    top, bottom = int(row[0]), int(row[1])
    assert figures.printed("%", top, bottom) == row[2]
    assert figures.printed("%", top, bottom, 0) == row[3]
    assert abs(
        Fraction(figures.printed("%", top, bottom)) - Fraction(top * 100, bottom)
    ) <= Fraction(1, 20)


def test_a_rate_over_nothing_is_not_zero_but_absent() -> None:
    assert figures.printed("%", 0, 0) == ""


AMOUNTS = """
fen               | printed
------------------+--------
53650000000000    | 5365
24332000000000    | 2433.2
24332499999999    | 2433.2
24332500000000    | 2433.3
0                 | 0
"""


@pytest.mark.parametrize("row", lines(AMOUNTS), ids=lambda row: row[0])
def test_amounts_are_printed_in_yi(row: list[str]) -> None:
    assert figures.printed("亿元", int(row[0]), None) == row[1]


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    found = [entry for one in demo.projects() for entry in one.entries]
    return [
        Entry(**{**entry.__dict__, "seq": number}) for number, entry in enumerate(found, start=1)
    ]


CHECKED = """
figure                  | 2019-11-07 | 2021-09-30
------------------------+------------+-----------
signed_projects         | 638        | 638
signed_investment       | 7351       | 7351
landed_projects         | 437        | 437
landed_projects_share   | 68.5       | 68.5
landed_investment       | 5365       | 5365
landed_investment_share | 73.0       | 73.0
registered_projects     | any        | 609
registered_rate         | any        | 95.5
started_projects        | any        | 572
started_rate            | any        | 89.7
producing_projects      | 0          | 214
funds_in_place          | any        | 2433.2
funds_rate              | any        | 53.6
funds_investment_rate   | any        | 33.1
"""


def test_the_synthetic_projects_have_the_published_sums(entries: list[Entry]) -> None:
    days = (demo.FIRST_AS_OF, demo.SECOND_AS_OF)
    for column, day in enumerate(days, start=1):
        got = {f.key: f.printed for f in figures.compute(facts_on(entries, day))}
        for row in lines(CHECKED):
            assert row[column] in ("any", got[row[0]]), row


def test_projects_registered_after_the_second_day_are_near_misses(entries: list[Entry]) -> None:
    late = [e for e in entries if e.action == "register" and e.on > demo.SECOND_AS_OF]
    assert late
    facts = facts_on(entries, max(e.on for e in late))
    assert len(figures.counting("registered_projects", facts)) == 609 + len(late)


def test_the_synthetic_projects_are_the_same_each_time_and_say_what_they_are() -> None:
    first, again = demo.projects(), demo.projects()
    assert first == again
    assert demo.projects(seed=1) != first
    assert all("合成" in one.name and "合成" in one.investor for one in first)
    assert len({one.name for one in first}) == 638
    assert {one.industry for one in first} <= set(rows.industries())


def test_the_counted_projects_of_a_figure_add_up_to_it(entries: list[Entry]) -> None:
    facts = facts_on(entries, demo.SECOND_AS_OF)
    for figure in figures.compute(facts):
        counted: list[Facts] = figures.counting(figure.key, facts)
        if figure.unit == "个":
            assert len(counted) == figure.numerator


def test_printed_figures_are_compared_with_as_many_decimals_as_they_have(
    entries: list[Entry],
) -> None:
    got = reconcile.compare(
        figures.compute(facts_on(entries, demo.SECOND_AS_OF)),
        rows.published_of("wmc2019"),
        demo.SECOND_AS_OF,
    )
    verdicts = {one.published.key: one.verdict.value for one in got}
    assert verdicts == {
        "signed_projects": "一致",
        "signed_investment": "一致",
        "landed_projects": "一致",
        "landed_investment": "一致",
        "landed_projects_share": "一致",
        "landed_investment_share": "一致",
        "registered_projects": "一致",
        "started_projects": "一致",
        "funds_in_place": "一致",
        "registered_rate": "不一致",
        "started_rate": "不一致",
        "funds_rate": "无法核对",
    }


PRINTED_TABLE = """
event        | top key             | bottom key      | rate            | as printed | computed
-------------+---------------------+-----------------+-----------------+------------+---------
wmc2018      | registered_projects | signed_projects | registered_rate | 93.4       | 93.3
wmc2018      | started_projects    | signed_projects | started_rate    | 83.0       | 83.0
wmc2019      | registered_projects | signed_projects | registered_rate | 95.6       | 95.5
wmc2019      | started_projects    | signed_projects | started_rate    | 89.8       | 89.7
jianghuai2020 | registered_projects | signed_projects | registered_rate | 91.9       | 91.9
jianghuai2020 | started_projects    | signed_projects | started_rate    | 85.6       | 85.5
"""


@pytest.mark.parametrize("row", lines(PRINTED_TABLE), ids=lambda row: f"{row[0]} {row[3]}")
def test_rates_of_the_follow_up_table_as_printed_and_as_they_compute(row: list[str]) -> None:
    printed = {
        (one.event, one.key): one.printed
        for one in rows.published_figures()
        if one.as_of is None or one.as_of == demo.SECOND_AS_OF
    }
    assert printed[row[0], row[3]] == row[4]
    top, bottom = int(printed[row[0], row[1]]), int(printed[row[0], row[2]])
    assert figures.printed("%", top, bottom) == row[5]


def test_every_figure_has_a_definition_row_and_every_row_a_figure() -> None:
    import csv

    with rows.DEFINITIONS.open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert [row["key"] for row in found] == [rule.key for rule in figures.RULES]
    for row, rule in zip(found, figures.RULES, strict=True):
        assert row["unit"] == rule.unit
        assert row["source"]
        assert bool(row["denominator"]) == (rule.bottom is not None)
