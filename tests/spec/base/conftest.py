"""What the ground floor's specifications share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def heads(settings, tmp_path: Path) -> Path:
    """A heads file of this test's own, beside the databases of the test process."""
    settings.TAIHE_FOLDER = tmp_path
    return tmp_path / "chain" / "heads.log"
