"""One set-up for all tests of the zone site: the synthetic projects, an authority, two zones."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client

from taihe.base import public as base
from taihe.base.models import Account
from taihe.zone import demo

AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _databases(db: None) -> None:
    """Every test of this folder reads the zone's own tables."""


@pytest.fixture
def projects() -> dict[str, int]:
    """The synthetic projects and both bulletins."""
    return demo.fill(None, AT)


def account(
    name: str, role: base.RoleName, organisation: str, kind: base.OrganisationKind
) -> Client:
    """A signed-in client."""
    if base.organisation(organisation) is None:
        base.create_organisation(organisation, f"{organisation}(演示)", kind)
    base.create_account(
        name, name, "staff", roles=(role,), organisation_code=organisation, is_demo=True
    )
    client = Client()
    client.force_login(
        Account.objects.get(username=name), backend="django.contrib.auth.backends.ModelBackend"
    )
    return client


@pytest.fixture
def officer() -> Client:
    """An officer of the provincial authority: sees all, freezes."""
    return account("officer", "zone_officer", "ah-commerce", "zone_authority")


@pytest.fixture
def zone_staff() -> Client:
    """An officer of the 太和 zone: sees its projects only."""
    return account("taihe", "zone_officer", "taihe", "zone")


@pytest.fixture
def auditor() -> Client:
    """Somebody signed in with another role."""
    return account("watch", "security_auditor", "ah-commerce", "zone_authority")
