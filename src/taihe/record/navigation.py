"""The record desk in the navigation."""

from __future__ import annotations

from typing import Protocol

from taihe.ui.navigation import NavItem

ROLES = ("clinician", "village_doctor", "tcm_doctor")


class HasRoles(Protocol):
    """Whoever is signed in."""

    def has(self, *roles: str) -> bool: ...


def navigation(actor: HasRoles) -> list[NavItem]:
    """What a clinician, a village doctor or a record steward finds on the left."""
    items = []
    if actor.has(*ROLES):
        items.append(NavItem("居民档案", "查找居民", "/desk/record/", None, "record"))
    if actor.has("record_steward"):
        from taihe.record.linkage.presenters import waiting

        items.append(
            NavItem("居民档案", "疑似重复", "/desk/record/pairs/", waiting(), "record-pairs")
        )
    return items
