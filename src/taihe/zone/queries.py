"""Reads of the zone site."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from taihe.zone import models
from taihe.zone.domain import bulletin
from taihe.zone.domain.bulletin import Bulletin, Heading, Line
from taihe.zone.domain.figures import Figure, compute
from taihe.zone.domain.projects import Entry, Facts, facts_on

FAR = date.max


def entries_of(evidence: Iterable[models.Evidence]) -> list[Entry]:
    """Ledger rows as the domain reads them; needs `project` selected."""
    return [
        Entry(
            seq=row.pk, project=row.project.key, action=row.action, on=row.happened_on,
            amount_fen=row.amount_fen, zone=row.zone_id, outside=row.outside,
            investment_fen=row.investment_fen, contract_fen=row.contract_fen, evidence=row.text,
        )
        for row in evidence
    ]  # fmt: skip


def facts_of(project: int) -> Facts | None:
    """All that is known of a project; None when it has no evidence yet."""
    evidence = models.Evidence.objects.filter(project=project).select_related("project")
    found = facts_on(entries_of(evidence), FAR)
    return found[0] if found else None


def compute_bulletin(event: models.Event, *, edition: int, as_of: date, through: int) -> Bulletin:
    """Compute a bulletin from the ledger: rows up to number `through`, days up to `as_of`."""
    evidence = models.Evidence.objects.filter(
        project__event=event, project__register="signed", pk__lte=through
    ).select_related("project")
    facts = {one.project: one for one in facts_on(entries_of(evidence), as_of)}
    projects = models.Project.objects.filter(event=event, register="signed")
    found = [row for row in projects.select_related("investor") if row.key in facts]
    lines = [Line(row.name, row.investor.name, row.industry, facts[row.key]) for row in found]
    synthetic = any(row.synthetic for row in found)
    heading = Heading(event.key, event.name, edition, as_of, synthetic)
    return bulletin.make(heading, lines)


def figures_on(event: models.Event, as_of: date) -> tuple[Figure, ...]:
    """Today's figures of a convention as of a day, not frozen."""
    evidence = models.Evidence.objects.filter(
        project__event=event, project__register="signed"
    ).select_related("project")
    return compute(facts_on(entries_of(evidence), as_of))


def recompute(frozen: models.Bulletin) -> Bulletin:
    """Compute a frozen bulletin again from today's ledger."""
    return compute_bulletin(
        frozen.event, edition=frozen.edition, as_of=frozen.as_of, through=frozen.through
    )


def lines_of(frozen: models.Bulletin) -> list[Line]:
    """The projects of a frozen bulletin, from its own table."""
    return list(_lines(frozen.table))


@lru_cache(maxsize=16)
def _lines(table: str) -> tuple[Line, ...]:
    """The same text is read once; what is frozen does not change."""
    _, lines = bulletin.read_table(table, name="table.csv")
    return tuple(lines)
