"""What the page tests share: accounts of each role and browsers signed in as them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.test import Client

from taihe.base import models, public

PASSWORD = "一个足够长的口令而且少见"


@pytest.fixture(autouse=True)
def fresh_limits():
    """Sign-in attempts of one test do not count in the next."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def hospital(db) -> public.Organisation:
    """A hospital."""
    return public.create_organisation("H340822001", "太和县人民医院", "hospital", level="2")


@pytest.fixture
def account(db) -> Callable[..., public.Account]:
    """Makes an account of a role: `account("clinician")`."""

    def make(role: str, username: str = "", **options) -> public.Account:
        kind = "resident" if role == "resident" else "staff"
        roles = (role,) if role else ()
        return public.create_account(
            username or f"{role or 'nobody'}-1", "某人", kind, roles=roles, **options
        )

    return make


@pytest.fixture
def signed_in(account) -> Callable[..., Client]:
    """A browser signed in as a new account of a role: `signed_in("auditor")`."""

    def enter(role: str, **options) -> Client:
        made = account(role, **options)
        browser = Client()
        browser.force_login(
            models.Account.objects.get(pk=made.account_id),
            backend="django.contrib.auth.backends.ModelBackend",
        )
        return browser

    return enter
