"""
Gather `docs/` and what is printed from the code into `var/docs-src`, for mkdocs.

Printed from the code: the commands, the rule classes, the definitions, the workflows, the
glossary and the security page. Nothing printed is kept in the repository.
"""

from __future__ import annotations

import argparse
import csv
import shutil
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "var" / "docs-src"
SOURCE = ROOT / "src" / "taihe"


def main() -> None:
    """Write the folder anew."""
    shutil.rmtree(TARGET, ignore_errors=True)
    shutil.copytree(ROOT / "docs", TARGET)
    generated = TARGET / "generated"
    generated.mkdir()
    (generated / "glossary.md").write_text((ROOT / "GLOSSARY.md").read_text("utf-8"), "utf-8")
    (generated / "security.md").write_text((ROOT / "SECURITY.md").read_text("utf-8"), "utf-8")
    (generated / "commands.md").write_text(commands(), "utf-8")
    (generated / "classes.md").write_text(classes(), "utf-8")
    (generated / "definitions.md").write_text(definitions(), "utf-8")
    (generated / "workflows.md").write_text(workflows(), "utf-8")
    readme = (ROOT / "README.md").read_text("utf-8").replace("](docs/", "](")
    for name in ("GLOSSARY.md", "SECURITY.md"):
        readme = readme.replace(f"]({name})", f"](generated/{name.lower()})")
    for name in ("LICENSE", "CHANGELOG.md"):
        readme = readme.replace(f"[{name}]({name})", f"`{name}`")
    (TARGET / "index.md").write_text(readme, "utf-8")


def commands() -> str:
    """The help of every command."""
    from taihe.cli.main import parser

    lines = ["# Commands", ""]
    for path, one in _walk(parser(), "taihe"):
        lines += [f"## {path}", "", "```text", one.format_help().rstrip(), "```", ""]
    return "\n".join(lines)


def _walk(parser: argparse.ArgumentParser, path: str) -> list[tuple[str, argparse.ArgumentParser]]:
    found = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                found += [(f"{path} {name}", child), *_walk(child, f"{path} {name}")]
    return found


def classes() -> str:
    """The 88 official rule classes and what answers them today."""
    rows = _rows(SOURCE / "claims" / "knowledge" / "classes.csv")
    return _table("Rule classes", rows)


def definitions() -> str:
    """Every published figure."""
    rows = [
        row for path in sorted(SOURCE.glob("*/knowledge/definitions.csv")) for row in _rows(path)
    ]
    return _table("Definitions", rows)


def workflows() -> str:
    """The state diagrams, as text."""
    from taihe.kernel.transitions import Workflow

    lines = ["# Workflows", ""]
    tables = [*SOURCE.glob("*/domain/*.py"), *SOURCE.glob("*/case_rules.py")]
    for path in sorted(tables):
        name = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
        if not any(
            word in path.read_text("utf-8") for word in ("Workflow(", "transitions", "_workflow(")
        ):
            continue
        for value in vars(import_module(name)).values():
            if isinstance(value, Workflow):
                lines += [f"## {value.name}", "", "```text", value.mermaid(), "```", ""]
    return "\n".join(lines)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _table(title: str, rows: list[dict[str, str]]) -> str:
    if not rows:
        return f"# {title}\n\nNone yet.\n"
    columns = list(rows[0])
    lines = [f"# {title}", "", "| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    for row in rows:
        cells = [
            (row.get(column) or "").replace("|", "\\|").replace("\n", " ") for column in columns
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
