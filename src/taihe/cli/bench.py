"""`taihe bench`: runs the scripts of the checkout's `bench/` folder and prints their figures."""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

from taihe.kernel.errors import Incorrect

BENCH = Path(__file__).parents[3] / "bench"


def add_parsers(commands: Any) -> None:
    """Add this module's commands."""
    bench = commands.add_parser("bench", help="figures beside their baselines")
    bench.add_argument("area", nargs="?", help="record, claims, fhir, pages …; all without it")
    bench.add_argument("--json", action="store_true")
    bench.set_defaults(run=run_bench)


def run_bench(arguments: argparse.Namespace) -> int:
    """
    Run each area in turn.

    A bench script has `run() -> list[dict]` with figure, value, unit, baseline,
    baseline_value and ratio; it measures both in the same run.
    """
    areas = sorted(path.stem for path in BENCH.glob("[a-z]*.py"))
    if not areas:
        raise Incorrect("There is no bench/ folder here.", "Run it in a checkout of Taihe.")
    if arguments.area and arguments.area not in areas:
        raise Incorrect(f"There is no area {arguments.area}.", f"Choose {', '.join(areas)}.")
    chosen = [arguments.area] if arguments.area else areas
    rows: list[dict[str, Any]] = []
    for area in chosen:
        print(f"{area} …", file=sys.stderr, flush=True)
        rows += [{"area": area, **row} for row in _load(area).run()]
    if arguments.json:
        print(json.dumps({"figures": rows}, ensure_ascii=False))
        return 0
    for row in rows:
        print(
            f"{row['area']:8} {row['figure']:44} {row['value']:>12,.1f} {row['unit']:14}"
            f" {row['baseline']:38} {row['baseline_value']:>12,.1f}  ×{row['ratio']:.2f}"
        )
    return 0


def _load(area: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"bench_{area}", BENCH / f"{area}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
