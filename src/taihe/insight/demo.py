"""The demo's released tables: what other agencies may have on the first day."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils import timezone

from taihe.base import public as base
from taihe.insight import actions, models, rules
from taihe.insight.indicators import sheet
from taihe.kernel.errors import Conflict


def fill(manifest: dict[str, Any], county: Path, *, by: int, at: datetime) -> int:
    """Release every indicator whose county total may be shown; how many. Does it once."""
    account = base.account("demo-analyst")
    if account is None or models.Publication.objects.exists():
        return 0
    actor = base.actor_of(account.account_id)
    released = 0
    as_of = sheet(timezone.localdate(at))
    for key in rules.indicators():
        try:
            actions.publish(key, as_of, actor=actor, at=at)
            released += 1
        except Conflict:
            continue  # the county is too small for this one
    return released
