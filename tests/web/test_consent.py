"""A resident withdraws consent on the page: the very next request of everybody else."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from taihe.base import models, public
from taihe.kernel.errors import Forbidden, NotFound
from taihe.medicine import public as medicine
from taihe.record import public as record
from tests.web.people import WANG, store_person

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "access"])
DAY = date(2024, 1, 1)
NAME = "王秀英"


@pytest.fixture
def wang() -> int:
    """王秀英's record."""
    return store_person(WANG)


@pytest.fixture
def resident(signed_in, wang):
    """A browser of 王秀英 herself."""
    browser = signed_in("resident")
    record.relate(wang, public.account("resident-1").party, "self", start=DAY, source="test")
    return browser


@pytest.fixture
def doctor(signed_in, hospital, wang):
    """A browser of a doctor at the hospital that treats her."""
    record.relate(wang, hospital.party, "treats", start=DAY, source="test")
    return signed_in("clinician", organisation_code=hospital.code)


def decide(resident, path: str, decision: str):
    """Press the button of a consent page; follows to the receipt."""
    answer = resident.post(f"/app/consents/{path}/", {"decision": decision})
    assert answer.status_code == 302, answer.content.decode()[:800]
    return resident.get(answer.url)


def reads(browser, hospital, wang) -> dict[str, bool]:
    """Every path by which a treating doctor meets her, and whether she is there."""
    doctor = public.actor_of(models.Account.objects.get(username="clinician-1").pk)
    reader = record.reader_of(doctor)

    def opens(read) -> bool:
        try:
            return bool(read())
        except NotFound:
            return False

    pages = {
        "record page": f"/desk/record/{wang}/",
        "prescription": f"/desk/medicine/new/{wang}/western/",
        "referral": f"/desk/visits/refer/{wang}/",
    }
    found = {}
    for name, path in pages.items():
        answer = browser.get(path)
        found[name] = answer.status_code == 200 and NAME in answer.content.decode()
    for name, text in (("search by name", NAME), ("search by number", "341222195503080024")):
        found[name] = (
            f"/desk/record/{wang}/"
            in browser.post("/desk/record/", {"text": text}).content.decode()
        )
    on = timezone.localdate()
    found |= {
        "summary": opens(lambda: record.summary(reader, "TREAT", wang, route="t", on=on)),
        "persons": opens(lambda: record.persons(reader, "TREAT", NAME)),
        "people": opens(lambda: record.people(reader, "TREAT", [wang], action="x", route="t")),
        "is_related": record.is_related(reader, wang, "TREAT"),
        "medicines": opens(
            lambda: medicine.medicines_of(reader, wang, on=on, purpose="TREAT") is not None
        ),
        "open_person": opens(
            lambda: record.open_person(reader, wang, "TREAT", action="x", route="t")
        ),
    }
    return found


def test_a_withdrawal_closes_every_page_and_giving_opens_them(
    resident, doctor, hospital, wang
) -> None:
    before = reads(doctor, hospital, wang)
    assert all(before.values()), before
    page = decide(resident, "treat", "withdraw").content.decode()
    assert "已停用：看病时查阅我的档案" in page
    after = reads(doctor, hospital, wang)
    assert not any(after.values()), after
    assert "没有让看" in resident.get("/app/seen/").content.decode()
    decide(resident, "treat", "give")
    assert all(reads(doctor, hospital, wang).values())


def test_one_institution_is_closed_alone(resident, doctor, hospital, wang, signed_in) -> None:
    other = public.create_organisation("H340822002", "太和县中医院", "hospital", level="2")
    record.relate(wang, other.party, "treats", start=DAY, source="test")
    page = decide(resident, f"treat-one/{hospital.party}", "withdraw").content.decode()
    assert "太和县人民医院" in page and "其他机构不变" in page
    assert not any(reads(doctor, hospital, wang).values())
    neighbour = signed_in("clinician", username="clinician-2", organisation_code=other.code)
    assert neighbour.get(f"/desk/record/{wang}/").status_code == 200
    listed = resident.get("/app/consents/").content.decode()
    assert "已停用" in listed and "太和县中医院" in listed


def test_an_appointment_keeps_the_clinic_open_until_it_is_given_back(
    resident, doctor, hospital, wang
) -> None:
    from taihe.visits import actions
    from taihe.visits import public as visits

    at = timezone.now()
    session = actions.open_session(
        where=hospital,
        department="心内科",
        doctor="",
        day=timezone.localdate(at) + timedelta(days=2),
        half="am",
        capacity=3,
        by=1,
        at=at,
    )
    decide(resident, "treat", "withdraw")
    assert not reads(doctor, hospital, wang)["record page"]
    assert resident.post(f"/app/bookings/new/{session.pk}/").status_code == 302
    assert reads(doctor, hospital, wang)["record page"]
    (one,) = visits.upcoming_bookings([wang], at)
    assert resident.post("/app/bookings/", {"booking": one.booking}).status_code == 302
    assert not reads(doctor, hospital, wang)["record page"]


def test_the_page_says_what_stops_and_what_the_law_keeps(resident, doctor) -> None:
    page = resident.get("/app/consents/treat/").content.decode()
    for words in (
        "从下一次查阅起",
        "法律规定仍然保留的",
        "抢救生命时",
        "医保部门核查",
        "门诊至少十五年",
        "条文待核对",
    ):
        assert words in page, words


def test_a_receipt_keeps_words_version_and_fingerprint(resident, doctor, wang) -> None:
    page = decide(resident, "public-health", "withdraw").content.decode()
    for words in ("编号", "第 1 版", "文字指纹", "所有机构", "从这一刻起"):
        assert words in page, words
    (receipt,) = record.consent_receipts(_own(wang))
    assert receipt.hash == receipt.switch.hash and not receipt.permits


def test_the_same_decision_twice_is_one_receipt(resident, doctor, wang) -> None:
    decide(resident, "treat", "withdraw")
    again = resident.post("/app/consents/treat/", {"decision": "withdraw"})
    assert again.url == "/app/consents/"
    assert len(record.consent_receipts(_own(wang))) == 1


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("nothing/", 404),
        ("treat/7/", 404),
        ("treat-one/", 404),
        ("treat-one/999999/", 404),
        ("receipts/999999/", 404),
    ],
)
def test_what_is_not_there_is_not_found(resident, path: str, status: int) -> None:
    assert resident.get(f"/app/consents/{path}").status_code == status


def test_a_decision_without_a_word_is_asked_back(resident) -> None:
    assert resident.post("/app/consents/treat/", {"decision": "yes"}).status_code == 400


def test_somebody_elses_receipt_is_not_found(resident, doctor, signed_in, wang) -> None:
    number = record.withdraw_consent(_own(wang), "treat", by=1, at=timezone.now())
    assert resident.get(f"/app/consents/receipts/{number}/").status_code == 200
    stranger = signed_in("resident", username="resident-2")
    other = store_person(
        [
            {
                **WANG[1],
                "id": "li",
                "identifier": [{"system": "urn:x", "value": "1"}],
                "name": [{"text": "李四"}],
            }
        ]
    )
    record.relate(other, public.account("resident-2").party, "self", start=DAY, source="test")
    assert stranger.get(f"/app/consents/receipts/{number}/").status_code == 404


def test_nobody_else_decides(doctor, wang, hospital) -> None:
    reader = record.reader_of(
        public.actor_of(models.Account.objects.get(username="clinician-1").pk)
    )
    grant = record.open_person(reader, wang, "TREAT", action="x", route="t")
    with pytest.raises(Forbidden):
        record.withdraw_consent(grant, "treat", by=1, at=timezone.now())


def test_every_decision_is_in_the_trail(resident, wang) -> None:
    decide(resident, "systems", "withdraw")
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT subject, detail FROM base_trail WHERE action = 'consent.withdrawn'")
        ((subject, detail),) = cursor.fetchall()
    assert subject == f"person:{wang}" and "systems@1" in detail


def _own(person: int):
    account = models.Account.objects.get(username="resident-1")
    reader = record.reader_of(public.actor_of(account.pk))
    return record.open_person(reader, person, "PATRQT", action="x", route="t")
