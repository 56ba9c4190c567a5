"""Changes of the zone site. Each writes its trail row in its own transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Max

from taihe.base import trail
from taihe.kernel.errors import Conflict, Incorrect, NotFound
from taihe.zone import models, queries, rows
from taihe.zone.domain import bulletin
from taihe.zone.domain.projects import Entry, Facts, check_entry

SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class NewProject:
    """A project to be entered, with its evidence from the first row on (`seq` is given later)."""

    key: str
    name: str
    investor: str
    industry: str
    entries: tuple[Entry, ...]
    register: str = "signed"


def microseconds(at: datetime) -> int:
    """A moment as the tables hold it."""
    from taihe.base.models import microseconds as whole

    return whole(at)


def local_day(at: datetime) -> date:
    """The day in China at a moment."""
    return at.astimezone(SHANGHAI).date()


@transaction.atomic
def load_knowledge() -> None:
    """Bring zones, their names and conventions in the tables up to date with the shipped rows."""
    models.Zone.objects.bulk_create(
        [
            models.Zone(
                code=row.zone, name=row.name, province=row.province, city=row.city,
                area_code=row.area_code, source=row.source,
            )
            for row in rows.zones()
        ],
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["name", "province", "city", "area_code", "source"],
    )  # fmt: skip
    models.ZoneName.objects.bulk_create(
        [
            models.ZoneName(
                zone_id=row.zone, name=row.name, kind=row.kind, level=row.level,
                valid_from=row.valid.valid_from, valid_to=row.valid.valid_to, source=row.source,
            )
            for row in rows.zone_names()
        ],
        update_conflicts=True,
        unique_fields=["zone", "name", "kind"],
        update_fields=["level", "valid_from", "valid_to", "source"],
    )  # fmt: skip
    models.Event.objects.bulk_create(
        [
            models.Event(
                key=row.event, name=row.name, kind=row.kind, place=row.place,
                starts_on=row.starts_on, ends_on=row.ends_on, source=row.source,
            )
            for row in rows.events()
        ],
        update_conflicts=True,
        unique_fields=["key"],
        update_fields=["name", "kind", "place", "starts_on", "ends_on", "source"],
    )  # fmt: skip


@transaction.atomic
def import_projects(
    event: str | None,
    projects: Sequence[NewProject],
    *,
    synthetic: bool = False,
    by: int | None,
    at: datetime,
    confirmed: bool = False,
    batch: models.ImportBatch | None = None,
) -> int:
    """
    Enter projects with their evidence, all or none; the number of evidence rows written.

    Every row passes the same check as one typed by hand. A project that is there already with
    the same words is left as it is, so that an interrupted import may be repeated; one that was
    withdrawn is entered anew.
    """
    if event is not None and not models.Event.objects.filter(pk=event).exists():
        raise NotFound(f"没有大会 {event}。", "请从大会列表中选择。")
    known: dict[str, models.Project] = {}
    for start in range(0, len(projects), 500):
        keys = [one.key for one in projects[start : start + 500]]
        known |= {row.key: row for row in models.Project.objects.filter(key__in=keys)}
    at_us, today = microseconds(at), local_day(at)
    for one in projects:
        if one.key in known and known[one.key].name != one.name:
            raise Conflict(f"项目编号 {one.key} 已用于另一个项目。", "请换一个编号。")
    again = [one for one in projects if one.key in known and known[one.key].stage == "withdrawn"]
    fresh = [one for one in projects if one.key not in known]
    new = [*fresh, *again]
    if len({one.key for one in new}) < len(new):
        raise Incorrect("同一编号出现两次。", "请核对项目编号。")
    final = {one.key: _checked(one, today, confirmed) for one in new}
    investors = _investors(one.investor for one in fresh)
    made = models.Project.objects.bulk_create(
        models.Project(
            key=one.key, register=one.register, name=one.name, event_id=event,
            industry=one.industry, investor_id=investors[one.investor], synthetic=synthetic,
            by=by, at_us=at_us, **_projection(final[one.key]),
        )
        for one in fresh
    )  # fmt: skip
    rounds = {row.key: 1 for row in made}
    for one in again:
        row = known[one.key]
        rounds[one.key] = (row.evidence.aggregate(last=Max("round"))["last"] or 0) + 1
        _update(row, final[one.key])
        made.append(row)
    evidence = [
        _evidence(project, entry, by=by, at_us=at_us, batch=batch, round_=rounds[one.key])
        for project, one in zip(made, new, strict=True)
        for entry in one.entries
    ]
    models.Evidence.objects.bulk_create(evidence)
    if new:
        trail.record(
            "projects.imported", f"event:{event or '-'}", by=by, at=at,
            detail={"projects": len(new), "evidence": len(evidence), "synthetic": synthetic},
        )  # fmt: skip
    return len(evidence)


@transaction.atomic
def enter_project(
    event: str | None,
    one: NewProject,
    *,
    by: int | None,
    at: datetime,
    confirmed: bool = False,
) -> int:
    """Enter one project typed by hand; its number. A key that is taken is refused."""
    if models.Project.objects.filter(key=one.key).exists():
        raise Conflict(f"项目编号 {one.key} 已存在。", "请换一个编号，或到该项目页登记凭证。")
    import_projects(event, [one], by=by, at=at, confirmed=confirmed)
    return int(models.Project.objects.get(key=one.key).pk)


def _checked(one: NewProject, today: date, confirmed: bool) -> Facts:
    if not one.entries:
        raise Incorrect(f"项目 {one.key} 没有凭证。", "首条登记线索、在谈或签约。")
    if one.industry not in rows.industries():
        raise Incorrect(f"项目 {one.key} 的行业代码不在 GB/T 4754-2017 中。", "请核对代码。")
    facts: Facts | None = None
    for entry in one.entries:
        facts = check_entry(facts, entry, today=today, confirmed=confirmed)
    assert facts is not None
    return facts


def _investors(names: Any) -> dict[str, int]:
    wanted = sorted(set(names))
    models.Investor.objects.bulk_create(
        [models.Investor(name=name) for name in wanted], ignore_conflicts=True
    )
    found: dict[str, int] = {}
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        found |= dict(models.Investor.objects.filter(name__in=part).values_list("name", "id"))
    return found


def _projection(facts: Facts) -> dict[str, Any]:
    return {
        "stage": facts.stage.value,
        "zone_id": facts.zone or None,
        "investment_fen": facts.investment_fen,
        "contract_fen": facts.contract_fen,
        "funds_fen": facts.funds_fen,
    }


def _evidence(
    project: models.Project,
    entry: Entry,
    *,
    by: int | None,
    at_us: int,
    attachment: str = "",
    merged_into: models.Project | None = None,
    batch: models.ImportBatch | None = None,
    round_: int = 1,
) -> models.Evidence:
    return models.Evidence(
        project=project, action=entry.action, happened_on=entry.on, amount_fen=entry.amount_fen,
        zone_id=entry.zone, outside=entry.outside, investment_fen=entry.investment_fen,
        contract_fen=entry.contract_fen, merged_into=merged_into, text=entry.evidence.strip(),
        attachment=attachment, round=round_, batch=batch, by=by, at_us=at_us,
    )  # fmt: skip


@transaction.atomic
def add_evidence(
    project: int,
    entry: Entry,
    *,
    by: int | None,
    at: datetime,
    confirmed: bool = False,
    attachment: str = "",
    merged_into: str = "",
) -> int:
    """
    Write one row of evidence and bring the project's state up to date; the row's number.

    Raises as `check_entry` does; `confirmed` says that a doubtful amount was looked at.
    """
    found = models.Project.objects.select_for_update().filter(pk=project).first()
    if found is None:
        raise NotFound("没有这个项目。", "请从项目列表中选择。")
    before = queries.facts_of(found.pk)
    entry = replace(entry, project=found.key)
    after = check_entry(before, entry, today=local_day(at), confirmed=confirmed)
    target = _merge_target(found, merged_into) if entry.action == "merge" else None
    row = _evidence(
        found, entry, by=by, at_us=microseconds(at), attachment=attachment, merged_into=target,
        round_=found.evidence.aggregate(last=Max("round"))["last"] or 1,
    )  # fmt: skip
    row.save()
    _update(found, after)
    trail.record(
        "project.evidence", f"project:{found.pk}", by=by, at=at,
        detail={"action": entry.action, "evidence": row.pk},
    )  # fmt: skip
    return int(row.pk)


def _update(project: models.Project, facts: Facts) -> None:
    for column, value in _projection(facts).items():
        setattr(project, column, value)
    project.save(update_fields=["stage", "zone", "investment_fen", "contract_fen", "funds_fen"])


def _merge_target(project: models.Project, key: str) -> models.Project:
    target = models.Project.objects.filter(key=key.strip()).exclude(pk=project.pk).first()
    if target is None:
        raise Incorrect("没有写明并入哪个项目，或该编号不存在。", "请填写并入项目的编号。")
    return target


@transaction.atomic
def freeze_bulletin(event: str, *, as_of: date, by: int | None, at: datetime) -> int:
    """
    Freeze the figures of a convention as of a day as its next edition; the edition's number.

    The day may not lie ahead: evidence of days to come is not there yet.
    """
    if as_of > local_day(at):
        raise Incorrect(f"截至日 {as_of} 还没有到。", "请选择今天或更早的日期。")
    row = models.Event.objects.filter(pk=event).first()
    if row is None:
        raise NotFound(f"没有大会 {event}。", "请从大会列表中选择。")
    through = models.Evidence.objects.aggregate(last=Max("id"))["last"] or 0
    edition = (row.bulletins.aggregate(last=Max("edition"))["last"] or 0) + 1
    made = queries.compute_bulletin(row, edition=edition, as_of=as_of, through=through)
    if not made.figures[0].numerator:
        raise Conflict("截至该日没有签约项目，无法冻结公报。", "请核对截至日。")
    _store(row, made, through, by=by, at=at)
    return edition


def _store(
    event: models.Event,
    made: bulletin.Bulletin,
    through: int,
    *,
    by: int | None,
    at: datetime,
) -> None:
    models.Bulletin(
        event=event, edition=made.heading.edition, as_of=made.heading.as_of, through=through,
        fingerprint=made.fingerprint, body=made.body.decode(), table=made.table.decode(),
        by=by, at_us=microseconds(at),
    ).save()  # fmt: skip
    trail.record(
        "bulletin.frozen", f"event:{event.pk}", by=by, at=at,
        detail={"edition": made.heading.edition, "fingerprint": made.fingerprint},
    )  # fmt: skip
