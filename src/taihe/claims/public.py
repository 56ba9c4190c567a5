"""
The door of claims.

`audit_folder` and its result need no store; everything else is imported when it is called,
so that `taihe claims audit` stays free of Django.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from taihe.claims.audit import AuditResult, audit_folder
from taihe.claims.before import BeforeFinding, BeforeLine
from taihe.claims.exchange import table_of
from taihe.kernel.codes import Insurance, Purpose
from taihe.kernel.periods import day_of

if TYPE_CHECKING:
    from taihe.claims.installation import InstallationAudit
    from taihe.claims.rowstore import Progress, TableLoad
    from taihe.record.public import Grant, Reader

__all__ = [
    "AuditResult",
    "BeforeFinding",
    "BeforeLine",
    "Bill",
    "BillLine",
    "audit_folder",
    "audit_installation",
    "bills",
    "charged_mark",
    "charged_visits",
    "check_prescription",
    "load_table",
    "table_handlers",
    "table_of",
]


@dataclass(frozen=True)
class BillLine:
    """One charged line of a bill; `quantity` as written, money in fen."""

    day: date
    code: str
    name: str
    quantity: str
    amount_fen: int


@dataclass(frozen=True)
class Bill:
    """
    What one visit or stay cost, with its lines; refunds stand as negative lines.

    `institution` is the name if the installation knows it, else its code.
    """

    encounter: str
    institution: str
    institution_code: str
    inpatient: bool
    insurance: str
    begin: date
    end: date | None
    lines: tuple[BillLine, ...]
    amount_fen: int


def table_handlers() -> dict[str, Callable[..., TableLoad]]:
    """
    Handlers of exchange tables for `record.load`, in the order in which they must run.

    A handler takes `(path, progress=None)` and returns a `TableLoad`; `table_of(path)` says
    which table a file holds.
    """
    from functools import partial

    return {table: partial(load_table, table) for table in ("person", "mdtrt", "fee")}


def load_table(table: str, path: Path, progress: Progress | None = None) -> TableLoad:
    """Load one exchange table into the row store and tie its people to the record."""
    from django.utils import timezone

    from taihe.claims import people, rowstore

    result = rowstore.load_table(path, table, today=timezone.localdate(), progress=progress)
    rowstore.link_persons(people.persons_of)
    return result


def audit_installation(at: datetime, by: int | None = None) -> InstallationAudit:
    """
    Audit everything the installation holds and open cases.

    Each case opens its person's record to the insurer (`audits`) and to the hospital that
    charged (`treats`). `by` is a party, None for the system.
    """
    from taihe.claims import people, rowstore
    from taihe.claims.installation import audit_store

    rowstore.link_persons(people.persons_of)
    return audit_store(at, by, people.Opener(at).open)


def bills(
    reader: Reader,
    person: int,
    *,
    purpose: Purpose = Purpose.PATIENT_REQUEST,
    route: str = "bills",
    grant: Grant | None = None,
) -> list[Bill]:
    """
    The bills of a person, newest first.

    Opens the record, which writes the access entry and raises `NotFound` for somebody else's;
    a page that has opened it already passes its `grant`.
    """
    from taihe.claims import people, queries

    opened = grant or people.open_person(reader, person, purpose, action="bills", route=route)
    return [
        Bill(
            encounter=str(visit.mdtrt_id),
            institution=visit.institution,
            institution_code=visit.institution_code,
            inpatient=visit.visit == 2,
            insurance=_insurance(visit.insurance),
            begin=day_of(visit.begin_day),
            end=day_of(visit.end_day) if visit.end_day is not None else None,
            lines=tuple(
                BillLine(
                    day=day_of(line.day),
                    code=line.code,
                    name=line.name,
                    quantity=line.quantity,
                    amount_fen=line.fen,
                )
                for line in visit.lines
            ),
            amount_fen=sum(line.fen for line in visit.lines),
        )
        for visit in queries.visits_of(opened.numbers)
    ]


def check_prescription(
    lines: Sequence[BeforeLine],
    *,
    on: date,
    sex: str = "unknown",
    birth_date: date | None = None,
    level: str = "",
    insurance: str = Insurance.RESIDENT,
    is_inpatient: bool = False,
    is_internet: bool = False,
) -> list[BeforeFinding]:
    """
    What the official rows say about a prescription before it is signed (事前提醒).

    `sex` is FHIR's, `level` of the institution "3", "2", "1" or "" (not known: no finding).
    Runs the kinds K1, K5 and K8 for one encounter; reads no person and writes nothing.
    """
    from taihe.claims.before import check

    return check(
        lines,
        on=on,
        sex=sex,
        birth_date=birth_date,
        level=level,
        insurance=insurance,
        is_inpatient=is_inpatient,
        is_internet=is_internet,
    )


def _insurance(code: int | None) -> str:
    try:
        return Insurance(str(code)).label
    except ValueError:
        return ""


def charged_mark() -> str:
    """A word that changes when the charged visits of the row store do."""
    from taihe.claims import queries

    return queries.charged_mark()


def charged_visits() -> Iterator[tuple[int, int | None, str, bool, date, int, int]]:
    """
    Every charged visit for the lake: number, person, institution code, whether a stay, first
    day, lines after refunds, fen. `person` is the record's number when the visit was tied to
    it; None while it is not. For followers inside Taihe: it shows nobody.
    """
    from taihe.claims import queries

    return queries.charged_visits()
