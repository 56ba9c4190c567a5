"""Bands of ranks: certain where a unit is best or worst by every scheme."""

from __future__ import annotations

from random import Random

import pytest

from taihe.kernel.index_engine import many
from taihe.kernel.index_engine.build import Options, Units
from taihe.kernel.index_engine.tree import Tree, read_tree
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


def county(units: int, groups: int, each: int) -> tuple[Tree, Units]:
    """An index of `groups` × `each` indicators over made-up units, one value in twenty missing."""
    random = Random(7)
    head = "Level,iCode,iName,Direction,Weight,Unit,Target,Denominator,Parent,Type\n"
    lines = [f"2,g{g},G,1,{g + 1},,,,i,Aggregate\n" for g in range(groups)]
    lines += [
        f"1,x{g}_{k},X,{1 if k % 3 else -1},{k + 1},,,,g{g},Indicator\n"
        for g in range(groups)
        for k in range(each)
    ]
    tree = read_tree(head + "".join(lines) + "3,i,I,1,1,,,,,Aggregate\n", name="made")
    columns = {
        node.code: [
            None if random.random() < 0.05 else round(random.lognormvariate(0, 1), 3)
            for _ in range(units)
        ]
        for node in tree.indicators
    }
    words = [random.choice("ab") for _ in range(units)]
    return tree, Units(tuple(map(str, range(units))), columns, {"level": words})


def test_at_once_and_one_by_one_give_the_same_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numpy")
    tree, units = county(40, 4, 5)
    options = Options(impute_group="level")
    fast = bands(tree, units, options, schemes=150)
    monkeypatch.setattr(many, "numpy_or_none", lambda: None)
    assert bands(tree, units, options, schemes=150) == fast


def test_a_unit_without_any_value_has_no_rank_in_either_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gap = Units(UNITS.names, {"a": [10, 8, None, 1], "b": [1, 7, None, 9]})
    fast = bands(TREE, gap, Options(), schemes=40)
    monkeypatch.setattr(many, "numpy_or_none", lambda: None)
    assert bands(TREE, gap, Options(), schemes=40) == fast
    assert (fast[2].low, fast[2].share_top) == (4, 0.0)
