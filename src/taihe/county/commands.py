"""The command `taihe county build`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any


def add_parsers(commands: Any) -> None:
    """Add `county` with its one command."""
    county = commands.add_parser("county", help="a synthetic county with known truth")
    county.set_defaults(run=lambda _: county.print_help() or 2)
    below = county.add_subparsers(metavar="WHAT")
    build = below.add_parser("build", help="write FHIR, exchange tables, truth and a manifest")
    build.add_argument("--residents", type=int, default=2000, metavar="N")
    build.add_argument("--years", type=int, default=2, metavar="Y")
    build.add_argument("--seed", type=int, default=None, metavar="S")
    build.add_argument("--density", choices=("default", "full"), default="default")
    build.add_argument("--only", choices=("fhir", "exchange", "truth", "people"), metavar="PART",
                       help="fhir, exchange, truth or people")  # fmt: skip
    build.add_argument("--out", type=Path, required=True, metavar="DIR")
    build.add_argument("--json", action="store_true", help="print the manifest's figures")
    build.set_defaults(run=run_build)


def run_build(arguments: argparse.Namespace) -> int:
    """Build a county and say what is in it."""
    from tqdm import tqdm

    from taihe.county.build import SEED, build

    began = time.perf_counter()
    with tqdm(total=arguments.residents, unit=" residents", file=sys.stderr) as bar:
        manifest = build(
            residents=arguments.residents,
            years=arguments.years,
            seed=SEED if arguments.seed is None else arguments.seed,
            density=arguments.density,
            only=arguments.only,
            out=arguments.out,
            progress=lambda done, *_: bar.update(done - bar.n) and None,
        )
    seconds = round(time.perf_counter() - began, 2)
    if arguments.json:
        facts = manifest.as_json()
        shown = {
            key: facts[key] for key in ("counts", "types", "planted", "natural", "near_misses")
        }
        print(json.dumps(shown | {"seconds": seconds, "out": str(arguments.out)}))
    else:
        counts = manifest.counts
        print(
            f"{arguments.out}: {counts['residents']:,} residents, {counts['resources']:,} FHIR "
            f"resources, {counts.get('lines', 0):,} fee lines, {counts.get('findings', 0):,} "
            f"findings known, {seconds} s."
        )
    return 0
