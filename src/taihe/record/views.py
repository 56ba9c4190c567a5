"""The record desk: find a person, and one page with everything."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods

from taihe.base import access_log
from taihe.base.public import current_actor, requires_role
from taihe.kernel.codes import Purpose
from taihe.kernel.errors import Incorrect, NotFound
from taihe.record import panels, persons, presenters, reading
from taihe.record.access import Reader, reader_of, relations_for
from taihe.record.navigation import ROLES
from taihe.record.site import the_store
from taihe.ui.tables import Column, Table

ROUTE_DESK, ROUTE_PERSON = "desk.record", "desk.record.person"
PICTURES = 4
MOST = 50


@requires_role(*ROLES)
@cache_control(private=True, no_store=True)
@require_http_methods(["GET", "POST"])
def desk(request: HttpRequest) -> HttpResponse:
    """
    Find a person. The text travels in the body of a POST, so that no name is in an address.

    An htmx request gets the list alone, the same part the page uses.
    """
    reader, purposes = _reader(request)
    purpose = _purpose(request.POST.get("purpose", ""), purposes)
    context: dict[str, Any] = {"purposes": purposes, "purpose": purpose, "asked": False}
    if request.method == "POST":
        text = request.POST.get("text", "")[:60]
        context |= {"asked": True, "text": text}
        try:
            people = reading.find_people(reader, purpose, text, route=ROUTE_DESK, limit=MOST)
            context |= {"people": _people(people, purpose), "most": MOST}
        except Incorrect as error:
            context |= {"problem": error.problem, "do": error.do}
    is_part = request.headers.get("HX-Target") == "found"
    return render(request, "record/found.html" if is_part else "record/desk.html", context)


@requires_role(*ROLES)
@cache_control(private=True, no_store=True)
@require_GET
def person(request: HttpRequest, number: int) -> HttpResponse:
    """One page with everything of a person; somebody else's record is not found."""
    reader, purposes = _reader(request)
    purpose = _purpose(request.GET.get("purpose", ""), purposes)
    today = timezone.localdate()
    try:
        record = reading.summary(reader, purpose, number, route=ROUTE_PERSON, on=today)
    except NotFound as error:
        return _not_found(request, error)
    visits = Table(
        request,
        [
            Column("on", "日期", "day"),
            Column("kind", "方式", "short"),
            Column("source", "机构", empty="机构未登记"),
            Column("reasons", "诊断", empty="未写诊断"),
            Column("doctor", "医生", "short", empty="未写医生"),
        ],
        presenters.visit_rows(record),
        key="visits",
        compact=True,
        per_page=8,
        empty_title="没有就诊记录",
        empty_text="接入的机构还没有送来这位居民的就诊。",
    )
    if request.headers.get("HX-Target") == "visits":
        return render(request, "ui/parts/table.html", {"table": visits})
    drawn, listed = presenters.split_results(record, pictures=PICTURES)
    chosen = [s for s in listed if s.key == request.GET.get("show")]
    numbers = persons.numbers(the_store().database.reader(), record.person)
    seen = access_log.seen_by(numbers, limit=8)
    context = {
        "record": record,
        "who": presenters.who(record.demographics, today),
        "purpose_words": presenters.purpose_words(purpose),
        "series": [presenters.shown_series(s) for s in (*chosen, *drawn)],
        "results": _results(request, listed, purpose),
        "problems": [p for p in record.problems if p.is_active],
        "past_problems": [p for p in record.problems if not p.is_active],
        "medicines": [m for m in record.medicines if m.is_active],
        "past_medicines": [m for m in record.medicines if not m.is_active],
        "allergies": [
            {"name": a.name, "category": presenters.CATEGORY.get(a.category, ""), "since": a.since}
            for a in record.allergies
        ],
        "visits": visits,
        "seen": presenters.seen_rows(seen),
        "panels": [
            {"key": panel.key, "title": panel.title, "template": made.template, **made.context}
            for panel, made in panels.shown(reader, purpose, record.person)
        ],
    }
    return render(request, "record/person.html", context)


def _reader(request: HttpRequest) -> tuple[Reader, list[tuple[str, str]]]:
    """The reader, and the purposes this reader's roles may read for."""
    actor = current_actor(request)
    assert actor is not None, "requires_role lets only actors in"
    on = timezone.localdate()
    purposes = [
        (one.value, one.label)
        for one in (Purpose.TREATMENT, Purpose.PUBLIC_HEALTH)
        if relations_for(actor.roles, one.value, on)
    ]
    return reader_of(actor), purposes


def _purpose(asked: str, purposes: list[tuple[str, str]]) -> str:
    codes = [code for code, _ in purposes]
    return asked if asked in codes else next(iter(codes), Purpose.TREATMENT.value)


def _people(rows: list[reading.PersonRow], purpose: str) -> list[dict[str, Any]]:
    today = timezone.localdate()
    return [
        {
            "url": reverse("record_person", args=[row.person])
            + "?"
            + urlencode({"purpose": purpose}),
            "name": row.demographics.name or "姓名未登记",
            "who": presenters.who(row.demographics, today),
            "number": row.demographics.citizen_number_masked,
            "clinic": row.demographics.clinic,
        }
        for row in rows
    ]


def _results(request: HttpRequest, listed: list[Any], purpose: str) -> Table:
    def url(key: str) -> str:
        return f"{request.path}?{urlencode({'purpose': purpose, 'show': key})}#results"

    return Table(
        request,
        [
            Column("name", "项目"),
            Column("value", "最近一次", "short"),
            Column("verdict", "说明", "short"),
            Column("on", "日期", "day"),
            Column("source", "机构", empty="机构未登记"),
        ],
        [presenters.result_row(s, url(s.key) if len(s.values) > 1 else "") for s in listed],
        key="results-table",
        compact=True,
        per_page=40,
    )


def _not_found(request: HttpRequest, error: NotFound) -> HttpResponse:
    context = {
        "heading": "没有找到这份档案",
        "problem": "可能编号不对，也可能这位居民与您的机构没有诊疗或签约关系。",
        "do": "请按姓名或证件号码重新查找；确需查阅的，先建立签约或诊疗关系。本次查阅已经记录。",
        "ways": [("查找居民", reverse("record_desk")), ("回到首页", "/")],
        "mark": "寻",
    }
    return render(request, "ui/message.html", context, status=error.status)
