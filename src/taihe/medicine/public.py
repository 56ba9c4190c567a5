"""
The door of medicine: what was prescribed for a person, and what checks see.

Checks are registered in `config` with `taihe.medicine.checks.register`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from taihe.kernel.codes import Purpose
from taihe.medicine.domain.catalogue import Drug, Found, resolve, search
from taihe.medicine.domain.prescription import (
    CheckFinding,
    DraftLine,
    PrescriptionDraft,
    verdict,
)
from taihe.medicine.presenters import Shown, ShownLine
from taihe.record.public import Grant, Reader

__all__ = [
    "CheckFinding",
    "DraftLine",
    "Drug",
    "Found",
    "PrescriptionDraft",
    "Shown",
    "ShownLine",
    "ToCollect",
    "medicines_of",
    "resolve",
    "search",
    "to_collect",
    "verdict",
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
