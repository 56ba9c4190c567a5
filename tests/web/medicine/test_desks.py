"""The prescription desk and the pharmacy: refused, repaired, signed twice, dispensed, seen."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from taihe.base import access_log, public
from taihe.medicine import actions, tokens
from taihe.medicine.models import Prescription, TraceCode
from taihe.record import public as record
from tests.web.people import WANG, store_person

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "access"])


def form(kind: str, *lines: dict[str, str], **head: str) -> dict[str, str]:
    """What a browser sends for a prescription."""
    usual = {"diagnosis": "高血压", "insurance": "390", "valid_for": "1"}
    if kind == "tcm":
        usual |= {"doses": "7", "usage": "水煎服，每日 1 剂"}
    sent = {"line-TOTAL_FORMS": str(max(5, len(lines))), "line-INITIAL_FORMS": "0"}
    for place, line in enumerate(lines):
        sent |= {f"line-{place}-{key}": value for key, value in line.items()}
    return sent | usual | head


AMLODIPINE = {"drug": "bhsaldpp", "usage": "每日一次，每次 5 mg", "days": "7", "quantity": "1"}


def send(doctor, person: int, kind: str, *lines: dict[str, str], **head: str):
    return doctor.browser.post(f"/desk/medicine/new/{person}/{kind}/", form(kind, *lines, **head))


def last() -> Prescription:
    return Prescription.objects.latest("pk")


def slices(*names: str) -> list[dict[str, str]]:
    return [{"drug": name, "quantity": "6"} for name in names]


# --- written and checked -------------------------------------------------------------------


def test_a_drug_is_found_by_its_initials_and_the_prescription_is_ready(doctor, person) -> None:
    reply = send(doctor, person, "western", AMLODIPINE)
    assert reply.status_code == 302
    row = last()
    assert (row.state, row.verdict) == ("ready", "pass")
    assert row.lines.get().name == "苯磺酸氨氯地平片"
    page = doctor.browser.get(reply.url).content.decode()
    assert "王秀英" in page and "审核没有发现问题" in page


def test_incompatible_slices_need_a_second_signature_with_a_reason(doctor, person) -> None:
    send(doctor, person, "tcm", *slices("附子", "法半夏", "甘草"))
    row = last()
    assert (row.state, row.verdict) == ("ready", "sign")
    address = f"/desk/medicine/{row.pk}/sign/"
    doctor.browser.post(address, {"state": "ready"})
    assert last().state == "second" and last().token_digest is None
    refused = doctor.browser.post(address, {"state": "second", "reason": "  "})
    assert refused.status_code == 400 and "需要写明理由" in refused.content.decode()
    doctor.browser.post(address, {"state": "second", "reason": "寒饮重证，已告知患者"})
    assert last().state == "signed" and last().token_digest


def test_a_name_that_several_herbs_share_is_refused_then_repaired(doctor, person) -> None:
    send(doctor, person, "tcm", *slices("附子", "贝母"))
    row = last()
    assert (row.state, row.verdict) == ("refused", "block")
    page = doctor.browser.get(f"/desk/medicine/{row.pk}/").content.decode()
    assert "川贝母" in page and "签名</button>" not in page
    assert doctor.browser.post(
        f"/desk/medicine/{row.pk}/sign/", {"state": "refused"}
    ).status_code == 409  # fmt: skip
    sent = form("tcm", *slices("党参", "陈皮"), state="refused")
    assert doctor.browser.post(f"/desk/medicine/{row.pk}/amend/", sent).status_code == 302
    assert (last().pk, last().state, last().verdict) == (row.pk, "ready", "pass")


def test_a_pair_split_over_two_prescriptions_of_a_day_is_seen(doctor, person) -> None:
    send(doctor, person, "tcm", *slices("附子", "甘草"))
    doctor.browser.post(f"/desk/medicine/{last().pk}/sign/", {"state": "ready"})
    send(doctor, person, "tcm", *slices("法半夏", "陈皮"))
    assert last().verdict == "sign"
    assert any("附子" in check.message for check in last().checks.all())


def test_the_insurer_speaks_before_treatment(doctor, hospital) -> None:
    man = [dict(one) for one in WANG]
    man[1] = man[1] | {"gender": "male"}
    number = store_person(man)
    record.relate(number, hospital.party, "treats", start=timezone.localdate(), source="t")
    line = {"drug": "益母草颗粒", "usage": "一次1袋", "days": "3", "quantity": "1"}
    send(doctor, number, "western", line)
    check = last().checks.get()
    assert (check.check_name, check.result) == ("医保事前提醒", "sign")
    assert "限定：女" in check.message and check.rule_id.startswith("param_drug_sex")


# --- bad input -----------------------------------------------------------------------------

BAD = [
    ("no line at all", [], {}, "请至少写一种"),
    ("no diagnosis", [AMLODIPINE], {"diagnosis": ""}, "须注明临床诊断"),
    ("a drug nobody knows", [AMLODIPINE | {"drug": "神仙丸"}], {}, "目录中没有“神仙丸”"),
    ("a name of several drugs", [AMLODIPINE | {"drug": "ymc"}], {}, "对应不止一种药"),
    ("a slice among drugs", [AMLODIPINE | {"drug": "附子"}], {}, "单独开具饮片处方"),
    ("no quantity", [AMLODIPINE | {"quantity": ""}], {}, "请填写数量"),
    ("nothing of it", [AMLODIPINE | {"quantity": "0"}], {}, "须大于 0"),
    ("a quantity in words", [AMLODIPINE | {"quantity": "两盒"}], {}, "请只写数字"),
    ("no number at all", [AMLODIPINE | {"quantity": "NaN"}], {}, "须大于 0"),
    ("half a day", [AMLODIPINE | {"days": "2.5"}], {}, "请写整数"),
    ("days without a drug", [{"days": "3"}], {}, "没有写药品"),
    ("the same drug twice", [AMLODIPINE, AMLODIPINE], {}, "写了两次"),
    ("valid for a week", [AMLODIPINE], {"valid_for": "7"}, "7"),
]


@pytest.mark.parametrize(("lines", "head", "words"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_bad_input_is_asked_back(doctor, person, lines, head, words) -> None:
    reply = send(doctor, person, "western", *lines, **head)
    assert reply.status_code == 400 and words in reply.content.decode()
    assert not Prescription.objects.exists()


def test_a_man_is_not_pregnant(doctor, hospital) -> None:
    man = [dict(one) for one in WANG]
    man[1] = man[1] | {"gender": "male"}
    number = store_person(man)
    record.relate(number, hospital.party, "treats", start=timezone.localdate(), source="t")
    reply = send(doctor, number, "western", AMLODIPINE, pregnant="yes")
    assert reply.status_code == 400 and "登记性别为男" in reply.content.decode()


def test_a_woman_of_thirty_is_asked_whether_she_is_pregnant(doctor, hospital) -> None:
    young = [dict(one) for one in WANG]
    young[1] = young[1] | {"birthDate": "1996-03-08"}
    number = store_person(young)
    record.relate(number, hospital.party, "treats", start=timezone.localdate(), source="t")
    assert "妊娠影响用药审核" in send(doctor, number, "western", AMLODIPINE).content.decode()
    send(doctor, number, "tcm", *slices("附子", "甘草"), pregnant="yes")
    assert "孕妇慎用" in last().checks.filter(result="sign").first().message


def test_suggestions_come_by_initials_and_by_code(doctor) -> None:
    page = doctor.browser.get("/desk/medicine/drugs/", {"kind": "western", "line-0-drug": "ymck"})
    assert 'value="益母草颗粒"' in page.content.decode()
    page = doctor.browser.get(
        "/desk/medicine/drugs/", {"kind": "western", "line-0-drug": "ZD01BAY03180101002"}
    )
    assert 'value="ZD01BAY0318010100281"' in page.content.decode()


# --- who may see ---------------------------------------------------------------------------


def test_nobody_prescribes_for_a_stranger(someone, person) -> None:
    other = public.create_organisation("H2", "另一家医院", "hospital")
    stranger = someone("clinician", other.code)
    assert stranger.browser.get(f"/desk/medicine/new/{person}/western/").status_code == 404
    assert send(stranger, person, "western", AMLODIPINE).status_code == 404
    assert not Prescription.objects.exists()


def test_only_the_author_signs(signed, someone, hospital, written) -> None:
    row = written()
    colleague = someone("clinician", hospital.code)
    assert colleague.browser.get(f"/desk/medicine/{row.pk}/").status_code == 200
    reply = colleague.browser.post(f"/desk/medicine/{row.pk}/sign/", {"state": "ready"})
    assert reply.status_code == 403 and last().state == "ready"


def test_a_pharmacist_sees_nobody_without_a_code_and_nobody_tomorrow(
    signed, pharmacist, person
) -> None:
    row, token = signed()
    address = f"/desk/pharmacy/{row.pk}/"
    assert pharmacist.browser.get(address).status_code == 404
    reply = pharmacist.browser.post("/desk/pharmacy/", {"token": tokens.scanned(token)})
    assert reply.url == address
    assert "王秀英" in pharmacist.browser.get(address).content.decode()
    relation = next(r for r in record.relations_of(person) if r.kind == "dispenses")
    assert relation.end is not None and relation.source == row.subject
    local = timezone.localtime(relation.end)
    assert (local.hour, local.minute, local.date()) == (
        0, 0, timezone.localdate() + timedelta(days=1),
    )  # fmt: skip
    entries = access_log.seen_by(record.numbers_of(person), limit=5)
    assert entries[0].party == pharmacist.actor.party


def test_the_token_says_nothing_and_is_kept_nowhere(signed, person) -> None:
    row, token = signed()
    assert re.fullmatch("[A-Z2-7]{24}", token)
    with connection.cursor() as cursor:
        for table in ("medicine_prescription", "base_trail", "base_workflowstep"):
            rows = cursor.execute(f"SELECT * FROM {table}").fetchall()
            assert token not in repr(rows)


# --- dispensed -----------------------------------------------------------------------------


def test_a_code_typed_by_hand_opens_the_prescription(signed, pharmacist) -> None:
    _, token = signed()
    typed = tokens.written(token).lower().replace("-", " ")
    assert pharmacist.browser.post("/desk/pharmacy/", {"token": typed}).status_code == 302


@pytest.mark.parametrize("text", ["", "1234", "TAIHE-RX-" + "A" * 24, "王秀英"])
def test_what_is_no_code_is_said(signed, pharmacist, text) -> None:
    signed()
    reply = pharmacist.browser.post("/desk/pharmacy/", {"token": text})
    assert reply.status_code in (400, 404) and 'role="alert"' in reply.content.decode() or not text


def test_dispensed_with_trace_codes_and_seen_by_the_resident(
    signed, pharmacist, person, account
) -> None:
    row, token = signed()
    actions.present_prescription(token, actor=pharmacist.actor, at=timezone.now())
    line = row.lines.get().pk
    address = f"/desk/pharmacy/{row.pk}/dispense/"
    bad = pharmacist.browser.post(address, {f"trace-{line}": "123"})
    assert bad.status_code == 400 and "20 位" in bad.content.decode()
    package = "81234567890123456789"
    assert pharmacist.browser.post(address, {f"trace-{line}": package}).status_code == 302
    assert TraceCode.objects.get().code == package
    again = pharmacist.browser.post(address, {})
    assert again.status_code == 409 and "已经发过药" in again.content.decode()

    from taihe.medicine.public import medicines_of

    me = account("resident", "wang")
    record.relate(person, me.party, "self", start=timezone.localdate(), source="t")
    reader = record.reader_of(public.actor_of(me.account_id))
    mine = medicines_of(reader, person, on=timezone.localdate())
    assert [(m.state, m.dispensed_where, m.qr) for m in mine] == [("dispensed", "太和县大药房", "")]


def test_a_package_is_not_sold_twice(signed, pharmacist, written, doctor) -> None:
    package = ["81234567890123456789"]
    results = []
    for _ in range(2):
        row, token = signed()
        actions.present_prescription(token, actor=pharmacist.actor, at=timezone.now())
        line = row.lines.get().pk
        sent = {f"trace-{line}": package[0]}
        reply = pharmacist.browser.post(f"/desk/pharmacy/{row.pk}/dispense/", sent)
        results.append((reply.status_code, Prescription.objects.get(pk=row.pk).state))
    assert results == [(302, "dispensed"), (409, "signed")]


def test_a_resident_sees_the_code_while_it_is_valid(signed, person, account) -> None:
    from taihe.medicine.public import medicines_of, tasks_of, to_collect

    row, token = signed()
    me = account("resident", "wang")
    record.relate(person, me.party, "self", start=timezone.localdate(), source="t")
    reader = record.reader_of(public.actor_of(me.account_id))
    today = timezone.localdate()
    shown = medicines_of(reader, person, on=today)[0]
    assert shown.token == tokens.written(token) and shown.qr.startswith("<svg")
    assert [one.prescription for one in to_collect([person], today)] == [row.pk]
    [task] = tasks_of([person], today)
    assert "苯磺酸氨氯地平片" in task.title and (task.due, task.tone) == (today, "warn")
    over = medicines_of(reader, person, on=today + timedelta(days=1))[0]
    assert (over.state, over.qr, over.token) == ("expired", "", "")
    assert to_collect([person], today + timedelta(days=1)) == []


def test_yesterdays_code_is_too_old(signed, pharmacist) -> None:
    row, token = signed()
    Prescription.objects.filter(pk=row.pk).update(
        valid_until=timezone.localdate() - timedelta(days=1)
    )
    reply = pharmacist.browser.post("/desk/pharmacy/", {"token": token})
    assert reply.status_code == 409 and "过期" in reply.content.decode()
    assert last().state == "expired"


def test_a_pharmacist_sends_back_and_the_old_code_dies(signed, pharmacist, doctor) -> None:
    row, token = signed()
    actions.present_prescription(token, actor=pharmacist.actor, at=timezone.now())
    address = f"/desk/pharmacy/{row.pk}/return/"
    assert pharmacist.browser.post(address, {"reason": ""}).status_code == 400
    pharmacist.browser.post(address, {"reason": "剂量字迹不清"})
    assert last().state == "returned"
    assert pharmacist.browser.post("/desk/pharmacy/", {"token": token}).status_code == 404
    assert "剂量字迹不清" in doctor.browser.get(f"/desk/medicine/{row.pk}/").content.decode()


def test_a_withdrawn_prescription_is_not_dispensed(signed, pharmacist, doctor) -> None:
    row, token = signed()
    doctor.browser.post(
        f"/desk/medicine/{row.pk}/withdraw/", {"state": "signed", "reason": "开错药"}
    )
    assert last().state == "withdrawn"
    assert pharmacist.browser.post("/desk/pharmacy/", {"token": token}).status_code == 404


def test_the_desk_lists_and_finds(doctor, person, signed) -> None:
    signed()
    page = doctor.browser.get("/desk/medicine/").content.decode()
    assert "王秀英" in page and "苯磺酸氨氯地平片" in page
    found = doctor.browser.post("/desk/medicine/", {"text": "wangxiuying"}).content.decode()
    assert f"/desk/medicine/new/{person}/tcm/" in found
