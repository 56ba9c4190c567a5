"""A county hospital, a township hospital, and somebody whom the township treats."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from taihe.base import public
from taihe.record import public as record
from taihe.visits import actions
from taihe.visits.models import ClinicSession
from tests.web.medicine.conftest import Someone, someone
from tests.web.people import WANG, store_person

__all__ = ["someone"]


@pytest.fixture
def township(transactional_db) -> public.Organisation:
    """The township hospital that sends."""
    return public.create_organisation(
        "W34122200001", "旧县镇卫生院", "township_hospital", level="1"
    )


@pytest.fixture
def sender(someone, township) -> Someone:
    """A doctor of the township hospital."""
    return someone("clinician", township.code)


@pytest.fixture
def receiver(someone, hospital) -> Someone:
    """A doctor of the county hospital."""
    return someone("clinician", hospital.code)


@pytest.fixture
def person(transactional_db, township) -> int:
    """王秀英, whom the township hospital treats and the county hospital does not know."""
    number = store_person(WANG)
    record.relate(number, township.party, "treats", start=date(2024, 1, 1), source="test")
    return number


@pytest.fixture
def session(transactional_db, hospital) -> ClinicSession:
    """Tomorrow afternoon at the county hospital: 3 places."""
    return actions.open_session(
        where=hospital,
        department="心内科",
        doctor="",
        day=timezone.localdate() + timedelta(days=1),
        half="pm",
        capacity=3,
        by=1,
        at=timezone.now(),
    )
