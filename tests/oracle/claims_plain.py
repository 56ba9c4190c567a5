"""
The audit once more, slowly: plain dictionaries and loops, sharing no code with `claims`.

`audit(persons, encounters, lines, rules)` takes rows as dictionaries of text (national names of
`person`, `mdtrt`, `fee`; columns of `rules.csv`) and returns the seven key columns as a sorted
list. Definitions are those of the placed set's README.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

Row = dict[str, str]
SEX = {"男": "1", "女": "2"}
FUND = {"工伤": "410", "生育": "510"}
LEVEL = {"一级": 1, "二级": 2, "三级": 3}


def day(text: str) -> date:
    return date.fromisoformat(text[:10])


def age(born: date, on: date) -> int:
    years = on.year - born.year
    return years if (on.month, on.day) >= (born.month, born.day) else years - 1


def holds(rule: Row, on: date) -> bool:
    first, last = rule.get("valid_from"), rule.get("valid_to")
    return (not first or day(first) <= on) and (not last or on <= day(last))


def without_refunds(lines: list[Row]) -> list[Row]:
    kept = {line["feedetl_sn"]: dict(line) for line in lines if Decimal(line["cnt"]) >= 0}
    refunded = set()
    for line in lines:
        original = line.get("init_feedetl_sn") or ""
        if Decimal(line["cnt"]) < 0 and original in kept:
            left = Decimal(kept[original]["cnt"]) + Decimal(line["cnt"])
            kept[original]["cnt"] = str(left)
            refunded.add(original)
    return [
        line
        for line in kept.values()
        if not (line["feedetl_sn"] in refunded and Decimal(line["cnt"]) <= 0)
    ]


def audit(
    persons: list[Row], encounters: list[Row], lines: list[Row], rules: list[Row]
) -> list[tuple[str, ...]]:
    person = {row["psn_no"]: row for row in persons}
    encounter = {row["mdtrt_id"]: row for row in encounters}
    by_kind: dict[str, list[Row]] = defaultdict(list)
    for rule in rules:
        if rule.get("status", "live") in ("live", "example"):
            by_kind[rule["kind"]].append(rule)
    lines = [line for line in without_refunds(lines) if line["mdtrt_id"] in encounter]
    by_code: dict[str, list[Row]] = defaultdict(list)
    for line in lines:
        by_code[line["hilist_code"]].append(line)
    found: list[tuple[str, ...]] = []

    def add(kind, key, psn, visit, when, bad, beside=()):  # type: ignore[no-untyped-def]
        found.append(
            (
                kind,
                key,
                psn,
                visit,
                when,
                "|".join(sorted({x["feedetl_sn"] for x in bad})),
                "|".join(sorted({x["feedetl_sn"] for x in beside})),
            )
        )

    def one_line(kind, test):  # type: ignore[no-untyped-def]
        for rule in by_kind[kind]:
            for line in by_code[rule["code"]]:
                if holds(rule, day(line["fee_ocur_date"])) and test(
                    rule, line, encounter[line["mdtrt_id"]], person.get(line["psn_no"], {})
                ):
                    add(
                        kind,
                        rule["code"],
                        line["psn_no"],
                        line["mdtrt_id"],
                        line["fee_ocur_date"][:10],
                        [line],
                    )

    def sex(rule, line, visit, who):  # type: ignore[no-untyped-def]
        return who.get("gend") in ("1", "2") and who["gend"] != SEX[rule["value"]]

    one_line("DRUG_SEX", sex)
    one_line("ITEM_SEX", sex)
    one_line(
        "DRUG_CHILD",
        lambda rule, line, visit, who: (
            bool(who.get("brdy")) and age(day(who["brdy"]), day(line["fee_ocur_date"])) >= 18
        ),
    )
    one_line(
        "DRUG_INSURANCE",
        lambda rule, line, visit, who: (
            bool(visit["insutype"]) and visit["insutype"] != FUND[rule["value"]]
        ),
    )
    one_line(
        "DRUG_INPATIENT_ONLY",
        lambda rule, line, visit, who: visit["med_mdtrt_type"] not in ("2", ""),
    )
    one_line(
        "DRUG_FACILITY_LEVEL",
        lambda rule, line, visit, who: (
            bool(visit["hosp_level"]) and int(visit["hosp_level"]) < LEVEL[rule["value"]]
        ),
    )
    one_line("INTERNET_DRUG", lambda rule, line, visit, who: visit["internet_flag"] == "1")
    one_line("TCM_NEVER_PAID", lambda rule, line, visit, who: True)

    if by_kind["FEE_OUT_OF_STAY"]:
        for line in lines:
            visit = encounter[line["mdtrt_id"]]
            on = day(line["fee_ocur_date"])
            if visit["med_mdtrt_type"] == "2" and (
                on < day(visit["begndate"]) or (visit["enddate"] and on > day(visit["enddate"]))
            ):
                add(
                    "FEE_OUT_OF_STAY",
                    "-",
                    line["psn_no"],
                    line["mdtrt_id"],
                    line["fee_ocur_date"][:10],
                    [line],
                )

    single = {rule["code"] for rule in by_kind["TCM_SINGLE_ONLY"]}
    slices: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for line in lines:
        if line["hilist_code"].startswith("T"):
            place = encounter[line["mdtrt_id"]]["fixmedins_code"]
            slices[line["psn_no"], place, line["fee_ocur_date"][:10]].append(line)
    for (psn, _, when), same_day in slices.items():
        if all(line["hilist_code"] in single for line in same_day):
            add("TCM_SINGLE_ONLY", "-", psn, "", when, same_day)

    for kind in ("REPEAT_PAIR_DAY", "REPEAT_PAIR_VISIT"):
        for rule in by_kind[kind]:
            groups: dict[tuple[str, ...], tuple[list[Row], list[Row]]] = {}
            for which, code in enumerate((rule["code"], rule["code2"])):
                for line in by_code[code]:
                    if not holds(rule, day(line["fee_ocur_date"])):
                        continue
                    where: tuple[str, ...] = (line["psn_no"], line["mdtrt_id"], "", "")
                    if kind == "REPEAT_PAIR_DAY":
                        where = (
                            line["psn_no"],
                            "",
                            encounter[line["mdtrt_id"]]["fixmedins_code"],
                            line["fee_ocur_date"][:10],
                        )
                    groups.setdefault(where, ([], []))[which].append(line)
            for (psn, visit_id, _, when), (mains, subs) in groups.items():
                if mains and subs:
                    add(kind, f"{rule['code']}>{rule['code2']}", psn, visit_id, when, subs, mains)

    for rule in by_kind["ITEM_DAY_MAX"]:
        days: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
        for line in by_code[rule["code"]]:
            place = encounter[line["mdtrt_id"]]["fixmedins_code"]
            days[line["psn_no"], place, line["fee_ocur_date"][:10]].append(line)
        for (psn, _, when), same_day in days.items():
            if holds(rule, day(when)) and sum(Decimal(x["cnt"]) for x in same_day) > Decimal(
                rule["value"]
            ):
                add("ITEM_DAY_MAX", rule["code"], psn, "", when, same_day)

    for rule in by_kind["ITEM_PERIOD_MAX"]:
        mine: dict[str, list[Row]] = defaultdict(list)
        for line in by_code[rule["code"]]:
            mine[line["psn_no"]].append(line)
        for psn, charged in mine.items():
            for when in sorted({line["fee_ocur_date"][:10] for line in charged}):
                start = day(when) - timedelta(days=int(rule["days"]))
                window = [x for x in charged if start < day(x["fee_ocur_date"]) <= day(when)]
                if holds(rule, day(when)) and sum(Decimal(x["cnt"]) for x in window) > Decimal(
                    rule["value"]
                ):
                    today = [x for x in window if x["fee_ocur_date"][:10] == when]
                    before = [x for x in window if x["fee_ocur_date"][:10] != when]
                    add("ITEM_PERIOD_MAX", rule["code"], psn, "", when, today, before)

    courses: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    limit: dict[str, int] = {}
    for rule in by_kind["DRUG_COURSE_DAYS"]:
        limit[rule["name"]] = int(rule["value"].removesuffix("天"))
        for line in by_code[rule["code"]]:
            courses[rule["name"], line["psn_no"], line["mdtrt_id"]].append(line)
    for (name, psn, visit_id), charged in courses.items():
        dates = sorted({line["fee_ocur_date"][:10] for line in charged})
        if len(dates) > limit[name]:
            late = set(dates[limit[name] :])
            add(
                "DRUG_COURSE_DAYS",
                name,
                psn,
                visit_id,
                "",
                [x for x in charged if x["fee_ocur_date"][:10] in late],
                [x for x in charged if x["fee_ocur_date"][:10] not in late],
            )

    for rule in by_kind["READMIT_15D"]:
        stays: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for visit in encounters:
            if visit["med_mdtrt_type"] == "2":
                stays[visit["psn_no"], visit["fixmedins_code"]].append(visit)
        for (psn, _), mine_stays in stays.items():
            mine_stays.sort(key=lambda v: (v["begndate"], v["enddate"] or "9999", v["mdtrt_id"]))
            for before, after in zip(mine_stays, mine_stays[1:], strict=False):
                if not before["enddate"]:
                    continue
                gap = (day(after["begndate"]) - day(before["enddate"])).days
                if 0 <= gap <= int(rule["days"]):
                    add(
                        "READMIT_15D",
                        before["mdtrt_id"],
                        psn,
                        after["mdtrt_id"],
                        after["begndate"][:10],
                        [],
                    )
    return sorted(found)
