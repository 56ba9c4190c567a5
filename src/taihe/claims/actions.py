"""Changes of cases: a decision is a step of the table, with who, when and why."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from taihe.base import workflow
from taihe.base.public import Actor
from taihe.base.workflow import StateChange
from taihe.claims import models
from taihe.claims.domain.case_workflow import CASE
from taihe.kernel.errors import NotFound


@transaction.atomic
def decide_case(
    case: int, action: str, *, seen_state: str, actor: Actor, at: datetime, note: str = ""
) -> StateChange:
    """
    Take one step of a case.

    `seen_state` is the state on the page that the reviewer saw: if somebody else has moved
    the case since, this is a `Conflict` and nothing changes.
    """
    row = models.Case.objects.select_for_update().filter(pk=case).first()
    if row is None:
        raise NotFound("没有这个案件。", "请从队列中重新打开。")
    step = workflow.advance(
        CASE, row.subject, seen_state, action, actor=actor, at=at, note=note.strip()
    )
    row.state = step.target
    row.due = step.due
    row.save(update_fields=["state", "due"])
    return step
