"""International co-operation parks: application, panel, certificate."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from taihe.base import workflow
from taihe.base.models import moment
from taihe.base.public import Actor, public_page, required_actor, requires_role
from taihe.kernel.errors import TaiheError
from taihe.zone import models, park_actions, policies, presenters, rows
from taihe.zone.domain import parks
from taihe.zone.forms import zone_choices

desk = requires_role("zone_officer", "administrator", "panel_expert")
TONES = {"approved": "good", "rejected": "bad", "returned": "warn"}


class ParkForm(forms.Form):
    """A new application."""

    zone = forms.ChoiceField(label="申报的开发区")
    name = forms.CharField(
        label="园区名称", max_length=80,
        help_text="格式：安徽中 + 国家简称 +（所在地）+ 国际合作 + 主导产业 + 产业园，"
        "例如“安徽中德(宁国)国际合作智能制造产业园”。",
    )  # fmt: skip
    summary = forms.CharField(
        label="申报说明", max_length=1000, widget=forms.Textarea,
        help_text="合作国家与企业基础、主导产业、规划范围；不写个人信息。",
    )  # fmt: skip

    def __init__(self, *args: Any, only_zone: str | None, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["zone"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = zone_choices(only_zone)


class OpinionForm(forms.Form):
    """An expert's scores."""

    declined = forms.BooleanField(label="与申报方有利害关系，回避", required=False)
    text = forms.CharField(label="意见", max_length=500, required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for number, label in enumerate(parks.SCORES):
            self.fields[f"score{number}"] = forms.IntegerField(
                label=label, min_value=0, max_value=100, required=False
            )
        self.order_fields([f"score{n}" for n in range(len(parks.SCORES))])

    def clean(self) -> dict[str, Any]:
        """All scores, or a declaration; never some."""
        data = super().clean() or {}
        given = [data.get(f"score{n}") for n in range(len(parks.SCORES))]
        if not data.get("declined") and None in given and not self.errors:
            raise forms.ValidationError("请逐项打分，或勾选回避。")
        return data

    def scores(self) -> list[int] | None:
        """The scores, None when the expert declines."""
        if self.cleaned_data["declined"]:
            return None
        return [self.cleaned_data[f"score{n}"] for n in range(len(parks.SCORES))]


def _visible(actor: Actor) -> list[models.ParkApplication]:
    found = models.ParkApplication.objects.select_related("zone").order_by("-pk")
    return [row for row in found if park_actions.may_see(actor, row)]


@desk
@require_http_methods(["GET", "POST"])
def applications(request: HttpRequest) -> HttpResponse:
    """The applications, and a form for a new one."""
    actor = required_actor(request)
    form = None
    if actor.has("zone_officer") and policies.zone_of(actor) != policies.NOWHERE:
        form = ParkForm(request.POST or None, only_zone=policies.zone_of(actor))
    if request.method == "POST":
        if form is None:
            raise Http404
        if form.is_valid():
            data = form.cleaned_data
            try:
                number = park_actions.apply_for_park(
                    data["zone"], data["name"], data["summary"], actor=actor, at=datetime.now(UTC)
                )
            except TaiheError as error:
                form.add_error(None, f"{error.problem}{error.do}")
            else:
                return redirect("zone-park", pk=number)
    shown = [
        {"row": row, "state": parks.WORKFLOW.states[row.state], "tone": TONES.get(row.state, "info"),
         "zone": presenters.zone_name(row.zone_id, timezone.localdate())}
        for row in _visible(actor)
    ]  # fmt: skip
    context = {"applications": shown, "form": form}
    status = 422 if form is not None and form.errors else 200
    return render(request, "zone/parks.html", context, status=status)


@desk
@require_http_methods(["GET", "POST"])
def application(request: HttpRequest, pk: int) -> HttpResponse:
    """One application: its steps, the panel, and what may be done now."""
    actor = required_actor(request)
    row = models.ParkApplication.objects.select_related("zone").filter(pk=pk).first()
    if row is None or not park_actions.may_see(actor, row):
        raise Http404
    error: TaiheError | None = None
    opinion: OpinionForm | None = None
    is_open_expert = (
        actor.has("panel_expert")
        and row.state == "panel"
        and not row.opinions.filter(expert=actor.party).exists()
    )
    if is_open_expert:
        opinion = OpinionForm(request.POST if "opinion" in request.POST else None)
    if request.method == "POST":
        try:
            done = _do(request, row, actor, opinion)
        except TaiheError as refused:
            error, done = refused, False
        if done:
            return redirect(
                "zone-parks" if is_open_expert else "zone-park",
                **({} if is_open_expert else {"pk": pk}),
            )
        row.refresh_from_db()
    context = _context(row, actor) | {"opinion": opinion, "error": error}
    failed = error is not None or (opinion is not None and bool(opinion.errors))
    return render(request, "zone/park.html", context, status=422 if failed else 200)


def _do(
    request: HttpRequest, row: models.ParkApplication, actor: Actor, opinion: OpinionForm | None
) -> bool:
    now = datetime.now(UTC)
    if "opinion" in request.POST:
        if opinion is None:
            raise Http404
        if not opinion.is_valid():
            return False
        park_actions.give_opinion(
            row.pk, opinion.scores(), opinion.cleaned_data["text"], actor=actor, at=now
        )
        return True
    action, note = request.POST.get("action", "")[:20], request.POST.get("note", "")[:500]
    park_actions.advance_park(row.pk, action, actor=actor, at=now, note=note)
    return True


def _context(row: models.ParkApplication, actor: Actor) -> dict[str, Any]:
    steps = workflow.history(park_actions.subject(row.pk), parks.WORKFLOW.name)
    may = workflow.allowed(parks.WORKFLOW, park_actions.subject(row.pk), row.state, actor=actor)
    if policies.zone_of(actor) is not None:
        may = tuple(step for step in may if step.action == "submit")
    result: parks.PanelResult | None = None
    missing = ""
    if row.opinions.exists():
        try:
            result = park_actions.panel(row)
        except TaiheError as error:
            missing = error.problem
    return {
        "row": row,
        "zone": presenters.zone_name(row.zone_id, timezone.localdate()),
        "country": rows.countries().get(row.country, row.country),
        "state": parks.WORKFLOW.states[row.state],
        "tone": TONES.get(row.state, "info"),
        "steps": [
            {"word": _label(step.action, step.source), "to": parks.WORKFLOW.states[step.target],
             "at": step.at, "due": step.due, "note": step.note, "by": step.by}
            for step in steps
        ],
        "drafted": moment(row.at_us),
        "may": may,
        "opinions": row.opinions.count() if actor.has(*policies.ROLES) else None,
        "declined": row.opinions.filter(declined=True).count(),
        "result": result,
        "missing": missing,
        "means": (
            [(word, f"{value // 10}.{value % 10}")
             for word, value in zip(parks.SCORES, result.means_tenths, strict=True)]
            if result else []
        ),
        "pass_mark": parks.PASS_MARK,
    }  # fmt: skip


def _label(action: str, source: str) -> str:
    return parks.WORKFLOW.step(action, source).label


@public_page
@require_GET
def certificate(request: HttpRequest, pk: int) -> HttpResponse:
    """The certificate of a recognised park; nothing is shown of others."""
    row = models.ParkApplication.objects.filter(pk=pk, state="approved").first()
    if row is None:
        raise Http404
    steps = workflow.history(park_actions.subject(row.pk), parks.WORKFLOW.name)
    context = {
        "row": row,
        "zone": presenters.zone_name(row.zone_id, timezone.localdate(steps[-1].at)),
        "on": steps[-1].at,
    }
    return render(request, "zone/certificate.html", context)
