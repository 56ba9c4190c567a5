"""
Measures of region × industry: location quotient, Gini, Hoover, Herfindahl, Shannon.

Formulas: SOURCE.md of the placed zone data. A matrix maps region → industry → persons employed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

Matrix = Mapping[str, Mapping[str, float]]


def location_quotients(employed: Matrix) -> dict[str, dict[str, float | None]]:
    """
    (e_ij / e_i) / (e_j / e): above 1 where the region has more of the industry than the whole.

    None where the industry, or the region, employs nobody.
    """
    industries = sorted({code for row in employed.values() for code in row})
    by_region = {region: math.fsum(row.values()) for region, row in employed.items()}
    by_industry = {
        code: math.fsum(row.get(code, 0.0) for row in employed.values()) for code in industries
    }
    whole = math.fsum(by_region.values())
    return {
        region: {
            code: (row.get(code, 0.0) / by_region[region]) / (by_industry[code] / whole)
            if by_region[region] and by_industry[code]
            else None
            for code in industries
        }
        for region, row in employed.items()
    }


def gini(quotients: Sequence[float]) -> float:
    """Inequality of quotients: 2/(n²·mean) · Σ k·(LQ_k − mean), sorted ascending; 0 is even."""
    n = len(quotients)
    mean = math.fsum(quotients) / n
    total = math.fsum(k * (value - mean) for k, value in enumerate(sorted(quotients), start=1))
    return 2 * total / (n * n * mean)


def hoover(shares: Sequence[float], reference: Sequence[float]) -> float:
    """The part that would have to move for both distributions to be alike."""
    return math.fsum(abs(a - b) for a, b in zip(shares, reference, strict=True)) / 2


def herfindahl(shares: Sequence[float]) -> float:
    """Sum of squared shares: 1 where one has everything."""
    return math.fsum(share * share for share in shares)


def shannon(shares: Sequence[float]) -> float:
    """Entropy of shares; 0 where one has everything."""
    return -math.fsum(share * math.log(share) for share in shares if share > 0)
