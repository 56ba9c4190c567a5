"""
The states of an alarm from a home reading: every one ends with what somebody did.

Opened by the system, handled by the family doctor's team.
"""

from __future__ import annotations

from taihe.kernel.transitions import Transition, Workflow

TEAM = ("village_doctor", "clinician")

ALERT = Workflow(
    name="chronic.alert",
    start="open",
    states={
        "open": "待联系",
        "called": "已联系，待复测",
        "seen": "已面访",
        "referred": "已转诊",
        "settled": "复测平稳",
        "false": "误报",
    },
    transitions=(
        Transition("call", "open", "called", TEAM, "已电话联系", needs_note=True),
        Transition("see", "open", "seen", TEAM, "已面访"),
        Transition("see", "called", "seen", TEAM, "已面访"),
        Transition("refer", "open", "referred", TEAM, "已转诊", needs_note=True),
        Transition("refer", "called", "referred", TEAM, "已转诊", needs_note=True),
        Transition("settle", "open", "settled", TEAM, "复测平稳", needs_note=True),
        Transition("settle", "called", "settled", TEAM, "复测平稳", needs_note=True),
        Transition("discard", "open", "false", TEAM, "误报", needs_note=True),
        Transition("discard", "called", "false", TEAM, "误报", needs_note=True),
    ),
)
WAITING = ("open", "called")
