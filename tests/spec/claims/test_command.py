"""`taihe claims audit`: its columns, its JSON, its exit codes, and no Django."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from taihe.cli.main import main

HEADER = (
    "kind,rule_key,psn_no,mdtrt_id,date,violating_lines,involved_lines,template,rule_row,"
    "rule_version,source,clause,parameters,amount_fen,severity"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One stay with a line after its last day."""
    made = tmp_path / "claims"
    made.mkdir()
    (made / "person.csv").write_text("psn_no,gend,brdy\np1,1,1980-01-01\n", encoding="utf-8")
    (made / "mdtrt.csv").write_text(
        "mdtrt_id,psn_no,fixmedins_code,hosp_lv,med_type,insutype,begntime,endtime\n"
        "m1,p1,H1,2,2,390,2025-03-01,2025-03-04\n",
        encoding="utf-8",
    )
    (made / "fee.csv").write_text(
        "feedetl_sn,mdtrt_id,psn_no,fee_ocur_time,hilist_code,cnt,det_item_fee_sumamt\n"
        "f1,m1,p1,2025-03-05,c1,1,2.50\nf2,m1,p1,2025-03-04,c1,1,2.50\n",
        encoding="utf-8",
    )
    return made


def test_columns_and_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = folder.parent / "f.csv"
    assert main(["claims", "audit", str(folder), "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert list(told)[:7] == [
        "lines",
        "findings",
        "by_kind",
        "fallback",
        "problems",
        "engine",
        "seconds",
    ]
    assert (told["lines"], told["findings"], told["problems"]) == (2, 1, [])
    text = out.read_text(encoding="utf-8").splitlines()
    assert text[0] == HEADER
    row = dict(next(csv.DictReader(text)))
    assert row["kind"] == "FEE_OUT_OF_STAY"
    assert row["rule_row"] == "encounter_rules:FEE_OUT_OF_STAY"
    assert (row["template"], row["amount_fen"], row["severity"]) == ("K11", "250", "V")
    assert json.loads(row["parameters"]) == {"value": "住院"}


def test_bad_rows_end_with_one_and_the_output_stands(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (folder / "fee.csv").open("a", encoding="utf-8") as file:
        file.write("f3,m1,p1,2025-13-04,c1,1,2.50\n")
    out = folder.parent / "f.csv"
    assert main(["claims", "audit", str(folder), "--out", str(out), "--json"]) == 1
    captured = capsys.readouterr()
    problem = json.loads(captured.out)["problems"][0]
    assert (problem["file"], problem["line"], problem["column"]) == ("fee.csv", 4, "fee_ocur_time")
    assert problem["do"]
    assert "fee.csv:4:fee_ocur_time" in captured.err
    assert len(out.read_text(encoding="utf-8").splitlines()) == 2


@pytest.mark.parametrize(
    "more",
    [["--kinds", "DRUG_SX"], ["--rules", "nowhere"], ["--engine", "spark"]],
    ids=["unknown kind", "no rules", "no engine"],
)
def test_what_cannot_be_done_is_refused(
    folder: Path, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    out = folder.parent / "f.csv"
    assert main(["claims", "audit", str(folder), "--out", str(out), "--json", *more]) == 1
    assert json.loads(capsys.readouterr().out)["problems"][0]["do"]
    assert not out.exists()


def test_a_folder_that_cannot_be_written_is_told(folder: Path) -> None:
    out = folder.parent / "nowhere" / "f.csv"
    assert main(["claims", "audit", str(folder), "--out", str(out)]) == 1


def test_the_audit_does_not_import_django(folder: Path) -> None:
    code = (
        "import sys; from taihe.cli.main import main; "
        f"main(['claims', 'audit', {str(folder)!r}, '--out', {str(folder.parent / 'f.csv')!r}]); "
        "sys.exit('django' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0
