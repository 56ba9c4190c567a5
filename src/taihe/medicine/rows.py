"""Prescriptions from rows to what checks and pages see."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from taihe.medicine.domain.prescription import CheckFinding, DraftLine
from taihe.medicine.models import CheckResult, Prescription, PrescriptionLine


def line_of(row: PrescriptionLine) -> DraftLine:
    """A line as checks see it."""
    return DraftLine(row.code, row.name, row.quantity, row.unit, row.usage, row.days)


def finding_of(row: CheckResult) -> CheckFinding:
    """A stored finding."""
    return CheckFinding(
        row.result,  # type: ignore[arg-type]
        row.source,
        row.rule_id,
        row.message,
        row.clause,
        tuple(row.items),
    )


def lines_of_the_day(
    numbers: Iterable[int], day: date, *, without: int | None = None
) -> tuple[DraftLine, ...]:
    """Lines of all prescriptions of a person's day that were not given up, but for one."""
    found = PrescriptionLine.objects.filter(
        prescription__person__in=tuple(numbers), prescription__day=day
    ).exclude(prescription__state__in=("withdrawn", "refused", "draft"))
    if without is not None:
        found = found.exclude(prescription=without)
    return tuple(line_of(row) for row in found.order_by("prescription", "position"))


def of_persons(numbers: Iterable[int]) -> list[Prescription]:
    """The prescriptions of a person under any number, the newest first."""
    return list(
        Prescription.objects.filter(person__in=tuple(numbers))
        .exclude(state="draft")
        .select_related("dispensing")
        .prefetch_related("lines", "checks")
        .order_by("-written_at", "-pk")
    )
