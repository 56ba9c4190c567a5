"""Referrals and clinic sessions in the navigation."""

from __future__ import annotations

from typing import Protocol

from taihe.ui.navigation import NavItem
from taihe.visits.domain.workflow import DOCTORS


class ActorLike(Protocol):
    """Whoever is signed in."""

    @property
    def organisation_code(self) -> str: ...

    def has(self, *roles: str) -> bool: ...


def navigation(actor: ActorLike) -> list[NavItem]:
    """What a doctor finds on the left: referrals that wait for this institution, sessions."""
    if not actor.has(*DOCTORS):
        return []
    from taihe.visits.queries import waiting_for

    waiting = waiting_for(actor.organisation_code).count()
    return [
        NavItem("就诊协同", "双向转诊", "/desk/visits/", waiting, "referrals"),
        NavItem("就诊协同", "门诊预约", "/desk/visits/sessions/", None, "sessions"),
    ]
