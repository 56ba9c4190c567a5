"""
Changes of elder care: beds, admission and discharge, assessment, events, marks on tasks.

Each is one transaction with its trail row. Admission opens the record to the home with the
relation `cares`; discharge ends it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from taihe.base import trail
from taihe.base.public import Actor, organisation
from taihe.care import queries, rules
from taihe.care.domain import plan
from taihe.care.domain.assess import YOUNGEST
from taihe.care.instrument import instrument
from taihe.care.models import Assessment, Bed, Event, Stay, TaskMark
from taihe.kernel.codes import System
from taihe.kernel.errors import Conflict, Forbidden, Incorrect, NotFound
from taihe.kernel.identifiers import Oid
from taihe.record import public as record

WHYS = {"first": "首次", "regular": "定期", "change": "状况变化", "appeal": "复核"}


@transaction.atomic
def add_bed(room: str, label: str, *, actor: Actor, at: datetime) -> Bed:
    """A new bed of the actor's home."""
    home = _home(actor)
    if not room.strip() or not label.strip():
        raise Incorrect("房间和床号都要写。", "例如 201 房，1 床。")
    try:
        with transaction.atomic():
            bed = Bed.objects.create(organisation=home, room=room.strip(), label=label.strip())
    except IntegrityError:
        raise Conflict("这张床已经登记过。", "换一个床号。") from None
    trail.record("bed.added", f"bed:{bed.pk}", by=actor.party, at=at)
    return bed


def person_by_number(number: str) -> int:
    """The person whose whole citizen or insurance number this is; raises `NotFound`."""
    text = "".join(number.split()).upper()
    for system in (Oid.CITIZEN, System.INSURANCE_PERSON):
        found = record.person_of(system, text)
        if found is not None:
            return found
    raise NotFound("没有找到这个号码的健康档案。", "核对身份证号或医保编号，一位也不能少。")


def admit(person: int, bed: int, *, actor: Actor, at: datetime) -> Stay:
    """
    Take an elder in on a free bed.

    The database refuses a bed that is taken and a person who lives in a home already, also
    when two admissions come at the same moment.
    """
    home = _home(actor)
    where = organisation(home)
    assert where is not None, "an account's organisation exists"
    person = record.current(person)
    with transaction.atomic():
        chosen = Bed.objects.filter(pk=bed, organisation=home).first()
        if chosen is None:
            raise NotFound("没有这张床。", "从空床中选一张。")
        _free(chosen)
        numbers = record.numbers_of(person)
        if Stay.objects.filter(person__in=numbers, until=None).exists():
            raise Conflict("这位老人已经在住，不能重复入住。", "请先在原机构办理退住。")
        try:
            with transaction.atomic():
                stay = Stay.objects.create(person=person, organisation=home, bed=chosen, since=at)
        except IntegrityError:
            raise Conflict("这张床刚被占用，或老人已经入住。", "刷新后另选一张空床。") from None
        trail.record("care.admitted", stay.subject, by=actor.party, at=at, detail={"bed": bed})
        record.relate(person, where.party, "cares", start=at, source=stay.subject, by=actor.party)
    return stay


@transaction.atomic
def move(stay: int, bed: int, *, actor: Actor, at: datetime) -> Stay:
    """Give an elder another bed."""
    row = _living(stay, actor)
    chosen = Bed.objects.filter(pk=bed, organisation=row.organisation).first()
    if chosen is None:
        raise NotFound("没有这张床。", "从空床中选一张。")
    if chosen.pk == row.bed_id:
        raise Incorrect("老人已经在这张床。", "另选一张空床。")
    _free(chosen)
    before, row.bed = row.bed_id, chosen
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise Conflict("这张床刚被占用。", "刷新后另选一张空床。") from None
    detail = {"from": before, "to": chosen.pk}
    trail.record("care.moved", row.subject, by=actor.party, at=at, detail=detail)
    return row


@transaction.atomic
def discharge(stay: int, reason: str, *, actor: Actor, at: datetime) -> Stay:
    """End a stay; the bed is free and the record is closed to the home."""
    row = _living(stay, actor)
    if not reason.strip():
        raise Incorrect("退住要写原因。", "例如“回家居住”“转医院”。")
    where = organisation(row.organisation)
    assert where is not None, "a stay's organisation exists"
    row.until, row.reason = at, reason.strip()[:200]
    row.save()
    trail.record("care.discharged", row.subject, by=actor.party, at=at)
    record.end_relation(
        row.person, where.party, "cares", end=at, by=actor.party, source=row.subject
    )
    return row


@transaction.atomic
def assess(
    stay: int,
    answers: Mapping[str, int],
    facts: Mapping[str, Any],
    *,
    why: str,
    second: str,
    age: int | None,
    actor: Actor,
    at: datetime,
) -> Assessment:
    """
    Keep an assessment with its level.

    `facts` are coma, dementia_or_mental_dx and care_risk_events_30d, all answered. Raises
    `Incorrect` for a person under 60 and for fewer events than the home itself recorded.
    """
    row = _living(stay, actor)
    if age is not None and age < YOUNGEST:
        raise Incorrect("该标准适用于 60 周岁及以上的老年人。", "核对是否选错了人。")
    if why not in WHYS:
        raise Incorrect("没有选评估原因。", "选一项。")
    if not second.strip():
        raise Incorrect("没有写另一位评估员。", "评估由两人进行，写另一位的姓名。")
    recorded = queries.recent_events(row, timezone.localdate(at))
    if int(facts["care_risk_events_30d"]) < recorded:
        raise Incorrect(
            f"近 30 天本院已记录 {recorded} 次照护风险事件，所填少于记录。", "核对后再填。"
        )
    found = instrument().score({**facts, "items": dict(answers)})
    made = Assessment.objects.create(
        person=row.person,
        stay=row,
        why=why,
        answers=dict(answers),
        facts=dict(facts),
        total=found["total"],
        groups=found["groups"],
        initial=found["initial_level"],
        final=found["final_level"],
        rules=found["rules"],
        unverified=found["unverified"],
        second=second.strip()[:80],
        by=actor.party,
        by_name=actor.display_name,
        at=at,
    )
    trail.record("care.assessed", made.subject, by=actor.party, at=at, detail={"why": why})
    return made


@transaction.atomic
def note_event(stay: int, kind: str, on: date, note: str, *, actor: Actor, at: datetime) -> Event:
    """Write down a care-risk event."""
    row = _living(stay, actor)
    if kind not in rules.event_kinds():
        raise Incorrect("没有选事件种类。", "选一项。")
    if on > timezone.localdate(at):
        raise Incorrect("事件日期在今天之后。", "核对日期。")
    if on < timezone.localdate(row.since):
        raise Incorrect("事件日期在入住之前。", "入住前的事件填在评估表里。")
    made = Event.objects.create(
        stay=row,
        kind=kind,
        on=on,
        note=note.strip()[:300],
        by=actor.party,
        by_name=actor.display_name,
        at=at,
    )
    trail.record("care.event", row.subject, by=actor.party, at=at, detail={"kind": kind})
    return made


@transaction.atomic
def mark(
    stay: int,
    day: date,
    key: str,
    slot: str,
    state: str,
    *,
    seen: int,
    note: str = "",
    actor: Actor,
    at: datetime,
) -> TaskMark:
    """
    Say that a task was done, left undone with a reason, or take that back (`open`).

    `seen` is how many marks the page showed: whoever comes second gets `Conflict`.
    """
    row = _living(stay, actor)
    today = timezone.localdate(at)
    if day > today:
        raise Incorrect("还没到那一天。", "到当天再登记。")
    if day < today - timedelta(days=rules.limits()["mark_days_back"]):
        raise Incorrect("太久以前的任务不能补记。", "请写在护理记录里。")
    if state not in plan.STATES:
        raise Incorrect("没有选做了还是没做。", "选一项。")
    tasks = {(task.key, task.slot): task for task in queries.of_stay(row, day).tasks}
    task = tasks.get((key, slot))
    if task is None:
        raise NotFound("那一天没有这项任务。", "刷新页面看当天的任务。")
    if task.seen != seen:
        raise Conflict("这项任务刚被别人登记过。", "刷新页面看是谁做的。")
    if task.state == state:
        raise Conflict(f"这项任务已经是“{task.words}”。", "刷新页面再看。")
    if state == plan.SKIPPED and not note.strip():
        raise Incorrect("没做要写原因。", "例如“老人外出就诊”。")
    try:
        with transaction.atomic():
            made = TaskMark.objects.create(
                stay=row,
                day=day,
                key=key,
                slot=slot,
                number=seen + 1,
                state=state,
                note=note.strip()[:200],
                by=actor.party,
                by_name=actor.display_name,
                at=at,
            )
    except IntegrityError:
        raise Conflict("这项任务刚被别人登记过。", "刷新页面看是谁做的。") from None
    detail = {"task": key, "day": day.isoformat(), "state": state}
    trail.record("care.task", row.subject, by=actor.party, at=at, detail=detail)
    return made


def _home(actor: Actor) -> str:
    where = organisation(actor.organisation_code) if actor.organisation_code else None
    if where is None or where.kind != "care_home":
        raise Forbidden("您的账号不属于养老机构。", "请联系管理员。")
    return where.code


def _free(bed: Bed) -> None:
    if Stay.objects.filter(bed=bed, until=None).exists():
        raise Conflict(f"{bed.room} 房 {bed.label} 已有人住。", "另选一张空床。")


def _living(stay: int, actor: Actor) -> Stay:
    row = (
        Stay.objects.select_for_update()
        .filter(pk=stay, organisation=_home(actor), until=None)
        .first()
    )
    if row is None:
        raise NotFound("没有这位在住老人。", "可能已经退住，请从名单重新打开。")
    return row
