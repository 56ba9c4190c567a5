"""
The 16 classes, checked the plain way: dictionaries and loops, one definition after another.

Slow on purpose. It is the truth of the synthetic county and the twin that `claims` is
compared with; it shares no code with `claims`. The definitions are those of the placed
claims set (`../shared/data/audit/synthetic/README.md`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from taihe.county.rules import Rules


class Person(NamedTuple):
    """A person of the claims: number, sex 1 or 2, birth date."""

    psn_no: str
    gend: str
    brdy: date


class Encounter(NamedTuple):
    """A visit or stay: `level` 1 to 3, `kind` 1 outpatient 2 inpatient, both ends included."""

    mdtrt_id: str
    psn_no: str
    institution: str
    level: int
    kind: str
    internet: str
    insutype: str
    start: date
    end: date


class Line(NamedTuple):
    """One fee line; `cnt` is exact, money plays no part in the 16 classes."""

    sn: str
    mdtrt_id: str
    psn_no: str
    day: date
    code: str
    cnt: int | Decimal


class Finding(NamedTuple):
    """One finding in the seven columns; line numbers sorted and joined by "|"."""

    kind: str
    rule_key: str
    psn_no: str
    mdtrt_id: str
    date: str
    violating_lines: str
    involved_lines: str


def _join(numbers: Iterable[str]) -> str:
    return "|".join(sorted(numbers))


def _age(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def findings(
    persons: Iterable[Person],
    encounters: Iterable[Encounter],
    lines: Iterable[Line],
    rules: Rules,
) -> list[Finding]:
    """All findings of the 16 classes, sorted."""
    people = {person.psn_no: person for person in persons}
    visits = {visit.mdtrt_id: visit for visit in encounters}
    found: list[Finding] = []

    by_day: dict[tuple[str, str, date], list[Line]] = defaultdict(list)
    by_visit: dict[str, list[Line]] = defaultdict(list)
    periodic: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in lines:
        visit = visits[line.mdtrt_id]
        person = people[line.psn_no]
        by_day[line.psn_no, visit.institution, line.day].append(line)
        by_visit[line.mdtrt_id].append(line)
        if line.code in rules.period:
            periodic[line.psn_no, line.code].append(line)
        for kind, key in _of_one_line(line, visit, person, rules):
            found.append(
                Finding(kind, key, line.psn_no, line.mdtrt_id, line.day.isoformat(), line.sn, "")
            )

    for (psn_no, _, day), group in by_day.items():
        herbs = [line for line in group if line.code.startswith("T")]
        if herbs and all(line.code in rules.single_only for line in herbs):
            found.append(
                Finding(
                    "TCM_SINGLE_ONLY",
                    "-",
                    psn_no,
                    "",
                    day.isoformat(),
                    _join(line.sn for line in herbs),
                    "",
                )
            )
        for main, sub, violating, involved in _pairs(group, rules.pair_day):
            found.append(
                Finding(
                    "REPEAT_PAIR_DAY",
                    f"{main}>{sub}",
                    psn_no,
                    "",
                    day.isoformat(),
                    violating,
                    involved,
                )
            )
        counted: dict[str, list[Line]] = defaultdict(list)
        for line in group:
            if line.code in rules.day_max:
                counted[line.code].append(line)
        for code, same in counted.items():
            if sum(line.cnt for line in same) > rules.day_max[code]:
                found.append(
                    Finding(
                        "ITEM_DAY_MAX",
                        code,
                        psn_no,
                        "",
                        day.isoformat(),
                        _join(line.sn for line in same),
                        "",
                    )
                )

    for mdtrt_id, group in by_visit.items():
        psn_no = visits[mdtrt_id].psn_no
        for main, sub, violating, involved in _pairs(group, rules.pair_visit):
            found.append(
                Finding(
                    "REPEAT_PAIR_VISIT",
                    f"{main}>{sub}",
                    psn_no,
                    mdtrt_id,
                    "",
                    violating,
                    involved,
                )
            )
        courses: dict[str, list[Line]] = defaultdict(list)
        for line in group:
            if line.code in rules.course:
                courses[rules.course[line.code][0]].append(line)
        for name, same in courses.items():
            most = min(rules.course[line.code][1] for line in same)
            days = sorted({line.day for line in same})
            if len(days) > most:
                paid = set(days[:most])
                found.append(
                    Finding(
                        "DRUG_COURSE_DAYS",
                        name,
                        psn_no,
                        mdtrt_id,
                        "",
                        _join(line.sn for line in same if line.day not in paid),
                        _join(line.sn for line in same if line.day in paid),
                    )
                )

    for (psn_no, code), same in periodic.items():
        most_count, days_back = rules.period[code]
        for day in sorted({line.day for line in same}):
            window = [line for line in same if day - timedelta(days_back) < line.day <= day]
            if sum(line.cnt for line in window) > most_count:
                found.append(
                    Finding(
                        "ITEM_PERIOD_MAX",
                        code,
                        psn_no,
                        "",
                        day.isoformat(),
                        _join(line.sn for line in window if line.day == day),
                        _join(line.sn for line in window if line.day != day),
                    )
                )

    stays: dict[tuple[str, str], list[Encounter]] = defaultdict(list)
    for visit in visits.values():
        if visit.kind == "2":
            stays[visit.psn_no, visit.institution].append(visit)
    for (psn_no, _), series in stays.items():
        series.sort(key=lambda visit: (visit.start, visit.end, visit.mdtrt_id))
        for before, after in zip(series, series[1:], strict=False):
            if 0 <= (after.start - before.end).days <= 15:
                found.append(
                    Finding(
                        "READMIT_15D",
                        before.mdtrt_id,
                        psn_no,
                        after.mdtrt_id,
                        after.start.isoformat(),
                        "",
                        "",
                    )
                )
    return sorted(found)


def _of_one_line(
    line: Line, visit: Encounter, person: Person, rules: Rules
) -> Iterable[tuple[str, str]]:
    code = line.code
    if code in rules.drug_sex and person.gend != rules.drug_sex[code]:
        yield "DRUG_SEX", code
    if code in rules.item_sex and person.gend != rules.item_sex[code]:
        yield "ITEM_SEX", code
    if code in rules.child and _age(person.brdy, line.day) >= 18:
        yield "DRUG_CHILD", code
    if code in rules.insurance and visit.insutype != rules.insurance[code]:
        yield "DRUG_INSURANCE", code
    if code in rules.inpatient and visit.kind != "2":
        yield "DRUG_INPATIENT_ONLY", code
    if code in rules.level and visit.level < rules.level[code]:
        yield "DRUG_FACILITY_LEVEL", code
    if code in rules.never_paid:
        yield "TCM_NEVER_PAID", code
    if code in rules.internet and visit.internet == "1":
        yield "INTERNET_DRUG", code
    if visit.kind == "2" and not visit.start <= line.day <= visit.end:
        yield "FEE_OUT_OF_STAY", "-"


def _pairs(group: list[Line], pairs: dict[str, list[str]]) -> Iterable[tuple[str, str, str, str]]:
    codes: dict[str, list[str]] = defaultdict(list)
    for line in group:
        codes[line.code].append(line.sn)
    for main in sorted(codes):
        for sub in pairs.get(main, ()):
            if sub in codes:
                yield main, sub, _join(codes[sub]), _join(codes[main])
