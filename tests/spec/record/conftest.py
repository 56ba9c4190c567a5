"""A record of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.record_kit import Kit, make_kit


@pytest.fixture
def kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kit]:
    """A record, its HTTP interface, and the access entries that were written."""
    with make_kit(tmp_path, monkeypatch) as made:
        yield made
