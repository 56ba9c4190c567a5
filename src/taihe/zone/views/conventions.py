"""Public pages: they show only what is frozen."""

from __future__ import annotations

from datetime import date
from hashlib import sha256

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from taihe.base.public import current_actor, public_page
from taihe.ui.tables import Filter, Table, respond
from taihe.zone import models, policies, presenters, queries, rows
from taihe.zone.domain import bulletin, figures, reconcile
from taihe.zone.domain.bulletin import Line
from taihe.zone.views.shared import (
    PROJECT_COLUMNS,
    conventions_shown,
    edition_of,
    event_of,
    frozen_of,
)


@public_page
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """What this site is, and the bulletins it has published."""
    return render(request, "zone/home.html", {"conventions": conventions_shown()})


@public_page
@require_GET
def conventions(request: HttpRequest) -> HttpResponse:
    """All conventions with their newest bulletin."""
    return render(request, "zone/conventions.html", {"conventions": conventions_shown()})


@public_page
@require_GET
def convention(request: HttpRequest, key: str, edition: int | None = None) -> HttpResponse:
    """A convention's bulletin: key figures, progress, and printed figures beside it."""
    event = event_of(key)
    row = frozen_of(event, edition)
    if row is None:
        return render(request, "zone/no_bulletin.html", {"event": event})
    lines = queries.lines_of(row)
    found = figures.compute(line.facts for line in lines)
    by_key = {figure.key: figure for figure in found}
    url = reverse("zone-bulletin-projects", args=[key, row.edition])
    compared = reconcile.compare(found, rows.published_of(key), row.as_of)
    context = {
        "event": event,
        "bulletin": row,
        "editions": event.bulletins.defer("body", "table"),
        "synthetic": models.Project.objects.filter(event=event, synthetic=True).exists(),
        "cards": [presenters.shown(by_key[one], url) for one in presenters.KEY_FIGURES],
        "progress": presenters.progress(found, url),
        "funds": [presenters.shown(by_key[one], url) for one in presenters.FUNDS],
        "groups": presenters.comparison_groups(compared),
        "projects_url": url,
    }
    return render(request, "zone/bulletin.html", context)


@public_page
@require_GET
def bulletin_projects(request: HttpRequest, key: str, edition: int) -> HttpResponse:
    """The projects of a frozen bulletin, or those that one of its figures counts."""
    event = event_of(key)
    row = edition_of(event, edition)
    table = Table(
        request,
        PROJECT_COLUMNS,
        rows=[],
        caption="项目清单",
        filters=[
            Filter("figure", "计入哪一项", [("", "全部"), *presenters.titles().items()]),
            Filter("zone", "开发区", _zone_choices(queries.lines_of(row), row.as_of)),
        ],
        empty_title="没有项目",
    )
    lines = _chosen(queries.lines_of(row), table.value("figure"), table.value("zone"))
    actor = current_actor(request)
    numbers: dict[str, int] = {}
    if actor is not None and actor.has(*policies.ROLES):
        numbers = dict(
            policies.visible_projects(actor).filter(event=event).values_list("key", "pk")
        )
    table.total = len(lines)
    table.rows = lambda offset, limit: [
        presenters.frozen_row(line, row.as_of, numbers) for line in lines[offset : offset + limit]
    ]
    figure = table.value("figure")
    context = {
        "event": event,
        "bulletin": row,
        "figure": presenters.titles().get(figure, ""),
        "figure_key": figure,
        "count": len(lines),
    }
    return respond(request, table, "zone/bulletin_projects.html", context)


def _chosen(lines: list[Line], figure: str, zone: str) -> list[Line]:
    if figure:
        counted = {one.project for one in figures.counting(figure, (line.facts for line in lines))}
        lines = [line for line in lines if line.facts.project in counted]
    if zone:
        lines = [line for line in lines if line.facts.zone == zone.replace("-", "")]
    return lines


def _zone_choices(lines: list[Line], on: date) -> list[tuple[str, str]]:
    codes = sorted({line.facts.zone for line in lines if line.facts.zone})
    names = [(code, presenters.zone_name(code, on)) for code in codes]
    return [("", "全部"), *names]


@public_page
@require_GET
def bulletin_table(request: HttpRequest, key: str, edition: int) -> HttpResponse:
    """The frozen table of projects as CSV; it recomputes the bulletin on another computer."""
    row = edition_of(event_of(key), edition)
    answer = HttpResponse(row.table.encode(), content_type="text/csv; charset=utf-8")
    name = f"{key}-{row.edition}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@public_page
@require_GET
def bulletin_body(request: HttpRequest, key: str, edition: int) -> HttpResponse:
    """The canonical bytes of a bulletin."""
    row = edition_of(event_of(key), edition)
    return HttpResponse(row.body.encode(), content_type="application/json")


@public_page
@require_GET
def bulletin_recompute(request: HttpRequest, key: str, edition: int) -> HttpResponse:
    """How to recompute a bulletin elsewhere, and what this computer gets from the table now."""
    event = event_of(key)
    row = edition_of(event, edition)
    again = bulletin.make(*bulletin.read_table(row.table, name="table.csv"))
    context = {
        "event": event,
        "bulletin": row,
        "fingerprint": again.fingerprint,
        "equal": again.body == row.body.encode(),
        "rows": row.table.count("\n") - 1,
        "table_sha256": sha256(row.table.encode()).hexdigest(),
    }
    return render(request, "zone/recompute.html", context)
