"""The frame of `taihe conformance`: ids, skips, counts and exit codes."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from taihe.cli import conformance
from taihe.kernel.conformance import Case, numbered
from taihe.kernel.errors import Incorrect, Unsupported


def suite(directory: Path, **options: object) -> list[Case]:
    assert options["engine"] == "memory"
    return [Case("a/one", "passed"), Case("a/one", "failed", "3 is not 4")][: len(directory.name)]


def run(monkeypatch: pytest.MonkeyPatch, capsys, *arguments: str) -> tuple[int, dict]:
    monkeypatch.setitem(conformance.SUITES, "chronic", conformance.Suite(f"{__name__}:suite"))
    top = argparse.ArgumentParser()
    conformance.add_parsers(top.add_subparsers())
    chosen = top.parse_args(["conformance", "chronic", *arguments])
    return chosen.run(chosen), json.loads(capsys.readouterr().out)


def test_a_repeated_id_gets_a_number() -> None:
    cases = numbered(Case(name, "passed") for name in ("a", "b", "a", "a"))
    assert [case.id for case in cases] == ["a", "b", "a#2", "a#3"]


def test_a_skip_without_a_reason_is_impossible() -> None:
    with pytest.raises(ValueError, match="reason"):
        Case("a", "skipped")
    with pytest.raises(ValueError, match="perhaps"):
        Case("a", "perhaps")


def test_one_failure_makes_the_exit_code_one(monkeypatch, capsys, tmp_path: Path) -> None:
    code, result = run(monkeypatch, capsys, str(tmp_path), "--json")
    assert code == 1
    assert (result["total"], result["passed"], result["failed"], result["skipped"]) == (2, 1, 1, 0)
    assert result["cases"][1] == {"id": "a/one#2", "status": "failed", "message": "3 is not 4"}


def test_without_failure_it_is_zero(monkeypatch, capsys, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    code, result = run(monkeypatch, capsys, str(tmp_path / "x"))
    assert (code, result["suite"], result["engine"]) == (0, "chronic", "memory")


def test_a_missing_folder_and_an_unknown_engine_are_refused(monkeypatch, capsys, tmp_path) -> None:
    with pytest.raises(Incorrect, match="not a folder"):
        run(monkeypatch, capsys, str(tmp_path / "none"))
    with pytest.raises(Unsupported, match="does not run on spark"):
        run(monkeypatch, capsys, str(tmp_path), "--engine", "spark")
