"""A small installation with claims, audited: one case of each of several classes."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import Client

from taihe.base import models as base
from taihe.base import public
from taihe.claims import models, rowstore, rule_rows
from taihe.claims import public as claims
from taihe.claims.installation import InstallationAudit

AT = datetime(2026, 11, 10, 2, 0, tzinfo=UTC)
PERSON = "psn_no,gend,brdy\npa,1,1965-05-01\npb,2,1990-02-03\n"
MDTRT = """mdtrt_id,psn_no,fixmedins_code,hosp_lv,med_type,internet_flag,insutype,begntime,endtime
m1,pa,H34162200001,2,2,0,390,2026-10-03,2026-10-09
m2,pa,H34162200001,2,2,0,390,2026-10-14,2026-10-20
m3,pb,H34162200002,1,1,0,310,2026-10-05,2026-10-05
"""


@dataclass(frozen=True)
class Installation:
    """What the fixture made."""

    audit: InstallationAudit
    folder: Path
    insurer: public.Organisation
    first: public.Organisation
    second: public.Organisation

    def case(self, kind: str) -> models.Case:
        """The only case of a class."""
        return models.Case.objects.get(kind=kind)


def _rule(kind: str, **wanted: str) -> rule_rows.Rule:
    return next(
        rule
        for rule in rule_rows.shipped()
        if rule.kind == kind and all(getattr(rule, k) == v for k, v in wanted.items())
    )


@pytest.fixture
def installation(transactional_db, tmp_path: Path) -> Installation:
    """Two hospitals, two insured people, eight lines; loaded and audited through the door."""
    models.ClaimItem.objects.all().delete()
    rowstore._names.clear()
    insurer = public.create_organisation("A341622001", "太和县医疗保障局", "insurer")
    first = public.create_organisation("H34162200001", "太和县人民医院", "hospital", level="2")
    second = public.create_organisation("H34162200002", "城关镇卫生院", "township_hospital")
    pair = _rule("REPEAT_PAIR_DAY")
    sex = _rule("DRUG_SEX", value="女")
    level = _rule("DRUG_FACILITY_LEVEL", value="二级")
    lines = [
        ("f1", "m1", "pa", "2026-10-05", pair.code, pair.name, "1", "32.00", ""),
        ("f2", "m1", "pa", "2026-10-05", pair.code2, pair.name2, "1", "21.00", ""),
        ("f3", "m1", "pa", "2026-10-06", pair.code, pair.name, "1", "32.00", ""),
        ("f4", "m1", "pa", "2026-10-07", sex.code, sex.name, "2", "15.50", ""),
        ("f5", "m3", "pb", "2026-10-05", level.code, level.name, "1", "88.00", ""),
        ("f6", "m1", "pa", "2026-10-12", "Xother", "普通药", "1", "5.00", ""),
        ("f7", "m2", "pa", "2026-10-15", sex.code, sex.name, "1", "7.75", ""),
        ("f8", "m2", "pa", "2026-10-15", sex.code, sex.name, "-1", "-7.75", "f7"),
    ]
    (tmp_path / "person.csv").write_text(PERSON, encoding="utf-8")
    (tmp_path / "mdtrt.csv").write_text(MDTRT, encoding="utf-8")
    with (tmp_path / "fee.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            [
                "feedetl_sn",
                "mdtrt_id",
                "psn_no",
                "fee_ocur_time",
                "hilist_code",
                "hilist_name",
                "cnt",
                "det_item_fee_sumamt",
                "init_feedetl_sn",
            ]
        )
        writer.writerows(lines)
    for table, handler in claims.table_handlers().items():
        result = handler(tmp_path / f"{table}.csv")
        assert (result.rejected, result.problems) == (0, ())
    return Installation(claims.audit_installation(AT), tmp_path, insurer, first, second)


@pytest.fixture
def enter(installation: Installation) -> Callable[..., Client]:
    """A browser signed in as an auditor, or as the office of a hospital by its code."""

    def enter(role: str, organisation: str, username: str = "") -> Client:
        made = public.create_account(
            username or f"{role}-{organisation}",
            "某人",
            "staff",
            roles=(role,),
            organisation_code=organisation,
        )
        browser = Client()
        browser.force_login(
            base.Account.objects.get(pk=made.account_id),
            backend="django.contrib.auth.backends.ModelBackend",
        )
        return browser

    return enter
