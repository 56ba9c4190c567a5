"""Evidence of a project: what may be written, what is refused, what is asked back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from taihe.kernel.errors import TaiheError
from taihe.zone.domain.projects import (
    WAN_FEN,
    WORKFLOW,
    YI_FEN,
    Doubtful,
    Entry,
    Facts,
    check_entry,
)

TODAY = date(2021, 10, 1)
SIGNED = Entry(
    1, "p", "sign", date(2020, 1, 10), zone="taihe",
    investment_fen=10 * YI_FEN, contract_fen=6 * YI_FEN, evidence="合同",
)  # fmt: skip


def after(*actions: str) -> Facts:
    """A project that took these steps, a month apart, with 1 亿元 per 到资."""
    facts = check_entry(None, SIGNED, today=TODAY)
    for month, action in enumerate(actions, start=2):
        amount = YI_FEN if action == "fund" else 0
        entry = Entry(month, "p", action, date(2020, month, 1), amount_fen=amount, evidence="凭证")
        facts = check_entry(facts, entry, today=TODAY)
    return facts


CASES = """
steps so far             | action    | on         | 万元     | outcome
-------------------------+-----------+------------+----------+-------------------------
-                        | register  | 2020-02-01 |          | registered
-                        | register  | 2020-01-10 |          | registered
-                        | register  | 2020-01-09 |          | 早于“签约”的日期
-                        | register  | 2021-10-01 |          | registered
-                        | register  | 2021-10-02 |          | 晚于今天
-                        | start     | 2020-02-01 |          | 不能执行该操作
-                        | fund      | 2020-02-01 | 100      | 不能执行该操作
register                 | fund      | 2020-02-01 | 100      | registered
register                 | fund      | 2020-01-31 | 100      | 早于“注册”的日期
register                 | fund      | 2020-03-01 | 100000   | registered
register                 | fund      | 2020-03-01 | 100001   | 超过总投资
register                 | fund      | 2020-03-01 |          | 到资金额必须大于零
register                 | start     | 2020-03-01 | 5        | 只有“到资”登记金额
register start           | fund      | 2020-04-01 | 100      | funded
register start           | produce   | 2020-04-01 |          | 没有到位资金
register fund start      | produce   | 2020-05-01 |          | producing
register start fund      | produce   | 2020-05-01 |          | producing
register start fund      | reach     | 2020-05-01 |          | 不能执行该操作
register start fund produce | fund   | 2020-02-15 | 100      | producing
register                 | terminate | 2020-03-01 |          | terminated
terminate                | register  | 2020-03-01 |          | 不能执行该操作
"""


def lines(table: str) -> list[list[str]]:
    kept = [line for line in table.strip().splitlines() if "-+-" not in line]
    return [[cell.strip() for cell in line.split("|")] for line in kept[1:]]


@pytest.mark.parametrize("row", lines(CASES), ids=lambda row: f"{row[0]} > {row[1]} {row[2]}")
def test_a_stage_needs_its_order_its_day_and_its_amount(row: list[str]) -> None:
    steps, action, on, wan, outcome = row
    facts = after(*steps.replace("-", "").split())
    entry = Entry(
        99, "p", action, date.fromisoformat(on),
        amount_fen=int(wan or 0) * WAN_FEN, evidence="凭证",
    )  # fmt: skip
    if outcome.isascii():
        assert check_entry(facts, entry, today=TODAY).stage.value == outcome
    else:
        with pytest.raises(TaiheError, match=outcome):
            check_entry(facts, entry, today=TODAY)


def test_evidence_without_words_is_refused() -> None:
    with pytest.raises(TaiheError, match="没有填写凭证"):
        check_entry(None, replace(SIGNED, evidence=" "), today=TODAY)


DOUBTS = """
总投资 fen         | outcome | note
-------------------+---------+---------------------------------
100000000000       | ok      | 10 亿元
10000000           | ok      | 10 万元: just plausible
9999999            | asked   | below 10 万元: 元 typed as 万元?
10000000000000     | ok      | 1000 亿元
10000000000001     | asked   | above 1000 亿元: 万元 typed as 亿元?
"""


@pytest.mark.parametrize("row", lines(DOUBTS), ids=lambda row: row[0])
def test_an_unlikely_amount_is_asked_back_and_may_be_confirmed(row: list[str]) -> None:
    entry = replace(SIGNED, investment_fen=int(row[0]))
    if row[1] == "ok":
        check_entry(None, entry, today=TODAY)
        return
    with pytest.raises(Doubtful):
        check_entry(None, entry, today=TODAY)
    check_entry(None, entry, today=TODAY, confirmed=True)


def test_an_amount_changed_ten_thousandfold_is_asked_back() -> None:
    facts = after("register")
    change = Entry(9, "p", "change", date(2020, 6, 1), evidence="补充协议")
    with pytest.raises(Doubtful):
        check_entry(facts, replace(change, investment_fen=10 * WAN_FEN), today=TODAY)
    later = check_entry(facts, replace(change, investment_fen=12 * YI_FEN), today=TODAY)
    assert later.investment_fen == 12 * YI_FEN
    assert later.contract_fen == 6 * YI_FEN


def test_the_diagram_shows_every_stage() -> None:
    drawn = WORKFLOW.mermaid()
    for word in ("线索", "在谈", "签约", "注册", "开工", "到资", "投产", "达产", "终止", "合并"):
        assert word in drawn
