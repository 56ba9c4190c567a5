"""What several views of the zone site need."""

from __future__ import annotations

from typing import Any

from django.http import Http404

from taihe.base.public import requires_role
from taihe.ui.tables import Column
from taihe.zone import models

officer = requires_role("zone_officer", "administrator")

PROJECT_COLUMNS = (
    Column("key", "编号"),
    Column("name", "项目"),
    Column("zone", "落户"),
    Column("industry", "行业"),
    Column("investment", "总投资（亿元）", kind="number"),
    Column("funds", "到位资金（亿元）", kind="number"),
    Column("stage", "阶段"),
)


def event_of(key: str) -> models.Event:
    event = models.Event.objects.filter(pk=key).first()
    if event is None:
        raise Http404
    return event


def frozen_of(event: models.Event, edition: int | None) -> models.Bulletin | None:
    if edition is None:
        found: models.Bulletin | None = event.bulletins.select_related("event").first()
        return found
    return edition_of(event, edition)


def edition_of(event: models.Event, edition: int) -> models.Bulletin:
    row: models.Bulletin | None = event.bulletins.filter(edition=edition).first()
    if row is None:
        raise Http404
    return row


def conventions_shown() -> list[dict[str, Any]]:
    newest: dict[str, models.Bulletin] = {}
    for row in models.Bulletin.objects.defer("body", "table").order_by("event", "edition"):
        newest[row.event_id] = row
    return [
        {"event": event, "bulletin": newest.get(event.pk)} for event in models.Event.objects.all()
    ]
