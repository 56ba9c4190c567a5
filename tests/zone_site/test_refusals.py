"""Who may not see a project or a desk of the zone site does not, whatever the address."""

from __future__ import annotations

import itertools

import pytest
from django.test import Client
from django.urls import reverse

from taihe.base import models as base
from taihe.base import public
from taihe.zone.models import Evidence, Project
from tests.project.test_routes import ROUTES

ROLES = [role for role, _ in base.Role.Name.choices]
METHODS = ("get", "post")


def enter(role: str, organisation: str = "", kind: str = "zone_authority") -> Client:
    if organisation and public.organisation(organisation) is None:
        public.create_organisation(organisation, organisation, kind)  # type: ignore[arg-type]
    made = public.create_account(
        f"{role}-x",
        "某人",
        "staff",
        roles=(role,),  # type: ignore[arg-type]
        organisation_code=organisation,
    )
    browser = Client()
    browser.force_login(
        base.Account.objects.get(pk=made.account_id),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    return browser


def walk(browser: Client):
    """Every answer of every route that is not public, by each method."""
    numbers = list(Project.objects.values_list("pk", flat=True)[:2])
    fills = {"pk": numbers, "edition": [1], "key": ["wmc2019", "none"], "code": ["taihe", "none"]}
    for _, pattern in ROUTES:
        declared = pattern.callback.taihe_access
        if declared.who == "public":
            continue
        names = pattern.pattern.converters
        for chosen in itertools.product(*(fills[name] for name in names)):
            address = reverse(pattern.name, kwargs=dict(zip(names, chosen, strict=True)))
            for method in METHODS:
                yield f"{method} {address}", declared, pattern, getattr(browser, method)(address)


def test_a_stranger_is_sent_to_the_sign_in_page_everywhere(projects):
    for where, _, _, answer in walk(Client()):
        assert answer.status_code == 302, where
        assert answer["Location"].startswith("/sign-in/"), where


@pytest.mark.parametrize("role", ROLES)
def test_other_roles_find_no_such_page_and_change_nothing(projects, role):
    before = Evidence.objects.count()
    for where, declared, _, answer in walk(enter(role, "H1", "hospital")):
        if role not in declared.roles:
            assert answer.status_code in (404, 405), where
    assert Evidence.objects.count() == before


def test_somebody_who_may_no_longer_sign_in_is_a_stranger(projects):
    browser = enter("zone_officer", "authority")
    base.Account.objects.update(is_active=False)
    for where, _, _, answer in walk(browser):
        assert answer.status_code == 302, where


@pytest.mark.parametrize(
    ("organisation", "kind"), [("", ""), ("H1", "hospital"), ("other-zone", "zone")]
)
def test_an_officer_of_nowhere_or_of_another_zone_opens_no_project(projects, organisation, kind):
    browser = enter("zone_officer", organisation, kind)
    names = list(Project.objects.values_list("name", flat=True))
    for where, _, pattern, answer in walk(browser):
        if pattern.name in ("zone-project", "zone-freeze"):
            assert answer.status_code in (404, 405), where
        page = answer.content.decode(errors="replace")
        assert not any(name in page for name in names), where


def test_the_authority_opens_them_so_that_the_walk_means_something(projects):
    opened = {p.name for _, _, p, answer in walk(enter("zone_officer", "authority"))
              if answer.status_code in (200, 302, 422)}  # fmt: skip
    assert {"zone-desk", "zone-projects", "zone-project", "zone-new-project"} <= opened
