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

    assess = parts.add_parser("assess", help="composite index: scores and ranks")
    assess.add_argument("scheme", type=Path, help="an imeta csv, or a build object (json)")
    assess.add_argument("table", metavar="DATA", type=Path, help="units × indicators (csv)")
    assess.add_argument("--out", type=Path, required=True)
    assess.add_argument("--json", action="store_true")
    assess.set_defaults(run=run_assess)

    match = parts.add_parser("match", help="stable matching, best assignment, meeting rounds")
    match.add_argument("file", type=Path, help="instances (json)")
    match.add_argument("--out", type=Path, required=True)
    match.add_argument("--json", action="store_true")
    match.set_defaults(run=run_match)


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
        _write(arguments.out, body)
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


def run_assess(arguments: argparse.Namespace) -> int:
    """Score and rank the units of a table; the result is the table, or the builds, with `taihe`."""
    from taihe.zone import assessing

    scheme = assessing.read_scheme(arguments.scheme, beside=arguments.table)
    data = assessing.read_data(arguments.table, scheme.tree)
    if scheme.builds:
        answered = assessing.answer_builds(scheme, data, arguments.scheme, arguments.table)
        written = json.dumps(answered, ensure_ascii=False, indent=1) + "\n"
    else:
        written = assessing.table_of(scheme.tree, data)
    _write(arguments.out, written.encode())
    summary = {
        "units": len(data.units.names),
        "indicators": len(scheme.tree.indicators),
        "builds": max(1, len(scheme.builds)),
        "out": str(arguments.out),
    }
    _say(arguments, summary)
    return 0


def run_match(arguments: argparse.Namespace) -> int:
    """Answer every instance of a file; one that cannot be read is reported and the rest go on."""
    from taihe.zone import assessing, instances

    document = instances.parse(assessing.text_of(arguments.file), name=arguments.file.name)
    answered, problems = [], []
    for number, row in enumerate(document["instances"]):
        where = f"{arguments.file.name}: instance {row.get('id', number)}"
        try:
            answered.append(
                {**row, "taihe": instances.answer(instances.instance_of(row, where=where))}
            )
        except Incorrect as error:
            problems.append(str(error))
            answered.append(row)
    written = json.dumps(
        {**document, "instances": answered}, ensure_ascii=False, indent=1, default=float
    )
    _write(arguments.out, written.encode() + b"\n")
    for problem in problems:
        print(f"taihe: {problem}", file=sys.stderr)
    _say(
        arguments, {"instances": len(answered), "refused": len(problems), "out": str(arguments.out)}
    )
    return 1 if problems else 0


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise Incorrect(
            f"{path}: cannot be written ({error.strerror}).", "Name another file."
        ) from None


def _say(arguments: argparse.Namespace, summary: dict[str, Any]) -> None:
    if arguments.json:
        print(json.dumps(summary, ensure_ascii=False))
    else:
        print(", ".join(f"{key} {value}" for key, value in summary.items()), file=sys.stderr)
