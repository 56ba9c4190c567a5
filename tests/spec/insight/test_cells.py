"""The small-cell rule: examples to read, and an attacker who solves what is published."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taihe.insight.domain.cells import Cell, Counts, Group, is_small, protect

MINIMUM = 11


def cell(numerator: int, denominator: int, people: int | None = None) -> Counts:
    return Counts(numerator, denominator, denominator if people is None else people)


@pytest.mark.parametrize(
    ("counts", "small"),
    [
        (cell(0, 0), False),
        (cell(0, 40), False),
        (cell(40, 40), False),
        (cell(10, 40), True),
        (cell(11, 40), False),
        (cell(30, 40), True),
        (cell(29, 40), False),
        (cell(0, 5), True),
        (cell(20, 40, people=3), True),
    ],
    ids=[
        "nobody",
        "none of many",
        "all of many",
        "ten of forty",
        "eleven of forty",
        "all but ten",
        "all but eleven",
        "five people",
        "three people behind forty visits",
    ],
)
def test_which_cells_are_small(counts, small) -> None:
    assert is_small(counts, MINIMUM, share=True) == small


def _table(*parts: tuple[str, Counts]) -> Group:
    groups = tuple(Group(key, counts) for key, counts in parts)
    total = Counts(
        sum(one.counts.numerator for one in groups),
        sum(one.counts.denominator for one in groups),
        sum(one.counts.people for one in groups),
    )
    return Group("county", total, groups)


def test_one_small_cell_takes_a_second_with_it() -> None:
    table = _table(("a", cell(3, 50)), ("b", cell(40, 90)), ("c", cell(60, 200)))
    shown = {one.key: one.reason for one in protect(table, MINIMUM, share=True)}
    assert shown == {"county": "", "a": "small", "b": "complement", "c": ""}


def test_what_is_left_open_is_never_small_itself() -> None:
    """Two hidden cells of 3 and 4 leave 7 open: a third goes too."""
    table = _table(
        ("a", cell(3, 50)), ("b", cell(4, 50)), ("c", cell(20, 60)), ("d", cell(60, 200))
    )
    shown = {one.key: one.reason for one in protect(table, MINIMUM, share=True)}
    assert shown == {"county": "", "a": "small", "b": "small", "c": "complement", "d": ""}


def test_a_small_total_hides_everything() -> None:
    table = _table(("a", cell(3, 50)), ("b", cell(2, 90)))
    assert {one.counts for one in protect(table, MINIMUM, share=True)} == {None}


def test_parts_of_a_hidden_cell_are_hidden() -> None:
    a = Group("a", cell(20, 60), (Group("a/1", cell(20, 40)), Group("a/2", cell(0, 20))))
    b = Group("b", cell(3, 90), (Group("b/1", cell(3, 90)),))
    total = Group("county", cell(23, 150), (a, b))
    shown = {one.key: one.reason for one in protect(total, MINIMUM, share=True)}
    assert shown["a"] == "complement"
    assert shown["a/1"] == shown["b/1"] == "above"


# --- an attacker -----------------------------------------------------------------------------


@st.composite
def tables(draw) -> Group:
    """Townships with clinics; every count of people is told once."""
    small_or_large = st.one_of(st.integers(0, 14), st.integers(0, 300))

    def leaf(key: str) -> Group:
        yes, no = draw(small_or_large), draw(small_or_large)
        return Group(key, Counts(yes, yes + no, yes + no))

    groups = []
    for n in range(draw(st.integers(1, 5))):
        leaves = tuple(leaf(f"g{n}/{m}") for m in range(draw(st.integers(1, 4))))
        groups.append(Group(f"g{n}", _sum(leaves), leaves))
    return Group("county", _sum(groups), tuple(groups))


def _sum(groups) -> Counts:
    return Counts(
        sum(one.counts.numerator for one in groups),
        sum(one.counts.denominator for one in groups),
        sum(one.counts.people for one in groups),
    )


@settings(max_examples=300, deadline=None)
@given(tables())
def test_no_hidden_cell_follows_from_what_is_shown(table) -> None:
    """
    The attacker knows every shown number and that parts add up to their whole.

    A hidden count follows only where everything left open is 0.
    """
    cells = {one.key: one for one in protect(table, MINIMUM, share=True)}
    truth = {}
    sums: list[tuple[str, list[str]]] = []

    def walk(group: Group) -> None:
        truth[group.key] = group.counts
        if group.parts:
            sums.append((group.key, [part.key for part in group.parts]))
            for part in group.parts:
                walk(part)

    walk(table)
    for shown in cells.values():
        if shown.counts is not None:
            assert shown.counts == truth[shown.key]
            assert not is_small(shown.counts, MINIMUM, share=True)
    hidden = sorted(key for key, one in cells.items() if one.counts is None)
    if not hidden or cells["county"].counts is None:
        return
    for known in _solved(cells, sums, hidden):
        parent = cells[known].parent
        group = [k for k in hidden if cells[k].parent == parent]
        left = [(truth[k].numerator, truth[k].denominator - truth[k].numerator) for k in group]
        assert {sum(yes for yes, _ in left), sum(no for _, no in left)} <= {0}, known


def _solved(cells: dict[str, Cell], sums, hidden: list[str]) -> list[str]:
    """The hidden cells that the equations alone determine (Gaussian elimination over fractions)."""
    index = {key: n for n, key in enumerate(hidden)}
    rows = []
    for whole, parts in sums:
        row = [Fraction(0)] * len(hidden)
        for key, sign in [(whole, -1), *((part, 1) for part in parts)]:
            if key in index:
                row[index[key]] += sign
        if any(row):
            rows.append(row)
    pivots: list[list[Fraction]] = []
    for column in range(len(hidden)):
        chosen = next((r for r in rows if r[column]), None)
        if chosen is None:
            continue
        rows.remove(chosen)
        chosen = [value / chosen[column] for value in chosen]
        rows = [
            [v - row[column] * c for v, c in zip(row, chosen, strict=True)] if row[column] else row
            for row in rows
        ]
        pivots = [
            [v - row[column] * c for v, c in zip(row, chosen, strict=True)] if row[column] else row
            for row in pivots
        ]
        pivots.append(chosen)
    return [
        hidden[next(n for n, value in enumerate(row) if value)]
        for row in pivots
        if sum(value != 0 for value in row) == 1
    ]


@settings(max_examples=300, deadline=None)
@given(tables())
def test_the_open_span_is_never_narrower_than_the_minimum(table) -> None:
    """Beside each shown whole, the hidden parts together hold 0 or at least the minimum."""
    cells = {one.key: one for one in protect(table, MINIMUM, share=True)}

    def walk(group: Group) -> None:
        if cells[group.key].counts is None:
            return
        gone = [one.counts for one in group.parts if cells[one.key].counts is None]
        for left in (
            sum(one.numerator for one in gone),
            sum(one.denominator - one.numerator for one in gone),
        ):
            assert left == 0 or left >= MINIMUM
        for part in group.parts:
            walk(part)

    walk(table)
