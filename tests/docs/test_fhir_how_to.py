"""The commands of the page about FHIR files run as they stand."""

from __future__ import annotations

import csv
import json
import re
import shlex
from pathlib import Path

import pytest

from taihe.cli.main import main
from tests.record_kit import observation, patient

PAGE = Path(__file__).parents[2] / "docs/how-to/fhir.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def test_the_commands_run_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    for name, made in (
        ("Patient", [patient("p1")]),
        ("Observation", [observation(f"o{n}") for n in range(3)]),
    ):
        Path(f"data/{name}.ndjson").write_text("".join(json.dumps(one) + "\n" for one in made))
    (view,) = blocks("json")
    Path("pressures.json").write_text(view)
    lines = [line for block in blocks("shell") for line in block.strip().splitlines()]
    assert len(lines) == 7
    for line in lines:
        assert main(shlex.split(line)[1:]) == 0, line
    rows = list(csv.DictReader(Path("pressures.csv").read_text("utf-8").splitlines()))
    assert [row["mmhg"] for row in rows] == ["128", "128", "128"]
    assert Path("pressures.parquet").stat().st_size > 0
    assert "false" in capsys.readouterr().out
