"""`taihe chronic` on files, and the conformance suite."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

import pytest

from taihe.chronic import commands, conformance
from taihe.kernel.errors import Unsupported


def taihe(*arguments: str) -> int:
    top = argparse.ArgumentParser()
    commands.add_parsers(top.add_subparsers())
    chosen = top.parse_args(["chronic", *arguments])
    return int(chosen.run(chosen))


def test_a_bad_row_is_reported_with_its_line_and_the_others_go_on(tmp_path: Path, capsys) -> None:
    good = {"disease": "hypertension", "age": 50, "sbp": 130, "dbp": 80}
    lines = [good, good | {"sbp": 80, "dbp": 120}, {"colour": "red"}, {"barthel": 60}]
    source, out = tmp_path / "visits.jsonl", tmp_path / "out.jsonl"
    text = "\n".join([*(json.dumps(line) for line in lines), "{broken", "[1]"])
    source.write_text(text, "utf-8")
    assert taihe("classify", str(source), "--out", str(out), "--json") == 1
    summary = json.loads(capsys.readouterr().out)
    assert summary["answered"] == 2
    assert [problem["line"] for problem in summary["problems"]] == [2, 3, 5, 6]
    answers = [json.loads(line)["taihe"] for line in out.read_text("utf-8").splitlines()]
    assert answers[0]["class"] == "控制满意"
    assert "swapped" in answers[1]["do"]
    assert answers[3]["band"] == "中度依赖"


def test_without_a_chart_the_who_model_is_refused_and_writes_nothing(tmp_path: Path) -> None:
    source, out = tmp_path / "people.jsonl", tmp_path / "out.jsonl"
    source.write_text("{}\n", "utf-8")
    with pytest.raises(Unsupported, match="not shipped"):
        taihe("risk", str(source), "--model", "who-lab", "--out", str(out))
    assert not out.exists()


@pytest.mark.shared
def test_the_placed_cases_are_equal(shared: Path) -> None:
    cases = list(conformance.run(shared / "data" / "chronic"))
    assert [case for case in cases if case.status == "failed"] == []
    passed = Counter(case.id.split("/")[0] for case in cases if case.status == "passed")
    assert passed["gwgg3_followup_cases"] == 29
    assert passed["hearts_category_cases"] == 13
    assert passed["bp_grade_cases"] == 12
    assert passed["htn2024_risk_grid"] == 11
    assert passed["gwgg3_elder_selfcare_cases"] == 6
    assert passed["barthel_bands"] == 5
    assert passed["chinapar_published_examples"] == 7
    assert passed["chinapar_input_validation"] == 66
    assert passed["chinapar_official_outputs"] == 164
    assert passed["gbt42195_cases"] == 12


def test_a_case_file_is_known_by_its_form(tmp_path: Path) -> None:
    row = {"barthel": 60, "band": "轻度依赖"}
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "cases_2.jsonl").write_text(json.dumps(row), "utf-8")
    (case,) = conformance.run(tmp_path)
    assert (case.status, case.message) == ("failed", "band is 中度依赖, expected 轻度依赖")
