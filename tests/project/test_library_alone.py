"""The FHIR library alone: what a data engineer gets who installs the base package and no extra."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/reference/fhir.md"
PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "name": [{"family": "张", "given": ["伟"]}],
    "gender": "male",
}

# Lets nothing be imported but the standard library, Taihe and what the base package depends on.
ONLY_THE_BASE = """
import sys
ALLOWED = {allowed!r}
class Gate:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in ALLOWED:
            raise ImportError(f"{{name}} is no part of the base package")
sys.meta_path.insert(0, Gate())
"""


def distributions() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return {re.split(r"[>=<\[;]", line)[0].strip() for line in project["dependencies"]}


def examples() -> str:
    return "\n".join(re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL))


def run(code: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=folder, capture_output=True, text=True
    )


def test_the_examples_and_commands_need_the_base_package_only(tmp_path: Path) -> None:
    gate = ONLY_THE_BASE.format(allowed=distributions() | {"taihe"})
    assert run(gate + "import duckdb", tmp_path).returncode != 0, "the gate lets everything in"
    done = run(gate + examples(), tmp_path)
    assert done.returncode == 0, done.stderr
    (tmp_path / "p.json").write_text(json.dumps(PATIENT))
    command = gate + "from taihe.cli.main import main; sys.exit(main(sys.argv[1:]))"
    found = run(command, tmp_path, "fhirpath", "name.given", "p.json")
    assert (found.returncode, found.stdout) == (0, '"伟"\n'), found.stderr
    checked = run(command, tmp_path, "validate", "p.json")
    assert checked.returncode == 0, checked.stderr
    assert json.loads(checked.stdout)["resourceType"] == "OperationOutcome"
    assert run(command, tmp_path, "--help").returncode == 0


@pytest.mark.nightly
def test_the_wheel_alone_is_the_library(tmp_path: Path) -> None:
    """Builds the wheel, installs it without extras into an empty environment, runs the page."""
    uv = shutil.which("uv") or str(ROOT / ".uv/bin/uv")

    def do(*words: str) -> str:
        done = subprocess.run([uv, *words], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    do("build", "--quiet", "--wheel", "--python", sys.executable, "--out-dir", str(tmp_path))
    (wheel,) = tmp_path.glob("taihe-*.whl")
    do("venv", "--quiet", "--python", sys.executable, str(tmp_path / "alone"))
    python = tmp_path / "alone/bin/python"
    do("pip", "install", "--quiet", "--python", str(python), str(wheel))
    listed = json.loads(do("pip", "list", "--python", str(python), "--format", "json"))
    assert {one["name"] for one in listed} == distributions() | {"taihe"}
    page = tmp_path / "page.py"
    page.write_text(examples(), "utf-8")
    done = subprocess.run([python, page], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
