"""Prescriptions in the words of a page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from taihe.base import workflow
from taihe.base.public import organisation
from taihe.kernel.codes import Insurance
from taihe.medicine import tokens
from taihe.medicine.domain.prescription import KINDS, RESULTS, TONES
from taihe.medicine.domain.workflow import PRESCRIPTION
from taihe.medicine.domain.workflow import TONES as STATE_TONES
from taihe.medicine.models import Prescription, PrescriptionLine


@dataclass(frozen=True)
class ShownLine:
    """One item: `amount` is what is given out, `usage` how it is taken."""

    number: int
    name: str
    code: str
    amount: str
    usage: str
    days: int | None


@dataclass(frozen=True)
class Shown:
    """A prescription as pages show it."""

    pk: int
    number: str
    kind: str
    kind_words: str
    state: str
    state_words: str
    tone: str
    day: date
    valid_until: date | None
    diagnosis: str
    author: str
    place: str
    insurance: str
    doses: int | None
    usage: str
    reason: str
    lines: tuple[ShownLine, ...]
    dispensed_at: datetime | None
    dispensed_where: str
    token: str
    qr: str


def shown(row: Prescription, *, on: date, with_token: bool = False) -> Shown:
    """A prescription on a day: a signed one whose last day is over is shown as expired."""
    state = state_on(row, on)
    token = tokens.token_of(row.pk, row.nonce) if with_token and state == "signed" else ""
    where = organisation(row.organisation)
    given = getattr(row, "dispensing", None)
    return Shown(
        pk=row.pk,
        number=row.number,
        kind=row.kind,
        kind_words=KINDS[row.kind],
        state=state,
        state_words=PRESCRIPTION.states[state],
        tone=STATE_TONES[state],
        day=row.day,
        valid_until=row.valid_until,
        diagnosis=row.diagnosis,
        author=row.author_name,
        place=where.name if where else row.organisation,
        insurance=Insurance(row.insurance).label,
        doses=row.doses,
        usage=row.usage,
        reason=row.reason,
        lines=tuple(_line(line) for line in row.lines.all()),
        dispensed_at=given.at if given else None,
        dispensed_where=given.organisation_name if given else "",
        token=tokens.written(token) if token else "",
        qr=tokens.picture(token) if token else "",
    )


def state_on(row: Prescription, on: date) -> str:
    """The state on a day."""
    if row.state == "signed" and row.valid_until is not None and on > row.valid_until:
        return "expired"
    return row.state


def plain(number: Decimal) -> str:
    """A quantity without needless zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def findings(row: Prescription) -> list[dict[str, Any]]:
    """What the checks said, the gravest first."""
    order = list(RESULTS)
    found = sorted(row.checks.all(), key=lambda c: (-order.index(c.result), c.pk))
    return [
        {
            "check": one.check_name,
            "words": RESULTS[one.result],
            "tone": TONES[one.result],
            "message": one.message,
            "source": one.source,
            "clause": one.clause,
            "rule": one.rule_id,
            "items": "、".join(one.items),
        }
        for one in found
    ]


def course(row: Prescription) -> list[dict[str, Any]]:
    """What happened to the prescription, oldest first."""
    labels = {(t.action, t.source): t.label for t in PRESCRIPTION.transitions}
    return [
        {"at": step.at, "words": labels[step.action, step.source], "note": step.note}
        for step in workflow.history(row.subject, PRESCRIPTION.name)
        if step.action != "amend"
    ]


def _line(line: PrescriptionLine) -> ShownLine:
    return ShownLine(
        line.pk,
        line.name,
        line.code,
        f"{plain(line.quantity)} {line.unit}",
        line.usage,
        line.days,
    )
