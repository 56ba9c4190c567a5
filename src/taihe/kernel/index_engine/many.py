"""
The same index under very many sets of weights at once, with numpy.

Optional: `uncertainty.bands` does without where numpy is absent, far slower, with the same ranks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from taihe.kernel.index_engine.tree import Tree


def numpy_or_none() -> Any:
    """numpy where it is installed (extra `lake`), else None."""
    try:
        import numpy
    except ImportError:
        return None
    return numpy


def ranks_under_weights(
    numpy: Any,
    tree: Tree,
    columns: Mapping[str, Sequence[float | None]],
    weights: Mapping[str, Any],
    how: str,
) -> Any:
    """
    Ranks of every unit under every set of weights: an array of sets × units, 0 for no score.

    `columns` are normalised indicators; `weights` holds per node one number for each set;
    `how` is `a_amean` or `a_gmean`, whose columns must be above zero.
    """
    scores: dict[str, Any] = {}
    for node in tree.indicators:
        values = numpy.array(
            [numpy.nan if value is None else value for value in columns[node.code]], dtype=float
        )
        scores[node.code] = numpy.log(values) if how == "a_gmean" else values
    for node in tree.aggregates():
        total: Any = 0.0
        whole: Any = 0.0
        for child in tree.children(node.code):
            weight = weights[child.code][:, None]
            score = scores[child.code]
            known = ~numpy.isnan(score)
            total = total + weight * numpy.where(known, score, 0.0)
            whole = whole + weight * known
        with numpy.errstate(invalid="ignore", divide="ignore"):
            scores[node.code] = total / whole
    index = scores[tree.root.code]
    return _ranks(numpy, numpy.exp(index) if how == "a_gmean" else index)


def _ranks(numpy: Any, scores: Any) -> Any:
    """As `aggregation.ranks`: the largest first, ties share the smallest, 12 digits count."""
    rounded = _twelve_digits(numpy, scores)
    rows, count = rounded.shape
    order = numpy.argsort(-rounded, axis=1, kind="stable")  # NaN comes last
    ordered = numpy.take_along_axis(rounded, order, axis=1)
    new = numpy.ones_like(ordered, dtype=bool)
    new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    first = numpy.maximum.accumulate(numpy.where(new, numpy.arange(1, count + 1), 0), axis=1)
    found = numpy.empty((rows, count), dtype=numpy.int32)
    numpy.put_along_axis(found, order, first.astype(numpy.int32), axis=1)
    found[numpy.isnan(rounded)] = 0
    return found


def _twelve_digits(numpy: Any, values: Any) -> Any:
    with numpy.errstate(divide="ignore", invalid="ignore"):
        size = numpy.floor(numpy.log10(numpy.abs(values)))
    step = 10.0 ** (11 - numpy.where(numpy.isfinite(size), size, 0.0))
    return numpy.round(values * step) / step
