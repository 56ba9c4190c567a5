"""The other libraries, where they are installed."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
NODE_MODULES = Path(__file__).parents[2] / "var" / "bench" / "node_modules"
Evaluate = Callable[[], Any]


def fhirpathpy(expression: str, resource: dict[str, Any] | None) -> Evaluate | None:
    """The compiled expression on a resource, ready to run; None where fhirpathpy is not there."""
    try:
        import fhirpathpy as library  # type: ignore[import-not-found,import-untyped,unused-ignore]
        from fhirpathpy.models import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
            models,
        )
    except ImportError:
        return None
    compiled = library.compile(expression, models["r4"])
    given = {} if resource is None else resource
    return lambda: compiled(given, {"resource": given})


def has_fhirpathpy() -> bool:
    """Whether fhirpathpy is installed."""
    try:
        import fhirpathpy  # noqa: F401
    except ImportError:
        return False
    return True


def fhirpath_js(jobs: list[tuple[str, Any]], *, timed: bool) -> list[dict[str, Any]] | None:
    """
    What fhirpath.js answers to (expression, resource), each with its `values` or its `error`.

    With `timed` also runs per second of processor time. None where Node or the package is not.
    """
    node = shutil.which("node")
    if node is None or not (NODE_MODULES / "fhirpath").is_dir():
        return None
    items = [{"expression": expression, "resource": resource} for expression, resource in jobs]
    said = subprocess.run(
        [node, str(HERE / "others.js")],
        input=json.dumps({"timed": timed, "items": items}, default=float),
        env={"NODE_PATH": str(NODE_MODULES)},
        capture_output=True,
        text=True,
        check=True,
    )
    answers: list[dict[str, Any]] = json.loads(said.stdout)["answers"]
    return answers
