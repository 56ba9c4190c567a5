"""
The states of a pair of persons who may be one: two stewards look before they are joined.

The system joins by itself only above the threshold `merge`; a steward can undo that too.
"""

from __future__ import annotations

from taihe.kernel.transitions import Transition, Workflow

STEWARD = ("record_steward",)

PAIR = Workflow(
    name="record.pair",
    start="proposed",
    states={
        "proposed": "待核对",
        "confirmed": "待复核",
        "merged": "已合并",
        "rejected": "不是同一人",
        "undone": "合并已撤销",
    },
    transitions=(
        Transition("join", "proposed", "merged", ("system",), "自动合并"),
        Transition("confirm", "proposed", "confirmed", STEWARD, "是同一人，请同事复核"),
        Transition("reject", "proposed", "rejected", STEWARD, "不是同一人", needs_note=True),
        Transition("merge", "confirmed", "merged", STEWARD, "复核无误，合并", four_eyes=True),
        Transition("reject", "confirmed", "rejected", STEWARD, "不是同一人", needs_note=True),
        Transition("undo", "merged", "undone", STEWARD, "撤销合并", needs_note=True),
        Transition("reopen", "rejected", "proposed", STEWARD, "重新核对", needs_note=True),
        Transition("reopen", "undone", "proposed", STEWARD, "重新核对", needs_note=True),
    ),
)
TONES = {
    "proposed": "warn",
    "confirmed": "info",
    "merged": "good",
    "rejected": "",
    "undone": "",
}
WAITING = ("proposed", "confirmed")
# Whoever wrote the doubt sees why; the words stand on the page.
DOUBTS = {
    "other-name": "姓名对不上，只有电话、住址或出生日期一致：可能是双胞胎、兄弟姐妹或家人。",
    "other-birth-date": "出生日期相差很远：可能是同名的家人。",
    "number-of-another": "证件号码一致而姓名完全不同：可能借用了家长的证件，也可能改了名。",
    "identifier": "送来的号码属于另一个人，而两人各有档案：可能有一个号码登记错了。",
    "unsure": "没有证件号码，与两个不同的人同样相像。",
    "": "相像的程度还不足以自动合并。",
}
