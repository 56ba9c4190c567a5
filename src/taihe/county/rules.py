"""
The published rule rows as plain dictionaries, read from CSV files by name.

This is a second, simple reader beside the one of `claims`: the oracle must not share code
with what it checks.
"""

from __future__ import annotations

import csv
import gzip
import io
from dataclasses import dataclass, field
from pathlib import Path

from taihe.kernel.errors import Incorrect

SEX = {"男": "1", "女": "2"}
INSURANCE = {"工伤": "410", "生育": "510"}
LEVEL = {"二级": 2, "三级": 3}

# The national files in the form in which they are published, as (file, kind, code, value, days).
FILES = (
    ("param_drug_sex", "DRUG_SEX", "drug_code", "sex_allowed", ""),
    ("param_item_sex", "ITEM_SEX", "item_code", "sex_allowed", ""),
    ("param_drug_age", "DRUG_CHILD", "drug_code", "age_group", ""),
    ("param_drug_insurance", "DRUG_INSURANCE", "drug_code", "insurance", ""),
    ("param_drug_visit_type", "DRUG_INPATIENT_ONLY", "drug_code", "visit_type", ""),
    ("param_drug_facility_level", "DRUG_FACILITY_LEVEL", "drug_code", "min_level", ""),
    ("param_drug_course_days", "DRUG_COURSE_DAYS", "drug_code", "max_days", ""),
    ("param_item_daily_max", "ITEM_DAY_MAX", "item_code", "max_qty", ""),
    ("param_item_period", "ITEM_PERIOD_MAX", "item_code", "max_count", "period_days"),
)
POINTS = {
    "中药饮片单复方均不予支付": "TCM_NEVER_PAID",
    "中药饮片单方使用不予支付": "TCM_SINGLE_ONLY",
    "超互联网医院药品支付范围": "INTERNET_DRUG",
}
WINDOWS = {"单日": "REPEAT_PAIR_DAY", "单次就诊": "REPEAT_PAIR_VISIT"}


@dataclass
class Rules:
    """
    The rows of the 16 classes, by code.

    `unsure` are codes that stand in rows of several classes, or of which a row was
    superseded; the generator plants none of them, so that each planted line has one reason.
    """

    drug_sex: dict[str, str] = field(default_factory=dict)
    item_sex: dict[str, str] = field(default_factory=dict)
    child: set[str] = field(default_factory=set)
    insurance: dict[str, str] = field(default_factory=dict)
    inpatient: set[str] = field(default_factory=set)
    level: dict[str, int] = field(default_factory=dict)
    never_paid: set[str] = field(default_factory=set)
    single_only: set[str] = field(default_factory=set)
    internet: set[str] = field(default_factory=set)
    pair_day: dict[str, list[str]] = field(default_factory=dict)
    pair_visit: dict[str, list[str]] = field(default_factory=dict)
    day_max: dict[str, int] = field(default_factory=dict)
    period: dict[str, tuple[int, int]] = field(default_factory=dict)
    course: dict[str, tuple[str, int]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)

    def add(self, kind: str, code: str, code2: str, name: str, value: str, days: str) -> None:
        """Take one row in."""
        match kind:
            case "DRUG_SEX":
                self.drug_sex[code] = SEX[value]
            case "ITEM_SEX":
                self.item_sex[code] = SEX[value]
            case "DRUG_CHILD":
                self.child.add(code)
            case "DRUG_INSURANCE":
                self.insurance[code] = INSURANCE[value]
            case "DRUG_INPATIENT_ONLY":
                self.inpatient.add(code)
            case "DRUG_FACILITY_LEVEL":
                self.level[code] = LEVEL[value]
            case "DRUG_COURSE_DAYS":
                self.course[code] = (name, int(value.removesuffix("天")))
            case "ITEM_DAY_MAX":
                self.day_max[code] = int(value)
            case "ITEM_PERIOD_MAX":
                self.period[code] = (int(value), int(days))
            case "TCM_NEVER_PAID":
                self.never_paid.add(code)
            case "TCM_SINGLE_ONLY":
                self.single_only.add(code)
            case "INTERNET_DRUG":
                self.internet.add(code)
            case "REPEAT_PAIR_DAY":
                self.pair_day.setdefault(code, []).append(code2)
            case "REPEAT_PAIR_VISIT":
                self.pair_visit.setdefault(code, []).append(code2)
            case _:
                return
        self.names.setdefault(code, name)


def shipped() -> Path:
    """The folder of the rows that ship with Taihe."""
    return Path(__file__).resolve().parent.parent / "claims" / "knowledge"


def read(folder: Path | None = None) -> Rules:
    """
    Read the rows of a folder, by default the shipped ones.

    A folder with `rules.csv[.gz]` is in Taihe's form, where superseded rows say so and are
    left out; otherwise it has the national tables, and every row of them counts.
    """
    chosen = folder or shipped()
    if _find(chosen, "rules") is not None:
        return _ours(chosen)
    return _national(chosen)


def _ours(folder: Path) -> Rules:
    rules = Rules()
    kinds: dict[str, set[str]] = {}
    for row in _rows(folder, "rules"):
        code, kind = row["code"], row["kind"]
        if kind.startswith("REPEAT"):
            rules.names.setdefault(row["code2"], row["name2"])
        else:
            kinds.setdefault(code, set()).add(kind)
        if row["status"] == "superseded":
            rules.unsure.add(code)
            continue
        rules.add(kind, code, row["code2"], row["name"], row["value"], row["days"])
    rules.unsure |= {code for code, several in kinds.items() if len(several) > 1}
    return rules


def _national(folder: Path) -> Rules:
    rules = Rules()
    for file, kind, code, value, days in FILES:
        for row in _rows(folder, file):
            name = row.get("drug_name") or row.get("item_name") or ""
            rules.add(kind, row[code], "", name, row[value], row[days] if days else "")
    for row in _rows(folder, "param_repeat_charge_pair"):
        if row["window"] in WINDOWS:
            rules.names.setdefault(row["sub_code"], row["sub_name"])
            rules.add(
                WINDOWS[row["window"]], row["main_code"], row["sub_code"], row["main_name"], "", ""
            )
    points = {row["kp_id"]: row for row in _rows(folder, "kp")}
    for row in _rows(folder, "kp_code"):
        point = points.get(row["kp_id"])
        if point and point["rule_class"] in POINTS:
            rules.add(POINTS[point["rule_class"]], row["code"], "", point["item_name"], "", "")
    return rules


def _find(folder: Path, name: str) -> Path | None:
    for path in (folder / f"{name}.csv", folder / f"{name}.csv.gz"):
        if path.exists():
            return path
    return None


def _rows(folder: Path, name: str) -> list[dict[str, str]]:
    path = _find(folder, name)
    if path is None:
        raise Incorrect(
            f"{name}.csv is not in the folder of the rule rows.",
            "Reinstall Taihe, or name a folder that has the national tables.",
        )
    raw = path.read_bytes()
    if path.suffix == ".gz":
        raw = gzip.decompress(raw)
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
