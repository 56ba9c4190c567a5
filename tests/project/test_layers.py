"""The import contracts hold, and each would notice a breach."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

BREACHES = [
    ("kernel reaches up", "kernel/periods.py", "from taihe.base import trail"),
    ("zone reads a record", "zone/models.py", "from taihe.record import public"),
    ("claims climbs through a window", "claims/models.py", "from taihe.record import access"),
    ("the county uses what it tests", "county/oracle.py", "from taihe.claims import public"),
    ("a domain opens a database", "claims/domain/__init__.py", "import sqlite3"),
]


def lint(source: Path, work: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(source)}
    return subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
        + ["--config", str(ROOT / ".importlinter"), "--no-cache"],
        cwd=work,
        env=environment,
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
def test_the_contracts_hold() -> None:
    done = lint(ROOT / "src", ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("what", "file", "line"), BREACHES, ids=[b[0] for b in BREACHES])
def test_a_breach_is_found(what: str, file: str, line: str, tmp_path: Path) -> None:
    source = tmp_path / "src"
    shutil.copytree(
        ROOT / "src" / "taihe",
        source / "taihe",
        ignore=shutil.ignore_patterns("__pycache__", "static", "knowledge", "definitions"),
    )
    path = source / "taihe" / file
    path.write_text(path.read_text("utf-8") + f"\n{line}  # noqa\n", "utf-8")
    done = lint(source, tmp_path)
    assert done.returncode != 0, f"{what} was not noticed:\n{done.stdout}"
    assert "BROKEN" in done.stdout
