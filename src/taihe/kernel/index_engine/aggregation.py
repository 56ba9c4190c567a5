"""
Aggregation of normalised columns, and ranks.

Weights are rescaled over the values that are there; a unit without any has no score.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from taihe.kernel.errors import Incorrect, Unsupported
from taihe.kernel.index_engine.steps import Column

METHODS = ("a_amean", "a_gmean", "a_hmean", "a_powmean", "a_copeland")


def aggregated(
    columns: Sequence[Sequence[float | None]],
    weights: Sequence[float],
    method: str = "a_amean",
    *,
    power: float = 1.0,
) -> Column:
    """
    One column out of several.

    `a_amean` arithmetic, `a_gmean` geometric, `a_hmean` harmonic, `a_powmean` power mean,
    `a_copeland` the number of units beaten less the number that beat.
    """
    if method == "a_copeland":
        return copeland(columns, weights)
    if method not in METHODS:
        raise Unsupported(f"There is no aggregation {method}.", f"Use one of {', '.join(METHODS)}.")
    return [_mean(row, weights, method, power) for row in zip(*columns, strict=True)]


def _mean(
    row: Sequence[float | None], weights: Sequence[float], method: str, power: float
) -> float | None:
    known = [
        (value, weight)
        for value, weight in zip(row, weights, strict=True)
        if value is not None and weight > 0
    ]
    whole = math.fsum(weight for _, weight in known)
    if not known:
        return None
    if method == "a_amean":
        return math.fsum(value * weight for value, weight in known) / whole
    if method == "a_powmean":
        if any(value < 0 for value, _ in known) or (power <= 0 and any(v == 0 for v, _ in known)):
            raise _not_positive("power mean")
        mean = math.fsum(weight * value**power for value, weight in known) / whole
        return float(mean ** (1 / power))
    if any(value <= 0 for value, _ in known):
        raise _not_positive("geometric mean" if method == "a_gmean" else "harmonic mean")
    if method == "a_gmean":
        return math.exp(math.fsum(weight * math.log(value) for value, weight in known) / whole)
    return whole / math.fsum(weight / value for value, weight in known)


def _not_positive(what: str) -> Incorrect:
    return Incorrect(
        f"A {what} needs values above zero.",
        "Normalise to a range that begins above zero, such as 1 to 100.",
    )


def copeland(columns: Sequence[Sequence[float | None]], weights: Sequence[float]) -> Column:
    """For each unit, how many units it beats by weight less how many beat it."""
    rows = list(zip(*columns, strict=True))
    scores: Column = []
    for one in range(len(rows)):
        total = 0
        for other in range(len(rows)):
            if one != other:
                share = _share(rows[one], rows[other], weights)
                total += (share > 0.5) - (share < 0.5)
        scores.append(float(total))
    return scores


def _share(
    one: Sequence[float | None], other: Sequence[float | None], weights: Sequence[float]
) -> float:
    won = compared = 0.0
    for mine, theirs, weight in zip(one, other, weights, strict=True):
        if mine is not None and theirs is not None:
            compared += weight
            won += weight * ((mine > theirs) + 0.5 * (mine == theirs))
    return won / compared if compared else 0.5


def ranks(values: Sequence[float | None]) -> list[int | None]:
    """Ranks from 1, the largest first; ties share the smallest; values of 12 digits count."""
    rounded = [None if value is None else float(f"{value:.12g}") for value in values]
    ordered = sorted((value for value in rounded if value is not None), reverse=True)
    first: dict[float, int] = {}
    for place, value in enumerate(ordered, start=1):
        first.setdefault(value, place)
    return [None if value is None else first[value] for value in rounded]
