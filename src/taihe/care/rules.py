"""Reads the shipped rows of `knowledge/`: the plan, kinds of care-risk events, limits."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from taihe.care.domain.plan import SLOTS, PlanRow
from taihe.kernel.knowledge import BadCell, Cells, read_table

KNOWLEDGE = Path(__file__).parent / "knowledge"
STATUSES = ("checked", "unverified", "example")


@cache
def plan() -> tuple[PlanRow, ...]:
    """The rows of the care plan."""

    def make(cells: Cells) -> PlanRow:
        every = cells.whole("every_days")
        if every < 1:
            raise BadCell("every_days", "every_days is below 1.", "Write 1 or more.")
        slots = tuple(cells.text("slots").split("|"))
        if not set(slots) <= set(SLOTS):
            raise BadCell("slots", "A time of day is unknown.", f"One of {', '.join(SLOTS)}.")
        return PlanRow(
            cells.text("key"),
            cells.text("title"),
            frozenset(cells.text("levels").split("|")),
            slots,
            every,
            cells.provenance(),
            cells.validity(),
            cells.choice("status", STATUSES),
        )

    return read_table(
        KNOWLEDGE / "care_plan.csv", make, required=("key", "source", "status")
    ).checked()


@cache
def event_kinds() -> dict[str, str]:
    """Kinds of care-risk events with their words."""
    found = read_table(
        KNOWLEDGE / "care_events.csv",
        lambda cells: (cells.text("key"), cells.text("title")),
        required=("key", "source"),
    )
    return dict(found.checked())


@cache
def limits() -> dict[str, int]:
    """Months and days of this context."""
    found = read_table(
        KNOWLEDGE / "limits.csv",
        lambda cells: (cells.text("key"), cells.whole("value")),
        required=("key", "source"),
    )
    return dict(found.checked())
