"""Changes of applications for international co-operation parks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from taihe.base import trail, workflow
from taihe.base.public import Actor
from taihe.kernel.errors import Conflict, Forbidden, Incorrect, NotFound
from taihe.zone import models, policies, rows
from taihe.zone.actions import local_day, microseconds
from taihe.zone.domain import parks


def subject(application: int) -> str:
    """The subject of its workflow rows."""
    return f"park:{application}"


@transaction.atomic
def apply_for_park(
    zone: str, name: str, summary: str, *, actor: Actor, at: datetime, synthetic: bool = False
) -> int:
    """Open an application as a draft; the name must follow the grammar and be free."""
    only = policies.zone_of(actor)
    if only is not None and only != zone:
        raise NotFound("没有这个开发区。", "请为本区申报。")
    parsed = parks.parse_name(name, countries=rows.countries(), places=rows.places())
    if not summary.strip():
        raise Incorrect("没有写申报说明。", "请简述合作基础与规划。")
    try:
        with transaction.atomic():
            row = models.ParkApplication.objects.create(
                zone_id=zone, name=str(parsed), country=parsed.country, place=parsed.place,
                industry=parsed.industry, summary=summary.strip(), synthetic=synthetic,
                by=actor.party, at_us=microseconds(at),
            )  # fmt: skip
    except IntegrityError:
        raise Conflict("同名园区已在申报或已认定。", "请核对名称。") from None
    trail.record("park.drafted", subject(row.pk), by=actor.party, at=at)
    return int(row.pk)


@transaction.atomic
def advance_park(
    application: int, action: str, *, actor: Actor, at: datetime, note: str = ""
) -> str:
    """
    Take one step; the new state.

    The panel's support needs a panel result that supports; recognition gives the certificate's
    number.
    """
    row = models.ParkApplication.objects.select_for_update().filter(pk=application).first()
    if row is None or not may_see(actor, row):
        raise NotFound("没有这项申报。", "请从列表中选择。")
    if action not in ("submit",) and policies.zone_of(actor) is not None:
        raise Forbidden("该步骤由主管部门办理。", "请等待主管部门处理。")
    if action == "support":
        result = panel(row)
        if not result.supports:
            raise Conflict(
                f"专家平均分 {result.total} 低于 {parks.PASS_MARK}，不能通过。",
                "请按评审结果办理。",
            )
    change = workflow.advance(
        parks.WORKFLOW, subject(row.pk), row.state, action, actor=actor, at=at, note=note
    )
    row.state = change.target
    if change.target == "approved":
        row.certificate = _next_certificate(local_day(at).year)
    row.save(update_fields=["state", "certificate"])
    return change.target


def _next_certificate(year: int) -> str:
    prefix = f"GJHZ-{year}-"
    used = models.ParkApplication.objects.filter(certificate__startswith=prefix).count()
    return f"{prefix}{used + 1:03d}"


@transaction.atomic
def give_opinion(
    application: int, scores: Sequence[int] | None, text: str, *, actor: Actor, at: datetime
) -> None:
    """An expert's scores, or None for a conflict of interest; once per expert, not changed later."""
    row = models.ParkApplication.objects.filter(pk=application, state="panel").first()
    if row is None or not actor.has("panel_expert"):
        raise NotFound("没有待评审的申报。", "请从列表中选择。")
    if scores is not None and (
        len(scores) != len(parks.SCORES) or any(not 0 <= value <= 100 for value in scores)
    ):
        raise Incorrect("分数须为 0 到 100 的整数，逐项填写。", "请补齐。")
    try:
        with transaction.atomic():
            models.PanelOpinion(
                application=row, expert=actor.party, declined=scores is None,
                scores="" if scores is None else " ".join(map(str, scores)), text=text.strip(),
                at_us=microseconds(at),
            ).save()  # fmt: skip
    except IntegrityError:
        raise Conflict("您已提交过意见，不能更改。", "如有错误，请联系主管部门。") from None
    trail.record(
        "park.opinion", subject(row.pk), by=actor.party, at=at, detail={"declined": scores is None}
    )


def panel(row: models.ParkApplication) -> parks.PanelResult:
    """The panel's result so far; raises `Incorrect` when too few have scored."""
    opinions = list(row.opinions.all())
    scores = {
        str(one.expert): tuple(int(value) for value in one.scores.split())
        for one in opinions
        if not one.declined
    }
    return parks.panel_result(scores, declined=[str(o.expert) for o in opinions if o.declined])


def may_see(actor: Actor, row: models.ParkApplication) -> bool:
    """Officers see what their zone may; experts what is before the panel."""
    if actor.has(*policies.ROLES):
        only = policies.zone_of(actor)
        return only is None or only == row.zone_id
    return actor.has("panel_expert") and row.state == "panel"
