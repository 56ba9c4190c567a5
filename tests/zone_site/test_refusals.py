"""Who may not see a project or a desk of the zone site does not, whatever the address."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from taihe.base import models as base
from taihe.base import public
from taihe.zone import models, workbook
from taihe.zone.models import Project
from taihe.zone.views.imports import COLUMNS
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


@pytest.fixture
def world(projects) -> dict[str, Any]:
    """The projects, and of zone 太和 a park application, an import, a promotion and a need."""
    common = {"zone_id": "taihe", "by": 1, "at_us": 1}
    day = date(2026, 11, 24)
    return {
        "park": models.ParkApplication.objects.create(
            name="安徽中某国际合作产业园", country="DE", place="国家级", industry="医药",
            summary="合作基础", **common,
        ),
        "batch": models.ImportBatch.objects.create(
            file_sha256="0" * 64, rows=1, entered=0, refused=1, by=1, at_us=1,
            returned=workbook.write([[*COLUMNS, "问题"]]),
        ),
        "promotion": models.Promotion.objects.create(
            name="某某中试基地", industry="2720", investment_fen=1, summary="说明",
            valid_until=day, state="draft", **common,
        ),
        "need": models.Need.objects.create(
            series="finance", firm="某某有限公司", text="用电", raised_on=day, due_on=day,
            state="open", **common,
        ),
    }  # fmt: skip


SECRET = ("安徽中某国际合作产业园", "某某中试基地", "某某有限公司")


def walk(browser: Client, world: dict[str, Any]):
    """Every answer of every route that is not public, by each method."""
    numbers = {
        *Project.objects.filter(zone="taihe").values_list("pk", flat=True)[:2],
        world["park"].pk,
        world["batch"].pk,
    }
    fills = {
        "pk": sorted(numbers),
        "edition": [1],
        "key": ["wmc2019", "none"],
        "code": ["taihe", "none"],
    }
    forms = {
        "zone-park": {"action": "submit"},
        "zone-needs": {"number": world["need"].pk, "action": "accept"},
        "zone-promotions": {"number": world["promotion"].pk, "action": "submit"},
    }
    for _, pattern in ROUTES:
        declared = pattern.callback.taihe_access
        if declared.who == "public":
            continue
        names = pattern.pattern.converters
        for chosen in itertools.product(*(fills[name] for name in names)):
            address = reverse(pattern.name, kwargs=dict(zip(names, chosen, strict=True)))
            for method in METHODS:
                data = forms.get(pattern.name, {}) if method == "post" else {}
                answer = getattr(browser, method)(address, data)
                yield f"{method} {address}", declared, pattern, answer


ABOUT_ONE = (
    "zone-project", "zone-freeze", "zone-park", "zone-import-batch", "zone-import-returned",
)  # fmt: skip


def stands() -> dict[str, list[str]]:
    """Every row of the zone's tables, but for the peer's last answer."""
    return {
        model.__name__: sorted(map(repr, model.objects.values_list()))
        for model in apps.get_app_config("zone").get_models()
        if model is not models.PeerAnswer
    }


def test_a_stranger_is_sent_to_the_sign_in_page_everywhere(world):
    before = stands()
    for where, _, _, answer in walk(Client(), world):
        assert answer.status_code == 302, where
        assert answer["Location"].startswith("/sign-in/"), where
    assert stands() == before


@pytest.mark.parametrize("role", ROLES)
def test_other_roles_find_no_such_page_and_change_nothing(world, role):
    before = stands()
    for where, declared, _, answer in walk(enter(role, "H1", "hospital"), world):
        if role not in declared.roles:
            assert answer.status_code in (404, 405), where
    if role != "administrator":  # who sees all zones, as the last test shows
        assert stands() == before


def test_somebody_who_may_no_longer_sign_in_is_a_stranger(world):
    browser = enter("zone_officer", "authority")
    base.Account.objects.update(is_active=False)
    for where, _, _, answer in walk(browser, world):
        assert answer.status_code == 302, where


@pytest.mark.parametrize(
    ("organisation", "kind"), [("", ""), ("H1", "hospital"), ("other-zone", "zone")]
)
def test_an_officer_of_nowhere_or_of_another_zone_opens_no_project(world, organisation, kind):
    browser = enter("zone_officer", organisation, kind)
    names = list(Project.objects.values_list("name", flat=True))
    before = stands()
    for where, _, pattern, answer in walk(browser, world):
        if pattern.name in ABOUT_ONE:
            assert answer.status_code in (404, 405), where
        page = answer.content.decode(errors="replace")
        assert not any(name in page for name in (*names, *SECRET)), where
    assert stands() == before


def test_every_route_is_opened_by_somebody_so_that_the_walk_means_something(world):
    opened: set[str] = set()
    for role in ROLES:
        for _, declared, pattern, answer in walk(enter(role, "authority"), world):
            if role in declared.roles and answer.status_code in (200, 302, 409, 422):
                opened.add(pattern.name)
    wanted = {p.name for _, p in ROUTES if p.callback.taihe_access.who != "public"}
    assert wanted - opened == set()
