"""
Economic complexity of regions and products, after Hidalgo and Hausmann.

Formulas: SOURCE.md of the placed zone data. Needs numpy (extra `lake`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from taihe.kernel.errors import Incorrect


@dataclass(frozen=True)
class Complexity:
    """
    `regions` and `products`: index by code, standardised over all of them.

    `diversity` counts the products that a region has more of than the whole (RCA ≥ 1),
    `ubiquity` the regions that have a product so.
    """

    regions: Mapping[str, float]
    products: Mapping[str, float]
    diversity: Mapping[str, int]
    ubiquity: Mapping[str, int]


def complexity(values: Mapping[str, Mapping[str, float]]) -> Complexity:
    """
    The indices of a matrix region → product → value; regions and products without any RCA ≥ 1
    have none.

    ECI is the second eigenvector of D⁻¹M·U⁻¹Mᵀ, found in its symmetric form, with the sign that
    goes with diversity. PCI is the mean ECI of the regions that have the product, divided by
    the eigenvalue.
    """
    import numpy as np

    names = sorted(region for region, row in values.items() if any(v > 0 for v in row.values()))
    codes = sorted({code for region in names for code, v in values[region].items() if v > 0})
    if not names or any(v < 0 for row in values.values() for v in row.values()):
        raise Incorrect("The matrix is empty or has negative values.", "Give values from 0 up.")
    x = np.array([[values[region].get(code, 0.0) for code in codes] for region in names])
    share = x.sum(axis=1, keepdims=True) * (x.sum(axis=0, keepdims=True) / x.sum())
    m = (x >= share).astype(float)
    kept_names = m.sum(axis=1) > 0
    kept_codes = m.sum(axis=0) > 0
    m = m[kept_names][:, kept_codes]
    names = [name for name, kept in zip(names, kept_names, strict=True) if kept]
    codes = [code for code, kept in zip(codes, kept_codes, strict=True) if kept]
    if len(names) < 3:
        raise Incorrect("Fewer than three regions have a product of their own.", "Give more.")
    diversity, ubiquity = m.sum(axis=1), m.sum(axis=0)
    root = np.sqrt(diversity)
    half = (m / root[:, None]) / np.sqrt(ubiquity)
    found, vectors = np.linalg.eigh(half @ half.T)
    raw = vectors[:, -2] / root
    if np.corrcoef(raw, diversity)[0, 1] < 0:
        raw = -raw
    mean, spread = raw.mean(), raw.std()
    of_products = (raw @ m) / ubiquity / found[-2]
    return Complexity(
        dict(zip(names, ((raw - mean) / spread).tolist(), strict=True)),
        dict(zip(codes, ((of_products - mean) / spread).tolist(), strict=True)),
        dict(zip(names, map(int, diversity), strict=True)),
        dict(zip(codes, map(int, ubiquity), strict=True)),
    )
