"""The chronic care desk: who is due, the visit form, a person's page, control by two rulers."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from taihe.base import workflow
from taihe.base.public import Actor, required_actor, requires_role
from taihe.chronic import actions, forms, models, policies, presenters, queries, rules
from taihe.chronic.domain.alert_workflow import ALERT
from taihe.chronic.domain.evidence import FASTING_GLUCOSE, PRESSURE
from taihe.chronic.domain.facts import Missing
from taihe.chronic.domain.hearts import HeartsCategory, Month
from taihe.chronic.policies import ROLES
from taihe.chronic.queries import NOT_SEEN, OFF_TARGET, ON_TARGET, Standing
from taihe.kernel.errors import Conflict, Incorrect, NotFound
from taihe.record import public as record
from taihe.ui.tables import Column, Filter, Table, respond

ROUTE_LIST, ROUTE_PERSON, ROUTE_VISIT = "desk.chronic", "desk.chronic.person", "desk.chronic.visit"
SERIES_FROM = ("Observation", "Condition", "Encounter")
LISTS = (
    ("due", "今天应随访"),
    ("overdue", "已逾期"),
    ("week", "七天内"),
    ("all", "全部管理对象"),
    ("suspected", "待确诊"),
)
DISEASES = [("", "两种病"), *models.DISEASE_WORDS.items()]
COLUMNS = [
    Column("name", "姓名", "short"),
    Column("disease", "病种", "short"),
    Column("value", "最近一次", empty="还没有测量"),
    Column("cls", "分类", empty="未分类"),
    Column("due", "应随访", "day"),
]


@requires_role(*ROLES)
@cache_control(private=True, no_store=True)
@require_GET
def today(request: HttpRequest) -> HttpResponse:
    """Who is to be seen today, who is late, what calls; filters are in the address."""
    actor = required_actor(request)
    now = timezone.now()
    on = timezone.localdate(now)
    team = queries.team_persons(actor, now)
    by_disease = {disease: queries.standings(team, disease, on) for disease in models.DISEASES}
    everybody = [one for found in by_disease.values() for one in found]
    late, near = queries.overdue(everybody, on), queries.due_soon(everybody, on)
    waiting = queries.waiting_alerts(team)
    suspects = queries.suspected(team, on)
    default = "due" if near else "overdue" if late else "all"
    counts = {
        "due": len(near),
        "overdue": len(late),
        "week": len(queries.due_soon(everybody, on, 7)),
        "all": len(everybody),
        "suspected": len(suspects),
    }
    table = Table(
        request,
        COLUMNS,
        (),
        key="people",
        filters=[
            Filter("list", "名单", [(k, f"{w}（{counts[k]}）") for k, w in LISTS], default),
            Filter("disease", "病种", DISEASES),
        ],
        compact=True,
        empty_title="名单是空的",
        empty_text="没有符合这个名单的管理对象。",
    )
    disease = table.value("disease")
    which = table.value("list")
    if which == "suspected":
        rows: list[Any] = [e for e in suspects if disease in ("", e.disease)]
    else:
        chosen = {
            "due": near,
            "overdue": late,
            "week": queries.due_soon(everybody, on, 7),
            "all": sorted(everybody, key=lambda one: (one.due.on, one.entry.person)),
        }[which]
        rows = [one for one in chosen if disease in ("", one.entry.disease)]
    _fill(table, rows, actor, on)
    people = record.people(
        record.reader_of(actor),
        policies.purpose_of(actor),
        {alert.person for alert in waiting},
        action="list",
        route=ROUTE_LIST,
    )
    pressure = by_disease["hypertension"]
    context = {
        "near": len(near),
        "late": len(late),
        "alerts": presenters.alert_rows(waiting, people),
        "managed": {d: len(found) for d, found in by_disease.items()},
        "control": queries.managed_rate(pressure, on),
        "team": len(team),
        "which": which,
    }
    return respond(request, table, "chronic/today.html", context)


def _fill(table: Table, rows: list[Any], actor: Actor, on: Any) -> None:
    """Give a table its rows; only the persons of the page that is shown are opened."""

    def page(offset: int, limit: int) -> list[dict[str, Any]]:
        shown = rows[offset : offset + limit]
        found = [one.entry if isinstance(one, Standing) else one for one in shown]
        people = record.people(
            record.reader_of(actor),
            policies.purpose_of(actor),
            {entry.person for entry in found},
            action="list",
            route=ROUTE_LIST,
        )
        return [
            presenters.person_row(one, people.get(one.entry.person), on)
            if isinstance(one, Standing)
            else presenters.entry_row(one, people.get(one.person), on)
            for one in shown
        ]

    table.rows, table.total = page, len(rows)


# --- control by two rulers -----------------------------------------------------------------


@requires_role(*ROLES)
@cache_control(private=True, no_store=True)
@require_GET
def rates(request: HttpRequest) -> HttpResponse:
    """The same people under two rulers, and who stands where."""
    actor = required_actor(request)
    now = timezone.now()
    on, month, choices = _month(request)
    team = queries.team_persons(actor, now)
    pressure = queries.standings(team, "hypertension", on)
    glucose = queries.standings(team, "t2dm", on)
    crossed = Counter((one.hearts, one.managed) for one in pressure)
    shown = [c for c in presenters.HEARTS_WORDS if any(crossed[c, m] for m in _MANAGED)]
    seconds = queries.entry_seconds(actor.organisation_code, now)
    context = {
        "month": month,
        "months": choices,
        "on": on,
        "managed": queries.managed_rate(pressure, on),
        "hearts": queries.hearts_rate(pressure),
        "glucose": queries.managed_rate(glucose, on),
        "columns": [presenters.MANAGED_WORDS[m] for m in _MANAGED],
        "crossed": [
            {
                "words": presenters.HEARTS_WORDS[category],
                "cells": [
                    {
                        "count": crossed[category, place],
                        "label": presenters.MANAGED_WORDS[place],
                        "url": _people_url("hypertension", month, category, place),
                    }
                    for place in _MANAGED
                ],
            }
            for category in shown
        ],
        "glucose_places": [
            {
                "words": presenters.MANAGED_WORDS[place],
                "count": sum(one.managed == place for one in glucose),
                "url": _people_url("t2dm", month, None, place),
            }
            for place in _MANAGED
        ],
        "seconds": seconds,
        "team": len(team),
    }
    return render(request, "chronic/rates.html", context)


_MANAGED = (ON_TARGET, OFF_TARGET, NOT_SEEN)


@requires_role(*ROLES)
@cache_control(private=True, no_store=True)
@require_GET
def people(request: HttpRequest) -> HttpResponse:
    """The people behind one number of the rates."""
    actor = required_actor(request)
    on, month, choices = _month(request)
    hearts_choices = [("", "全部"), *((str(c), w) for c, w in presenters.HEARTS_WORDS.items())]
    columns = [
        COLUMNS[0],
        COLUMNS[2],
        Column("managed", "公卫（今年）", "short"),
        Column("hearts", "HEARTS（三个月）", empty="不适用"),
        COLUMNS[4],
    ]
    table = Table(
        request,
        columns,
        (),
        key="people",
        filters=[
            Filter("disease", "病种", list(models.DISEASE_WORDS.items()), "hypertension"),
            Filter("month", "月份", choices, month),
            Filter(
                "managed",
                "公卫",
                [("", "全部"), *((m, presenters.MANAGED_WORDS[m]) for m in _MANAGED)],
            ),
            Filter("hearts", "HEARTS", hearts_choices),
        ],
        compact=True,
        empty_title="没有这样的患者",
    )
    team = queries.team_persons(actor, timezone.now())
    found = queries.standings(team, table.value("disease"), on)
    place, category = table.value("managed"), table.value("hearts")
    rows = [
        one
        for one in found
        if place in ("", one.managed) and category in ("", str(one.hearts or ""))
    ]
    rows.sort(key=lambda one: (one.due.on, one.entry.person))
    _fill(table, rows, actor, on)
    context = {"count": len(rows), "on": on, "month": month}
    return respond(request, table, "chronic/people.html", context)


def _month(request: HttpRequest) -> tuple[Any, str, list[tuple[str, str]]]:
    """The day a month is looked at from, the month, and the months to choose from."""
    today_ = timezone.localdate()
    choices = presenters.months(today_)
    asked = request.GET.get("month", "")
    month = asked if asked in dict(choices) else choices[0][0]
    return queries.last_day_of(Month.parse(month), today_), month, choices


def _people_url(disease: str, month: str, category: HeartsCategory | None, place: str) -> str:
    query = {"disease": disease, "month": month, "managed": place}
    if category:
        query["hearts"] = str(category)
    return f"{reverse('chronic-people')}?{urlencode(query)}"


# --- one person ----------------------------------------------------------------------------


@requires_role(*ROLES)
@cache_control(private=True, no_store=True)
@require_GET
def person(request: HttpRequest, person: int) -> HttpResponse:
    """One person in chronic care: standing, readings, visits, alarms, devices."""
    actor = required_actor(request)
    grant, who = _open(actor, person, action="chronic", route=ROUTE_PERSON)
    return _person_page(request, actor, grant, who)


def _person_page(
    request: HttpRequest,
    actor: Actor,
    grant: record.Grant,
    who: record.Demographics,
    *,
    problem: Incorrect | Conflict | None = None,
    note: str = "",
) -> HttpResponse:
    on = timezone.localdate()
    entries = queries.entries_of(grant.person)
    visits = queries.visits(grant.person)
    page = record.page_of_grant(grant, on=on, shown=("Patient", *SERIES_FROM))
    done = next((v for v in visits if str(v.key) == request.GET.get("done")), None)
    waiting = []
    for alert in queries.alerts(grant.person):
        waiting.append(
            {
                "row": alert,
                "cause": presenters.CAUSES.get(alert.cause, alert.cause),
                "state": ALERT.states[alert.state],
                "steps": workflow.allowed(ALERT, alert.subject, alert.state, actor=actor),
                "history": [
                    {"at": s.at, "words": ALERT.step(s.action, s.source).label, "note": s.note}
                    for s in workflow.history(alert.subject, ALERT.name)
                ],
            }
        )
    context = {
        "person": grant.person,
        "name": who.name or "姓名未登记",
        "who": record.who(who, on),
        "phone": who.phone_masked,
        "entries": [_entry(entry, on) for entry in entries],
        "series": [
            record.shown_series(one, height=160)
            for one in page.results
            if one.code in (PRESSURE, FASTING_GLUCOSE)
        ],
        "home_mean": queries.home_mean_of(grant.person, on),
        "home_rules": rules.home_rules(),
        "visits": presenters.visit_rows(visits),
        "can_correct": {v.key for v in visits if policies.can_correct(v, actor)},
        "alerts": waiting,
        "devices": queries.devices(grant.person),
        "done": presenters.visit_rows([done])[0] if done else None,
        "may_diagnose": actor.has("clinician"),
        "problem": problem,
        "note": note,
    }
    status = problem.status if problem else 200
    return render(request, "chronic/person.html", context, status=status)


def _entry(entry: models.Entry, on: Any) -> dict[str, Any]:
    words, tone = presenters.STANDING[entry.standing]
    waits = entry.begins > on
    found = {
        "row": entry,
        "disease": models.DISEASE_WORDS[entry.disease],
        "words": "未满年龄" if waits else words,
        "tone": "" if waits else tone,
        "can_visit": entry.standing == "registered" and not waits and not entry.dead,
        "rules": entry.rules.replace("|", "、"),
    }
    if found["can_visit"]:
        standing = next(
            s
            for s in queries.standings([entry.person], entry.disease, on)
            if s.entry.person == entry.person
        )
        found["due"] = presenters.due_cell(standing.due, on)
        found["managed"] = presenters.MANAGED_WORDS[standing.managed]
    return found


@requires_role(*ROLES)
@cache_control(private=True, no_store=True)
@require_http_methods(["GET", "POST"])
def visit(request: HttpRequest, person: int) -> HttpResponse:
    """The visit form, or the correction of a visit; saves and shows what follows."""
    actor = required_actor(request)
    grant, who = _open(actor, person, action="visit", route=ROUTE_VISIT)
    on = timezone.localdate()
    corrected = _corrected(request, actor, grant)
    entry = _managed_entry(request, grant, corrected, on)
    disease = entry.disease
    if request.method == "POST":
        data = request.POST.copy()
        if "swap" in data:
            sbp, dbp = data.get("sbp_mmhg", ""), data.get("dbp_mmhg", "")
            data["sbp_mmhg"], data["dbp_mmhg"] = dbp, sbp
        form = forms.VisitForm(data, disease=disease, today=on, correcting=corrected is not None)
        if form.is_valid() and "swap" not in data:
            try:
                row = _save(form, entry, corrected, actor, grant)
            except Missing:
                form.add_error(None, "缺少分类需要的测量值，请补上。")
            else:
                back = reverse("chronic-person", args=[grant.person])
                return HttpResponseRedirect(f"{back}?{urlencode({'done': row.key})}#done")
    else:
        start = forms.of_visit(corrected) if corrected else forms.fresh(on)
        form = forms.VisitForm(
            initial=start, disease=disease, today=on, correcting=corrected is not None
        )
    visits = queries.visits(grant.person, disease)
    context = {
        "form": form,
        "person": grant.person,
        "name": who.name or "姓名未登记",
        "who": record.who(who, on),
        "disease": disease,
        "disease_words": models.DISEASE_WORDS[disease],
        "others": [
            (e.disease, models.DISEASE_WORDS[e.disease])
            for e in queries.entries_of(grant.person)
            if e.disease != disease and e.standing == "registered" and e.begins <= on
        ]
        if corrected is None
        else [],
        "measures": _measures(form, disease, visits, grant),
        "more": _more(form, visits),
        "previous": presenters.visit_rows(visits[:1]),
        "corrected": corrected,
        "swapped": form.swapped,
    }
    return render(request, "chronic/visit.html", context)


def _open(
    actor: Actor, person: int, *, action: str, route: str
) -> tuple[record.Grant, record.Demographics]:
    reader = record.reader_of(actor)
    purpose = policies.purpose_of(actor)
    grant = record.open_person(reader, person, purpose, action=action, route=route)
    page = record.page_of_grant(grant, on=timezone.localdate(), shown=("Patient",))
    return grant, page.demographics


def _corrected(request: HttpRequest, actor: Actor, grant: record.Grant) -> models.Visit | None:
    """The visit that the address asks to correct."""
    asked = request.GET.get("correct", "")
    if not asked:
        return None
    try:
        found = queries.visit(uuid.UUID(asked))
    except ValueError:
        found = None
    if found is None or found.person not in grant.numbers:
        raise NotFound("没有这次随访。", "请从患者页面重新打开。")
    policies.check_can_correct(found, actor)
    return found


def _managed_entry(
    request: HttpRequest, grant: record.Grant, corrected: models.Visit | None, on: Any
) -> models.Entry:
    asked = corrected.disease if corrected else request.GET.get("disease", "")
    found = [
        entry
        for entry in queries.entries_of(grant.person)
        if entry.standing == "registered" and entry.begins <= on and not entry.dead
    ]
    chosen = [entry for entry in found if asked in ("", entry.disease)]
    if not chosen:
        raise Conflict(
            "这位居民不在这种病的管理登记中，不能记录随访。",
            "登记来自档案里的诊断：请先由医生确诊并写入档案。",
        )
    return chosen[0]


def _save(
    form: forms.VisitForm,
    entry: models.Entry,
    corrected: models.Visit | None,
    actor: Actor,
    grant: record.Grant,
) -> models.Visit:
    given = form.cleaned_data
    written = form.written(queries.age_on(entry.born, given["visited_on"]))
    if corrected:
        return actions.correct_visit(
            corrected.key,
            written,
            seen_version=given["version"] or 0,
            reason=given["reason"],
            actor=actor,
            at=timezone.now(),
        )
    return actions.record_visit(
        grant.person,
        written,
        key=given["key"],
        actor=actor,
        at=timezone.now(),
        seconds=form.seconds(),
    )


def _measures(
    form: forms.VisitForm, disease: str, visits: list[models.Visit], grant: record.Grant
) -> list[dict[str, Any]]:
    """The fields that decide, each with its unit and the last value."""
    on = timezone.localdate()
    since = on.replace(year=on.year - 2, day=min(on.day, 28))
    last: dict[str, Any] = {}
    for kind, fields in (("bp", ("sbp_mmhg", "dbp_mmhg")), ("fpg", ("fpg_mmol",))):
        found = queries.readings(grant.person, kind, home=False, since=since)
        if found:
            last |= dict.fromkeys(fields, found[-1])
    return [
        {
            "field": form[name],
            "unit": form.fields[name].unit,  # type: ignore[attr-defined]
            "last": presenters.last_words(name, visits, last),
        }
        for name in forms.MEASURES[disease]
    ]


def _more(form: forms.VisitForm, visits: list[models.Visit]) -> list[dict[str, Any]]:
    return [
        {
            "field": bound,
            "unit": getattr(bound.field, "unit", ""),
            "last": presenters.last_words(bound.name, visits, {}),
        }
        for bound in form.more()
    ]


# --- steps ---------------------------------------------------------------------------------


@requires_role(*ROLES)
@require_POST
def alert(request: HttpRequest) -> HttpResponse:
    """Say what was done about an alarm."""
    actor = required_actor(request)
    number = request.POST.get("number", "")
    if not (number.isascii() and number.isdigit() and len(number) < 12):
        raise Incorrect("请求不完整。", "请回到患者页面重新操作。")
    row = models.Alert.objects.filter(pk=int(number)).first()
    if row is None:
        raise NotFound("没有这条提醒。", "请从列表重新打开。")
    grant, who = _open(actor, row.person, action="alarm", route="desk.chronic.alert")
    note = request.POST.get("note", "")[:2000]
    try:
        actions.handle_alert(
            row.pk,
            request.POST.get("action", ""),
            seen_state=request.POST.get("state", ""),
            actor=actor,
            at=timezone.now(),
            note=note,
        )
    except (Incorrect, Conflict) as error:
        return _person_page(request, actor, grant, who, problem=error, note=note)
    return HttpResponseRedirect(reverse("chronic-person", args=[grant.person]) + "#alerts")


@requires_role("clinician")
@require_POST
def diagnosis(request: HttpRequest, person: int) -> HttpResponse:
    """Confirm a suspected disease; the diagnosis goes into the record."""
    actor = required_actor(request)
    grant, who = _open(actor, person, action="diagnosis", route="desk.chronic.diagnosis")
    try:
        actions.confirm_diagnosis(
            grant.person, request.POST.get("disease", ""), actor=actor, at=timezone.now()
        )
    except Conflict as error:
        return _person_page(request, actor, grant, who, problem=error)
    return HttpResponseRedirect(reverse("chronic-person", args=[grant.person]))


@requires_role(*ROLES)
@require_POST
def device(request: HttpRequest, person: int) -> HttpResponse:
    """Bind a measuring device to a person."""
    actor = required_actor(request)
    grant, who = _open(actor, person, action="device", route="desk.chronic.device")
    code = "".join(request.POST.get("code", "").split()).replace(":", "").upper()
    if not (4 <= len(code) <= 40 and code.isascii() and code.isalnum()):
        error = Incorrect("设备编号不对。", "请抄写设备背面的地址，例如 02:00:00:00:00:01。")
        return _person_page(request, actor, grant, who, problem=error)
    actions.bind_device(code, grant.person, by=actor.party, at=timezone.now())
    return HttpResponseRedirect(reverse("chronic-person", args=[grant.person]) + "#devices")
