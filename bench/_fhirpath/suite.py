"""
How many cases of the FHIRPath suite the other libraries get right, judged generously.

Types, order and the digits at the end of a number are not asked; a case that wants an error is
right with any error, and one that wants a semantic error also with an empty answer.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections import Counter
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from _fhirpath import others

CASES = Path(__file__).parents[3] / "shared" / "conformance" / "fhirpath"


def _cases() -> list[tuple[dict[str, Any], Any]]:
    inputs: dict[str, Any] = {}
    found = []
    for file in sorted(CASES.glob("*.json")):
        for group in json.loads(file.read_text(encoding="utf-8")).get("groups", ()):
            for case in group["tests"]:
                name = case.get("inputfile")
                if name and name not in inputs:
                    text = (CASES / "input" / name).read_text(encoding="utf-8")
                    inputs[name] = json.loads(text)
                found.append((case, inputs[name] if name else None))
    return found


def _text(value: Any) -> str:
    """A value without what only its writing tells."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        if "value" in value and not isinstance(value["value"], dict | list):
            return f"{_text(value['value'])} {value.get('code') or value.get('unit') or '1'}"
        return json.dumps(value, sort_keys=True, default=str)
    text = str(value).strip().removeprefix("@").removeprefix("T").replace("'", "")
    number, _, unit = text.partition(" ")
    try:
        return f"{Decimal(number).normalize():f} {unit}".strip()
    except InvalidOperation:
        return text.removesuffix("T")


def is_right(case: dict[str, Any], values: Any, error: bool) -> bool:
    """Whether an answer counts."""
    wanted = case.get("invalid")
    if wanted:
        return error or (wanted == "semantic" and not values)
    if error:
        return False
    values = values if isinstance(values, list) else [values]
    if case.get("predicate") == "true":
        values = [bool(values) and values[0] is not False]
    outputs = [output.get("value", "") for output in case.get("outputs", ())]
    return Counter(map(_text, values)) == Counter(map(_text, outputs))


def fhirpathpy_right() -> tuple[int, int] | None:
    """How many cases fhirpathpy gets right, of how many; None where it is not there."""
    if not CASES.is_dir() or not others.has_fhirpathpy():
        return None
    right, cases = 0, _cases()
    for case, resource in cases:
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # trace() writes there
                run = others.fhirpathpy(case["expression"], resource)
                values, error = run() if run else [], False
        except Exception:  # noqa: BLE001  (whatever another library raises)
            values, error = [], True
        right += is_right(case, values, error)
    return right, len(cases)


def fhirpath_js_right() -> tuple[int, int] | None:
    """How many cases fhirpath.js gets right, of how many; None where it is not there."""
    if not CASES.is_dir():
        return None
    cases = _cases()
    jobs = [(case["expression"], resource) for case, resource in cases]
    answers = others.fhirpath_js(jobs, timed=False)
    if answers is None:
        return None
    right = sum(
        is_right(case, answer.get("values"), "error" in answer)
        for (case, _), answer in zip(cases, answers, strict=True)
    )
    return right, len(cases)
