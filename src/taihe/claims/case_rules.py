"""The case's table with the limits of `case_terms.csv`, and the evidence lists of appeals."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from taihe.claims.domain.case_workflow import Terms, case_workflow
from taihe.claims.rule_rows import KNOWLEDGE
from taihe.kernel.errors import Incorrect
from taihe.kernel.knowledge import Cells, read_table


@dataclass(frozen=True)
class Term:
    """One row of the limits: value, what it means, where it comes from, and how sure that is."""

    name: str
    value: int
    words: str
    source: str
    status: str


@lru_cache
def term_rows() -> dict[str, Term]:
    """The rows by name."""

    def make(cells: Cells) -> Term:
        return Term(
            name=cells.text("name"),
            value=cells.whole("value"),
            words=cells.text("words"),
            source=cells.text("source"),
            status=cells.choice("status", ("verified", "unverified", "example")),
        )

    rows = read_table(KNOWLEDGE / "case_terms.csv", make, required=("name", "value", "source"))
    return {row.name: row for row in rows.checked()}


def _terms() -> Terms:
    found = Terms(**{name: row.value for name, row in term_rows().items()})
    if found.panel_members % 2 == 0:
        raise Incorrect("case_terms.csv: panel_members is even.", "A panel has an odd number.")
    return found


TERMS = _terms()
CASE = case_workflow(TERMS)


@dataclass(frozen=True)
class Evidence:
    """A document that usually decides an appeal of a class, and what it shows."""

    nth: int
    item: str
    why: str


@lru_cache
def evidence_lists() -> dict[str, tuple[Evidence, ...]]:
    """The lists by class of finding."""

    def make(cells: Cells) -> tuple[tuple[str, ...], Evidence]:
        return tuple(cells.text("kinds").split("|")), Evidence(
            cells.whole("nth"), cells.text("item"), cells.text("why")
        )

    table = read_table(
        KNOWLEDGE / "appeal_evidence.csv", make, required=("kinds", "item", "source")
    )
    found: dict[str, list[Evidence]] = {}
    for kinds, evidence in table.checked():
        for kind in kinds:
            found.setdefault(kind, []).append(evidence)
    return {kind: tuple(sorted(rows, key=lambda row: row.nth)) for kind, rows in found.items()}
