"""What every page knows: the site, who is looking, and where this role can go."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def context(request: HttpRequest) -> dict[str, Any]:
    """Context of every page; see `ui/base.html` for what it needs."""
    from taihe.base.public import current_actor

    actor = current_actor(request)
    return {
        "site": settings.TAIHE_SITE,
        "site_name": settings.TAIHE_SITE_NAME,
        "demo": settings.TAIHE_DEMO,
        "help_phone": settings.TAIHE_HELP_PHONE,
        "actor": actor,
        "nav_groups": _groups(request, actor) if actor else [],
    }


def _groups(request: HttpRequest, actor: Any) -> list[tuple[str, list[Any]]]:
    groups: dict[str, list[Any]] = {}
    for offer in _offers():
        for item in offer(actor):
            groups.setdefault(item.group, []).append(item)
    return list(groups.items())


def _offers() -> list[Any]:
    from taihe.base import administration

    if settings.TAIHE_SITE == "zone":
        from taihe.zone import navigation as zone

        return [zone.navigation, administration.navigation]
    from taihe.care import navigation as care
    from taihe.chronic import navigation as chronic
    from taihe.claims import navigation as claims
    from taihe.insight import navigation as insight
    from taihe.medicine import navigation as medicine
    from taihe.record import navigation as record
    from taihe.tcm import navigation as tcm
    from taihe.visits import navigation as visits

    return [
        chronic.navigation,
        record.navigation,
        visits.navigation,
        tcm.navigation,
        care.navigation,
        medicine.navigation,
        claims.navigation,
        insight.navigation,
        administration.navigation,
    ]
