"""The record desk: whole page, part of a page, refused."""

from __future__ import annotations

import re
from datetime import date

import pytest

from taihe.base import access_log
from taihe.record import panels
from taihe.record import public as record
from tests.web.people import WANG, store_person

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "access"])


@pytest.fixture
def wang() -> int:
    """王秀英, 71, with high pressure, one medicine, three pressures and a visit."""
    return store_person(WANG)


@pytest.fixture
def treated(wang, hospital) -> int:
    """The same, whom the hospital treats."""
    record.relate(wang, hospital.party, "treats", start=date(2024, 1, 1), source="test")
    return wang


@pytest.fixture
def clinician(signed_in, hospital):
    """A browser of a clinician of the hospital."""
    return signed_in("clinician", organisation_code=hospital.code)


def find(browser, text: str, **headers):
    return browser.post("/desk/record/", {"text": text, "purpose": "TREAT"}, headers=headers)


@pytest.mark.parametrize(
    "text", ["王秀英", "秀英", "wangxiuying", "341222195503080024", "13900001234"]
)
def test_a_person_is_found_by_name_pinyin_number_or_telephone(clinician, treated, text) -> None:
    page = find(clinician, text).content.decode()
    assert "王秀英" in page and f"/desk/record/{treated}/" in page
    assert "341222195503080024" not in page.replace(f'value="{text}"', "")


def test_htmx_gets_the_list_that_the_page_shows(clinician, treated) -> None:
    part = find(clinician, "王秀英", HX_Target="found", HX_Request="true").content.decode()
    assert part.lstrip().startswith('<section class="card" id="found"') and "王秀英" in part
    assert "<html" not in part


def test_who_has_no_relation_finds_nobody(clinician, wang) -> None:
    assert "没有找到" in find(clinician, "王秀英").content.decode()


@pytest.mark.parametrize("text", ["", "王"])
def test_too_little_to_search_for_is_said(clinician, treated, text) -> None:
    assert "输入" in find(clinician, text).content.decode()


def test_one_page_has_everything(clinician, treated) -> None:
    page = clinician.get(f"/desk/record/{treated}/").content.decode()
    for words in ("王秀英", "71 岁", "高血压", "氨氯地平片", "152/90", "没有达到目标", "青霉素"):
        assert words in page, words
    assert "341222********0024" in page and "341222195503080024" not in page
    assert "某人" in page  # who has looked: this clinician, just now


def test_the_visits_alone_are_the_part_of_the_page(clinician, treated) -> None:
    part = clinician.get(f"/desk/record/{treated}/", headers={"HX-Target": "visits"})
    assert part.content.decode().lstrip().startswith('<div id="visits">')


def test_somebody_elses_record_is_not_found_and_the_attempt_is_noted(clinician, wang) -> None:
    refused = clinician.get(f"/desk/record/{wang}/")
    assert refused.status_code == 404 and "没有找到这份档案" in refused.content.decode()
    assert "王秀英" not in refused.content.decode()
    assert access_log.seen_by([wang])[0].outcome == "refused"


def test_no_such_person_looks_the_same(clinician, wang) -> None:
    def shown(number: int) -> str:
        page = clinician.get(f"/desk/record/{number}/").content.decode()
        return re.sub(r'value="\w{64}"', "", page).replace(f"/{number}/", "/N/")

    assert shown(wang) == shown(99999999)


def test_a_relation_that_ended_opens_nothing(clinician, wang, hospital) -> None:
    record.relate(
        wang,
        hospital.party,
        "treats",
        start=date(2024, 1, 1),
        end=date(2024, 2, 1),
        source="test",
    )
    assert clinician.get(f"/desk/record/{wang}/").status_code == 404


@pytest.mark.parametrize("role", ["resident", "auditor", "hospital", "administrator"])
def test_other_roles_have_no_such_page(signed_in, role, treated) -> None:
    browser = signed_in(role)
    assert browser.get("/desk/record/").status_code == 404
    assert browser.get(f"/desk/record/{treated}/").status_code == 404


def test_who_is_not_signed_in_is_asked_to(client, treated) -> None:
    assert client.get(f"/desk/record/{treated}/").url.startswith("/sign-in/")


def test_pages_stay_out_of_caches_and_have_no_inline_style(clinician, treated) -> None:
    answer = clinician.get(f"/desk/record/{treated}/")
    assert "no-store" in answer["Cache-Control"]
    assert " style=" not in answer.content.decode()
    assert "'unsafe-inline'" not in answer["Content-Security-Policy"]


def test_a_panel_of_an_upper_context_stands_on_the_page(clinician, treated, monkeypatch) -> None:
    shown = panels.Content("ui/parts/empty.html", {"title": "没有待办转诊", "text": ""})
    asked = []
    panel = panels.Panel("test", "转诊", lambda *about: asked.append(about) or shown)
    monkeypatch.setattr(panels, "_panels", {"test": panel})
    page = clinician.get(f"/desk/record/{treated}/").content.decode()
    assert "转诊" in page and asked[0][1:] == ("TREAT", treated)
