"""The audit desk, a finding's page, the coverage map, the hospital's desk."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST

from taihe.base import workflow
from taihe.base.public import Actor, organisation_of_party, required_actor, requires_role
from taihe.claims import (
    actions,
    drafting,
    models,
    people,
    policies,
    presenters,
    queries,
    rule_rows,
)
from taihe.claims.case_rules import CASE, TERMS, evidence_lists, term_rows
from taihe.claims.domain.case_workflow import APPEALS, FOR_HOSPITAL, TONES
from taihe.claims.forms import AppealForm, DecisionForm, VoteForm
from taihe.kernel.codes import Purpose
from taihe.kernel.errors import Conflict, Forbidden, Incorrect, NotFound
from taihe.kernel.periods import day_of
from taihe.ui.tables import Cell, Column, Filter, Table, respond

ROUTE_CASE = "desk.claims.case"
ROUTE_HOSPITAL = "desk.hospital.case"
ROUTE_APPEAL = "desk.hospital.appeal"
KEYS = ("Q", "W", "E", "R")


# -- queues ---------------------------------------------------------------------------------


@requires_role("auditor")
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """The cases by class, institution and state; filters are in the address."""
    table = _cases(
        request,
        default_state=CASE.start,
        states=[("", "全部状态"), *CASE.states.items()],
        organisations=True,
    )
    state = table.value("state")
    waiting = queries.cases(state=CASE.start)
    kinds = queries.counts_by_kind(waiting)
    decided = queries.verdicts_of_all()
    context = {
        "waiting": sum(row.cases for row in kinds),
        "amount_fen": sum(row.amount_fen for row in kinds),
        "decided": decided.decided,
        "share": decided.share,
        "kinds": kinds,
        "kind": table.value("kind"),
        "state_words": CASE.states.get(state, "全部"),
    }
    return respond(request, table, "claims/queue.html", context)


@requires_role("auditor")
@require_GET
def answers(request: HttpRequest) -> HttpResponse:
    """Cases that hospitals answered: appeals and supplied material."""
    table = _cases(
        request,
        default_state="appealed",
        states=[(name, CASE.states[name]) for name in ("appealed", "supplied", "reappealed")],
        organisations=True,
        empty="没有等待复审的案件",
        empty_text="医院申诉或补充材料后，案件会出现在这里。",
    )
    return respond(request, table, "claims/answers.html", {})


@requires_role("hospital")
@require_GET
def hospital(request: HttpRequest) -> HttpResponse:
    """The cases of the reader's own hospital."""
    actor = required_actor(request)
    own = actor.organisation_code or "-"
    table = _cases(
        request,
        default_state="",
        states=[("", "全部状态"), *CASE.states.items()],
        only=own,
        url="hospital-case",
        empty="本院没有案件",
        empty_text="审核平台发现问题后，案件会出现在这里。",
    )
    states = queries.counts_by_state(queries.cases(organisation=own))
    context = {
        "to_answer": sum(states.get(one, 0) for one in FOR_HOSPITAL),
        "in_review": states.get("new", 0),
        "total": sum(states.values()),
        "organisation": actor.organisation_name,
    }
    return respond(request, table, "claims/hospital.html", context)


def _cases(
    request: HttpRequest,
    *,
    default_state: str,
    states: list[tuple[str, str]],
    organisations: bool = False,
    only: str = "",
    url: str = "claims-case",
    empty: str = "没有待审的案件",
    empty_text: str = "新的审核运行后，发现的问题会出现在这里。",
) -> Table:
    filters = [
        Filter("state", "状态", states, default_state),
        Filter(
            "kind",
            "类别",
            [("", "全部类别"), *((k.code, k.title) for k in rule_rows.kinds().values())],
        ),
        Filter("severity", "程度", [("", "全部"), ("V", "违规"), ("S", "可疑")]),
        Filter(
            "sort",
            "排列",
            [("amount", "金额从大到小"), ("new", "最新发现"), ("day", "费用日期")],
            "amount",
        ),
    ]
    if organisations:
        filters.insert(
            2,
            Filter("organisation", "机构", [("", "全部机构"), *queries.organisations_with_cases()]),
        )
    columns = [
        Column("number", "案件"),
        Column("title", "类别"),
        Column("tone", "程度"),
        Column("place", "机构"),
        Column("day", "费用日期", "day"),
        Column("amount_fen", "涉及金额（元）", "yuan"),
        Column("state", "状态"),
        Column("due", "期限", "day", empty="无"),
    ]
    table = Table(
        request,
        columns if not only else [c for c in columns if c.key != "place"],
        (),
        key="cases",
        filters=filters,
        empty_title=empty,
        empty_text=empty_text,
    )
    found = queries.cases(
        state=table.value("state"),
        kind=table.value("kind"),
        severity=table.value("severity"),
        organisation=only or (table.value("organisation") if organisations else ""),
    )
    order = {"new": ("-opened_at", "-pk"), "day": ("-day", "pk")}
    found = found.order_by(*order.get(table.value("sort"), ("-amount_fen", "pk")))

    def rows(offset: int, limit: int) -> list[dict[str, Any]]:
        page = list(found[offset : offset + limit])
        names = queries.organisation_names(case.organisation for case in page)
        return [_row(case, names, url) for case in page]

    table.rows, table.total = rows, found.count()
    return table


def _row(case: models.Case, names: dict[str, str], url: str) -> dict[str, Any]:
    words, tone = presenters.SEVERITY[case.severity]
    return {
        "number": Cell(case.number, url=reverse(url, args=[case.pk])),
        "title": rule_rows.kinds()[case.kind].title,
        "tone": Cell(words, tone=tone, tag=True),
        "place": names[case.organisation],
        "day": day_of(case.day) if case.day is not None else None,
        "amount_fen": case.amount_fen,
        "state": Cell(CASE.states[case.state], tone=TONES[case.state], tag=True),
        "due": case.due,
    }


# -- one case -------------------------------------------------------------------------------


@requires_role("auditor")
@cache_control(private=True, no_store=True)
@require_GET
def case(request: HttpRequest, number: int) -> HttpResponse:
    """A finding with its evidence, its basis and what can be done."""
    return _case_page(request, number, ROUTE_CASE)


@requires_role("hospital")
@cache_control(private=True, no_store=True)
@require_GET
def hospital_case(request: HttpRequest, number: int) -> HttpResponse:
    """The same page for the hospital that charged."""
    return _case_page(request, number, ROUTE_HOSPITAL)


@requires_role("auditor", "hospital")
@require_POST
def decide(request: HttpRequest, number: int) -> HttpResponse:
    """Take a step of a case, then show the next one in the queue."""
    actor = required_actor(request)
    row = policies.visible_case(number, actor)
    if row.person is not None:
        reader = people.reader_of(actor)
        people.open_person(
            reader, row.person, Purpose.PAYMENT, action="decide", route="desk.claims.decide"
        )
    form = DecisionForm(request.POST)
    if not form.is_valid():
        raise Incorrect("请求不完整。", "请回到案件页面重新操作。")
    given = form.cleaned_data
    try:
        actions.decide_case(
            number,
            given["action"],
            seen_state=given["state"],
            actor=actor,
            at=timezone.now(),
            note=given["note"],
        )
    except (Incorrect, Conflict, Forbidden) as error:
        route = ROUTE_CASE if actor.has("auditor") else ROUTE_HOSPITAL
        return _case_page(
            request, number, route, problem=error, note=given["note"], status=error.status
        )
    if actor.has("auditor"):
        following = queries.next_case(number, state=row.state)
        if following is not None:
            return HttpResponseRedirect(
                reverse("claims-case", args=[following]) + f"?done={row.number}"
            )
        return HttpResponseRedirect(reverse("claims-queue"))
    return HttpResponseRedirect(reverse("hospital-case", args=[number]))


@requires_role("hospital")
@cache_control(private=True, no_store=True)
def appeal(request: HttpRequest, number: int) -> HttpResponse:
    """Prepare an appeal: what is needed for this class, and a draft from the record."""
    actor = required_actor(request)
    row = policies.visible_case(number, actor)
    step = next(
        (
            one
            for one in workflow.allowed(CASE, row.subject, row.state, actor=actor)
            if one.action in APPEALS
        ),
        None,
    )
    if step is None:
        return HttpResponseRedirect(reverse("hospital-case", args=[number]))
    finding = row.findings.order_by("pk")[0]
    reader = people.reader_of(actor)
    needed = evidence_lists().get(finding.kind, ())
    held = [
        actions.Held(
            one.item,
            request.POST.get(f"held-{one.nth}") == "on",
            request.POST.get(f"text-{one.nth}", "").strip()[:1000],
        )
        for one in needed
    ]
    problem: Incorrect | Conflict | Forbidden | None = None
    if request.method == "POST":
        if row.person is not None:
            people.open_person(
                reader, row.person, Purpose.PAYMENT, action="appeal", route=ROUTE_APPEAL
            )
        form = AppealForm(request.POST)
        if form.is_valid():
            try:
                actions.decide_case(
                    number,
                    step.action,
                    seen_state=form.cleaned_data["state"],
                    actor=actor,
                    at=timezone.now(),
                    note=form.cleaned_data["statement"],
                    evidence=held,
                )
                return HttpResponseRedirect(reverse("hospital-case", args=[number]))
            except (Incorrect, Conflict, Forbidden) as error:
                problem = error
    else:
        lines = queries.evidence(finding)
        text = drafting.draft(
            reader,
            row,
            finding,
            lines,
            queries.stays(finding, lines),
            on=timezone.localdate(),
            route=ROUTE_APPEAL,
        )
        form = AppealForm(initial={"state": row.state, "statement": text})
    context = {
        "case": row,
        "form": form,
        "step": step,
        "title": rule_rows.kinds()[finding.kind].title,
        "needed": [
            {"row": one, "is_held": given.is_held, "text": given.text}
            for one, given in zip(needed, held, strict=True)
        ],
        "remedy": rule_rows.kinds()[finding.kind].remedy,
        "term": term_rows()["appeal_days" if step.action == "appeal" else "reappeal_days"],
        "problem": problem,
    }
    status = problem.status if problem else 400 if form.errors else 200
    return render(request, "claims/appeal.html", context, status=status)


@requires_role("auditor")
@require_POST
def vote(request: HttpRequest, number: int) -> HttpResponse:
    """One member's vote of a panel."""
    actor = required_actor(request)
    row = policies.visible_case(number, actor)
    if row.person is not None:
        people.open_person(
            people.reader_of(actor),
            row.person,
            Purpose.PAYMENT,
            action="decide",
            route="desk.claims.vote",
        )
    form = VoteForm(request.POST)
    note = request.POST.get("note", "")[:2000]
    try:
        if not form.is_valid():
            raise Incorrect("合议意见不完整。", "请选择维持或不成立。")
        given = form.cleaned_data
        actions.vote(
            number,
            given["verdict"],
            seen_state=given["state"],
            actor=actor,
            at=timezone.now(),
            note=given["note"],
        )
    except (Incorrect, Conflict, Forbidden) as error:
        return _case_page(
            request, number, ROUTE_CASE, problem=error, note=note, status=error.status
        )
    return HttpResponseRedirect(reverse("claims-case", args=[number]))


def _case_page(
    request: HttpRequest,
    number: int,
    route: str,
    *,
    problem: Incorrect | Conflict | Forbidden | None = None,
    note: str = "",
    status: int = 200,
) -> HttpResponse:
    actor = required_actor(request)
    row = policies.visible_case(number, actor)
    finding = row.findings.order_by("pk")[0]
    if finding.person is not None:
        people.open_person(
            people.reader_of(actor), finding.person, Purpose.PAYMENT, action="case", route=route
        )
    lines = queries.evidence(finding)
    stays = queries.stays(finding, lines)
    insured = queries.insured(finding.psn)
    on = day_of(finding.day) if finding.day is not None else (lines[0].day if lines else None)
    words, tone = presenters.SEVERITY[finding.severity]
    auditor = actor.has("auditor")
    barred = auditor and actor.party in actions.barred(row)
    steps = () if barred else workflow.allowed(CASE, row.subject, row.state, actor=actor)
    appeal_step = next((step for step in steps if step.action in APPEALS), None)
    steps = tuple(step for step in steps if step is not appeal_step)
    votes = list(row.votes.order_by("at"))
    peers = queries.peers(finding)
    context = {
        "case": row,
        "title": presenters.title(finding, lines),
        "severity": words,
        "tone": tone,
        "basis": presenters.basis(finding),
        "place": queries.organisation_names([row.organisation])[row.organisation],
        "patient": presenters.patient(
            insured.sex if insured else None, insured.born_day if insured else None, on
        ).words,
        "visit": presenters.stay_words(stays),
        "insurance": presenters.insurance_words(stays),
        "stays": stays if finding.kind == "READMIT_15D" else [],
        "lines": lines,
        "violating": sum(line.violating for line in lines),
        "stay_fen": queries.cost_of(finding.enc) if not lines and finding.enc else None,
        "strip": presenters.days(finding, lines, stays),
        "remedy": presenters.remedy(finding, lines),
        "peers": peers,
        "alarms": queries.false_alarms(finding.rule_row) if auditor else None,
        "rule_url": reverse("claims-rule") + "?" + urlencode({"rule": finding.rule_row}),
        "appeals": queries.appeals(row),
        "appeal_step": appeal_step,
        "barred": barred,
        "panel": row.state == "reappealed" or votes,
        "votes": [
            {
                "who": _party_words(one.by, actor) if auditor else "",
                "words": "维持" if one.verdict == "uphold" else "不成立",
                "note": one.note if auditor else "",
                "at": one.at,
            }
            for one in votes
        ],
        "members": TERMS.panel_members,
        "may_vote": auditor
        and row.state == "reappealed"
        and not barred
        and actor.party not in {one.by for one in votes},
        "verdicts": queries.verdicts(finding.kind) if auditor else None,
        "history": _history(row, actor),
        "state": CASE.states[row.state],
        "state_tone": TONES[row.state],
        "steps": [
            {"step": step, "key": key, "first": n == 0}
            for n, (step, key) in enumerate(zip(steps, KEYS, strict=False))
        ],
        "decide_url": reverse("claims-decide" if auditor else "hospital-decide", args=[row.pk]),
        "next": queries.next_case(row.pk) if auditor else None,
        "auditor": auditor,
        "problem": problem,
        "note": note,
        "done": _done(request),
    }
    return render(request, "claims/case.html", context, status=status)


def _done(request: HttpRequest) -> str:
    """The number of the case that was decided just now, if the address names a real one."""
    number = request.GET.get("done", "")[:20]
    return number if number and models.Case.objects.filter(number=number).exists() else ""


def _history(row: models.Case, actor: Actor) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = [
        {"at": row.opened_at, "words": "系统初审，列入队列", "who": "", "note": ""}
    ]
    labels = {(step.action, step.source): step.label for step in CASE.transitions}
    for step in workflow.history(row.subject, CASE.name):
        entries.append(
            {
                "at": step.at,
                "words": labels.get((step.action, step.source), step.action),
                "who": _party_words(step.by, actor),
                "note": step.note,
            }
        )
    return entries


def _party_words(party: int | None, actor: Actor) -> str:
    if party is None:
        return "系统"
    if party == actor.party:
        return "本人"
    found = organisation_of_party(party)
    return found.name if found else ""


# -- coverage -------------------------------------------------------------------------------


@requires_role("auditor")
@require_GET
def coverage(request: HttpRequest) -> HttpResponse:
    """The 88 official classes: published points, what runs, what it found."""
    rows = queries.coverage()
    table = Table(
        request,
        [
            Column("seq", "序号", "number"),
            Column("name", "规则类别"),
            Column("tier", "分类"),
            Column("points", "知识点", empty="未公布"),
            Column("engine", "引擎"),
            Column("rules", "执行的规则行", "number", empty="没有"),
            Column("findings", "发现", "number", empty="没有"),
        ],
        (),
        key="classes",
        filters=[
            Filter("tier1", "类", [("", "全部"), *((t, t) for t in _tiers(rows))]),
            Filter("running", "状态", [("", "全部"), ("1", "正在执行"), ("0", "尚未执行")]),
        ],
        per_page=88,
        empty_title="没有规则类别",
    )
    wanted = [
        row
        for row in rows
        if table.value("tier1") in ("", row.tier1)
        and table.value("running") in ("", "1" if row.running else "0")
    ]
    table.rows = [
        {
            "seq": row.seq,
            "name": Cell(row.name, note="示例规则" if row.examples and not row.rules else ""),
            "tier": row.tier2,
            "points": row.points or ("有" if row.has_points else None),
            "engine": Cell(
                "执行中" if row.running else row.template,
                tone="good" if row.running else "",
                tag=True,
            ),
            "rules": (row.rules + row.examples) or None,
            "findings": row.findings or None,
        }
        for row in wanted
    ]
    running = [row for row in rows if row.running]
    context = {
        "rendered": _coverage_table(request, table, tuple(row.findings for row in rows)),
        "running": len(running),
        "with_points": sum(row.has_points for row in rows),
        "rules": sum(row.rules + row.examples for row in rows),
        "findings": sum(row.findings for row in rows),
        "total": len(rows),
    }
    return respond(request, table, "claims/coverage.html", context)


_coverage_kept: dict[tuple[Any, ...], SafeString] = {}
_MOST_KEPT = 32


def _coverage_table(request: HttpRequest, table: Table, findings: tuple[int, ...]) -> SafeString:
    """The table as HTML, kept while rules and findings stay: 88 rows cost more than their query."""
    key = (table.value("tier1"), table.value("running"), get_language(), findings)
    if request.GET.keys() - {"tier1", "running"}:
        return _rendered(request, table)
    if key not in _coverage_kept:
        if len(_coverage_kept) >= _MOST_KEPT:
            _coverage_kept.clear()
        _coverage_kept[key] = _rendered(request, table)
    return _coverage_kept[key]


def _rendered(request: HttpRequest, table: Table) -> SafeString:
    return render_to_string("ui/parts/table.html", {"table": table, "request": request})


def _tiers(rows: list[queries.Coverage]) -> list[str]:
    return list(dict.fromkeys(row.tier1 for row in rows))


@requires_role("auditor")
@require_GET
def rule_rows_page(request: HttpRequest) -> HttpResponse:
    """Every rule row that found something, with its false-alarm rate."""
    titles = rule_rows.kinds()
    rows = sorted(
        queries.false_alarms_by_row(),
        key=lambda one: (-one[2].low, -one[2].closed, -one[2].open, one[0]),
    )
    table = Table(
        request,
        [
            Column("rule", "规则行"),
            Column("kind", "类别"),
            Column("rate", "误报率", "percent", empty="无已结案件"),
            Column("interval", "95% 区间", "short", empty="无"),
            Column("closed", "已结", "number"),
            Column("screened", "初审排除", "number"),
            Column("open", "在办", "number"),
        ],
        [
            {
                "rule": Cell(row, url=_rule_url(row)),
                "kind": titles[kind].title if kind in titles else kind,
                "rate": alarms.rate,
                "interval": _interval(alarms) if alarms.closed else None,
                "closed": alarms.closed,
                "screened": alarms.screened,
                "open": alarms.open,
            }
            for row, kind, alarms in rows
        ],
        key="rows",
        empty_title="还没有规则行发现问题",
        empty_text="审核运行后，这里按规则行列出误报率。",
    )
    context = {"closed": sum(alarms.closed for _, _, alarms in rows), "total": len(rows)}
    return respond(request, table, "claims/rule_rows.html", context)


@requires_role("auditor")
@require_GET
def rule_row(request: HttpRequest) -> HttpResponse:
    """One rule row: its basis, what appeals said, its newest cases."""
    name = request.GET.get("rule", "")[:120]
    finding = queries.latest_finding(name)
    if finding is None:
        raise NotFound("没有这条规则行的案件。", "请从误报率页面重新打开。")
    alarms = queries.false_alarms(name)
    cases = queries.cases_of_rule(name)
    names = queries.organisation_names(case.organisation for case in cases)
    table = Table(
        request,
        [
            Column("number", "案件"),
            Column("place", "机构"),
            Column("day", "费用日期", "day"),
            Column("amount_fen", "涉及金额（元）", "yuan"),
            Column("state", "状态"),
        ],
        [_row(case, names, "claims-case") for case in cases],
        key="cases",
        empty_title="没有案件",
    )
    context = {
        "basis": presenters.basis(finding),
        "title": rule_rows.kinds()[finding.kind].title,
        "alarms": alarms,
        "interval": _interval(alarms),
    }
    return respond(request, table, "claims/rule_row.html", context)


def _rule_url(row: str) -> str:
    return reverse("claims-rule") + "?" + urlencode({"rule": row})


def _interval(alarms: queries.FalseAlarms) -> str:
    return f"{alarms.low * 100:.1f}–{alarms.high * 100:.1f}%"
