"""
Flat methods: weights from a matrix (equal, entropy, AHP) and TOPSIS.

Formulas: SOURCE.md of the placed zone data; AHP after Saaty 1980, whose random indexes are used.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from taihe.kernel.errors import Incorrect

RANDOM_INDEX = {3: 0.58, 4: 0.90, 5: 1.12, 6: 1.24, 7: 1.32}
MOST_INCONSISTENT = 0.1


def equal_weights(criteria: int) -> list[float]:
    """The same weight for each."""
    return [1 / criteria] * criteria


def entropy_weights(matrix: Sequence[Sequence[float]]) -> list[float]:
    """Weights by how unevenly a criterion is spread; values are positive benefits."""
    if any(value < 0 for row in matrix for value in row):
        raise Incorrect("Entropy weights need values that are not negative.", "Normalise first.")
    n = len(matrix)
    spread = []
    for column in zip(*matrix, strict=True):
        whole = math.fsum(column)
        shares = [value / whole for value in column]
        entropy = -math.fsum(p * math.log(p) for p in shares if p > 0) / math.log(n)
        spread.append(1 - entropy)
    whole = math.fsum(spread)
    return [value / whole for value in spread]


def topsis(
    matrix: Sequence[Sequence[float]], weights: Sequence[float], *, normalise: str = "vector"
) -> list[float]:
    """
    Closeness to the best over closeness to the worst, 0 to 1; criteria are benefits.

    `normalise` is `vector` (over the root of the sum of squares) or `minmax`.
    """
    columns = [
        [value * weight for value in _scaled(column, normalise)]
        for column, weight in zip(zip(*matrix, strict=True), weights, strict=True)
    ]
    best = [max(column) for column in columns]
    worst = [min(column) for column in columns]
    scores = []
    for row in zip(*columns, strict=True):
        to_best, to_worst = math.dist(row, best), math.dist(row, worst)
        scores.append(to_worst / (to_best + to_worst) if to_best + to_worst else 0.0)
    return scores


def _scaled(column: Sequence[float], normalise: str) -> list[float]:
    if normalise == "vector":
        length = math.sqrt(math.fsum(value**2 for value in column))
        return [value / length for value in column]
    if normalise == "minmax":
        low, high = min(column), max(column)
        return [(value - low) / (high - low) for value in column]
    raise Incorrect(f"There is no normalisation {normalise} here.", "Use vector or minmax.")


class Inconsistent(Incorrect):
    """The pairwise judgements contradict each other too much to give weights."""


@dataclass(frozen=True)
class Hierarchy:
    """Weights of an AHP matrix (eigenvector and geometric mean) and how consistent it is."""

    weights: list[float]
    geometric_weights: list[float]
    lambda_max: float
    consistency_index: float
    consistency_ratio: float


def ahp(matrix: Sequence[Sequence[float]]) -> Hierarchy:
    """
    Weights of a reciprocal matrix of 3 to 7 criteria.

    A matrix that is not reciprocal is refused; one whose consistency ratio is above 0.1 raises
    `Inconsistent` and names the judgement that fits worst.
    """
    n = len(matrix)
    if n not in RANDOM_INDEX or any(len(row) != n for row in matrix):
        raise Incorrect("An AHP matrix is square, of 3 to 7 criteria.", "Split larger ones.")
    for i in range(n):
        for j in range(n):
            if matrix[i][j] <= 0 or abs(matrix[i][j] * matrix[j][i] - 1) > 1e-6:
                raise Incorrect(
                    f"The judgements {i + 1}:{j + 1} and {j + 1}:{i + 1} are not reciprocal.",
                    "Write 1/a opposite to a.",
                )
    vector, value = _principal(matrix)
    index = (value - n) / (n - 1)
    ratio = index / RANDOM_INDEX[n]
    if ratio > MOST_INCONSISTENT:
        i, j = _worst(matrix, vector)
        raise Inconsistent(
            f"The judgements contradict each other: consistency ratio {ratio:.3f} is above 0.1.",
            f"Look again at {i + 1} against {j + 1}: {matrix[i][j]:g} is written, "
            f"the others imply {vector[i] / vector[j]:.2f}.",
        )
    roots = [math.exp(math.fsum(math.log(value) for value in row) / n) for row in matrix]
    whole = math.fsum(roots)
    return Hierarchy(vector, [root / whole for root in roots], value, index, ratio)


def _principal(matrix: Sequence[Sequence[float]]) -> tuple[list[float], float]:
    """Principal eigenvector (sum 1) and eigenvalue by power iteration."""
    vector = [1 / len(matrix)] * len(matrix)
    value = 0.0
    for _ in range(10_000):
        product = [math.fsum(a * x for a, x in zip(row, vector, strict=True)) for row in matrix]
        value = math.fsum(product)
        new = [x / value for x in product]
        moved = max(abs(a - b) for a, b in zip(new, vector, strict=True))
        vector = new
        if moved < 1e-16:
            break
    return vector, value


def _worst(matrix: Sequence[Sequence[float]], weights: Sequence[float]) -> tuple[int, int]:
    pairs = [(i, j) for i in range(len(matrix)) for j in range(i + 1, len(matrix))]
    return max(
        pairs,
        key=lambda pair: abs(
            math.log(matrix[pair[0]][pair[1]] * weights[pair[1]] / weights[pair[0]])
        ),
    )
