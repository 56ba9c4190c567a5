"""
How sure a rank is: many admissible schemes, and where each unit comes out.

Schemes differ in treatment, normalisation, aggregation and weights (each weight of the scheme
times a number between 1 − noise and 1 + noise). Deterministic by seed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from taihe.kernel.index_engine.aggregation import aggregated, ranks
from taihe.kernel.index_engine.build import Options, Units, assess
from taihe.kernel.index_engine.steps import Column
from taihe.kernel.index_engine.tree import Tree

WAYS: tuple[tuple[str, Mapping[str, object], str], ...] = (
    ("n_minmax", {"l_u": (1.0, 100.0)}, "a_amean"),
    ("n_minmax", {"l_u": (1.0, 100.0)}, "a_gmean"),
    ("n_zscore", {}, "a_amean"),
    ("n_rank", {}, "a_amean"),
)
"""Normalisation with its options, and the aggregation that goes with it."""


@dataclass(frozen=True)
class Band:
    """
    Where a unit ranks over all schemes.

    `low` and `high` are the 5 % and 95 % quantiles (nearest rank); `share_top` and `share_last`
    the part of schemes in which it is among the first `top` or the last `last`.
    """

    unit: str
    low: int
    median: int
    high: int
    share_top: float
    share_last: float


def bands(
    tree: Tree,
    units: Units,
    options: Options,
    *,
    schemes: int = 1000,
    noise: float = 0.25,
    top: int = 30,
    last: int = 5,
    seed: int = 1,
) -> list[Band]:
    """The band of each unit over `schemes` schemes around one, in the order of the units."""
    random = Random(seed)
    scaled = _scaled(tree, units, options)
    children = {node.code: tree.children(node.code) for node in tree.aggregates()}
    found: list[list[int]] = [[] for _ in units.names]
    for _ in range(schemes):
        columns, how = scaled[random.randrange(len(scaled))]
        weights = {
            node.code: node.weight * random.uniform(1 - noise, 1 + noise) for node in tree.nodes
        }
        scores = dict(columns)
        for code, below in children.items():
            scores[code] = aggregated(
                [scores[child.code] for child in below],
                [weights[child.code] for child in below],
                how,
            )
        for place, rank in enumerate(ranks(scores[tree.root.code])):
            if rank is not None:
                found[place].append(rank)
    return [
        _band(unit, sorted(got), len(units.names), top, last)
        for unit, got in zip(units.names, found, strict=True)
    ]


def _scaled(tree: Tree, units: Units, options: Options) -> list[tuple[Mapping[str, Column], str]]:
    """The normalised columns of each way, with and without treatment."""
    found: list[tuple[Mapping[str, Column], str]] = []
    for treat in (options.winsorise, None):
        for method, para, how in WAYS:
            one = replace(options, winsorise=treat, normalise=method, normalise_options=para)
            found.append((assess(tree, units, one).normalised, how))
    return found


def _band(unit: str, got: Sequence[int], units: int, top: int, last: int) -> Band:
    if not got:
        return Band(unit, units, units, units, 0.0, 0.0)
    return Band(
        unit,
        low=_quantile(got, 0.05),
        median=_quantile(got, 0.5),
        high=_quantile(got, 0.95),
        share_top=sum(rank <= top for rank in got) / len(got),
        share_last=sum(rank > units - last for rank in got) / len(got),
    )


def _quantile(ordered: Sequence[int], share: float) -> int:
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1))]


def contributions(
    tree: Tree, scores: Mapping[str, Column], place: int
) -> list[tuple[str, float, float]]:
    """
    Why a unit scores as it does under the arithmetic mean: per indicator its part of the score.

    Each row is (indicator, its part of the index, that part less the mean part of all units);
    the last numbers of all indicators add up to the distance from the mean index.
    """
    weights = tree.effective_weights()
    rows = []
    for node in tree.indicators:
        column = scores[node.code]
        known = [value for value in column if value is not None]
        own = column[place]
        if own is None or not known:
            continue
        weight = weights[node.code]
        rows.append((node.code, own * weight, (own - sum(known) / len(known)) * weight))
    return sorted(rows, key=lambda row: row[2], reverse=True)
