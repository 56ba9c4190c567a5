"""The resident's pages: whole page, elder view, refused."""

from __future__ import annotations

from datetime import date

import pytest

from taihe.base import access_log, public
from taihe.record import public as record
from tests.web.people import WANG, store_person

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "access"])
PAGES = ("", "record/", "medicines/", "results/", "results/85354-9/", "bills/", "seen/", "me/")


@pytest.fixture
def wang() -> int:
    """王秀英's record."""
    return store_person(WANG)


@pytest.fixture
def resident(signed_in, wang):
    """A browser of 王秀英 herself."""
    browser = signed_in("resident")
    account = public.account("resident-1")
    record.relate(wang, account.party, "self", start=date(2024, 1, 1), source="test")
    return browser


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("elder", ["0", "1"])
def test_every_page_is_there_in_both_views(resident, page, elder) -> None:
    answer = resident.get(f"/app/{page}?elder={elder}")
    html = answer.content.decode()
    assert answer.status_code == 200 and "no-store" in answer["Cache-Control"]
    assert ('data-view="elder"' in html) == (elder == "1")
    assert 'href="tel:' in html and " style=" not in html


def test_the_elder_view_stays_chosen(resident) -> None:
    resident.get("/app/?elder=1")
    assert 'data-view="elder"' in resident.get("/app/record/").content.decode()
    resident.get("/app/me/?elder=0")
    assert 'data-view="elder"' not in resident.get("/app/record/").content.decode()


def test_a_result_says_what_it_means_and_has_its_table(resident) -> None:
    page = resident.get("/app/results/85354-9/").content.decode()
    for words in ("152/90", "没有达到目标（低于 150/90）", "2026-09-01", "148/88", "县人民医院"):
        assert words in page, words
    assert "国家基本公共卫生服务规范" in page and 'role="img"' in page


def test_who_looked_has_institution_time_and_purpose_in_plain_words(
    resident, signed_in, wang, hospital
) -> None:
    doctor = signed_in("clinician", organisation_code=hospital.code)
    record.relate(wang, hospital.party, "treats", start=date(2024, 1, 1), source="test")
    doctor.get(f"/desk/record/{wang}/")
    page = resident.get("/app/seen/").content.decode()
    for words in ("太和县人民医院", "今天", "诊疗", "给您看病、开药时"):
        assert words in page, words
    assert "您本人" not in page
    assert "您本人" in resident.get("/app/seen/?own=1").content.decode()


def test_an_attempt_that_was_refused_is_shown_too(resident, signed_in, wang) -> None:
    signed_in("clinician").get(f"/desk/record/{wang}/")
    assert "没有让看" in resident.get("/app/seen/").content.decode()


def test_what_the_resident_reads_is_in_the_access_log(resident, wang) -> None:
    resident.get("/app/medicines/")
    seen = access_log.seen_by([wang])[0]
    assert (seen.purpose, seen.outcome) == ("PATRQT", "ok")


def test_an_account_without_a_record_is_told_what_to_do(signed_in) -> None:
    answer = signed_in("resident").get("/app/")
    assert answer.status_code == 404 and "乡镇卫生院" in answer.content.decode()


def test_a_result_that_is_not_there_is_not_found(resident) -> None:
    assert resident.get("/app/results/0000-0/").status_code == 404


@pytest.mark.parametrize("role", ["clinician", "auditor", "administrator"])
@pytest.mark.parametrize("page", PAGES)
def test_staff_have_no_such_pages(signed_in, role, page) -> None:
    assert signed_in(role).get(f"/app/{page}").status_code == 404


def test_who_is_not_signed_in_is_asked_to(client) -> None:
    assert client.get("/app/").url.startswith("/sign-in/")
