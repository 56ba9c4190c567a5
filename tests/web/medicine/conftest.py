"""A person, a prescriber, pharmacies, and prescriptions as they come to be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from taihe.base import models as base
from taihe.base import public
from taihe.medicine import actions, tokens
from taihe.medicine.domain.prescription import DraftLine, PrescriptionDraft
from taihe.medicine.models import Prescription
from taihe.record import public as record
from tests.web.people import WANG, store_person


@dataclass(frozen=True)
class Someone:
    """An account: as an actor, and as a browser."""

    actor: public.Actor
    browser: Client


@pytest.fixture
def someone(transactional_db) -> Callable[..., Someone]:
    """Makes an account of a role at an organisation."""

    def make(role: str, organisation: str, username: str = "") -> Someone:
        made = public.create_account(
            username or f"{role}-{organisation}",
            "赵一",
            "staff",
            roles=(role,),
            organisation_code=organisation,
        )
        browser = Client()
        browser.force_login(
            base.Account.objects.get(pk=made.account_id),
            backend="django.contrib.auth.backends.ModelBackend",
        )
        return Someone(public.actor_of(made.account_id), browser)

    return make


@pytest.fixture
def person(transactional_db, hospital) -> int:
    """王秀英, 71, allergic to penicillin, whom the hospital treats."""
    number = store_person(WANG)
    record.relate(number, hospital.party, "treats", start=date(2024, 1, 1), source="test")
    return number


@pytest.fixture
def doctor(someone, hospital) -> Someone:
    """A TCM doctor who also writes western prescriptions."""
    return someone("tcm_doctor", hospital.code)


@pytest.fixture
def pharmacy(transactional_db) -> public.Organisation:
    """A pharmacy."""
    return public.create_organisation("P34122200001", "太和县大药房", "pharmacy")


@pytest.fixture
def pharmacist(someone, pharmacy) -> Someone:
    """A pharmacist of it."""
    return someone("pharmacist", pharmacy.code)


def draft(kind: str = "western", *lines: DraftLine, **more: Any) -> PrescriptionDraft:
    """A draft of today with these lines, or one that every check lets pass."""
    usual = {
        "western": (DraftLine("", "苯磺酸氨氯地平片", Decimal(1), "盒", "每日一次", 7),),
        "tcm": (DraftLine("", "甘草", Decimal(6), "g"), DraftLine("", "白术", Decimal(9), "g")),
    }
    return PrescriptionDraft(
        kind=kind,  # type: ignore[arg-type]
        lines=lines or usual[kind],
        on=timezone.localdate(),
        **{"diagnosis": "高血压", "doses": 7 if kind == "tcm" else None} | more,
    )


@pytest.fixture
def written(doctor, person, hospital) -> Callable[..., Prescription]:
    """Writes a prescription: `written(draft(...))`."""

    def make(made: PrescriptionDraft | None = None, at: datetime | None = None) -> Prescription:
        grant = actions.open_for_treatment(doctor.actor, person, action="prescribe", route="test")
        return actions.write_prescription(
            made or draft(organisation=hospital.code),
            grant,
            actor=doctor.actor,
            at=at or timezone.now(),
        )

    return make


@pytest.fixture
def signed(written, doctor) -> Callable[[], tuple[Prescription, str]]:
    """A signed prescription and its token."""

    def make() -> tuple[Prescription, str]:
        row = written()
        row = actions.sign_prescription(
            row.pk, seen_state=row.state, actor=doctor.actor, at=timezone.now()
        )
        return row, tokens.token_of(row.pk, row.nonce)

    return make
