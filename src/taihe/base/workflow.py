"""
Applies transition tables: who may take a step, by whom the step before was made, until when
the next is due. A new state is a new row; the table itself is `kernel.transitions`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path

from django.db import IntegrityError, transaction
from django.utils import timezone

from taihe.base import trail
from taihe.base.chain import Chain, Connection, rows_of_table
from taihe.base.models import WorkflowStep
from taihe.base.public import Actor
from taihe.kernel.errors import Conflict, Forbidden, Incorrect
from taihe.kernel.knowledge import Cells, read_table
from taihe.kernel.periods import add_working_days
from taihe.kernel.transitions import Transition, Workflow

HOLIDAYS = Path(__file__).parent / "knowledge" / "holidays.csv"


@dataclass(frozen=True)
class StateChange:
    """
    One step that was taken. `by` is the party, None for the system; `due` is the last day
    for the next step, where the table gives one.
    """

    workflow: str
    subject: str
    number: int
    action: str
    source: str
    target: str
    by: int | None
    at: datetime
    due: date | None
    note: str


@cache
def holidays() -> frozenset[date]:
    """Public holidays as the State Council published them (`knowledge/holidays.csv`)."""

    def make(cells: Cells) -> date:
        day = cells.day("date")
        assert day is not None
        return day

    return frozenset(read_table(HOLIDAYS, make, required=("date", "name", "source")).checked())


def advance(
    workflow: Workflow,
    subject: str,
    state: str,
    action: str,
    *,
    actor: Actor | None,
    at: datetime,
    note: str = "",
) -> StateChange:
    """
    Take one step and write it, with its trail row, in the caller's transaction.

    `state` is the state the caller decided on. Raises `Conflict` when the table has no such
    step or somebody else has moved the subject since, `Forbidden` when the actor's roles or
    the rule of four eyes do not allow it, `Incorrect` when a note is missing. Without an
    actor the system itself acts; then the step must name the role `system`.
    """
    with transaction.atomic():
        before = _last(workflow.name, subject)
        step = check(workflow, state, action, actor=actor, note=note, before=before)
        if (before.target if before else workflow.start) != state:
            raise _moved()
        due = None
        if step.within_working_days is not None:
            today = timezone.localdate(at)
            due = add_working_days(today, step.within_working_days, holidays=holidays())
        by = actor.party if actor else None
        number = before.number + 1 if before else 1
        try:
            with transaction.atomic():
                WorkflowStep.objects.create(
                    workflow=workflow.name,
                    subject=subject,
                    number=number,
                    action=action,
                    source=state,
                    target=step.target,
                    by=by,
                    at=at,
                    due=due,
                    note=note,
                )
        except IntegrityError:
            raise _moved() from None
        trail.record(
            f"{workflow.name}.{action}",
            subject,
            by=by,
            at=at,
            detail={"from": state, "to": step.target, "number": number},
        )
    return StateChange(
        workflow.name, subject, number, action, state, step.target, by, at, due, note
    )


def check(
    workflow: Workflow,
    state: str,
    action: str,
    *,
    actor: Actor | None,
    note: str = "",
    before: StateChange | None = None,
) -> Transition:
    """The step, if this actor may take it now; raises saying why not."""
    step = workflow.step(action, state)
    roles = actor.roles if actor else frozenset({"system"})
    if roles.isdisjoint(step.roles):
        raise Forbidden(f"您的角色不能执行“{step.label}”。", "请由有权限的人员办理。")
    if step.four_eyes and before and actor and before.by == actor.party:
        raise Forbidden(f"“{step.label}”须由另一人办理：上一步是您做的。", "请交给同事复核。")
    if step.needs_note and not note.strip():
        raise Incorrect(f"“{step.label}”需要写明理由。", "请填写说明后再提交。")
    return step


def allowed(
    workflow: Workflow, subject: str, state: str, *, actor: Actor
) -> tuple[Transition, ...]:
    """The steps this actor may take now, for the buttons of a page."""
    before = _last(workflow.name, subject)
    return tuple(
        step
        for step in workflow.allowed(state, sorted(actor.roles))
        if not (step.four_eyes and before and before.by == actor.party)
    )


def history(subject: str, workflow: str | None = None) -> list[StateChange]:
    """The steps of a subject, oldest first."""
    rows = WorkflowStep.objects.filter(subject=subject)
    if workflow is not None:
        rows = rows.filter(workflow=workflow)
    return [_change(row) for row in rows.order_by("workflow", "number")]


def _last(workflow: str, subject: str) -> StateChange | None:
    row = (
        WorkflowStep.objects.filter(workflow=workflow, subject=subject).order_by("-number").first()
    )
    return _change(row) if row else None


def _change(row: WorkflowStep) -> StateChange:
    return StateChange(
        row.workflow,
        row.subject,
        row.number,
        row.action,
        row.source,
        row.target,
        row.by,
        row.at,
        row.due,
        row.note,
    )


def _moved() -> Conflict:
    return Conflict("该事项已被他人办理，状态已改变。", "请刷新页面查看当前状态。")


_COLUMNS = (
    "id",
    "workflow",
    "subject",
    "number",
    "action",
    "source",
    "target",
    "by",
    "at",
    "due",
    "note",
)


def _rows(connection: Connection, after: int, upto: int | None) -> Iterator[tuple[int, bytes]]:
    return rows_of_table(connection, "base_workflowstep", _COLUMNS, after, upto)


CHAIN = Chain("workflow", "default", _rows)
