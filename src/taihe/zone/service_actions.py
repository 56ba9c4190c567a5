"""Changes of promoted projects and of needs."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.db import IntegrityError, transaction

from taihe.base import trail, workflow
from taihe.base.public import Actor
from taihe.base.workflow import holidays
from taihe.kernel.errors import Conflict, Forbidden, Incorrect, NotFound
from taihe.kernel.periods import add_working_days
from taihe.zone import models, policies, rows
from taihe.zone.actions import local_day, microseconds
from taihe.zone.domain import services


def _check_zone(zone: str, actor: Actor) -> None:
    only = policies.zone_of(actor)
    if only is not None and only != zone:
        raise NotFound("没有这个开发区。", "请为本区登记。")


@transaction.atomic
def offer_project(
    zone: str,
    name: str,
    industry: str,
    investment_fen: int,
    summary: str,
    valid_until: date,
    *,
    land_mu: Decimal | None = None,
    actor: Actor,
    at: datetime,
    synthetic: bool = False,
) -> int:
    """Write a promoted project as a draft; its number."""
    _check_zone(zone, actor)
    services.check_valid_until(valid_until, today=local_day(at))
    if industry not in rows.industries():
        raise Incorrect("行业代码不在 GB/T 4754-2017 中。", "请填小类代码，例如 2720。")
    if investment_fen <= 0:
        raise Incorrect("投资规模须大于零。", "请填写万元数。")
    try:
        with transaction.atomic():
            row = models.Promotion.objects.create(
                zone_id=zone, name=name.strip(), industry=industry, investment_fen=investment_fen,
                land_mu=land_mu, summary=summary.strip(), valid_until=valid_until, state="draft",
                synthetic=synthetic, by=actor.party, at_us=microseconds(at),
            )  # fmt: skip
    except IntegrityError:
        raise Conflict("本区已有同名的推介项目。", "请换一个名称。") from None
    trail.record("promotion.drafted", f"promotion:{row.pk}", by=actor.party, at=at)
    return int(row.pk)


@transaction.atomic
def advance_promotion(
    promotion: int, action: str, *, actor: Actor, at: datetime, note: str = ""
) -> str:
    """Take one step; only the authority publishes or returns."""
    row = models.Promotion.objects.select_for_update().filter(pk=promotion).first()
    only = policies.zone_of(actor)
    if row is None or only not in (None, row.zone_id):
        raise NotFound("没有这个推介项目。", "请从列表中选择。")
    if action in ("publish", "return") and only is not None:
        raise Forbidden("审核由主管部门办理。", "请等待审核。")
    if action == "publish":
        services.check_valid_until(row.valid_until, today=local_day(at))
    change = workflow.advance(
        services.PROMOTION, f"promotion:{row.pk}", row.state, action, actor=actor, at=at, note=note
    )
    row.state = change.target
    row.save(update_fields=["state"])
    return change.target


@transaction.atomic
def raise_need(
    series: str,
    zone: str,
    firm: str,
    text: str,
    raised_on: date,
    *,
    actor: Actor,
    at: datetime,
    synthetic: bool = False,
) -> int:
    """Note a need of a firm; its last day is counted in working days from the day it was raised."""
    _check_zone(zone, actor)
    row = rows.series().get(series)
    if row is None:
        raise Incorrect("没有这个系列。", "请从六个系列中选择。")
    if raised_on > local_day(at):
        raise Incorrect("提出日期晚于今天。", "请填写实际日期。")
    if not firm.strip() or not text.strip():
        raise Incorrect("没有写单位或需求。", "请补齐。")
    need = models.Need.objects.create(
        series=series, zone_id=zone, firm=firm.strip(), text=text.strip(), raised_on=raised_on,
        due_on=add_working_days(raised_on, row.days, holidays=holidays()), state="open",
        synthetic=synthetic, by=actor.party, at_us=microseconds(at),
    )  # fmt: skip
    trail.record("need.raised", f"need:{need.pk}", by=actor.party, at=at)
    return int(need.pk)


@transaction.atomic
def advance_need(
    need: int,
    action: str,
    *,
    actor: Actor,
    at: datetime,
    note: str = "",
    satisfaction: int | None = None,
) -> str:
    """Take one step; closing takes the firm's satisfaction, 1 to 5."""
    row = models.Need.objects.select_for_update().filter(pk=need).first()
    if row is None or policies.zone_of(actor) not in (None, row.zone_id):
        raise NotFound("没有这项需求。", "请从列表中选择。")
    if action == "close" and satisfaction not in (1, 2, 3, 4, 5):
        raise Incorrect("办结须登记企业满意度。", "请选择 1 到 5。")
    change = workflow.advance(
        services.NEED, f"need:{row.pk}", row.state, action, actor=actor, at=at, note=note
    )
    row.state = change.target
    row.satisfaction = satisfaction if change.target == "closed" else None
    row.save(update_fields=["state", "satisfaction"])
    return change.target
