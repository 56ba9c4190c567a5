"""Promoted projects, and the needs of the 进园区 series."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from taihe.base import workflow
from taihe.base.public import Actor, public_page, required_actor
from taihe.kernel.errors import TaiheError
from taihe.zone import models, policies, presenters, rows, service_actions
from taihe.zone.domain import services
from taihe.zone.forms import DayField, WanField, zone_choices
from taihe.zone.views.shared import officer

TONES = {
    "published": "good", "withdrawn": "bad", "review": "warn", "open": "warn", "closed": "good",
}  # fmt: skip


class _ZoneForm(forms.Form):
    zone = forms.ChoiceField(label="开发区")

    def __init__(self, *args: Any, only_zone: str | None, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["zone"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = zone_choices(only_zone)


class PromotionForm(_ZoneForm):
    """A promoted project."""

    name = forms.CharField(label="项目名称", max_length=120)
    industry = forms.CharField(
        label="行业代码", max_length=4, help_text="GB/T 4754-2017，例如 2720。"
    )
    investment = WanField(label="投资规模")
    land = forms.DecimalField(
        label="可用土地", required=False, min_value=0, max_digits=8, decimal_places=2
    )
    summary = forms.CharField(label="说明", max_length=1000, widget=forms.Textarea)
    valid_until = DayField(label="有效至", help_text="两年以内；到期自动从目录消失。")


class NeedForm(_ZoneForm):
    """A need of a firm."""

    series = forms.ChoiceField(label="系列")
    firm = forms.CharField(label="企业", max_length=120, help_text="单位名称，不写个人。")
    text = forms.CharField(label="需求", max_length=500)
    raised_on = DayField(label="提出日期")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["series"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(row.series, row.name) for row in rows.series().values()]


@public_page
@require_GET
def catalogue(request: HttpRequest) -> HttpResponse:
    """The promoted projects that are published and not over."""
    today = timezone.localdate()
    found = models.Promotion.objects.filter(state="published", valid_until__gte=today)
    return render(request, "zone/catalogue.html", {"rows": [_promotion(row) for row in found]})


def _promotion(row: models.Promotion) -> dict[str, Any]:
    today = timezone.localdate()
    over = row.state == "published" and row.valid_until < today
    return {
        "row": row,
        "zone": presenters.zone_name(row.zone_id, today),
        "zone_url": reverse("zone-page", args=[row.zone_id]),
        "industry": presenters.industry_name(row.industry),
        "investment": presenters.yi(row.investment_fen),
        "state": "已到期" if over else services.PROMOTION.states[row.state],
        "tone": "warn" if over else TONES.get(row.state, ""),
    }


def _may(table: Any, subject: str, state: str, actor: Actor, kept: tuple[str, ...]) -> list[Any]:
    """The steps of this actor; staff of a zone do not take those of the authority."""
    steps = workflow.allowed(table, subject, state, actor=actor)
    authority = policies.zone_of(actor) is None
    return [step for step in steps if authority or step.action not in kept]


@officer
@require_http_methods(["GET", "POST"])
def promotions(request: HttpRequest) -> HttpResponse:
    """The register of promoted projects, steps on each, and a form for a new one."""
    actor = required_actor(request)
    only = policies.zone_of(actor)
    form = PromotionForm(request.POST if "name" in request.POST else None, only_zone=only)
    error: TaiheError | None = None
    if request.method == "POST":
        try:
            if _promote(request, form, actor):
                return redirect("zone-promotions")
        except TaiheError as refused:
            error = refused
    found = models.Promotion.objects.order_by("-pk")
    if only is not None:
        found = found.filter(zone=only)
    shown = [
        _promotion(row)
        | {"may": _may(services.PROMOTION, f"promotion:{row.pk}", row.state, actor,
                       ("publish", "return"))}
        for row in found[:100]
    ]  # fmt: skip
    context = {"rows": shown, "form": form if actor.has("zone_officer") else None, "error": error}
    failed = error is not None or bool(form.errors)
    return render(request, "zone/promotions.html", context, status=422 if failed else 200)


def _promote(request: HttpRequest, form: PromotionForm, actor: Actor) -> bool:
    now = datetime.now(UTC)
    if "name" not in request.POST:
        service_actions.advance_promotion(
            _number(request), request.POST.get("action", "")[:20], actor=actor, at=now,
            note=request.POST.get("note", "")[:500],
        )  # fmt: skip
        return True
    if not form.is_valid():
        return False
    data = form.cleaned_data
    service_actions.offer_project(
        data["zone"], data["name"], data["industry"], data["investment"], data["summary"],
        data["valid_until"], land_mu=data["land"], actor=actor, at=now,
    )  # fmt: skip
    return True


def _number(request: HttpRequest) -> int:
    text = request.POST.get("number", "")
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise Http404
    return int(text)


@officer
@require_http_methods(["GET", "POST"])
def needs(request: HttpRequest) -> HttpResponse:
    """The needs of firms by series: what is overdue stands first."""
    actor = required_actor(request)
    only = policies.zone_of(actor)
    form = NeedForm(request.POST if "firm" in request.POST else None, only_zone=only)
    error: TaiheError | None = None
    if request.method == "POST":
        try:
            if _serve(request, form, actor):
                return redirect("zone-needs")
        except TaiheError as refused:
            error = refused
    found = models.Need.objects.order_by("due_on")
    if only is not None:
        found = found.filter(zone=only)
    today = timezone.localdate()
    shown = [_need(row, actor, today) for row in found[:200]]
    shown.sort(key=lambda one: (not one["overdue"], one["row"].state == "closed"))
    context = {
        "rows": shown,
        "overdue": sum(one["overdue"] for one in shown),
        "series": _by_series(shown),
        "form": form if actor.has("zone_officer") else None,
        "error": error,
        "marks": (5, 4, 3, 2, 1),
    }
    failed = error is not None or bool(form.errors)
    return render(request, "zone/needs.html", context, status=422 if failed else 200)


def _need(row: models.Need, actor: Actor, today: Any) -> dict[str, Any]:
    return {
        "row": row,
        "zone": presenters.zone_name(row.zone_id, today),
        "series": rows.series()[row.series].name,
        "state": services.NEED.states[row.state],
        "tone": TONES.get(row.state, "info"),
        "overdue": services.is_overdue(row.due_on, row.state, on=today),
        "may": _may(services.NEED, f"need:{row.pk}", row.state, actor, ()),
    }


def _by_series(shown: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for one in rows.series().values():
        mine = [need["row"] for need in shown if need["row"].series == one.series]
        marks = [row.satisfaction for row in mine if row.satisfaction]
        found.append(
            {"name": one.name, "count": len(mine), "closed": sum(r.state == "closed" for r in mine),
             "days": one.days, "mark": f"{sum(marks) / len(marks):.1f}" if marks else ""}
        )  # fmt: skip
    return found


def _serve(request: HttpRequest, form: NeedForm, actor: Actor) -> bool:
    now = datetime.now(UTC)
    if "firm" not in request.POST:
        mark = request.POST.get("satisfaction", "")
        service_actions.advance_need(
            _number(request), request.POST.get("action", "")[:20], actor=actor, at=now,
            note=request.POST.get("note", "")[:500],
            satisfaction=int(mark) if mark in ("1", "2", "3", "4", "5") else None,
        )  # fmt: skip
        return True
    if not form.is_valid():
        return False
    data = form.cleaned_data
    service_actions.raise_need(
        data["series"], data["zone"], data["firm"], data["text"], data["raised_on"],
        actor=actor, at=now,
    )  # fmt: skip
    return True
