"""
Measures of region × industry: location quotient, Gini, Hoover, Herfindahl, Shannon,
Ellison–Glaeser.

Formulas: SOURCE.md of the placed zone data. A matrix maps region → industry → persons employed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from taihe.kernel.errors import Incorrect

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


def ellison_glaeser(firms: Mapping[str, Sequence[float]], regions: Mapping[str, float]) -> float:
    """
    Agglomeration of an industry beyond what the sizes of its firms explain; 0 is chance.

    `firms` maps a region to the persons that each firm of the industry employs there, `regions`
    to all persons employed there. γ = (G − (1 − Σx²)H) / ((1 − Σx²)(1 − H)), G = Σ(s − x)².
    Raises `Incorrect` with fewer than two firms or regions: nothing can agglomerate.
    """
    sizes = [size for inside in firms.values() for size in inside]
    industry, whole = math.fsum(sizes), math.fsum(regions.values())
    if len(sizes) < 2 or len(regions) < 2 or industry <= 0 or not firms.keys() <= regions.keys():
        raise Incorrect(
            "Ellison–Glaeser needs two firms and two regions, each with persons employed.",
            "Check the table of firms.",
        )
    x = {region: persons / whole for region, persons in regions.items()}
    s = {region: math.fsum(firms.get(region, ())) / industry for region in regions}
    g = math.fsum((s[region] - x[region]) ** 2 for region in regions)
    h = herfindahl([size / industry for size in sizes])
    rest = 1 - herfindahl(list(x.values()))
    return (g - rest * h) / (rest * (1 - h))
