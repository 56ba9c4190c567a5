"""Rules of the form of a prescription, from rows: how many items, how many days, one kind."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from taihe.kernel.knowledge import Cells, Validity, read_table
from taihe.medicine.domain.prescription import CheckFinding, PrescriptionDraft, Result

TABLE = Path(__file__).parents[1] / "knowledge" / "form_rules.csv"
MEASURES = ("items", "days", "diagnosis", "slices_alone", "valid_days")


@dataclass(frozen=True)
class FormRule:
    """One row: `measure` compared with `limit` for prescriptions of `kind` (empty: both)."""

    rule_row: str
    measure: str
    kind: str
    limit: int
    result: Result
    message: str
    source: str
    clause: str
    validity: Validity


def _read(cells: Cells) -> FormRule:
    result = cells.choice("result", ("pass", "warn", "sign", "block"))
    return FormRule(
        cells.text("rule_row"),
        cells.choice("measure", MEASURES),
        cells.optional("kind"),
        cells.whole("limit"),
        result,  # type: ignore[arg-type]
        cells.text("message"),
        cells.text("source"),
        cells.text("clause"),
        cells.validity(),
    )


@cache
def rules() -> tuple[FormRule, ...]:
    """The rows of the table."""
    return read_table(
        TABLE, _read, required=("rule_row", "measure", "limit", "result", "message", "source")
    ).checked()


def form_findings(draft: PrescriptionDraft) -> list[CheckFinding]:
    """
    What the form of a prescription breaks.

    A number of days above the limit is allowed with a reason on the prescription.
    """
    found = []
    for rule in rules():
        if (rule.kind and rule.kind != draft.kind) or not rule.validity.holds(draft.on):
            continue
        items = _broken(rule, draft)
        if items is not None:
            found.append(
                CheckFinding(
                    rule.result, rule.source, rule.rule_row, rule.message, rule.clause, items
                )
            )
    return found


def valid_days(draft: PrescriptionDraft) -> int:
    """How many days a signed prescription may be dispensed, the day of writing included."""
    return next(rule.limit for rule in rules() if rule.measure == "valid_days")


def _broken(rule: FormRule, draft: PrescriptionDraft) -> tuple[str, ...] | None:
    if rule.measure == "items":
        return tuple(x.name for x in draft.lines) if len(draft.lines) > rule.limit else None
    if rule.measure == "days":
        days = draft.days
        if days is None or days <= rule.limit or (draft.reason and rule.result == "sign"):
            return None
        if draft.kind == "tcm":
            return ()
        return tuple(x.name for x in draft.lines if x.days is not None and x.days > rule.limit)
    if rule.measure == "diagnosis":
        return () if len(draft.diagnosis.strip()) < rule.limit else None
    if rule.measure == "slices_alone":
        mixed = tuple(x.name for x in draft.lines if x.code.startswith("T"))
        return mixed or None
    return None
