"""The care of a day follows from level, plan rows and days of the stay; the level is explained."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from taihe.care import rules
from taihe.care.domain.assess import explain, next_due
from taihe.care.domain.plan import Mark, tasks_of
from tests.spec.chronic.tables import rows

SINCE = date(2026, 11, 1)

PLAN = """
    level    | day        | task                       | times
    ---------+------------+----------------------------+--------------------
    能力完好 | 2026-11-02 | 巡视、问候，看精神和饮食   | 上午 晚上
    能力完好 | 2026-11-02 | 参加集体活动               | 下午
    能力完好 | 2026-11-02 | 按医嘱协助服药并看着服下   | -
    能力完好 | 2026-11-01 | 测血压、脉搏、体温         | 上午
    能力完好 | 2026-11-02 | 测血压、脉搏、体温         | -
    能力完好 | 2026-11-08 | 测血压、脉搏、体温         | 上午
    完全失能 | 2026-11-02 | 测血压、脉搏、体温         | 上午
    完全失能 | 2026-11-02 | 翻身、查看皮肤             | 上午 中午 下午 晚上 夜间
    重度失能 | 2026-11-02 | 翻身、查看皮肤             | -
    重度失能 | 2026-11-04 | 协助洗澡                   | 下午
    重度失能 | 2026-11-03 | 协助洗澡                   | -
    完全失能 | 2026-10-31 | 翻身、查看皮肤             | -
"""


@pytest.mark.parametrize("row", rows(PLAN), ids=lambda r: f"{r['level']} {r['day']} {r['task']}")
def test_which_tasks_a_day_has(row: dict[str, str]) -> None:
    found = tasks_of(row["level"], date.fromisoformat(row["day"]), SINCE, rules.plan())
    slots = {task.slot for task in found if task.title == row["task"]}
    assert slots == set(row["times"].split())


def test_without_an_assessment_there_are_no_tasks() -> None:
    assert tasks_of("", date(2026, 11, 2), SINCE, rules.plan()) == []


def test_tasks_come_by_time_of_day() -> None:
    found = tasks_of("完全失能", date(2026, 11, 2), SINCE, rules.plan())
    order = ["上午", "中午", "下午", "晚上", "夜间"]
    places = [order.index(task.slot) for task in found]
    assert places == sorted(places)
    assert len(set(places)) == 5


def mark(number: int, state: str, key: str = "turn") -> Mark:
    return Mark(key, "夜间", number, state, "钱护理", datetime(2026, 11, 2, 23, tzinfo=UTC), "")


def test_the_last_mark_counts_and_marks_outlive_a_change_of_level() -> None:
    day = date(2026, 11, 2)
    (night,) = [
        t
        for t in tasks_of("完全失能", day, SINCE, rules.plan(), [mark(2, "open"), mark(1, "done")])
        if t.slot == "夜间"
    ]
    assert (night.state, night.seen) == ("open", 2)
    better = tasks_of("能力完好", day, SINCE, rules.plan(), [mark(1, "done")])
    assert [t.state for t in better if t.key == "turn"] == ["done"]


def test_rows_that_nobody_official_wrote_are_marked_as_examples() -> None:
    assert {row.status for row in rules.plan()} == {"example"}


WORDS = {"coma": "昏迷", "dementia_or_mental_dx": "确诊痴呆", "care_risk_events_30d": "两次事件"}
EXPLAINED = """
    initial  | final    | rules                                    | says
    ---------+----------+------------------------------------------+-----------------------------
    轻度失能 | 轻度失能 | band-gbt-1                               | 总分 70 分，初步等级：轻度失能
    轻度失能 | 中度失能 | band-gbt-1 care_risk_events_30d          | 变更为：中度失能
    轻度失能 | 完全失能 | band-gbt-1 coma                          | 变更为：完全失能
    完全失能 | 完全失能 | band-gbt-4 dementia_or_mental_dx         | 等级不变：完全失能
"""


@pytest.mark.parametrize("row", rows(EXPLAINED), ids=lambda r: r["rules"])
def test_a_level_is_explained(row: dict[str, str]) -> None:
    steps = explain(70, row["initial"], row["final"], row["rules"].split(), WORDS)
    assert row["says"] in [step.step for step in steps]


def test_a_reading_that_is_unverified_is_said() -> None:
    used = ["band-gbt-1", "dementia_or_mental_dx", "care_risk_events_30d", "both"]
    steps = explain(70, "轻度失能", "中度失能", used, WORDS | {"both": "x"}, ["x"])
    assert [s.step for s in steps][1:] == ["变更为：中度失能", "读法待核对"]
    assert steps[1].why == "确诊痴呆；两次事件"


@pytest.mark.parametrize(
    ("last", "months", "due"),
    [
        ("2026-11-24", 12, "2027-11-24"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2026-08-31", 6, "2027-02-28"),
        ("2026-12-01", 1, "2027-01-01"),
    ],
)
def test_when_the_next_assessment_is_due(last: str, months: int, due: str) -> None:
    assert next_due(date.fromisoformat(last), months) == date.fromisoformat(due)
