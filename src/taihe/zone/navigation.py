"""What an officer sees on the left of the zone desk."""

from __future__ import annotations

from taihe.base.public import Actor
from taihe.ui.navigation import NavItem
from taihe.zone import policies


def navigation(actor: Actor) -> list[NavItem]:
    """The desk of officers and administrators; nothing for others."""
    if not actor.has(*policies.ROLES):
        return []
    count = policies.visible_projects(actor).count()
    return [
        NavItem("项目", "工作台", "/desk/", key="zone-home"),
        NavItem("项目", "签约项目", "/desk/projects/", count, key="zone-projects"),
        NavItem("大会", "大会与公报", "/conventions/", key="zone-conventions"),
    ]
