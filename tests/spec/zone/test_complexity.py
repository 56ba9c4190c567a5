"""Complexity and agglomeration on matrices small enough to reckon by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest

from taihe.kernel.errors import Incorrect
from taihe.zone.domain.concentration import ellison_glaeser

FIRMS = {"north": [60.0, 20.0], "south": [20.0]}
REGIONS = {"north": 500.0, "south": 300.0, "west": 200.0}


def test_ellison_glaeser_equals_exact_fractions() -> None:
    s = [Fraction(80, 100), Fraction(20, 100), Fraction(0)]
    x = [Fraction(5, 10), Fraction(3, 10), Fraction(2, 10)]
    z = [Fraction(60, 100), Fraction(20, 100), Fraction(20, 100)]
    g = sum((a - b) ** 2 for a, b in zip(s, x, strict=True))
    h = sum(share**2 for share in z)
    rest = 1 - sum(share**2 for share in x)
    assert ellison_glaeser(FIRMS, REGIONS) == pytest.approx(
        float((g - rest * h) / (rest * (1 - h))), abs=1e-15
    )


@pytest.mark.parametrize(
    ("firms", "regions"),
    [
        ({"north": [5.0]}, REGIONS),
        (FIRMS, {"north": 5.0}),
        ({"north": [0.0, 0.0]}, REGIONS),
        ({"nowhere": [3.0, 4.0]}, REGIONS),
    ],
    ids=["one firm", "one region", "nobody employed", "a region that is not there"],
)
def test_nothing_can_agglomerate(firms: dict[str, list[float]], regions: dict[str, float]) -> None:
    with pytest.raises(Incorrect):
        ellison_glaeser(firms, regions)


NESTED = {
    "wide": {"bread": 40.0, "cloth": 40.0, "drugs": 40.0, "chips": 90.0},
    "middle": {"bread": 60.0, "cloth": 60.0, "drugs": 60.0},
    "plain": {"bread": 90.0, "cloth": 80.0},
    "narrow": {"bread": 100.0},
}


def test_the_rare_product_of_the_able_region_is_the_most_complex() -> None:
    pytest.importorskip("numpy")
    from taihe.zone.domain.complexity import complexity

    got = complexity(NESTED)
    assert max(got.products, key=got.products.__getitem__) == "chips"
    assert min(got.products, key=got.products.__getitem__) == "bread"
    assert sum(got.regions.values()) == pytest.approx(0, abs=1e-12)
    assert sum(v * v for v in got.regions.values()) == pytest.approx(len(got.regions))
    assert got.ubiquity == {
        code: sum(
            NESTED[r].get(code, 0)
            >= sum(NESTED[r].values())
            * sum(row.get(code, 0) for row in NESTED.values())
            / sum(sum(row.values()) for row in NESTED.values())
            for r in NESTED
        )
        for code in ("bread", "chips", "cloth", "drugs")
    }


def test_more_of_everything_changes_nothing() -> None:
    pytest.importorskip("numpy")
    from taihe.zone.domain.complexity import complexity

    doubled = {region: {k: 2 * v for k, v in row.items()} for region, row in NESTED.items()}
    one, other = complexity(NESTED), complexity(doubled)
    assert one.regions == pytest.approx(other.regions)
    assert one.products == pytest.approx(other.products)


@pytest.mark.parametrize(
    "values",
    [{}, {"a": {"x": 0.0}}, {"a": {"x": 1.0}, "b": {"x": -1.0}}, {"a": {"x": 1.0}}],
    ids=["empty", "zero", "negative", "one region"],
)
def test_a_matrix_that_says_nothing_is_refused(values: dict[str, dict[str, float]]) -> None:
    pytest.importorskip("numpy")
    from taihe.zone.domain.complexity import complexity

    with pytest.raises(Incorrect):
        complexity(values)
