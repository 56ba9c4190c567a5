"""Pregnancy, dose, toxic herbs, and what is wrong with a prescription as written."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from taihe.kernel.errors import Incorrect
from taihe.tcm import commands
from taihe.tcm.domain.review import Impossible
from taihe.tcm.public import review_prescription

PREGNANT = {"sex": "female", "age": 30, "pregnant": True}


def review(*items: Any, patient: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    lines = []
    for item in items:
        name, dose = item if isinstance(item, tuple) else (item, 1)
        lines.append({"name": name, "dose": dose, "unit": "g"})
    return review_prescription({"patient": patient or {}, "items": lines, **more})


def found(result: dict[str, Any], kind: str) -> list[tuple[str, str]]:
    return [(f["names"][0], f["severity"]) for f in result["findings"] if f["type"] == kind]


@pytest.mark.parametrize(
    ("written", "herb", "severity"),
    [
        ("土鳖虫", "土鳖虫", "block"),
        ("䗪虫", "土鳖虫", "block"),
        ("生川乌", "川乌", "block"),
        ("制川乌", "制川乌", "sign"),
        ("黑丑", "牵牛子", "block"),
        ("皂角", "大皂角", "block"),
        ("红花", "红花", "sign"),
        ("薏米", "薏苡仁", "sign"),
        ("怀牛膝", "牛膝", "sign"),
        ("冰片", "冰片", "sign"),
    ],
)
def test_a_herb_in_pregnancy(written: str, herb: str, severity: str) -> None:
    assert found(review(written, patient=PREGNANT), "pregnancy") == [(herb, severity)]


@pytest.mark.parametrize("written", ["当归", "白术", "黄芩", "制草乌", "桑寄生"])
def test_a_herb_without_a_row_is_silent(written: str) -> None:
    assert found(review(written, patient=PREGNANT), "pregnancy") == []


def test_without_pregnancy_nothing_is_said() -> None:
    assert (
        review("红花", "三棱", patient={"sex": "female", "age": 30, "pregnant": False})["findings"]
        == []
    )
    assert review("红花", "三棱", patient={"sex": "male", "age": 30})["findings"] == []
    assert review("红花", "三棱")["findings"] == []


def test_of_a_woman_who_may_be_pregnant_it_is_asked_for_forbidden_herbs_only() -> None:
    may_be = {"sex": "female", "age": 30, "pregnant": None}
    asked = review("三棱", "红花", patient=may_be)
    assert [f["rule_id"] for f in asked["findings"]] == ["pregnancy_unknown"]
    assert asked["findings"][0]["items"] == [0]
    assert asked["result"] == "warn"
    assert review("红花", patient=may_be)["result"] == "pass"
    assert review("三棱", patient=may_be | {"age": 60})["result"] == "pass"


def test_a_dose_above_the_row_asks_for_a_signature() -> None:
    over = review(("附子", 16))
    assert found(over, "dose") == [("附子", "sign")]
    assert "3～15g" in over["findings"][0]["message"]
    assert review(("附子", 15))["result"] == "pass"
    assert review(("黑顺片", 16))["result"] == "sign"


def test_the_same_herb_on_two_lines_is_added_up() -> None:
    twice = review(("甘草", 6), ("炙甘草", 6))
    assert twice["findings"][0]["items"] == [0, 1]
    assert found(twice, "dose") == [("甘草", "sign")]


def test_portions_and_days_make_the_daily_dose() -> None:
    assert review(("细辛", 3), count=3, days=3)["result"] == "pass"
    assert found(review(("细辛", 3), count=6, days=3), "dose") == [("细辛", "sign")]
    assert review(("细辛", 6), count=3, days=6)["result"] == "pass"


def test_units_become_grams() -> None:
    def one(dose: float, unit: str) -> dict[str, Any]:
        return review_prescription({"items": [{"name": "细辛", "dose": dose, "unit": unit}]})

    assert one(3000, "mg")["result"] == "pass"
    assert one(3001, "mg")["result"] == "sign"
    assert one(2, "钱")["findings"][0]["rule_id"] == "dose_unit"


def test_rows_that_nobody_has_checked_are_off_until_asked_for() -> None:
    items = {"items": [{"name": "朱砂", "dose": 5, "unit": "g"}]}
    assert found(review_prescription(items), "dose") == []
    assert found(review_prescription(items, unverified=True), "dose") == [("朱砂", "sign")]


@pytest.mark.parametrize(
    ("written", "toxic"),
    [
        ("生半夏", True),
        ("半夏", False),
        ("法半夏", False),
        ("生附子", True),
        ("附片", False),
        ("生南星", True),
        ("制南星", False),
        ("雄黄", True),
        ("斑蝥", True),
        ("半夏(生)", True),
    ],
)
def test_the_28_toxic_herbs_are_signed_where_the_raw_form_is_written(
    written: str, toxic: bool
) -> None:
    assert bool(found(review(written), "toxicity")) == toxic


def test_a_missing_dose_is_said() -> None:
    silent = review_prescription({"items": [{"name": "茯苓", "dose": None}]})
    assert [f["rule_id"] for f in silent["findings"]] == ["dose_missing"]


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("a pregnant man", {"patient": {"sex": "male", "pregnant": True}}, "pregnant"),
    ("an age that cannot be", {"patient": {"age": 300}}, "age"),
    ("no items", {"items": []}, "no items"),
    ("items as text", {"items": "甘草"}, "not a list"),
    ("an item without name", {"items": [{"dose": 3}]}, "no name"),
    ("an empty name", {"items": [{"name": " "}]}, "empty name"),
    ("a dose in words", {"items": [{"name": "甘草", "dose": "三钱"}]}, "not a number"),
    ("a dose below 0", {"items": [{"name": "甘草", "dose": -3}]}, "not above 0"),
    ("no portions", {"count": 0}, "count"),
    ("a date that is none", {"date": "tomorrow"}, "date"),
    ("perhaps pregnant", {"patient": {"pregnant": "maybe"}}, "pregnant"),
]


@pytest.mark.parametrize(("why", "change", "words"), BAD, ids=[row[0] for row in BAD])
def test_what_cannot_be_is_asked_back(why: str, change: dict[str, Any], words: str) -> None:
    good = {"patient": {}, "items": [{"name": "茯苓", "dose": 10}]}
    with pytest.raises(Impossible, match=words):
        review_prescription(good | change)


def taihe(*arguments: str) -> int:
    top = argparse.ArgumentParser()
    commands.add_parsers(top.add_subparsers())
    chosen = top.parse_args(["tcm", *arguments])
    return int(chosen.run(chosen))


def test_the_command_prints_the_form_of_interfaces(tmp_path: Path, capsys) -> None:
    file = tmp_path / "rx.json"
    items = [{"name": "炙甘草", "dose": 6, "unit": "g", "processing": None, "decoction": None}]
    items.append({"name": "海藻", "dose": 10, "unit": "g", "processing": None, "decoction": None})
    patient = {"sex": "female", "age": 45, "pregnant": None, "person": None}
    facts = {"patient": patient, "items": items, "count": 3, "days": None, "date": None}
    file.write_text(json.dumps(facts), "utf-8")
    assert taihe("review", str(file), "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["result"] == "block"
    (finding,) = result["findings"]
    assert (finding["type"], finding["rule"]) == ("incompatible", "十八反")
    assert finding["items"] == [0, 1]
    assert finding["names"] == ["甘草", "海藻"]
    assert result["names"][0]["written"] == "炙甘草"
    assert result["names"][0]["herb"] == "甘草"
    assert result["unknown"] == []


def test_a_file_that_is_no_json_names_its_line(tmp_path: Path) -> None:
    file = tmp_path / "rx.json"
    file.write_text('{"items":\n [}', "utf-8")
    with pytest.raises(Incorrect, match=r"rx.json:2"):
        taihe("review", str(file))
