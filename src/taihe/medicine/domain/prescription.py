"""
A prescription as checks see it, what a check answers, and what follows from the answers.

Checks of other contexts (TCM safety, insurance) get a `PrescriptionDraft` and answer with
`CheckFinding`s; the gravest result decides whether the prescription passes, needs a second
signature or is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

Kind = Literal["western", "tcm"]
Result = Literal["pass", "warn", "sign", "block"]
KINDS: dict[str, str] = {"western": "西药和中成药", "tcm": "中药饮片"}
RESULTS: dict[str, str] = {
    "pass": "通过",
    "warn": "提示",
    "sign": "须再次签名",
    "block": "拒绝",
}
TONES: dict[str, str] = {"pass": "good", "warn": "info", "sign": "warn", "block": "bad"}
_ORDER: tuple[Result, ...] = ("pass", "warn", "sign", "block")


@dataclass(frozen=True)
class DraftLine:
    """
    One item of a prescription.

    `code` is a national code, empty for a slice written by its name; `name` is the name as
    written. `quantity` is what is given out in `unit` (boxes); for slices it is grams in one
    dose (剂) and `unit` is "g". `usage` says how it is taken, or how a slice is prepared
    (先煎, 包煎). `days` is how long it lasts, None for slices.
    """

    code: str
    name: str
    quantity: Decimal
    unit: str
    usage: str = ""
    days: int | None = None


@dataclass(frozen=True)
class PrescriptionDraft:
    """
    A prescription with what checks need to know of its person and place.

    `sex` is FHIR's (male, female, other, unknown); `birth_date` None when it is not known;
    `is_pregnant` None when nobody said. `level` is "3", "2", "1" or "" of the institution.
    `insurance` is `insutype` ("390"). `doses` is the number of doses (剂数) of slices.
    `also_today` are lines of the same person's other prescriptions of the day, of any author.
    """

    kind: Kind
    lines: tuple[DraftLine, ...]
    on: date
    sex: str = "unknown"
    birth_date: date | None = None
    is_pregnant: bool | None = None
    diagnosis: str = ""
    doses: int | None = None
    usage: str = ""
    reason: str = ""
    organisation: str = ""
    level: str = ""
    insurance: str = "390"
    is_inpatient: bool = False
    is_internet: bool = False
    allergies: tuple[str, ...] = ()
    also_today: tuple[DraftLine, ...] = ()

    @property
    def age(self) -> int | None:
        """Full years on the day of the prescription."""
        born = self.birth_date
        if born is None:
            return None
        return self.on.year - born.year - ((self.on.month, self.on.day) < (born.month, born.day))

    @property
    def days(self) -> int | None:
        """How long the prescription lasts: the longest line, for slices one dose a day."""
        if self.kind == "tcm":
            return self.doses
        return max((line.days for line in self.lines if line.days is not None), default=None)


@dataclass(frozen=True)
class CheckFinding:
    """
    What one rule says about a draft.

    `result`: pass (said for the record), warn (shown), sign (the prescriber gives a reason and
    signs again), block (cannot be signed). `source` is the document, `clause` its place or
    words, `rule_id` the row; `items` are the names as written on the prescription.
    """

    result: Result
    source: str
    rule_id: str
    message: str
    clause: str = ""
    items: tuple[str, ...] = ()


def verdict(findings: Iterable[CheckFinding]) -> Result:
    """The gravest result; without findings the prescription passes."""
    return max((finding.result for finding in findings), key=_ORDER.index, default="pass")


def gravest_first(findings: Iterable[CheckFinding]) -> list[CheckFinding]:
    """Findings with the gravest first, otherwise as they came."""
    return sorted(findings, key=lambda finding: -_ORDER.index(finding.result))
