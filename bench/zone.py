"""Ranks under many schemes: all at once with numpy beside one by one in plain Python."""

from __future__ import annotations

import os
import time
from random import Random
from typing import Any

from taihe.kernel.index_engine import many
from taihe.kernel.index_engine.build import Options, Units
from taihe.kernel.index_engine.tree import Tree, read_tree
from taihe.kernel.index_engine.uncertainty import bands

SCHEMES = int(os.environ.get("TAIHE_BENCH_SCHEMES", "10000"))
UNITS, GROUPS = 230, (11, 11, 11, 10, 10)


def run() -> list[dict[str, Any]]:
    """Schemes per second for 230 zones and 53 indicators, whole call from values to bands."""
    tree, units = made()
    options = Options(impute_group="level")
    started = time.perf_counter()
    bands(tree, units, options, schemes=SCHEMES)
    ours = SCHEMES / (time.perf_counter() - started)
    kept, few = many.numpy_or_none, max(50, SCHEMES // 100)
    many.numpy_or_none = lambda: None
    try:
        started = time.perf_counter()
        bands(tree, units, options, schemes=few)
        plain = few / (time.perf_counter() - started)
    finally:
        many.numpy_or_none = kept
    return [
        {
            "figure": f"rank bands, {SCHEMES:,} schemes × 230 zones × 53 indicators",
            "value": ours,
            "unit": "schemes/s",
            "baseline": f"plain Python, {few} schemes",
            "baseline_value": plain,
            "ratio": ours / plain,
        }
    ]


def made() -> tuple[Tree, Units]:
    """An index of five groups over made-up units; one value in twenty is missing."""
    random = Random(1)
    text = "Level,iCode,iName,Direction,Weight,Unit,Target,Denominator,Parent,Type\n"
    for group, size in enumerate(GROUPS):
        text += "".join(f"1,x{group}_{k},X,1,1,,,,g{group},Indicator\n" for k in range(size))
        text += f"2,g{group},G,1,1,,,,i,Aggregate\n"
    tree = read_tree(text + "3,i,I,1,1,,,,,Aggregate\n", name="made")
    columns = {
        node.code: [
            None if random.random() < 0.05 else random.lognormvariate(0, 1) for _ in range(UNITS)
        ]
        for node in tree.indicators
    }
    levels = [random.choice(["national", "provincial"]) for _ in range(UNITS)]
    return tree, Units(tuple(map(str, range(UNITS))), columns, {"level": levels})
