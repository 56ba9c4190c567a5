"""The prescription desk, and the pharmacy where prescriptions are dispensed once."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.forms import BaseFormSet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from taihe.base.public import Actor, required_actor, requires_role
from taihe.kernel.codes import Purpose
from taihe.kernel.errors import Conflict, Incorrect, NotFound, TaiheError
from taihe.medicine import actions, editors, presenters
from taihe.medicine.domain.catalogue import FOR, KIND_WORDS, search
from taihe.medicine.domain.prescription import KINDS, PrescriptionDraft
from taihe.medicine.domain.workflow import CHANGEABLE, PRESCRIBERS, PRESCRIPTION, TONES
from taihe.medicine.forms import HEADS, LINE_SETS, TokenForm
from taihe.medicine.models import Dispensing, Prescription, Presentation
from taihe.record import public as record
from taihe.record.public import Demographics, Grant
from taihe.ui.tables import Cell, Column, Filter, Table, respond

ROUTE_DESK = "desk.medicine"
ROUTE_WRITE = "desk.medicine.write"
ROUTE_ONE = "desk.medicine.prescription"
ROUTE_PHARMACY = "desk.pharmacy"
SHOWN_LINES = {"western": 2, "tcm": 8}
"""Rows of a form that stand open; the others are folded away until they are needed."""


# --- the desk ------------------------------------------------------------------------------


@requires_role(*PRESCRIBERS)
@cache_control(private=True, no_store=True)
@require_http_methods(["GET", "POST"])
def desk(request: HttpRequest) -> HttpResponse:
    """Find the person to prescribe for (POST: no name in an address), and own prescriptions."""
    actor = required_actor(request)
    today = timezone.localdate()
    context: dict[str, Any] = {"asked": False}
    if request.method == "POST":
        text = request.POST.get("text", "")[:60]
        context |= {"asked": True, "text": text}
        try:
            found = record.persons(
                record.reader_of(actor), Purpose.TREATMENT, text, route=ROUTE_DESK
            )
            context["people"] = [
                {
                    "person": row.person,
                    "name": row.demographics.name or "姓名未登记",
                    "who": record.who(row.demographics, today),
                    "number": row.demographics.citizen_number_masked,
                }
                for row in found
            ]
        except Incorrect as error:
            context["problem"] = error
    own = Prescription.objects.filter(author=actor.party)
    context |= {
        "waiting": own.filter(state__in=("ready", "second")).count(),
        "refused": own.filter(state__in=("refused", "returned")).count(),
        "today": own.filter(day=today).exclude(state="withdrawn").count(),
    }
    return respond(request, _own(request, actor, today), "medicine/desk.html", context)


def _own(request: HttpRequest, actor: Actor, today: date) -> Table:
    states = [("", "全部状态"), *PRESCRIPTION.states.items()]
    table = Table(
        request,
        [
            Column("number", "处方"),
            Column("name", "居民", empty="无权查看"),
            Column("drugs", "药品"),
            Column("day", "日期", "day"),
            Column("state", "状态"),
        ],
        (),
        key="prescriptions",
        filters=[Filter("state", "状态", states)],
        empty_title="还没有处方",
        empty_text="先查找居民，再开处方。",
    )
    found = Prescription.objects.filter(author=actor.party).order_by("-written_at", "-pk")
    if table.value("state"):
        found = found.filter(state=table.value("state"))

    def rows(offset: int, limit: int) -> list[dict[str, Any]]:
        page = list(found.prefetch_related("lines")[offset : offset + limit])
        names = record.people(
            record.reader_of(actor),
            Purpose.TREATMENT,
            [row.person for row in page],
            action="list",
            route=ROUTE_DESK,
        )
        return [_row(row, names.get(row.person), today) for row in page]

    table.rows, table.total = rows, found.count()
    return table


def _row(row: Prescription, who: Demographics | None, today: date) -> dict[str, Any]:
    state = presenters.state_on(row, today)
    names = [line.name for line in row.lines.all()]
    more = f"等 {len(names)} 味" if row.kind == "tcm" else f"等 {len(names)} 种"
    return {
        "number": Cell(row.number, url=reverse("medicine-prescription", args=[row.pk])),
        "name": who.name if who else None,
        "drugs": Cell("、".join(names[:3]), note=more if len(names) > 3 else ""),
        "day": row.day,
        "state": Cell(PRESCRIPTION.states[state], tone=TONES[state], tag=True),
    }


@requires_role(*PRESCRIBERS)
@require_GET
def drugs(request: HttpRequest) -> HttpResponse:
    """Suggestions for a field, as options of a datalist: by name, pinyin initials or code."""
    text = next((v for k, v in request.GET.items() if k.endswith("-drug")), "")[:60]
    kinds = FOR["tcm" if request.GET.get("kind") == "tcm" else "western"]
    options = [
        {
            "value": found.drug.name if not _looks_like_code(text) else found.drug.code,
            "words": f"{found.drug.name} {KIND_WORDS[found.drug.kind]}",
        }
        for found in search(text, kinds=kinds, limit=12)
    ]
    return render(request, "medicine/options.html", {"options": options})


def _looks_like_code(text: str) -> bool:
    return text.isascii() and any(letter.isdigit() for letter in text)


# --- writing -------------------------------------------------------------------------------


@requires_role(*PRESCRIBERS)
@cache_control(private=True, no_store=True)
@require_http_methods(["GET", "POST"])
def write(request: HttpRequest, person: int, kind: str) -> HttpResponse:
    """Write a prescription; it is checked when it is sent."""
    if kind not in KINDS:
        raise Http404
    special = editors.editor_for(kind, required_actor(request).roles)
    if special and request.method == "GET":
        return HttpResponseRedirect(reverse(special.write, args=[person]))
    return _write(request, person, kind, None)


@requires_role(*PRESCRIBERS)
@cache_control(private=True, no_store=True)
@require_http_methods(["GET", "POST"])
def amend(request: HttpRequest, number: int) -> HttpResponse:
    """Change a prescription that is not signed, and have it checked anew."""
    actor = required_actor(request)
    row = _found(number)
    if row.author != actor.party or row.state not in CHANGEABLE:
        raise NotFound("这张处方不能修改。", "只有开方医师本人可以修改没有签名的处方。")
    special = editors.editor_for(row.kind, actor.roles)
    if special and request.method == "GET":
        return HttpResponseRedirect(reverse(special.amend, args=[row.pk]))
    return _write(request, row.person, row.kind, row)


def _write(request: HttpRequest, person: int, kind: str, row: Prescription | None) -> HttpResponse:
    actor = required_actor(request)
    now = timezone.now()
    today = timezone.localdate(now)
    action = "prescribe" if request.method == "POST" else "summary"
    grant = actions.open_for_treatment(actor, person, action=action, route=ROUTE_WRITE)
    known = record.page_of_grant(
        grant, on=today, shown=("Patient", "AllergyIntolerance", "Condition", "MedicationRequest")
    )
    facts = {"sex": known.demographics.sex, "age": known.demographics.age(today)}
    posted = request.POST if request.method == "POST" else None
    head = HEADS[kind](posted, initial=_head_of(row), **facts)
    lines = LINE_SETS[kind](posted, initial=_lines_of(row), prefix="line")
    problem: TaiheError | None = None
    if posted is not None and _both_valid(head, lines):
        draft = _draft(kind, head, lines, actor, today)
        options: dict[str, Any] = {
            "actor": actor,
            "at": now,
            "valid_for": int(head.cleaned_data["valid_for"]),
        }
        try:
            if row is None:
                made = actions.write_prescription(draft, grant, **options)
            else:
                seen = request.POST.get("state", "")
                made = actions.amend_prescription(row.pk, draft, grant, seen_state=seen, **options)
            return HttpResponseRedirect(reverse("medicine-prescription", args=[made.pk]))
        except (Incorrect, Conflict) as error:
            problem = error
    context = {
        "kind": kind,
        "kind_words": KINDS[kind],
        "kinds": [(key, words) for key, words in KINDS.items() if key != kind] if not row else [],
        "person": person,
        "row": row,
        "name": known.demographics.name or "姓名未登记",
        "who": record.who(known.demographics, today),
        "allergies": known.allergies,
        "problems": [p for p in known.problems if p.is_active][:6],
        "medicines": [m for m in known.medicines if m.is_active][:8],
        "head": head,
        "lines": lines,
        **_rows_of(kind, lines),
        "problem": problem,
    }
    bad = problem is not None or (posted is not None)
    return render(request, "medicine/write.html", context, status=400 if bad else 200)


def _rows_of(kind: str, lines: BaseFormSet[Any]) -> dict[str, Any]:
    """The rows that stand open, those that are folded away, and the first that is wrong."""
    first = SHOWN_LINES[kind]
    wrong = next((at for at, form in enumerate(lines.forms) if form.is_bound and form.errors), None)
    more = lines.forms[first:]
    return {
        "shown_lines": lines.forms[:first],
        "more_lines": more,
        "first_count": first,
        "more_open": any(form["drug"].value() or (form.is_bound and form.errors) for form in more),
        "bad_line": None
        if wrong is None
        else {"at": wrong + 1, "ident": lines.forms[wrong]["drug"].id_for_label},
    }


def _both_valid(head: Any, lines: BaseFormSet[Any]) -> bool:
    return bool(head.is_valid()) & bool(lines.is_valid())


def _draft(kind: str, head: Any, lines: Any, actor: Actor, today: date) -> PrescriptionDraft:
    given = head.cleaned_data
    return PrescriptionDraft(
        kind=kind,  # type: ignore[arg-type]
        lines=lines.lines,
        on=today,
        is_pregnant=head.is_pregnant,
        diagnosis=given["diagnosis"].strip(),
        doses=int(given["doses"]) if given.get("doses") else None,
        usage=given.get("usage", "").strip(),
        reason=given["reason"].strip(),
        organisation=actor.organisation_code,
        insurance=given["insurance"],
    )


def _head_of(row: Prescription | None) -> dict[str, Any]:
    if row is None:
        return {}
    return {
        "diagnosis": row.diagnosis,
        "pregnant": {True: "yes", False: "no", None: ""}[row.is_pregnant],
        "insurance": row.insurance,
        "valid_for": str(row.valid_for),
        "reason": row.reason,
        "doses": row.doses,
        "usage": row.usage,
    }


def _lines_of(row: Prescription | None) -> list[dict[str, Any]]:
    if row is None:
        return []
    return [
        {
            "drug": line.name,
            "usage": line.usage,
            "days": line.days,
            "quantity": presenters.plain(line.quantity),
            "unit": line.unit,
        }
        for line in row.lines.order_by("position")
    ]


# --- one prescription ----------------------------------------------------------------------


@requires_role(*PRESCRIBERS)
@cache_control(private=True, no_store=True)
@require_GET
def prescription(request: HttpRequest, number: int) -> HttpResponse:
    """A prescription with what the checks said, and what its author can do now."""
    return _prescription_page(request, number)


@requires_role(*PRESCRIBERS)
@require_POST
def sign(request: HttpRequest, number: int) -> HttpResponse:
    """Sign; where a check says so, a second time with a reason."""
    actor = required_actor(request)
    reason = request.POST.get("reason", "")[:500]
    try:
        actions.sign_prescription(
            _visible(number, actor)[0].pk,
            seen_state=request.POST.get("state", ""),
            actor=actor,
            at=timezone.now(),
            reason=reason,
        )
    except (Incorrect, Conflict) as error:
        return _prescription_page(request, number, problem=error, note=reason)
    return HttpResponseRedirect(reverse("medicine-prescription", args=[number]))


@requires_role(*PRESCRIBERS)
@require_POST
def withdraw(request: HttpRequest, number: int) -> HttpResponse:
    """Give a prescription up."""
    actor = required_actor(request)
    reason = request.POST.get("reason", "")[:500]
    try:
        actions.withdraw_prescription(
            _visible(number, actor)[0].pk,
            seen_state=request.POST.get("state", ""),
            actor=actor,
            at=timezone.now(),
            reason=reason,
        )
    except (Incorrect, Conflict) as error:
        return _prescription_page(request, number, problem=error, note=reason)
    return HttpResponseRedirect(reverse("medicine-prescription", args=[number]))


def _found(number: int) -> Prescription:
    row = Prescription.objects.filter(pk=number).exclude(state="draft").first()
    if row is None:
        raise NotFound("没有这张处方。", "请从处方列表中重新打开。")
    return row


def _visible(number: int, actor: Actor) -> tuple[Prescription, Grant]:
    """The prescription, if the actor may open its person's record for treatment."""
    row = _found(number)
    return row, actions.open_for_treatment(
        actor, row.person, action="prescription", route=ROUTE_ONE
    )


def _prescription_page(
    request: HttpRequest,
    number: int,
    *,
    problem: TaiheError | None = None,
    note: str = "",
) -> HttpResponse:
    actor = required_actor(request)
    today = timezone.localdate()
    row, grant = _visible(number, actor)
    known = record.page_of_grant(grant, on=today, shown=("Patient",))
    own = row.author == actor.party
    shown = presenters.shown(row, on=today, with_token=own)
    context = {
        "shown": shown,
        "row": row,
        "own": own,
        "name": known.demographics.name or "姓名未登记",
        "who": record.who(known.demographics, today),
        "findings": presenters.findings(row),
        "course": presenters.course(row),
        "can_sign": own and row.state in ("ready", "second"),
        "can_amend": own and row.state in CHANGEABLE,
        "can_withdraw": own and row.state in (*CHANGEABLE, "signed"),
        "problem": problem,
        "note": note,
    }
    status = problem.status if problem else 200
    return render(request, "medicine/prescription.html", context, status=status)


# --- the pharmacy --------------------------------------------------------------------------


@requires_role("pharmacist")
@cache_control(private=True, no_store=True)
@require_http_methods(["GET", "POST"])
def pharmacy(request: HttpRequest) -> HttpResponse:
    """Scan or type the code of a prescription; below, what this pharmacy did today."""
    actor = required_actor(request)
    now = timezone.now()
    form = TokenForm(request.POST if request.method == "POST" else None)
    problem: TaiheError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            row = actions.present_prescription(form.cleaned_data["token"], actor=actor, at=now)
            return HttpResponseRedirect(reverse("pharmacy-prescription", args=[row.pk]))
        except (NotFound, Conflict) as error:
            problem = error
    waiting = (
        Presentation.objects.filter(
            party__in=actor.parties, until__gt=now, prescription__state="signed"
        )
        .select_related("prescription")
        .order_by("-at")
    )
    given = Dispensing.objects.filter(
        organisation=actor.organisation_code or "-", at__date=timezone.localdate(now)
    ).select_related("prescription")
    context = {
        "form": form,
        "problem": problem,
        "waiting": list({p.prescription_id: p.prescription for p in waiting}.values()),
        "given": list(given.order_by("-at")[:20]),
        "given_count": given.count(),
        "place": actor.organisation_name,
    }
    bad = request.method == "POST"
    status = problem.status if problem else (400 if bad else 200)
    return render(request, "medicine/pharmacy.html", context, status=status)


@requires_role("pharmacist")
@cache_control(private=True, no_store=True)
@require_GET
def presented(request: HttpRequest, number: int) -> HttpResponse:
    """A prescription whose code was shown here today, with what a pharmacist checks."""
    return _presented_page(request, number)


@requires_role("pharmacist")
@require_POST
def dispense(request: HttpRequest, number: int) -> HttpResponse:
    """Give out what was prescribed."""
    actor = required_actor(request)
    packages = {
        int(key.removeprefix("trace-")): value.split()
        for key, value in request.POST.items()
        if key.startswith("trace-") and key.removeprefix("trace-").isdecimal() and value.strip()
    }
    try:
        actions.dispense(number, actor=actor, at=timezone.now(), packages=packages)
    except (Incorrect, Conflict) as error:
        return _presented_page(request, number, problem=error)
    return HttpResponseRedirect(reverse("pharmacy-prescription", args=[number]))


@requires_role("pharmacist")
@require_POST
def send_back(request: HttpRequest, number: int) -> HttpResponse:
    """Do not dispense; the prescription goes back with the reason."""
    actor = required_actor(request)
    reason = request.POST.get("reason", "")[:500]
    try:
        actions.return_prescription(number, actor=actor, at=timezone.now(), reason=reason)
    except (Incorrect, Conflict) as error:
        return _presented_page(request, number, problem=error, note=reason)
    return HttpResponseRedirect(reverse("pharmacy-prescription", args=[number]))


def _presented_page(
    request: HttpRequest, number: int, *, problem: TaiheError | None = None, note: str = ""
) -> HttpResponse:
    actor = required_actor(request)
    now = timezone.now()
    today = timezone.localdate(now)
    row = actions.presented_to(number, actor=actor, at=now)
    grant = actions.open_for_treatment(
        actor, row.person, action="prescription", route=ROUTE_PHARMACY
    )
    known = record.page_of_grant(grant, on=today, shown=("Patient", "AllergyIntolerance"))
    context = {
        "shown": presenters.shown(row, on=today),
        "row": row,
        "name": known.demographics.name or "姓名未登记",
        "who": record.who(known.demographics, today),
        "allergies": known.allergies,
        "findings": [f for f in presenters.findings(row) if f["tone"] != "good"],
        "course": presenters.course(row),
        "can_dispense": row.state == "signed",
        "problem": problem,
        "note": note,
    }
    status = problem.status if problem else 200
    return render(request, "medicine/dispense.html", context, status=status)
