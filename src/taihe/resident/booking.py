"""Booking a clinic session: where and what for, when, check, done; one question per page."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest
from django.shortcuts import redirect
from django.utils import timezone

from taihe.kernel.errors import Conflict, NotFound
from taihe.resident.mine import Mine
from taihe.resident.page import Made, own_page
from taihe.visits import public as visits

ROUTE = "app.bookings"


@own_page("home", action="bookings", posts=True)
def bookings(request: HttpRequest, mine: Mine) -> Made:
    """My appointments; one that has not begun can be given back."""
    now = timezone.now()
    problem: dict[str, Any] = {}
    if request.method == "POST":
        try:
            number = _number(request.POST.get("booking", ""))
            visits.cancel(mine.reader, mine.grant.person, number, at=now, route=ROUTE)
        except (Conflict, NotFound) as error:
            problem = {"problem": error.problem, "do": error.do}
        else:
            return redirect("app_bookings")
    found = visits.bookings_of(mine.reader, mine.grant.person, at=now, grant=mine.grant)
    waiting = [one for one in reversed(found) if one.can_cancel]
    context = {
        "waiting": waiting,
        "past": [one for one in found if one not in waiting][:10],
        **problem,
    }
    return "resident/bookings.html", context, 409 if problem else 200


@own_page("home", action="bookings")
def choose(request: HttpRequest, mine: Mine) -> Made:
    """Which department at which institution, then which time."""
    now = timezone.now()
    sessions = visits.open_sessions(now)
    places: dict[tuple[str, str], dict[str, Any]] = {}
    for one in sessions:
        row = places.setdefault(
            (one.place, one.department),
            {
                "key": one.session,
                "place": one.place,
                "department": one.department,
                "first": one,
                "free": 0,
            },
        )
        row["free"] += one.left > 0
    listed = sorted(places.values(), key=lambda row: (row["place"], row["department"]))
    asked = next((one for one in sessions if str(one.session) == request.GET.get("at")), None)
    row = places.get((asked.place, asked.department)) if asked else None
    context: dict[str, Any] = {"places": listed}
    if row is not None:
        context |= {
            "row": row,
            "sessions": [
                one
                for one in sessions
                if (one.place, one.department) == (row["place"], row["department"])
            ],
        }
    return "resident/choose.html", context


@own_page("home", action="bookings", posts=True)
def confirm(request: HttpRequest, mine: Mine, session: int) -> Made:
    """Check, then book; the clinic may look into the record until that day ends."""
    now = timezone.now()
    one = next((s for s in visits.open_sessions(now) if s.session == session), None)
    if request.method == "POST":
        try:
            visits.book(mine.reader, mine.grant.person, session, at=now, route=ROUTE)
        except (Conflict, NotFound) as error:
            context = {"one": one, "problem": error.problem, "do": error.do}
            return "resident/confirm.html", context, 409
        return redirect("app_bookings")
    if one is None:
        raise Http404
    return "resident/confirm.html", {"one": one}


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise NotFound("没有这个预约。", "请刷新页面再试。")
    return int(text)
