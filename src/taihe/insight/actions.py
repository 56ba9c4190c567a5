"""Releasing a table: from then on other systems may have it, as it was."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from taihe.base import trail
from taihe.base.public import Actor
from taihe.insight import models, rules
from taihe.insight.indicators import COUNTY, Sheet, shown, words_of
from taihe.kernel.errors import Conflict, NotFound


@transaction.atomic
def publish(key: str, sheet: Sheet, *, actor: Actor, at: datetime) -> models.Publication:
    """
    Release the table of an indicator as it stands on the sheet's day.

    A table whose total the small-cell rule hides says nothing and is not released; the same
    table again is no new edition.
    """
    indicator = rules.indicators().get(key)
    if indicator is None:
        raise NotFound("没有这个指标。", "请从指标页面重新打开。")
    cells = shown(sheet.figures[key])
    if next(cell for cell in cells if cell.key == COUNTY).counts is None:
        raise Conflict("全县合计不足最小格子人数，不能发布。", "等数据足够后再发布。")
    written = [
        {
            "key": cell.key,
            "parent": cell.parent,
            "name": words_of(cell.key, sheet.places),
            "numerator": cell.counts.numerator if cell.counts else None,
            "denominator": cell.counts.denominator if cell.counts else None,
            "value": (
                _rounded(indicator.value(cell.counts.numerator, cell.counts.denominator))
                if cell.counts
                else None
            ),
            "reason": cell.reason,
        }
        for cell in cells
    ]
    former = models.Publication.objects.filter(key=key).order_by("-edition").first()
    if former is not None and former.as_of == sheet.as_of:
        raise Conflict("这一天的表已经发布过。", "数据更新后改天再发布。")
    row = models.Publication.objects.create(
        key=key,
        edition=former.edition + 1 if former else 1,
        as_of=sheet.as_of,
        minimum=rules.settings().minimum_cell,
        cells=written,
        published_at=at,
        by=actor.party,
    )
    trail.record(
        "insight.published",
        f"indicator:{key}",
        by=actor.party,
        at=at,
        detail={"edition": row.edition},
    )
    return row


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
