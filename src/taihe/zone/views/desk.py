"""The desk of officers and administrators: the register, its evidence, freezing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from taihe.base.public import required_actor
from taihe.kernel.errors import TaiheError
from taihe.ui.tables import Filter, Table, respond
from taihe.zone import actions, forms, models, policies, presenters, queries, rows
from taihe.zone.domain.projects import Doubtful, Facts, Stage
from taihe.zone.views.shared import PROJECT_COLUMNS, conventions_shown, event_of, officer


@officer
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    """What there is, by stage, and what has waited long."""
    actor = required_actor(request)
    found = policies.visible_projects(actor)
    today = timezone.localdate()
    late = _late(found, today)
    context = {
        "stages": presenters.stage_counts(found),
        "late": [presenters.project_row(row, today) for row in late[:8]],
        "late_count": len(late),
        "conventions": conventions_shown(),
        "can_freeze": policies.can_freeze(actor),
    }
    return render(request, "zone/desk.html", context)


def _late(found: Any, today: date) -> list[models.Project]:
    """Signed more than a year ago and not registered since."""
    year_ago = today - timedelta(days=365)
    return list(
        found.filter(
            stage="signed", evidence__action="sign", evidence__happened_on__lt=year_ago
        ).order_by("-investment_fen")
    )


@officer
@require_GET
def projects(request: HttpRequest) -> HttpResponse:
    """The register of signed projects with filters in the address."""
    actor = required_actor(request)
    found = policies.visible_projects(actor).filter(register="signed")
    sections = [row for row in rows.industries().values() if row.level == 2]
    used = {code[:2] for code in found.values_list("industry", flat=True).distinct()}
    there = set(found.values_list("zone", flat=True).distinct())
    zones = [one for one in forms.zone_choices() if one[0] in there]
    table = Table(
        request,
        PROJECT_COLUMNS,
        rows=[],
        caption="签约项目",
        filters=[
            Filter("q", "编号或名称"),
            Filter("event", "大会", [("", "全部"), *_events()]),
            Filter("zone", "开发区", [("", "全部"), ("-", "不在开发区"), *zones]),
            Filter("stage", "阶段", presenters.stage_choices()),
            Filter(
                "industry", "行业大类",
                [("", "全部"), *((row.code, row.name) for row in sections if row.code in used)],
            ),
        ],
        empty_title="还没有项目",
        empty_text="登记第一个签约项目后，它会出现在这里。",
    )  # fmt: skip
    today = timezone.localdate()
    chosen = _filtered(found, table).order_by("key")
    table.total = chosen.count()
    table.rows = lambda offset, limit: [
        presenters.project_row(row, today) for row in chosen[offset : offset + limit]
    ]
    return respond(request, table, "zone/projects.html", {})


def _events() -> list[tuple[str, str]]:
    return [(row.pk, row.name) for row in models.Event.objects.all()]


def _filtered(found: Any, table: Table) -> Any:
    if words := table.value("q").strip():
        found = found.filter(key__icontains=words) | found.filter(name__icontains=words)
    if event := table.value("event"):
        found = found.filter(event=event)
    if zone := table.value("zone"):
        found = found.filter(zone=None) if zone == "-" else found.filter(zone=zone)
    if stage := table.value("stage"):
        found = found.filter(stage=stage)
    if industry := table.value("industry"):
        found = found.filter(industry__startswith=industry)
    return found


@officer
@require_http_methods(["GET", "POST"])
def project(request: HttpRequest, pk: int) -> HttpResponse:
    """A project: its stage line, its evidence, and a form for the next row."""
    actor = required_actor(request)
    row = policies.visible_projects(actor).filter(pk=pk).first()
    if row is None:
        raise Http404
    only = policies.zone_of(actor)
    form = forms.EvidenceForm(
        request.POST or None, request.FILES or None, stage=row.stage, only_zone=only
    )
    if request.method == "POST" and form.is_valid():
        try:
            actions.add_evidence(
                row.pk, form.entry(row.key), by=actor.party, at=datetime.now(UTC),
                confirmed=form.cleaned_data["confirmed"],
                attachment=_fingerprint(form.cleaned_data["attachment"]),
                merged_into=form.cleaned_data["merged_into"],
            )  # fmt: skip
        except TaiheError as error:
            _add(form, error)
        else:
            return redirect("zone-project", pk=row.pk)
    facts = queries.facts_of(row.pk) or Facts(row.key, stage=Stage.WITHDRAWN)
    context = {
        "project": row,
        "facts": facts,
        "steps": presenters.stage_line(facts),
        "evidence": presenters.evidence_rows(row),
        "zone_name": presenters.zone_name(row.zone_id, timezone.localdate()),
        "industry": presenters.industry_name(row.industry),
        "amounts": presenters.amounts(facts),
        "form": form if form.fields["action"].choices else None,  # type: ignore[attr-defined]
        "doubtful": getattr(form, "doubtful", False),
    }
    status = 422 if form.errors else 200
    return render(request, "zone/project.html", context, status=status)


def _add(form: Any, error: TaiheError) -> None:
    form.add_error(None, f"{error.problem}{error.do}")
    form.doubtful = isinstance(error, Doubtful)


def _fingerprint(file: UploadedFile | None) -> str:
    if file is None:
        return ""
    digest = sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    return digest.hexdigest()


@officer
@require_http_methods(["GET", "POST"])
def new_project(request: HttpRequest) -> HttpResponse:
    """Enter a signed project with its contract as first evidence."""
    actor = required_actor(request)
    form = forms.ProjectForm(request.POST or None, only_zone=policies.zone_of(actor))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        one = actions.NewProject(
            data["key"], data["name"], data["investor"], data["industry"], (form.entry(),)
        )
        try:
            row = actions.enter_project(
                data["event"] or None, one, by=actor.party, at=datetime.now(UTC),
                confirmed=data["confirmed"],
            )  # fmt: skip
        except TaiheError as error:
            _add(form, error)
        else:
            return redirect("zone-project", pk=row)
    context = {"form": form, "doubtful": getattr(form, "doubtful", False)}
    return render(request, "zone/new_project.html", context, status=422 if form.errors else 200)


@officer
@require_http_methods(["GET", "POST"])
def freeze(request: HttpRequest, key: str) -> HttpResponse:
    """Today's figures of a convention on a chosen day, and freezing them as the next edition."""
    actor = required_actor(request)
    if not policies.can_freeze(actor):
        raise Http404
    event = event_of(key)
    form = forms.FreezeForm(
        request.POST or request.GET or None, initial={"as_of": timezone.localdate()}
    )
    figures_now: list[presenters.ShownFigure] = []
    if form.is_bound and form.is_valid():
        try:
            if request.method == "POST":
                edition = actions.freeze_bulletin(
                    key, as_of=form.cleaned_data["as_of"], by=actor.party, at=datetime.now(UTC)
                )
                return redirect("zone-bulletin", key=key, edition=edition)
            found = queries.figures_on(event, form.cleaned_data["as_of"])
            url = reverse("zone-projects")
            figures_now = [presenters.shown(figure, url) for figure in found]
        except TaiheError as error:
            _add(form, error)
    context = {"event": event, "form": form, "figures": figures_now}
    return render(request, "zone/freeze.html", context, status=422 if form.errors else 200)
