"""
Changes of referrals, sessions and bookings.

A referral's step belongs to one side, the institution that sends or the one that receives.
While it is open the receiver has a `referred` relation with the person; a booking opens the
record to the clinic until the day of the session ends. Both name what opened them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from secrets import token_hex

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from taihe.base import trail, workflow
from taihe.base.public import Actor, Organisation, organisation
from taihe.kernel.codes import Purpose
from taihe.kernel.errors import Conflict, Forbidden, Incorrect, NotFound
from taihe.record import public as record
from taihe.record.public import Grant
from taihe.visits.domain.sessions import HALVES, has_begun, is_over
from taihe.visits.domain.workflow import RECEIVER_READS, REFERRAL, SIDES
from taihe.visits.models import Booking, ClinicSession, Referral

RECEIVERS = ("hospital", "township_hospital", "clinic", "village_clinic")
MOST_PLACES = 200
FARTHEST_DAYS = 90


@dataclass(frozen=True)
class ReferralText:
    """What a referral says: to where, why, and what was done (转诊单)."""

    target: str
    department: str
    impression: str
    reason: str
    history: str = ""
    treatment: str = ""
    is_urgent: bool = False


@dataclass(frozen=True)
class ReturnText:
    """What comes back: diagnosis, main results, treatment, next plan (回转单)."""

    diagnosis: str
    results: str
    treated: str
    plan: str


# --- referrals -----------------------------------------------------------------------------


@transaction.atomic
def write_referral(text: ReferralText, grant: Grant, *, actor: Actor, at: datetime) -> Referral:
    """Draft a referral for a person whose record the writer has opened."""
    if not actor.organisation_code:
        raise Forbidden("您的账号没有所属机构，不能转诊。", "请联系管理员。")
    where = organisation(text.target)
    if where is None or where.kind not in RECEIVERS:
        raise Incorrect("没有这个接收机构。", "请从列表中选择接收机构。")
    if text.target == actor.organisation_code:
        raise Incorrect("不能转给本机构。", "请选择另一家机构。")
    if not text.impression.strip() or not text.reason.strip():
        raise Incorrect("初步印象和转诊原因须写明。", "请补充后再提交。")
    before = Referral.objects.filter(
        person__in=grant.numbers,
        source=actor.organisation_code,
        target=text.target,
        state__in=("draft", "sent", "accepted", "seen"),
    ).first()
    if before is not None:
        raise Conflict(
            f"这位居民转往该机构的转诊 {before.number} 还没有了结。", "请先办结或撤回那一次转诊。"
        )
    row = Referral.objects.create(
        number=f"N{token_hex(8)}",
        state=REFERRAL.start,
        person=grant.person,
        source=actor.organisation_code,
        target=text.target,
        department=text.department,
        is_urgent=text.is_urgent,
        author=actor.party,
        author_name=actor.display_name,
        day=timezone.localdate(at),
        impression=text.impression.strip(),
        reason=text.reason.strip(),
        history=text.history.strip(),
        treatment=text.treatment.strip(),
    )
    row.number = f"Z{row.day:%y%m%d}{row.pk:05d}"
    row.save(update_fields=["number"])
    trail.record("referral.written", row.subject, by=actor.party, at=at)
    return row


@transaction.atomic
def step_referral(
    referral: int,
    action: str,
    *,
    seen_state: str,
    actor: Actor,
    at: datetime,
    note: str = "",
    returned: ReturnText | None = None,
) -> Referral:
    """
    Take one step of a referral.

    `return` needs what comes back (`returned`). Raises `NotFound` for other institutions,
    `Forbidden` for the wrong side, `Conflict` when the state has changed since.
    """
    row = Referral.objects.select_for_update().filter(pk=referral).first()
    if row is None or actor.organisation_code not in (row.source, row.target):
        raise NotFound("没有这张转诊单。", "请从列表中重新打开。")
    if row.state != seen_state:
        raise Conflict("这张转诊单的状态已经改变。", "请刷新页面查看当前状态。")
    side = SIDES.get(action)
    mine = row.source if side == "from" else row.target
    if side is not None and actor.organisation_code != mine:
        words = "转出" if side == "from" else "接收"
        raise Forbidden(f"这一步由{words}机构办理。", "请等待对方机构办理。")
    if action == "return":
        if returned is None or not all(
            part.strip()
            for part in (returned.diagnosis, returned.results, returned.treated, returned.plan)
        ):
            raise Incorrect("回转须写明诊断、主要结果、治疗和下一步方案。", "请补充后再提交。")
        row.diagnosis, row.results = returned.diagnosis.strip(), returned.results.strip()
        row.treated, row.plan = returned.treated.strip(), returned.plan.strip()
        row.returned_by = actor.display_name
    before = row.state
    step = workflow.advance(
        REFERRAL, row.subject, before, action, actor=actor, at=at, note=note.strip()
    )
    row.state, row.due = step.target, step.due
    row.save()
    _open_to_receiver(row, before, actor=actor, at=at)
    return row


def _open_to_receiver(row: Referral, before: str, *, actor: Actor, at: datetime) -> None:
    was, now = before in RECEIVER_READS, row.state in RECEIVER_READS
    if was == now:
        return
    where = organisation(row.target)
    assert where is not None, "a referral names an institution that exists"
    if now:
        record.relate(
            row.person, where.party, "referred", start=at, source=row.subject, by=actor.party
        )
    else:
        record.end_relation(
            row.person, where.party, "referred", end=at, by=actor.party, source=row.subject
        )


# --- sessions ------------------------------------------------------------------------------


@transaction.atomic
def open_session(
    *,
    where: Organisation,
    department: str,
    doctor: str,
    day: date,
    half: str,
    capacity: int,
    by: int,
    at: datetime,
) -> ClinicSession:
    """Offer half a day of a department with a number of places."""
    today = timezone.localdate(at)
    if half not in HALVES:
        raise Incorrect("请选择上午或下午。")
    if not today <= day <= today + timedelta(days=FARTHEST_DAYS):
        raise Incorrect("日期须在今天到 90 天之内。", "请改正日期。")
    if not 1 <= capacity <= MOST_PLACES:
        raise Incorrect(f"号数须在 1 到 {MOST_PLACES} 之间。", "请改正号数。")
    try:
        with transaction.atomic():
            row = ClinicSession.objects.create(
                organisation=where.code,
                department=department.strip(),
                doctor=doctor.strip(),
                day=day,
                half=half,
                capacity=capacity,
            )
    except IntegrityError:
        raise Conflict("这个科室、医生在该时段已有排班。", "请到排班表中打开它。") from None
    trail.record("session.opened", f"session:{row.pk}", by=by, at=at, detail={"places": capacity})
    return row


@transaction.atomic
def stop_session(session: int, *, actor: Actor, at: datetime) -> ClinicSession:
    """Stop a session; every place in it is given back."""
    row = own_session(session, actor)
    if row.is_cancelled:
        raise Conflict("这个门诊已经停诊。")
    for booking in row.bookings.filter(state="booked"):
        _give_back(booking, row, by=actor.party, at=at)
    row.refresh_from_db()
    row.is_cancelled = True
    row.save(update_fields=["is_cancelled"])
    trail.record("session.stopped", f"session:{row.pk}", by=actor.party, at=at)
    return row


def own_session(session: int, actor: Actor) -> ClinicSession:
    """A session of the actor's institution."""
    row = ClinicSession.objects.filter(
        pk=session, organisation=actor.organisation_code or "-"
    ).first()
    if row is None:
        raise NotFound("没有这个门诊。", "请从排班表中重新打开。")
    return row


def book(grant: Grant, session: int, *, by: int, at: datetime) -> Booking:
    """
    Take a place in a session for a person whose record was opened.

    Raises `Conflict` when the session is full, stopped or over, or the person has a place.
    The condition of the update and the table's constraint decide between many at once.
    """
    local = timezone.localtime(at)
    with transaction.atomic():
        row = ClinicSession.objects.filter(pk=session).first()
        if row is None:
            raise NotFound("没有这个门诊。", "请刷新页面重新选择。")
        if is_over(row.day, row.half, local.date(), local.time()):
            raise Conflict("这个门诊已经结束。", "请选择其他时间。")
        taken = row.bookings.exclude(state="cancelled").filter(person__in=grant.numbers)
        if taken.exists():
            raise Conflict("这个时段已经预约过。", "不必重复预约。")
        got = ClinicSession.objects.filter(
            pk=session, is_cancelled=False, booked__lt=F("capacity")
        ).update(booked=F("booked") + 1, last_number=F("last_number") + 1)
        if not got:
            row.refresh_from_db()
            if row.is_cancelled:
                raise Conflict("这个门诊已经停诊。", "请选择其他时间。")
            raise Conflict("这个门诊的号已经约满。", "请选择其他时间。")
        row.refresh_from_db()
        try:
            with transaction.atomic():
                made = Booking.objects.create(
                    session=row, person=grant.person, number=row.last_number, by=by, at=at
                )
        except IntegrityError:
            raise Conflict("这个时段已经预约过。", "不必重复预约。") from None
        where = organisation(row.organisation)
        if where is not None:
            record.relate(
                grant.person,
                where.party,
                "treats",
                start=at,
                end=row.day + timedelta(days=1),
                source=made.subject,
                by=by,
            )
        trail.record("booking.made", made.subject, by=by, at=at, detail={"session": row.pk})
    return made


@transaction.atomic
def cancel_booking(grant: Grant, booking: int, *, by: int, at: datetime) -> Booking:
    """Give a place back before the session begins."""
    row = (
        Booking.objects.select_for_update()
        .select_related("session")
        .filter(pk=booking, person__in=grant.numbers)
        .first()
    )
    if row is None:
        raise NotFound("没有这个预约。", "请刷新页面查看。")
    local = timezone.localtime(at)
    if row.state == "cancelled":
        raise Conflict("这个预约已经取消。")
    if row.state == "arrived":
        raise Conflict("已经到诊，不能取消。")
    if has_begun(row.session.day, row.session.half, local.date(), local.time()):
        raise Conflict("门诊已经开始，不能取消。", "请致电就诊机构。")
    return _give_back(row, row.session, by=by, at=at)


@transaction.atomic
def arrive(booking: int, *, actor: Actor, at: datetime) -> Booking:
    """Say at the desk that somebody has come; on the day of the session only."""
    row = Booking.objects.select_for_update().select_related("session").filter(pk=booking).first()
    if row is None or row.session.organisation != actor.organisation_code:
        raise NotFound("没有这个预约。", "请从门诊页面重新打开。")
    if row.session.day != timezone.localdate(at):
        raise Conflict("只能在门诊当天登记到诊。")
    if row.state != "booked":
        raise Conflict("这个预约已经取消或已到诊。", "请刷新页面查看。")
    row.state = "arrived"
    row.save(update_fields=["state"])
    trail.record("booking.arrived", row.subject, by=actor.party, at=at)
    return row


def _give_back(row: Booking, session: ClinicSession, *, by: int, at: datetime) -> Booking:
    row.state = "cancelled"
    row.save(update_fields=["state"])
    ClinicSession.objects.filter(pk=session.pk).update(booked=F("booked") - 1)
    where = organisation(session.organisation)
    if where is not None:
        record.end_relation(row.person, where.party, "treats", end=at, by=by, source=row.subject)
    trail.record("booking.cancelled", row.subject, by=by, at=at)
    return row


def open_for_treatment(actor: Actor, person: int, *, action: str, route: str) -> Grant:
    """Open the person's record for treatment; writes the access entry."""
    reader = record.reader_of(actor)
    return record.open_person(reader, person, Purpose.TREATMENT, action=action, route=route)
