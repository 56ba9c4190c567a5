"""
Changes: a visit and its correction, home readings, alarms, whose a device is.

A visit, its trail row and its Observations in the record are one transaction.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from taihe.base import trail, workflow
from taihe.base.public import Actor
from taihe.base.workflow import StateChange
from taihe.chronic import fhir, following, models, queries, rules
from taihe.chronic.domain import follow_up, telemetry
from taihe.chronic.domain.alert_workflow import ALERT, WAITING
from taihe.chronic.domain.evidence import evidence
from taihe.chronic.domain.follow_up import FollowUpClass, Outcome, Visit
from taihe.chronic.domain.telemetry import HomeReading
from taihe.chronic.following import Said
from taihe.kernel.codes import System
from taihe.kernel.errors import Conflict, NotFound
from taihe.record import public as record

_NAMESPACE = uuid.UUID("6f0f5f0e-1b7b-5a65-9a5e-0a4a1f9b7c11")
FORM_ANSWERS = ("hba1c_pct", "weight_kg", "heart_rate_bpm")
REPEAT = "请坐下安静休息 5 分钟后再测一次。如有胸痛、气短、说话不清、肢体无力，请立即拨打 120。"
LOW = "血糖过低：请马上吃含糖的食物或喝糖水，15 分钟后复测；意识不清请立即拨打 120。"


@dataclass(frozen=True)
class Written:
    """
    A visit as it was filled in: facts for the decision, and every answer of the form.

    `visit` holds the facts that decide; `answers` holds all fields by their name.
    """

    visit: Visit
    visited_on: date
    way: str
    answers: Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """What became of one home reading: status is stored, unchanged or refused."""

    id: str
    status: str
    reference: str = ""
    alarm: str = ""
    advice: str = ""
    problem: str = ""
    do: str = ""


@dataclass(frozen=True)
class Alarmed:
    """What one reading or mean called for."""

    words: tuple[str, ...] = ()
    advice: str = ""


# --- visits --------------------------------------------------------------------------------


def decide(written: Written, previous: FollowUpClass | None) -> Outcome:
    """Class, action and next day by the rows of the day of the visit."""
    chosen = rules.follow_up_rules(rules.PUBLIC_HEALTH, on=written.visited_on)
    return follow_up.follow_up_class(written.visit, previous, rules=chosen)


def record_visit(
    person: int,
    written: Written,
    *,
    key: uuid.UUID,
    actor: Actor,
    at: datetime,
    seconds: int | None = None,
) -> models.Visit:
    """
    Save a visit, its Observations and its trail row.

    The same `key` again is the same visit: a second tap on the button saves nothing.
    """
    known = queries.visit(key)
    if known is not None:
        if known.by == actor.party and known.person in record.numbers_of(person):
            return known
        raise Conflict("这张随访表已经保存过。", "请回到患者页面重新打开一张。")
    return _save(person, written, key=key, version=1, actor=actor, at=at, seconds=seconds)


def correct_visit(
    key: uuid.UUID,
    written: Written,
    *,
    seen_version: int,
    reason: str,
    actor: Actor,
    at: datetime,
) -> models.Visit:
    """
    Write the next version of a visit; the versions before stay as they are.

    Raises `Conflict` when somebody has corrected it since the page was opened.
    """
    known = queries.visit(key)
    if known is None:
        raise NotFound("没有这次随访。", "请从患者页面重新打开。")
    if known.version != seen_version:
        raise Conflict("这次随访已被他人更正。", "请刷新页面，在最新的内容上更正。")
    return _save(
        known.person, written, key=key, version=known.version + 1, actor=actor, at=at, reason=reason
    )


def _save(
    person: int,
    written: Written,
    *,
    key: uuid.UUID,
    version: int,
    actor: Actor,
    at: datetime,
    reason: str = "",
    seconds: int | None = None,
) -> models.Visit:
    visit = written.visit
    previous = _class_before(person, str(visit.disease), written.visited_on, key)
    outcome = decide(written, previous)
    patient = next(iter(record.patients_of(person)), "")
    if not patient:
        raise Conflict("档案里没有这位居民的登记。", "请先在县平台登记居民信息。")
    performer: dict[str, str] = {"display": actor.organisation_name or actor.display_name}
    if reference := record.reference_of(
        "Organization", System.INSTITUTION.value, actor.organisation_code
    ):
        performer["reference"] = reference
    resources = [
        one | {"performer": [performer]} for one in observations(key, patient, written, at)
    ]
    before = queries.visit(key)
    if before is not None:
        resources += _withdrawn(key, patient, before, {one["id"] for one in resources})
    with transaction.atomic():
        row = models.Visit.objects.create(
            key=key,
            version=version,
            person=person,
            disease=str(visit.disease),
            organisation=actor.organisation_code,
            by=actor.party,
            by_name=actor.display_name,
            at=at,
            visited_on=written.visited_on,
            way=written.way,
            age_years=int(visit.age_years or 0),
            sbp_mmhg=visit.sbp_mmhg,
            dbp_mmhg=visit.dbp_mmhg,
            fpg_mmol=visit.fpg_mmol,
            answers=dict(written.answers),
            cls=str(outcome.cls) if outcome.cls else "",
            previous_cls=str(previous) if previous else "",
            action=str(outcome.action),
            next_on=written.visited_on + timedelta(days=outcome.next_due_days),
            dangers=[sign.words for sign in outcome.dangers],
            rules=list(outcome.rules),
            ruler=rules.PUBLIC_HEALTH,
            reason=reason,
            seconds=seconds,
        )
        trail.record(
            "chronic.visit-corrected" if version > 1 else "chronic.visited",
            row.subject,
            by=actor.party,
            at=at,
            detail={"person": person, "version": version, "action": row.action},
        )
        _into_record(resources, person, by=actor.party, at=at)
    return row


def observations(
    key: uuid.UUID, patient: str, written: Written, at: datetime
) -> list[dict[str, Any]]:
    """The Observations of a visit; their ids stay the same when it is corrected."""
    local = timezone.localtime(at)
    when: date = local if written.visited_on == local.date() else written.visited_on
    visit = written.visit
    found = []
    if visit.sbp_mmhg is not None and visit.dbp_mmhg is not None:
        found.append(fhir.pressure(_id(key, "bp"), patient, when, visit.sbp_mmhg, visit.dbp_mmhg))
    values = {"fpg_mmol": visit.fpg_mmol}
    values |= {name: written.answers.get(name) for name in FORM_ANSWERS}
    found += [
        fhir.measure(_id(key, name), patient, when, name, value)
        for name, value in values.items()
        if isinstance(value, int | float)
    ]
    return found


def _withdrawn(
    key: uuid.UUID, patient: str, before: models.Visit, kept: set[str]
) -> list[dict[str, Any]]:
    """What an older version measured and this one does not: marked as entered in error."""
    old = Written(
        queries.contact_of(before).visit, before.visited_on, before.way, dict(before.answers)
    )
    return [
        one | {"status": "entered-in-error"}
        for one in observations(key, patient, old, before.at)
        if one["id"] not in kept
    ]


def _class_before(person: int, disease: str, on: date, key: uuid.UUID) -> FollowUpClass | None:
    """The class of the visit before this one."""
    earlier = [
        row
        for row in queries.visits(person, disease)
        if row.key != key and row.visited_on <= on and row.cls
    ]
    return FollowUpClass(earlier[0].cls) if earlier else None


def confirm_diagnosis(person: int, disease: str, *, actor: Actor, at: datetime) -> None:
    """
    A clinician confirms what high readings made suspected: the diagnosis goes into the record.

    The person is managed from then on. Raises `Conflict` where nothing is suspected.
    """
    found = [e for e in queries.entries_of(person) if e.disease == disease]
    if not found or found[0].standing != "suspected" or disease not in fhir.DIAGNOSES:
        raise Conflict("这位居民没有待确诊的慢病。", "请刷新页面查看当前状态。")
    patient = next(iter(record.patients_of(person)), "")
    if not patient:
        raise Conflict("档案里没有这位居民的登记。", "请先在县平台登记居民信息。")
    id = str(uuid.uuid5(_NAMESPACE, f"Patient/{patient}|diagnosis|{disease}"))
    made = fhir.diagnosis(id, patient, timezone.localdate(at), disease, actor.display_name)
    with transaction.atomic():
        trail.record(
            "chronic.diagnosed",
            f"person:{person}",
            by=actor.party,
            at=at,
            detail={"disease": disease, "suspected_by": found[0].rules},
        )
        _into_record([made], person, by=actor.party, at=at)


def _into_record(
    resources: Sequence[Mapping[str, Any]], person: int, *, by: int, at: datetime
) -> list[record.Stored]:
    """Store resources, and keep them as facts at once: the follower finds the same again."""
    stored = record.store_resources(resources, by=by, at=at)
    following.decide(
        following.absorb(
            Said(f"{one['resourceType']}/{one['id']}", person, evidence(one, rules.limits()))
            for one in resources
        )
    )
    return stored


def _id(key: uuid.UUID, part: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{key}|{part}"))


# --- home readings -------------------------------------------------------------------------


def take_home_readings(
    person: int, readings: Sequence[HomeReading], *, by: int, at: datetime
) -> list[Verdict]:
    """
    Store home readings of one person; an extreme one, or a high mean, becomes an alarm.

    A reading that was taken before is `unchanged`; the same id with another value is
    refused. Who may write for the person was decided by the caller.
    """
    patient = next(iter(record.patients_of(person)), "")
    if not patient:
        raise Conflict("档案里没有这位居民的登记。", "请先在县平台登记居民信息。")
    return [_take(person, patient, reading, by=by, at=at) for reading in readings]


def _take(person: int, patient: str, reading: HomeReading, *, by: int, at: datetime) -> Verdict:
    id = str(uuid.uuid5(_NAMESPACE, f"Patient/{patient}|{reading.key}"))
    reference = f"Observation/{id}"
    digest = hashlib.sha256(
        f"{reading.kind}|{reading.measured_at.timestamp()}|{reading.words}|{reading.pulse_bpm}".encode()
    ).hexdigest()
    with transaction.atomic():
        row, new = models.Received.objects.get_or_create(
            resource=reference, defaults={"digest": digest, "received_at": at, "by": by}
        )
        if not new:
            if row.digest == digest:
                return Verdict(reading.key, "unchanged", reference)
            return Verdict(
                reading.key,
                "refused",
                reference,
                problem="This id came before with another value.",
                do="Give every reading an id of its own.",
            )
        _into_record(fhir.at_home(id, patient, reading), person, by=by, at=at)
        alarmed = _alarm(person, reading, reference, at)
        trail.record(
            "chronic.measured-at-home",
            f"person:{person}",
            by=by,
            at=at,
            detail={"kind": reading.kind, "alarm": bool(alarmed.words)},
        )
    return Verdict(reading.key, "stored", reference, "；".join(alarmed.words), alarmed.advice)


def _alarm(person: int, reading: HomeReading, reference: str, at: datetime) -> Alarmed:
    home = rules.home_rules()
    if at - reading.measured_at > timedelta(hours=home.alarm_hours):
        return Alarmed()
    words: list[str] = []
    advice = ""
    for alarm in telemetry.alarms(reading, rules.danger_signs()):
        _raise(person, alarm.cause, reading.words, alarm.rule, reference, at)
        words.append(alarm.words)
        advice = advice or (LOW if alarm.cause == "glucose-low" else REPEAT)
    if reading.kind == "bp" and not words:
        mean = queries.home_mean_of(person, timezone.localdate(at))
        if mean and mean.high and not _ended_lately(person, "home-mean", at):
            value = f"{mean.sbp_mmhg:.0f}/{mean.dbp_mmhg:.0f} mmHg"
            _raise(person, "home-mean", value, "home_pressure:sbp_from_mmhg", reference, at)
    return Alarmed(tuple(words), advice)


def _raise(person: int, cause: str, value: str, rule: str, reference: str, at: datetime) -> None:
    """One waiting alarm for a person and cause; a further reading counts into it."""
    numbers = record.numbers_of(person)
    known = (
        models.Alert.objects.select_for_update()
        .filter(person__in=numbers, cause=cause, is_waiting=True)
        .first()
    )
    if known is None:
        row = models.Alert.objects.create(
            person=person,
            cause=cause,
            opened_at=at,
            last_at=at,
            value=value,
            rule=rule,
            evidence=reference,
        )
        trail.record("chronic.alarm-opened", row.subject, by=None, at=at, detail={"rule": rule})
        return
    known.times += 0 if cause == "home-mean" else 1
    known.last_at, known.value, known.evidence = at, value, reference
    known.save(update_fields=["times", "last_at", "value", "evidence"])


def _ended_lately(person: int, cause: str, at: datetime) -> bool:
    """Whether an alarm of this cause ended within the measuring week: it is not raised again."""
    since = at - timedelta(days=rules.home_rules().window_days)
    return models.Alert.objects.filter(
        person__in=record.numbers_of(person), cause=cause, ended_at__gte=since
    ).exists()


@transaction.atomic
def handle_alert(
    number: int, action: str, *, seen_state: str, actor: Actor, at: datetime, note: str
) -> StateChange:
    """Take one step of an alarm: who was called, seen or sent on, and what came of it."""
    row = models.Alert.objects.select_for_update().filter(pk=number).first()
    if row is None:
        raise NotFound("没有这条提醒。", "请从列表重新打开。")
    step = workflow.advance(ALERT, row.subject, seen_state, action, actor=actor, at=at, note=note)
    row.state = step.target
    row.is_waiting = step.target in WAITING
    row.ended_at = None if row.is_waiting else at
    row.save(update_fields=["state", "is_waiting", "ended_at"])
    return step


@dataclass(frozen=True)
class Bound:
    """A device that was bound, and from whom it was taken (0 nobody)."""

    code: str
    person: int
    before: int = field(default=0)


@transaction.atomic
def bind_device(code: str, person: int, *, by: int, at: datetime) -> Bound:
    """Say whose a device is from now on; what it sent before stays with its owner then."""
    now = models.Device.objects.select_for_update().filter(code=code, until=None).first()
    before = 0
    if now is not None:
        if now.person == person:
            return Bound(code, person, person)
        before = now.person
        now.until = at
        now.save(update_fields=["until"])
    models.Device.objects.create(code=code, person=person, since=at, by=by)
    trail.record(
        "chronic.device-bound", f"person:{person}", by=by, at=at, detail={"before": before}
    )
    return Bound(code, person, before)
