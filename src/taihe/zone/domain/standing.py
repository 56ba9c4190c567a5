"""
Synthetic indicator values of zones, for showing how a rank comes about.

Values of single zones are not published for all; these are made by seed and mean nothing about
any real zone. The classes and their weights are those published for 2021 (domain paper 4.1);
the indicators inside a class are examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from taihe.kernel.index_engine.build import Units
from taihe.kernel.index_engine.tree import Tree

_RANGES = {
    "fdi": (800, 60000), "trade": (5, 900), "foreign_firms": (3, 180), "rd": (0.8, 5.5),
    "hitech": (10, 320), "energy": (0.08, 0.62), "water": (3.0, 24.0), "jobs": (600, 16000),
    "copark": (0, 4), "gdp": (60, 1400), "growth": (2.0, 13.0), "land": (40, 420),
    "firms": (60, 700),
}  # fmt: skip


def synthetic_units(tree: Tree, zones: Sequence[tuple[str, bool]], *, seed: int = 2021) -> Units:
    """
    Values for zones, given as (code, is national); about one value in thirty is missing.

    A zone's size moves its sizes together, so that ranks are not noise alone.
    """
    random = Random(seed)
    names = [code for code, _ in zones]
    sizes = [
        random.uniform(0.35, 1.0) if national else random.uniform(0.05, 0.55)
        for _, national in zones
    ]
    columns: dict[str, list[float | None]] = {}
    for code in [*(node.code for node in tree.indicators), *tree.denominators]:
        low, high = _RANGES[code]
        column: list[float | None] = []
        for size in sizes:
            share = min(max(0.6 * size + 0.4 * random.random(), 0.0), 1.0)
            value = low + (high - low) * share
            column.append(round(value) if high >= 100 else round(value, 2))
        columns[code] = column
    for node in tree.indicators:
        for place in range(len(names)):
            if random.random() < 1 / 30:
                columns[node.code][place] = None
    groups = {"level": ["国家级" if national else "省级" for _, national in zones]}
    return Units(tuple(names), columns, groups)
