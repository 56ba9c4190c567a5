"""Commands of the zone site: bulletin; assess and match need no store."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from taihe.kernel.errors import Incorrect


def add_parsers(commands: Any) -> None:
    """Add `taihe zone …`."""
    zone = commands.add_parser("zone", help="development zones: bulletin, assess, match")
    parts = zone.add_subparsers(metavar="WHAT", required=True)
    bulletin = parts.add_parser(
        "bulletin",
        help="recompute a convention's frozen figures byte for byte",
        description="Recomputes a bulletin from the ledger of an installation (EVENT) or from a "
        "downloaded table of projects (a csv file), and prints its canonical bytes.",
    )
    bulletin.add_argument("source", metavar="EVENT-or-table")
    bulletin.add_argument("--edition", type=int, help="an edition of the event; else the newest")
    bulletin.add_argument("--out", type=Path, help="write the canonical bytes to this file")
    bulletin.add_argument("--expect", metavar="SHA256", help="fail when the fingerprint differs")
    bulletin.add_argument("--data")
    bulletin.add_argument("--json", action="store_true", help="print a summary as JSON instead")
    bulletin.set_defaults(run=run_bulletin, needs_site=_site_of_bulletin)


def _is_table(arguments: argparse.Namespace) -> bool:
    path = Path(arguments.source)
    return path.suffix.lower() == ".csv" or path.exists()


def _site_of_bulletin(arguments: argparse.Namespace) -> str | None:
    return None if _is_table(arguments) else "zone"


def run_bulletin(arguments: argparse.Namespace) -> int:
    """Recompute a bulletin; 0 only when nothing differs from what is frozen or expected."""
    if _is_table(arguments):
        return _finish(arguments, _from_table(Path(arguments.source)), None)
    from django.conf import settings

    if not Path(settings.DATABASES["default"]["NAME"]).exists():
        raise Incorrect(
            f"There is no zone site in {settings.TAIHE_FOLDER.parent}, and no table "
            f"{arguments.source}.",
            "Name the installation with --data, or a table downloaded from a bulletin's page.",
        )
    from taihe.zone import public

    body, equal = public.recomputed(arguments.source, arguments.edition)
    return _finish(arguments, body, equal)


def _from_table(path: Path) -> bytes:
    from taihe.kernel.knowledge import decode
    from taihe.zone.domain import bulletin

    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Incorrect(
            f"{path}: cannot be read ({error.strerror}).",
            "Name a table downloaded from a bulletin's page, or the key of a convention.",
        ) from None
    heading, lines = bulletin.read_table(decode(raw, file=path.name), name=path.name)
    return bulletin.make(heading, lines).body


def _finish(arguments: argparse.Namespace, body: bytes, equal: bool | None) -> int:
    from hashlib import sha256

    fingerprint = sha256(body).hexdigest()
    expected = (arguments.expect or "").strip().lower()
    if expected:
        equal = equal is not False and fingerprint == expected
    if arguments.out:
        try:
            arguments.out.write_bytes(body)
        except OSError as error:
            raise Incorrect(
                f"{arguments.out}: cannot be written ({error.strerror}).", "Name another file."
            ) from None
    if arguments.json:
        document = json.loads(body)
        summary = {
            "event": document["event"], "edition": document["edition"],
            "as_of": document["as_of"], "fingerprint": fingerprint, "equal": equal,
            "figures": document["figures"],
        }  # fmt: skip
        print(json.dumps(summary, ensure_ascii=False))
    elif not arguments.out:
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()
    words = {True: "equal to the frozen bulletin", False: "DIFFERENT", None: "recomputed"}
    print(f"fingerprint {fingerprint}: {words[equal]}", file=sys.stderr)
    return 1 if equal is False else 0
