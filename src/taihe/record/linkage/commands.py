"""The commands `taihe link` (a table) and `taihe record link` (this installation)."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

LINKER = "taihe record link"


def add_parsers(subparsers: Any) -> None:
    """Add the commands of linkage."""
    link = subparsers.add_parser("link", help="find who is one person in a table of people")
    link.add_argument("people", type=Path, metavar="PEOPLE", help="csv, csv.gz or parquet")
    link.add_argument("--out", type=Path, required=True, metavar="LINKS")
    link.add_argument("--engine", default="duckdb", choices=("duckdb", "spark"))
    link.add_argument("--json", action="store_true", help="print the result as one JSON object")
    link.set_defaults(run=run_link)

    group = subparsers.add_parser("record", help="look after the persons of this installation")
    actions = group.add_subparsers(metavar="ACTION", required=True)
    record = actions.add_parser(
        "link", help="link patients: merge who is surely one, list the doubtful for people"
    )
    record.add_argument("--json", action="store_true", help="print the result as one JSON object")
    record.add_argument("--data", help="the installation's folder (default: TAIHE_DATA or var/)")
    record.set_defaults(run=run_record, needs_site="health")


def run_link(arguments: argparse.Namespace) -> int:
    """Link a table; 0 only when every row of it could be used."""
    import orjson

    from taihe.record.linkage import batch, tables

    begun = time.monotonic()
    batch.check_engine(arguments.engine)
    write = tables.writer_of(arguments.out)
    say = _progress(arguments.json)
    say("read")
    people = tables.read_people(arguments.people)
    linked = batch.link(people, say=say)
    write(linked.ids, linked.person, linked.probability)
    for problem in people.problems:
        sys.stderr.write(f"{problem}\n")
    if people.more_problems:
        sys.stderr.write(f"… and {people.more_problems} more problems.\n")
    result = {
        "read": people.rows + people.left_out,
        "linked": people.rows,
        "left_out": people.left_out,
        "persons": len(set(linked.person)),
        "pairs": linked.pairs,
        "links": linked.links,
        "refused": linked.refused,
        "unsure": linked.unsure,
        "doubtful": linked.doubtful,
        "trained": linked.weights.rows > 0,
        "engine": arguments.engine,
        "problems": [problem.as_json() for problem in people.problems],
        "seconds": round(time.monotonic() - begun, 1),
    }
    if arguments.json:
        sys.stdout.write(orjson.dumps(result).decode() + "\n")
    else:
        sys.stdout.write(
            f"{result['linked']} rows, {result['persons']} persons, {result['doubtful']} pairs"
            f" in doubt left apart, {result['seconds']} s\n"
        )
    return 1 if people.left_out else 0


def run_record(arguments: argparse.Namespace) -> int:
    """Link the installation's patients in batch."""
    from datetime import UTC, datetime

    import orjson

    from taihe.base import public as base
    from taihe.record.linkage.actions import link_record

    result = link_record(
        by=base.create_system_party(LINKER), at=datetime.now(UTC), say=_progress(arguments.json)
    )
    if arguments.json:
        sys.stdout.write(orjson.dumps(result.as_json()).decode() + "\n")
    else:
        sys.stdout.write(
            f"{result.patients} patients, {result.merged} merged, {result.proposed} pairs for"
            f" review, {result.seconds} s\n"
        )
    return 0


def _progress(quiet: bool) -> Any:
    shown = sys.stderr.isatty() or not quiet

    def say(step: str) -> None:
        if shown:
            sys.stderr.write(f"link: {step}\n")

    return say
