"""The commands `taihe claims ...`. None of them imports Django."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def add_parsers(subparsers: Any) -> None:
    """Add `claims`, with `audit` below it; each parser sets `run=function(args) -> int`."""
    claims = subparsers.add_parser("claims", help="insurance audit")
    below = claims.add_subparsers(metavar="WHAT", required=True)
    audit = below.add_parser(
        "audit",
        help="audit a folder of exchange tables",
        description="Audit the exchange tables (person, mdtrt, fee) of a folder.",
    )
    audit.add_argument("folder", type=Path, metavar="DIR", help="folder with person, mdtrt, fee")
    audit.add_argument("--out", type=Path, required=True, metavar="FILE", help="findings as CSV")
    audit.add_argument(
        "--rules", type=Path, metavar="DIR", help="folder of rule files; without it shipped rules"
    )
    audit.add_argument("--kinds", metavar="LIST", help="short codes with commas, or all")
    audit.add_argument(
        "--engine", default="duckdb", choices=("duckdb", "sqlite", "spark", "postgres")
    )
    audit.add_argument("--json", action="store_true", help="one JSON object on stdout")
    audit.set_defaults(run=audit_command)


def audit_command(args: argparse.Namespace) -> int:
    """Run `taihe claims audit`; 0 when every row was read and audited."""
    from datetime import date

    from taihe.claims.audit import audit_folder
    from taihe.kernel.errors import TaiheError

    try:
        result = audit_folder(
            args.folder,
            args.out,
            rules=args.rules,
            kinds=args.kinds,
            engine=args.engine,
            today=date.today(),  # noqa: DTZ011 - the county's calendar day
        )
    except TaiheError as error:
        return _refuse(args, error.problem, error.do)
    except OSError as error:
        return _refuse(
            args,
            f"{args.out}: cannot be written ({error.strerror}).",
            "Choose another place, or free space on the disk.",
        )
    if args.json:
        sys.stdout.write(json.dumps(result.as_json(), ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(
            f"{result.lines} lines, {result.findings} findings in {result.seconds} s "
            f"({result.engine}) -> {args.out}\n"
        )
        for kind, count in result.by_kind.items():
            sys.stdout.write(f"  {kind:<22}{count:>8}\n")
        if result.fallback:
            sys.stdout.write(f"shipped rules for {', '.join(result.fallback)}\n")
    for problem in result.problems[:20]:
        sys.stderr.write(f"{problem}\n")
    if len(result.problems) > 20:
        sys.stderr.write(f"and {len(result.problems) - 20} more problems (--json lists them)\n")
    return 1 if result.problems else 0


def _refuse(args: argparse.Namespace, problem: str, do: str) -> int:
    if args.json:
        body = {
            "lines": 0,
            "findings": 0,
            "by_kind": {},
            "fallback": [],
            "problems": [
                {
                    "file": str(args.folder),
                    "line": None,
                    "column": None,
                    "code": "refused",
                    "problem": problem,
                    "do": do,
                }
            ],
            "engine": args.engine,
            "seconds": 0,
        }
        sys.stdout.write(json.dumps(body, ensure_ascii=False) + "\n")
    sys.stderr.write(f"{problem} {do}\n")
    return 1
