"""Elders: ability (GB/T 42195-2022), self-care (公卫), Barthel."""

from __future__ import annotations

from typing import Any

import pytest

from taihe.chronic import rules
from taihe.chronic.domain.facts import Impossible, Missing
from taihe.chronic.public import ability_level, barthel_band, self_care_level
from tests.spec.chronic.tables import rows

LEVELS = """
    total | coma | dementia | events | initial  | final
    ------+------+----------+--------+----------+---------
    90    | -    | -        | 0      | 能力完好 | 能力完好
    89    | -    | -        | 0      | 轻度失能 | 轻度失能
    66    | -    | -        | 0      | 轻度失能 | 轻度失能
    65    | -    | -        | 0      | 中度失能 | 中度失能
    46    | -    | -        | 0      | 中度失能 | 中度失能
    45    | -    | -        | 0      | 重度失能 | 重度失能
    30    | -    | -        | 0      | 重度失能 | 重度失能
    29    | -    | -        | 0      | 完全失能 | 完全失能
    70    | -    | -        | 1      | 轻度失能 | 轻度失能
    70    | -    | -        | 2      | 轻度失能 | 中度失能
    90    | -    | yes      | 0      | 能力完好 | 轻度失能
    20    | -    | yes      | 5      | 完全失能 | 完全失能
    80    | yes  | -        | 0      | 轻度失能 | 完全失能
"""


@pytest.mark.parametrize("row", rows(LEVELS), ids=str)
def test_the_level_by_total_and_escalation(row: dict[str, str]) -> None:
    found = ability_level(
        {
            "total": int(row["total"]),
            "coma": bool(row["coma"]),
            "dementia_or_mental_dx": bool(row["dementia"]),
            "care_risk_events_30d": int(row["events"]),
        }
    )
    assert (found["initial_level"], found["final_level"]) == (row["initial"], row["final"])


def test_both_reasons_together_make_it_one_worse_and_say_that_this_is_unverified() -> None:
    both = {"total": 70, "dementia_or_mental_dx": True, "care_risk_events_30d": 2}
    found = ability_level(both)
    assert found["final_level"] == "中度失能"
    assert found["unverified"]


def full_marks() -> dict[str, Any]:
    return {item.item: item.scores[-1] for item in rules.assessment_items("gbt42195")}


def test_twenty_six_items_make_ninety_points_in_four_groups() -> None:
    found = ability_level({"items": full_marks()})
    assert found["total"] == 90
    assert found["groups"] == {"B.1": 32, "B.2": 15, "B.3": 28, "B.4": 15}


def test_a_blank_item_is_named_and_no_level_given() -> None:
    answers = full_marks() | {"B.1.1": None}
    with pytest.raises(Missing, match="进食"):
        ability_level({"items": answers})


def test_a_score_outside_its_item_is_refused() -> None:
    with pytest.raises(Impossible, match="上下楼梯"):
        ability_level({"items": full_marks() | {"B.2.4": 4}})
    with pytest.raises(Impossible, match="no item"):
        ability_level({"items": full_marks() | {"B.9.9": 0}})
    with pytest.raises(Impossible, match="not the sum"):
        ability_level({"items": full_marks(), "total": 80})
    with pytest.raises(Impossible, match="total"):
        ability_level({"total": 91})


SELF_CARE = """
    进餐 | 梳洗 | 穿衣 | 如厕 | 活动 | total | level
    -----+------+------+------+------+-------+---------
    0    | 0    | 0    | 0    | 0    | 0     | 可自理
    3    | 0    | 0    | 0    | 0    | 3     | 可自理
    0    | 3    | 0    | 1    | 0    | 4     | 轻度依赖
    3    | 3    | 0    | 1    | 1    | 8     | 轻度依赖
    3    | 1    | 5    | 0    | 0    | 9     | 中度依赖
    5    | 3    | 0    | 5    | 5    | 18    | 中度依赖
    3    | 3    | 3    | 5    | 5    | 19    | 不能自理
    5    | 7    | 5    | 10   | 10   | 37    | 不能自理
"""


@pytest.mark.parametrize("row", rows(SELF_CARE), ids=lambda row: row["total"])
def test_five_items_of_self_care(row: dict[str, str]) -> None:
    answers = {name: int(row[name]) for name in ("进餐", "梳洗", "穿衣", "如厕", "活动")}
    found = self_care_level({"items": answers})
    assert (found["total"], found["level"]) == (int(row["total"]), row["level"])


def test_a_score_that_the_form_does_not_print_is_refused() -> None:
    with pytest.raises(Impossible, match="进餐"):
        self_care_level({"items": {"进餐": 1, "梳洗": 0, "穿衣": 0, "如厕": 0, "活动": 0}})
    with pytest.raises(Missing, match="活动"):
        self_care_level({"items": {"进餐": 0, "梳洗": 0, "穿衣": 0, "如厕": 0}})


@pytest.mark.parametrize(
    ("index", "band"),
    [
        (100, "无需依赖"),
        (99, "轻度依赖"),
        (61, "轻度依赖"),
        (60, "中度依赖"),
        (41, "中度依赖"),
        (40, "重度依赖"),
        (0, "重度依赖"),
    ],
)
def test_the_bands_of_the_barthel_index(index: int, band: str) -> None:
    assert barthel_band({"barthel": index})["band"] == band


def test_an_index_over_a_hundred_is_refused() -> None:
    with pytest.raises(Impossible):
        barthel_band({"barthel": 105})
