"""The door of the zone site: entering projects, freezing bulletins, reading what is published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from taihe.zone.actions import NewProject
from taihe.zone.domain.figures import Figure, compute
from taihe.zone.domain.projects import Entry

__all__ = [
    "Entry", "Frozen", "NewProject", "add_evidence", "bulletins", "freeze_bulletin",
    "import_projects", "load_knowledge", "recomputed",
]  # fmt: skip


@dataclass(frozen=True)
class Frozen:
    """A published bulletin: edition, day, fingerprint (SHA-256, hex), canonical bytes, figures."""

    event: str
    edition: int
    as_of: date
    fingerprint: str
    body: bytes
    figures: tuple[Figure, ...]


def load_knowledge() -> None:
    """Bring the shipped zones and conventions into the tables."""
    from taihe.zone import actions

    actions.load_knowledge()


def import_projects(
    event: str | None,
    projects: Sequence[NewProject],
    *,
    synthetic: bool = False,
    by: int | None,
    at: datetime,
) -> int:
    """Enter projects with their evidence, all or none; the number of evidence rows written."""
    from taihe.zone import actions

    return actions.import_projects(event, projects, synthetic=synthetic, by=by, at=at)


def add_evidence(
    project: int, entry: Entry, *, by: int | None, at: datetime, confirmed: bool = False
) -> int:
    """Write one row of evidence for a project; the row's number."""
    from taihe.zone import actions

    return actions.add_evidence(project, entry, by=by, at=at, confirmed=confirmed)


def freeze_bulletin(event: str, *, as_of: date, by: int | None, at: datetime) -> int:
    """Freeze a convention's figures as its next edition; the edition's number."""
    from taihe.zone import actions

    return actions.freeze_bulletin(event, as_of=as_of, by=by, at=at)


def bulletins(event: str) -> list[Frozen]:
    """The frozen bulletins of a convention, newest edition first."""
    from taihe.zone import models, queries

    return [
        Frozen(
            event, row.edition, row.as_of, row.fingerprint, row.body.encode(),
            compute(line.facts for line in queries.lines_of(row)),
        )
        for row in models.Bulletin.objects.filter(event=event)
    ]  # fmt: skip


def recomputed(event: str, edition: int | None = None) -> tuple[bytes, bool]:
    """
    A bulletin computed again from the ledger, and whether it equals the frozen bytes.

    Without an edition the newest one.
    """
    from taihe.kernel.errors import NotFound
    from taihe.zone import models, queries

    found = models.Bulletin.objects.filter(event=event).select_related("event")
    row = (found.filter(edition=edition) if edition else found).first()
    if row is None:
        raise NotFound(
            f"There is no frozen bulletin of {event}.", "Freeze one on the convention's page first."
        )
    again = queries.recompute(row)
    return again.body, again.body == row.body.encode()
