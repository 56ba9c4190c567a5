"""Filling the health site of a demo: load, relations, accounts, audit."""

from __future__ import annotations

import csv
import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone
from tqdm import tqdm

from taihe.base import public as base
from taihe.kernel.codes import Purpose, System
from taihe.kernel.errors import Fault

INSURER = "YB341222"
PLATFORM = "PT341222"
PHARMACY = "YF341222001"
CARE_HOME = "YL341222001"


def fill(county: Path) -> None:
    """Send a county through the doors. Each step may have been done before."""
    manifest = json.loads((county / "manifest.json").read_text("utf-8"))
    system = base.create_system_party("taihe up")
    _organisations(manifest, system)
    _load([county / "fhir", county / "exchange"], system)
    _relations(county / "relations.csv.gz", system)
    _accounts(manifest["demo"], system)
    _audit(system)
    _link(system)
    _scenes(manifest, county, system)
    _first_reading(manifest["demo"])
    _lake()
    _released(manifest, county, system)


def _organisations(manifest: dict[str, Any], by: int) -> None:
    rows = [
        *manifest["institutions"],
        {"code": INSURER, "name": "太和县医疗保障局", "kind": "insurer"},
        {"code": PLATFORM, "name": "太和县全民健康信息平台", "kind": "county_platform"},
        {"code": PHARMACY, "name": "太和县大药房（演示）", "kind": "pharmacy"},
        {"code": CARE_HOME, "name": "太和颐和医养中心（演示）", "kind": "care_home"},
    ]
    with transaction.atomic():
        for row in rows:
            if base.organisation(row["code"]) is None:
                base.create_organisation(
                    row["code"],
                    row["name"],
                    row["kind"],
                    level=row.get("level", ""),
                    division=row.get("division", "341222"),
                    by=by,
                )


def _load(paths: list[Path], by: int) -> None:
    from taihe.record import public as record

    with tqdm(total=0, unit="B", unit_scale=True, desc="load") as shown:

        def progress(done: int, total: int, _file: str) -> None:
            shown.total = total
            shown.update(done - shown.n)

        result = record.load_paths(paths, progress=progress, by=by)
    if not result.is_complete:
        first = result.problems[0] if result.problems else ""
        raise Fault(f"The demo county was not loaded whole. {result.stopped} {first}")


def _relations(path: Path, by: int) -> None:
    from taihe.record import public as record

    rows = list(_rows(path))
    persons = record.ensure_persons(
        System.INSURANCE_PERSON, sorted({row["psn_no"] for row in rows})
    )
    parties: dict[str, int] = {}
    spans: dict[tuple[date, date | None], list[tuple[int, int, str]]] = defaultdict(list)
    for row in rows:
        code = row["organisation"]
        if code not in parties:
            found = base.organisation(code)
            if found is None:
                continue
            parties[code] = found.party
        end = date.fromisoformat(row["end"]) if row["end"] else None
        spans[date.fromisoformat(row["start"]), end].append(
            (persons[row["psn_no"]], parties[code], row["kind"])
        )
    with transaction.atomic():
        for (start, end), group in tqdm(spans.items(), desc="relations", unit="group"):
            record.relate_many(group, start=start, end=end, source="demo county", by=by)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _accounts(demo: dict[str, Any], by: int) -> None:
    from taihe.record import public as record

    staff: list[tuple[str, str, base.RoleName, str]] = [
        ("demo-clinician", "王医生", "clinician", demo["hospital"]),
        ("demo-village-doctor", "李村医", "village_doctor", demo["village_clinic"]),
        ("demo-tcm-doctor", "周中医", "tcm_doctor", demo["tcm_hospital"]),
        ("demo-pharmacist", "孙药师", "pharmacist", PHARMACY),
        ("demo-care-assessor", "吴评估", "care_assessor", CARE_HOME),
        ("demo-record-steward", "吴档案", "record_steward", PLATFORM),
        ("demo-record-steward-2", "郑档案", "record_steward", PLATFORM),
        ("demo-auditor", "张审核", "auditor", INSURER),
        ("demo-auditor-2", "刘复审", "auditor", INSURER),
        ("demo-auditor-3", "陈合议", "auditor", INSURER),
        ("demo-auditor-4", "吴合议", "auditor", INSURER),
        ("demo-auditor-5", "郑合议", "auditor", INSURER),
        ("demo-analyst", "何分析", "analyst", PLATFORM),
        ("demo-hospital", "赵主任", "hospital", demo["hospital"]),
        ("demo-administrator", "系统管理员", "administrator", PLATFORM),
    ]
    with transaction.atomic():
        for username, name, role, code in staff:
            if base.account(username) is None:
                base.create_account(
                    username,
                    name,
                    "staff",
                    roles=(role,),
                    organisation_code=code,
                    is_demo=True,
                    by=by,
                )
        for username, scene in (("demo-resident", "elder"), ("demo-resident-2", "expecting")):
            if base.account(username) is None:
                name = "李奶奶（八十岁）" if scene == "elder" else "孕期居民"
                account = base.create_account(
                    username, name, "resident", roles=("resident",), is_demo=True, by=by
                )
                person = record.person_of(System.INSURANCE_PERSON, demo[scene]["psn_no"])
                assert person is not None
                record.relate(
                    person,
                    account.party,
                    "self",
                    start=timezone.localdate(),
                    source="demo account",
                    by=by,
                )


def _audit(by: int) -> None:
    from taihe.claims import public as claims

    with tqdm(total=1, desc="audit", unit="run") as shown:
        claims.audit_installation(timezone.now(), by)
        shown.update()


def _link(by: int) -> None:
    """Merge who is surely one person, and put the doubtful on the stewards' list."""
    from taihe.record import public as record

    with tqdm(total=1, desc="link", unit="run") as shown:
        record.link_record(by=by, at=timezone.now())
        shown.update()


def _scenes(manifest: dict[str, Any], county: Path, by: int) -> None:
    """What contexts play for a demo; each does it once."""
    from taihe.care import demo as care
    from taihe.chronic import demo as chronic
    from taihe.medicine import demo as medicine
    from taihe.tcm import demo as tcm
    from taihe.visits import demo as visits

    for context in (visits, medicine, chronic, tcm, care):
        context.fill(manifest, county, by=by, at=timezone.now())


def _first_reading(demo: dict[str, Any]) -> None:
    """The village doctor has read the elder's record once, so that she can see who did."""
    from taihe.record import public as record

    account = base.account("demo-village-doctor")
    person = record.person_of(System.INSURANCE_PERSON, demo["elder"]["psn_no"])
    assert account is not None and person is not None
    reader = record.reader_of(base.actor_of(account.account_id))
    record.summary(reader, Purpose.TREATMENT, person, route="demo", on=timezone.localdate())


def _lake() -> None:
    """The figures are there when the first analyst comes; the worker goes on from here."""
    from taihe.insight import public as insight

    insight.catch_up()


def _released(manifest: dict[str, Any], county: Path, by: int) -> None:
    """The zone next door may read what is released."""
    from taihe.config.demo_peer import hand_over_token
    from taihe.insight import demo as insight

    insight.fill(manifest, county, by=by, at=timezone.now())
    hand_over_token()
