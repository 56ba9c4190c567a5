"""
The states of a case, as a table: reviewed by the insurer, answered by the hospital.

The order first review, appeal, second review follows the two-base regulation of 2022
(两库管理办法). The limits of ten working days are attributed to 医保办发〔2023〕14号 and not
verified: each is a number of its row, and a county changes it here.
"""

from __future__ import annotations

from taihe.kernel.transitions import Transition, Workflow

APPEAL_DAYS = 10
REVIEW_DAYS = 10

CASE = Workflow(
    name="claims.case",
    start="new",
    states={
        "new": "待审",
        "confirmed": "已确认，待医院回应",
        "material": "待补充材料",
        "supplied": "材料已补充",
        "appealed": "医院已申诉",
        "accepted": "医院已认可",
        "upheld": "复审维持",
        "dismissed": "不成立",
        "withdrawn": "数据更正后撤销",
    },
    transitions=(
        Transition(
            "confirm",
            "new",
            "confirmed",
            ("auditor",),
            "确认并通知医院",
            within_working_days=APPEAL_DAYS,
        ),
        Transition(
            "ask",
            "new",
            "material",
            ("auditor",),
            "要求补充材料",
            needs_note=True,
            within_working_days=APPEAL_DAYS,
        ),
        Transition("dismiss", "new", "dismissed", ("auditor",), "不成立", needs_note=True),
        Transition("withdraw", "new", "withdrawn", ("system",), "数据更正后撤销"),
        Transition(
            "supply",
            "material",
            "supplied",
            ("hospital",),
            "提交补充说明",
            needs_note=True,
            within_working_days=REVIEW_DAYS,
        ),
        Transition(
            "confirm",
            "supplied",
            "confirmed",
            ("auditor",),
            "确认并通知医院",
            within_working_days=APPEAL_DAYS,
        ),
        Transition("dismiss", "supplied", "dismissed", ("auditor",), "不成立", needs_note=True),
        Transition(
            "appeal",
            "confirmed",
            "appealed",
            ("hospital",),
            "申诉",
            needs_note=True,
            within_working_days=REVIEW_DAYS,
        ),
        Transition("accept", "confirmed", "accepted", ("hospital",), "认可并退回"),
        Transition(
            "uphold",
            "appealed",
            "upheld",
            ("auditor",),
            "复审维持",
            four_eyes=True,
            needs_note=True,
        ),
        Transition("dismiss", "appealed", "dismissed", ("auditor",), "不成立", needs_note=True),
    ),
)

WAITING = ("new", "supplied", "appealed")
"""States in which the insurer has to act."""

CONFIRMED = ("confirmed", "accepted", "upheld", "appealed")
"""States of cases that the insurer confirmed and nobody took back."""

FOR_HOSPITAL = ("confirmed", "material")
"""States in which the hospital has to act."""

TONES = {
    "new": "warn",
    "supplied": "warn",
    "appealed": "warn",
    "confirmed": "bad",
    "upheld": "bad",
    "material": "info",
    "accepted": "good",
    "dismissed": "",
    "withdrawn": "",
}
