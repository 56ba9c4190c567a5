"""
`taihe chronic classify` and `taihe chronic risk`: files in, the same rows with answers out.
`taihe chronic rebuild` decides an installation's registry anew.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from taihe.kernel.errors import Incorrect, Problem, TaiheError
from taihe.kernel.knowledge import decode

MODELS = ("china-par", "who-lab", "who-nonlab")


def add_parsers(commands: Any) -> None:
    """Add this module's commands."""
    chronic = commands.add_parser("chronic", help="follow-up classes and risk equations")
    what = chronic.add_subparsers(metavar="WHAT", required=True)

    classify = what.add_parser("classify", help="follow-up class and next date, grades, levels")
    classify.add_argument("file", type=Path, help="JSON lines, as ../shared/data/chronic")
    classify.add_argument("--out", type=Path, required=True)
    classify.add_argument("--ruler", default="gwgg-2017", help="gwgg-2017 or nccd-2025")
    classify.add_argument("--json", action="store_true")
    classify.set_defaults(run=run_classify)

    risk = what.add_parser("risk", help="ten-year cardiovascular risk")
    risk.add_argument("file", type=Path, help="JSON lines with params, input or chart facts")
    risk.add_argument("--model", choices=MODELS, required=True)
    risk.add_argument("--out", type=Path, required=True)
    risk.add_argument("--chart", type=Path, help="the WHO chart that this installation imports")
    risk.add_argument("--json", action="store_true")
    risk.set_defaults(run=run_risk)

    rebuild = what.add_parser("rebuild", help="decide the registry anew from the record")
    rebuild.add_argument("--data", help="the installation's folder (default: TAIHE_DATA or var/)")
    rebuild.set_defaults(run=run_rebuild, needs_site="health")


def run_classify(arguments: argparse.Namespace) -> int:
    """Answer each row by its form."""
    from taihe.chronic import cases, public

    def answer(facts: dict[str, Any]) -> dict[str, Any]:
        asked = cases.question(facts)
        if asked is None:
            raise Incorrect("The form of this row is not known.", "See docs/reference.")
        if asked.name == "follow-up":
            return public.follow_up_outcome(facts, ruler=arguments.ruler)
        return asked.answer(facts)

    return _run(arguments, answer)


def run_risk(arguments: argparse.Namespace) -> int:
    """Answer each row by one model."""
    from taihe.chronic import public

    if arguments.model == "china-par":
        return _run(arguments, public.china_par_risk)
    cells = public.read_chart(arguments.chart) if arguments.chart else ()
    if not cells:
        public.who_risk({}, arguments.model, cells=())
    return _run(arguments, lambda facts: public.who_risk(facts, arguments.model, cells=cells))


def run_rebuild(arguments: argparse.Namespace) -> int:
    """Drop the registry and read the whole feed again; visits and alarms stay."""
    from taihe.chronic import public

    taken = public.rebuild_registry()
    sys.stderr.write(f"{taken:,} items of the record's feed were read again.\n")
    return 0


def _run(arguments: argparse.Namespace, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> int:
    file = arguments.file.name
    problems: list[Problem] = []
    answered = 0
    out = arguments.out.with_name(arguments.out.name + ".part")
    with out.open("w", encoding="utf-8") as target:
        for line, facts, fault in rows_of(arguments.file):
            if facts is None:
                problems.append(Problem(file, line, None, "structure", fault, "Correct the line."))
                continue
            try:
                result = answer(facts)
                answered += 1
            except TaiheError as error:
                result = {"problem": error.problem, "do": error.do}
                problems.append(Problem(file, line, None, error.code, error.problem, error.do))
            row = json.dumps({**facts, "taihe": result}, ensure_ascii=False)
            target.write(row + "\n")
    out.replace(arguments.out)
    if arguments.json:
        summary = {"rows": answered + len(problems), "answered": answered}
        summary["problems"] = [problem.as_json() for problem in problems]  # type: ignore[assignment]
        sys.stdout.write(json.dumps(summary, ensure_ascii=False) + "\n")
    else:
        for problem in problems:
            sys.stderr.write(f"{problem}\n")
        sys.stderr.write(f"{answered} answered, {len(problems)} not: {arguments.out}\n")
    return 1 if problems else 0


def rows_of(path: Path) -> Iterator[tuple[int, dict[str, Any] | None, str]]:
    """The objects of a JSON lines file (or of one JSON list) with their line; or what is wrong."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Incorrect(f"{path} cannot be read: {error.strerror}.", "Name a file.") from None
    if path.suffix == ".gz":
        raw = gzip.decompress(raw)
    text = decode(raw, file=path.name)
    if text.lstrip().startswith("["):
        try:
            for number, value in enumerate(json.loads(text), 1):
                yield _object(number, value)
        except json.JSONDecodeError as error:
            raise Incorrect(
                f"{path.name}:{error.lineno}: this is not JSON.", "Correct it."
            ) from None
        return
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except json.JSONDecodeError:
            yield number, None, "This line is not JSON."
            continue
        yield _object(number, value)


def _object(number: int, value: object) -> tuple[int, dict[str, Any] | None, str]:
    if isinstance(value, dict):
        return number, value, ""
    return number, None, "This line is not an object."
