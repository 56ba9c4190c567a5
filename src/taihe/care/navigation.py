"""The care desk in the navigation."""

from __future__ import annotations

from typing import Protocol

from taihe.ui.navigation import NavItem


class HasRoles(Protocol):
    """Whoever is signed in."""

    def has(self, *roles: str) -> bool: ...


def navigation(actor: HasRoles) -> list[NavItem]:
    """What a care assessor finds on the left."""
    if not actor.has("care_assessor"):
        return []
    return [
        NavItem("医养照护", "照护工作台", "/desk/care/", None, "care"),
        NavItem("医养照护", "床位", "/desk/care/beds/", None, "care-beds"),
    ]
