"""
The door of medicine: what was prescribed for a person, and what checks see.

Checks are registered in `config` with `taihe.medicine.checks.register`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from taihe.kernel.codes import Purpose
from taihe.medicine.domain.catalogue import Drug, Found, resolve, search
from taihe.medicine.domain.prescription import (
    CheckFinding,
    DraftLine,
    PrescriptionDraft,
    verdict,
)
from taihe.medicine.forms import LineSet, SliceLineForm, SlicesHeadForm
from taihe.medicine.presenters import Shown, ShownLine
from taihe.record.public import Grant, Reader

if TYPE_CHECKING:
    from taihe.base.public import Actor

__all__ = [
    "CheckFinding",
    "DraftLine",
    "Drug",
    "Found",
    "LineSet",
    "Own",
    "PrescriptionDraft",
    "Reviewed",
    "Shown",
    "ShownLine",
    "SliceLineForm",
    "SlicesHeadForm",
    "ToChange",
    "ToCollect",
    "ToDo",
    "amend",
    "medicines_of",
    "own_of",
    "resolve",
    "review",
    "search",
    "tasks_of",
    "to_change",
    "to_collect",
    "verdict",
    "write",
]


@dataclass(frozen=True)
class ToCollect:
    """A signed prescription that waits at a pharmacy until the day `valid_until`."""

    person: int
    prescription: int
    day: date
    valid_until: date
    names: tuple[str, ...]


def medicines_of(
    reader: Reader,
    person: int,
    *,
    on: date,
    purpose: Purpose = Purpose.PATIENT_REQUEST,
    route: str = "prescriptions",
    grant: Grant | None = None,
) -> list[Shown]:
    """
    The prescriptions of a person, the newest first; a valid one has its QR code as SVG.

    Opens the record, which writes the access entry and raises `NotFound` for somebody else's;
    a page that has opened it already passes its `grant`. What is not signed yet, and what was
    refused, is not shown to residents.
    """
    from taihe.medicine import presenters, rows
    from taihe.record import public as record

    opened = grant or record.open_person(
        reader, person, purpose, action="prescriptions", route=route
    )
    mine = purpose == Purpose.PATIENT_REQUEST
    visible = ("signed", "dispensed", "expired")
    return [
        presenters.shown(row, on=on, with_token=mine)
        for row in rows.of_persons(opened.numbers)
        if not mine or row.state in visible
    ]


def to_collect(persons: Iterable[int], on: date) -> list[ToCollect]:
    """
    Prescriptions of these persons that can be collected on a day, for their task lists.

    Opens no record: the caller shows it only to whoever may see these persons.
    """
    from taihe.medicine.models import Prescription

    found = Prescription.objects.filter(
        person__in=tuple(persons), state="signed", valid_until__gte=on
    ).prefetch_related("lines")
    return [
        ToCollect(
            row.person,
            row.pk,
            row.day,
            row.valid_until or row.day,
            tuple(line.name for line in row.lines.all()),
        )
        for row in found.order_by("valid_until", "pk")
    ]


@dataclass(frozen=True)
class ToDo:
    """Something a resident should do: tone bad, warn or "", due day or None."""

    title: str
    text: str
    url: str
    due: date | None
    tone: str


def tasks_of(persons: Sequence[int], on: date) -> list[ToDo]:
    """
    What is to be collected for these persons, as tasks.

    Whoever shows it has opened the persons' records.
    """
    return [
        ToDo(
            f"去药房取药：{'、'.join(one.names[:3])}{'等' if len(one.names) > 3 else ''}",
            f"处方有效期至 {one.valid_until.month}月{one.valid_until.day}日，请向药师出示取药码。",
            "/app/medicines/",
            one.valid_until,
            "warn" if one.valid_until <= on else "",
        )
        for one in to_collect(persons, on)
    ]


# --- for other desks that write prescriptions ----------------------------------------------


@dataclass(frozen=True)
class Reviewed:
    """
    What every check says of a draft now; nothing is stored.

    `draft` is the draft with what the record adds (sex, birth date, allergies, the lines of
    the day); `found` are pairs of the name of a check and a finding, the gravest first.
    """

    draft: PrescriptionDraft
    found: tuple[tuple[str, CheckFinding], ...]

    @property
    def verdict(self) -> str:
        """The gravest result: pass, warn, sign or block."""
        return verdict(finding for _, finding in self.found)


@dataclass(frozen=True)
class ToChange:
    """A prescription that its author may still change, as a draft."""

    prescription: int
    number: str
    person: int
    state: str
    state_words: str
    valid_for: int
    draft: PrescriptionDraft


@dataclass(frozen=True)
class Own:
    """A prescription of an author in a list; `changeable` while it is not signed."""

    prescription: int
    number: str
    person: int
    day: date
    names: tuple[str, ...]
    state: str
    state_words: str
    tone: str
    changeable: bool


def review(draft: PrescriptionDraft, grant: Grant, *, without: int | None = None) -> Reviewed:
    """Ask every check about a draft; `without` is the prescription that is being changed."""
    from taihe.medicine import actions, checks

    whole = actions.completed(draft, grant, without=without)
    return Reviewed(whole, tuple(checks.run(whole)))


def write(
    draft: PrescriptionDraft, grant: Grant, *, actor: Actor, at: datetime, valid_for: int = 1
) -> int:
    """Write and check a prescription; the number of its page, where it is signed."""
    from taihe.medicine import actions

    return int(actions.write_prescription(draft, grant, actor=actor, at=at, valid_for=valid_for).pk)


def amend(
    prescription: int,
    draft: PrescriptionDraft,
    grant: Grant,
    *,
    seen_state: str,
    actor: Actor,
    at: datetime,
    valid_for: int = 1,
) -> int:
    """Change a prescription that is not signed, and check it anew."""
    from taihe.medicine import actions

    row = actions.amend_prescription(
        prescription, draft, grant, seen_state=seen_state, actor=actor, at=at, valid_for=valid_for
    )
    return int(row.pk)


def to_change(prescription: int, *, actor: Actor) -> ToChange:
    """A prescription that this actor wrote and may change; raises `NotFound` otherwise."""
    from taihe.kernel.errors import NotFound
    from taihe.medicine import rows
    from taihe.medicine.domain.workflow import CHANGEABLE, PRESCRIPTION
    from taihe.medicine.models import Prescription

    row = Prescription.objects.filter(
        pk=prescription, author=actor.party, state__in=CHANGEABLE
    ).first()
    if row is None:
        raise NotFound("这张处方不能修改。", "只有开方医师本人可以修改没有签名的处方。")
    draft = PrescriptionDraft(
        kind=row.kind,
        lines=tuple(rows.line_of(line) for line in row.lines.order_by("position")),
        on=row.day,
        is_pregnant=row.is_pregnant,
        diagnosis=row.diagnosis,
        doses=row.doses,
        usage=row.usage,
        reason=row.reason,
        organisation=row.organisation,
        insurance=row.insurance,
    )
    words = PRESCRIPTION.states[row.state]
    return ToChange(row.pk, row.number, row.person, row.state, words, row.valid_for, draft)


def own_of(actor: Actor, kind: str, *, on: date, limit: int = 20) -> list[Own]:
    """What this actor wrote last, the newest first; opens no record."""
    from taihe.medicine import presenters
    from taihe.medicine.domain.workflow import CHANGEABLE, PRESCRIPTION, TONES
    from taihe.medicine.models import Prescription

    found = Prescription.objects.filter(author=actor.party, kind=kind).exclude(state="draft")
    result = []
    for row in found.prefetch_related("lines").order_by("-written_at", "-pk")[:limit]:
        state = presenters.state_on(row, on)
        result.append(
            Own(
                row.pk,
                row.number,
                row.person,
                row.day,
                tuple(line.name for line in row.lines.all()),
                state,
                PRESCRIPTION.states[state],
                TONES[state],
                state in CHANGEABLE,
            )
        )
    return result
