"""The prescriptions of a person as a panel of the record page, with ways to write one."""

from __future__ import annotations

from django.utils import timezone

from taihe.kernel.codes import Purpose
from taihe.medicine import presenters, rows
from taihe.medicine.domain.workflow import PRESCRIBERS
from taihe.record import public as record
from taihe.record.public import Reader

TEMPLATE = "medicine/panel.html"
MOST = 5


def make(reader: Reader, purpose: str, person: int) -> tuple[str, dict[str, object]] | None:
    """Template and context for a prescriber who reads for treatment, else None."""
    if purpose != Purpose.TREATMENT or reader.roles.isdisjoint(PRESCRIBERS):
        return None
    today = timezone.localdate()
    found = [row for row in rows.of_persons(record.numbers_of(person)) if row.state != "withdrawn"]
    shown = [presenters.shown(row, on=today) for row in found[:MOST]]
    return TEMPLATE, {"prescriptions": shown, "more": len(found) - len(shown), "person": person}
