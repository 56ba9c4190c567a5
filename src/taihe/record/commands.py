"""The commands `taihe load`, `taihe token` and `taihe reindex`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from taihe.kernel.errors import Incorrect

CLIENT = "taihe token"
LOADER = "taihe load"
VIEWER = "taihe views"


def add_parsers(subparsers: Any) -> None:
    """Add this context's commands."""
    load = subparsers.add_parser("load", help="load FHIR NDJSON, Bundles and exchange tables")
    load.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    load.add_argument("--recursive", action="store_true", help="sub-folders too")
    load.add_argument("--json", action="store_true", help="print the result as one JSON object")
    load.add_argument("--data", help="the installation's folder (default: TAIHE_DATA or var/)")
    load.set_defaults(run=run_load, needs_site="health", may_install=True)

    token = subparsers.add_parser("token", help="print a bearer token for /fhir")
    token.add_argument("--scope", default="system/*.cruds", help='for example "system/*.rs"')
    token.add_argument("--minutes", type=int, default=60)
    token.add_argument("--data", help="the installation's folder (default: TAIHE_DATA or var/)")
    token.set_defaults(run=run_token, needs_site="health", may_install=True)

    reindex = subparsers.add_parser("reindex", help="make index rows anew after an upgrade")
    reindex.add_argument("--data", help="the installation's folder (default: TAIHE_DATA or var/)")
    reindex.set_defaults(run=run_reindex, needs_site="health")

    from taihe.record.linkage import commands as linkage

    linkage.add_parsers(subparsers)


def run_load(arguments: argparse.Namespace) -> int:
    """Load files; 0 only when every resource was stored."""
    import orjson
    from tqdm import tqdm

    from taihe.base import public as base
    from taihe.record import public

    with tqdm(
        total=0,
        unit="B",
        unit_scale=True,
        desc="load",
        file=sys.stderr,
        disable=None if not arguments.json else not sys.stderr.isatty(),
    ) as bar:

        def progress(done: int, total: int, name: str) -> None:
            bar.total = total
            bar.set_postfix_str(name, refresh=False)
            bar.update(done - bar.n)

        party = base.create_system_party(LOADER)
        result = public.load_paths(arguments.paths, arguments.recursive, progress, by=party)
    if arguments.json:
        sys.stdout.write(orjson.dumps(result.as_json()).decode() + "\n")
    else:
        _say(result)
    return 0 if result.is_complete else 1


def _say(result: Any) -> None:
    for problem in result.problems[:50]:
        sys.stderr.write(f"{problem}\n")
    hidden = len(result.problems) - 50 + result.more_problems
    if hidden > 0:
        sys.stderr.write(f"… and {hidden} more problems; --json lists them.\n")
    for name in result.ignored:
        sys.stderr.write(f"ignored: {name}\n")
    totals = result.as_json()
    sys.stdout.write(
        f"{totals['stored']} stored ({totals['new']} new, {totals['updated']} updated,"
        f" {totals['unchanged']} unchanged), {totals['rejected']} rejected,"
        f" {totals['seconds']:.1f} s\n"
    )
    if result.stopped:
        sys.stderr.write(f"taihe: {result.stopped}\n")


def run_reindex(arguments: argparse.Namespace) -> int:
    """Make the index rows of every resource what they would be if it were stored now."""
    from tqdm import tqdm

    from taihe.record.reindex import reindex
    from taihe.record.site import the_store

    with tqdm(total=0, desc="reindex", file=sys.stderr, disable=None) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        changed = reindex(the_store(), progress)
    sys.stdout.write(f"{changed} resources had other index rows\n")
    return 0


def run_token(arguments: argparse.Namespace) -> int:
    """Print a token of this installation, through a platform relation of its own party."""
    from taihe.record import public

    party = platform_party(CLIENT)
    token = public.issue_token(arguments.scope, arguments.minutes, party, CLIENT)
    sys.stdout.write(token + "\n")
    return 0


def view_bodies(type: str, purpose: str) -> Iterator[list[bytes]]:
    """
    The bodies of a type for `taihe views run --from store`, in batches.

    Whoever may read the installation's files may ask, as for a token: the run has a party of
    its own, is written to the trail, and passes the gate with its purpose. Who withdrew their
    consent to it stays out.
    """
    from django.db import transaction

    from taihe.base import trail
    from taihe.record import access, export
    from taihe.record.site import the_store

    party = platform_party(VIEWER)
    if not access.relations_for({"system"}, purpose, datetime.now(UTC).date()):
        raise Incorrect(
            f"A system may not read for the purpose {purpose}.",
            "Choose one that record/knowledge/access.csv gives to systems.",
        )
    with transaction.atomic():
        trail.record("view.run", type, by=party, detail={"purpose": purpose})
    reader = access.Reader(party, frozenset((party,)), frozenset(("system",)), client=VIEWER)
    return export.bodies(the_store(), reader, purpose, type, action="view", route="views")


def platform_party(label: str) -> int:
    """The party of a system of this installation that may know of every person."""
    from django.db import transaction

    from taihe.base import public as base
    from taihe.record import public

    party = base.create_system_party(label)
    if not public.relations_with(party, "platform"):
        with transaction.atomic():
            public.relate(0, party, "platform", start=datetime.now(UTC), source=label)
    return party
