"""The TCM desk in the navigation."""

from __future__ import annotations

from typing import Protocol

from taihe.ui.navigation import NavItem


class HasRoles(Protocol):
    """Whoever is signed in."""

    def has(self, *roles: str) -> bool: ...


def navigation(actor: HasRoles) -> list[NavItem]:
    """What a TCM doctor finds on the left."""
    if not actor.has("tcm_doctor"):
        return []
    return [NavItem("中医药", "中医工作台", "/desk/tcm/", None, "tcm")]
