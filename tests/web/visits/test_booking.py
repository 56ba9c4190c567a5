"""Clinic sessions: booked by residents and at the desk, never more than there are places."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connections, transaction
from django.utils import timezone

from taihe.base import public
from taihe.kernel.errors import Conflict, NotFound, TaiheError
from taihe.record import public as record
from taihe.visits import actions
from taihe.visits.models import Booking, ClinicSession
from taihe.visits.public import book, bookings_of, cancel, open_sessions, upcoming_bookings
from tests.web.people import WANG, store_person

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "access"])
RACING = 30


@pytest.fixture
def people(transactional_db) -> list[int]:
    """Thirty people."""
    found = []
    for number in range(RACING):
        patient = WANG[1] | {"id": f"p{number}"}
        del patient["identifier"]
        found.append(store_person([patient]))
    return found


@pytest.fixture
def me(account, person):
    """The reader that 王秀英 is."""
    made = account("resident", "wang")
    record.relate(person, made.party, "self", start=timezone.localdate(), source="t")
    return record.reader_of(public.actor_of(made.account_id))


def test_of_thirty_at_once_three_get_a_place(people, session) -> None:
    start = threading.Barrier(RACING)
    results: list[str] = []

    def race(person: int) -> None:
        grant = record.Grant(person, (person,), "PATRQT")
        try:
            start.wait()
            actions.book(grant, session.pk, by=1, at=timezone.now())
            results.append("booked")
        except TaiheError as error:
            results.append(type(error).__name__)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=race, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["Conflict"] * (RACING - 3) + ["booked"] * 3
    session.refresh_from_db()
    assert (session.booked, session.capacity) == (3, 3)
    assert sorted(Booking.objects.values_list("number", flat=True)) == [1, 2, 3]


def test_the_table_itself_forbids_one_too_many(session) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ClinicSession.objects.filter(pk=session.pk).update(booked=4)


def test_a_resident_books_sees_and_gives_back(me, person, session, hospital) -> None:
    now = timezone.now()
    shown = open_sessions(now, organisation=hospital.code)
    assert [(one.session, one.left, one.place) for one in shown] == [(session.pk, 3, hospital.name)]
    made = book(me, person, session.pk, at=now)
    assert (made.number, made.state_words, made.can_cancel) == (1, "已预约", True)
    assert open_sessions(now)[0].left == 2
    with pytest.raises(Conflict, match="已经预约过|预约过"):
        book(me, person, session.pk, at=now)
    assert [one.booking for one in upcoming_bookings([person], now)] == [made.booking]
    given_back = cancel(me, person, made.booking, at=now)
    assert given_back.state == "cancelled" and open_sessions(now)[0].left == 3
    with pytest.raises(Conflict):
        cancel(me, person, made.booking, at=now)
    again = book(me, person, session.pk, at=now)
    assert again.number == 2, "a number in the queue is never given twice"
    assert [one.number for one in bookings_of(me, person, at=now)] == [2, 1]


def test_nobody_books_for_a_stranger(me, people, session) -> None:
    with pytest.raises(NotFound):
        book(me, people[0], session.pk, at=timezone.now())
    assert not Booking.objects.exists()


def test_the_clinic_sees_who_is_booked_until_the_day_ends(
    me, person, session, receiver, hospital
) -> None:
    address = f"/desk/visits/sessions/{session.pk}/"
    book(me, person, session.pk, at=timezone.now())
    assert "王秀英" in receiver.browser.get(address).content.decode()
    relation = next(r for r in record.relations_of(person) if r.source.startswith("booking:"))
    assert relation.party == hospital.party and relation.end is not None
    assert timezone.localdate(relation.end) == session.day + timedelta(days=1)
    booking = Booking.objects.get()
    receiver.browser.post(f"/desk/visits/bookings/{booking.pk}/cancel/")
    assert "王秀英" not in receiver.browser.get(address).content.decode()


def test_at_the_desk(sender, person, township) -> None:
    tomorrow = timezone.now() + timedelta(days=1)
    day = timezone.localdate(tomorrow)
    sent = {"department": "全科", "day": day, "half": "pm", "capacity": "1"}
    reply = sender.browser.post("/desk/visits/sessions/new/", sent)
    row = ClinicSession.objects.get()
    assert reply.url == f"/desk/visits/sessions/{row.pk}/"
    found = sender.browser.post(reply.url, {"text": "王秀英"}).content.decode()
    assert f'name="person" value="{person}"' in found
    assert sender.browser.post(f"{reply.url}book/", {"person": person}).status_code == 302
    assert sender.browser.post(f"{reply.url}book/", {"person": person}).status_code == 409
    assert sender.browser.post(f"{reply.url}book/", {"person": "王"}).status_code == 400
    booking = Booking.objects.get()
    early = sender.browser.post(f"/desk/visits/bookings/{booking.pk}/arrive/")
    assert early.status_code == 409 and "当天" in early.content.decode()
    assert actions.arrive(booking.pk, actor=sender.actor, at=tomorrow).state == "arrived"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"department": ""}, "请填写科室"),
        ({"day": ""}, "请选择日期"),
        ({"day": "31/02/2026"}, "格式"),
        ({"day": "2020-01-01"}, "已经过去"),
        ({"day": "2099-01-01"}, "90 天"),
        ({"capacity": "0"}, "至少 1 个号"),
        ({"capacity": "很多"}, "整数"),
        ({"capacity": "100000"}, "最多"),
        ({"half": "night"}, "night"),
    ],
)
def test_an_impossible_session_is_asked_back(sender, given, words) -> None:
    sent = {"department": "全科", "day": timezone.localdate(), "half": "am", "capacity": "5"}
    reply = sender.browser.post("/desk/visits/sessions/new/", sent | given)
    assert reply.status_code == 400 and words in reply.content.decode()
    assert not ClinicSession.objects.exists()


def test_the_same_half_day_is_offered_once(sender) -> None:
    sent = {"department": "全科", "day": timezone.localdate(), "half": "am", "capacity": "5"}
    assert sender.browser.post("/desk/visits/sessions/new/", sent).status_code == 302
    assert sender.browser.post("/desk/visits/sessions/new/", sent).status_code == 409


def test_a_stopped_session_gives_all_places_back(me, person, session, receiver) -> None:
    now = timezone.now()
    book(me, person, session.pk, at=now)
    receiver.browser.post(f"/desk/visits/sessions/{session.pk}/stop/")
    mine = bookings_of(me, person, at=now)
    assert [(one.state_words, one.can_cancel) for one in mine] == [("停诊", False)]
    assert open_sessions(now) == []
    with pytest.raises(Conflict, match="停诊"):
        book(me, person, session.pk, at=now)


def test_another_institutions_session_is_not_found(session, sender) -> None:
    assert sender.browser.get(f"/desk/visits/sessions/{session.pk}/").status_code == 404
    assert sender.browser.post(f"/desk/visits/sessions/{session.pk}/stop/").status_code == 404


def test_after_the_half_day_nobody_books_and_from_its_beginning_nobody_gives_back(
    me, person, session
) -> None:
    def at(hour: int) -> datetime:
        day = session.day
        return datetime(day.year, day.month, day.day, hour, 45, tzinfo=ZoneInfo("Asia/Shanghai"))

    made = book(me, person, session.pk, at=timezone.now())
    with pytest.raises(Conflict, match="已经开始"):
        cancel(me, person, made.booking, at=at(14))
    with pytest.raises(Conflict, match="已经结束"):
        book(me, person, session.pk, at=at(17))


def test_what_waits_for_a_resident_is_told_as_tasks(me, person, session, hospital) -> None:
    from taihe.visits.public import tasks_of

    book(me, person, session.pk, at=timezone.now())
    [task] = tasks_of([person], timezone.localdate())
    assert "心内科门诊，1 号" in task.title and hospital.name in task.text
    assert task.due == session.day
    assert tasks_of([person], session.day + timedelta(days=1)) == []
