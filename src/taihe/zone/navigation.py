"""What an officer sees on the left of the zone desk."""

from __future__ import annotations

from taihe.base.public import Actor
from taihe.ui.navigation import NavItem
from taihe.zone import policies


def navigation(actor: Actor) -> list[NavItem]:
    """The desk of officers and administrators; nothing for others."""
    if actor.has("panel_expert") and not actor.has(*policies.ROLES):
        return [NavItem("开发区", "国际合作产业园", "/desk/parks/", key="zone-parks")]
    if not actor.has(*policies.ROLES):
        return []
    count = policies.visible_projects(actor).count()
    return [
        NavItem("项目", "工作台", "/desk/", key="zone-home"),
        NavItem("项目", "签约项目", "/desk/projects/", count, key="zone-projects"),
        NavItem("项目", "推介项目", "/desk/promotions/", key="zone-promotions"),
        NavItem("大会", "大会与公报", "/conventions/", key="zone-conventions"),
        NavItem("大会", "对接会", "/desk/matching/", key="zone-matching"),
        NavItem("开发区", "开发区", "/zones/", key="zone-zones"),
        NavItem("开发区", "产业地图", "/map/", key="zone-map"),
        NavItem("开发区", "考核测算", "/desk/assessment/", key="zone-assessment"),
        NavItem("开发区", "国际合作产业园", "/desk/parks/", key="zone-parks"),
        NavItem("开发区", "进园区服务", "/desk/needs/", key="zone-needs"),
        NavItem("健康太和", "协议交付", "/agreement/", key="zone-agreement"),
        NavItem("健康太和", "系统清单", "/inventory/", key="zone-inventory"),
    ]
