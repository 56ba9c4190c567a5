"""
The states of a referral, as a table: it goes to another institution and must come back.

The loop is to be followed within two weeks (国家基本公共卫生服务规范（第三版）, 高血压、糖尿病
患者健康管理: 紧急转诊者 2 周内主动随访转诊情况): ten working days for being seen and for
coming back. One working day for an answer is an example row; a county changes it here.
"""

from __future__ import annotations

from taihe.kernel.transitions import Transition, Workflow

DOCTORS = ("clinician", "village_doctor", "tcm_doctor")
ANSWER_DAYS = 1
LOOP_DAYS = 10

REFERRAL = Workflow(
    name="visits.referral",
    start="draft",
    states={
        "draft": "草稿",
        "sent": "已转出，待接收",
        "accepted": "已接收，待接诊",
        "declined": "未接收",
        "seen": "已接诊，待回转",
        "returned": "已回转，待接回",
        "closed": "已接回",
        "withdrawn": "已撤回",
    },
    transitions=(
        Transition("send", "draft", "sent", DOCTORS, "转出", within_working_days=ANSWER_DAYS),
        Transition("accept", "sent", "accepted", DOCTORS, "接收", within_working_days=LOOP_DAYS),
        Transition("decline", "sent", "declined", DOCTORS, "不接收", needs_note=True),
        Transition("see", "accepted", "seen", DOCTORS, "已接诊", within_working_days=LOOP_DAYS),
        Transition("miss", "accepted", "returned", DOCTORS, "未到诊，退回", needs_note=True),
        Transition("return", "seen", "returned", DOCTORS, "回转", within_working_days=LOOP_DAYS),
        Transition("take_back", "returned", "closed", DOCTORS, "接回并继续随访"),
        Transition("withdraw", "draft", "withdrawn", DOCTORS, "撤回", needs_note=True),
        Transition("withdraw", "sent", "withdrawn", DOCTORS, "撤回", needs_note=True),
    ),
)

SIDES = {
    "send": "from",
    "withdraw": "from",
    "take_back": "from",
    "accept": "to",
    "decline": "to",
    "see": "to",
    "miss": "to",
    "return": "to",
}
"""Which institution takes a step: the one that sends or the one that receives."""

RECEIVER_READS = ("sent", "accepted", "seen")
"""States in which the receiving institution may read the record."""

OPEN = ("draft", "sent", "accepted", "seen", "returned")
"""States from which something still has to happen."""

WAITS_FOR = {"sent": "to", "accepted": "to", "seen": "to", "returned": "from"}
"""Who has to act."""

TONES = {
    "draft": "",
    "sent": "warn",
    "accepted": "info",
    "declined": "bad",
    "seen": "info",
    "returned": "warn",
    "closed": "good",
    "withdrawn": "",
}
