"""
Who may see and change which projects.

The provincial authority and the administrator see all; staff of a zone see the projects of
their zone, staff of nowhere none. An organisation of kind `zone` has the zone's code as its
own code.
"""

from __future__ import annotations

from typing import Any

from taihe.base.public import Actor, organisation

ROLES = ("zone_officer", "administrator")
NOWHERE = "-"


def zone_of(actor: Actor) -> str | None:
    """The only zone this actor may see; None means all, `NOWHERE` none."""
    if actor.has("administrator"):
        return None
    where = organisation(actor.organisation_code) if actor.organisation_code else None
    if where is not None and where.kind == "zone_authority":
        return None
    return where.code if where is not None and where.kind == "zone" else NOWHERE


def visible_projects(actor: Actor) -> Any:
    """The projects this actor may see, as a query."""
    from taihe.zone.models import Project

    only = zone_of(actor)
    rows = Project.objects.all()
    return rows if only is None else rows.filter(zone=only)


def can_freeze(actor: Actor) -> bool:
    """Only the authority freezes what it publishes, not a single zone."""
    return actor.has("zone_officer") and zone_of(actor) is None
