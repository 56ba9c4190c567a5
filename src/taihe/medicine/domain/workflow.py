"""
The states of a prescription, as a table: written, checked, signed, dispensed once.

"Signs again" follows 处方管理办法 第六条（九）: who prescribes beyond the rule gives the reason
and signs once more. What a pharmacist may not dispense goes back with the reason (第四十条).
"""

from __future__ import annotations

from taihe.kernel.transitions import Transition, Workflow

PRESCRIBERS = ("clinician", "village_doctor", "tcm_doctor")
PHARMACIST = ("pharmacist",)

PRESCRIPTION = Workflow(
    name="medicine.prescription",
    start="draft",
    states={
        "draft": "审核中",
        "refused": "审核不通过",
        "ready": "待签名",
        "second": "待再次签名",
        "signed": "已签名，待取药",
        "returned": "药房退回",
        "dispensed": "已发药",
        "withdrawn": "已作废",
        "expired": "已过有效期",
    },
    transitions=(
        Transition("pass", "draft", "ready", PRESCRIBERS, "审核通过"),
        Transition("refuse", "draft", "refused", PRESCRIBERS, "审核不通过"),
        Transition("amend", "refused", "draft", PRESCRIBERS, "修改后重新审核"),
        Transition("amend", "ready", "draft", PRESCRIBERS, "修改后重新审核"),
        Transition("amend", "second", "draft", PRESCRIBERS, "修改后重新审核"),
        Transition("amend", "returned", "draft", PRESCRIBERS, "修改后重新审核"),
        Transition("sign", "ready", "signed", PRESCRIBERS, "签名"),
        Transition("sign_first", "ready", "second", PRESCRIBERS, "签名（须再次签名）"),
        Transition(
            "sign_again", "second", "signed", PRESCRIBERS, "注明理由并再次签名", needs_note=True
        ),
        Transition("dispense", "signed", "dispensed", PHARMACIST, "发药"),
        Transition(
            "return", "signed", "returned", PHARMACIST, "拒绝调剂，退回医师", needs_note=True
        ),
        Transition("expire", "signed", "expired", ("system",), "有效期已过"),
        Transition("withdraw", "refused", "withdrawn", PRESCRIBERS, "作废", needs_note=True),
        Transition("withdraw", "ready", "withdrawn", PRESCRIBERS, "作废", needs_note=True),
        Transition("withdraw", "second", "withdrawn", PRESCRIBERS, "作废", needs_note=True),
        Transition("withdraw", "signed", "withdrawn", PRESCRIBERS, "作废", needs_note=True),
        Transition("withdraw", "returned", "withdrawn", PRESCRIBERS, "作废", needs_note=True),
    ),
)

CHANGEABLE = ("refused", "ready", "second", "returned")
"""States in which the author may still change the prescription."""

OPEN = ("draft", "refused", "ready", "second", "returned", "signed")
"""States from which something still has to happen."""

TONES = {
    "draft": "info",
    "refused": "bad",
    "ready": "warn",
    "second": "warn",
    "signed": "info",
    "returned": "bad",
    "dispensed": "good",
    "withdrawn": "",
    "expired": "",
}
