"""Reads of claims: the queue, a case with its evidence, coverage of the 88 classes, visits."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from django.db import connection
from django.db.models import Count, Max, Q, QuerySet, Sum

from taihe.base import models as base
from taihe.claims import models, rule_rows
from taihe.claims.case_rules import CASE
from taihe.claims.domain.case_workflow import CONFIRMED
from taihe.claims.domain.false_alarms import FalseAlarms
from taihe.claims.domain.rules import SCALE
from taihe.claims.rowstore import dictionary
from taihe.kernel.codes import System
from taihe.kernel.periods import day_of


def cases(
    *, state: str = "", kind: str = "", organisation: str = "", severity: str = ""
) -> QuerySet[models.Case]:
    """Cases by the filters of the queue; empty filters nothing."""
    found = models.Case.objects.all()
    for name, value in (
        ("state", state),
        ("kind", kind),
        ("organisation", organisation),
        ("severity", severity),
    ):
        if value:
            found = found.filter(**{name: value})
    return found


@dataclass(frozen=True)
class KindCount:
    """How many cases of a class, and how much they concern."""

    kind: str
    title: str
    cases: int
    amount_fen: int


def counts_by_kind(found: QuerySet[models.Case]) -> list[KindCount]:
    """Cases and amounts by class, most first."""
    rows = found.order_by().values("kind").annotate(n=Count("pk"), fen=Sum("amount_fen"))
    titles = rule_rows.kinds()
    counted = [
        KindCount(row["kind"], titles[row["kind"]].title, row["n"], row["fen"] or 0)
        for row in rows
        if row["kind"] in titles
    ]
    return sorted(counted, key=lambda row: -row.cases)


def counts_by_state(found: QuerySet[models.Case] | None = None) -> dict[str, int]:
    """How many cases are in each state."""
    rows = (found if found is not None else models.Case.objects).order_by()
    return dict(rows.values_list("state").annotate(n=Count("pk")))


def organisation_names(codes: Iterable[str]) -> dict[str, str]:
    """Names of institutions by code; a code that is not known stands for itself."""
    wanted = set(codes)
    known = dict(base.Organisation.objects.filter(code__in=wanted).values_list("code", "name"))
    return {code: known.get(code) or code or "未知机构" for code in wanted}


def organisations_with_cases() -> list[tuple[str, str]]:
    """Institutions that have cases, as (code, name)."""
    codes = (
        models.Case.objects.exclude(organisation="")
        .order_by()
        .values_list("organisation", flat=True)
        .distinct()
    )
    return sorted(organisation_names(codes).items(), key=lambda row: row[1])


@dataclass(frozen=True)
class EvidenceLine:
    """A line of a finding as the page shows it; quantities as written, money in fen."""

    day: date
    code: str
    name: str
    quantity: str
    amount_fen: int
    violating: bool
    written_id: str


@dataclass(frozen=True)
class Stay:
    """An encounter beside a finding."""

    mdtrt_id: str
    inpatient: bool
    internet: bool
    level: int | None
    insurance: int | None
    begin: date
    end: date | None
    later: bool = True


@dataclass(frozen=True)
class Peers:
    """Findings of the same class at the same institution in the 90 days before."""

    cases: int
    amount_fen: int


def evidence(finding: models.Finding) -> list[EvidenceLine]:
    """The lines of a finding by date, violating and involved."""
    marked = dict(finding.lines.values_list("line", "violating"))
    rows = models.ClaimLine.objects.filter(line__in=list(marked)).order_by("day", "feedetl_sn")
    names = _names(row.code for row in rows)
    return [
        EvidenceLine(
            day=day_of(row.day),
            code=names[row.code][0],
            name=names[row.code][1],
            quantity=_quantity(row.qty),
            amount_fen=row.fen,
            violating=marked[row.line],
            written_id=row.feedetl_sn,
        )
        for row in rows
    ]


def stays(finding: models.Finding, lines: Sequence[EvidenceLine]) -> list[Stay]:
    """The encounters that a finding concerns, by first day."""
    numbers = set(
        models.ClaimLine.objects.filter(
            line__in=finding.lines.values_list("line", flat=True)
        ).values_list("enc", flat=True)
    )
    if finding.enc:
        numbers.add(finding.enc)
    wanted = Q(enc__in=numbers)
    if finding.kind == "READMIT_15D":
        wanted |= Q(mdtrt_id=finding.rule_key, psn=finding.psn)
    return [
        Stay(
            mdtrt_id=row.mdtrt_id,
            inpatient=row.visit == 2,
            internet=row.internet == 1,
            level=row.level,
            insurance=row.insurance,
            begin=day_of(row.begin_day),
            end=day_of(row.end_day) if row.end_day is not None else None,
            later=row.enc == finding.enc or finding.kind != "READMIT_15D",
        )
        for row in models.ClaimEncounter.objects.filter(wanted).order_by("begin_day", "enc")
    ]


def peers(finding: models.Finding) -> Peers:
    """The same class at the same institution in the 90 days up to this finding."""
    if finding.day is None:
        when = Q(found_at__gte=finding.found_at - timedelta(days=90))
    else:
        when = Q(day__gt=finding.day - 90, day__lte=finding.day)
    counted = models.Finding.objects.filter(
        when, kind=finding.kind, organisation=finding.organisation
    ).aggregate(n=Count("pk"), fen=Sum("amount_fen"))
    return Peers(counted["n"], counted["fen"] or 0)


def cost_of(enc: int) -> int:
    """What an encounter was charged in all, in fen."""
    total = models.ClaimLine.objects.filter(enc=enc).aggregate(fen=Sum("fen"))["fen"]
    return int(total or 0)


@dataclass(frozen=True)
class Verdicts:
    """How reviewers decided cases of a rule row or class."""

    confirmed: int
    dismissed: int

    @property
    def decided(self) -> int:
        """Cases with a decision."""
        return self.confirmed + self.dismissed

    @property
    def share(self) -> float | None:
        """Confirmed of decided, None while nothing is decided."""
        return self.confirmed / self.decided if self.decided else None


def verdicts(kind: str) -> Verdicts:
    """Decisions on cases of a class."""
    states = counts_by_state(models.Case.objects.filter(kind=kind))
    return Verdicts(sum(states.get(state, 0) for state in CONFIRMED), states.get("dismissed", 0))


def verdicts_of_all() -> Verdicts:
    """Decisions on every case, in one query."""
    states = counts_by_state()
    return Verdicts(sum(states.get(state, 0) for state in CONFIRMED), states.get("dismissed", 0))


def false_alarms(rule_row: str) -> FalseAlarms:
    """What appeals have said about a rule row."""
    return next(iter(_false_alarms(rule_row)), ("", "", FalseAlarms()))[2]


def false_alarms_by_row() -> list[tuple[str, str, FalseAlarms]]:
    """(rule row, class, false alarms) of every row that ever found something, in one query."""
    return _false_alarms("")


def _false_alarms(rule_row: str) -> list[tuple[str, str, FalseAlarms]]:
    found = models.Finding.objects.order_by().exclude(case__state="withdrawn")
    if rule_row:
        found = found.filter(rule_row=rule_row)
    counted: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for row, kind, verdict, n in found.values_list("rule_row", "kind", "case__verdict").annotate(
        n=Count("case", distinct=True)
    ):
        counted[row, kind][verdict] = n
    return [
        (
            row,
            kind,
            FalseAlarms(
                by.get("false", 0), by.get("right", 0), by.get("screened", 0), by.get("", 0)
            ),
        )
        for (row, kind), by in counted.items()
    ]


def cases_of_rule(rule_row: str, limit: int = 20) -> list[models.Case]:
    """The newest cases of a rule row."""
    return list(
        models.Case.objects.filter(findings__rule_row=rule_row).distinct().order_by("-pk")[:limit]
    )


def latest_finding(rule_row: str) -> models.Finding | None:
    """The newest finding of a rule row: it carries the rule as it was then."""
    return models.Finding.objects.filter(rule_row=rule_row).order_by("-pk").first()


def appeals(case: models.Case) -> list[models.Appeal]:
    """The hospital's appeals, first round first."""
    return list(case.appeals.order_by("round"))


def insured(psn: int) -> models.ClaimPerson | None:
    """The insured person of a finding; sex and birth date are personal data."""
    return models.ClaimPerson.objects.filter(psn=psn).first()


def next_case(after: int, *, state: str = CASE.start, kind: str = "") -> int | None:
    """The next case in the queue's order, for the key J."""
    found = cases(state=state, kind=kind).exclude(pk=after)
    return (
        found.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True).first()
        or found.order_by("pk").values_list("pk", flat=True).first()
    )


@dataclass(frozen=True)
class Coverage:
    """One official class: published points, whether an engine runs it, rows and findings."""

    seq: int
    name: str
    tier1: str
    tier2: str
    template: str
    points: int
    has_points: bool
    rules: int
    examples: int
    findings: int
    running: bool


@lru_cache
def _shipped_counts() -> tuple[Counter[int], Counter[int], Counter[int]]:
    """Points, live rows and example rows by class; they change with a release only."""
    points = Counter(point.class_seq for point in rule_rows.points().values())
    live: Counter[int] = Counter()
    examples: Counter[int] = Counter()
    for rule in rule_rows.shipped():
        (live if rule.status == "live" else examples)[rule.class_seq] += 1
    return points, live, examples


def coverage() -> list[Coverage]:
    """The 88 classes."""
    points, live, examples = _shipped_counts()
    hits = dict(models.Finding.objects.order_by().values_list("class_seq").annotate(n=Count("pk")))
    return [
        Coverage(
            seq=row.seq,
            name=row.name,
            tier1=row.tier1,
            tier2=row.tier2,
            template=row.template,
            points=points[row.seq],
            has_points=row.has_points,
            rules=live[row.seq],
            examples=examples[row.seq],
            findings=hits.get(row.seq, 0),
            running=bool(live[row.seq] or examples[row.seq]),
        )
        for row in rule_rows.classes().values()
    ]


# -- bills ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class VisitLine:
    """A line of a visit."""

    day: int
    code: str
    name: str
    quantity: str
    fen: int


@dataclass(frozen=True)
class Visit:
    """An encounter with its lines, for a bill."""

    mdtrt_id: str
    institution: str
    institution_code: str
    visit: int | None
    insurance: int | None
    begin_day: int
    end_day: int | None
    lines: tuple[VisitLine, ...]


def visits_of(persons: Sequence[int]) -> list[Visit]:
    """The encounters of a person under any of its numbers, newest first."""
    numbers = list(
        models.ClaimPerson.objects.filter(person__in=persons).values_list("psn", flat=True)
    )
    found = list(
        models.ClaimEncounter.objects.filter(psn__in=numbers).order_by("-begin_day", "-enc")
    )
    rows = list(
        models.ClaimLine.objects.filter(enc__in=[visit.enc for visit in found]).order_by(
            "day", "line"
        )
    )
    names = _names(row.code for row in rows)
    lines: dict[int, list[VisitLine]] = defaultdict(list)
    for row in rows:
        code, name = names[row.code]
        lines[row.enc].append(VisitLine(row.day, code, name, _quantity(row.qty), row.fen))
    orgs = dictionary().all(System.INSTITUTION) if found else {}
    written = organisation_names(orgs.get(visit.org, "") for visit in found)
    return [
        Visit(
            mdtrt_id=visit.mdtrt_id,
            institution=written[orgs.get(visit.org, "")],
            institution_code=orgs.get(visit.org, ""),
            visit=visit.visit,
            insurance=visit.insurance,
            begin_day=visit.begin_day,
            end_day=visit.end_day,
            lines=tuple(lines[visit.enc]),
        )
        for visit in found
    ]


def charged_mark() -> str:
    """A word that changes when encounters, lines or the ties of persons do."""
    lines = models.ClaimLine.objects.aggregate(
        n=Count("pk"), last=Max("pk"), fen=Sum("fen"), days=Sum("day")
    )
    visits = models.ClaimEncounter.objects.aggregate(n=Count("pk"), last=Max("pk"))
    tied = models.ClaimPerson.objects.aggregate(n=Count("person"), sum=Sum("person"))
    parts = (*lines.values(), *visits.values(), *tied.values())
    return ":".join(str(part or 0) for part in parts)


def charged_visits() -> Iterator[tuple[int, int | None, str, bool, date, int, int]]:
    """Every encounter with what it was charged; refunds stand against their lines."""
    orgs = dictionary().all(System.INSTITUTION)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.enc, p.person, e.org, e.visit, e.begin_day, count(l.line), sum(l.fen)"
            " FROM claims_encounter e JOIN claims_person p ON p.psn = e.psn"
            " LEFT JOIN claims_line l ON l.enc = e.enc"
            " GROUP BY e.enc, p.person, e.org, e.visit, e.begin_day ORDER BY e.enc"
        )
        while rows := cursor.fetchmany(10_000):
            for enc, person, org, visit, begin, lines, fen in rows:
                yield (
                    enc,
                    person,
                    orgs.get(org, ""),
                    visit == 2,
                    day_of(begin),
                    lines,
                    int(fen or 0),
                )


def _names(codes: Iterable[int]) -> dict[int, tuple[str, str]]:
    wanted = list(set(codes))
    rows: dict[int, tuple[str, str]] = {}
    for start in range(0, len(wanted), 900):
        for code, text, name in models.ClaimItem.objects.filter(
            code__in=wanted[start : start + 900]
        ).values_list("code", "hilist_code", "name"):
            rows[code] = (text, name or text)
    return {code: rows.get(code, ("", "未知项目")) for code in wanted}


def _quantity(scaled: int) -> str:
    whole, rest = divmod(abs(scaled), SCALE)
    sign = "-" if scaled < 0 else ""
    return f"{sign}{whole}" + (f".{rest:04d}".rstrip("0") if rest else "")
