"""
Pages of the zone site.

Public pages show only what is frozen; the desk shows the register to officers and
administrators.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from taihe.base.public import current_actor, public_page, required_actor, requires_role
from taihe.kernel.errors import TaiheError
from taihe.ui.tables import Column, Filter, Table, respond
from taihe.zone import actions, forms, models, policies, presenters, queries, rows
from taihe.zone.domain import bulletin, figures, reconcile
from taihe.zone.domain.bulletin import Line
from taihe.zone.domain.projects import Doubtful

officer = requires_role("zone_officer", "administrator")

PROJECT_COLUMNS = (
    Column("key", "编号"),
    Column("name", "项目"),
    Column("zone", "落户"),
    Column("industry", "行业"),
    Column("investment", "总投资（亿元）", kind="number"),
    Column("funds", "到位资金（亿元）", kind="number"),
    Column("stage", "阶段"),
)


# --- public --------------------------------------------------------------------------------


@public_page
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """What this site is, and the bulletins it has published."""
    return render(request, "zone/home.html", {"conventions": _conventions()})


@public_page
@require_GET
def conventions(request: HttpRequest) -> HttpResponse:
    """All conventions with their newest bulletin."""
    return render(request, "zone/conventions.html", {"conventions": _conventions()})


def _conventions() -> list[dict[str, Any]]:
    newest: dict[str, models.Bulletin] = {}
    for row in models.Bulletin.objects.defer("body", "table").order_by("event", "edition"):
        newest[row.event_id] = row
    return [
        {"event": event, "bulletin": newest.get(event.pk)} for event in models.Event.objects.all()
    ]


@public_page
@require_GET
def convention(request: HttpRequest, key: str, edition: int | None = None) -> HttpResponse:
    """A convention's bulletin: key figures, progress, and printed figures beside it."""
    event = _event(key)
    row = _frozen(event, edition)
    if row is None:
        return render(request, "zone/no_bulletin.html", {"event": event})
    lines = queries.lines_of(row)
    found = figures.compute(line.facts for line in lines)
    by_key = {figure.key: figure for figure in found}
    url = reverse("zone-bulletin-projects", args=[key, row.edition])
    compared = reconcile.compare(found, rows.published_of(key), row.as_of)
    context = {
        "event": event,
        "bulletin": row,
        "editions": event.bulletins.defer("body", "table"),
        "synthetic": models.Project.objects.filter(event=event, synthetic=True).exists(),
        "cards": [presenters.shown(by_key[one], url) for one in presenters.KEY_FIGURES],
        "progress": presenters.progress(found, url),
        "funds": [presenters.shown(by_key[one], url) for one in presenters.FUNDS],
        "groups": presenters.comparison_groups(compared),
        "projects_url": url,
    }
    return render(request, "zone/bulletin.html", context)


@public_page
@require_GET
def bulletin_projects(request: HttpRequest, key: str, edition: int) -> HttpResponse:
    """The projects of a frozen bulletin, or those that one of its figures counts."""
    event = _event(key)
    row = _required(event, edition)
    table = Table(
        request,
        PROJECT_COLUMNS,
        rows=[],
        caption="项目清单",
        filters=[
            Filter("figure", "计入哪一项", [("", "全部"), *presenters.titles().items()]),
            Filter("zone", "开发区", _zone_choices(queries.lines_of(row), row.as_of)),
        ],
        empty_title="没有项目",
    )
    lines = _chosen(queries.lines_of(row), table.value("figure"), table.value("zone"))
    actor = current_actor(request)
    numbers: dict[str, int] = {}
    if actor is not None and actor.has(*policies.ROLES):
        numbers = dict(
            policies.visible_projects(actor).filter(event=event).values_list("key", "pk")
        )
    table.rows = [presenters.frozen_row(line, row.as_of, numbers) for line in lines]
    figure = table.value("figure")
    context = {
        "event": event,
        "bulletin": row,
        "figure": presenters.titles().get(figure, ""),
        "figure_key": figure,
        "count": len(lines),
    }
    return respond(request, table, "zone/bulletin_projects.html", context)


def _chosen(lines: list[Line], figure: str, zone: str) -> list[Line]:
    if figure:
        counted = {one.project for one in figures.counting(figure, (line.facts for line in lines))}
        lines = [line for line in lines if line.facts.project in counted]
    if zone:
        lines = [line for line in lines if line.facts.zone == zone.replace("-", "")]
    return lines


def _zone_choices(lines: list[Line], on: date) -> list[tuple[str, str]]:
    codes = sorted({line.facts.zone for line in lines if line.facts.zone})
    names = [(code, presenters.zone_name(code, on)) for code in codes]
    return [("", "全部"), *names]


@public_page
@require_GET
def bulletin_table(request: HttpRequest, key: str, edition: int) -> HttpResponse:
    """The frozen table of projects as CSV; it recomputes the bulletin on another computer."""
    row = _required(_event(key), edition)
    answer = HttpResponse(row.table.encode(), content_type="text/csv; charset=utf-8")
    name = f"{key}-{row.edition}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@public_page
@require_GET
def bulletin_body(request: HttpRequest, key: str, edition: int) -> HttpResponse:
    """The canonical bytes of a bulletin."""
    row = _required(_event(key), edition)
    return HttpResponse(row.body.encode(), content_type="application/json")


@public_page
@require_GET
def bulletin_recompute(request: HttpRequest, key: str, edition: int) -> HttpResponse:
    """How to recompute a bulletin elsewhere, and what this computer gets from the table now."""
    event = _event(key)
    row = _required(event, edition)
    again = bulletin.make(*bulletin.read_table(row.table, name="table.csv"))
    context = {
        "event": event,
        "bulletin": row,
        "fingerprint": again.fingerprint,
        "equal": again.body == row.body.encode(),
        "rows": row.table.count("\n") - 1,
        "table_sha256": sha256(row.table.encode()).hexdigest(),
    }
    return render(request, "zone/recompute.html", context)


def _event(key: str) -> models.Event:
    event = models.Event.objects.filter(pk=key).first()
    if event is None:
        raise Http404
    return event


def _frozen(event: models.Event, edition: int | None) -> models.Bulletin | None:
    if edition is None:
        found: models.Bulletin | None = event.bulletins.select_related("event").first()
        return found
    return _required(event, edition)


def _required(event: models.Event, edition: int) -> models.Bulletin:
    row: models.Bulletin | None = event.bulletins.filter(edition=edition).first()
    if row is None:
        raise Http404
    return row


# --- desk ----------------------------------------------------------------------------------


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
        "conventions": _conventions(),
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
    facts = queries.facts_of(row.pk)
    assert facts is not None
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
    event = _event(key)
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


# --- JSON ----------------------------------------------------------------------------------


@public_page
@require_GET
def api_figures(request: HttpRequest, key: str) -> HttpResponse:
    """The frozen figures of a convention; `?edition=` chooses one, else the newest."""
    asked = request.GET.get("edition", "")
    if asked and not (asked.isascii() and asked.isdigit() and len(asked) < 7):
        return _problem(400, "edition is not a whole number.", "Write ?edition=1.")
    found = models.Bulletin.objects.filter(event=key)
    row = (found.filter(edition=int(asked)) if asked else found).first()
    if row is None:
        return _problem(404, "There is no frozen bulletin of this convention.", "")
    answer = HttpResponse(row.body.encode(), content_type="application/json")
    answer["ETag"] = f'"{row.fingerprint}"'
    answer["X-Taihe-Fingerprint"] = row.fingerprint
    return answer


def _problem(status: int, problem: str, do: str) -> HttpResponse:
    return JsonResponse(
        {"type": "about:blank", "title": problem, "status": status, "detail": do},
        status=status,
        content_type="application/problem+json",
    )


@public_page
@require_GET
def api_openapi(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document of this site's JSON."""
    from taihe.zone.openapi import DOCUMENT

    return JsonResponse(DOCUMENT)
