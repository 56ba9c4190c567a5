"""Changes of cases: a decision is a step of the table, with who, when and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from taihe.base import tasks, trail, workflow
from taihe.base.public import Actor
from taihe.base.workflow import StateChange
from taihe.claims import models
from taihe.claims.case_rules import CASE, TERMS
from taihe.claims.domain.case_workflow import (
    APPEALS,
    FOR_HOSPITAL,
    earlier_deciders,
    verdict_of,
)
from taihe.kernel.errors import Conflict, Forbidden, Incorrect, NotFound

SILENCE = "claims.silence"


@dataclass(frozen=True)
class Held:
    """A document of an appeal's list: whether the hospital has it, and what it says there."""

    item: str
    is_held: bool
    text: str = ""


@transaction.atomic
def decide_case(
    case: int,
    action: str,
    *,
    seen_state: str,
    actor: Actor,
    at: datetime,
    note: str = "",
    evidence: Sequence[Held] = (),
) -> StateChange:
    """
    Take one step of a case.

    `seen_state` is the state on the page that the reviewer saw: if somebody else has moved
    the case since, this is a `Conflict` and nothing changes. Who decided a case before may
    not decide its appeal (`Forbidden`). An appeal keeps its statement and evidence.
    """
    row = _locked(case)
    if actor.party in barred(row) and not actor.has("hospital"):
        raise Forbidden("申诉须由另一名审核员办理：这件案件先前由您决定。", "请交给同事复审。")
    step = _advance(row, seen_state, action, actor=actor, at=at, note=note.strip())
    if action in APPEALS:
        models.Appeal.objects.create(
            case=row,
            round=APPEALS[action],
            statement=note.strip(),
            evidence=[
                {"item": one.item, "held": one.is_held, "text": one.text} for one in evidence
            ],
            by=actor.party,
            at=at,
        )
    return step


@transaction.atomic
def vote(
    case: int, verdict: str, *, seen_state: str, actor: Actor, at: datetime, note: str
) -> StateChange | None:
    """
    One member's vote of a panel; the step it leads to, None while votes are missing.

    A member votes once, with a reason, and has not decided the case before. The majority of
    `panel_members` closes the case at once.
    """
    row = _locked(case)
    if not actor.has("auditor"):
        raise Forbidden("只有审核员可以参加合议。", "请由审核员办理。")
    if row.state != "reappealed" or seen_state != row.state:
        raise Conflict("该案件已不在合议中。", "请刷新页面查看当前状态。")
    if verdict not in ("uphold", "dismiss"):
        raise Incorrect("合议意见不完整。", "请选择维持或不成立。")
    if not note.strip():
        raise Incorrect("合议意见需要写明理由。", "请填写说明后再提交。")
    if actor.party in barred(row):
        raise Forbidden("初审或复审的人不能参加合议。", "请由其他审核员合议。")
    try:
        with transaction.atomic():
            models.PanelVote.objects.create(
                case=row, verdict=verdict, note=note.strip(), by=actor.party, at=at
            )
    except IntegrityError:
        raise Conflict("您已经投过票。", "每名成员投一票。") from None
    trail.record("claims.case.vote", row.subject, by=actor.party, at=at)
    votes = list(row.votes.values_list("verdict", flat=True))
    if votes.count(verdict) < TERMS.majority:
        return None
    others = len(votes) - votes.count(verdict)
    words = f"合议 {votes.count(verdict)} : {others}"
    return _advance(row, row.state, verdict, actor=None, at=at, note=words)


@transaction.atomic
def lapse(case: int, number: int, *, at: datetime) -> StateChange | None:
    """
    What silence until the limit means: accepted, or back to the reviewer without material.

    `number` is the step that started the clock: when another step was taken since, nothing
    happens. Called again, nothing happens either.
    """
    row = models.Case.objects.select_for_update().filter(pk=case).first()
    if row is None or row.state not in FOR_HOSPITAL or row.due is None:
        return None
    steps = workflow.history(row.subject, CASE.name)
    if not steps or steps[-1].number != number or timezone.localdate(at) <= row.due:
        return None
    return _advance(row, row.state, "lapse", actor=None, at=at, note="期限内没有回应")


def on_silence(payload: dict[str, Any]) -> None:
    """The task behind a clock."""
    lapse(payload["case"], payload["step"], at=timezone.now())


def barred(row: models.Case) -> frozenset[int]:
    """The parties that may not decide this case's appeal."""
    steps = [(step.action, step.by) for step in workflow.history(row.subject, CASE.name)]
    return earlier_deciders(row.state, steps)


def _locked(case: int) -> models.Case:
    row = models.Case.objects.select_for_update().filter(pk=case).first()
    if row is None:
        raise NotFound("没有这个案件。", "请从队列中重新打开。")
    return row


def _advance(
    row: models.Case, state: str, action: str, *, actor: Actor | None, at: datetime, note: str
) -> StateChange:
    step = workflow.advance(CASE, row.subject, state, action, actor=actor, at=at, note=note)
    row.state = step.target
    row.due = step.due
    row.verdict = verdict_of(step.source, step.target)
    row.save(update_fields=["state", "due", "verdict"])
    if step.due is not None and step.target in FOR_HOSPITAL:
        after = datetime.combine(
            step.due + timedelta(days=1), time.min, timezone.get_current_timezone()
        )
        tasks.enqueue(SILENCE, {"case": row.pk, "step": step.number}, due_at=after)
    return step
