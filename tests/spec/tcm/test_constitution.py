"""
Constitution: the 60-item form (ZYYXH/T157-2009) and the 33-item form for elders.

Verdicts 是, 基本是, 倾向是, 否; blanks are refused by item.
"""

from __future__ import annotations

import argparse
import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taihe.tcm import commands, rules
from taihe.tcm.domain.constitution import BadAnswer
from taihe.tcm.public import constitution_questions, judge_constitution

TYPES = ["平和质", "气虚质", "阳虚质", "阴虚质", "痰湿质", "湿热质", "血瘀质", "气郁质", "特禀质"]
BIASED = TYPES[1:]


def verdicts(found: dict[str, Any]) -> dict[str, str]:
    return {row["type"]: row["verdict"] for row in found["result"]}


def scores(**changed: float) -> dict[str, float]:
    return {"平和质": 75.0, **dict.fromkeys(BIASED, 10.0), **changed}


def test_the_first_example_of_the_standard() -> None:
    values = dict(zip(TYPES, [75, 56, 27, 25, 12, 15, 20, 18, 10], strict=True))
    found = judge_constitution({"form": "60", "scores": values})
    assert found["words"] == "气虚质"
    assert verdicts(found)["平和质"] == "否"


def test_the_second_example_of_the_standard() -> None:
    values = dict(zip(TYPES, [75, 16, 27, 25, 32, 25, 10, 18, 10], strict=True))
    found = judge_constitution({"form": "60", "scores": values})
    assert found["words"] == "基本是平和质，倾向痰湿质"


@pytest.mark.parametrize(
    ("score", "verdict"),
    [
        (100, "是"),
        (40, "是"),
        (39.9, "倾向是"),
        (39, "倾向是"),
        (30, "倾向是"),
        (29.9, "否"),
        (0, "否"),
    ],
)
@pytest.mark.parametrize("kind", BIASED)
def test_the_edges_of_a_biased_type(kind: str, score: float, verdict: str) -> None:
    found = judge_constitution({"form": "60", "scores": scores(**{kind: score})})
    assert verdicts(found)[kind] == verdict


@pytest.mark.parametrize(
    ("own", "highest", "verdict"),
    [
        (60, 29.9, "是"),
        (59.9, 29.9, "否"),
        (60, 30, "基本是"),
        (60, 39.9, "基本是"),
        (60, 40, "否"),
        (100, 0, "是"),
        (59.9, 0, "否"),
    ],
)
@pytest.mark.parametrize("kind", BIASED)
def test_the_edges_of_the_balanced_type(
    kind: str, own: float, highest: float, verdict: str
) -> None:
    values = scores(平和质=own, **{kind: highest})
    assert verdicts(judge_constitution({"form": "60", "scores": values}))["平和质"] == verdict


def answers(sex: str, value: int) -> dict[str, int]:
    return {question["key"]: value for question in constitution_questions("60", sex)}


@pytest.mark.parametrize("sex", ["female", "male"])
def test_sixty_six_rows_are_sixty_questions(sex: str) -> None:
    questions = constitution_questions("60", sex)
    assert len(questions) == 66
    assert len({question["item"] for question in questions}) == 60


def test_raw_and_converted_scores() -> None:
    given = answers("female", 1)
    given.update(
        {
            f"气虚质.{n}": value
            for n, value in zip(range(1, 9), [4, 4, 3, 3, 3, 3, 3, 3], strict=True)
        }
    )
    found = judge_constitution({"form": "60", "sex": "female", "answers": given})
    by_type = {row["type"]: row for row in found["scores"]}
    assert by_type["气虚质"] == {"type": "气虚质", "raw": 26, "converted": 56.25}
    assert by_type["湿热质"] == {"type": "湿热质", "raw": 6, "converted": 0}


def test_complaints_are_reversed_in_the_balanced_type() -> None:
    found = judge_constitution({"form": "60", "sex": "male", "answers": answers("male", 1)})
    balanced = next(row for row in found["scores"] if row["type"] == "平和质")
    assert balanced["raw"] == 2 * 1 + 6 * 5
    assert found["words"] == "平和质"


def test_one_answer_serves_both_types_that_ask_it() -> None:
    given = answers("male", 2)
    del given["平和质.2"]
    assert judge_constitution({"form": "60", "sex": "male", "answers": given})["missing"] == []


def test_blanks_are_named_and_nothing_is_judged() -> None:
    given = answers("female", 2)
    del given["痰湿质.8"]
    given["湿热质.6"] = None
    found = judge_constitution({"form": "60", "sex": "female", "answers": given})
    assert found["missing"] == ["痰湿质.8", "湿热质.6"]
    assert (found["scores"], found["result"]) == ([], [])


def test_the_item_of_the_other_sex_does_not_count() -> None:
    given = answers("female", 1) | {"湿热质.7": 5}
    found = judge_constitution({"form": "60", "sex": "female", "answers": given})
    assert verdicts(found)["湿热质"] == "否"


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("no sex", {"form": "60", "answers": {}}, "sex"),
    ("no form", {"answers": {}}, "form"),
    ("six of five", {"form": "33", "answers": {"1": 6}}, "1 to 5"),
    ("a word", {"form": "33", "answers": {"1": "often"}}, "1 to 5"),
    ("yes", {"form": "33", "answers": {"1": True}}, "1 to 5"),
    ("an item of no form", {"form": "33", "answers": {"34": 1}}, "no item 34"),
    ("a score over 100", {"form": "60", "scores": {"气虚质": 101}}, "cannot be"),
    ("a type of no form", {"form": "60", "scores": {"火质": 10}}, "no type"),
    ("answers as a list", {"form": "33", "answers": [1, 2]}, "not an object"),
]


@pytest.mark.parametrize(("why", "facts", "words"), BAD, ids=[row[0] for row in BAD])
def test_what_cannot_be_is_asked_back(why: str, facts: dict[str, Any], words: str) -> None:
    with pytest.raises(BadAnswer, match=words):
        judge_constitution(facts)


def test_scores_of_some_types_judge_those_and_name_the_others() -> None:
    found = judge_constitution({"form": "60", "scores": {"平和质": 75, "气虚质": 56}})
    assert verdicts(found) == {"平和质": "否", "气虚质": "是"}
    assert len(found["missing"]) == 7
    undecided = judge_constitution({"form": "60", "scores": {"平和质": 75, "气虚质": 10}})
    assert verdicts(undecided) == {"气虚质": "否"}


# The 33-item form: four items a type (five for 平和质), raw sums.


def elder(**changed: int) -> dict[str, int]:
    """Everything 1 but energy 5: 平和质 is full, the others at their lowest."""
    return {str(n): 1 for n in range(1, 34)} | {"1": 5} | changed


def test_every_item_of_the_elders_form_is_asked_once() -> None:
    assert [question["key"] for question in constitution_questions("33")] == [
        str(n) for n in range(1, 34)
    ]


ITEMS = {
    "气虚质": (2, 3, 4, 14),
    "阳虚质": (11, 12, 13, 29),
    "阴虚质": (10, 21, 26, 31),
    "痰湿质": (9, 16, 28, 32),
    "湿热质": (23, 25, 27, 30),
    "血瘀质": (19, 22, 24, 33),
    "气郁质": (5, 6, 7, 8),
    "特禀质": (15, 17, 18, 20),
}


@pytest.mark.parametrize(
    ("total", "verdict"),
    [(4, "否"), (8, "否"), (9, "倾向是"), (10, "倾向是"), (11, "是"), (20, "是")],
)
@pytest.mark.parametrize("kind", BIASED)
def test_the_edges_of_the_elders_form(kind: str, total: int, verdict: str) -> None:
    given = elder(**dict(zip(map(str, ITEMS[kind]), spread(total), strict=True)))
    found = judge_constitution({"form": "33", "answers": given})
    row = next(score for score in found["scores"] if score["type"] == kind)
    assert (row["raw"], row["converted"]) == (total, None)
    assert verdicts(found)[kind] == verdict


def spread(total: int) -> list[int]:
    """Four answers that make a total."""
    return next(list(four) for four in product(range(1, 6), repeat=4) if sum(four) == total)


@pytest.mark.parametrize(
    ("own", "other", "verdict", "strict"),
    [
        (17, 7, "是", "是"),
        (17, 8, "是", "基本是"),
        (17, 9, "基本是", "基本是"),
        (17, 10, "基本是", "否"),
        (17, 11, "否", "否"),
        (16, 8, "否", "否"),
        (25, 4, "是", "是"),
    ],
)
def test_the_balanced_type_of_elders_and_its_strict_variant(
    own: int, other: int, verdict: str, strict: str
) -> None:
    facts = {"form": "33", "scores": {**dict.fromkeys(BIASED, 4), "平和质": own, "湿热质": other}}
    assert verdicts(judge_constitution(facts))["平和质"] == verdict
    assert verdicts(judge_constitution(facts, variant="strict"))["平和质"] == strict


def test_an_item_that_serves_two_types_is_reversed_in_one_only() -> None:
    found = judge_constitution({"form": "33", "answers": elder(**{"2": 5})})
    raw = {row["type"]: row["raw"] for row in found["scores"]}
    assert (raw["气虚质"], raw["平和质"]) == (8, 5 + 1 + 3 * 5)


@pytest.mark.parametrize(
    ("measure", "value", "item", "score"),
    [
        ("bmi", 23.9, "9", 1),
        ("bmi", 24, "9", 2),
        ("bmi", 25, "9", 3),
        ("bmi", 26, "9", 4),
        ("bmi", 28, "9", 5),
        ("waist_cm", 79.4, "28", 1),
        ("waist_cm", 79.5, "28", 2),
        ("waist_cm", 85.4, "28", 2),
        ("waist_cm", 85.5, "28", 3),
        ("waist_cm", 90.5, "28", 4),
        ("waist_cm", 105.4, "28", 4),
        ("waist_cm", 105.5, "28", 5),
        ("colds_per_year", 1, "14", 1),
        ("colds_per_year", 4, "14", 2),
        ("colds_per_year", 6, "14", 3),
        ("colds_per_year", 8, "14", 4),
        ("colds_per_year", 12, "14", 5),
        ("allergies_per_year", 0, "17", 1),
        ("allergies_per_year", 6, "17", 4),
    ],
)
def test_items_that_the_record_fills(measure: str, value: float, item: str, score: int) -> None:
    given = {key: answer for key, answer in elder().items() if key != item}
    filled = judge_constitution({"form": "33", "answers": given, "measures": {measure: value}})
    typed = judge_constitution({"form": "33", "answers": given | {item: score}})
    assert filled["missing"] == []
    assert filled["scores"] == typed["scores"]


def test_seven_colds_have_no_band_and_are_asked() -> None:
    given = {key: answer for key, answer in elder().items() if key != "14"}
    found = judge_constitution({"form": "33", "answers": given, "measures": {"colds_per_year": 7}})
    assert found["missing"] == ["14"]


def test_an_answer_that_was_given_is_not_overwritten_by_a_measure() -> None:
    facts = {"form": "33", "answers": elder(**{"9": 5}), "measures": {"bmi": 20}}
    raw = {row["type"]: row["raw"] for row in judge_constitution(facts)["scores"]}
    assert raw["痰湿质"] == 8


@given(st.lists(st.integers(1, 5), min_size=33, max_size=33))
def test_a_plain_second_reading_agrees(values: list[int]) -> None:
    """The elders' form written out by hand."""
    given = {str(n): value for n, value in enumerate(values, 1)}
    found = verdicts(judge_constitution({"form": "33", "answers": given}))
    sums = {kind: sum(values[n - 1] for n in items) for kind, items in ITEMS.items()}
    for kind, total in sums.items():
        assert found[kind] == ("是" if total >= 11 else "倾向是" if total >= 9 else "否")
    balanced = values[0] + sum(6 - values[n - 1] for n in (2, 4, 5, 13))
    worst = max(sums.values())
    expected = "否"
    if balanced >= 17:
        expected = "是" if worst <= 8 else "基本是" if worst <= 10 else "否"
    assert found["平和质"] == expected


def test_rows_of_the_forms_have_sources() -> None:
    assert all(question.provenance.source for question in rules.questions())


def test_the_command_refuses_blanks_with_exit_one(tmp_path: Path, capsys) -> None:
    file = tmp_path / "form.json"
    file.write_text(json.dumps({"form": "33", "answers": {"1": 3}}), "utf-8")
    top = argparse.ArgumentParser()
    commands.add_parsers(top.add_subparsers())
    chosen = top.parse_args(["tcm", "constitution", str(file), "--json"])
    assert chosen.run(chosen) == 1
    assert len(json.loads(capsys.readouterr().out)["missing"]) == 32
