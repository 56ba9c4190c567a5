"""Findings in the words of a page: title, evidence, strip of days, what would make it right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from taihe.claims import models, rule_rows
from taihe.claims.queries import EvidenceLine, Stay
from taihe.kernel.codes import Insurance, Sex
from taihe.kernel.money import yuan_text
from taihe.kernel.periods import age_years, day_of
from taihe.ui.charts import Strip, StripDay, day_strip

SEVERITY = {"V": ("违规", "bad"), "S": ("可疑", "warn"), "M": ("指标", "info")}
LONGEST_STRIP = 42
"""Days of a strip; a longer time keeps its last days."""


@dataclass(frozen=True)
class Who:
    """The patient as far as an auditor needs: sex and age, no name, no number."""

    words: str


def title(finding: models.Finding, lines: Sequence[EvidenceLine]) -> str:
    """The title of a finding's page: the class, and what it is about."""
    kind = rule_rows.kinds()[finding.kind].title
    about = _about(finding, lines)
    return f"{kind}：{about}" if about else kind


def _about(finding: models.Finding, lines: Sequence[EvidenceLine]) -> str:
    given: dict[str, Any] = finding.parameters
    if given.get("sub_name"):
        return f"{given.get('name', '')} 与 {given['sub_name']}"
    names = list(dict.fromkeys(line.name for line in lines if line.violating))
    if finding.kind == "READMIT_15D":
        return ""
    if len(names) > 2:
        return f"{names[0]} 等 {len(names)} 项"
    return "、".join(names) or str(given.get("name", ""))


def patient(sex: int | None, born: int | None, on: date | None) -> Who:
    """Sex and age on the day, in words."""
    words = []
    if sex in (1, 2):
        words.append(Sex(str(sex)).label)
    if born is not None and on is not None:
        words.append(f"{age_years(day_of(born), on)} 岁")
    return Who("，".join(words) or "性别、年龄未登记")


def stay_words(stays: Sequence[Stay]) -> str:
    """The visits of a finding in one phrase."""
    if not stays:
        return ""
    first = stays[0]
    where = "住院" if first.inpatient else ("互联网门诊" if first.internet else "门诊")
    when = _span(first.begin, first.end)
    more = f" 等 {len(stays)} 次就诊" if len(stays) > 1 else ""
    return f"{where} {when}{more}"


def insurance_words(stays: Sequence[Stay]) -> str:
    """The insurance of the visits, named once each."""
    found = []
    for code in dict.fromkeys(stay.insurance for stay in stays):
        try:
            found.append(Insurance(str(code)).label)
        except ValueError:
            continue
    return "、".join(found)


def _span(begin: date, end: date | None) -> str:
    text = f"{begin.month}月{begin.day}日"
    if end is None:
        return f"{text}起"
    return text if end == begin else f"{text}–{end.month}月{end.day}日"


def days(
    finding: models.Finding, lines: Sequence[EvidenceLine], stays: Sequence[Stay]
) -> Strip | None:
    """A strip of days: red where a violating line stands, amber where only an involved one."""
    tones: dict[date, str] = {}
    said: dict[date, list[str]] = defaultdict(list)
    for line in lines:
        if line.violating:
            tones[line.day] = "bad"
        else:
            tones.setdefault(line.day, "warn")
        said[line.day].append(line.name)
    for stay in stays:
        if not (stay.inpatient or finding.kind == "READMIT_15D"):
            continue
        last = stay.end or stay.begin
        for n in range(min((last - stay.begin).days, LONGEST_STRIP) + 1):
            day = stay.begin + timedelta(days=n)
            if finding.kind == "READMIT_15D":
                tones.setdefault(day, "bad" if stay.later else "warn")
                said[day].append("后一次住院" if stay.later else "前一次住院")
            else:
                tones.setdefault(day, "")
    if not tones:
        return None
    first, last = min(tones), max(tones)
    if (last - first).days >= LONGEST_STRIP:
        first = last - timedelta(days=LONGEST_STRIP - 1)
    strip = [
        StripDay(day, tones.get(day, ""), "、".join(dict.fromkeys(said.get(day, ()))))
        for day in (first + timedelta(days=n) for n in range((last - first).days + 1))
    ]
    words = f"{first.year}年{first.month}月" + (
        f"至{last.month}月" if (first.year, first.month) != (last.year, last.month) else ""
    )
    if finding.kind == "READMIT_15D":
        return day_strip(strip, f"{words}；红：后一次住院，黄：前一次住院")
    return day_strip(strip, f"{words}；红：应退回的收费，黄：只有与之冲突的收费")


def remedy(finding: models.Finding, lines: Sequence[EvidenceLine]) -> str:
    """What would make it right, with the lines and the sum."""
    kind = rule_rows.kinds()[finding.kind]
    bad = [line for line in lines if line.violating]
    if not bad:
        return kind.remedy + "。"
    dates = list(dict.fromkeys(line.day for line in bad))
    when = "、".join(f"{d.month}月{d.day}日" for d in dates[:4]) + (
        f" 等 {len(dates)} 天" if len(dates) > 4 else ""
    )
    return (
        f"{kind.remedy}。涉及 {when}的 {len(bad)} 条明细，共 {yuan_text(finding.amount_fen)} 元。"
    )


@dataclass(frozen=True)
class Basis:
    """The rule behind a finding as the page shows it."""

    clause: str
    rule_row: str
    version: str
    batch: str
    url: str
    source: str
    is_example: bool
    class_words: str
    parameters: tuple[tuple[str, str], ...]


_PARAMETERS = {"value": "限定", "days": "天数"}


def basis(finding: models.Finding) -> Basis:
    """Clause, rule row, version, batch and announcement of a finding."""
    point = rule_rows.points().get(finding.point)
    row = rule_rows.classes().get(finding.class_seq)
    batch = ""
    if point:
        batch = f"第 {point.batch} 批" if point.batch else "2026-01-28 修订"
    return Basis(
        clause=finding.clause or (row.definition if row else ""),
        rule_row=finding.rule_row,
        version=finding.rule_version,
        batch=batch,
        url=point.url if point and point.url.startswith("http") else "",
        source=finding.source,
        is_example=finding.status == "example",
        class_words=f"第 {row.seq} 类 {row.name}" if row else "",
        parameters=tuple(
            (_PARAMETERS[name], str(value))
            for name, value in finding.parameters.items()
            if name in _PARAMETERS
        ),
    )
