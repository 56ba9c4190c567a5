"""
The follow-up visit (随访): class, what to do, days to the next visit.

国家基本公共卫生服务规范(第三版). Class and action are told apart: an emergency keeps its class.
"""

from __future__ import annotations

from typing import Any

import pytest

from taihe.chronic.domain.facts import Impossible, Missing
from taihe.chronic.public import follow_up_outcome
from tests.spec.chronic.tables import rows

HYPERTENSION = """
    why                                   | age | bp      | before     | also                      | class      | action            | days
    --------------------------------------+-----+---------+------------+---------------------------+------------+-------------------+-----
    just below the target                 | 50  | 139/89  | 控制满意   | -                         | 控制满意   | routine           | 90
    140 is not controlled                 | 50  | 140/89  | 控制满意   | -                         | 控制不满意 | adjust_and_recall | 14
    90 is not controlled                  | 50  | 139/90  | 控制满意   | -                         | 控制不满意 | adjust_and_recall | 14
    at 64 the target is 140               | 64  | 149/89  | 控制满意   | -                         | 控制不满意 | adjust_and_recall | 14
    from 65 it is 150                     | 65  | 149/89  | 控制满意   | -                         | 控制满意   | routine           | 90
    150 is not controlled at 65           | 65  | 150/89  | 控制满意   | -                         | 控制不满意 | adjust_and_recall | 14
    the second failure in a row           | 50  | 141/85  | 控制不满意 | -                         | 控制不满意 | refer             | 14
    a failure after a good visit is first | 50  | 141/85  | -          | -                         | 控制不满意 | adjust_and_recall | 14
    after a reaction it is a first one    | 50  | 150/95  | 不良反应   | -                         | 控制不满意 | adjust_and_recall | 14
    a reaction                            | 50  | 130/80  | 控制满意   | adverse_reaction          | 不良反应   | adjust_and_recall | 14
    the most severe class is recorded     | 50  | 150/95  | 控制满意   | adverse_reaction          | 不良反应   | adjust_and_recall | 14
    failing twice beneath a reaction      | 50  | 150/95  | 控制不满意 | adverse_reaction          | 不良反应   | refer             | 14
    a complication outranks all           | 50  | 150/95  | 控制满意   | new_or_worse_complication | 并发症     | refer             | 14
    systolic 180                          | 50  | 180/100 | 控制满意   | -                         | 控制不满意 | emergency_refer   | 14
    systolic 179 is not an emergency      | 50  | 179/100 | 控制满意   | -                         | 控制不满意 | adjust_and_recall | 14
    diastolic 110                         | 50  | 150/110 | 控制满意   | -                         | 控制不满意 | emergency_refer   | 14
    diastolic 109 is not                  | 50  | 150/109 | 控制满意   | -                         | 控制不满意 | adjust_and_recall | 14
    a danger sign on target               | 55  | 138/84  | 控制满意   | sign 胸闷                 | 控制满意   | emergency_refer   | 14
    another spelling of a sign            | 55  | 138/84  | 控制满意   | sign 视物模糊             | 控制满意   | emergency_refer   | 14
    a sign that no row knows counts too   | 55  | 138/84  | 控制满意   | sign 抽搐                 | 控制满意   | emergency_refer   | 14
    below 35 the pregnancy rule holds     | 30  | 142/88  | 控制满意   | sign 妊娠期或哺乳期且血压高于正常 | 控制不满意 | emergency_refer | 14
"""

DIABETES = """
    why                              | fpg  | bp     | before     | also                                    | class      | action            | days
    ---------------------------------+------+--------+------------+-----------------------------------------+------------+-------------------+-----
    below 7.0                        | 6.9  | 130/80 | 控制满意   | -                                       | 控制满意   | routine           | 90
    7.0 is not controlled            | 7.0  | 130/80 | 控制满意   | -                                       | 控制不满意 | adjust_and_recall | 14
    twice in a row                   | 9.4  | 130/80 | 控制不满意 | -                                       | 控制不满意 | refer             | 14
    3.9 is on target and dangerous   | 3.9  | 130/80 | 控制满意   | -                                       | 控制满意   | emergency_refer   | 14
    4.0 is not dangerous             | 4.0  | 130/80 | 控制满意   | -                                       | 控制满意   | routine           | 90
    16.7 is dangerous                | 16.7 | 130/80 | 控制满意   | -                                       | 控制不满意 | emergency_refer   | 14
    16.6 is not                      | 16.6 | 130/80 | 控制满意   | -                                       | 控制不满意 | adjust_and_recall | 14
    high pressure does not class it  | 6.0  | 170/90 | 控制满意   | -                                       | 控制满意   | routine           | 90
    diastolic 110 is dangerous       | 6.0  | 130/110| 控制满意   | -                                       | 控制满意   | emergency_refer   | 14
    a reaction that stays            | 6.5  | 130/80 | 不良反应   | adverse_reaction adverse_uncontrollable | 不良反应   | refer             | 14
    a reaction that can be treated   | 6.5  | 130/80 | 不良反应   | adverse_reaction                        | 不良反应   | adjust_and_recall | 14
"""


def facts_of(row: dict[str, str]) -> dict[str, Any]:
    systolic, diastolic = row["bp"].split("/")
    facts: dict[str, Any] = {
        "disease": "t2dm" if "fpg" in row else "hypertension",
        "sbp": int(systolic),
        "dbp": int(diastolic),
        "previous_class": row["before"] or None,
    }
    if "age" in row:
        facts["age"] = int(row["age"])
    if "fpg" in row:
        facts["fpg_mmol"] = float(row["fpg"])
    if row["also"].startswith("sign "):
        facts["emergency_flags"] = [row["also"].removeprefix("sign ")]
    else:
        facts.update(dict.fromkeys(row["also"].split(), True))
    return facts


@pytest.mark.parametrize("row", rows(HYPERTENSION) + rows(DIABETES), ids=lambda row: row["why"])
def test_class_action_and_next_visit(row: dict[str, str]) -> None:
    outcome = follow_up_outcome(facts_of(row))
    found = (outcome["class"], outcome["action"], outcome["next_due_days"])
    assert found == (row["class"], row["action"], int(row["days"]))


def test_each_decision_names_its_rows() -> None:
    outcome = follow_up_outcome(
        {"disease": "hypertension", "age": 70, "sbp": 181, "dbp": 95, "previous_class": None}
    )
    assert outcome["rules"] == ["danger-hypertension-01", "target-gwgg-htn-65"]
    assert outcome["dangers"] == ["收缩压≥180mmHg"]


def test_the_clinical_ruler_is_stricter() -> None:
    visit = {"disease": "hypertension", "age": 70, "sbp": 145, "dbp": 85}
    assert follow_up_outcome(visit)["class"] == "控制满意"
    assert follow_up_outcome(visit, ruler="nccd-2025")["class"] == "控制不满意"
    old = visit | {"age": 80}
    assert follow_up_outcome(old, ruler="nccd-2025")["class"] == "控制满意"


BAD = [
    ("pressures swapped", {"sbp": 80, "dbp": 120}, Impossible, "swapped"),
    ("no pressure at all", {"sbp": None}, Missing, "sbp is missing"),
    ("no age, and the target depends on it", {"age": None}, Missing, "age is missing"),
    ("a word for a number", {"sbp": "high"}, Impossible, "not a number"),
    ("true for a number", {"sbp": True}, Impossible, "not a number"),
    ("a pressure that cannot be", {"sbp": 1300}, Impossible, "outside"),
    ("signs as one word", {"emergency_flags": "胸闷"}, Impossible, "not a list"),
    ("an unknown class before", {"previous_class": "一般"}, Impossible, "previous_class"),
    ("an unknown disease", {"disease": "gout"}, Impossible, "disease"),
    ("perhaps a reaction", {"adverse_reaction": "maybe"}, Impossible, "neither true nor false"),
]


@pytest.mark.parametrize(("why", "change", "error", "words"), BAD, ids=[b[0] for b in BAD])
def test_what_cannot_be_is_asked_back(why, change, error, words) -> None:
    good = {"disease": "hypertension", "age": 50, "sbp": 130, "dbp": 80}
    with pytest.raises(error, match=words):
        follow_up_outcome(good | change)


def test_a_danger_sign_does_not_wait_for_a_reading() -> None:
    outcome = follow_up_outcome({"disease": "t2dm", "emergency_flags": ["深大呼吸"]})
    assert (outcome["class"], outcome["action"]) == (None, "emergency_refer")
    assert outcome["asked"] == ["fpg_mmol is missing."]
