"""
A process killed at any moment of a load or of mixed writes loses nothing acknowledged,
doubles nothing, and leaves a store that verifies clean.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

DRIVER = Path(__file__).parent / "kill_driver.py"


def run(data: Path, *arguments: str) -> str:
    kept = {key: value for key, value in os.environ.items() if key != "TAIHE_CONFIGURED"}
    ended = subprocess.run(
        [sys.executable, *arguments],
        env={
            **kept,
            "TAIHE_DATA": str(data),
            "TAIHE_SITE": "health",
            "DJANGO_SETTINGS_MODULE": "taihe.config.health",
        },
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr + ended.stdout
    return ended.stdout


@pytest.mark.slow
def test_kills_at_random_moments(tmp_path: Path) -> None:
    turns, seed = (200, "7") if os.environ.get("TAIHE_NIGHTLY") else (20, "1")
    data = tmp_path / "data"
    run(data, "-m", "taihe.config.install", "health", str(data))
    result = json.loads(run(data, str(DRIVER), str(turns), seed))
    assert [turn["wrong"] for turn in result["turns"]] == [[]] * turns
    assert sum(turn["acknowledged"] for turn in result["turns"]) > turns * 10
