"""
What officers do for investors and firms: promoted projects, and needs raised in a 进园区 series.

Both are transition tables; the days for an answer are rows of `knowledge/series.csv` and are
examples of this installation, not published rules.
"""

from __future__ import annotations

from datetime import date

from taihe.kernel.errors import Incorrect
from taihe.kernel.transitions import Transition, Workflow

_OFFICER = ("zone_officer",)

PROMOTION = Workflow(
    name="zone.promotion",
    start="draft",
    states={"draft": "草稿", "review": "待审", "published": "已发布", "withdrawn": "已下架"},
    transitions=(
        Transition("submit", "draft", "review", _OFFICER, "提交审核"),
        Transition("return", "review", "draft", _OFFICER, "退回修改", needs_note=True),
        Transition("publish", "review", "published", _OFFICER, "审核发布", four_eyes=True),
        Transition("withdraw", "published", "withdrawn", _OFFICER, "下架", needs_note=True),
    ),
)
"""推介项目: the zone writes, somebody else of the authority publishes."""

NEED = Workflow(
    name="zone.need",
    start="open",
    states={"open": "待办", "accepted": "办理中", "answered": "已答复", "closed": "已办结"},
    transitions=(
        Transition("accept", "open", "accepted", _OFFICER, "受理"),
        Transition("answer", "accepted", "answered", _OFFICER, "答复", needs_note=True),
        Transition("reopen", "answered", "accepted", _OFFICER, "企业不满意，重办", needs_note=True),
        Transition("close", "answered", "closed", _OFFICER, "办结", needs_note=True),
    ),
)
"""A need of a firm: accepted, answered, closed; an answer that does not help opens it again."""

LONGEST_DAYS = 730


def check_valid_until(until: date, *, today: date) -> None:
    """A promotion ends on a day to come, within two years: old land and plants mislead."""
    if until <= today:
        raise Incorrect("有效期已过。", "请填写将来的日期。")
    if (until - today).days > LONGEST_DAYS:
        raise Incorrect("有效期超过两年。", "请缩短；到期可重新发布。")


def is_overdue(due: date | None, state: str, *, on: date) -> bool:
    """Whether a need that is not answered yet is past its day."""
    return due is not None and state in ("open", "accepted") and on > due
