"""`taihe tcm review` and `taihe tcm constitution`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from taihe.kernel.errors import Incorrect


def add_parsers(commands: Any) -> None:
    """Add this module's commands."""
    tcm = commands.add_parser("tcm", help="TCM prescription review and constitution")
    what = tcm.add_subparsers(metavar="WHAT", required=True)

    review = what.add_parser("review", help="safety review of one prescription (JSON)")
    review.add_argument("file", type=Path, help="a JSON file, or - for standard input")
    review.add_argument("--unverified", action="store_true", help="use rows nobody has checked")
    review.add_argument("--json", action="store_true", help="the result on one line")
    review.set_defaults(run=run_review)

    form = what.add_parser("constitution", help="score a 60 or 33 item form (JSON)")
    form.add_argument("file", type=Path, help="a JSON file, or - for standard input")
    form.add_argument("--variant", default="standard", help="strict: < 8 and < 10 (33 items)")
    form.add_argument("--json", action="store_true", help="the result on one line")
    form.set_defaults(run=run_constitution)


def run_review(arguments: argparse.Namespace) -> int:
    """Print the review; 0 whenever it was done, whatever it found."""
    from taihe.tcm import public

    facts = read_object(arguments.file)
    _print(public.review_prescription(facts, unverified=arguments.unverified), arguments.json)
    return 0


def run_constitution(arguments: argparse.Namespace) -> int:
    """Print scores and verdicts; 1 when blanks keep the form from being judged."""
    from taihe.tcm import public

    result = public.judge_constitution(read_object(arguments.file), variant=arguments.variant)
    _print(result, arguments.json)
    if result["missing"] and not result["result"]:
        sys.stderr.write(f"Not answered: {', '.join(result['missing'])}.\n")
        return 1
    return 0


def read_object(path: Path) -> dict[str, Any]:
    """One JSON object from a file."""
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text("utf-8-sig")
        value = json.loads(text)
    except OSError as error:
        raise Incorrect(f"{path} cannot be read: {error.strerror}.", "Name a file.") from None
    except json.JSONDecodeError as error:
        raise Incorrect(
            f"{path.name}:{error.lineno}: this is not JSON.", "Correct the line."
        ) from None
    except UnicodeDecodeError:
        raise Incorrect(f"{path.name} is not UTF-8.", "Save it as UTF-8.") from None
    if not isinstance(value, dict):
        raise Incorrect(f"{path.name} is not a JSON object.", "See INTERFACES, tcm.")
    return value


def _print(result: dict[str, Any], one_line: bool) -> None:
    text = json.dumps(result, ensure_ascii=False, indent=None if one_line else 1)
    sys.stdout.write(text + "\n")
