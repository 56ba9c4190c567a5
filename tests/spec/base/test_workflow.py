"""A step is taken by whom the table allows, once, with its clock, its step row and trail row."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from taihe.base import workflow
from taihe.base.models import TrailRow
from taihe.base.public import Actor
from taihe.kernel.errors import Conflict, Forbidden, Incorrect
from taihe.kernel.transitions import Transition, Workflow

pytestmark = pytest.mark.django_db

CASE = Workflow(
    name="case",
    start="open",
    states={"open": "待审", "confirmed": "已确认", "appealed": "申诉中", "closed": "办结"},
    transitions=(
        Transition("confirm", "open", "confirmed", ("auditor",), "确认", within_working_days=10),
        Transition("appeal", "confirmed", "appealed", ("hospital",), "申诉", needs_note=True),
        Transition("close", "confirmed", "closed", ("auditor",), "办结", four_eyes=True),
        Transition("expire", "confirmed", "closed", ("system",), "到期办结"),
    ),
)
FRIDAY = datetime(2026, 9, 18, 2, 0, tzinfo=UTC)
ANNA = Actor(11, frozenset({11}), frozenset({"auditor"}), 1, "", "甲")
BEN = replace(ANNA, party=12, parties=frozenset({12}), account_id=2)
HOSPITAL = replace(ANNA, party=13, roles=frozenset({"hospital"}))


def step(state: str, action: str, actor: Actor | None = ANNA, note: str = "", at=FRIDAY):
    return workflow.advance(CASE, "case:1", state, action, actor=actor, at=at, note=note)


def test_a_step_gives_the_new_state_and_its_last_day_over_public_holidays():
    """Ten working days after Friday 18 September 2026: Mid-Autumn and National Day are free."""
    change = step("open", "confirm")
    assert (change.number, change.source, change.target) == (1, "open", "confirmed")
    assert change.due == date(2026, 10, 12)
    assert change.by == 11


def test_a_step_leaves_a_row_and_a_trail_row():
    step("open", "confirm")
    step("confirmed", "appeal", HOSPITAL, note="有医嘱")
    assert [(c.action, c.target, c.note) for c in workflow.history("case:1")] == [
        ("confirm", "confirmed", ""),
        ("appeal", "appealed", "有医嘱"),
    ]
    rows = list(TrailRow.objects.order_by("pk").values_list("action", "subject", "by"))
    assert rows == [("case.confirm", "case:1", 11), ("case.appeal", "case:1", 13)]
    assert "医嘱" not in "".join(TrailRow.objects.values_list("detail", flat=True))


REFUSED = [
    ("open", "confirm", HOSPITAL, "", Forbidden, "另一角色"),
    ("open", "close", ANNA, "", Conflict, "表中没有这一步"),
    ("confirmed", "close", ANNA, "", Forbidden, "四眼：上一步是本人"),
    ("confirmed", "appeal", HOSPITAL, "  ", Incorrect, "没有写理由"),
    ("open", "confirm", ANNA, "", Conflict, "已被他人办理"),
    ("confirmed", "expire", ANNA, "", Forbidden, "只有系统可以"),
]


@pytest.mark.parametrize(("state", "action", "actor", "note", "error", "why"), REFUSED)
def test_what_the_table_does_not_allow_is_refused_and_leaves_nothing(
    state, action, actor, note, error, why
):
    step("open", "confirm")
    if state == "open" and action == "confirm" and actor is HOSPITAL:
        workflow.WorkflowStep.objects.all().delete()
    before = workflow.WorkflowStep.objects.count()
    with pytest.raises(error):
        step(state, action, actor, note)
    assert workflow.WorkflowStep.objects.count() == before


def test_another_pair_of_eyes_may():
    step("open", "confirm")
    assert step("confirmed", "close", BEN).target == "closed"


def test_the_system_takes_its_own_steps():
    step("open", "confirm")
    assert step("confirmed", "expire", None).by is None


def test_the_buttons_of_a_page_are_the_steps_that_would_be_allowed():
    step("open", "confirm")
    names = {
        actor.party: [t.action for t in workflow.allowed(CASE, "case:1", "confirmed", actor=actor)]
        for actor in (ANNA, BEN, HOSPITAL)
    }
    assert names == {11: [], 12: ["close"], 13: ["appeal"]}


def test_subjects_and_workflows_do_not_meet():
    step("open", "confirm")
    assert workflow.history("case:2") == []
    assert workflow.history("case:1", "other") == []
    change = workflow.advance(CASE, "case:2", "open", "confirm", actor=ANNA, at=FRIDAY)
    assert change.number == 1
