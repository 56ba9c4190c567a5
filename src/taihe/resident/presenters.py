"""Words for residents: everyday Chinese first, the official term beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from taihe.base.access_log import Seen
from taihe.claims.public import Bill
from taihe.record.public import Record, ShownSeries, purpose_words
from taihe.resident.tasks import ResidentTask

WHY = {
    "TREAT": "给您看病、开药时需要看您的档案。",
    "ETREAT": "抢救时医生可以先看档案，事后要说明理由。",
    "HPAYMT": "医保局或医院核对费用时，只看与这笔费用有关的内容。",
    "PUBHLTH": "村医、乡镇卫生院做随访和健康管理时查看。",
    "PATRQT": "您本人或您授权的家人查看。",
    "HOPERAT": "系统接入、核对数据时的自动操作，不是有人在看。",
}
RECENT_DAYS = 30


@dataclass(frozen=True)
class Todo:
    """One line of what deserves a look: tone bad, warn or "", and where to read on."""

    tone: str
    title: str
    say: str
    url: str
    link: str


def todos(
    page: Record,
    series: Sequence[ShownSeries],
    seen: Sequence[Seen],
    bills: Sequence[Bill],
    on: date,
    tasks: Sequence[ResidentTask] = (),
) -> list[Todo]:
    """What deserves a look today; what is to be done, results, who looked, then costs."""
    found = [Todo(task.tone, task.title, task.text, task.url, "看一看") for task in tasks]
    for one in series:
        if one.tone == "warn" and on - one.on <= timedelta(days=365):
            found.append(
                Todo(
                    "warn",
                    f"{one.name} {one.value}",
                    f"{day_words(one.on)} {one.verdict}。请向村医或家庭医生问清下一步。",
                    f"/app/results/{one.key}/",
                    "看一看",
                )
            )
    for one in [s for s in seen if s.outcome == "ok" and s.purpose != "HOPERAT"][:1]:
        if on - one.at.date() <= timedelta(days=RECENT_DAYS):
            place = one.organisation or one.party_name
            words = f"{place}，{purpose_words(one.purpose)}"
            found.append(Todo("", "有人看了您的档案", words, "/app/seen/", "为什么？"))
    if bills and on - bills[0].begin <= timedelta(days=90):
        bill = bills[0]
        words = f"{bill.institution}，{day_words(bill.begin)}，共 {yuan(bill.amount_fen)} 元"
        found.append(Todo("", "最近一笔医药费", words, "/app/bills/", "看明细"))
    return found


def yuan(fen: int) -> str:
    """Fen as yuan."""
    from taihe.kernel.money import yuan_text

    return yuan_text(fen)


def day_words(day: date) -> str:
    """11月9日, with the year when it is another one."""
    from taihe.ui.templatetags.taihe import day_words as words

    return words(day)


def seen_lines(seen: Sequence[Seen], rows: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """
    Rows of who looked, each with a sentence that says why.

    The same reader doing the same on the same day is one line with a count: the newest time
    is shown.
    """
    lines: list[dict[str, object]] = []
    before: tuple[object, ...] = ()
    for one, row in zip(seen, rows, strict=True):
        day = timezone.localtime(one.at).date()
        same = (one.party, one.purpose, one.action, one.outcome, one.client, day)
        if same == before:
            lines[-1]["times"] = int(str(lines[-1]["times"])) + 1
        else:
            lines.append(row | {"why": WHY.get(one.purpose, ""), "times": 1})
        before = same
    return lines


def bill_title(bill: Bill) -> str:
    """门诊 or 住院 with its days."""
    if not bill.inpatient:
        return "门诊"
    days = (bill.end - bill.begin).days if bill.end else 0
    return f"住院 {days} 天" if days else "住院"
