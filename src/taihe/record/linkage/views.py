"""The steward's desk: pairs of persons who may be one, side by side."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST

from taihe.base import workflow
from taihe.base.public import (
    organisation_of_party,
    required_actor,
    requires_role,
)
from taihe.kernel.codes import Purpose
from taihe.kernel.errors import Conflict, Forbidden, Incorrect, NotFound
from taihe.record import access, reading
from taihe.record.access import reader_of
from taihe.record.domain.pair_workflow import PAIR, TONES, WAITING
from taihe.record.linkage import actions, presenters, queries
from taihe.record.models import Pair
from taihe.record.site import the_store
from taihe.ui.tables import Cell, Column, Filter, Table, respond

ROUTE = "desk.record.pair"
OPENS = "reopen"
"""The step that opens both records for review again; every other one needs them open."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@requires_role("record_steward")
@cache_control(private=True, no_store=True)
@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """Pairs by state, the likeliest first; the list names nobody."""
    states = [("", "待办理"), *PAIR.states.items(), ("all", "全部")]
    table = Table(
        request,
        [
            Column("number", "编号", "short"),
            Column("summary", "相符与不符"),
            Column("likelihood", "是同一人", "short"),
            Column("state", "状态", "short"),
            Column("at", "提出日期", "day"),
        ],
        (),
        key="pairs",
        filters=[Filter("state", "状态", states)],
        compact=True,
        empty_title="没有待核对的重复",
        empty_text="关联运行后，拿不准的会列在这里；十分肯定的已自动合并，可在“已合并”中查看。",
    )
    chosen = table.value("state")
    found = Pair.objects.order_by("-probability", "pk")
    if chosen in PAIR.states:
        found = found.filter(state=chosen)
    elif chosen != "all":
        found = found.filter(state__in=WAITING)
    table.total = found.count()
    table.rows = lambda offset, limit: [_row(row) for row in found[offset : offset + limit]]
    counts = {name: Pair.objects.filter(state=name).count() for name in PAIR.states}
    return respond(request, table, "record/pairs.html", {"counts": counts})


@requires_role("record_steward")
@cache_control(private=True, no_store=True)
@require_GET
def pair(request: HttpRequest, number: int) -> HttpResponse:
    """One pair side by side, with the explanation in words and what can be done."""
    return _page(request, number)


@requires_role("record_steward")
@cache_control(private=True, no_store=True)
@require_POST
def decide(request: HttpRequest, number: int) -> HttpResponse:
    """Take a step, then show the next pair that waits for this steward."""
    actor = required_actor(request)
    note = request.POST.get("note", "")[:1000]
    action, seen = request.POST.get("action", ""), request.POST.get("state", "")
    row = _found(number)
    if action != OPENS and seen == row.state and not _opens(request, row):
        raise NotFound("这一对不在您的核对期间。", "请从列表中另选一对。")
    try:
        actions.decide_pair(
            number,
            action,
            seen_state=seen,
            actor=actor,
            at=timezone.now(),
            note=note,
        )
    except (Incorrect, Conflict, Forbidden) as error:
        return _page(request, number, problem=error, note=note, status=error.status)
    return HttpResponseRedirect(f"{reverse('record_pair', args=[number])}?done=1")


def _page(
    request: HttpRequest,
    number: int,
    *,
    problem: Incorrect | Conflict | Forbidden | None = None,
    note: str = "",
    status: int = 200,
) -> HttpResponse:
    actor = required_actor(request)
    row = _found(number)
    steps = workflow.allowed(PAIR, row.subject, row.state, actor=actor)
    history = workflow.history(row.subject, PAIR.name)
    waits = row.state == "confirmed" and not any(step.action == "merge" for step in steps)
    following = (
        Pair.objects.filter(state__in=WAITING).exclude(pk=row.pk).order_by("-probability").first()
    )
    context: dict[str, Any] = {
        "pair": row,
        "state": PAIR.states[row.state],
        "tone": TONES[row.state],
        "likelihood": presenters.likelihood(row),
        "reasons": presenters.reasons(row),
        "doubt": presenters.doubt(row) if row.state in WAITING else "",
        "sides": _sides(request, row),
        "steps": steps,
        "needs_note": any(step.needs_note for step in steps),
        "own": waits,
        "history": [
            {
                "at": step.at,
                "words": PAIR.step(step.action, step.source).label,
                "who": _who(step.by),
                "note": step.note,
            }
            for step in history
        ],
        "proposed_at": _moment(row.proposed_at),
        "next": following.pk if following else None,
        "problem": problem,
        "note": note,
        "done": request.GET.get("done") == "1",
    }
    return render(request, "record/pair.html", context, status=status)


def _found(number: int) -> Pair:
    row = Pair.objects.filter(pk=number).first()
    if row is None:
        raise NotFound("没有这一对。", "请回到列表重新选择。")
    return row


def _opens(request: HttpRequest, row: Pair) -> bool:
    """Whether the review relation opens both records to this steward now; writes entries."""
    reader = reader_of(required_actor(request))
    connection = the_store().database.reader()
    try:
        for person in (row.left_person, row.right_person):
            access.open_person(
                connection, reader, person, Purpose.OPERATIONS, action="compare", route=ROUTE
            )
    except NotFound:
        return False
    return True


def _sides(request: HttpRequest, row: Pair) -> list[presenters.Side]:
    """The fields of both, where the review relation still opens them; else none."""
    if not _opens(request, row):
        return []
    connection = the_store().database.reader()
    ids = (row.left_patient, row.right_patient)
    if not all(ids):
        ids = tuple(_first_patient(n) for n in (row.left_person, row.right_person))  # type: ignore[assignment]
    found = queries.patients_by_id(connection, the_store(), [id for id in ids if id])
    if not all(id in found for id in ids):
        return []
    left, right = (found[id][0] for id in ids)
    names = reading.names_of(connection, the_store(), {left.source, right.source} - {""})
    return presenters.sides(left, right, names)


def _first_patient(person: int) -> str:
    from taihe.record import public

    return next(iter(public.patients_of(person)), "")


def _row(row: Pair) -> dict[str, Any]:
    return presenters.row_of(
        row,
        reverse("record_pair", args=[row.pk]),
        Cell(PAIR.states[row.state], tone=TONES[row.state], tag=True),
        timezone.localdate(_moment(row.proposed_at)),
    )


def _who(party: int | None) -> str:
    if party is None:
        return "系统"
    from taihe.base.models import Account

    account = Account.objects.filter(party=party).first()
    if account is not None:
        return str(account.display_name)
    place = organisation_of_party(party)
    return place.name if place else ""


def _moment(at: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at)
