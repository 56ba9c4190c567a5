"""The TCM desk: reviewed while written, asked back, refused and repaired; constitution forms."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.urls import reverse

from taihe.kernel.errors import Incorrect
from taihe.medicine.models import Prescription
from taihe.record import public as record
from taihe.tcm import public
from taihe.tcm.models import ConstitutionForm
from tests.web.people import WANG, store_person

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "access"])
AT = datetime(2026, 11, 24, 9, tzinfo=ZoneInfo("Asia/Shanghai"))


def sheet(*lines: tuple[str, ...], **head: str) -> dict[str, str]:
    """What a browser sends: (name, grams[, processing[, how boiled]]) per row."""
    sent = {"line-TOTAL_FORMS": "16", "line-INITIAL_FORMS": "0"}
    for place, line in enumerate(lines):
        for key, value in zip(("drug", "quantity", "processing", "usage"), line, strict=False):
            sent[f"line-{place}-{key}"] = value
    usual = {"diagnosis": "咳嗽（风寒袭肺证）", "insurance": "390", "valid_for": "1"}
    return usual | {"doses": "5", "usage": "水煎服，每日 1 剂"} | sent | head


def text_of(answer) -> str:
    return re.sub(r"<[^>]+>", "", answer.content.decode())


CASES = """
    written                       | verdict  | says                     | what would make it right
    ------------------------------+----------+--------------------------+--------------------
    甘草 6; 白术 9                | 通过     | 没有发现问题             | -
    甘遂 1; 甘草 6                | 拒绝     | 甘草与甘遂不宜同用       | 去掉其中一味
    附子 9; 贝母 9                | 拒绝     | 药名所指不一             | 写明是哪一种
    细辛 6; 甘草 6                | 须再次签名 | 超过1～3g              | 改到药典用量以内
    天上草 6; 甘草 6              | 提示     | 名称表中没有此药名       | 《中国药典》的饮片名
"""


def rows() -> list[list[str]]:
    lines = [line for line in CASES.strip().splitlines() if "-+-" not in line][1:]
    return [[cell.strip() for cell in line.split("|")] for line in lines]


@pytest.mark.parametrize(("written", "verdict", "says", "repair"), rows())
def test_the_review_says_what_is_wrong_and_what_would_make_it_right(
    doctor, person, written, verdict, says, repair
):
    lines = [tuple(item.split()) for item in written.split("; ")]
    url = reverse("tcm-write", args=[person])
    answer = doctor.browser.post(url, sheet(*lines), headers={"HX-Request": "true"})
    assert answer.status_code == 200
    said = text_of(answer)
    assert verdict in said
    assert says in said
    assert repair == "-" or repair in said
    assert "<html" not in answer.content.decode(), "a part of the page, not the page"
    assert not Prescription.objects.exists(), "a review stores nothing"


def test_without_script_the_check_button_gives_the_same(doctor, person):
    url = reverse("tcm-write", args=[person])
    answer = doctor.browser.post(url, sheet(("甘遂", "1"), ("甘草", "6"), act="check"))
    assert answer.status_code == 200
    assert "甘草与甘遂不宜同用" in text_of(answer)
    assert "<h1" in answer.content.decode()


def test_a_shared_name_is_asked_back_and_one_click_writes_the_right_one(doctor, person):
    url = reverse("tcm-write", args=[person])
    sent = sheet(("贝母", "9"), ("甘草", "6"), act="check")
    asked = doctor.browser.post(url, sent).content.decode()
    choices = re.findall(r'name="choose" value="([^"]+)"', asked)
    assert "0:川贝母" in choices
    assert "0:浙贝母" in choices
    del sent["act"]
    again = doctor.browser.post(url, sent | {"choose": "0:浙贝母"})
    assert 'value="浙贝母"' in again.content.decode()
    assert "药名所指不一" not in text_of(again)


@pytest.mark.parametrize("choose", ["99:川贝母", "x:川贝母", "0:", ":", "-1:川贝母"])
def test_a_forged_choice_changes_nothing(doctor, person, choose):
    url = reverse("tcm-write", args=[person])
    answer = doctor.browser.post(url, sheet(("甘草", "6")) | {"choose": choose})
    assert answer.status_code == 200
    assert 'value="甘草"' in answer.content.decode()


def test_processing_is_part_of_the_name(doctor, person):
    url = reverse("tcm-write", args=[person])
    raw = doctor.browser.post(
        url, sheet(("附子", "9", "生"), act="check"), headers={"HX-Request": "true"}
    )
    assert "毒性药品" in text_of(raw)
    honeyed = doctor.browser.post(url, sheet(("甘草", "6", "炙"), act="submit"))
    assert honeyed.status_code == 302
    assert Prescription.objects.get().lines.get().name == "炙甘草"


def test_refused_then_repaired_then_signed(doctor, person):
    written = doctor.browser.post(
        reverse("tcm-write", args=[person]), sheet(("甘遂", "1"), ("甘草", "6"), act="submit")
    )
    row = Prescription.objects.get()
    assert row.state == "refused"
    assert written.url == reverse("medicine-prescription", args=[row.pk])
    desk = text_of(doctor.browser.get(reverse("tcm-desk")))
    assert "1 张处方要改" in desk
    # Medicine's own page leads a TCM doctor to this form.
    led = doctor.browser.get(reverse("medicine-amend", args=[row.pk]))
    assert led.url == reverse("tcm-amend", args=[row.pk])
    form = doctor.browser.get(led.url)
    assert "甘草与甘遂不宜同用" in text_of(form), "why it was refused stands beside the form"
    doctor.browser.post(led.url, sheet(("白术", "9"), ("甘草", "6"), act="submit", state="refused"))
    row.refresh_from_db()
    assert row.state == "ready"
    signed = doctor.browser.post(reverse("medicine-sign", args=[row.pk]), {"state": "ready"})
    assert signed.status_code == 302
    row.refresh_from_db()
    assert row.state == "signed"


def test_what_is_not_whole_is_asked_back_and_nothing_is_stored(doctor, person):
    url = reverse("tcm-write", args=[person])
    for sent, says in (
        (sheet(("甘草", ""), act="submit"), "请填写每剂克数"),
        (sheet(("", "6"), act="submit"), "没有写饮片"),
        (sheet(("甘草", "六"), act="submit"), "请只写数字"),
        (sheet(("甘草", "6"), doses="", act="submit"), "请填写剂数"),
        (sheet(("甘草", "6"), ("甘草", "3"), act="submit"), "写了两次"),
        (sheet(act="submit"), "处方没有药品"),
        (sheet(("甘草", "6"), diagnosis="", act="submit"), "处方须注明临床诊断"),
    ):
        answer = doctor.browser.post(url, sent)
        assert answer.status_code == 400, says
        assert says in text_of(answer)
    assert not Prescription.objects.exists()


def test_suggestions_by_pinyin_and_by_other_names(doctor):
    url = reverse("tcm-names")
    assert 'value="甘草"' in doctor.browser.get(url, {"line-0-drug": "gancao"}).content.decode()
    assert 'value="川贝母"' in doctor.browser.get(url, {"line-3-drug": "贝母"}).content.decode()
    assert doctor.browser.get(url, {"line-3-drug": ""}).content.decode().strip() == ""


def test_other_doctors_and_roles_find_nothing(someone, person):
    stranger = someone("tcm_doctor", public_clinic(), "stranger")
    assert stranger.browser.get(reverse("tcm-write", args=[person])).status_code == 404
    assert stranger.browser.get(reverse("tcm-constitution", args=[person])).status_code == 404
    clerk = someone("pharmacist", "C1", "clerk")
    assert clerk.browser.get(reverse("tcm-desk")).status_code == 404


def public_clinic() -> str:
    from taihe.base import public as base

    base.create_organisation("C1", "别处诊所", "clinic")
    return "C1"


# --- constitution --------------------------------------------------------------------------


def answers(form: str, sex: str, value: str) -> dict[str, str]:
    """Every question of a form answered the same."""
    from taihe.tcm.forms import ConstitutionForm as Form

    return dict.fromkeys(Form(form=form, sex=sex).keys, value)


@pytest.mark.parametrize(("form", "questions"), [("33", 33), ("60", 60)])
def test_a_form_is_judged_kept_and_shown_with_picture_and_table(doctor, person, form, questions):
    url = reverse("tcm-constitution", args=[person]) + f"?form={form}"
    page = doctor.browser.get(url).content.decode()
    assert page.count('type="radio"') == questions * 5
    answer = doctor.browser.post(url, answers(form, "female", "1"))
    assert answer.status_code == 302
    row = ConstitutionForm.objects.get()
    assert row.form == form
    shown = doctor.browser.get(answer.url).content.decode()
    assert 'class="chart"' in shown
    assert "判定" in shown
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM base_trail WHERE action = 'constitution.judged'")
        assert cursor.fetchone()[0] == 1


def test_blanks_are_named_and_nothing_is_judged(doctor, person):
    url = reverse("tcm-constitution", args=[person]) + "?form=33"
    sent = answers("33", "female", "2")
    del sent["q4"]
    answer = doctor.browser.post(url, sent)
    assert answer.status_code == 400
    assert "还有 1 题没有答" in text_of(answer)
    assert not ConstitutionForm.objects.exists()


def test_a_measure_answers_its_item_and_a_word_is_refused(doctor, person):
    url = reverse("tcm-constitution", args=[person]) + "?form=33"
    sent = answers("33", "female", "2")
    waist = next(
        k for k, v in _keys("33").items() if v == "28"
    )  # item 28, the size of the belly, is left blank
    del sent[waist]
    assert doctor.browser.post(url, sent | {"waist_cm": "很粗"}).status_code == 400
    assert doctor.browser.post(url, sent | {"waist_cm": "92"}).status_code == 302
    assert ConstitutionForm.objects.get().measures == {"waist_cm": 92.0}


def _keys(form: str) -> dict[str, str]:
    from taihe.tcm.forms import ConstitutionForm as Form

    return Form(form=form, sex="female").keys


def test_residents_fill_in_by_the_door_and_read_what_was_kept(doctor, person):
    reader = record.reader_of(doctor.actor)
    grant = record.open_person(reader, person, "TREAT", action="x", route="test")
    keys = [q["key"] for q in public.constitution_questions("33", "female")]
    facts = {"form": "33", "answers": dict.fromkeys(keys, 1)}
    number = public.save_constitution(
        grant, facts, filled_by="resident", by=7, by_name="王秀英", at=AT
    )
    (shown,) = public.constitutions_of(grant)
    assert shown.number == number
    assert shown.by_resident
    assert len(shown.picture.rows) == 9
    with pytest.raises(Incorrect, match="没有答"):
        public.save_constitution(
            grant,
            {"form": "33", "answers": {keys[0]: 1}},
            filled_by="resident",
            by=7,
            by_name="王秀英",
            at=AT,
        )


def test_an_unknown_sex_is_asked_not_guessed(doctor, hospital):
    bodies = [
        {**body, "gender": "unknown"} if body["resourceType"] == "Patient" else body
        for body in WANG[:2]
    ]
    number = store_person(bodies)
    record.relate(number, hospital.party, "treats", start=AT, source="test")
    url = reverse("tcm-constitution", args=[number]) + "?form=60"
    assert "先选性别" in text_of(doctor.browser.get(url))
    assert 'type="radio"' in doctor.browser.get(url + "&sex=male").content.decode()


# --- the demo's truth ----------------------------------------------------------------------


def test_each_scene_of_the_demo_gets_the_verdict_it_was_planted_for():
    from taihe.tcm.demo import SCENES, answers

    for scene in SCENES:
        facts = {
            "patient": {"sex": "female", "age": 28, "pregnant": scene.pregnant},
            "items": [{"name": name, "dose": float(grams)} for name, grams in scene.slices],
            "count": 5,
            "days": 5,
        }
        if scene.pregnant is None:
            facts["patient"] = {"sex": "female", "age": 80}
        assert public.review_prescription(facts)["result"] == scene.verdict, scene.planted
    judged = public.judge_constitution({"form": "33", "answers": answers()})
    assert "阳虚质" in judged["words"]
