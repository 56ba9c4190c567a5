"""What a resident does: books, measures, answers a form; every wrong value is asked back."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

import pytest
from django.utils import timezone

from taihe.base import public
from taihe.record import public as record
from taihe.tcm import public as tcm
from taihe.visits import actions
from taihe.visits import public as visits
from tests.web.people import WANG, store_person

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "access"])
PAGES = ("tasks/", "bookings/", "bookings/new/", "measure/", "measure/done/", "constitution/",
         "constitution/33/", "constitution/60/", "consents/", "consents/treat/",
         "consents/receipts/")  # fmt: skip


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


@pytest.fixture
def session(hospital):
    """A clinic session in three days with one place."""
    at = timezone.now()
    day = timezone.localdate(at) + timedelta(days=3)
    return actions.open_session(
        where=hospital, department="心内科", doctor="王医生", day=day, half="am", capacity=1,
        by=1, at=at,
    )  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("elder", ["0", "1"])
def test_every_page_is_there_in_both_views(resident, page, elder) -> None:
    answer = resident.get(f"/app/{page}?elder={elder}")
    html = answer.content.decode()
    assert answer.status_code == 200 and "no-store" in answer["Cache-Control"]
    assert ('data-view="elder"' in html) == (elder == "1") and " style=" not in html


@pytest.mark.parametrize("page", PAGES)
def test_staff_have_no_such_pages(signed_in, page) -> None:
    assert signed_in("clinician").get(f"/app/{page}").status_code == 404


# --- booking -------------------------------------------------------------------------------


def test_a_resident_books_once_and_gives_it_back(resident, session, wang) -> None:
    assert "心内科" in resident.get("/app/bookings/new/").content.decode()
    times = resident.get(f"/app/bookings/new/?at={session.pk}").content.decode()
    assert f"/app/bookings/new/{session.pk}/" in times
    assert "就约这个" in resident.get(f"/app/bookings/new/{session.pk}/").content.decode()
    assert resident.post(f"/app/bookings/new/{session.pk}/").url == "/app/bookings/"
    page = resident.get("/app/bookings/").content.decode()
    assert "太和县人民医院 心内科" in page and "取消这个预约" in page
    assert "心内科" in resident.get("/app/tasks/").content.decode()
    again = resident.post(f"/app/bookings/new/{session.pk}/")
    assert again.status_code == 409 and "已经预约过" in again.content.decode()
    (one,) = visits.upcoming_bookings([wang], timezone.now())
    assert resident.post("/app/bookings/", {"booking": one.booking}).url == "/app/bookings/"
    assert visits.upcoming_bookings([wang], timezone.now()) == []


@pytest.mark.parametrize("booking", ["", "x", "99999", "１", "9" * 40])
def test_a_booking_that_is_not_mine_is_not_given_back(resident, booking) -> None:
    answer = resident.post("/app/bookings/", {"booking": booking})
    assert answer.status_code == 409 and "请刷新" in answer.content.decode()


def test_a_full_session_is_said(resident, session, wang, hospital) -> None:
    other = store_person(
        [{**WANG[1], "id": "li", "identifier": [{"system": "urn:x", "value": "1"}]}]
    )
    record.relate(other, hospital.party, "treats", start=date(2024, 1, 1), source="test")
    reader = record.Reader(hospital.party, frozenset({hospital.party}), frozenset({"clinician"}))
    visits.book(reader, other, session.pk, at=timezone.now(), purpose="TREAT")
    answer = resident.post(f"/app/bookings/new/{session.pk}/")
    assert answer.status_code == 409 and "已经约满" in answer.content.decode()
    assert "约满了" in resident.get(f"/app/bookings/new/?at={session.pk}").content.decode()


def test_a_session_that_is_not_there_is_not_found(resident) -> None:
    assert resident.get("/app/bookings/new/999999/").status_code == 404
    assert resident.post("/app/bookings/new/999999/").status_code == 409


# --- home blood pressure -------------------------------------------------------------------

# systolic | diastolic | pulse | minutes from now | what is said
WRONG = """
    78  | 128 |     | -5     | 可能写反了
    120 | 120 |     | -5     | 可能写反了
        | 78  |     | -5     | 请填写
    abc | 78  |     | -5     | 请只写数字
    1280| 78  |     | -5     | 应在 40 到 300 之间
    128 | 7   |     | -5     | 应在 20 到 200 之间
    128 | 78  | 700 | -5     | 应在 20 到 250 之间
    128 | 78  |     | 90     | 还没有到
    128 | 78  |     | -90000 | 请交给村医
    -5  | 78  |     | -5     | 请只写数字
"""


def reading(systolic="128", diastolic="78", pulse="", minutes=-5, key=None) -> dict[str, str]:
    at = timezone.localtime(timezone.now() + timedelta(minutes=minutes))
    return {
        "systolic": systolic,
        "diastolic": diastolic,
        "pulse": pulse,
        "day": at.date().isoformat(),
        "clock": f"{at:%H:%M}",
        "key": str(key or uuid.uuid4()),
    }


@pytest.mark.parametrize(
    "row", [tuple(c.strip() for c in r.split("|")) for r in WRONG.strip("\n").splitlines()], ids=str
)
def test_a_pressure_that_cannot_be_is_asked_back_and_nothing_is_stored(resident, wang, row) -> None:
    systolic, diastolic, pulse, minutes, said = row
    answer = resident.post("/app/measure/", reading(systolic, diastolic, pulse, int(minutes)))
    html = answer.content.decode()
    assert answer.status_code == 400 and said in html
    assert f'value="{diastolic}"' in html, "what was typed is lost"
    assert record.counts()["Observation"] == 3


def test_a_pressure_is_stored_once_and_counts_towards_a_mean(resident, wang) -> None:
    key = uuid.uuid4()
    sent = reading("１２８", "78", key=key)
    assert resident.post("/app/measure/", sent).url == "/app/measure/done/"
    assert resident.post("/app/measure/", sent).url == "/app/measure/done/"
    assert record.counts()["Observation"] == 4
    page = resident.get("/app/measure/done/").content.decode()
    assert "128/78" in page and "还不能下结论" in page
    other = resident.post("/app/measure/", sent | {"systolic": "130"})
    assert other.status_code == 400 and "存过另一个数" in other.content.decode()


def test_an_alarming_pressure_says_what_to_do_at_once(resident, wang) -> None:
    resident.post("/app/measure/", reading("186", "112"))
    page = resident.get("/app/measure/done/").content.decode()
    assert "120" in page and 'class="notice bad"' in page
    assert "马上" in resident.get("/app/tasks/").content.decode()


# --- constitution --------------------------------------------------------------------------


def answers(form: str, sex: str, value: str = "1") -> dict[str, str]:
    made = tcm.constitution_form(None, form=form, sex=sex)
    return dict.fromkeys((one.name for one in made.questions), value)


@pytest.mark.parametrize("form", ["33", "60"])
def test_a_form_is_kept_and_shown(resident, form) -> None:
    answer = resident.post(f"/app/constitution/{form}/", answers(form, "female", "3"))
    assert answer.url == "/app/constitution/"
    page = resident.get("/app/constitution/").content.decode()
    assert "本人填写" in page and "每种体质的分数" in page


def test_blanks_are_asked_back_and_answers_stay(resident) -> None:
    sent = answers("33", "female", "2")
    missing = list(sent)[4]
    del sent[missing]
    answer = resident.post("/app/constitution/33/", sent)
    html = answer.content.decode()
    assert answer.status_code == 400 and "还有 1 题没有答" in html
    assert html.count("checked") == len(sent)
    assert "还没有答过" in resident.get("/app/constitution/").content.decode()


@pytest.mark.parametrize("name", ["61", "x"])
def test_a_form_that_is_not_there_is_not_found(resident, name) -> None:
    assert resident.get(f"/app/constitution/{name}/").status_code == 404
