"""
How sure a rank is: many admissible schemes, and where each unit comes out.

Schemes differ in imputation, treatment, normalisation, aggregation and weights (each weight of
the scheme times a number between 1 − noise and 1 + noise). Deterministic by seed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from taihe.kernel.index_engine import many
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
    """
    The band of each unit over `schemes` schemes around one, in the order of the units.

    With numpy (extra `lake`) 10 000 schemes of 230 units and 53 indicators take seconds;
    without it the same bands take minutes.
    """
    random = Random(seed)
    scaled = _scaled(tree, units, options)
    drawn: list[list[dict[str, float]]] = [[] for _ in scaled]
    for _ in range(schemes):
        weights = drawn[random.randrange(len(scaled))]
        weights.append(
            {node.code: node.weight * random.uniform(1 - noise, 1 + noise) for node in tree.nodes}
        )
    numpy = many.numpy_or_none()
    found: list[list[int]] = [[] for _ in units.names]
    for (columns, how), weights in zip(scaled, drawn, strict=True):
        if weights and numpy is not None:
            _ranked_at_once(numpy, tree, columns, weights, how, found)
        else:
            _ranked_one_by_one(tree, columns, weights, how, found)
    return [
        _band(unit, sorted(got), len(units.names), top, last)
        for unit, got in zip(units.names, found, strict=True)
    ]


def is_fast() -> bool:
    """Whether thousands of schemes are a matter of seconds here."""
    return many.numpy_or_none() is not None


def _ranked_at_once(
    numpy: Any,
    tree: Tree,
    columns: Mapping[str, Column],
    weights: Sequence[Mapping[str, float]],
    how: str,
    found: list[list[int]],
) -> None:
    by_node = {node.code: numpy.array([one[node.code] for one in weights]) for node in tree.nodes}
    ranked = many.ranks_under_weights(numpy, tree, columns, by_node, how)
    for place, got in enumerate(found):
        got.extend(rank for rank in ranked[:, place].tolist() if rank)


def _ranked_one_by_one(
    tree: Tree,
    columns: Mapping[str, Column],
    weights: Sequence[Mapping[str, float]],
    how: str,
    found: list[list[int]],
) -> None:
    children = {node.code: tree.children(node.code) for node in tree.aggregates()}
    for one in weights:
        scores = dict(columns)
        for code, below in children.items():
            scores[code] = aggregated(
                [scores[child.code] for child in below], [one[child.code] for child in below], how
            )
        for got, rank in zip(found, ranks(scores[tree.root.code]), strict=True):
            if rank is not None:
                got.append(rank)


def _scaled(tree: Tree, units: Units, options: Options) -> list[tuple[Mapping[str, Column], str]]:
    """The normalised columns of each way, with and without treatment and filling of gaps."""
    found: list[tuple[Mapping[str, Column], str]] = []
    for group in dict.fromkeys((options.impute_group, "")):
        for treat in (options.winsorise, None):
            for method, para, how in WAYS:
                one = replace(
                    options, impute_group=group, winsorise=treat, normalise=method,
                    normalise_options=para,
                )  # fmt: skip
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
        share_top=bisect_right(got, top) / len(got),
        share_last=1 - bisect_right(got, units - last) / len(got),
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
