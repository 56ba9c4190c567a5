"""Words and rows of the chronic care desk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from taihe.chronic import models, queries, rules
from taihe.chronic.domain.alert_workflow import ALERT
from taihe.chronic.domain.follow_up import Visit
from taihe.chronic.domain.hearts import HeartsCategory
from taihe.chronic.domain.schedule import Due, Why
from taihe.chronic.queries import NOT_SEEN, OFF_TARGET, ON_TARGET, Standing
from taihe.record.public import Demographics
from taihe.ui.tables import Cell

HEARTS_WORDS = {
    HeartsCategory.CONTROLLED: "三个月内已控制",
    HeartsCategory.UNCONTROLLED: "三个月内未控制",
    HeartsCategory.NO_VISIT: "三个月内没有测量",
    HeartsCategory.VISITED_NO_BP: "三个月内随访未测血压",
    HeartsCategory.NEWLY_REGISTERED: "登记不满三个月",
    HeartsCategory.LOST: "失访（十二个月无随访）",
}
MANAGED_WORDS = {ON_TARGET: "达标", OFF_TARGET: "未达标", NOT_SEEN: "今年没有随访"}
SEX = {"male": "男", "female": "女"}
CLASS_TONE = {"控制满意": "good", "控制不满意": "warn", "不良反应": "warn", "并发症": "bad"}
ACTION_TONE = {
    "routine": "good",
    "adjust_and_recall": "warn",
    "refer": "bad",
    "emergency_refer": "bad",
}
WAY = {"1": "门诊", "2": "家庭", "3": "电话"}
CAUSES = {
    "bp-high": "血压很高",
    "glucose-high": "血糖很高",
    "glucose-low": "血糖过低",
    "home-mean": "家庭血压均值偏高",
}
STANDING = {"registered": ("已纳入管理", "good"), "suspected": ("待确诊", "warn")}


def value_words(visit: Visit | models.Visit, disease: str) -> str:
    """The value that a disease is judged by, with its unit."""
    if disease == "hypertension":
        if visit.sbp_mmhg is None or visit.dbp_mmhg is None:
            return ""
        return f"{visit.sbp_mmhg:g}/{visit.dbp_mmhg:g}"
    return "" if visit.fpg_mmol is None else f"{visit.fpg_mmol:g}"


def unit(disease: str) -> str:
    """The unit of that value."""
    return "mmHg" if disease == "hypertension" else "mmol/L"


def due_cell(due: Due, today: date) -> Cell:
    """The due day, and how late it is."""
    late = due.overdue_days(today)
    if due.why is Why.NEVER:
        return Cell(due.on, note="还没有随访")
    words = f"逾期 {late} 天" if late > 0 else "今天" if late == 0 else f"还有 {-late} 天"
    return Cell(due.on, note=words)


def person_row(
    standing: Standing, who: Demographics | None, today: date, *, with_due: bool = True
) -> dict[str, Any]:
    """A managed person in a list."""
    entry, due = standing.entry, standing.due
    last = due.last
    value = value_words(last.visit, entry.disease) if last else ""
    cls = str(due.cls) if due.cls else ""
    return {
        "name": name_cell(entry, who, today),
        "disease": models.DISEASE_WORDS[entry.disease],
        "value": Cell(f"{value} {unit(entry.disease)}" if value else "", note=_day(last)),
        "cls": Cell(cls, tone=CLASS_TONE.get(cls, ""), tag=bool(cls)),
        "due": due_cell(due, today),
        "managed": MANAGED_WORDS[standing.managed],
        "hearts": HEARTS_WORDS.get(standing.hearts, "") if standing.hearts else "",
        "action": rules.action_labels().get(str(due.action), "") if due.action else "",
    }


def entry_row(entry: models.Entry, who: Demographics | None, today: date) -> dict[str, Any]:
    """Somebody whose diagnosis is not made yet."""
    return {
        "name": name_cell(entry, who, today),
        "disease": models.DISEASE_WORDS[entry.disease],
        "value": "四周内三天血压偏高",
        "cls": Cell("待确诊", tone="warn", tag=True),
        "due": Cell(entry.since, note="第三次偏高"),
    }


def name_cell(entry: models.Entry, who: Demographics | None, today: date) -> Cell:
    """The name as a link, with sex and age; without a relation there is none."""
    if who is None:
        return Cell("无权查看")
    words = f"{SEX.get(entry.sex, '')} {queries.age_on(entry.born, today)} 岁"
    url = reverse("chronic-person", args=[entry.person])
    return Cell(who.name or "姓名未登记", url=url, note=words)


def alert_rows(
    alerts: Sequence[models.Alert], people: dict[int, Demographics]
) -> list[dict[str, Any]]:
    """Alarms with the name of whom they are about."""
    return [
        {
            "name": people[a.person].name or "姓名未登记",
            "url": reverse("chronic-person", args=[a.person]) + "#alerts",
            "cause": CAUSES.get(a.cause, a.cause),
            "value": a.value,
            "times": a.times,
            "at": a.last_at,
            "state": ALERT.states[a.state],
            "tone": "bad" if a.cause != "home-mean" else "warn",
        }
        for a in alerts
        if a.person in people
    ]


def visit_rows(visits: Sequence[models.Visit]) -> list[dict[str, Any]]:
    """Visits of a person, as the page lists them."""
    return [
        {
            "row": v,
            "disease": models.DISEASE_WORDS[v.disease],
            "value": value_words(v, v.disease),
            "unit": unit(v.disease),
            "way": WAY.get(v.way, ""),
            "tone": CLASS_TONE.get(v.cls, "bad"),
            "cls": v.cls or "未分类（缺测量值）",
            "action": rules.action_labels().get(v.action, v.action),
            "action_tone": ACTION_TONE.get(v.action, ""),
            "corrected": v.version > 1,
        }
        for v in visits
    ]


def last_words(field: str, visits: Sequence[models.Visit], readings: dict[str, Any]) -> str:
    """The last value of a field with its day, for the side of the new one."""
    reading = readings.get(field)
    if reading is not None:
        value = getattr(reading, field)
        return f"{value:g}（{_words(timezone.localdate(reading.at))}）"
    for visit in visits:
        value = visit.answers.get(field)
        if value not in (None, ""):
            return f"{value:g}（{_words(visit.visited_on)}）" if isinstance(value, float) else ""
    return ""


def months(today: date, count: int = 13) -> list[tuple[str, str]]:
    """The last months as choices, the newest first."""
    found = []
    day = today.replace(day=1)
    for _ in range(count):
        found.append((f"{day:%Y-%m}", f"{day.year}年{day.month}月"))
        day = (day - timedelta(days=1)).replace(day=1)
    return found


def _day(last: Any) -> str:
    return _words(last.on) if last else ""


def _words(day: date) -> str:
    from taihe.ui.templatetags.taihe import day_words

    return day_words(day)
