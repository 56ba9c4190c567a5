"""The insight desk: the brief, ten indicators with drill-down, quality of what comes in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from taihe.base import definitions
from taihe.base.public import required_actor, requires_role
from taihe.insight import actions, api, presenters, rules
from taihe.insight.indicators import COUNTY, Figure, Sheet, sheet, shown, words_of
from taihe.kernel.errors import Conflict, NotFound
from taihe.ui.charts import bar_chart
from taihe.ui.tables import Cell, Column, Table, respond

ROLES = ("analyst", "administrator")
MOST_BARS = 12


@requires_role(*ROLES)
@require_GET
def dashboard(request: HttpRequest) -> HttpResponse:
    """The morning brief, the ten figures of the county, visits by week."""
    found = sheet(timezone.localdate())
    return render(
        request,
        "insight/dashboard.html",
        {
            "lines": presenters.brief_of(found),
            "cards": [presenters.card(figure) for figure in found.figures.values()],
            "weeks": presenters.weeks(found),
            "as_of": found.as_of,
            "before": found.before,
            "minimum": rules.settings().minimum_cell,
            "sources": len(found.quality),
        },
    )


@requires_role(*ROLES)
@require_GET
def indicator(request: HttpRequest, key: str) -> HttpResponse:
    """One indicator: a chart of the groups, the table beside it, and the way down."""
    return _indicator_page(request, key)


@requires_role("analyst")
@require_POST
def publish(request: HttpRequest, key: str) -> HttpResponse:
    """Release the table as it stands today."""
    try:
        actions.publish(
            key, sheet(timezone.localdate()), actor=required_actor(request), at=timezone.now()
        )
    except Conflict as error:
        return _indicator_page(request, key, problem=error)
    return HttpResponseRedirect(reverse("insight-indicator", args=[key]))


def _indicator_page(
    request: HttpRequest, key: str, *, problem: Conflict | None = None
) -> HttpResponse:
    if key not in rules.indicators():
        raise NotFound("没有这个指标。", "请从指标页面重新打开。")
    found = sheet(timezone.localdate())
    figure = found.figures[key]
    cells = shown(figure)
    parents = {cell.key: cell for cell in cells if cell.parent == COUNTY}
    asked = request.GET.get("in", "")[:80]
    inside = asked if asked in parents else COUNTY
    rows = [cell for cell in cells if cell.parent == inside]
    definition = definitions.get(key)
    table = _table(request, figure, rows, found, inside, definition)
    bars = presenters.bars(figure, rows, found)
    title = f"{words_of(inside, found.places)}各{presenters.level(figure, inside)}"
    context = {
        "definition": definition,
        "key": key,
        "inside": words_of(inside, found.places) if inside != COUNTY else "",
        "card": presenters.card(figure),
        "is_example": figure.indicator.is_example,
        "picture": bar_chart(
            bars[:MOST_BARS],
            title,
            definition.unit,
            target=figure.indicator.target,
            first_column=presenters.level(figure, inside),
        )
        if bars
        else None,
        "hidden": sum(cell.counts is None for cell in rows),
        "minimum": rules.settings().minimum_cell,
        "as_of": found.as_of,
        "newest": api.newest(key),
        "may_publish": required_actor(request).has("analyst"),
        "problem": problem,
    }
    answer = respond(request, table, "insight/indicator.html", context)
    if problem is not None:
        answer.status_code = problem.status
    return answer


def _table(
    request: HttpRequest,
    figure: Figure,
    rows: list[Any],
    found: Sheet,
    inside: str,
    definition: definitions.Definition,
) -> Table:
    chosen = figure.indicator
    hidden = {
        "small": f"少于 {rules.settings().minimum_cell}",
        "complement": "为保护他格",
        "above": "上级未显示",
    }
    unit = "元" if chosen.form == "money" else ""
    columns = [
        Column("name", presenters.level(figure, inside)),
        Column("value", f"数值（{definition.unit}）", "number", empty="不显示"),
        Column("numerator", f"分子{f'（{unit}）' if unit else ''}", "number", empty="不显示"),
        Column("denominator", "分母", "number", empty="不显示"),
    ]
    shown_rows = []
    for cell in sorted(rows, key=lambda c: -presenters.sort_value(figure, c)):
        name = words_of(cell.key, found.places)
        down = inside == COUNTY and cell.reason == ""
        url = f"{request.path}?in={cell.key}" if down else ""
        if cell.counts is None:
            shown_rows.append(
                {
                    "name": Cell(name, note=hidden[cell.reason]),
                    "value": None,
                    "numerator": None,
                    "denominator": None,
                }
            )
            continue
        value = chosen.value(cell.counts.numerator, cell.counts.denominator)
        numerator = cell.counts.numerator
        shown_rows.append(
            {
                "name": Cell(name, url=url),
                "value": Cell("无" if value is None else presenters.written(value)),
                "numerator": round(numerator / 100, 2) if chosen.form == "money" else numerator,
                "denominator": cell.counts.denominator,
            }
        )
    return Table(
        request,
        columns,
        shown_rows,
        key="cells",
        per_page=30,
        empty_title="没有数据",
        empty_text="数据湖里还没有这个指标的数据。",
        compact=True,
    )


@requires_role(*ROLES)
@require_GET
def quality(request: HttpRequest) -> HttpResponse:
    """Completeness and timeliness of what each institution sends."""
    found = sheet(timezone.localdate())
    least = rules.settings().minimum_cell
    table = Table(
        request,
        [
            Column("name", "送数机构"),
            Column("visits", "就诊", "number", empty=f"少于 {least}"),
            Column("complete", "完整率", "percent", empty="不显示"),
            Column("delay", "到达延迟（天，中位数）", "number", empty="不显示"),
            Column("last", "最近收到", "day"),
        ],
        [presenters.quality_row(one, found, least) for one in found.quality],
        key="sources",
        per_page=40,
        empty_title="近期没有就诊数据",
        empty_text="机构送数后，这里按机构列出完整率和到达延迟。",
    )
    context = {
        "days": rules.settings().quality_days,
        "last_day": found.last_day,
        "sources": len(found.quality),
        "minimum": least,
    }
    return respond(request, table, "insight/quality.html", context)
