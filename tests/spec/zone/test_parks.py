"""International co-operation parks: the grammar of a name, and when a panel supports."""

from __future__ import annotations

import pytest

from taihe.kernel.errors import Incorrect
from taihe.zone import rows
from taihe.zone.domain.parks import WORKFLOW, panel_result, parse_name

NAMES = """
written                                | outcome
---------------------------------------+------------------------------
安徽中德(合肥)国际合作智慧产业园       | 德 合肥 智慧
安徽中德（芜湖）国际合作智能制造生态产业园 | 德 芜湖 智能制造生态
安徽中德(宁国)国际合作智能制造产业园   | 德 宁国 智能制造
中德(合肥)国际合作智慧产业园           | 须以“安徽中”开头
安徽中火星(合肥)国际合作智慧产业园     | 不是已知的国家简称
安徽中德合肥国际合作智慧产业园         | 须用括号写明所在地
安徽中德(南京)国际合作智慧产业园       | 不是省内的市或县
安徽中德(合肥)合作智慧产业园           | 须为“国际合作”
安徽中德(合肥)国际合作智慧园           | 须以“产业园”结尾
安徽中德(合肥)国际合作产业园           | 没有写明主导产业
"""

PANELS = """
experts                              | declined | outcome
-------------------------------------+----------+------------------
a 60 60 60 60, b 60 60 60 60, c 60 60 60 60 |   | 60.0 yes
a 60 60 60 60, b 60 60 60 60, c 60 60 60 59 |   | 59.9 no
a 90 90 90 90, b 80 80 80 80, c 70 70 70 70, d 0 0 0 0 | d | 80.0 yes
a 90 90 90 90, b 80 80 80 80, c 70 70 70 70 | c | 有效专家只有 2 人
a 90 90 90 90, b 80 80 80 80, c 70 70 70 | | 未评完
a 90 90 90 90, b 80 80 80 80, c 70 70 70 101 | | 0 到 100
"""


def lines(table: str) -> list[list[str]]:
    kept = [line for line in table.strip().splitlines() if "-+-" not in line]
    return [[cell.strip() for cell in line.split("|")] for line in kept[1:]]


@pytest.mark.parametrize("row", lines(NAMES), ids=lambda row: row[0])
def test_a_name_follows_the_grammar_or_is_told_which_part_does_not(row: list[str]) -> None:
    parts = row[1].split()
    if len(parts) == 3:
        name = parse_name(row[0], countries=rows.countries(), places=rows.places())
        assert [name.country, name.place, name.industry] == parts
        assert str(name) == row[0].replace("（", "(").replace("）", ")")
    else:
        with pytest.raises(Incorrect, match=row[1]):
            parse_name(row[0], countries=rows.countries(), places=rows.places())


@pytest.mark.parametrize("row", lines(PANELS), ids=lambda row: row[0][-30:])
def test_a_panel_supports_from_60_and_needs_three_without_interest(row: list[str]) -> None:
    scores = {}
    for part in row[0].split(","):
        name, *numbers = part.split()
        scores[name] = tuple(int(number) for number in numbers)
    if row[2].endswith(("yes", "no")):
        total, supports = row[2].split()
        result = panel_result(scores, declined=row[1].split())
        assert (result.total, result.supports) == (total, supports == "yes")
    else:
        with pytest.raises(Incorrect, match=row[2]):
            panel_result(scores, declined=row[1].split())


def test_recommendation_and_recognition_need_another_person() -> None:
    four_eyes = {step.action for step in WORKFLOW.transitions if step.four_eyes}
    assert {"recommend", "approve"} <= four_eyes
    assert "已认定" in WORKFLOW.mermaid()
