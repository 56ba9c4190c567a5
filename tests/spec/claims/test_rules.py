"""Rule rows: shipped, official folders, fall-back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from taihe.claims import rule_rows
from taihe.claims.domain.rules import compile_rules


def test_every_shipped_row_has_a_source_a_class_and_a_meaning() -> None:
    rules = rule_rows.shipped()
    assert all(rule.source and rule.class_seq in rule_rows.classes() for rule in rules)
    assert len({rule.row for rule in rules}) == len(rules)
    assert {rule.kind for rule in rules} == set(rule_rows.kinds())
    codes = {code for rule in rules for code in (rule.code, rule.code2) if code}
    numbers = {code: n for n, code in enumerate(sorted(codes))}
    compiled = compile_rules(rules, rule_rows.kinds(), rule_rows.words(), numbers)
    assert compiled.problems == ()
    assert len(compiled.rules) == len(rules)


def test_there_are_88_classes_with_short_codes() -> None:
    classes = rule_rows.classes()
    assert list(classes) == list(range(1, 89))
    assert sum(row.has_points for row in classes.values()) == 46
    for row in classes.values():
        assert all(code == code.upper().replace(" ", "_") for code in row.short_codes)


def test_readmission_is_an_example_and_fee_outside_the_stay_is_live() -> None:
    status = {rule.kind: rule.status for rule in rule_rows.shipped() if not rule.code}
    assert status == {"FEE_OUT_OF_STAY": "live", "READMIT_15D": "example"}


@pytest.mark.shared
def test_a_file_that_is_not_there_falls_back_to_the_shipped_rows(
    tmp_path: Path, shared: Path
) -> None:
    for path in (shared / "data/audit/rules").glob("*.csv"):
        if path.name not in ("param_drug_sex.csv", "kp_code.csv"):
            shutil.copy(path, tmp_path)
    found = rule_rows.read_rules(tmp_path, frozenset(rule_rows.kinds()))
    assert found.fallback == ("DRUG_SEX", "TCM_NEVER_PAID", "TCM_SINGLE_ONLY", "INTERNET_DRUG")
    assert found.fallback_files == ("param_drug_sex.csv", "kp_code.csv")
    assert not found.problems


@pytest.mark.shared
def test_the_newest_knowledge_point_gives_class_and_clause(shared: Path) -> None:
    found = rule_rows.read_rules(shared / "data/audit/rules", frozenset(rule_rows.kinds()))
    by_row = {rule.row: rule for rule in found.rules}
    rule = by_row["param_repeat_charge_pair:001103000010000>001109000010000"]
    assert (rule.class_seq, rule.version, rule.clause) == (
        25,
        "2025-12-12",
        "含监护、床位、诊查、护理",
    )
    assert {rule.class_seq for rule in found.rules if rule.kind == "DRUG_CHILD"} == {7, 65}
    assert max(rule.version for rule in found.rules) == "2026-05-11"


def test_an_own_row_without_a_source_is_told_and_does_not_run(tmp_path: Path) -> None:
    (tmp_path / "rules.csv").write_text(
        "rule_row,kind,code,value,status,source\n"
        "own:1,DRUG_SEX,c1,女,live,县医保局\n"
        "own:2,DRUG_SEX,c2,女,live,\n",
        encoding="utf-8",
    )
    found = rule_rows.read_rules(tmp_path, frozenset({"DRUG_SEX"}))
    assert [rule.row for rule in found.rules] == ["own:1"]
    assert [(p.line, p.column) for p in found.problems] == [(3, "source")]
