"""The county's own oracle: right on the placed set, on its borders, and equal to the audit."""

from __future__ import annotations

import csv
import gzip
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from taihe.claims.audit import audit_folder
from taihe.county.build import build
from taihe.county.oracle import Encounter, Finding, Line, Person, findings
from taihe.county.rules import Rules, read

Rows = list[dict[str, str]]


def rows(path: Path) -> Rows:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def from_files(folder: Path, rules: Rules) -> list[Finding]:
    day = date.fromisoformat
    people = [
        Person(row["psn_no"], row["gend"], day(row["brdy"]))
        for row in rows(folder / "person.csv.gz")
    ]
    visits = [
        Encounter(
            row["mdtrt_id"],
            row["psn_no"],
            row["fixmedins_code"],
            int(row["hosp_level"]),
            row["med_mdtrt_type"],
            row["internet_flag"],
            row["insutype"],
            day(row["begndate"]),
            day(row["enddate"]),
        )
        for row in rows(folder / "mdtrt.csv.gz")
    ]
    lines = [
        Line(
            row["feedetl_sn"],
            row["mdtrt_id"],
            row["psn_no"],
            day(row["fee_ocur_date"]),
            row["hilist_code"],
            Decimal(row["cnt"]),
        )
        for row in rows(folder / "fee.csv.gz")
    ]
    return findings(people, visits, lines, rules)


def expected(path: Path) -> list[Finding]:
    return sorted(Finding(*(row[name] for name in Finding._fields)) for row in rows(path))


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("truth") / "county"
    build(residents=600, out=folder)
    return folder


@pytest.mark.shared
def test_the_oracle_gives_the_placed_findings(shared: Path) -> None:
    placed = shared / "data" / "audit"
    found = from_files(placed / "synthetic", read(placed / "rules"))
    assert found == expected(placed / "synthetic" / "expected_findings.csv.gz")


def test_the_truth_is_what_the_oracle_finds_in_the_files(county: Path) -> None:
    assert from_files(county / "exchange", read()) == expected(county / "truth/findings.csv.gz")


def test_the_audit_finds_the_truth_and_nothing_else(county: Path, tmp_path: Path) -> None:
    out = tmp_path / "found.csv"
    audit_folder(county / "exchange", out, today=date(2026, 11, 1))
    with out.open(encoding="utf-8-sig", newline="") as text:
        found = sorted(
            Finding(*(row[name] for name in Finding._fields)) for row in csv.DictReader(text)
        )
    assert found == expected(county / "truth" / "findings.csv.gz")


# -- borders, on two made-up rule rows ------------------------------------------------------------

RULES = Rules(
    child={"C"},
    level={"L": 2},
    day_max={"D": 24},
    period={"P": (1, 15)},
    course={"K": ("K", 3)},
    single_only={"T1"},
)


def one(
    lines: list[tuple[str, int, int | Decimal]],
    *,
    kind: str = "1",
    level: int = 2,
    born: date = date(1980, 1, 1),
    stay: tuple[int, int] = (1, 28),
) -> list[str]:
    """Kinds found for one person in February 2025; lines are (code, day, count)."""

    def day(number: int) -> date:
        return date(2025, 2, number)

    visit = Encounter("m", "p", "A", level, kind, "0", "390", day(stay[0]), day(stay[1]))
    fees = [
        Line(f"f{at}", "m", "p", day(number), code, count)
        for at, (code, number, count) in enumerate(lines)
    ]
    return [row.kind for row in findings([Person("p", "1", born)], [visit], fees, RULES)]


@pytest.mark.parametrize(
    ("what", "lines", "settings", "finds"),
    [
        ("18th birthday", [("C", 5, 1)], {"born": date(2007, 2, 5)}, ["DRUG_CHILD"]),
        ("the day before it", [("C", 4, 1)], {"born": date(2007, 2, 5)}, []),
        ("level below", [("L", 5, 1)], {"level": 1}, ["DRUG_FACILITY_LEVEL"]),
        ("level reached", [("L", 5, 1)], {"level": 2}, []),
        ("25 of 24 hours", [("D", 5, 20), ("D", 5, 5)], {}, ["ITEM_DAY_MAX"]),
        ("24 of 24 hours", [("D", 5, 20), ("D", 5, 4)], {}, []),
        ("on two days", [("D", 5, 24), ("D", 6, 24)], {}, []),
        ("14 days apart", [("P", 1, 1), ("P", 15, 1)], {}, ["ITEM_PERIOD_MAX"]),
        ("15 days apart", [("P", 1, 1), ("P", 16, 1)], {}, []),
        ("four days", [("K", n, 1) for n in (1, 2, 3, 9)], {}, ["DRUG_COURSE_DAYS"]),
        ("three days, twice", [("K", n, 1) for n in (1, 2, 3, 3)], {}, []),
        ("single herb", [("T1", 5, 90)], {}, ["TCM_SINGLE_ONLY"]),
        ("in company", [("T1", 5, 90), ("T2", 5, 90)], {}, []),
        (
            "the day after",
            [("X", 11, 1)],
            {"kind": "2", "stay": (5, 10)},
            ["FEE_OUT_OF_STAY"],
        ),
        ("the last day", [("X", 10, 1)], {"kind": "2", "stay": (5, 10)}, []),
    ],
)
def test_borders(what: str, lines: list, settings: dict, finds: list[str]) -> None:
    assert one(lines, **settings) == finds, what


@pytest.mark.parametrize(("gap", "found"), [(-1, 0), (0, 1), (15, 1), (16, 0)])
def test_readmission_counts_from_discharge(gap: int, found: int) -> None:
    first = Encounter("a", "p", "A", 2, "2", "0", "390", date(2025, 1, 1), date(2025, 1, 9))
    start = date.fromordinal(first.end.toordinal() + gap)
    second = Encounter("b", "p", "A", 2, "2", "0", "390", start, date(2025, 2, 1))
    person = Person("p", "1", date(1980, 1, 1))
    assert len(findings([person], [first, second], [], RULES)) == found
