"""Bands of ranks: certain where a unit is best or worst by every scheme."""

from __future__ import annotations

from taihe.kernel.index_engine.build import Options, Units
from taihe.kernel.index_engine.tree import read_tree
from taihe.kernel.index_engine.uncertainty import bands

TREE = read_tree(
    "Level,iCode,iName,Direction,Weight,Unit,Target,Denominator,Parent,Type\n"
    "1,a,A,1,1,,,,i,Indicator\n1,b,B,-1,1,,,,i,Indicator\n2,i,I,1,1,,,,,Aggregate\n",
    name="t",
)
UNITS = Units(
    ("best", "first-in-a", "first-in-b", "worst"), {"a": [10, 8, 4, 1], "b": [1, 7, 3, 9]}
)


def test_a_unit_that_is_best_everywhere_has_no_doubt_and_others_have() -> None:
    found = {band.unit: band for band in bands(TREE, UNITS, Options(), schemes=300, top=1, last=1)}
    assert (found["best"].low, found["best"].high, found["best"].share_top) == (1, 1, 1.0)
    assert (found["worst"].low, found["worst"].high, found["worst"].share_last) == (4, 4, 1.0)
    middle = found["first-in-a"], found["first-in-b"]
    assert all(2 <= band.low <= band.median <= band.high <= 3 for band in middle)
    assert any(band.low < band.high for band in middle)


def test_bands_are_the_same_each_time() -> None:
    assert bands(TREE, UNITS, Options(), schemes=50) == bands(TREE, UNITS, Options(), schemes=50)
