"""The resident's pages. Everything is read without script; each page is one question."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest
from django.utils import timezone

from taihe.medicine import public as prescriptions
from taihe.record import public as record
from taihe.resident import presenters
from taihe.resident.medicines import one_list
from taihe.resident.mine import Mine
from taihe.resident.page import own_page
from taihe.resident.tasks import tasks_of
from taihe.visits import public as visits

SEEN_PER_PAGE = 20


@own_page("home")
def home(request: HttpRequest, mine: Mine) -> tuple[str, dict[str, Any]]:
    """At a glance: the result that matters most, what deserves a look, the ways on."""
    page, bills = mine.page(), mine.bills()
    seen, _ = mine.seen(3)
    series = [record.shown_series(one, height=110) for one in page.results[:6]]
    return "resident/home.html", {
        "name": page.demographics.name,
        "first": series[0] if series else None,
        "todos": presenters.todos(
            page, series, seen, bills, mine.on, tasks_of((mine.grant.person,), mine.on)
        ),
        "medicines": [one for one in page.medicines if one.is_active],
        "allergies": page.allergies,
    }


@own_page("record")
def my_record(request: HttpRequest, mine: Mine) -> tuple[str, dict[str, Any]]:
    """What is in my record."""
    page = mine.page()
    visits = record.visit_rows(page)
    return "resident/record.html", {
        "who": page.demographics,
        "who_words": record.who(page.demographics, mine.on),
        "problems": [one for one in page.problems if one.is_active],
        "past": [one for one in page.problems if not one.is_active],
        "allergies": page.allergies,
        "visits": visits[:10],
        "visit_count": len(visits),
        "immunizations": page.immunizations,
        "procedures": page.procedures,
        "medicine_count": sum(one.is_active for one in page.medicines),
        "result_count": len(page.results),
    }


@own_page("record")
def medicines(request: HttpRequest, mine: Mine) -> tuple[str, dict[str, Any]]:
    """One list of medicines: from all hospitals and from signed prescriptions."""
    page = mine.page()
    mine_now = prescriptions.medicines_of(
        mine.reader, mine.grant.person, on=mine.on, grant=mine.grant
    )
    listed = one_list(page.medicines, mine_now, mine.on)
    return "resident/medicines.html", {
        "medicines": listed.current,
        "doubles": listed.doubles,
        "collect": [one for one in mine_now if one.qr],
        "past": listed.past,
        "allergies": page.allergies,
    }


@own_page("home")
def tasks(request: HttpRequest, mine: Mine) -> tuple[str, dict[str, Any]]:
    """Everything that is to be done, with its day; what must be done at once first."""
    return "resident/tasks.html", {
        "tasks": tasks_of((mine.grant.person,), mine.on),
        "bookings": [
            one
            for one in visits.bookings_of(
                mine.reader, mine.grant.person, at=timezone.now(), grant=mine.grant
            )
            if one.can_cancel
        ],
    }


@own_page("record")
def results(request: HttpRequest, mine: Mine) -> tuple[str, dict[str, Any]]:
    """Every kind of result with its newest value and what that means."""
    page = mine.page()
    shown = [record.shown_series(one) for one in page.results]
    return "resident/results.html", {
        "vital": [
            s for s, one in zip(shown, page.results, strict=True) if one.group != "laboratory"
        ],
        "laboratory": [
            s for s, one in zip(shown, page.results, strict=True) if one.group == "laboratory"
        ],
        "findings": page.findings[:20],
    }


@own_page("record")
def result(request: HttpRequest, mine: Mine, key: str) -> tuple[str, dict[str, Any]]:
    """One kind of result: value, meaning, picture, table."""
    found = next((one for one in mine.page().results if one.key == key), None)
    if found is None:
        raise Http404
    return "resident/result.html", {"one": record.shown_series(found, height=170)}


@own_page("record", action="bills")
def bills(request: HttpRequest, mine: Mine) -> tuple[str, dict[str, Any]]:
    """What each visit cost, with its lines."""
    found = mine.bills()
    year = mine.on.year
    return "resident/bills.html", {
        "bills": [
            {"bill": bill, "title": presenters.bill_title(bill), "lines": bill.lines}
            for bill in found[:30]
        ],
        "count": len(found),
        "year": year,
        "year_fen": sum(bill.amount_fen for bill in found if bill.begin.year == year),
        "year_count": sum(bill.begin.year == year for bill in found),
    }


@own_page("seen")
def seen(request: HttpRequest, mine: Mine) -> tuple[str, dict[str, Any]]:
    """Who looked at my record: institution, time, purpose in plain words."""
    asked = request.GET.get("before", "")
    before = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 16 else None
    with_own = request.GET.get("own") == "1"
    found, following = mine.seen(SEEN_PER_PAGE, before=before, with_own=with_own)
    rows = record.seen_rows(found, own=frozenset({mine.actor.party}))
    return "resident/seen.html", {
        "lines": presenters.seen_lines(found, rows),
        "next": following,
        "with_own": with_own,
        "before": before,
    }


@own_page("me")
def me(request: HttpRequest, mine: Mine) -> tuple[str, dict[str, Any]]:
    """Who I am here, the view, the language, the way out."""
    page = record.page_of_grant(mine.grant, on=mine.on, shown=("Patient",))
    return "resident/me.html", {
        "who": page.demographics,
        "who_words": record.who(page.demographics, mine.on),
    }
