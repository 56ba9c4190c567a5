"""
The steps on one column of values: impute, treat outliers, normalise.

A column is a list with one number per unit, None where it is missing. Formulas: SOURCE.md of
the placed zone data, "Definitions the expected values follow".
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from taihe.kernel.errors import Unsupported

Column = list[float | None]

SKEW_LIMIT = 2.0
KURTOSIS_LIMIT = 3.5


def denominated(values: Sequence[float | None], by: Sequence[float | None]) -> Column:
    """Each value over its denominator; nothing where either is missing or the divisor is zero."""
    return [
        None if value is None or not below else value / below
        for value, below in zip(values, by, strict=True)
    ]


def imputed(values: Sequence[float | None], groups: Sequence[str]) -> Column:
    """Missing values filled with the mean of their group; a group without values stays empty."""
    sums: dict[str, list[float]] = {}
    for value, group in zip(values, groups, strict=True):
        if value is not None:
            sums.setdefault(group, []).append(value)
    means = {group: math.fsum(known) / len(known) for group, known in sums.items()}
    return [
        means.get(group) if value is None else value
        for value, group in zip(values, groups, strict=True)
    ]


@dataclass(frozen=True)
class Shape:
    """Skewness and kurtosis of a column (sample forms G1 and G2); None where undefined."""

    skew: float | None
    kurtosis: float | None

    @property
    def passes(self) -> bool:
        """Whether the column needs no treatment: |skew| < 2 or kurtosis < 3.5."""
        return (
            self.skew is None
            or self.kurtosis is None
            or abs(self.skew) < SKEW_LIMIT
            or self.kurtosis < KURTOSIS_LIMIT
        )


def shape(values: Sequence[float | None]) -> Shape:
    """Skewness and kurtosis; columns of fewer than four values or of one value have none."""
    known = [value for value in values if value is not None]
    n = len(known)
    if n < 4:
        return Shape(None, None)
    mean = math.fsum(known) / n
    # Both measures do not depend on the unit: deviations are scaled so that no power overflows.
    largest = max(abs(x - mean) for x in known)
    if largest == 0:
        return Shape(None, None)
    deviations = [(x - mean) / largest for x in known]
    squares = math.fsum(d**2 for d in deviations)
    cubes = math.fsum(d**3 for d in deviations)
    fourth = math.fsum(d**4 for d in deviations)
    skew = math.sqrt(n) * cubes / squares**1.5 * math.sqrt(n * (n - 1)) / (n - 2)
    ratio = n * fourth / squares**2
    kurtosis = ((n + 1) * (ratio - 3) + 6) * (n - 1) / ((n - 2) * (n - 3))
    return Shape(skew, kurtosis)


@dataclass(frozen=True)
class Treated:
    """A treated column, how many points were winsorised, and whether a logarithm was taken."""

    values: Column
    winsorised: int = 0
    logged: bool = False


def treated(values: Sequence[float | None], *, most: int = 5) -> Treated:
    """
    A column without outliers: up to `most` points drawn in, else a logarithm of what was there.

    Tied points move together and each counts; a point that moves twice counts once.
    """
    column = list(values)
    moved: set[int] = set()
    now = shape(column)
    while not now.passes and len(moved) < most:
        known = sorted({value for value in column if value is not None})
        assert now.skew is not None
        edge, inner = (known[-1], known[-2]) if now.skew >= 0 else (known[0], known[1])
        moved.update(place for place, value in enumerate(column) if value == edge)
        column = [inner if value == edge else value for value in column]
        now = shape(column)
    if now.passes:
        return Treated(column, len(moved))
    return Treated(_logged(values), 0, logged=True)


def _logged(values: Sequence[float | None]) -> Column:
    known = [value for value in values if value is not None]
    low, high = min(known), max(known)
    return [
        None if value is None else math.log(value - low + 0.01 * (high - low)) for value in values
    ]


def twelve_digits(values: Sequence[float | None]) -> Column:
    """Values of 12 significant digits, so that ties do not hang on the sixteenth."""
    return [None if value is None else float(f"{value:.12g}") for value in values]


def normalised(
    values: Sequence[float | None],
    method: str,
    *,
    direction: int = 1,
    options: dict[str, Any] | None = None,
    target: float | None = None,
) -> Column:
    """
    A column on a common scale, after it was turned by its direction.

    Methods carry COINr's names. `n_minmax` takes `l_u` (0, 100), `n_zscore` `m_sd` (0, 1),
    `n_goalposts` and `gongxiao` (功效系数: 60 + 40 · min-max) as described at each.
    """
    turned = [None if value is None else value * direction for value in twelve_digits(values)]
    known = [value for value in turned if value is not None]
    if not known:
        return turned
    make = _maker(method, known, options or {}, None if target is None else target * direction)
    return [None if value is None else make(value) for value in turned]


def _maker(method: str, known: list[float], options: dict[str, Any], target: float | None) -> Any:
    low, high = min(known), max(known)
    spread = high - low
    if method in ("n_minmax", "gongxiao"):
        bottom, top = (60.0, 100.0) if method == "gongxiao" else options.get("l_u", (0.0, 100.0))
        return lambda x: (x - low) / spread * (top - bottom) + bottom if spread else None
    if method == "n_zscore":
        mean, deviation = options.get("m_sd", (0.0, 1.0))
        centre = math.fsum(known) / len(known)
        sd = math.sqrt(math.fsum((x - centre) ** 2 for x in known) / (len(known) - 1))
        return lambda x: (x - centre) / sd * deviation + mean if sd else None
    ordered = sorted(known)
    if method == "n_rank":
        return lambda x: float(bisect_left(ordered, x) + 1)
    if method == "n_borda":
        return lambda x: float(bisect_left(ordered, x))
    if method == "n_prank":
        return lambda x: bisect_left(ordered, x) / (len(ordered) - 1)
    if method == "n_dist2max":
        return lambda x: 1 - (high - x) / spread if spread else None
    if method == "n_fracmax":
        return lambda x: x / high if high else None
    if method == "n_dist2targ":
        return _to_target(low, target, bool(options.get("cap_max", False)))
    raise Unsupported(
        f"There is no normalisation {method}.",
        "Use n_minmax, n_zscore, n_rank, n_borda, n_prank, n_dist2max, n_fracmax, n_dist2targ "
        "or gongxiao.",
    )


def _to_target(low: float, target: float | None, cap: bool) -> Any:
    if target is None or target == low:
        return lambda x: None
    if cap:
        return lambda x: min((x - low) / (target - low), 1.0)
    return lambda x: (x - low) / (target - low)
