"""
The administrator's desk of both sites: is everything whole, who may do what, what was changed.

It shows no personal data of residents: accounts of residents appear by number only.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.urls import path

from taihe.base import chain, heads, models
from taihe.base.public import Actor, requires_role
from taihe.ui.navigation import NavItem
from taihe.ui.tables import Column, Filter, Table, respond

GROUP = "管理"
WHOLE = ("一致", "尚无记录")
CHAIN_WORDS = {
    "trail": "操作记录",
    "access": "查阅记录",
    "workflow": "办理过程",
    "versions": "档案版本",
    "events": "合并与拆分",
    "consents": "授权记录",
    "project": "项目登记",
    "bulletin": "冻结公报",
    "evidence": "项目凭证",
    "chronic-visit": "慢病随访",
}


@dataclass(frozen=True)
class ChainRow:
    """One chain as the overview shows it."""

    name: str
    sealed: int
    sealed_at: datetime | None
    head: str
    state: str


def navigation(actor: Actor) -> list[NavItem]:
    """The administrator's part of the navigation."""
    if not actor.has("administrator", "security_auditor"):
        return []
    return [
        NavItem(GROUP, "系统状态", "/desk/admin/", key="admin-state"),
        NavItem(GROUP, "账号与角色", "/desk/admin/accounts/", key="admin-accounts"),
        NavItem(GROUP, "操作记录", "/desk/admin/trail/", key="admin-trail"),
    ]


def chain_rows() -> list[ChainRow]:
    """The newest seal of every chain, held against the last line of heads.log."""
    last = heads.newest(heads.path_of(), [one.name for one in chain.registered()])
    rows = []
    for one in chain.registered():
        seal = models.Seal.objects.filter(chain=one.name).order_by("-last_seq").first()
        outside = last.get(one.name)
        if seal is None:
            state = "尚无记录" if outside is None else "库外记录多于库内"
        elif outside is None or outside.total < seal.total:
            state = "库外记录缺失"
        else:
            state = "一致" if outside.head == bytes(seal.head).hex() else "不一致"
        rows.append(
            ChainRow(
                CHAIN_WORDS.get(one.name, one.name),
                seal.total if seal else 0,
                models.moment(seal.at_us) if seal else None,
                bytes(seal.head).hex()[:12] if seal else "",
                state,
            )
        )
    return rows


@requires_role("administrator", "security_auditor")
def overview(request: HttpRequest) -> HttpResponse:
    """Is everything whole: chains, tasks, counts."""
    chains = chain_rows()
    if not all(row.state in WHOLE for row in chains):
        # The sealer may be between a seal and its line: look again.
        time.sleep(0.2)
        chains = chain_rows()
    tasks = dict(models.Task.objects.values_list("state").annotate(n=Count("id")))
    whole = all(row.state in WHOLE for row in chains)
    table = Table(
        request,
        [
            Column("name", "链条"),
            Column("sealed", "已封存", "number", unit="行"),
            Column("sealed_at", "最近封存", "stamp"),
            Column("head", "链头", "code"),
            Column("state", "库内外核对"),
        ],
        chains,
        caption="每条记录按提交顺序连成链，链头另存于数据库之外",
    )
    context = {
        "whole": whole and not tasks.get("failed"),
        "tasks": tasks,
        "failed": models.Task.objects.filter(state="failed").order_by("-pk")[:10],
        "accounts": models.Account.objects.filter(is_active=True).count(),
        "organisations": models.Organisation.objects.count(),
        "folder": settings.TAIHE_SITE,
    }
    return respond(request, table, "base/admin_overview.html", context)


@requires_role("administrator")
def accounts(request: HttpRequest) -> HttpResponse:
    """Who may do what."""
    roles = models.Role.Name.choices
    table = Table(
        request,
        [
            Column("username", "用户名"),
            Column("shown_name", "姓名"),
            Column("roles", "角色", empty="没有角色"),
            Column("organisation", "机构", empty="不属于机构"),
            Column("active", "状态"),
        ],
        None,
        filters=[Filter("role", "角色", [("", "全部"), *roles])],
        empty_title="没有这样的账号",
    )
    found = models.Account.objects.select_related("organisation").prefetch_related("roles")
    if role := table.value("role"):
        found = found.filter(roles__role=role)
    found = found.order_by("kind", "username").distinct()
    table.total = found.count()
    table.rows = lambda start, many: [_account(row) for row in found[start : start + many]]
    return respond(request, table, "base/admin_accounts.html", {})


@requires_role("administrator", "security_auditor")
def trail_page(request: HttpRequest) -> HttpResponse:
    """What was changed, newest first."""
    actions = models.TrailRow.objects.values_list("action", flat=True).distinct().order_by("action")
    table = Table(
        request,
        [
            Column("at", "时间", "stamp"),
            Column("action", "操作", "code"),
            Column("subject", "对象", "code"),
            Column("by_words", "操作者", empty="系统"),
        ],
        None,
        filters=[Filter("action", "操作", [("", "全部"), *((a, a) for a in actions)])],
        empty_title="没有操作记录",
    )
    found = models.TrailRow.objects.order_by("-pk")
    if action := table.value("action"):
        found = found.filter(action=action)
    table.total = found.count()
    table.rows = lambda start, many: _trail(list(found[start : start + many]))
    return respond(request, table, "base/admin_trail.html", {})


def _account(row: models.Account) -> dict[str, str]:
    words = dict(models.Role.Name.choices)
    resident = row.kind == "resident"
    return {
        "username": f"居民账号 {row.pk}" if resident else row.username,
        "shown_name": "不显示" if resident else row.display_name,
        "roles": "、".join(words[role.role] for role in row.roles.all()),
        "organisation": row.organisation.name if row.organisation else "",
        "active": "可用" if row.is_active else "已停用",
    }


def _trail(rows: list[models.TrailRow]) -> list[dict[str, object]]:
    parties = {row.by for row in rows if row.by}
    staff = models.Account.objects.filter(party_id__in=parties).exclude(kind="resident")
    names = {row.party_id: row.display_name for row in staff}
    names |= dict(
        models.Organisation.objects.filter(party_id__in=parties).values_list("party_id", "name")
    )
    names |= dict(
        models.Party.objects.filter(pk__in=parties, kind="system").values_list("pk", "label")
    )
    return [
        {
            "at": row.at,
            "action": row.action,
            "subject": row.subject,
            "by_words": names.get(row.by, f"居民账号（当事人 {row.by}）") if row.by else "",
        }
        for row in rows
    ]


urlpatterns = [
    path("", overview, name="admin"),
    path("accounts/", accounts, name="admin-accounts"),
    path("trail/", trail_page, name="admin-trail"),
]
