"""
The suite `chronic`: every JSON lines file whose rows have a form that Taihe answers.

Expected values are read to compare only; the answers come from the functions behind
`taihe chronic classify` and `taihe chronic risk`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from taihe.chronic import public
from taihe.chronic.cases import question
from taihe.chronic.domain.china_par import DERIVED_AT
from taihe.kernel.conformance import Case
from taihe.kernel.errors import TaiheError

Facts = Mapping[str, Any]

# China-PAR against the official outputs, in percentage points (domain/chronic.md 2.5).
MEAN_POINTS = {"male": 0.15, "female": 0.27}
MAX_POINTS = {"male": 0.75, "female": 1.4}

LIFETIME = "lifetime risk: its coefficients are unpublished"
OTHER_AGES = "the equation was derived at 35 to 74 years"
WHO = "WHO cells are not shipped: skipped until an installation imports the chart"
LATER = "follows with the full chronic work"


def run(directory: Path, **_: object) -> Iterator[Case]:
    """Every case below the folder; rows are known by their form, not by the file's name."""
    for path in sorted(directory.rglob("*.jsonl")):
        deviations: dict[str, list[float]] = defaultdict(list)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if not line.strip():
                continue
            facts = json.loads(line)
            name = f"{path.stem}/{facts.get('id') or facts.get('case') or number}"
            yield from _cases(name, facts, deviations)
        for sex, points in sorted(deviations.items()):
            mean = sum(points) / len(points)
            words = f"mean deviation {mean:.3f} points over {len(points)} rows"
            good = mean <= MEAN_POINTS[sex]
            yield Case(f"{path.stem}/mean {sex}", "passed" if good else "failed", words)


def _cases(name: str, facts: Facts, deviations: dict[str, list[float]]) -> Iterator[Case]:
    if "official" in facts and "params" in facts:
        yield from _official(name, facts, deviations)
    elif "expected_risk10_pct" in facts or "expected_linear_sum" in facts:
        yield _checked(name, lambda: _published(facts))
    elif set(facts) == {"case", "result"}:
        yield _checked(name, lambda: _limits(facts))
    elif "age_band" in facts and "risk10_pct" in facts:
        yield Case(name, "skipped", WHO)
    elif "schema" in facts and "document" in facts:
        yield Case(name, "skipped", f"Open mHealth: {LATER}")
    elif "characteristic" in facts:
        yield _checked(name, lambda: _packet(facts))
    elif "payload" in facts and "topic" in facts:
        yield _checked(name, lambda: _gateway(facts))
    elif "expected_pct" in facts and "hdl_mmol" in facts:
        yield Case(name, "skipped", f"SCORE2: {LATER}")
    elif (asked := question(facts)) is not None:
        yield _classified(name, asked.name, facts, asked.answer)
    else:
        yield Case(name, "skipped", "the form of this row is not known")


EXPECTED = {
    "follow-up": {
        "expected_class": "class",
        "expected_action": "action",
        "next_due_days_max": "next_due_days_max",
    },
    "hearts": {"expected": "expected"},
    "risk grid": {"risk": "risk"},
    "ability": {"initial_level": "initial_level", "final_level": "final_level"},
    "self-care": {"total": "total", "level": "level"},
    "barthel": {"band": "band"},
    "pressure grade": {
        "grade": "grade",
        "isolated_systolic": "isolated_systolic",
        "isolated_diastolic": "isolated_diastolic",
    },
}


def _classified(
    name: str, form: str, facts: Facts, answer: Callable[[Facts], dict[str, Any]]
) -> Case:
    expected = {ours: facts[theirs] for theirs, ours in EXPECTED[form].items() if theirs in facts}
    if not expected:
        return Case(name, "skipped", "the row says nothing to compare with")
    hidden = (
        {*EXPECTED[form], "note"} - {"total"} if form == "ability" else {*EXPECTED[form], "note"}
    )
    asked = {key: value for key, value in facts.items() if key not in hidden}
    try:
        result = answer(asked)
    except TaiheError as error:
        return Case(name, "failed", f"refused: {error.problem}")
    if form == "hearts" and expected["expected"] == "ambiguous":
        return _last_reading_counts(name, asked, result)
    if str(expected.get("final_level", "")).startswith("UNVERIFIED"):
        ours = result["final_level"]
        return Case(
            name, "skipped", f"the row itself is unverified; Taihe says {ours}, one level worse"
        )
    return _compared(name, expected, result)


def _last_reading_counts(name: str, facts: Facts, result: Facts) -> Case:
    """Of two readings on one day the later counts: the same as if the earlier were not there."""
    alone = public.hearts_month({**facts, "visits": [facts["visits"][-1]]})
    same = alone["category"] == result["category"]
    words = f"{result['category']}: the last reading of a day counts"
    return Case(name, "passed" if same else "failed", words)


def _compared(name: str, expected: Facts, result: Facts) -> Case:
    wrong = _differences(expected, result)
    return Case(name, "failed" if wrong else "passed", wrong)


def _differences(expected: Facts, result: Facts) -> str:
    return "; ".join(
        f"{key} is {result.get(key)}, expected {value}"
        for key, value in expected.items()
        if result.get(key) != value
    )


def _checked(name: str, problem: Callable[[], str]) -> Case:
    try:
        message = problem()
    except TaiheError as error:
        message = f"refused: {error.problem}"
    return Case(name, "failed" if message else "passed", message)


def _official(name: str, facts: Facts, deviations: dict[str, list[float]]) -> Iterator[Case]:
    params, official = facts["params"], facts["official"]
    if not DERIVED_AT[0] <= params["age"] <= DERIVED_AT[1]:
        yield Case(f"{name}/risk10", "skipped", OTHER_AGES)
    else:
        sex = "male" if params["sex"] == 1 else "female"
        result = public.china_par_risk({"params": params})
        off = abs(result["risk10"] - official["risk10"])
        deviations[sex].append(off)
        ideal = abs(result["ideal10"] - official["ideal10"])
        good = max(off, ideal) <= MAX_POINTS[sex]
        words = f"risk off by {off:.2f} points, ideal by {ideal:.2f}"
        yield Case(f"{name}/risk10", "passed" if good else "failed", words)
    if official.get("lifetime") is not None:
        yield Case(f"{name}/lifetime", "skipped", LIFETIME)


def _published(facts: Facts) -> str:
    result = public.china_par_risk({"input": facts["input"]})
    if (expected := facts.get("expected_linear_sum")) is not None:
        off = abs(result["linear_sum"] - expected)
        if off > facts["tolerance"]:
            return f"sum {result['linear_sum']} is off by {off:.3f}"
    if (expected := facts.get("expected_risk10_pct")) is not None:
        off = abs(result["risk10"] - expected)
        if off > facts["tolerance_pct_points"] + 1e-9:
            return f"risk {result['risk10']} is off by {off:.2f} points"
    category = facts.get("expected_category")
    if category and result["category"] != category:
        return f"category is {result['category']}, expected {category}"
    return ""


def _packet(facts: Facts) -> str:
    data = bytes.fromhex(facts["hex"])
    expected = {key: value for key, value in facts["expected"].items() if key != "note"}
    return _differences(expected, public.device_packet(facts["characteristic"], data))


def _gateway(facts: Facts) -> str:
    readings = public.gateway_readings(facts["payload"])
    if len(readings) != 1:
        return f"{len(readings)} readings, expected 1"
    return _differences(facts["expected"], readings[0])


# A form that the official calculator takes; a case changes one of its fields.
FORM = {
    "sex": "1", "age": "50", "region": "1", "area": "1", "waist": "85", "tc_unit": "1",
    "tc": "190", "hdlc_unit": "1", "hdlc": "50", "sbp": "130", "dbp": "80", "drug": "0",
    "dm": "0", "csmoke": "0", "fh_ascvd": "0",
}  # fmt: skip


def _limits(facts: Facts) -> str:
    form: dict[str, Any] = dict(FORM)
    change = facts["case"]
    if change.startswith("missing_"):
        form.pop(change.removeprefix("missing_"))
    else:
        field, _, value = change.partition("=")
        field, mmol, _ = field.partition("_mmol")
        if mmol:
            form[f"{field}_unit"] = "2"
        form[field] = value
    result = public.china_par_form(form)
    if result != {"result": facts["result"]["result"], "msg": facts["result"]["msg"]}:
        return f"the form says {result['msg'] or 'nothing'}, expected {facts['result']['msg'] or 'nothing'}"
    return ""
