"""The ground floor on the zone site: its own stores, sign-in, errors and health."""

from __future__ import annotations

import pytest
from django.test import Client

from taihe.base import public, store


def test_the_site_answers_for_itself():
    body = Client().get("/healthz").json()
    assert body["site"] == "zone"
    assert store.path_of("default").endswith("zone.sqlite3")


def test_the_two_sites_cookies_do_not_meet(settings):
    assert settings.SESSION_COOKIE_NAME == "taihe_zone_session"


@pytest.mark.parametrize(
    ("role", "home"), [("zone_officer", "/desk/"), ("administrator", "/desk/admin/")]
)
def test_demo_accounts_go_to_their_desk(role, home):
    public.create_account("demo-1", "演示", "staff", roles=(role,), is_demo=True)
    browser = Client()
    response = browser.post("/sign-in/demo/", {"account": "demo-1"})
    assert response["Location"] == home
    assert browser.get(home).status_code == 200


def test_roles_of_the_health_site_open_nothing_here():
    public.create_account("doctor", "某人", "staff", roles=("clinician",), is_demo=True)
    browser = Client()
    browser.post("/sign-in/demo/", {"account": "doctor"})
    assert browser.get("/desk/admin/").status_code == 404


def test_an_unknown_address_is_a_page():
    response = Client().get("/none/")
    assert response.status_code == 404
    assert "请检查地址" in response.content.decode()
