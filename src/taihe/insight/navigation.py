"""Insight in the navigation."""

from __future__ import annotations

from typing import Protocol

from taihe.ui.navigation import NavItem


class ActorLike(Protocol):
    """Whoever is signed in."""

    def has(self, *roles: str) -> bool: ...


def navigation(actor: ActorLike) -> list[NavItem]:
    """What an analyst or administrator finds on the left."""
    if not actor.has("analyst", "administrator"):
        return []
    return [
        NavItem("数据洞察", "晨报与指标", "/desk/insight/", None, "insight"),
        NavItem("数据洞察", "数据质量", "/desk/insight/quality/", None, "insight-quality"),
    ]
