"""The chronic care desk in the navigation."""

from __future__ import annotations

from typing import Protocol

from taihe.ui.navigation import NavItem


class HasRoles(Protocol):
    """Whoever is signed in."""

    def has(self, *roles: str) -> bool: ...


def navigation(actor: HasRoles) -> list[NavItem]:
    """What a village doctor or clinician finds on the left."""
    from taihe.chronic.policies import ROLES

    if not actor.has(*ROLES):
        return []
    return [
        NavItem("慢病管理", "今天的随访", "/desk/chronic/", None, "chronic-today"),
        NavItem("慢病管理", "控制率", "/desk/chronic/rates/", None, "chronic-rates"),
    ]
