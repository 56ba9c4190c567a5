"""
The states of a case, as a table: reviewed by the insurer, answered by the hospital, decided.

The order first review, appeal, second review, second appeal, panel follows the two-base
regulation of 2022 (两库管理办法). The limits are numbers of `knowledge/case_terms.csv`, where a
county changes them; those attributed to 医保办发〔2023〕14号 are marked unverified there. A
hospital that is silent until the limit has accepted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from taihe.kernel.transitions import Transition, Workflow

Verdict = Literal["", "right", "false", "screened"]


@dataclass(frozen=True)
class Terms:
    """Limits in working days, and how many members a panel has (an odd number)."""

    supply_days: int
    appeal_days: int
    review_days: int
    reappeal_days: int
    panel_days: int
    panel_members: int

    @property
    def majority(self) -> int:
        """How many votes decide."""
        return self.panel_members // 2 + 1


def case_workflow(terms: Terms) -> Workflow:
    """The table of a case with these limits."""
    return Workflow(
        name="claims.case",
        start="new",
        states={
            "new": "待审",
            "confirmed": "已确认，待医院回应",
            "material": "待补充材料",
            "supplied": "材料已补充",
            "appealed": "医院已申诉",
            "accepted": "医院已认可",
            "upheld": "复审维持，待医院回应",
            "reappealed": "再申诉，待合议",
            "final": "合议维持",
            "dismissed": "不成立",
            "withdrawn": "数据更正后撤销",
        },
        transitions=(
            _auditor(
                "confirm", "new", "confirmed", "确认并通知医院", terms.appeal_days, note=False
            ),
            _auditor("ask", "new", "material", "要求补充材料", terms.supply_days),
            _auditor("dismiss", "new", "dismissed", "不成立"),
            Transition("withdraw", "new", "withdrawn", ("system",), "数据更正后撤销"),
            _hospital("supply", "material", "supplied", "提交补充说明", terms.review_days),
            _system("lapse", "material", "supplied", "逾期未补充，退回审核", terms.review_days),
            _auditor(
                "confirm", "supplied", "confirmed", "确认并通知医院", terms.appeal_days, note=False
            ),
            _auditor("dismiss", "supplied", "dismissed", "不成立"),
            _hospital("appeal", "confirmed", "appealed", "申诉", terms.review_days),
            Transition("accept", "confirmed", "accepted", ("hospital",), "认可并退回"),
            _system("lapse", "confirmed", "accepted", "逾期未申诉，视为认可"),
            _auditor("uphold", "appealed", "upheld", "复审维持", terms.reappeal_days),
            _auditor("dismiss", "appealed", "dismissed", "不成立"),
            _hospital("reappeal", "upheld", "reappealed", "再申诉", terms.panel_days),
            Transition("accept", "upheld", "accepted", ("hospital",), "认可并退回"),
            _system("lapse", "upheld", "accepted", "逾期未再申诉，视为认可"),
            _system("uphold", "reappealed", "final", "合议维持"),
            _system("dismiss", "reappealed", "dismissed", "合议认定不成立"),
        ),
    )


def _auditor(
    action: str, source: str, target: str, label: str, days: int | None = None, *, note: bool = True
) -> Transition:
    return Transition(
        action, source, target, ("auditor",), label, needs_note=note, within_working_days=days
    )


def _hospital(action: str, source: str, target: str, label: str, days: int) -> Transition:
    return Transition(
        action, source, target, ("hospital",), label, needs_note=True, within_working_days=days
    )


def _system(
    action: str, source: str, target: str, label: str, days: int | None = None
) -> Transition:
    return Transition(action, source, target, ("system",), label, within_working_days=days)


WAITING = ("new", "supplied", "appealed", "reappealed")
"""States in which the insurer has to act."""

CONFIRMED = ("confirmed", "accepted", "upheld", "appealed", "reappealed", "final")
"""States of cases that the insurer confirmed and nobody took back."""

FOR_HOSPITAL = ("confirmed", "material", "upheld")
"""States in which the hospital has to act; silence until the limit is an answer too."""

APPEALS = {"appeal": 1, "reappeal": 2}
"""The steps that are appeals, with their round."""

_OTHERS_THAN = {"appealed": ("confirm",), "reappealed": ("confirm", "uphold")}


def earlier_deciders(state: str, steps: Iterable[tuple[str, int | None]]) -> frozenset[int]:
    """
    Who may not decide an appeal: the parties that took an earlier decision on the case.

    `steps` are the case's (action, party) so far. This is the rule of four eyes over the
    hospital's step in between.
    """
    barred = _OTHERS_THAN.get(state, ())
    return frozenset(by for action, by in steps if action in barred and by is not None)


def verdict_of(source: str, target: str) -> Verdict:
    """
    What a step says about the rule row: right, a false alarm, dropped before the hospital knew.

    Empty while the case goes on; a case withdrawn because data changed says nothing.
    """
    if target in ("accepted", "final"):
        return "right"
    if target == "dismissed":
        return "false" if source in ("appealed", "reappealed") else "screened"
    return ""


TONES = {
    "new": "warn",
    "supplied": "warn",
    "appealed": "warn",
    "reappealed": "warn",
    "confirmed": "bad",
    "upheld": "bad",
    "final": "bad",
    "material": "info",
    "accepted": "good",
    "dismissed": "",
    "withdrawn": "",
}
