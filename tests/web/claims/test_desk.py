"""The audit desk and the hospital's desk: whole page, part of a page, refused, decided."""

from __future__ import annotations

import pytest

from taihe.base import access_log, workflow
from taihe.base.models import TrailRow
from taihe.claims import models
from taihe.claims import public as claims
from taihe.claims.case_rules import CASE
from taihe.record import public as record
from tests.web.claims.conftest import AT

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "access"])


def test_an_audit_opens_one_case_per_finding(installation) -> None:
    assert installation.audit.by_kind == {
        "DRUG_FACILITY_LEVEL": 1,
        "DRUG_SEX": 1,
        "FEE_OUT_OF_STAY": 1,
        "READMIT_15D": 1,
        "REPEAT_PAIR_DAY": 1,
    }
    assert installation.audit.opened == models.Case.objects.count() == 5
    assert installation.audit.lines == 6, "the refunded line and its refund are gone"
    assert TrailRow.objects.filter(action="claims.case.opened").count() == 5


def test_a_second_audit_and_a_second_load_change_nothing(installation) -> None:
    for table, handler in claims.table_handlers().items():
        result = handler(installation.folder / f"{table}.csv")
        assert (result.new, result.updated) == (0, 0), table
    again = claims.audit_installation(AT)
    assert (again.opened, again.changed, again.withdrawn) == (0, 0, 0)
    assert again.findings == 5


def test_a_corrected_line_withdraws_its_case(installation) -> None:
    path = installation.folder / "fee.csv"
    text = path.read_text(encoding="utf-8").replace("2026-10-12", "2026-10-09")
    path.write_text(text, encoding="utf-8")
    assert claims.load_table("fee", path).updated == 1
    again = claims.audit_installation(AT)
    assert (again.findings, again.withdrawn) == (4, 1)
    assert installation.case("FEE_OUT_OF_STAY").state == "withdrawn"


def test_the_queue_shows_classes_amounts_and_filters(enter) -> None:
    auditor = enter("auditor", "A341622001")
    page = auditor.get("/desk/claims/").content.decode()
    assert "5 件待审" in page
    assert "同日重复收费" in page
    assert "太和县人民医院" in page
    page = auditor.get("/desk/claims/?kind=DRUG_SEX&sort=day").content.decode()
    assert page.count("/desk/claims/") >= 1
    assert "31.00" not in page
    part = auditor.get("/desk/claims/?kind=DRUG_SEX", headers={"HX-Target": "cases"})
    assert b"<html" not in part.content
    assert "15.50" in part.content.decode()


def test_a_case_shows_lines_clause_days_and_what_makes_it_right(enter, installation) -> None:
    auditor = enter("auditor", "A341622001")
    case = installation.case("REPEAT_PAIR_DAY")
    response = auditor.get(f"/desk/claims/{case.pk}/")
    page = response.content.decode()
    assert response.status_code == 200
    assert (
        response["Cache-Control"] == "no-store, private" or "no-store" in response["Cache-Control"]
    )
    for words in (
        "同日重复收费",
        "男，61 岁",
        "21.00",
        "32.00",
        "怎样才合规",
        "第 25 类",
        "param_repeat_charge_pair:",
        "第 7 批",
        "2025-12-12",
        "确认并通知医院",
        "2026-10-05",
    ):
        assert words in page, words
    assert 'class="bad"' in page
    assert 'class="warn"' in page
    assert "pa" not in page.replace("page", "").split("患者")[1][:20], "no insurance number"


def test_an_example_rule_says_so(enter, installation) -> None:
    auditor = enter("auditor", "A341622001")
    page = auditor.get(f"/desk/claims/{installation.case('READMIT_15D').pk}/").content.decode()
    assert "示例规则" in page
    assert "前一次" in page


def test_opening_a_case_writes_who_read_whose_record(enter, installation) -> None:
    auditor = enter("auditor", "A341622001")
    case = installation.case("DRUG_SEX")
    auditor.get(f"/desk/claims/{case.pk}/")
    seen = access_log.seen_by(record.numbers_of(case.person), limit=5)
    assert [(entry.purpose, entry.action) for entry in seen] == [("HPAYMT", "case")]


def test_a_case_opens_no_more_than_it_needs(installation) -> None:
    """The insurer by `audits`, the hospital by `treats` once, and nobody else."""
    case = installation.case("REPEAT_PAIR_DAY")
    found = record.relations_of(case.person)
    assert {(one.party, one.kind) for one in found} == {
        (installation.insurer.party, "audits"),
        (installation.first.party, "treats"),
    }
    assert all(one.source.startswith("case:") for one in found)


def test_other_roles_and_other_hospitals_find_nothing(enter, installation) -> None:
    case = installation.case("REPEAT_PAIR_DAY")
    other = enter("hospital", "H34162200002")
    assert other.get(f"/desk/hospital/{case.pk}/").status_code == 404
    assert other.post(f"/desk/hospital/{case.pk}/decide/", {}).status_code == 404
    assert other.get("/desk/claims/").status_code == 404
    clinician = enter("clinician", "H34162200001")
    for path in ("/desk/claims/", f"/desk/claims/{case.pk}/", "/desk/hospital/"):
        assert clinician.get(path).status_code == 404
    assert enter("auditor", "A341622001").get("/desk/claims/999999/").status_code == 404


def test_decisions_are_steps_and_lead_to_the_next_case(enter, installation) -> None:
    auditor = enter("auditor", "A341622001")
    case = installation.case("REPEAT_PAIR_DAY")
    url = f"/desk/claims/{case.pk}/decide/"
    refused = auditor.post(url, {"action": "dismiss", "state": "new", "note": ""})
    assert refused.status_code == 400
    assert "需要写明理由" in refused.content.decode()
    done = auditor.post(url, {"action": "confirm", "state": "new"})
    assert done.status_code == 302
    assert f"done={case.number}" in done["Location"]
    case.refresh_from_db()
    assert case.state == "confirmed"
    assert case.due is not None
    late = auditor.post(url, {"action": "dismiss", "state": "new", "note": "看错了"})
    assert late.status_code == 409
    assert [step.action for step in workflow.history(case.subject, CASE.name)] == ["confirm"]


def test_a_hospital_sees_its_cases_and_appeals(enter, installation) -> None:
    case = installation.case("REPEAT_PAIR_DAY")
    enter("auditor", "A341622001").post(
        f"/desk/claims/{case.pk}/decide/", {"action": "confirm", "state": "new"}
    )
    office = enter("hospital", "H34162200001")
    page = office.get("/desk/hospital/").content.decode()
    assert "1 件等待本院回应" in page
    assert "城关镇卫生院" not in page
    page = office.get(f"/desk/hospital/{case.pk}/").content.decode()
    assert "申诉" in page
    assert "确认并通知医院</button>" not in page
    done = office.post(
        f"/desk/hospital/{case.pk}/decide/",
        {"action": "appeal", "state": "confirmed", "note": "两个不同部位，见病程记录。"},
    )
    assert done.status_code == 302
    answers = enter("auditor", "A341622001", "second").get("/desk/claims/answers/")
    assert case.number in answers.content.decode()


def test_the_coverage_map_has_88_classes(enter) -> None:
    auditor = enter("auditor", "A341622001")
    page = auditor.get("/desk/claims/rules/").content.decode()
    assert page.count('data-label="规则类别"') == 88
    assert "88 个类别，17 个正在执行" in page


def test_bills_of_a_person(installation) -> None:
    case = installation.case("DRUG_SEX")
    party = installation.insurer.party
    record.relate(case.person, party, "self", start=AT, source="test")
    reader = record.Reader(party, frozenset({party}), frozenset({"resident"}))
    found = claims.bills(reader, case.person)
    assert [(bill.institution, bill.amount_fen, len(bill.lines)) for bill in found] == [
        ("太和县人民医院", 0, 2),
        ("太和县人民医院", 10550, 5),
    ]
    assert found[1].inpatient
    assert found[1].lines[3].quantity == "2"
