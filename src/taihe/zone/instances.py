"""Reads matching instances in the form of the placed `matching/public.json`, and answers them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from taihe.kernel.errors import Incorrect
from taihe.zone.domain import matching
from taihe.zone.domain.matching import Instance


def parse(text: str, *, name: str) -> dict[str, Any]:
    """The file as JSON with exact decimals; `instances` must be there."""
    try:
        document = json.loads(text, parse_float=Decimal)
    except json.JSONDecodeError as error:
        raise Incorrect(
            f"{name}:{error.lineno}: the text is not JSON ({error.msg}).", "Correct this line."
        ) from None
    if isinstance(document, dict) and "projects" in document:
        document = {"instances": [document]}
    if not isinstance(document, dict) or not isinstance(document.get("instances"), list):
        raise Incorrect(
            f"{name}: there is no list “instances”.", "Write the form of matching/public.json."
        )
    return document


def instance_of(row: Mapping[str, Any], *, where: str) -> Instance:
    """One instance, checked; lists that name strangers are refused, never mended."""
    for key in ("projects", "zones", "capacity"):
        if not isinstance(row.get(key), dict):
            raise Incorrect(f"{where}: “{key}” is missing or no object.", "Add it.")
    scores = [row.get("score_project") or {}, row.get("score_zone") or {}]
    try:
        digits = max(
            (_digits(v) for part in scores for one in part.values() for v in one.values()),
            default=0,
        )
        scale: int = 10**digits
        projects, zones = _lists(row["projects"]), _lists(row["zones"])
        value = {
            (project, zone): _whole(scores[0].get(project, {}).get(zone, 0), scale)
            + _whole(scores[1].get(zone, {}).get(project, 0), scale)
            for project, wished in projects.items()
            for zone in wished
        }
    except (AttributeError, TypeError, InvalidOperation):
        raise Incorrect(
            f"{where}: a list or a score cannot be read.", "Lists hold names, scores numbers."
        ) from None
    instance = Instance(projects, zones, row["capacity"], value, scale)
    try:
        matching.check(instance)
    except Incorrect as error:
        raise Incorrect(f"{where}: {error.problem}", error.do) from None
    return instance


def _lists(part: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    if not all(isinstance(names, list) for names in part.values()):
        raise TypeError
    return {str(one): [str(name) for name in names] for one, names in part.items()}


def _digits(value: Any) -> int:
    exponent = Decimal(value).as_tuple().exponent
    if not isinstance(exponent, int):
        raise InvalidOperation
    return max(0, -exponent)


def _whole(value: Any, scale: int) -> int:
    return int(Decimal(value) * scale)


def answer(instance: Instance) -> dict[str, Any]:
    """
    The answer in the file's own names, with the timetable and the blocking pairs beside it.

    The file prints its total with five decimals; `total_exact` has them all.
    """
    by_project = matching.project_optimal(instance)
    best = matching.best_assignment(instance)
    pairs = instance.pairs()
    rounds = matching.timetable(pairs).rounds
    return {
        "project_optimal": {zone: held for zone, held in by_project.items() if held},
        "zone_optimal": {z: held for z, held in matching.zone_optimal(instance).items() if held},
        "blocking_pairs": matching.blocking_pairs(instance, by_project),
        "best_assignment": dict(best.zone_of),
        "max_cardinality_then_weight_total": round(best.total / instance.scale, 5),
        "total_exact": str(Decimal(best.total) / instance.scale),
        "matched_in_that": best.placed,
        "min_meeting_rounds": len(rounds),
        "timetable": [[list(pair) for pair in one] for one in rounds],
    }
