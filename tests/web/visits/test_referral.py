"""A referral goes up, opens the record while it is open, and must come back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from taihe.base import public
from taihe.record import public as record
from taihe.visits import queries
from taihe.visits.models import Referral
from taihe.visits.public import referrals_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "access"])

FORM = {"impression": "高血压3级", "reason": "血压控制不满意", "department": "心内科"}
BACK = {
    "diagnosis": "高血压3级（很高危）",
    "results": "心电图左室高电压",
    "treated": "调整为两药联合",
    "plan": "两周后由村医随访血压",
}


def refer(sender, person: int, hospital, **more: str):
    sent = {"target": hospital.code, "send": "1"} | FORM | more
    return sender.browser.post(f"/desk/visits/refer/{person}/", sent)


def step(who, row: Referral, action: str, **more: str):
    row.refresh_from_db()
    sent = {"action": action, "state": row.state} | more
    return who.browser.post(f"/desk/visits/{row.pk}/step/", sent)


def sees(who, person: int) -> bool:
    return record.is_related(record.reader_of(who.actor), person, "TREAT")


def test_it_goes_up_and_comes_back(sender, receiver, person, hospital) -> None:
    assert not sees(receiver, person)
    assert refer(sender, person, hospital).status_code == 302
    row = Referral.objects.get()
    assert row.state == "sent" and sees(receiver, person)
    page = receiver.browser.get(f"/desk/visits/{row.pk}/").content.decode()
    assert "王秀英" in page and "血压控制不满意" in page
    for action, state in (("accept", "accepted"), ("see", "seen")):
        assert step(receiver, row, action).status_code == 302
        row.refresh_from_db()
        assert row.state == state and row.due is not None
    assert step(receiver, row, "return", **BACK).status_code == 302
    assert not sees(receiver, person), "the loop is closed for the receiver"
    assert sees(sender, person)
    page = sender.browser.get(f"/desk/visits/{row.pk}/").content.decode()
    assert "两周后由村医随访血压" in page
    assert step(sender, row, "take_back").status_code == 302
    row.refresh_from_db()
    assert (row.state, row.due) == ("closed", None)
    after = receiver.browser.get(f"/desk/visits/{row.pk}/").content.decode()
    assert "王秀英" not in after and "高血压3级" not in after


def test_what_does_not_come_back_is_overdue(sender, receiver, person, hospital) -> None:
    refer(sender, person, hospital)
    row = Referral.objects.get()
    step(receiver, row, "accept")
    today = timezone.localdate()
    row.refresh_from_db()
    assert not queries.overdue(hospital.code, today).exists()
    late = row.due + timedelta(days=1)
    assert queries.overdue(hospital.code, late).get() == row
    assert queries.overdue(sender.actor.organisation_code, late).get() == row
    Referral.objects.update(due=today - timedelta(days=3))
    page = receiver.browser.get("/desk/visits/?show=late").content.decode()
    assert row.number in page and "超期" in page


@pytest.mark.parametrize("field", list(BACK))
def test_a_return_without_its_summary_is_asked_back(
    sender, receiver, person, hospital, field
) -> None:
    refer(sender, person, hospital)
    row = Referral.objects.get()
    step(receiver, row, "accept")
    step(receiver, row, "see")
    reply = step(receiver, row, "return", **(BACK | {field: " "}))
    assert reply.status_code == 400 and 'role="alert"' in reply.content.decode()
    row.refresh_from_db()
    assert row.state == "seen" and sees(receiver, person)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"target": ""}, "请选择接收机构"),
        ({"target": "nowhere"}, "nowhere"),
        ({"impression": ""}, "请填写初步印象"),
        ({"reason": " "}, "请填写"),
    ],
)
def test_an_incomplete_referral_is_asked_back(sender, person, hospital, given, words) -> None:
    reply = refer(sender, person, hospital, **given)
    assert reply.status_code == 400 and words in reply.content.decode()
    assert not Referral.objects.exists()


def test_nobody_refers_to_the_own_institution_or_twice(sender, person, township, hospital) -> None:
    assert refer(sender, person, township).status_code == 400
    assert refer(sender, person, hospital).status_code == 302
    twice = refer(sender, person, hospital)
    assert twice.status_code == 409 and "还没有了结" in twice.content.decode()


def test_each_step_belongs_to_one_side(sender, receiver, person, hospital) -> None:
    refer(sender, person, hospital)
    row = Referral.objects.get()
    assert step(sender, row, "accept").status_code == 403
    assert step(receiver, row, "withdraw", note="x").status_code == 403
    row.refresh_from_db()
    assert row.state == "sent"


def test_a_third_institution_knows_of_nothing(sender, someone, person, hospital) -> None:
    other = public.create_organisation("H9", "第三家医院", "hospital")
    third = someone("clinician", other.code)
    refer(sender, person, hospital)
    row = Referral.objects.get()
    assert third.browser.get(f"/desk/visits/{row.pk}/").status_code == 404
    assert step(third, row, "accept").status_code == 404
    assert third.browser.get(f"/desk/visits/refer/{person}/").status_code == 404


@pytest.mark.parametrize(("who", "action"), [("receiver", "decline"), ("sender", "withdraw")])
def test_ended_early_it_closes_the_record_again(
    request, sender, receiver, person, hospital, who, action
) -> None:
    refer(sender, person, hospital)
    row = Referral.objects.get()
    actor = request.getfixturevalue(who)
    assert step(actor, row, action).status_code == 400, "a reason is needed"
    assert step(actor, row, action, note="本院没有床位").status_code == 302
    assert not sees(receiver, person)


def test_a_draft_stays_at_home(sender, receiver, person, hospital) -> None:
    sent = {"target": hospital.code, "keep": "1"} | FORM
    sender.browser.post(f"/desk/visits/refer/{person}/", sent)
    row = Referral.objects.get()
    assert row.state == "draft" and not sees(receiver, person)
    assert receiver.browser.get(f"/desk/visits/{row.pk}/").status_code == 404
    assert step(sender, row, "send").status_code == 302
    assert sees(receiver, person)


def test_a_state_that_changed_since_is_a_conflict(sender, receiver, person, hospital) -> None:
    refer(sender, person, hospital)
    row = Referral.objects.get()
    step(receiver, row, "accept")
    sent = {"action": "decline", "state": "sent", "note": "x"}
    reply = receiver.browser.post(f"/desk/visits/{row.pk}/step/", sent)
    assert reply.status_code == 409


def test_the_resident_sees_where_the_referral_is(sender, person, hospital, account) -> None:
    refer(sender, person, hospital)
    me = account("resident", "wang")
    record.relate(person, me.party, "self", start=timezone.localdate(), source="t")
    reader = record.reader_of(public.actor_of(me.account_id))
    mine = referrals_of(reader, person, on=timezone.localdate())
    assert [(one.state, one.target) for one in mine] == [("sent", hospital.name)]
