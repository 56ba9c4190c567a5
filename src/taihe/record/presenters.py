"""How a record is written on a page: words, pictures and rows, for desks and residents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from taihe.base.access_log import Seen
from taihe.kernel.codes import Purpose
from taihe.record.domain.summary import Demographics, Measured, Record, Series, home_mean
from taihe.ui.charts import Picture, Point, figure_text, line_chart
from taihe.ui.tables import Cell

SEX = {"male": "男", "female": "女", "other": "其他", "1": "男", "2": "女"}
VISIT = {
    "AMB": "门诊",
    "IMP": "住院",
    "ACUTE": "住院",
    "NONAC": "住院",
    "EMER": "急诊",
    "VR": "互联网诊疗",
    "HH": "上门",
}
CATEGORY = {"medication": "药物", "food": "食物", "environment": "环境", "biologic": "生物制品"}
ACTION = {
    "summary": "查看整份档案",
    "search": "查找时列出",
    "find": "查找时列出",
    "read": "读取一项记录",
    "vread": "读取一项记录",
    "history": "读取记录的历次版本",
    "bills": "查看账单",
    "print": "打印",
    "prescribe": "开处方",
    "prescription": "查看处方",
    "prescriptions": "查看处方",
    "list": "在列表中列出",
    "refer": "开转诊单",
    "referral": "查看转诊单",
    "book": "预约门诊",
    "bookings": "查看预约",
    "case": "审核一笔费用",
    "finding": "审核一笔费用",
    "create": "写入记录",
    "update": "修改记录",
    "load": "批量接入",
}
MOST_POINTS = 36


@dataclass(frozen=True)
class ShownSeries:
    """A series as a card: value, what it means, picture."""

    key: str
    name: str
    value: str
    unit: str
    on: date
    source: str
    verdict: str
    tone: str
    picture: Picture
    basis: str = ""


def who(demographics: Demographics, on: date) -> str:
    """Sex and age in words: 女 · 71 岁."""
    words = sex_and_age(demographics.sex, demographics.birth_date, on)
    if demographics.deceased:
        dead = demographics.deceased
        words += " · " + (dead if dead == "已故" else f"{dead} 去世")
    return words


def sex_and_age(sex: str, born: date | None, on: date) -> str:
    """The same from a FHIR gender or a national code of sex, and a birth date."""
    words = SEX.get(sex, "性别未记录")
    if born is None:
        return f"{words} · 年龄未记录"
    years = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    if years < 3:
        months = (on.year - born.year) * 12 + on.month - born.month - (on.day < born.day)
        return f"{words} · {months} 个月"
    return f"{words} · {years} 岁"


def value_text(measured: Measured) -> str:
    """A value as its source wrote it: 148/88 or 7.0."""
    return measured.text or figure_text(measured.value)


def verdict(series: Series) -> tuple[str, str]:
    """What the newest value means, and its tone: never a red number alone."""
    last, mean = series.last, home_mean(series)
    if mean is not None and series.target is not None:
        if not mean.is_enough:
            rule = mean.rule
            return (
                f"还不能下结论：近 {rule.window_days} 天量了 {mean.days} 天 {mean.readings} 次，"
                f"要满 {rule.least_days} 天 {rule.least_readings} 次",
                "",
            )
        high, second = series.target.high, series.target.second_high or 1000.0
        if mean.systolic >= high or mean.diastolic >= second:
            return f"没有达到目标（{series.target.words}）", "warn"
        return f"达到目标（{series.target.words}）", "good"
    if series.target is not None:
        if last.tone == "bad":
            return f"没有达到目标（{series.target.words}）", "warn"
        return f"达到目标（{series.target.words}）", "good"
    if series.low is not None or series.high is not None:
        span = reference_text(series)
        if series.high is not None and last.value > series.high:
            return f"高于参考范围 {span}", "warn"
        if series.low is not None and last.value < series.low:
            return f"低于参考范围 {span}", "warn"
        return f"在参考范围 {span} 内", "good"
    if len(series.values) > 1:
        step = last.value - series.values[-2].value
        if abs(step) < 1e-9:
            return "与上次相同", ""
        return f"比上次{'高' if step > 0 else '低'} {figure_text(round(abs(step), 2))}", ""
    return "只有这一次", ""


def reference_text(series: Series) -> str:
    """The reference range as written: 3.5–5.3, ≤ 5.2, or empty."""
    if series.low is not None and series.high is not None:
        return f"{figure_text(series.low)}–{figure_text(series.high)}"
    if series.high is not None:
        return f"≤ {figure_text(series.high)}"
    return f"≥ {figure_text(series.low)}" if series.low is not None else ""


def picture_of(series: Series, *, height: int = 150) -> Picture:
    """The last three dozen values as a line, with the target or the reference range."""
    values = series.values[-MOST_POINTS:]
    says, _ = verdict(series)
    pressure = all(m.second is not None for m in values)
    drawn = line_chart(
        [Point(m.at, m.value) for m in values],
        f"{series.name}：{says}",
        "" if pressure else series.unit,
        target=series.target.high if series.target else None,
        band=(series.low, series.high)
        if series.low is not None or series.high is not None
        else None,
        second=[m.second for m in values if m.second is not None] if pressure else (),
        last_label="收缩压" if pressure else "",
        second_label="舒张压" if pressure else "",
        height=height + 40 if pressure else height,
    )
    newest = tuple(
        (m.at.date().isoformat(), value_text(m), m.source or "未写明") for m in reversed(values)
    )
    note = ""
    if len(series.values) > MOST_POINTS:
        note = f"最近 {MOST_POINTS} 次，共 {len(series.values)} 次"
    return replace(
        drawn, columns=("日期", f"数值（{series.unit}）", "在哪里"), rows=newest, note=note
    )


def shown_series(series: Series, *, height: int = 150) -> ShownSeries:
    """A series as a card."""
    says, tone = verdict(series)
    mean, value, source = home_mean(series), value_text(series.last), series.last.source
    if mean is not None and mean.is_enough:
        value = f"{mean.systolic:.0f}/{mean.diastolic:.0f}"
        source = f"近 {mean.rule.window_days} 天平均 · {mean.readings} 次测量"
    basis = ""
    if series.target is not None:
        basis = f"{series.target.provenance.source}，{series.target.provenance.clause}"
    return ShownSeries(
        key=series.key,
        name=series.name,
        value=value,
        unit=series.unit,
        on=series.last.at.date(),
        source=source,
        verdict=says,
        tone=tone,
        picture=picture_of(series, height=height),
        basis=basis,
    )


def split_results(record: Record, *, pictures: int) -> tuple[list[Series], list[Series]]:
    """Which series are shown as pictures, and which as lines of a table."""
    drawn = [s for s in record.results if len(s.values) > 1][:pictures]
    return drawn, [s for s in record.results if s not in drawn]


def result_row(series: Series, url: str = "") -> dict[str, object]:
    """A series as a line of a table."""
    says, tone = verdict(series)
    return {
        "name": Cell(series.name, url=url),
        "value": f"{value_text(series.last)} {series.unit}".strip(),
        "verdict": Cell(says, tone=tone, tag=True) if tone else says,
        "on": series.last.at.date(),
        "source": series.last.source,
    }


def visit_rows(record: Record) -> list[dict[str, object]]:
    """Visits as lines of a table, newest first."""
    return [
        {
            "on": visit.start,
            "kind": VISIT.get(visit.kind, visit.kind)
            + (
                f" {(visit.end.date() - visit.start.date()).days} 天"
                if visit.kind == "IMP" and visit.start and visit.end
                else ""
            ),
            "source": visit.source,
            "reasons": "、".join(visit.reasons),
            "doctor": visit.doctor,
        }
        for visit in record.visits
    ]


def seen_rows(
    seen: Sequence[Seen], *, own: frozenset[int] = frozenset()
) -> list[dict[str, object]]:
    """Accesses in plain words; `own` are the parties of the person themself."""
    return [
        {
            "at": one.at,
            "who": "您本人"
            if one.party in own
            else (one.organisation or one.party_name or "未登记的机构"),
            "name": "" if one.party in own or not one.organisation else one.party_name,
            "purpose": purpose_words(one.purpose),
            "action": ACTION.get(one.action, one.action),
            "refused": one.outcome == "refused",
            "emergency": one.outcome == "break-glass",
            "client": one.client,
        }
        for one in seen
    ]


def purpose_words(code: str) -> str:
    """A purpose of reading in words."""
    try:
        return Purpose(code).label
    except ValueError:
        return code
