"""The project about its rows: every row has a source; ids are never given twice."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "src" / "taihe"
FILES = sorted([*ROOT.glob("*/knowledge/**/*.csv"), *ROOT.glob("*/knowledge/**/*.csv.gz")])


def rows(path: Path) -> list[dict[str, str]]:
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_row_has_a_source_or_its_file_has_one(path: Path) -> None:
    content = rows(path)
    assert content, "an empty table"
    if "source" in content[0]:
        assert all((row["source"] or "").strip() for row in content)
    else:
        beside = path.parent / "SOURCE.md"
        assert beside.exists(), f"{path.name}: neither a source column nor SOURCE.md beside it"
        assert path.name.removesuffix(".gz") in beside.read_text("utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_an_id_is_given_once(path: Path) -> None:
    content = rows(path)
    for column in ("rule_row", "key"):
        if column in content[0]:
            # Two sources may disagree on one figure, and one row may follow another in time.
            parts = (column, "event", "as_of", "valid_from", "source")
            ids = [tuple(row.get(part, "") for part in parts) for row in content]
            assert len(ids) == len(set(ids))
