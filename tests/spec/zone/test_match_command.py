"""`taihe zone match`: strangers and bad capacities are reported by instance, the rest goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from taihe.cli.main import main

GOOD = {
    "id": 0, "projects": {"p": ["a", "b"], "q": ["b", "a"]},
    "zones": {"a": ["q", "p"], "b": ["p", "q"]}, "capacity": {"a": 1, "b": 1},
    "score_project": {"p": {"a": 0.9, "b": 0.1}, "q": {"a": 0.2, "b": 0.8}},
    "score_zone": {"a": {"p": 0.3, "q": 0.7}, "b": {"p": 0.6, "q": 0.4}},
}  # fmt: skip

BAD = [
    ({"projects": {"p": ["a", "x"], "q": []}}, "lists x, who is not there"),
    ({"zones": {"a": ["p", "p"], "b": []}}, "lists someone twice"),
    ({"capacity": {"a": 1}}, "capacity of b"),
    ({"capacity": {"a": 1, "b": -1}}, "capacity of b"),
    ({"projects": {"p": "a", "q": []}}, "cannot be read"),
    ({"zones": None}, "“zones” is missing"),
    ({"score_project": {"p": {"a": "high"}}}, "cannot be read"),
]


def match(tmp_path: Path, *instances: dict[str, object]) -> tuple[int, list[dict[str, object]]]:
    file, out = tmp_path / "in.json", tmp_path / "out.json"
    file.write_text(json.dumps({"instances": list(instances)}), "utf-8")
    code = main(["zone", "match", str(file), "--out", str(out)])
    return code, json.loads(out.read_text("utf-8"))["instances"]


def test_a_good_instance_keeps_its_fields_and_gains_an_answer(tmp_path: Path) -> None:
    code, (row,) = match(tmp_path, GOOD)
    assert code == 0
    assert {key: row[key] for key in GOOD} == GOOD
    answer = row["taihe"]
    assert isinstance(answer, dict)
    assert answer["project_optimal"] == {"a": ["p"], "b": ["q"]}
    assert answer["zone_optimal"] == {"a": ["q"], "b": ["p"]}
    assert answer["best_assignment"] == {"p": "a", "q": "b"}
    assert answer["max_cardinality_then_weight_total"] == 2.4
    assert answer["min_meeting_rounds"] == 2


@pytest.mark.parametrize(("change", "says"), BAD, ids=[says for _, says in BAD])
def test_a_bad_instance_is_named_and_the_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, object], says: str
) -> None:
    code, rows = match(tmp_path, {**GOOD, **change, "id": 7}, GOOD)
    assert code == 1
    assert "taihe" not in rows[0] and "taihe" in rows[1]
    told = capsys.readouterr().err
    assert says in told and "instance 7" in told


def test_a_file_that_is_no_json_says_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "in.json"
    file.write_text('{"instances": [\n{"id": 1,}\n]}', "utf-8")
    assert main(["zone", "match", str(file), "--out", str(tmp_path / "o.json")]) == 1
    assert "in.json:2" in capsys.readouterr().err
