"""The desk of referrals, and the desk of clinic sessions."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from taihe.base import workflow
from taihe.base.public import Actor, organisation, organisations, required_actor, requires_role
from taihe.kernel.codes import Purpose
from taihe.kernel.errors import Conflict, Forbidden, Incorrect, NotFound, TaiheError
from taihe.record import public as record
from taihe.record.public import Demographics
from taihe.ui.tables import Cell, Column, Filter, Table, respond
from taihe.visits import actions, presenters, queries
from taihe.visits.domain.workflow import DOCTORS, OPEN, REFERRAL, SIDES, WAITS_FOR
from taihe.visits.forms import ReferralForm, ReturnForm, SessionForm
from taihe.visits.models import Booking, ClinicSession, Referral

ROUTE_DESK = "desk.visits"
ROUTE_REFER = "desk.visits.refer"
ROUTE_REFERRAL = "desk.visits.referral"
ROUTE_SESSION = "desk.visits.session"


# --- referrals -----------------------------------------------------------------------------


@requires_role(*DOCTORS)
@cache_control(private=True, no_store=True)
@require_http_methods(["GET", "POST"])
def desk(request: HttpRequest) -> HttpResponse:
    """Referrals sent and received; a POST finds the person to refer."""
    actor = required_actor(request)
    today = timezone.localdate()
    context = _find(request, actor, ROUTE_DESK)
    own = queries.of_institution(actor.organisation_code)
    context |= {
        "waiting": queries.waiting_for(actor.organisation_code).count(),
        "overdue": queries.overdue(actor.organisation_code, today).count(),
        "open": own.filter(state__in=OPEN).count(),
    }
    return respond(request, _referrals(request, actor), "visits/desk.html", context)


def _referrals(request: HttpRequest, actor: Actor) -> Table:
    today = timezone.localdate()
    code = actor.organisation_code
    table = Table(
        request,
        [
            Column("number", "转诊单"),
            Column("name", "居民", empty="不在转诊期间"),
            Column("way", "方向"),
            Column("impression", "初步印象", empty="不在转诊期间"),
            Column("due", "期限", "day", empty="没有期限"),
            Column("state", "状态"),
        ],
        (),
        key="referrals",
        filters=[
            Filter("way", "方向", [("", "全部"), ("out", "转出"), ("in", "转入")]),
            Filter(
                "show",
                "显示",
                [("open", "未了结"), ("mine", "待本机构办理"), ("late", "超期"), ("", "全部")],
                "open",
            ),
        ],
        empty_title="没有转诊",
        empty_text="查找居民后可以开转诊单；上级机构转来的也会列在这里。",
        row_tone=lambda row: row["tone"],
    )
    found = queries.of_institution(code, table.value("way"))
    show = table.value("show")
    if show == "mine":
        found = found.filter(pk__in=queries.waiting_for(code).values("pk"))
    elif show == "late":
        found = found.filter(pk__in=queries.overdue(code, today).values("pk"))
    elif show == "open":
        found = found.filter(state__in=OPEN)
    found = found.order_by("due", "-pk")

    def rows(offset: int, limit: int) -> list[dict[str, Any]]:
        page = list(found[offset : offset + limit])
        names = record.people(
            record.reader_of(actor),
            Purpose.TREATMENT,
            [row.person for row in page],
            action="list",
            route=ROUTE_DESK,
        )
        return [_row(row, names.get(row.person), code) for row in page]

    table.rows, table.total = rows, found.count()
    return table


def _row(row: Referral, who: Demographics | None, code: str) -> dict[str, Any]:
    shown = presenters.referral(row, on=timezone.localdate())
    out = row.source == code
    return {
        "number": Cell(row.number, url=reverse("visits-referral", args=[row.pk])),
        "name": who.name if who else None,
        "way": Cell(
            f"转往 {shown.target}" if out else f"来自 {shown.source}",
            note="紧急" if row.is_urgent else "",
        ),
        "impression": row.impression if who else None,
        "due": Cell(shown.due, note="超期" if shown.is_overdue else "") if shown.due else None,
        "state": Cell(shown.state_words, tone=shown.tone, tag=True),
        "tone": "bad" if shown.is_overdue else "",
    }


def _find(request: HttpRequest, actor: Actor, route: str) -> dict[str, Any]:
    """People who match the text of a POST, for a list of links."""
    if request.method != "POST":
        return {"asked": False}
    text = request.POST.get("text", "")[:60]
    context: dict[str, Any] = {"asked": True, "text": text}
    today = timezone.localdate()
    try:
        found = record.persons(record.reader_of(actor), Purpose.TREATMENT, text, route=route)
    except Incorrect as error:
        return context | {"problem": error}
    context["people"] = [
        {
            "person": row.person,
            "name": row.demographics.name or "姓名未登记",
            "who": record.who(row.demographics, today),
            "number": row.demographics.citizen_number_masked,
        }
        for row in found
    ]
    return context


@requires_role(*DOCTORS)
@cache_control(private=True, no_store=True)
@require_http_methods(["GET", "POST"])
def refer(request: HttpRequest, person: int) -> HttpResponse:
    """Write a referral; it is sent at once, or kept as a draft."""
    actor = required_actor(request)
    now = timezone.now()
    today = timezone.localdate(now)
    posted = request.POST if request.method == "POST" else None
    action = "refer" if posted is not None else "summary"
    grant = actions.open_for_treatment(actor, person, action=action, route=ROUTE_REFER)
    known = record.page_of_grant(grant, on=today, shown=("Patient", "Condition"))
    places = [
        place
        for place in organisations("hospital", "township_hospital", "clinic", "village_clinic")
        if place.code != actor.organisation_code
    ]
    form = ReferralForm(posted, places=places)
    problem: TaiheError | None = None
    if posted is not None and form.is_valid():
        try:
            row = actions.write_referral(form.text, grant, actor=actor, at=now)
            if "send" in posted:
                actions.step_referral(row.pk, "send", seen_state="draft", actor=actor, at=now)
            return HttpResponseRedirect(reverse("visits-referral", args=[row.pk]))
        except (Incorrect, Conflict, Forbidden) as error:
            problem = error
    context = {
        "form": form,
        "problem": problem,
        "name": known.demographics.name or "姓名未登记",
        "who": record.who(known.demographics, today),
        "problems": [p for p in known.problems if p.is_active][:8],
    }
    status = problem.status if problem else (400 if posted is not None else 200)
    return render(request, "visits/refer.html", context, status=status)


@requires_role(*DOCTORS)
@cache_control(private=True, no_store=True)
@require_GET
def referral(request: HttpRequest, number: int) -> HttpResponse:
    """A referral, for the two institutions it concerns."""
    return _referral_page(request, number)


@requires_role(*DOCTORS)
@require_POST
def step(request: HttpRequest, number: int) -> HttpResponse:
    """Take a step; a return comes with its summary."""
    actor = required_actor(request)
    action = request.POST.get("action", "")[:20]
    note = request.POST.get("note", "")[:500]
    form = ReturnForm(request.POST) if action == "return" else None
    row = _own_referral(number, actor)
    actions.open_for_treatment(actor, row.person, action="referral", route=ROUTE_REFERRAL)
    if form is not None and not form.is_valid():
        return _referral_page(request, number, form=form)
    try:
        actions.step_referral(
            number,
            action,
            seen_state=request.POST.get("state", "")[:20],
            actor=actor,
            at=timezone.now(),
            note=note,
            returned=form.text if form is not None else None,
        )
    except (Incorrect, Conflict, Forbidden) as error:
        return _referral_page(request, number, form=form, problem=error, note=note)
    return HttpResponseRedirect(reverse("visits-referral", args=[number]))


def _own_referral(number: int, actor: Actor) -> Referral:
    row = queries.of_institution(actor.organisation_code).filter(pk=number).first()
    if row is None:
        raise NotFound("没有这张转诊单。", "请从转诊列表中重新打开。")
    return row


def _referral_page(
    request: HttpRequest,
    number: int,
    *,
    form: ReturnForm | None = None,
    problem: TaiheError | None = None,
    note: str = "",
) -> HttpResponse:
    actor = required_actor(request)
    today = timezone.localdate()
    row = _own_referral(number, actor)
    may_open = record.is_related(record.reader_of(actor), row.person, Purpose.TREATMENT)
    known = None
    if may_open:
        grant = actions.open_for_treatment(
            actor, row.person, action="referral", route=ROUTE_REFERRAL
        )
        known = record.page_of_grant(grant, on=today, shown=("Patient", "AllergyIntolerance"))
    side = "from" if row.source == actor.organisation_code else "to"
    steps = [
        one
        for one in workflow.allowed(REFERRAL, row.subject, row.state, actor=actor)
        if SIDES[one.action] == side
    ]
    context = {
        "row": row,
        "shown": presenters.referral(row, on=today),
        "known": known,
        "name": (known.demographics.name or "姓名未登记") if known else "转诊单",
        "who": record.who(known.demographics, today) if known else "",
        "side": side,
        "steps": [one for one in steps if one.action != "return"],
        "needs_note": any(one.needs_note for one in steps),
        "can_return": any(one.action == "return" for one in steps),
        "waits_elsewhere": row.state in WAITS_FOR and WAITS_FOR[row.state] != side,
        "form": form or ReturnForm(),
        "course": presenters.course(row),
        "problem": problem,
        "note": note,
    }
    wrong = form is not None and bool(form.errors)
    status = problem.status if problem else (400 if wrong else 200)
    return render(request, "visits/referral.html", context, status=status)


# --- sessions ------------------------------------------------------------------------------


@requires_role(*DOCTORS)
@require_GET
def sessions(request: HttpRequest) -> HttpResponse:
    """The clinic sessions of this institution, the next first."""
    actor = required_actor(request)
    local = timezone.localtime()
    table = Table(
        request,
        [
            Column("when", "时段"),
            Column("department", "科室"),
            Column("doctor", "医生", empty="不限医生"),
            Column("booked", "已约", "number"),
            Column("left", "余号", "number"),
            Column("state", "状态"),
        ],
        (),
        key="sessions",
        filters=[Filter("show", "显示", [("next", "今天起"), ("past", "过去")], "next")],
        empty_title="没有排班",
        empty_text="排班以后，居民可以在手机上预约。",
    )
    found = ClinicSession.objects.filter(organisation=actor.organisation_code or "-")
    if table.value("show") == "past":
        found = found.filter(day__lt=local.date()).order_by("-day", "-half", "pk")
    else:
        found = found.filter(day__gte=local.date()).order_by("day", "half", "department", "pk")

    def rows(offset: int, limit: int) -> list[dict[str, Any]]:
        return [
            _session_row(presenters.session(row, today=local.date(), now=local.time()))
            for row in found[offset : offset + limit]
        ]

    table.rows, table.total = rows, found.count()
    return respond(request, table, "visits/sessions.html", {"place": actor.organisation_name})


def _session_row(shown: presenters.ShownSession) -> dict[str, Any]:
    words, tone = ("约满", "warn") if not shown.left else ("可约", "good")
    if shown.is_over:
        words, tone = "已结束", ""
    if shown.is_cancelled:
        words, tone = "停诊", "bad"
    return {
        "when": Cell(shown.when, url=reverse("visits-session", args=[shown.session])),
        "department": shown.department,
        "doctor": shown.doctor,
        "booked": shown.capacity - shown.left,
        "left": shown.left,
        "state": Cell(words, tone=tone, tag=True),
    }


@requires_role(*DOCTORS)
@require_http_methods(["GET", "POST"])
def new_session(request: HttpRequest) -> HttpResponse:
    """Offer half a day."""
    actor = required_actor(request)
    now = timezone.now()
    posted = request.POST if request.method == "POST" else None
    form = SessionForm(posted, today=timezone.localdate(now))
    problem: TaiheError | None = None
    where = organisation(actor.organisation_code) if actor.organisation_code else None
    if posted is not None and form.is_valid():
        try:
            if where is None:
                raise Forbidden("您的账号没有所属机构，不能排班。", "请联系管理员。")
            row = actions.open_session(where=where, by=actor.party, at=now, **form.cleaned_data)
            return HttpResponseRedirect(reverse("visits-session", args=[row.pk]))
        except (Incorrect, Conflict, Forbidden) as error:
            problem = error
    status = problem.status if problem else (400 if posted is not None else 200)
    context = {"form": form, "problem": problem}
    return render(request, "visits/new_session.html", context, status=status)


@requires_role(*DOCTORS)
@cache_control(private=True, no_store=True)
@require_http_methods(["GET", "POST"])
def session(request: HttpRequest, number: int) -> HttpResponse:
    """A session with its queue; a POST finds a person to book for."""
    return _session_page(request, number)


@requires_role(*DOCTORS)
@require_POST
def book(request: HttpRequest, number: int) -> HttpResponse:
    """Book at the desk for a person whom this institution may see."""
    actor = required_actor(request)
    row = actions.own_session(number, actor)
    given = request.POST.get("person", "")
    if not given.isascii() or not given.isdigit() or len(given) > 15:
        raise Incorrect("请求不完整。", "请回到门诊页面重新操作。")
    try:
        grant = actions.open_for_treatment(actor, int(given), action="book", route=ROUTE_SESSION)
        actions.book(grant, row.pk, by=actor.party, at=timezone.now())
    except Conflict as error:
        return _session_page(request, number, problem=error)
    return HttpResponseRedirect(reverse("visits-session", args=[number]))


@requires_role(*DOCTORS)
@require_POST
def stop(request: HttpRequest, number: int) -> HttpResponse:
    """Stop a session and give all places back."""
    actor = required_actor(request)
    try:
        actions.stop_session(number, actor=actor, at=timezone.now())
    except Conflict as error:
        return _session_page(request, number, problem=error)
    return HttpResponseRedirect(reverse("visits-session", args=[number]))


@requires_role(*DOCTORS)
@require_POST
def arrive(request: HttpRequest, number: int) -> HttpResponse:
    """Somebody has come."""
    actor = required_actor(request)
    row = _own_booking(number, actor)
    actions.open_for_treatment(actor, row.person, action="book", route=ROUTE_SESSION)
    try:
        actions.arrive(row.pk, actor=actor, at=timezone.now())
    except Conflict as error:
        return _session_page(request, row.session_id, problem=error)
    return HttpResponseRedirect(reverse("visits-session", args=[row.session_id]))


@requires_role(*DOCTORS)
@require_POST
def cancel(request: HttpRequest, number: int) -> HttpResponse:
    """Give a place back at the desk."""
    actor = required_actor(request)
    row = _own_booking(number, actor)
    try:
        grant = actions.open_for_treatment(actor, row.person, action="book", route=ROUTE_SESSION)
        actions.cancel_booking(grant, row.pk, by=actor.party, at=timezone.now())
    except Conflict as error:
        return _session_page(request, row.session_id, problem=error)
    return HttpResponseRedirect(reverse("visits-session", args=[row.session_id]))


def _own_booking(number: int, actor: Actor) -> Booking:
    row = Booking.objects.select_related("session").filter(pk=number).first()
    if row is None or row.session.organisation != (actor.organisation_code or "-"):
        raise NotFound("没有这个预约。", "请从门诊页面重新打开。")
    return row


def _session_page(
    request: HttpRequest, number: int, *, problem: TaiheError | None = None
) -> HttpResponse:
    actor = required_actor(request)
    local = timezone.localtime()
    row = actions.own_session(number, actor)
    bookings = list(row.bookings.select_related("session").order_by("number"))
    names = record.people(
        record.reader_of(actor),
        Purpose.TREATMENT,
        [one.person for one in bookings],
        action="list",
        route=ROUTE_SESSION,
    )
    queue = []
    for one in bookings:
        shown = presenters.booking(one, today=local.date(), now=local.time())
        who = names.get(one.person)
        queue.append(
            {
                "shown": shown,
                "name": who.name if who else "",
                "who": record.who(who, local.date()) if who else "",
                "can_arrive": one.state == "booked" and row.day == local.date() and who is not None,
                "can_cancel": shown.can_cancel and who is not None,
            }
        )
    asked = problem is None and "text" in request.POST
    context = {
        "shown": presenters.session(row, today=local.date(), now=local.time()),
        "queue": queue,
        "notice": problem,
        **(_find(request, actor, ROUTE_SESSION) if asked else {"asked": False}),
    }
    return render(
        request, "visits/session.html", context, status=problem.status if problem else 200
    )
