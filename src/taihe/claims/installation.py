"""
Audit what an installation holds: row store to columns, kinds, findings, cases.

A second audit finds the same findings again and changes nothing; a finding that is gone
because data or rules were corrected withdraws its case while nobody has worked on it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from taihe.base import trail, workflow
from taihe.claims import models, rowstore, rule_rows
from taihe.claims.case_rules import CASE
from taihe.claims.domain.rules import compile_rules, parameters
from taihe.claims.engine import DuckEngine, Finding, run
from taihe.kernel.codes import System

BATCH = 200


@dataclass(frozen=True)
class InstallationAudit:
    """What an audit of the installation did."""

    lines: int
    findings: int
    opened: int
    changed: int
    withdrawn: int
    by_kind: dict[str, int]
    seconds: float


Relate = Callable[[int, str, int], None]
"""(person, organisation code, case): opens the person's record to insurer and hospital."""


def audit_store(at: datetime, by: int | None, relate: Relate) -> InstallationAudit:
    """
    Audit the row store and open a case for each new finding.

    Example rows run in a demo installation only: elsewhere two people must release them.
    `by` is a party, None for the system.
    """
    from time import perf_counter

    from taihe.lake.duck import connect

    started = perf_counter()
    duck = connect()
    numbers = rowstore.to_columns(duck)
    statuses = ("live", "example") if settings.TAIHE_DEMO else ("live",)
    rules = [rule for rule in rule_rows.shipped() if rule.status in statuses]
    compiled = compile_rules(rules, rule_rows.kinds(), rule_rows.words(), numbers)
    found = {
        _key(finding): finding for finding in run(DuckEngine(duck), compiled, rule_rows.kinds())
    }
    lines = duck.execute("SELECT count(*) FROM claim_line").fetchone()[0]
    orgs = rowstore.dictionary().all(System.INSTITUTION)
    persons = dict(models.ClaimPerson.objects.values_list("psn", "person"))

    known = {
        key: (pk, digest)
        for key, pk, digest in models.Finding.objects.values_list("key", "pk", "lines_digest")
    }
    fresh = [(key, finding) for key, finding in found.items() if key not in known]
    opened = 0
    for start in range(0, len(fresh), BATCH):
        opened += _open_cases(fresh[start : start + BATCH], orgs, persons, at, by, relate)
    changed = sum(
        _renew(known[key][0], finding, at)
        for key, finding in found.items()
        if key in known and known[key][1] != _lines_digest(finding)
    )
    withdrawn = _withdraw(known.keys() - found.keys(), at)
    _tie(persons, relate)
    result = InstallationAudit(
        lines=lines,
        findings=len(found),
        opened=opened,
        changed=changed,
        withdrawn=withdrawn,
        by_kind=dict(sorted(Counter(finding.kind for finding in found.values()).items())),
        seconds=round(perf_counter() - started, 3),
    )
    trail.record(
        "claims.audited",
        "claims",
        by=by,
        at=at,
        detail={"lines": lines, "findings": len(found), "opened": opened, "withdrawn": withdrawn},
    )
    return result


def _key(finding: Finding) -> str:
    """What makes a finding the same one in the next audit."""
    single = rule_rows.kinds()[finding.kind].template in ("K1", "K11")
    parts = (
        finding.kind,
        finding.rule_key,
        finding.psn_no,
        finding.mdtrt_id,
        finding.date,
        str(finding.org),
        finding.violating[0] if single else "",
    )
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _lines_digest(finding: Finding) -> str:
    text = f"{finding.violating}|{finding.involved}|{finding.amount_fen}|{finding.rule.version}"
    return hashlib.sha256(text.encode()).hexdigest()


@transaction.atomic
def _open_cases(
    fresh: Sequence[tuple[str, Finding]],
    orgs: dict[int, str],
    persons: dict[int, int | None],
    at: datetime,
    by: int | None,
    relate: Relate,
) -> int:
    month = f"{timezone.localtime(at):%Y-%m}"
    last = models.Case.objects.filter(number__startswith=month).count()
    for nth, (key, finding) in enumerate(fresh, start=last + 1):
        rule, kind = finding.rule, rule_rows.kinds()[finding.kind]
        organisation = orgs.get(finding.org, "")
        person = persons.get(finding.psn)
        severity = rule_rows.severity(rule)
        case = models.Case.objects.create(
            number=f"{month}-{nth:04d}",
            state=CASE.start,
            organisation=organisation,
            person=person,
            kind=finding.kind,
            severity=severity,
            amount_fen=finding.amount_fen,
            day=finding.day or None,
            opened_at=at,
            record_opened=person is not None,
        )
        row = models.Finding.objects.create(
            key=key,
            lines_digest=_lines_digest(finding),
            case=case,
            kind=finding.kind,
            class_seq=rule.class_seq,
            template=kind.template,
            rule_row=rule.row,
            rule_version=rule.version,
            point=rule.point,
            status=rule.status,
            source=rule.source,
            clause=rule.clause,
            parameters=parameters(rule),
            rule_key=finding.rule_key,
            person=person,
            psn=finding.psn,
            organisation=organisation,
            enc=finding.enc or None,
            day=finding.day or None,
            amount_fen=finding.amount_fen,
            severity=severity,
            found_at=at,
        )
        _write_lines(row, finding)
        if person is not None:
            relate(person, organisation, case.pk)
        trail.record(
            "claims.case.opened",
            case.subject,
            by=by,
            at=at,
            detail={"finding": row.pk, "rule": rule.row},
        )
    return len(fresh)


def _write_lines(row: models.Finding, finding: Finding) -> None:
    marked = dict.fromkeys(finding.involved_numbers, False)
    marked.update(dict.fromkeys(finding.violating_numbers, True))
    models.FindingLine.objects.bulk_create(
        models.FindingLine(finding=row, line=line, violating=violating)
        for line, violating in marked.items()
    )


@transaction.atomic
def _renew(pk: int, finding: Finding, at: datetime) -> int:
    """Take changed lines over while nobody has decided; 1 if anything was written."""
    row = models.Finding.objects.select_related("case").get(pk=pk)
    if row.case.state != CASE.start:
        return 0
    row.lines.all().delete()
    _write_lines(row, finding)
    row.lines_digest = _lines_digest(finding)
    row.rule_row, row.rule_version = finding.rule.row, finding.rule.version
    row.clause, row.source = finding.rule.clause, finding.rule.source
    row.parameters, row.amount_fen = parameters(finding.rule), finding.amount_fen
    row.save()
    row.case.amount_fen = finding.amount_fen
    row.case.save(update_fields=["amount_fen"])
    trail.record("claims.finding.renewed", row.case.subject, by=None, at=at)
    return 1


def _withdraw(keys: set[str], at: datetime) -> int:
    gone = models.Case.objects.filter(
        state=CASE.start, findings__key__in=list(keys)[:900]
    ).distinct()
    count = 0
    for case in gone:
        with transaction.atomic():
            step = workflow.advance(CASE, case.subject, case.state, "withdraw", actor=None, at=at)
            case.state = step.target
            case.save(update_fields=["state"])
        count += 1
    return count


def _tie(persons: dict[int, int | None], relate: Relate) -> None:
    """Cases of people who were tied to the record after the case was opened."""
    loose = models.Finding.objects.filter(person=None).select_related("case")
    for finding in list(loose):
        person = persons.get(finding.psn)
        if person is None:
            continue
        with transaction.atomic():
            finding.person = finding.case.person = person
            finding.save(update_fields=["person"])
            finding.case.record_opened = True
            finding.case.save(update_fields=["person", "record_opened"])
            relate(person, finding.organisation, finding.case.pk)
