"""The index engine: worked columns, and the placed ASEM example step by step."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from taihe.kernel.errors import Incorrect, TaiheError
from taihe.kernel.index_engine.aggregation import aggregated, ranks
from taihe.kernel.index_engine.flat import Inconsistent, ahp, entropy_weights, topsis
from taihe.kernel.index_engine.steps import imputed, normalised, shape, treated
from taihe.kernel.index_engine.tree import read_tree

NORMALISED = """
method      | values        | options        | becomes
------------+---------------+----------------+---------------------------
n_minmax    | 2 4 6         |                | 0 50 100
n_minmax    | 2 4 6         | l_u 1 100      | 1 50.5 100
n_minmax    | 2 - 6         |                | 0 - 100
n_minmax    | 5 5 5         |                | - - -
n_zscore    | 1 2 3         |                | -1 0 1
n_rank      | 3 1 3 2       |                | 3 1 3 2
n_borda     | 3 1 3 2       |                | 2 0 2 1
n_prank     | 10 20 30      |                | 0 0.5 1
n_dist2max  | 2 4 6         |                | 0 0.5 1
n_fracmax   | 2 4 8         |                | 0.25 0.5 1
gongxiao    | 2 4 6         |                | 60 80 100
"""


def lines(table: str) -> list[list[str]]:
    kept = [line for line in table.strip().splitlines() if "-+-" not in line]
    return [[cell.strip() for cell in line.split("|")] for line in kept[1:]]


def column(text: str) -> list[float | None]:
    return [None if part == "-" else float(part) for part in text.split()]


@pytest.mark.parametrize("row", lines(NORMALISED), ids=lambda row: f"{row[0]} {row[1]} {row[2]}")
def test_a_column_is_put_on_a_scale(row: list[str]) -> None:
    name, *numbers = row[2].split() or [""]
    options = {name: [float(number) for number in numbers]} if name else {}
    got = normalised(column(row[1]), row[0], options=options)
    expected = column(row[3])
    assert [value is None for value in got] == [value is None for value in expected]
    assert [v for v in got if v is not None] == pytest.approx(
        [v for v in expected if v is not None]
    )


def test_less_is_better_turns_the_scale() -> None:
    assert normalised([1, 2, 3], "n_minmax", direction=-1) == [100, 50, 0]


def test_a_tie_in_the_sixteenth_digit_is_a_tie() -> None:
    assert normalised([0.1 + 0.2, 0.3, 1.0], "n_rank") == [1, 1, 3]
    assert ranks([0.1 + 0.2, 0.3, 1.0, None]) == [2, 2, 1, None]


def test_an_outlier_is_drawn_in_and_a_long_tail_is_logged() -> None:
    calm = [float(value) for value in range(20)]
    assert treated(calm).winsorised == 0
    one = treated([*calm, 500.0])
    assert (one.winsorised, one.logged, max(v for v in one.values if v is not None)) == (
        1,
        False,
        19,
    )
    tail = treated([2.0**power for power in range(300)])
    assert tail.logged and tail.winsorised == 0
    before, after = shape([2.0**power for power in range(300)]), shape(tail.values)
    assert before.skew and after.skew and after.skew < before.skew
    assert treated([1.0, 1.0, 1.0, 1.0, 1.0]).values == [1.0] * 5


def test_missing_values_take_the_mean_of_their_group() -> None:
    assert imputed([1, None, 3, None], ["a", "a", "a", "b"]) == [1, 2, 3, None]


MEANS = """
method     | a   | b   | weights | mean
-----------+-----+-----+---------+------
a_amean    | 1   | 4   | 1 1     | 2.5
a_amean    | 1   | 4   | 3 1     | 1.75
a_amean    | -   | 4   | 3 1     | 4
a_amean    | -   | -   | 1 1     | -
a_gmean    | 1   | 4   | 1 1     | 2
a_hmean    | 1   | 4   | 1 1     | 1.6
"""


@pytest.mark.parametrize("row", lines(MEANS), ids=lambda row: " ".join(row[:4]))
def test_values_are_aggregated_by_weight(row: list[str]) -> None:
    got = aggregated([column(row[1]), column(row[2])], [float(w) for w in row[3].split()], row[0])
    assert got == (column(row[4]) if row[4] == "-" else pytest.approx(column(row[4])))


def test_a_geometric_mean_of_zero_is_refused() -> None:
    with pytest.raises(Incorrect, match="above zero"):
        aggregated([[0.0], [1.0]], [1, 1], "a_gmean")


def test_copeland_counts_who_beats_whom() -> None:
    assert aggregated([[3, 2, 1], [3, 1, 2]], [1, 1], "a_copeland") == [2, -1, -1]


TREE = """Level,iCode,iName,Direction,Weight,Unit,Target,Denominator,Parent,Type
1,a,A,1,1,,,pop,p,Indicator
1,b,B,-1,3,,,,p,Indicator
1,c,C,1,1,,,,q,Indicator
2,p,P,1,1,,,,i,Aggregate
2,q,Q,1,1,,,,i,Aggregate
3,i,I,1,1,,,,,Aggregate
,g,G,,,,,,,Group
,pop,Pop,,,,,,,Denominator
"""

BROKEN = """
replace                   | with                      | says
--------------------------+---------------------------+--------------------------
2,q,Q,1,1,,,,i,Aggregate  | 2,q,Q,1,1,,,,,Aggregate   | 2 nodes have no parent
1,c,C,1,1,,,,q,Indicator  | 1,c,C,1,1,,,,i,Indicator  | not one level above
1,c,C,1,1                 | 1,b,C,1,1                 | occurs twice
1,a,A,1,1,,,pop           | 1,a,A,1,1,,,gdp           | no denominator
1,a,A,1,1                 | 1,a,A,0,1                 | Direction
1,a,A,1,1                 | 1,a,A,1,-1                | Weight
1,a,A,1,1                 | 1,a,A,1,heavy             | Weight
"""


def test_effective_weights_multiply_down_the_tree() -> None:
    weights = read_tree(TREE, name="t").effective_weights()
    assert weights == {"i": 1, "p": 0.5, "q": 0.5, "a": 0.125, "b": 0.375, "c": 0.5}


@pytest.mark.parametrize("row", lines(BROKEN), ids=lambda row: row[2])
def test_a_broken_tree_is_refused(row: list[str]) -> None:
    assert row[0] in TREE
    with pytest.raises(TaiheError, match=row[2]):
        read_tree(TREE.replace(row[0], row[1], 1), name="t")


def test_ahp_gives_weights_or_names_the_judgement_that_contradicts() -> None:
    assert ahp([[1, 2, 4], [1 / 2, 1, 2], [1 / 4, 1 / 2, 1]]).weights == pytest.approx(
        [4 / 7, 2 / 7, 1 / 7]
    )
    with pytest.raises(Inconsistent) as refused:
        ahp([[1, 9, 1 / 9], [1 / 9, 1, 9], [9, 1 / 9, 1]])
    assert "Look again" in refused.value.do
    with pytest.raises(Incorrect, match="not reciprocal"):
        ahp([[1, 2, 4], [2, 1, 2], [1 / 4, 1 / 2, 1]])


def test_flat_methods_prefer_the_unit_that_is_best_everywhere() -> None:
    matrix = [[9, 9], [5, 6], [1, 2]]
    assert topsis(matrix, [0.5, 0.5]) == pytest.approx([1, topsis(matrix, [0.5, 0.5])[1], 0])
    weights = entropy_weights([[1, 5], [1, 1], [1, 9]])
    assert weights == pytest.approx([0, 1])
    assert math.fsum(weights) == pytest.approx(1)


@pytest.mark.shared
def test_every_placed_case_of_the_zone_data_is_equal(shared: Path) -> None:
    from taihe.zone.conformance import run

    cases = list(run(shared / "data" / "zone"))
    assert [case for case in cases if case.status == "failed"] == []
    assert len([case for case in cases if case.status == "passed"]) >= 257


@pytest.mark.shared
def test_assess_adds_columns_to_the_file_as_it_is(shared: Path, tmp_path: Path) -> None:
    import csv

    from taihe.cli.main import main

    asem = shared / "data" / "zone" / "asem"
    out = tmp_path / "out.csv"
    scheme, data = str(asem / "asem_imeta.csv"), str(asem / "asem_idata.csv")
    assert main(["zone", "assess", scheme, data, "--out", str(out)]) == 0
    with out.open(encoding="utf-8") as file:
        rows = {row["uCode"]: row for row in csv.DictReader(file)}
    with (asem / "nominal_results.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            assert rows[row["uCode"]]["taihe_Rank"] == row["Rank"]
            assert float(rows[row["uCode"]]["taihe_Index"]) == pytest.approx(float(row["Index"]))
    out = tmp_path / "out.json"
    assert main(["zone", "assess", str(asem / "cases_public.json"), data, "--out", str(out)]) == 0
    for build in json.loads(out.read_text("utf-8")):
        ours = {row["uCode"]: row["Rank"] for row in build["taihe"]["results"]}
        assert ours == {row["uCode"]: row["Rank"] for row in build["results"]}


BAD_DATA = [
    ("uCode,a,b,c\nX,1,2,3\nY,1,2,3\n", "column pop is missing"),
    ("uCode,a,b,c,pop\nX,1,2,3,4\nX,1,2,3,4\n", "data.csv:3:uCode: X occurs twice"),
    ("uCode,a,b,c,pop\nX,1,2,3,4\nY,1,two,3,4\n", "data.csv:3:b: b is not a number"),
    ("uCode,a,b,c,pop\nX,1,2,3,4\nY,1,inf,3,4\n", "data.csv:3:b"),
    ("uCode,a,b,c,pop\nX,1,2,3,4\nY,1,2\n", "data.csv:3: The row has not as many cells"),
    ("uCode,a,b,c,pop\nX,1,2,3,4\n", "fewer than two units"),
]


@pytest.mark.parametrize(("text", "says"), BAD_DATA, ids=[says for _, says in BAD_DATA])
def test_bad_data_is_refused_by_line_and_column(text: str, says: str, tmp_path: Path) -> None:
    from taihe.zone.assessing import read_data

    path = tmp_path / "data.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(Incorrect) as refused:
        read_data(path, read_tree(TREE, name="t"))
    assert says in str(refused.value)
