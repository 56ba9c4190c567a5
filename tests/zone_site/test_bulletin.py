"""A bulletin recomputes byte for byte from the ledger and from its table; tampering is found."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from taihe.kernel.errors import Conflict, NotFound
from taihe.zone import actions, demo, models, public
from taihe.zone.domain.projects import YI_FEN, Entry

from .conftest import AT


def test_the_demo_is_filled_once(projects: dict[str, int]) -> None:
    assert (projects["projects"], projects["bulletins"]) == (638, 2)
    assert demo.fill(None, AT) == {"projects": 0, "entries": 0, "bulletins": 0}
    assert models.Evidence.objects.count() == projects["entries"]


def test_an_interrupted_fill_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> int:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(public, "freeze_bulletin", stop)
        with pytest.raises(RuntimeError):
            demo.fill(None, AT)
    assert demo.fill(None, AT)["bulletins"] == 2
    assert models.Project.objects.count() == 638


def test_later_evidence_leaves_a_frozen_bulletin_as_it_was(projects: dict[str, int]) -> None:
    row = models.Project.objects.filter(stage="signed").first()
    assert row
    actions.add_evidence(
        row.pk, Entry(0, row.key, "register", date(2020, 3, 1), evidence="补登的执照"),
        by=None, at=AT + timedelta(days=1),
    )  # fmt: skip
    body, equal = public.recomputed("wmc2019")
    assert equal
    assert body == models.Bulletin.objects.get(event="wmc2019", edition=2).body.encode()
    edition = actions.freeze_bulletin("wmc2019", as_of=demo.SECOND_AS_OF, by=None, at=AT)
    newest = public.bulletins("wmc2019")[0]
    assert (newest.edition, edition) == (3, 3)
    counts = {figure.key: figure.printed for figure in newest.figures}
    assert counts["registered_projects"] == "610"


def test_another_machine_gets_the_same_bytes_from_the_table(
    projects: dict[str, int], tmp_path: Path
) -> None:
    table = tmp_path / "wmc2019-2.csv"
    table.write_bytes(Client().get("/conventions/wmc2019/editions/2/projects.csv").content)
    body = Client().get("/conventions/wmc2019/editions/2/bulletin.json").content
    frozen = models.Bulletin.objects.get(event="wmc2019", edition=2)
    command = [
        sys.executable, "-c", "from taihe.zone.commands import *; import argparse;"
        "p = argparse.ArgumentParser(); add_parsers(p.add_subparsers());"
        "a = p.parse_args(); raise SystemExit(a.run(a))",
        "zone", "bulletin", str(table), "--expect",
    ]  # fmt: skip
    same = subprocess.run([*command, frozen.fingerprint], capture_output=True, check=False)
    assert same.returncode == 0, same.stderr
    assert same.stdout == body
    other = subprocess.run([*command, "0" * 64], capture_output=True, check=False)
    assert other.returncode == 1
    page = Client().get("/conventions/wmc2019/editions/2/recompute/").content.decode()
    assert "复算一致" in page and frozen.fingerprint in page
    figures = {one["key"]: one for one in json.loads(body)["figures"]}
    assert figures["landed_investment"]["numerator"] == 5365 * YI_FEN
    assert figures["landed_investment_share"]["denominator"] == 7351 * YI_FEN


def test_there_is_nothing_to_recompute_without_a_bulletin() -> None:
    with pytest.raises(NotFound):
        public.recomputed("wmc2018")
    with pytest.raises(Conflict):
        actions.freeze_bulletin("wmc2018", as_of=date(2020, 1, 1), by=None, at=AT)


def test_ledger_rows_are_only_added(projects: dict[str, int]) -> None:
    row = models.Evidence.objects.first()
    assert row
    row.text = "改过"
    with pytest.raises(Conflict):
        row.save()
    with pytest.raises(Conflict):
        row.delete()


BROKEN = [
    {"action": "sign"},
    {"action": "fund", "amount_fen": 0},
    {"action": "start", "amount_fen": 5},
    {"action": "sold"},
    {"action": "merge"},
    {"action": "change", "outside": True, "zone_id": "taihe"},
    {"action": "change", "text": ""},
]


@pytest.mark.parametrize("columns", BROKEN, ids=str)
def test_the_database_refuses_what_must_not_be(
    projects: dict[str, int], columns: dict[str, object]
) -> None:
    project = models.Project.objects.get(key="WMC2019-0001")
    facts = {"happened_on": date(2022, 1, 1), "text": "凭证", "at_us": 0, **columns}
    with pytest.raises(IntegrityError), transaction.atomic():
        models.Evidence(project=project, **facts).save()


def test_funds_above_the_investment_are_refused_by_the_database(projects: dict[str, int]) -> None:
    project = models.Project.objects.get(key="WMC2019-0001")
    project.funds_fen = project.investment_fen + 1
    with pytest.raises(IntegrityError), transaction.atomic():
        project.save()


def test_the_stored_state_of_every_project_follows_from_its_evidence(
    projects: dict[str, int],
) -> None:
    from taihe.zone import queries
    from taihe.zone.domain.projects import facts_on

    ledger = models.Evidence.objects.select_related("project")
    facts = {one.project: one for one in facts_on(queries.entries_of(ledger), date.max)}
    for row in models.Project.objects.all():
        one = facts[row.key]
        assert (row.stage, row.zone_id or "", row.investment_fen, row.contract_fen, row.funds_fen) == (
            one.stage.value, one.zone, one.investment_fen, one.contract_fen, one.funds_fen,
        )  # fmt: skip


TAMPERING = [
    ("evidence", "UPDATE zone_evidence SET amount_fen = amount_fen + 1 WHERE id = "
                 "(SELECT MIN(id) FROM zone_evidence WHERE action = 'fund')"),
    ("evidence", "UPDATE zone_evidence SET happened_on = '2019-10-01' WHERE id = "
                 "(SELECT MAX(id) FROM zone_evidence WHERE action = 'register')"),
    ("evidence", "DELETE FROM zone_evidence WHERE id = (SELECT MAX(id) FROM zone_evidence)"),
    ("project", "UPDATE zone_project SET name = name || '甲' WHERE key = 'WMC2019-0300'"),
    ("bulletin", "UPDATE zone_bulletin SET body = REPLACE(body, '68.5', '69.5') WHERE edition = 2"),
]  # fmt: skip


@pytest.mark.django_db(transaction=True, databases=["default", "access"])
@pytest.mark.parametrize(("chain_name", "sql"), TAMPERING, ids=[sql[:60] for _, sql in TAMPERING])
def test_a_changed_row_of_a_sealed_chain_is_found(chain_name: str, sql: str) -> None:
    from django.conf import settings

    from taihe.base import chain

    (settings.TAIHE_FOLDER / "chain" / "heads.log").unlink(missing_ok=True)
    demo.fill(None, AT)
    chain.seal_once()
    assert chain.verify().clean
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA foreign_keys = OFF")
        cursor.execute(sql)
    findings = chain.verify().findings
    assert {one.chain for one in findings} == {chain_name}
