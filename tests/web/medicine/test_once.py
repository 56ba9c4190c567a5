"""A prescription is dispensed once, however many pharmacies come at the same moment."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, connections
from django.utils import timezone

from taihe.base import public, workflow
from taihe.base.models import WorkflowStep
from taihe.kernel.errors import Conflict, TaiheError
from taihe.medicine import actions
from taihe.medicine.domain.workflow import PRESCRIPTION
from taihe.medicine.models import Dispensing, Prescription

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "access"])
RACING = 50


def test_of_fifty_pharmacies_one_dispenses(signed, someone) -> None:
    row, token = signed()
    pharmacists = []
    for number in range(RACING):
        place = public.create_organisation(f"P{number:05d}", f"药房{number}", "pharmacy")
        pharmacists.append(someone("pharmacist", place.code).actor)
    for actor in pharmacists:
        actions.present_prescription(token, actor=actor, at=timezone.now())
    start = threading.Barrier(RACING)
    results: list[str] = []

    def race(actor: public.Actor) -> None:
        try:
            start.wait()
            actions.dispense(row.pk, actor=actor, at=timezone.now())
            results.append("dispensed")
        except TaiheError as error:
            results.append(type(error).__name__)
        except Exception as error:
            results.append(repr(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=race, args=(actor,)) for actor in pharmacists]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(results) == ["Conflict"] * (RACING - 1) + ["dispensed"]
    assert Dispensing.objects.count() == 1
    assert Prescription.objects.get(pk=row.pk).state == "dispensed"
    steps = WorkflowStep.objects.filter(workflow=PRESCRIPTION.name, action="dispense")
    assert steps.count() == 1
    trailed = "SELECT count(*) FROM base_trail WHERE action = 'medicine.prescription.dispense'"
    with connection.cursor() as cursor:
        assert cursor.execute(trailed).fetchone() == (1,)


def test_the_database_alone_forbids_a_second_dispensing(signed, pharmacist) -> None:
    """Even code that forgets the workflow cannot dispense twice."""
    from django.db import IntegrityError, transaction

    row, token = signed()
    actions.present_prescription(token, actor=pharmacist.actor, at=timezone.now())
    actions.dispense(row.pk, actor=pharmacist.actor, at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Dispensing.objects.create(
            prescription=row, organisation="x", organisation_name="x", by=1, at=timezone.now()
        )


def test_a_second_try_says_so_and_changes_nothing(signed, pharmacist) -> None:
    row, token = signed()
    now = timezone.now()
    actions.present_prescription(token, actor=pharmacist.actor, at=now)
    actions.dispense(row.pk, actor=pharmacist.actor, at=now)
    before = workflow.history(row.subject)
    with pytest.raises(Conflict, match="已经发过药"):
        actions.dispense(row.pk, actor=pharmacist.actor, at=now)
    with pytest.raises(Conflict, match="已经发过药"):
        actions.present_prescription(token, actor=pharmacist.actor, at=now)
    assert workflow.history(row.subject) == before
