"""Grades of blood pressure, the risk grid of 2024, China-PAR, the WHO chart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taihe.chronic.domain.facts import Impossible, Missing
from taihe.chronic.public import (
    china_par_form,
    china_par_risk,
    pressure_grade,
    read_chart,
    risk_cell,
    who_risk,
)
from taihe.kernel.errors import Unsupported
from tests.spec.chronic.tables import rows

GRADES = """
    bp      | grade    | isolated
    --------+----------+----------
    119/79  | 正常血压 | -
    120/79  | 正常高值 | -
    119/80  | 正常高值 | -
    139/89  | 正常高值 | -
    140/89  | 1级      | systolic
    139/90  | 1级      | diastolic
    159/99  | 1级      | -
    160/99  | 2级      | -
    150/100 | 2级      | -
    179/109 | 2级      | -
    180/70  | 3级      | systolic
    130/110 | 3级      | diastolic
"""


@pytest.mark.parametrize("row", rows(GRADES), ids=lambda row: row["bp"])
def test_the_higher_of_the_two_gives_the_grade(row: dict[str, str]) -> None:
    systolic, diastolic = map(int, row["bp"].split("/"))
    found = pressure_grade({"sbp": systolic, "dbp": diastolic})
    isolated = [k for k in ("systolic", "diastolic") if found[f"isolated_{k}"]]
    assert (found["grade"], "".join(isolated)) == (row["grade"], row["isolated"])


def test_a_swapped_pressure_has_no_grade() -> None:
    with pytest.raises(Impossible, match="swapped"):
        pressure_grade({"sbp": 80, "dbp": 120})


PROFILES: list[tuple[str, dict[str, Any], str | None]] = [
    ("no factor, grade 1", {"sbp": 145, "dbp": 85}, "低危"),
    ("no factor, upper normal: not classed", {"sbp": 135, "dbp": 80}, None),
    ("129/84 is outside the grid", {"sbp": 129, "dbp": 84, "smoking": True}, None),
    ("smoking, upper normal", {"sbp": 130, "dbp": 80, "smoking": True}, "低危"),
    ("55 is not yet a factor in men", {"sbp": 145, "dbp": 85, "age_years": 55}, "低危"),
    ("56 is", {"sbp": 145, "dbp": 85, "age_years": 56}, "中危"),
    (
        "three lipids are one factor",
        {"sbp": 145, "dbp": 85, "tc_mmol": 6, "ldl_mmol": 4, "hdl_mmol": 0.9},
        "中危",
    ),
    (
        "three factors",
        {"sbp": 145, "dbp": 85, "tc_mmol": 6, "smoking": True, "age_years": 60},
        "高危",
    ),
    ("CKD 3 counts as organ damage", {"sbp": 145, "dbp": 85, "ckd_stage": 3}, "高危"),
    ("CKD 4 is clinical disease", {"sbp": 145, "dbp": 85, "ckd_stage": 4}, "很高危"),
    ("diabetes without complication", {"sbp": 145, "dbp": 85, "diabetes": True}, "高危"),
    (
        "diabetes with complication",
        {"sbp": 145, "dbp": 85, "diabetes": True, "diabetes_complicated": True},
        "很高危",
    ),
]


@pytest.mark.parametrize(("why", "facts", "risk"), PROFILES, ids=[p[0] for p in PROFILES])
def test_a_person_finds_the_cell_of_the_grid(why: str, facts: dict[str, Any], risk: str) -> None:
    assert risk_cell({"sex": "male", **facts})["risk"] == risk


def test_a_row_that_the_grid_does_not_have_is_refused() -> None:
    with pytest.raises(Impossible, match="no such row"):
        risk_cell({"row": "rf_1_2", "bp": "grade4"})


PERSON: dict[str, Any] = {
    "sex": "female", "age": 60, "sbp": 130, "treated": False, "tc_mg_dl": 210, "hdl_mg_dl": 55,
    "waist_cm": 80, "smoker": False, "diabetes": True, "north": True, "urban": True,
    "family_history": False,
}  # fmt: skip


def risk(**changes: Any) -> float:
    value: float = china_par_risk({"input": PERSON | changes})["risk10"]
    return value


def test_the_worked_example_of_the_paper() -> None:
    """Yang 2016, Supplement table 1: individual sums 142.04 (men) and 119.22 (women)."""
    assert china_par_risk({"input": PERSON})["linear_sum"] == pytest.approx(119.22, abs=0.015)
    men = china_par_risk({"input": PERSON | {"sex": "male"}})
    assert men["linear_sum"] == pytest.approx(142.04, abs=0.015)
    assert men["risk10"] == pytest.approx(11.0, abs=0.15)
    assert men["category"] == "高危"


@given(age=st.integers(35, 73), sbp=st.integers(70, 199))
def test_the_risk_of_women_rises_with_pressure_and_age(age: int, sbp: int) -> None:
    assert risk(age=age, sbp=sbp) <= risk(age=age, sbp=sbp + 1)
    assert risk(age=age, sbp=sbp) <= risk(age=age + 1, sbp=sbp)


def test_units_agree() -> None:
    in_mmol = {"tc_mg_dl": None, "tc_mmol": 210 * 0.0259}
    assert risk(**in_mmol) == risk()


def test_other_ages_are_answered_and_marked() -> None:
    answer = china_par_risk({"input": PERSON | {"age": 80}})
    assert answer["derived_for_this_age"] is False
    assert answer["lifetime"] is None


def test_who_has_the_disease_is_not_scored() -> None:
    with pytest.raises(Unsupported):
        china_par_risk({"input": PERSON, "existing_cvd": True})


def test_a_missing_or_impossible_fact_is_asked_back() -> None:
    with pytest.raises(Missing, match="smoker"):
        china_par_risk({"input": {k: v for k, v in PERSON.items() if k != "smoker"}})
    with pytest.raises(Impossible, match="收缩压应在70-200之间"):
        risk(sbp=210)


FORM = {
    "sex": 1, "age": 50, "region": 1, "area": 1, "waist": 85, "tc_unit": 1, "tc": 190,
    "hdlc_unit": 1, "hdlc": 50, "sbp": 130, "dbp": 80, "drug": 0, "dm": 0, "csmoke": 0,
    "fh_ascvd": 0,
}  # fmt: skip
LIMITS = """
    change                  | message
    ------------------------+--------------------------------
    age=20                  | -
    age=19                  | 年龄应在20-85之间
    age=85                  | -
    age=50.5                | 评测项不得为空
    waist=130.5             | 腰围应在50-130之间
    waist=80.5              | -
    sbp=200                 | -
    sbp=201                 | 收缩压应在70-200之间
    sbp=115.5               | 评测项不得为空
    dbp=                    | 评测项不得为空
    tc=401                  | 总胆固醇应在80-400mg/dl之间
    tc=5 tc_unit=2          | -
    tc=11.01 tc_unit=2      | 总胆固醇应在2-11mmol/L之间
    hdlc=4.01 hdlc_unit=2   | 高密度脂蛋白胆固醇应在0.5-4mmol/L之间
    drug=9                  | 服用降压药不在给定范围内
"""


@pytest.mark.parametrize("row", rows(LIMITS), ids=lambda row: row["change"])
def test_the_limits_of_the_official_form(row: dict[str, str]) -> None:
    change = dict(pair.split("=") for pair in row["change"].split())
    assert china_par_form({**FORM, **change})["msg"] == row["message"]


CHART = """chart,sex,diabetes,smoker,age_band,sbp_band,second_band,risk10_pct
laboratory,male,0,0,40-44,<120,<4,1
laboratory,male,0,0,40-44,<120,4-4.9,2
laboratory,male,0,0,40-44,120-139,5-5.9,3
"""


def test_the_who_chart_answers_once_it_is_imported(tmp_path: Path) -> None:
    person = {"sex": "male", "smoker": False, "diabetes": False, "age": 44, "sbp": 119}
    with pytest.raises(Unsupported, match="not shipped"):
        who_risk(person, "who-lab", cells=())
    path = tmp_path / "chart.csv"
    path.write_text(CHART, "utf-8")
    cells = read_chart(path)
    assert who_risk(person | {"tc_mmol": 3.9}, "who-lab", cells=cells)["risk10_pct"] == 1
    assert who_risk(person | {"tc_mmol": 4.0}, "who-lab", cells=cells)["risk10_pct"] == 2
    on_the_border = person | {"sbp": 120, "tc_mmol": 5.0}
    assert who_risk(on_the_border, "who-lab", cells=cells)["risk10_pct"] == 3
    unknown = who_risk(person, "who-lab", cells=cells)
    assert (unknown["risk10_pct"], unknown["risk10_low_pct"], unknown["risk10_high_pct"]) == (
        None,
        1,
        2,
    )
    with pytest.raises(Impossible, match="40 to 74"):
        who_risk(person | {"age": 75}, "who-lab", cells=cells)
