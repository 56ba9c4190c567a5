"""
The small-cell rule: what may be shown of a table of counts, so that nobody is found in it.

A count from 1 to `minimum` - 1 is never shown, nor is a share whose other part is so small
(of 400 people 397: three are the others), nor a cell that fewer than `minimum` people stand
behind. Where a hidden cell could be had by subtracting the shown ones from their total,
further cells are hidden (complementary suppression) until what is left open is the sum of at
least two cells and itself 0 or at least `minimum`. Then any value from 0 to that sum fits
what is shown: the span in which a hidden count can lie is never narrower than `minimum`.

Source of the default 11: the cell-size policy of the US CMS (no cell of 1 to 10), as
`domain/zone.md` takes it over; a county changes it in `knowledge/settings.csv`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Reason = Literal["", "small", "complement", "above"]


@dataclass(frozen=True)
class Counts:
    """
    One cell: numerator and denominator of a figure, and how many people stand behind it.

    Both are whole numbers from 0; for a mean the numerator may be days or fen.
    """

    numerator: int
    denominator: int
    people: int


@dataclass(frozen=True)
class Group:
    """A cell with the cells that add up to it; leaves have none."""

    key: str
    counts: Counts
    parts: tuple[Group, ...] = ()


@dataclass(frozen=True)
class Cell:
    """A cell as it may be shown: `counts` is None where it is hidden, for the reason given."""

    key: str
    parent: str
    counts: Counts | None
    reason: Reason


def is_small(counts: Counts, minimum: int, *, share: bool) -> bool:
    """Whether a cell must not be shown by itself; `share`: the numerator is a part of the other."""
    return 0 < counts.people < minimum or any(
        0 < part < minimum for part in _parts(counts, share=share)
    )


def protect(total: Group, minimum: int, *, share: bool) -> list[Cell]:
    """
    The cells of a table and its parts that may be shown, the total first.

    A hidden cell hides all its parts. `share` says that the numerator counts a part of what
    the denominator counts.
    """
    if is_small(total.counts, minimum, share=share):
        return list(_hidden(total, "", "small"))
    return [Cell(total.key, "", total.counts, ""), *_below(total, minimum, share)]


def _below(group: Group, minimum: int, share: bool) -> Iterable[Cell]:
    reasons = _to_hide({one.key: one.counts for one in group.parts}, minimum, share=share)
    for one in group.parts:
        if one.key in reasons:
            yield from _hidden(one, group.key, reasons[one.key])
        else:
            yield Cell(one.key, group.key, one.counts, "")
            yield from _below(one, minimum, share)


def _hidden(group: Group, parent: str, reason: Reason) -> Iterable[Cell]:
    yield Cell(group.key, parent, None, reason)
    for one in group.parts:
        yield from _hidden(one, group.key, "above")


def _to_hide(cells: Mapping[str, Counts], minimum: int, *, share: bool) -> dict[str, Reason]:
    hidden: dict[str, Reason] = {
        key: "small" for key, counts in cells.items() if is_small(counts, minimum, share=share)
    }
    if not hidden:
        return {}
    spare = sorted(
        (key for key in cells if key not in hidden and cells[key].denominator > 0),
        key=lambda key: (cells[key].denominator, key),
    )
    while spare and not _is_open(cells, hidden, minimum, share=share):
        hidden[spare.pop(0)] = "complement"
    return hidden


def _is_open(
    cells: Mapping[str, Counts], hidden: Iterable[str], minimum: int, *, share: bool
) -> bool:
    """Whether the hidden cells together leave enough open for each of them."""
    chosen = [cells[key] for key in hidden if cells[key].denominator > 0]
    if len(chosen) < 2 or max(one.people for one in chosen) < minimum:
        return False
    sums = [sum(column) for column in zip(*(_parts(c, share=share) for c in chosen), strict=True)]
    return all(one == 0 or one >= minimum for one in sums)


def _parts(counts: Counts, *, share: bool) -> tuple[int, ...]:
    """The counts of a cell that tell of people: both parts of a share, else the denominator."""
    if share:
        return (counts.numerator, counts.denominator - counts.numerator)
    return (counts.denominator,)
