"""The TCM desk: prescriptions of slices reviewed as they are written, and constitution forms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods

from taihe.base.public import Actor, required_actor, requires_role
from taihe.kernel.codes import Purpose
from taihe.kernel.errors import Conflict, Incorrect, TaiheError
from taihe.medicine import public as medicine
from taihe.medicine.public import PrescriptionDraft, Reviewed, SlicesHeadForm, ToChange
from taihe.record import public as record
from taihe.record.public import Grant
from taihe.tcm import forms, presenters, public

ROUTE_DESK, ROUTE_WRITE = "desk.tcm", "desk.tcm.write"
ROWS = 8
ROUTE_CONSTITUTION = "desk.tcm.constitution"


# --- the desk ------------------------------------------------------------------------------


@requires_role("tcm_doctor")
@cache_control(private=True, no_store=True)
@require_http_methods(["GET", "POST"])
def desk(request: HttpRequest) -> HttpResponse:
    """Find a person (POST: no name in an address); what I wrote last, the refused first."""
    actor = required_actor(request)
    today = timezone.localdate()
    context: dict[str, Any] = {"asked": False}
    reader = record.reader_of(actor)
    if request.method == "POST":
        text = request.POST.get("text", "")[:60]
        context |= {"asked": True, "text": text}
        try:
            context["people"] = [
                {
                    "person": row.person,
                    "name": row.demographics.name or "姓名未登记",
                    "who": record.who(row.demographics, today),
                    "number": row.demographics.citizen_number_masked,
                }
                for row in record.persons(reader, Purpose.TREATMENT, text, route=ROUTE_DESK)
            ]
        except Incorrect as error:
            context["problem"] = error
    own = medicine.own_of(actor, "tcm", on=today)
    known = record.people(
        reader, Purpose.TREATMENT, {one.person for one in own}, action="list", route=ROUTE_DESK
    )
    own.sort(key=lambda one: one.state not in ("refused", "returned"))
    context["own"] = [
        {"row": one, "name": known[one.person].name if one.person in known else "无权查看"}
        for one in own
    ]
    context["refused"] = sum(one.state in ("refused", "returned") for one in own)
    return render(request, "tcm/desk.html", context)


@requires_role("tcm_doctor")
@require_GET
def names(request: HttpRequest) -> HttpResponse:
    """Suggestions for a field: slices by name or pinyin, then other names of the name table."""
    text = str(next((v for k, v in request.GET.items() if k.endswith("-drug")), ""))[:40]
    found = [one.drug.name for one in medicine.search(text, kinds=("slice",), limit=12)]
    found += [name for name in public.suggest_names(text, 12) if name not in found]
    return render(request, "tcm/options.html", {"options": found[:16]})


# --- a prescription ------------------------------------------------------------------------


@dataclass(frozen=True)
class Sheet:
    """What the page has of a prescription: both forms, and the draft as far as it is clear."""

    head: SlicesHeadForm
    lines: Any
    draft: PrescriptionDraft | None
    places: tuple[int, ...]
    blank: int

    @property
    def is_whole(self) -> bool:
        """Whether everything is filled in and possible."""
        return bool(self.head.is_valid()) & bool(self.lines.is_valid())


@requires_role("tcm_doctor")
@cache_control(private=True, no_store=True)
@require_http_methods(["GET", "POST"])
def write(request: HttpRequest, person: int) -> HttpResponse:
    """A prescription of slices, reviewed as it is written; then medicine's page signs it."""
    return _write(request, person, None)


@requires_role("tcm_doctor")
@cache_control(private=True, no_store=True)
@require_http_methods(["GET", "POST"])
def amend(request: HttpRequest, number: int) -> HttpResponse:
    """Repair a prescription that was refused, came back or is not signed."""
    before = medicine.to_change(number, actor=required_actor(request))
    return _write(request, before.person, before)


def _write(request: HttpRequest, person: int, before: ToChange | None) -> HttpResponse:
    actor = required_actor(request)
    now = timezone.now()
    today = timezone.localdate(now)
    sent = request.method == "POST"
    grant = _open(actor, person, "prescribe" if sent else "summary", ROUTE_WRITE)
    known = record.page_of_grant(
        grant, on=today, shown=("Patient", "AllergyIntolerance", "Condition")
    )
    posted = _chosen(request.POST) if sent else None
    facts = {"sex": known.demographics.sex, "age": known.demographics.age(today)}
    sheet = _sheet(posted, before, actor, today, facts)
    without = before.prescription if before else None
    reviewed = medicine.review(sheet.draft, grant, without=without) if sheet.draft else None
    context: dict[str, Any] = {"review": _review(sheet, reviewed), "posted": sent}
    if request.headers.get("HX-Request"):
        return render(request, "tcm/live.html", context | {"swap": True})
    problem: TaiheError | None = None
    if sent and request.POST.get("act") == "submit" and sheet.is_whole and sheet.draft:
        try:
            number = _hand_over(request, sheet, grant, before, actor, now)
            return HttpResponseRedirect(reverse("medicine-prescription", args=[number]))
        except (Incorrect, Conflict) as error:
            problem = error
    numbered = list(enumerate(sheet.lines.forms, 1))
    used = [n for n, form in numbered if form["drug"].value() or form["quantity"].value()]
    first = min(max(ROWS, max(used, default=0) + 1), forms.LINES)
    context |= {
        "person": person,
        "before": before,
        "name": known.demographics.name or "姓名未登记",
        "who": record.who(known.demographics, today),
        "allergies": known.allergies,
        "problems": [p for p in known.problems if p.is_active][:6],
        "constitutions": public.constitutions_of(grant)[:1],
        "head": sheet.head,
        "lines": sheet.lines,
        "rows": numbered[:first],
        "more": numbered[first:],
        "problem": problem,
        "show_errors": sent and request.POST.get("act") == "submit",
    }
    refused = problem is not None or (context["show_errors"] and not sheet.is_whole)
    return render(request, "tcm/write.html", context, status=400 if refused else 200)


def _chosen(posted: QueryDict) -> QueryDict:
    """What was sent, with the name that was chosen for a shared one written into its row."""
    row, _, name = posted.get("choose", "").partition(":")
    if not (row.isdecimal() and int(row) < forms.LINES and name):
        return posted
    changed = posted.copy()
    changed[f"line-{int(row)}-drug"] = name[:40]
    return changed


def _sheet(
    posted: QueryDict | None,
    before: ToChange | None,
    actor: Actor,
    today: date,
    facts: dict[str, Any],
) -> Sheet:
    initial, start = {}, []
    if before is not None:
        draft = before.draft
        initial = {
            "diagnosis": draft.diagnosis,
            "pregnant": {True: "yes", False: "no", None: ""}[draft.is_pregnant],
            "insurance": draft.insurance,
            "valid_for": str(before.valid_for),
            "reason": draft.reason,
            "doses": draft.doses,
            "usage": draft.usage,
        }
        start = [forms.initial_of(line) for line in draft.lines]
    head = SlicesHeadForm(posted, initial=initial, **facts)
    lines = forms.SliceSet(posted, initial=start, prefix="line")
    if posted is None:
        if before is None:
            return Sheet(head, lines, None, (), 0)
        shown = PrescriptionDraft(**{**vars(before.draft), "on": today})
        return Sheet(head, lines, shown, tuple(range(len(before.draft.lines))), 0)
    head.is_valid()
    lines.is_valid()
    whole = [(i, f.line) for i, f in enumerate(lines.forms) if not f.errors and f.line]
    given = head.cleaned_data
    found = PrescriptionDraft(
        kind="tcm",
        lines=tuple(line for _, line in whole),
        on=today,
        is_pregnant=head.is_pregnant,
        diagnosis=str(given.get("diagnosis") or "").strip(),
        doses=int(given["doses"]) if given.get("doses") else None,
        usage=str(given.get("usage") or "").strip(),
        reason=str(given.get("reason") or "").strip(),
        organisation=actor.organisation_code,
        insurance=given.get("insurance") or "390",
    )
    blank = sum(bool(form.errors) for form in lines.forms)
    places = tuple(i for i, _ in whole)
    return Sheet(head, lines, found if whole else None, places, blank)


def _review(sheet: Sheet, reviewed: Reviewed | None) -> dict[str, Any] | None:
    if reviewed is None:
        return {"blank": sheet.blank} if sheet.blank else None
    tone, words = presenters.VERDICTS[reviewed.verdict]
    return {
        "verdict": presenters.RESULTS[reviewed.verdict],
        "tone": tone,
        "words": words,
        "findings": presenters.explained(reviewed, sheet.places),
        "understood": presenters.understood(reviewed),
        "count": len(reviewed.draft.lines),
        "blank": sheet.blank,
    }


def _hand_over(
    request: HttpRequest,
    sheet: Sheet,
    grant: Grant,
    before: ToChange | None,
    actor: Actor,
    now: datetime,
) -> int:
    assert sheet.draft is not None, "only a whole sheet is handed over"
    valid_for = int(sheet.head.cleaned_data["valid_for"])
    if before is None:
        return medicine.write(sheet.draft, grant, actor=actor, at=now, valid_for=valid_for)
    return medicine.amend(
        before.prescription,
        sheet.draft,
        grant,
        seen_state=request.POST.get("state", ""),
        actor=actor,
        at=now,
        valid_for=valid_for,
    )


# --- constitution --------------------------------------------------------------------------


@requires_role("tcm_doctor")
@cache_control(private=True, no_store=True)
@require_http_methods(["GET", "POST"])
def constitution(request: HttpRequest, person: int) -> HttpResponse:
    """Fill in a constitution form of 60 or 33 items; blanks are asked back by item."""
    actor = required_actor(request)
    now = timezone.now()
    today = timezone.localdate(now)
    grant = _open(actor, person, "constitution", ROUTE_CONSTITUTION)
    who = record.page_of_grant(grant, on=today, shown=("Patient",)).demographics
    known = forms.known_forms()
    asked = request.GET.get("form", "")
    default = "33" if forms.is_elder_form(who.age(today)) else "60"
    name = asked if asked in known else default
    sex = who.sex if who.sex in ("male", "female") else request.GET.get("sex", "")
    context: dict[str, Any] = {
        "person": person,
        "name": who.name or "姓名未登记",
        "who": record.who(who, today),
        "form_name": name,
        "form_words": presenters.FORM_WORDS[name],
        "others": [(one, presenters.FORM_WORDS[one]) for one in known if one != name],
    }
    if name == "60" and sex not in ("male", "female"):
        return render(request, "tcm/sex.html", context)
    posted = request.POST if request.method == "POST" else None
    form = forms.ConstitutionForm(posted, form=name, sex=sex)
    if posted is not None and form.is_valid():
        number = public.save_constitution(
            grant,
            form.facts,
            filled_by="desk",
            by=actor.party,
            by_name=actor.display_name,
            organisation=actor.organisation_code,
            at=now,
        )
        return HttpResponseRedirect(f"{reverse('tcm-constitutions', args=[person])}#form-{number}")
    context |= {"form": form, "missing": sum(bool(f.errors) for f in form.questions)}
    return render(request, "tcm/constitution.html", context, status=400 if posted else 200)


@requires_role("tcm_doctor")
@cache_control(private=True, no_store=True)
@require_GET
def constitutions(request: HttpRequest, person: int) -> HttpResponse:
    """The judged forms of a person: scores as a picture with its table, and the verdicts."""
    actor = required_actor(request)
    today = timezone.localdate()
    grant = _open(actor, person, "constitution", ROUTE_CONSTITUTION)
    who = record.page_of_grant(grant, on=today, shown=("Patient",)).demographics
    context = {
        "person": person,
        "name": who.name or "姓名未登记",
        "who": record.who(who, today),
        "shown": public.constitutions_of(grant),
    }
    return render(request, "tcm/constitutions.html", context)


def _open(actor: Actor, person: int, action: str, route: str) -> Grant:
    reader = record.reader_of(actor)
    return record.open_person(reader, person, Purpose.TREATMENT, action=action, route=route)
