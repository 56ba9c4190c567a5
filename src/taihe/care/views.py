"""The care desk: who lives here, beds, admission, an elder's page, assessment, tasks."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from taihe.base.public import Actor, required_actor, requires_role
from taihe.care import actions, forms, presenters, queries, rules
from taihe.care.instrument import instrument
from taihe.care.models import Stay
from taihe.kernel.codes import Purpose
from taihe.kernel.errors import Conflict, Incorrect, NotFound, TaiheError
from taihe.record import public as record
from taihe.record.public import Demographics, Grant

ROUTE_LIST, ROUTE_PERSON, ROUTE_BEDS = "desk.care", "desk.care.person", "desk.care.beds"
ROLE = "care_assessor"


# --- the home ------------------------------------------------------------------------------


@requires_role(ROLE)
@cache_control(private=True, no_store=True)
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    """Who lives here, at which level, and what is still to do today."""
    actor = required_actor(request)
    today = timezone.localdate()
    found = queries.living(actor.organisation_code, today)
    known = _names(actor, [one.stay.person for one in found], ROUTE_LIST)
    elders = [
        {
            "one": one,
            "name": _name(known.get(one.stay.person)),
            "who": _who(known.get(one.stay.person), today),
            "tone": presenters.tone_of(one.last.final) if one.last else "warn",
            "late": one.due < today or one.last is None,
        }
        for one in found
    ]
    context = {
        "elders": elders,
        "today": today,
        "open": sum(one.open_tasks for one in found),
        "all": sum(len(one.tasks) for one in found),
        "free": len(queries.free_beds(actor.organisation_code)),
        "late": sum(bool(elder["late"]) for elder in elders),
    }
    return render(request, "care/desk.html", context)


@requires_role(ROLE)
@cache_control(private=True, no_store=True)
@require_http_methods(["GET", "POST"])
def beds(request: HttpRequest) -> HttpResponse:
    """Rooms and beds, who lies where; a new bed."""
    actor = required_actor(request)
    form = forms.BedForm(request.POST if request.method == "POST" else None)
    problem: TaiheError | None = None
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            actions.add_bed(given["room"], given["label"], actor=actor, at=timezone.now())
            return HttpResponseRedirect(reverse("care-beds"))
        except (Incorrect, Conflict) as error:
            problem = error
    found = queries.beds(actor.organisation_code)
    known = _names(actor, [stay.person for _, stay in found if stay], ROUTE_BEDS)
    rooms: dict[str, list[dict[str, Any]]] = {}
    for bed, stay in found:
        name = _name(known.get(stay.person)) if stay else ""
        rooms.setdefault(bed.room, []).append({"bed": bed, "stay": stay, "name": name})
    context = {
        "rooms": list(rooms.items()),
        "count": len(found),
        "used": sum(stay is not None for _, stay in found),
        "form": form,
        "problem": problem,
    }
    bad = request.method == "POST"
    return render(request, "care/beds.html", context, status=_status(problem, bad))


@requires_role(ROLE)
@cache_control(private=True, no_store=True)
@require_http_methods(["GET", "POST"])
def admit(request: HttpRequest) -> HttpResponse:
    """Take an elder in, by the number on a card (POST: it is in no address)."""
    actor = required_actor(request)
    free = queries.free_beds(actor.organisation_code)
    form = forms.AdmitForm(
        request.POST if request.method == "POST" else None,
        free=free,
        initial={"bed": request.GET.get("bed", "")},
    )
    problem: TaiheError | None = None
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            person = actions.person_by_number(given["number"])
            actions.admit(person, int(given["bed"]), actor=actor, at=timezone.now())
            return HttpResponseRedirect(reverse("care-person", args=[person]))
        except (Incorrect, Conflict, NotFound) as error:
            problem = error
    context = {"form": form, "problem": problem, "free": free}
    bad = request.method == "POST"
    return render(request, "care/admit.html", context, status=_status(problem, bad))


# --- one elder -----------------------------------------------------------------------------


@requires_role(ROLE)
@cache_control(private=True, no_store=True)
@require_GET
def person(request: HttpRequest, person: int) -> HttpResponse:
    """An elder: level and why, today's care, events, earlier assessments."""
    actor = required_actor(request)
    grant, stay = _open(actor, person, "care")
    return _page(request, actor, grant, stay)


def _page(
    request: HttpRequest,
    actor: Actor,
    grant: Grant,
    stay: Stay,
    *,
    problem: TaiheError | None = None,
    event: forms.EventForm | None = None,
) -> HttpResponse:
    today = timezone.localdate()
    day = _day(request, today, stay)
    known = record.page_of_grant(
        grant, on=today, shown=("Patient", "Condition", "AllergyIntolerance", "MedicationRequest")
    )
    now = queries.of_stay(stay, day)
    earlier = [presenters.assessment(row) for row in queries.assessments(grant.numbers)]
    since = timezone.localdate(stay.since)
    oldest = max(since, today - timedelta(days=rules.limits()["mark_days_back"]))
    kinds = rules.event_kinds()
    context = {
        "person": grant.person,
        "stay": stay,
        "name": _name(known.demographics),
        "who": record.who(known.demographics, today),
        "allergies": known.allergies,
        "problems": [p for p in known.problems if p.is_active][:8],
        "medicines": [m for m in known.medicines if m.is_active][:8],
        "now": now,
        "day": day,
        "today": today,
        "before": day - timedelta(days=1) if day > oldest else None,
        "after": day + timedelta(days=1) if day < today else None,
        "slots": presenters.by_slot(now.tasks),
        "done": sum(task.state == "done" for task in now.tasks),
        "current": earlier[0] if earlier else None,
        "picture": presenters.picture_of(earlier[0]["row"]) if earlier else None,
        "earlier": earlier[1:],
        "late": now.due < today,
        "events": [{"row": e, "words": kinds.get(e.kind, e.kind)} for e in queries.events(stay)],
        "event": event or forms.EventForm(initial={"on": today}),
        "free": queries.free_beds(actor.organisation_code),
        "problem": problem,
    }
    bad = event is not None and event.is_bound
    return render(request, "care/person.html", context, status=_status(problem, bad))


def _day(request: HttpRequest, today: date, stay: Stay) -> date:
    """The day that is looked at: today, or one that can still be marked."""
    asked = request.POST.get("day") or request.GET.get("day", "")
    try:
        day = date.fromisoformat(asked)
    except ValueError:
        return today
    back = today - timedelta(days=rules.limits()["mark_days_back"])
    return day if max(back, timezone.localdate(stay.since)) <= day <= today else today


@requires_role(ROLE)
@cache_control(private=True, no_store=True)
@require_http_methods(["GET", "POST"])
def assess(request: HttpRequest, person: int) -> HttpResponse:
    """The assessment form; what is missing is asked back by item."""
    actor = required_actor(request)
    grant, stay = _open(actor, person, "assess")
    today = timezone.localdate()
    known = record.page_of_grant(grant, on=today, shown=("Patient", "Condition"))
    first = not queries.assessments(grant.numbers)
    recorded = queries.recent_events(stay, today)
    start = {"why": "first" if first else "regular"}
    form = forms.AssessmentForm(request.POST if request.method == "POST" else None, initial=start)
    problem: TaiheError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            actions.assess(
                stay.pk,
                form.answers,
                form.facts,
                why=form.cleaned_data["why"],
                second=form.cleaned_data["second"],
                age=known.demographics.age(today),
                actor=actor,
                at=timezone.now(),
            )
            return HttpResponseRedirect(reverse("care-person", args=[grant.person]))
        except (Incorrect, Conflict) as error:
            problem = error
    context = {
        "person": grant.person,
        "name": _name(known.demographics),
        "who": record.who(known.demographics, today),
        "form": form,
        "problem": problem,
        "recorded": recorded,
        "mental": [p for p in known.problems if p.code.upper().startswith("F")],
        "source": instrument().source,
    }
    bad = request.method == "POST"
    return render(request, "care/assess.html", context, status=_status(problem, bad))


@requires_role(ROLE)
@require_POST
def task(request: HttpRequest, person: int) -> HttpResponse:
    """Mark a task as done, left with a reason, or open again."""
    actor = required_actor(request)
    grant, stay = _open(actor, person, "care")
    sent = request.POST
    try:
        day = date.fromisoformat(sent.get("day", ""))
        seen = int(sent.get("seen", ""))
    except ValueError:
        wrong = Incorrect("日期或次数读不懂。", "请刷新页面后再登记。")
        return _page(request, actor, grant, stay, problem=wrong)
    try:
        actions.mark(
            stay.pk,
            day,
            sent.get("key", ""),
            sent.get("slot", ""),
            sent.get("state", ""),
            seen=seen,
            note=sent.get("note", ""),
            actor=actor,
            at=timezone.now(),
        )
    except (Incorrect, Conflict, NotFound) as error:
        return _page(request, actor, grant, stay, problem=error)
    back = reverse("care-person", args=[grant.person])
    today = timezone.localdate()
    return HttpResponseRedirect(f"{back}{f'?day={day}' if day != today else ''}#tasks")


@requires_role(ROLE)
@require_POST
def event(request: HttpRequest, person: int) -> HttpResponse:
    """Write down a care-risk event."""
    actor = required_actor(request)
    grant, stay = _open(actor, person, "care")
    form = forms.EventForm(request.POST)
    if not form.is_valid():
        return _page(request, actor, grant, stay, event=form)
    given = form.cleaned_data
    try:
        actions.note_event(
            stay.pk, given["kind"], given["on"], given["note"], actor=actor, at=timezone.now()
        )
    except (Incorrect, Conflict) as error:
        return _page(request, actor, grant, stay, problem=error, event=form)
    return HttpResponseRedirect(reverse("care-person", args=[grant.person]) + "#events")


@requires_role(ROLE)
@require_POST
def move(request: HttpRequest, person: int) -> HttpResponse:
    """Give an elder another bed."""
    actor = required_actor(request)
    grant, stay = _open(actor, person, "care")
    bed = request.POST.get("bed", "")
    try:
        actions.move(stay.pk, int(bed) if bed.isdecimal() else 0, actor=actor, at=timezone.now())
    except (Incorrect, Conflict, NotFound) as error:
        return _page(request, actor, grant, stay, problem=error)
    return HttpResponseRedirect(reverse("care-person", args=[grant.person]))


@requires_role(ROLE)
@require_POST
def discharge(request: HttpRequest, person: int) -> HttpResponse:
    """End the stay; the record is closed to the home."""
    actor = required_actor(request)
    grant, stay = _open(actor, person, "care")
    try:
        actions.discharge(stay.pk, request.POST.get("reason", ""), actor=actor, at=timezone.now())
    except (Incorrect, Conflict) as error:
        return _page(request, actor, grant, stay, problem=error)
    return HttpResponseRedirect(reverse("care-desk"))


# --- parts ---------------------------------------------------------------------------------


def _open(actor: Actor, person: int, action: str) -> tuple[Grant, Stay]:
    """The record and the stay of an elder who lives in the actor's home."""
    reader = record.reader_of(actor)
    grant = record.open_person(reader, person, Purpose.TREATMENT, action=action, route=ROUTE_PERSON)
    stay = queries.stay_of(grant.numbers, actor.organisation_code)
    if stay is None:
        raise NotFound("这位老人不在本院居住。", "从名单中打开在住老人。")
    return grant, stay


def _names(actor: Actor, persons: list[int], route: str) -> dict[int, Demographics]:
    reader = record.reader_of(actor)
    return record.people(reader, Purpose.TREATMENT, persons, action="list", route=route)


def _name(who: Demographics | None) -> str:
    if who is None:
        return "无权查看"
    return who.name or "姓名未登记"


def _who(who: Demographics | None, today: date) -> str:
    return record.who(who, today) if who else ""


def _status(problem: TaiheError | None, bad: bool) -> int:
    return problem.status if problem else 400 if bad else 200
