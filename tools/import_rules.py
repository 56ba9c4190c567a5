"""
Make the shipped rule rows of `claims` from a folder of official tables.

    python tools/import_rules.py ../shared/data/audit/rules

Writes `knowledge_points.csv.gz`, `rules.csv.gz` and `classes.csv` into
`src/taihe/claims/knowledge`. The tables are official NHSA publications; where each came from
stands in that folder's SOURCE.md. Three faults of the sources are mended here and nowhere else:
numbers come from the param files, codes that the revision of 2026-01-28 added take theirs from
the clause or from the row they replace, and a row whose knowledge points are all superseded is
switched off.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import sys
from collections import defaultdict
from pathlib import Path

OUT = Path(__file__).resolve().parent.parent / "src/taihe/claims/knowledge"

# One line per official class: short code, template, severity, in the order of `seq`.
CLASSES = """
DRUG_INSURANCE K1 V
DRUG_INSURANCE K1 V
TCM_NEVER_PAID K1 V
TCM_SINGLE_ONLY K8 V
DRUG_SECOND_LINE K12 S
DRUG_NEWBORN K1 V
DRUG_CHILD K1 V
DRUG_INDICATION K2 S
DRUG_MAX_SUPPLY K4 V
DRUG_COURSE_DAYS K5 V
DRUG_SPECIAL_DISEASE K2 V
DRUG_FACILITY_LEVEL K1 V
DRUG_INPATIENT_ONLY K1 V
ITEM_PRICE_CAP K7 V
SURGERY_DISCOUNT K7 V
ITEM_WORK_INJURY K1 V
ITEM_MATERNITY K1 V
ITEM_NEWBORN K1 V
ITEM_CHILD K1 V
ITEM_INDICATION K2 S
ITEM_DEPARTMENT K1 V
ITEM_VISIT_TYPE K1 V
ITEM_COURSE_DAYS K5 V
ITEM_FACILITY_LEVEL K1 V
REPEAT_PAIR_DAY|REPEAT_PAIR_VISIT K3 V
ITEM_UNBUNDLED K17 V
ITEM_DAY_MAX K4 V
ITEM_AMOUNT_CEILING K4 V
ITEM_AGE K1 V
ITEM_WITH_CONSUMABLE K3 V
ITEM_PERIOD_MAX K4 V
CONSUMABLE_NEWBORN K1 V
CONSUMABLE_CHILD K1 V
CONSUMABLE_AMOUNT_CEILING K4 V
SETTLEMENT_LIST_FAULT K11 S
SETTLEMENT_DETAIL_FAULT K11 S
DIAGNOSIS_WITHOUT_SERVICE K6 S
OPERATION_CODE_FAULT K16 S
OPERATION_SEX K10 S
DIAGNOSIS_OPERATION K10 S
LATE_UPLOAD K11 S
FEE_OUT_OF_STAY K11 V
DRUG_STOCK K13 S
ANTIBIOTIC_PROPHYLAXIS K12 S
ANTIBIOTIC_GRADE K1 S
DRUG_COUNT K8 S
INTERNET_DRUG K1 V
CONSUMABLE_STOCK K13 S
READMIT_15D K9 S
FREQUENT_OUTPATIENT K9 S
FREQUENT_PURCHASE K9 S
FREQUENT_INPATIENT K9 S
ADMISSION_WITHOUT_NEED K15 S
DIAGNOSIS_SEX K10 S
DIAGNOSIS_AGE K10 S
SHARE_DRUG K14 M
SHARE_TEST K14 M
SHARE_CONSUMABLE K14 M
SHARE_THERAPY K14 M
SHARE_CT K14 M
SHARE_MRI K14 M
HOSPITAL_INFECTION K14 M
UNPLANNED_READMISSION K14 M
DRUG_WITHOUT_ITEM K6 S
DRUG_CHILD K1 S
DRUG_CHILD_FORBIDDEN K1 S
DRUG_SEX K1 V
DRUG_LABEL_DOSE K4 S
DRUG_DUPLICATE K3 S
DRUG_OFF_LABEL K2 S
DRUG_CONTRAINDICATION K2 S
DRUG_ELDERLY K1 S
DRUG_PREGNANCY K2 S
DRUG_INTERACTION K3 S
TCM_INCOMPATIBLE K3 S
TCM_OVERSIZE K8 S
TCM_DOSE K4 S
TEST_WITHOUT_INDICATION K2 S
THERAPY_WITHOUT_INDICATION K2 S
ITEM_CHILD_ONLY K1 S
ITEM_SEX K1 V
ITEM_CONTRAINDICATION K2 S
ITEM_OFF_INDICATION K2 S
CONSUMABLE_WITHOUT_ITEM K6 S
CONSUMABLE_DEPARTMENT K1 S
CONSUMABLE_QUANTITY K4 S
CONSUMABLE_SEX K1 V
CONSUMABLE_DISEASE K2 V
""".strip().splitlines()

# file -> (short code, column of the code, column of the name, column of the value, class names)
FILES = {
    "param_drug_sex": ("DRUG_SEX", "drug", "sex_allowed", ("药品区分性别使用",)),
    "param_item_sex": ("ITEM_SEX", "item", "sex_allowed", ("医疗服务项目区分性别使用",)),
    "param_drug_age": ("DRUG_CHILD", "drug", "age_group", ("药品儿童专用", "药品限儿童使用")),
    "param_drug_insurance": (
        "DRUG_INSURANCE",
        "drug",
        "insurance",
        ("药品限工伤保险", "药品限生育保险"),
    ),
    "param_drug_visit_type": ("DRUG_INPATIENT_ONLY", "drug", "visit_type", ("药品限就医方式",)),
    "param_drug_facility_level": (
        "DRUG_FACILITY_LEVEL",
        "drug",
        "min_level",
        ("药品限医疗机构级别",),
    ),
    "param_drug_course_days": ("DRUG_COURSE_DAYS", "drug", "max_days", ("药品限支付疗程",)),
    "param_item_daily_max": ("ITEM_DAY_MAX", "item", "max_qty", ("医疗服务项目限定频次",)),
    "param_item_period": ("ITEM_PERIOD_MAX", "item", "max_count", ("医疗服务项目周期超频次",)),
}
LISTS = {
    "TCM_NEVER_PAID": "中药饮片单复方均不予支付",
    "TCM_SINGLE_ONLY": "中药饮片单方使用不予支付",
    "INTERNET_DRUG": "超互联网医院药品支付范围",
}
WINDOWS = {"单日": "REPEAT_PAIR_DAY", "单次就诊": "REPEAT_PAIR_VISIT"}
COLUMNS = [
    "rule_row",
    "kind",
    "class",
    "code",
    "code2",
    "name",
    "name2",
    "value",
    "days",
    "status",
    "kp",
    "version",
    "valid_from",
    "valid_to",
    "source",
    "clause",
]


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write_gz(path: Path, columns: list[str], rows: list[dict[str, str]]) -> None:
    """Write a gzip table whose bytes depend on the rows alone."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="ignore", restval="")
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(gzip.compress(text.getvalue().encode(), 9, mtime=0))


def source_of(kp: dict[str, str]) -> str:
    batch = f"第{kp['batch']}批" if kp["batch"] else "修订"
    return f"国家医保局《智能监管规则和知识点》{batch}，{kp['published_at']} 公布"


def main(folder: Path) -> None:
    points = table(folder / "kp.csv")
    by_id = {kp["kp_id"]: kp for kp in points}
    order = {kp["kp_id"]: n for n, kp in enumerate(points)}
    codes: dict[str, list[str]] = defaultdict(list)
    listing: dict[str, list[str]] = defaultdict(list)
    for row in table(folder / "kp_code.csv"):
        codes[row["kp_id"]].append(row["code"])
        listing[row["code"]].append(row["kp_id"])
    superseded = {kp["supersedes"]: kp["kp_id"] for kp in points if kp["supersedes"]}
    seq_of = {row["name_zh"]: row["seq"] for row in table(folder / "rule_catalogue_88.csv")}

    def newest(code: str, classes: tuple[str, ...]) -> tuple[dict[str, str] | None, str]:
        """The newest knowledge point of these classes for a code, and the row's status."""
        mine = [by_id[k] for k in listing[code] if by_id[k]["rule_class"] in classes]
        live = [kp for kp in mine if kp["kp_id"] not in superseded]
        pick = max(
            live or mine, key=lambda kp: (kp["published_at"], order[kp["kp_id"]]), default=None
        )
        return pick, "live" if live or not mine else "superseded"

    def row_of(kind: str, row_id: str, kp: dict[str, str] | None, **cells: str) -> dict[str, str]:
        row = {"rule_row": row_id, "kind": kind, "status": "live", **cells}
        if kp:
            row |= {
                "class": seq_of[kp["rule_class"]],
                "kp": kp["kp_id"],
                "version": kp["published_at"],
                "source": source_of(kp),
                "clause": row.get("clause") or kp["clause_text"],
            }
        else:
            row.setdefault("source", "国家医保局知识点明细，首次公布")
        return row

    rules: list[dict[str, str]] = []
    for file, (kind, prefix, column, classes) in FILES.items():
        seen: dict[str, dict[str, str]] = {}
        for cells in table(folder / f"{file}.csv"):
            code = cells[f"{prefix}_code"]
            wanted = classes
            if kind == "DRUG_INSURANCE":
                wanted = (classes[0] if cells[column] == "工伤" else classes[1],)
            kp, status = newest(code, wanted)
            row = row_of(
                kind,
                f"{file}:{code}",
                kp,
                code=code,
                name=cells[f"{prefix}_name"],
                value=cells[column],
                days=cells.get("period_days", ""),
                **({"class": seq_of[wanted[0]]} if kp is None else {}),
            )
            row["status"] = status
            if kind == "ITEM_PERIOD_MAX" and cells["clause"]:
                row["clause"] = cells["clause"]
            seen[code] = row
        # Codes that only the revision lists.
        by_name = defaultdict(set)
        by_generic = defaultdict(set)
        for row in seen.values():
            by_name[row["name"]].add(row["value"])
            by_generic[row["code"][:10]].add(row["value"])
        added = skipped = 0
        for kp in points:
            if kp["rule_class"] not in classes or kp["kp_id"] in superseded:
                continue
            for code in codes[kp["kp_id"]]:
                if code in seen:
                    continue
                value = added_value(kind, kp, seen, codes, by_name, by_generic, code)
                if value is None:
                    skipped += 1
                    continue
                seen[code] = row_of(
                    kind, f"{file}:{code}", kp, code=code, name=kp["item_name"], value=value
                )
                added += 1
        print(f"{kind}: {len(seen)} rows, {added} added by the revision, {skipped} without value")
        rules += seen.values()
    for kind, name in LISTS.items():
        listed = {code for kp in points if kp["rule_class"] == name for code in codes[kp["kp_id"]]}
        for code in sorted(listed):
            kp, status = newest(code, (name,))
            row = row_of(kind, f"kp_code:{code}", kp, code=code, name=kp["item_name"] if kp else "")
            row["status"] = status
            rules.append(row)
    pair_points = {
        frozenset(codes[kp["kp_id"]]): kp
        for kp in points
        if kp["rule_class"] == "医疗服务项目重复收费"
    }
    for cells in table(folder / "param_repeat_charge_pair.csv"):
        if cells["window"] not in WINDOWS:
            continue
        main_code, sub_code = cells["main_code"], cells["sub_code"]
        kp = pair_points.get(frozenset((main_code, sub_code)))
        row = row_of(
            WINDOWS[cells["window"]],
            f"param_repeat_charge_pair:{main_code}>{sub_code}",
            kp,
            code=main_code,
            code2=sub_code,
            name=cells["main_name"],
            name2=cells["sub_name"],
            value=cells["window"],
            clause=cells["clause"],
        )
        row["class"] = seq_of["医疗服务项目重复收费"]
        rules.append(row)
    catalogue = {row["seq"]: row for row in table(folder / "rule_catalogue_88.csv")}
    encounter = [
        {
            "rule_row": "encounter_rules:FEE_OUT_OF_STAY",
            "kind": "FEE_OUT_OF_STAY",
            "class": "42",
            "value": "住院",
            "status": "live",
            "version": "2023-05-15",
            "source": "国家医保局《智能监管规则框架体系(1.0版)》，2023-05-15 公布",
            "clause": catalogue["42"]["definition_1_0"],
        },
        {
            "rule_row": "encounter_rules:READMIT_15D",
            "kind": "READMIT_15D",
            "class": "49",
            "value": "住院",
            "days": "15",
            "status": "example",
            "version": "2023-05-15",
            "source": "示例规则：定义见《智能监管规则框架体系(1.0版)》，15 日为示例，未经发布",
            "clause": catalogue["49"]["definition_1_0"],
        },
    ]
    with (OUT / "encounter_rules.csv").open("w", encoding="utf-8", newline="") as file:
        own = csv.DictWriter(file, COLUMNS, lineterminator="\n", restval="")
        own.writeheader()
        own.writerows(encounter)
    write_gz(OUT / "rules.csv.gz", COLUMNS, rules)
    write_gz(
        OUT / "knowledge_points.csv.gz",
        [
            "kp_id",
            "class",
            "gz_code",
            "item_name",
            "clause_text",
            "detect_logic",
            "batch",
            "published_at",
            "supersedes",
            "announcement_url",
            "n_codes",
        ],
        [kp | {"class": seq_of.get(kp["rule_class"], "")} for kp in points],
    )
    with (OUT / "classes.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            [
                "seq",
                "name_zh",
                "tier1",
                "tier2",
                "gz_code",
                "short_code",
                "template",
                "severity",
                "has_points",
                "new_in_2025",
                "source",
                "definition",
            ]
        )
        for seq, cells in catalogue.items():
            short, template, severity = CLASSES[int(seq) - 1].split()
            writer.writerow(
                [
                    seq,
                    cells["name_zh"],
                    cells["tier1"],
                    cells["tier2"],
                    cells["gz_code_1_0"],
                    short,
                    template,
                    severity,
                    cells["has_knowledge_points"],
                    cells["new_in_2025"],
                    "智能监管规则框架体系(1.0版)，2023-05-15"
                    if cells["definition_1_0"]
                    else "智能监管规则(2025年版)，2026-02-12",
                    cells["definition_1_0"],
                ]
            )
    print(len(rules), "rules,", sum(row["status"] == "live" for row in rules), "live")


def added_value(kind, kp, seen, codes, by_name, by_generic, code):  # type: ignore[no-untyped-def]
    """The value of a code that the param file lacks, or None when nothing official gives one."""
    if kind == "DRUG_CHILD":
        return "儿童"
    if kind == "DRUG_INSURANCE":
        return "工伤" if kp["rule_class"] == "药品限工伤保险" else "生育"
    if kind == "DRUG_INPATIENT_ONLY":
        return "住院"
    if kind == "DRUG_COURSE_DAYS":
        days = re.findall(r"(?:不超过|最多支付)(\d+)天", kp["clause_text"])
        if len(days) == 1:
            return f"{days[0]}天"
    if kind == "DRUG_FACILITY_LEVEL":
        level = re.findall(r"(二级|三级)(?:及以上)?医", kp["clause_text"])
        if len(set(level)) == 1:
            return level[0]
    old = {seen[c]["value"] for c in codes.get(kp["supersedes"], ()) if c in seen}
    for values in (old, by_name[kp["item_name"]], by_generic[code[:10]]):
        if len(values) == 1:
            return next(iter(values))
    return None


if __name__ == "__main__":
    main(Path(sys.argv[1]))
