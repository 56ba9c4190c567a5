"""
The care of a day, from the level of ability: which tasks, and what became of them.

Tasks are not stored: they follow from the plan's rows, the level and the days of the stay.
Stored is only what somebody marked, and marks are never changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from taihe.kernel.knowledge import Provenance, Validity

SLOTS = ("上午", "中午", "下午", "晚上", "夜间")
OPEN, DONE, SKIPPED = "open", "done", "skipped"
STATES = {OPEN: "待做", DONE: "已做", SKIPPED: "未做"}
TONES = {OPEN: "", DONE: "good", SKIPPED: "warn"}


@dataclass(frozen=True)
class PlanRow:
    """
    What elders of some levels need: at which times of the day, every how many days.

    `status` is `example` for rows that a care home must replace by its own.
    """

    key: str
    title: str
    levels: frozenset[str]
    slots: tuple[str, ...]
    every_days: int
    provenance: Provenance
    valid: Validity
    status: str


@dataclass(frozen=True)
class Mark:
    """What somebody said of a task; `number` counts the marks of one task from 1."""

    key: str
    slot: str
    number: int
    state: str
    by_name: str
    at: datetime
    note: str


@dataclass(frozen=True)
class Task:
    """A task of a day with the last mark; `seen` is how many marks it has."""

    key: str
    slot: str
    title: str
    state: str
    seen: int
    last: Mark | None
    source: str
    clause: str
    is_example: bool

    @property
    def words(self) -> str:
        """The state in a word."""
        return STATES[self.state]

    @property
    def tone(self) -> str:
        """The state's tone."""
        return TONES[self.state]


def tasks_of(
    level: str, day: date, since: date, rows: Sequence[PlanRow], marks: Iterable[Mark] = ()
) -> list[Task]:
    """
    The tasks of a day in the order of the rows, by time of day.

    A task every n days falls on the first day of the stay and every n-th after it. Before
    the stay there is none. What was marked stays on the list, also when the level has changed
    since.
    """
    if day < since:
        return []
    last: dict[tuple[str, str], Mark] = {}
    for one in sorted(marks, key=lambda one: one.number):
        last[one.key, one.slot] = one
    tasks = []
    for row in rows:
        wanted = level in row.levels and (day - since).days % row.every_days == 0
        for slot in row.slots:
            mark = last.get((row.key, slot))
            if (wanted and row.valid.holds(day)) or mark is not None:
                tasks.append(
                    Task(
                        row.key,
                        slot,
                        row.title,
                        mark.state if mark else OPEN,
                        mark.number if mark else 0,
                        mark,
                        row.provenance.source,
                        row.provenance.clause,
                        row.status == "example",
                    )
                )
    return sorted(tasks, key=lambda task: SLOTS.index(task.slot))
