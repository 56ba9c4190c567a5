"""The record desk in the navigation."""

from __future__ import annotations

from typing import Protocol

from taihe.ui.navigation import NavItem

ROLES = ("clinician", "village_doctor", "tcm_doctor")


class HasRoles(Protocol):
    """Whoever is signed in."""

    def has(self, *roles: str) -> bool: ...


def navigation(actor: HasRoles) -> list[NavItem]:
    """What a clinician or village doctor finds on the left."""
    if not actor.has(*ROLES):
        return []
    return [NavItem("居民档案", "查找居民", "/desk/record/", None, "record")]
