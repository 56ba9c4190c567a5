"""The audit against its slow plain twin, on generated claims and on the placed set."""

from __future__ import annotations

import csv
import gzip
import random
from datetime import date, timedelta
from pathlib import Path

import pytest

from taihe.claims.audit import audit_folder
from tests.oracle import claims_plain
from tests.spec.claims.conftest import DEFAULTS, write

KINDS = {
    "DRUG_SEX": ("男", "女"),
    "ITEM_SEX": ("男", "女"),
    "DRUG_CHILD": ("儿童",),
    "DRUG_INSURANCE": ("工伤", "生育"),
    "DRUG_INPATIENT_ONLY": ("住院",),
    "DRUG_FACILITY_LEVEL": ("二级", "三级"),
    "INTERNET_DRUG": ("",),
    "TCM_NEVER_PAID": ("",),
    "TCM_SINGLE_ONLY": ("",),
    "ITEM_DAY_MAX": ("1", "3"),
    "ITEM_PERIOD_MAX": ("1", "2"),
    "DRUG_COURSE_DAYS": ("2天", "3天"),
}


def generate(seed: int) -> dict[str, list[dict[str, str]]]:
    """Few people, places and codes, so that everything meets everything."""
    r = random.Random(seed)
    start = date(2024, 2, 20)
    codes = [f"X{n}" for n in range(8)] + [f"T{n}" for n in range(5)] + [f"0{n}" for n in range(5)]
    persons = [
        {
            "psn_no": f"p{n}",
            "gend": r.choice("1290"),
            "brdy": (start - timedelta(days=18 * 365 + r.randint(-8, 12))).isoformat(),
        }
        for n in range(12)
    ]
    encounters, lines = [], []
    for n in range(150):
        begin = start + timedelta(days=r.randint(0, 40))
        stay = r.random() < 0.5
        end = begin + timedelta(days=r.randint(0, 6) if stay else 0)
        visit = DEFAULTS["mdtrt"] | {
            "mdtrt_id": f"m{n:03d}",
            "psn_no": r.choice(persons)["psn_no"],
            "fixmedins_code": r.choice(("H1", "H2")),
            "hosp_level": r.choice("123"),
            "med_mdtrt_type": "2" if stay else "1",
            "internet_flag": r.choice("001"),
            "insutype": r.choice(("310", "390", "410", "510")),
            "begndate": begin.isoformat(),
            "enddate": "" if stay and r.random() < 0.05 else end.isoformat(),
        }
        encounters.append(visit)
        for _ in range(r.randint(0, 8)):
            on = begin + timedelta(days=r.randint(-1, max(1, (end - begin).days + 1)))
            lines.append(
                DEFAULTS["fee"]
                | {
                    "feedetl_sn": f"f{len(lines):04d}",
                    "mdtrt_id": visit["mdtrt_id"],
                    "psn_no": visit["psn_no"],
                    "fee_ocur_date": on.isoformat(),
                    "hilist_code": r.choice(codes),
                    "cnt": r.choice(("1", "2", "0.5", "3.0")),
                }
            )
    for line in r.sample(lines, len(lines) // 15):
        lines.append(
            line
            | {
                "feedetl_sn": f"f{len(lines):04d}",
                "cnt": f"-{r.choice((line['cnt'], '1'))}",
                "det_item_fee_sumamt": "-1",
                "init_feedetl_sn": line["feedetl_sn"],
            }
        )
    rules = []
    for kind, values in KINDS.items():
        pool = [code for code in codes if code.startswith("T") == kind.startswith("TCM")]
        value = r.choice(values)
        for code in r.sample(pool, 3):
            rules.append(
                {
                    "kind": kind,
                    "code": code,
                    "name": "course" if kind == "DRUG_COURSE_DAYS" else code,
                    "value": value if kind == "DRUG_COURSE_DAYS" else r.choice(values),
                    "days": r.choice(("3", "7")) if kind == "ITEM_PERIOD_MAX" else "",
                }
            )
    for kind, window in (("REPEAT_PAIR_DAY", "单日"), ("REPEAT_PAIR_VISIT", "单次就诊")):
        for _ in range(4):
            a, b = r.sample(codes, 2)
            rules.append({"kind": kind, "code": a, "code2": b, "value": window})
    rules.append({"kind": "FEE_OUT_OF_STAY", "value": "住院"})
    rules.append({"kind": "READMIT_15D", "value": "住院", "days": "5", "status": "example"})
    rules = [DEFAULTS["rules"] | {"rule_row": f"rules:{n}"} | rule for n, rule in enumerate(rules)]
    pairs: dict[tuple[str, ...], dict[str, str]] = {}
    for rule in rules:
        pairs[rule["kind"], rule["code"], rule["code2"]] = rule
    return {"person": persons, "mdtrt": encounters, "fee": lines, "rules": list(pairs.values())}


def found_in(path: Path) -> list[tuple[str, ...]]:
    with path.open(encoding="utf-8", newline="") as file:
        return sorted(tuple(row[:7]) for row in list(csv.reader(file))[1:])


@pytest.mark.parametrize("seed", range(6))
def test_both_engines_find_what_the_plain_twin_finds(tmp_path: Path, seed: int) -> None:
    tables = generate(seed)
    plain = claims_plain.audit(tables["person"], tables["mdtrt"], tables["fee"], tables["rules"])
    assert len({row[0] for row in plain}) >= 14, "the generated claims meet nearly every kind"
    claims, rules = tmp_path / "claims", tmp_path / "rules"
    claims.mkdir()
    rules.mkdir()
    for table in ("person", "mdtrt", "fee"):
        write(claims / f"{table}.csv", tables[table], list(DEFAULTS[table]))
    write(rules / "rules.csv", tables["rules"], list(DEFAULTS["rules"]))
    for engine in ("duckdb", "sqlite"):
        out = tmp_path / f"{engine}.csv"
        result = audit_folder(claims, out, rules=rules, engine=engine, today=date(2026, 1, 1))
        assert not result.problems, result.problems
        assert found_in(out) == plain


def _table(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.shared
@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_the_placed_set_gives_exactly_its_expected_findings(
    tmp_path: Path, shared: Path, engine: str
) -> None:
    folder = shared / "data/audit/synthetic"
    out = tmp_path / "f.csv"
    result = audit_folder(
        folder, out, rules=shared / "data/audit/rules", engine=engine, today=date(2026, 11, 22)
    )
    with gzip.open(folder / "expected_findings.csv.gz", "rt", encoding="utf-8") as file:
        expected = sorted(tuple(row) for row in list(csv.reader(file))[1:])
    assert found_in(out) == expected
    assert len(expected) == 7225
    assert (result.findings, result.lines, result.fallback) == (7225, 85035, ())
    assert not result.problems


@pytest.mark.shared
def test_the_plain_twin_agrees_on_the_placed_set_under_shipped_rules(
    tmp_path: Path, shared: Path
) -> None:
    folder = shared / "data/audit/synthetic"
    out = tmp_path / "f.csv"
    audit_folder(folder, out, today=date(2026, 11, 22))
    knowledge = Path("src/taihe/claims/knowledge")
    rules = _table(knowledge / "rules.csv.gz")
    with (knowledge / "encounter_rules.csv").open(encoding="utf-8", newline="") as file:
        rules += list(csv.DictReader(file))
    plain = claims_plain.audit(
        _table(folder / "person.csv.gz"),
        _table(folder / "mdtrt.csv.gz"),
        _table(folder / "fee.csv.gz"),
        rules,
    )
    assert found_in(out) == plain
