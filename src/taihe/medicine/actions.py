"""
Changes of a prescription: written and checked, signed, presented, dispensed once, withdrawn.

Every change is a step of `domain.workflow` in one transaction with its trail row. Whoever
opens the record for it does so through `record.public` before calling here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from secrets import token_hex

from django.db import IntegrityError, transaction
from django.utils import timezone

from taihe.base import trail, workflow
from taihe.base.public import Actor, organisation
from taihe.kernel.codes import Purpose
from taihe.kernel.errors import Conflict, Forbidden, Incorrect, NotFound
from taihe.medicine import checks, rows, tokens
from taihe.medicine.domain.form import valid_days
from taihe.medicine.domain.prescription import CheckFinding, PrescriptionDraft, verdict
from taihe.medicine.domain.workflow import CHANGEABLE, PRESCRIPTION
from taihe.medicine.models import (
    CheckResult,
    Dispensing,
    Prescription,
    PrescriptionLine,
    Presentation,
    TraceCode,
)
from taihe.record import public as record
from taihe.record.public import Grant

ROUTE_PHARMACY = "desk.pharmacy"
TRACE_LENGTH = 20


# --- written and checked -------------------------------------------------------------------


def completed(
    draft: PrescriptionDraft, grant: Grant, *, without: int | None = None
) -> PrescriptionDraft:
    """
    The draft with what the person's record and other prescriptions of the day add.

    `grant` is the record as it was opened by whoever writes.
    """
    shown = ("Patient", "AllergyIntolerance")
    known = record.page_of_grant(grant, on=draft.on, shown=shown)
    where = organisation(draft.organisation)
    return replace(
        draft,
        sex=known.demographics.sex,
        birth_date=known.demographics.birth_date,
        allergies=tuple(allergy.name for allergy in known.allergies),
        level=where.level if where else "",
        also_today=rows.lines_of_the_day(grant.numbers, draft.on, without=without),
    )


def write_prescription(
    draft: PrescriptionDraft, grant: Grant, *, actor: Actor, at: datetime, valid_for: int = 1
) -> Prescription:
    """
    Write a prescription and check it at once; it is then ready, or refused.

    Raises `Incorrect` when the draft cannot be (no line, a pregnant man, 0 boxes).
    """
    draft = completed(draft, grant)
    _possible(draft, valid_for)
    found = checks.run(draft)
    with transaction.atomic():
        row = Prescription(
            number=f"N{token_hex(8)}",
            state=PRESCRIPTION.start,
            kind=draft.kind,
            person=grant.person,
            organisation=draft.organisation,
            author=actor.party,
            author_name=actor.display_name,
            insurance=draft.insurance,
            written_at=at,
        )
        _fill(row, draft, valid_for)
        row.save()
        row.number = f"{draft.on:%y%m%d}{row.pk:06d}"
        trail.record("prescription.written", row.subject, by=actor.party, at=at)
        _store(row, draft, found, actor=actor, at=at)
    return row


def amend_prescription(
    prescription: int,
    draft: PrescriptionDraft,
    grant: Grant,
    *,
    seen_state: str,
    actor: Actor,
    at: datetime,
    valid_for: int = 1,
) -> Prescription:
    """Change a prescription that is not signed (or came back), and check it anew."""
    draft = completed(draft, grant, without=prescription)
    _possible(draft, valid_for)
    found = checks.run(draft)
    with transaction.atomic():
        row = _locked(prescription)
        if row.person not in grant.numbers or row.kind != draft.kind:
            raise Conflict("这张处方属于另一位居民或另一类处方。", "请重新打开处方。")
        if row.state not in CHANGEABLE or row.state != seen_state:
            raise Conflict("这张处方现在不能修改。", "请刷新页面查看当前状态。")
        _own(row, actor)
        workflow.advance(PRESCRIPTION, row.subject, row.state, "amend", actor=actor, at=at)
        _fill(row, draft, valid_for)
        row.lines.all().delete()
        row.checks.all().delete()
        _store(row, draft, found, actor=actor, at=at)
    return row


def _fill(row: Prescription, draft: PrescriptionDraft, valid_for: int) -> None:
    row.day, row.diagnosis, row.doses = draft.on, draft.diagnosis, draft.doses
    row.usage, row.reason, row.is_pregnant = draft.usage, draft.reason, draft.is_pregnant
    row.valid_for, row.insurance = valid_for, draft.insurance


def _store(
    row: Prescription,
    draft: PrescriptionDraft,
    found: Sequence[tuple[str, CheckFinding]],
    *,
    actor: Actor,
    at: datetime,
) -> None:
    PrescriptionLine.objects.bulk_create(
        PrescriptionLine(
            prescription=row,
            position=position,
            code=line.code,
            name=line.name,
            quantity=line.quantity,
            unit=line.unit,
            usage=line.usage,
            days=line.days,
        )
        for position, line in enumerate(draft.lines, start=1)
    )
    CheckResult.objects.bulk_create(
        CheckResult(
            prescription=row,
            check_name=name,
            result=finding.result,
            rule_id=finding.rule_id[:160],
            message=finding.message,
            source=finding.source,
            clause=finding.clause,
            items=list(finding.items),
            checked_at=at,
        )
        for name, finding in found
    )
    row.verdict = verdict(finding for _, finding in found)
    action = "refuse" if row.verdict == "block" else "pass"
    step = workflow.advance(PRESCRIPTION, row.subject, "draft", action, actor=actor, at=at)
    row.state = step.target
    row.token_digest, row.nonce, row.valid_until = None, "", None
    row.save()


def _possible(draft: PrescriptionDraft, valid_for: int) -> None:
    if not draft.lines:
        raise Incorrect("处方没有药品。", "请至少写一种药。")
    if any(not line.name.strip() or line.quantity <= 0 for line in draft.lines):
        raise Incorrect("药名不能为空，数量须大于 0。", "请改正后再提交。")
    if draft.kind == "tcm" and not draft.doses:
        raise Incorrect("饮片处方没有写剂数。", "请填写剂数。")
    if draft.is_pregnant and draft.sex == "male":
        raise Incorrect("登记性别为男，不能填写妊娠。", "请核对居民，或改正“是否妊娠”。")
    if not 1 <= valid_for <= valid_days(draft):
        raise Incorrect("有效期最长 3 天。", "请选择当日、2 天或 3 天。")


# --- signed --------------------------------------------------------------------------------


@transaction.atomic
def sign_prescription(
    prescription: int, *, seen_state: str, actor: Actor, at: datetime, reason: str = ""
) -> Prescription:
    """
    Sign a prescription that passed.

    When a check says `sign`, the first signature leads to `second`, and only a second one
    with a reason makes it valid. What a check blocks cannot be signed.
    """
    row = _locked(prescription)
    _own(row, actor)
    if row.state != seen_state:
        raise Conflict("这张处方的状态已经改变。", "请刷新页面查看当前状态。")
    if row.verdict == "block":
        raise Conflict("审核不通过的处方不能签名。", "请按审核意见修改后重新提交。")
    if timezone.localdate(at) != row.day:
        raise Conflict("处方须在开具当日签名。", "请修改处方，日期会更新为今天。")
    action = "sign"
    if row.state == "second":
        action = "sign_again"
    elif row.verdict == "sign":
        action = "sign_first"
    step = workflow.advance(
        PRESCRIPTION, row.subject, row.state, action, actor=actor, at=at, note=reason.strip()
    )
    row.state = step.target
    if row.state == "signed":
        row.nonce = token_hex(16)
        row.token_digest = tokens.digest_of(tokens.token_of(row.pk, row.nonce))
        row.valid_until = row.day + timedelta(days=row.valid_for - 1)
    row.save()
    return row


@transaction.atomic
def withdraw_prescription(
    prescription: int, *, seen_state: str, actor: Actor, at: datetime, reason: str
) -> Prescription:
    """Give a prescription up; its QR code means nothing from now on."""
    row = _locked(prescription)
    _own(row, actor)
    return _to(row, "withdraw", seen_state, actor=actor, at=at, note=reason)


# --- at the pharmacy -----------------------------------------------------------------------


def present_prescription(text: str, *, actor: Actor, at: datetime) -> Prescription:
    """
    A pharmacy is shown a QR code: it may see this prescription and its person until midnight.

    Raises `NotFound` for what is no token of a valid prescription, `Conflict` when it was
    dispensed, withdrawn or is too old, saying so without naming the person.
    """
    where = organisation(actor.organisation_code) if actor.organisation_code else None
    if where is None:
        raise Forbidden("您的账号没有所属药房。", "请联系管理员。")
    token = tokens.read(text)
    row = (
        Prescription.objects.filter(token_digest=tokens.digest_of(token)).first() if token else None
    )
    if row is None:
        raise NotFound("没有这个取药码。", "请重新扫码，或按处方上的 24 位取药码输入。")
    with transaction.atomic():
        row = _locked(row.pk)
        if row.state == "signed" and _is_over(row, at):
            _to(row, "expire", "signed", actor=None, at=at)
            refused: Conflict | None = Conflict(
                f"处方已于 {row.valid_until:%Y-%m-%d} 过期。", "请居民回到开方医生处重新开具。"
            )
        else:
            refused = None if row.state == "signed" else _not_now(row)
        if refused is None:
            until = _midnight(at)
            Presentation.objects.create(prescription=row, party=where.party, at=at, until=until)
            record.relate(
                row.person,
                where.party,
                "dispenses",
                start=at,
                end=until,
                source=row.subject,
                by=actor.party,
            )
            trail.record("prescription.presented", row.subject, by=actor.party, at=at)
    if refused is not None:
        raise refused
    return row


def presented_to(prescription: int, *, actor: Actor, at: datetime) -> Prescription:
    """The prescription, if its code was shown to the actor's pharmacy today."""
    row = Prescription.objects.filter(pk=prescription).first()
    if (
        row is None
        or not row.presentations.filter(party__in=actor.parties, at__lte=at, until__gt=at).exists()
    ):
        raise NotFound("没有这张处方。", "请居民出示取药码后再查看。")
    return row


def dispense(
    prescription: int,
    *,
    actor: Actor,
    at: datetime,
    packages: Mapping[int, Sequence[str]] | None = None,
) -> Dispensing:
    """
    Give out what was prescribed, once.

    `packages` are trace codes (追溯码) by line number. The unique row decides: of many
    pharmacies at the same moment one succeeds, the others get `Conflict` and nothing of
    theirs is stored. A package whose code was sold before is a `Conflict` too.
    """
    presented_to(prescription, actor=actor, at=at)
    where = organisation(actor.organisation_code)
    assert where is not None, "a prescription is presented to an organisation"
    codes = [(line, code) for line, some in (packages or {}).items() for code in some]
    _codes_possible([code for _, code in codes])
    with transaction.atomic():
        row = _locked(prescription)
        try:
            with transaction.atomic():
                made = Dispensing.objects.create(
                    prescription=row,
                    organisation=where.code,
                    organisation_name=where.name,
                    by=actor.party,
                    at=at,
                )
        except IntegrityError:
            raise _not_now(row, dispensed=True) from None
        if row.state == "signed" and _is_over(row, at):
            raise Conflict("处方已过有效期，不能发药。", "请居民回到开方医生处重新开具。")
        if row.state != "signed":
            raise _not_now(row)
        known = set(row.lines.values_list("pk", flat=True))
        if any(line not in known for line, _ in codes):
            raise Incorrect("追溯码不属于这张处方的药品。", "请重新打开处方后扫码。")
        try:
            with transaction.atomic():
                TraceCode.objects.bulk_create(
                    TraceCode(code=code, dispensing=made, line_id=line) for line, code in codes
                )
        except IntegrityError:
            raise Conflict(
                "有一盒药的追溯码已经售出过，不能再次发出。", "请核对这盒药的来源，并上报。"
            ) from None
        _to(row, "dispense", "signed", actor=actor, at=at)
    return made


def return_prescription(
    prescription: int, *, actor: Actor, at: datetime, reason: str
) -> Prescription:
    """A pharmacist does not dispense and sends the prescription back with the reason."""
    presented_to(prescription, actor=actor, at=at)
    with transaction.atomic():
        row = _locked(prescription)
        return _to(row, "return", "signed", actor=actor, at=at, note=reason)


# --- parts ---------------------------------------------------------------------------------


def open_for_treatment(actor: Actor, person: int, *, action: str, route: str) -> Grant:
    """Open the person's record for treatment; writes the access entry."""
    reader = record.reader_of(actor)
    return record.open_person(reader, person, Purpose.TREATMENT, action=action, route=route)


def _to(
    row: Prescription,
    action: str,
    seen_state: str,
    *,
    actor: Actor | None,
    at: datetime,
    note: str = "",
) -> Prescription:
    if row.state != seen_state:
        raise _not_now(row)
    step = workflow.advance(
        PRESCRIPTION, row.subject, row.state, action, actor=actor, at=at, note=note.strip()
    )
    row.state = step.target
    if row.state not in ("signed", "dispensed", "expired"):
        row.token_digest, row.nonce = None, ""
    row.save()
    return row


def _locked(prescription: int) -> Prescription:
    row = Prescription.objects.select_for_update().filter(pk=prescription).first()
    if row is None:
        raise NotFound("没有这张处方。", "请从列表中重新打开。")
    return row


def _own(row: Prescription, actor: Actor) -> None:
    if row.author != actor.party:
        raise Forbidden("只有开方医师本人可以修改、签名或作废。", "请由开方医师办理。")


def _is_over(row: Prescription, at: datetime) -> bool:
    last: date | None = row.valid_until
    return last is not None and timezone.localdate(at) > last


def _midnight(at: datetime) -> datetime:
    local = timezone.localtime(at)
    return local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def _not_now(row: Prescription, *, dispensed: bool = False) -> Conflict:
    if dispensed or row.state == "dispensed":
        return Conflict("这张处方已经发过药，不能重复发药。", "需要再次用药的，请居民复诊。")
    words = PRESCRIPTION.states[row.state]
    return Conflict(f"这张处方现在的状态是“{words}”，不能办理。", "请刷新页面查看当前状态。")


def _codes_possible(codes: Sequence[str]) -> None:
    if any(len(c) != TRACE_LENGTH or not (c.isascii() and c.isdigit()) for c in codes):
        raise Incorrect("追溯码应为 20 位数字。", "请重新扫描药盒上的追溯码，或留空。")
    if len(set(codes)) != len(codes):
        raise Incorrect("同一个追溯码扫了两次。", "每盒药的追溯码只扫一次。")
