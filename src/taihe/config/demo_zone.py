"""Filling the zone site of a demo: organisations, accounts, synthetic projects."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from taihe.base import public as base

AUTHORITY = "SWT340000"


def fill() -> None:
    """Send synthetic projects through the zone's door. A second call changes nothing."""
    from taihe.zone import demo

    system = base.create_system_party("taihe up")
    staff: list[tuple[str, str, base.RoleName]] = [
        ("demo-zone-officer", "刘专员", "zone_officer"),
        ("demo-administrator", "系统管理员", "administrator"),
    ]
    with transaction.atomic():
        if base.organisation(AUTHORITY) is None:
            base.create_organisation(
                AUTHORITY, "开发区主管处（演示）", "zone_authority", division="340000", by=system
            )
        for username, name, role in staff:
            if base.account(username) is None:
                base.create_account(
                    username,
                    name,
                    "staff",
                    roles=(role,),
                    organisation_code=AUTHORITY,
                    is_demo=True,
                    by=system,
                )
    demo.fill(system, timezone.now())
