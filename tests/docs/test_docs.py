"""The documentation says only what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").rglob("*.md"),
]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([\w./:-]+)[)#]", page.read_text("utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_promise_names_a_test_that_exists() -> None:
    rows = [
        line.strip("|").split("|")
        for line in (ROOT / "SECURITY.md").read_text("utf-8").splitlines()
        if line.startswith("| ") and "`tests/" in line
    ]
    assert len(rows) >= 10
    for promise, test in rows:
        for path, name in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", test):
            assert (ROOT / path).exists(), f"{promise.strip()}: {path}"
            if name:
                assert f"def {name}(" in (ROOT / path).read_text("utf-8"), f"{path}::{name}"


def test_every_command_of_the_readme_exists() -> None:
    from taihe.cli.main import parser

    help_text = parser().format_help()
    named = set(re.findall(r"^taihe (\w+)", (ROOT / "README.md").read_text("utf-8"), re.M))
    assert named
    for command in named:
        assert re.search(rf"^\s+{command}\b", help_text, re.M), command


def test_the_project_names_no_path_of_a_machine() -> None:
    for page in PAGES:
        assert not re.search(r"/(home|root|work|tmp)/", page.read_text("utf-8")), page
