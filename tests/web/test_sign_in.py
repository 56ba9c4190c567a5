"""Signing in: with a password, as a demo account, too often, and going on to one's desk."""

from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session
from django.core import signing
from django.test import Client

from taihe.base import models, public
from taihe.base.models import TrailRow

from .conftest import PASSWORD

pytestmark = pytest.mark.django_db


def enter(browser: Client, username: str, password: str = PASSWORD, **more: str):
    return browser.post("/sign-in/", {"username": username, "password": password, **more})


def test_the_page_has_one_form_with_labels_and_no_demo_button_without_demo(client, settings):
    settings.TAIHE_DEMO = False
    page = client.get("/sign-in/").content.decode()
    assert "<h1>" in page
    assert 'for="id_username"' in page
    assert 'autocomplete="current-password"' in page
    assert "演示账号" not in page
    assert "no-store" in client.get("/sign-in/")["Cache-Control"]


@pytest.mark.parametrize(
    ("role", "home"),
    [("clinician", "/desk/record/"), ("auditor", "/desk/claims/"), ("resident", "/app/")],
)
def test_each_role_goes_to_its_desk(client, account, role, home):
    account(role, password=PASSWORD)
    response = enter(client, f"{role}-1")
    assert (response.status_code, response["Location"]) == (302, home)
    assert client.get("/")["Location"] == home
    assert client.get("/sign-in/")["Location"] == home


def test_one_goes_on_to_the_page_one_wanted(client, account):
    account("auditor", password=PASSWORD)
    assert enter(client, "auditor-1", next="/definitions/?x=1")["Location"] == "/definitions/?x=1"


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil"]
)
def test_the_next_page_is_one_of_this_site(client, account, elsewhere):
    account("auditor", password=PASSWORD)
    assert enter(client, "auditor-1", next=elsewhere)["Location"] == "/desk/claims/"


def test_a_wrong_password_is_said_at_the_form_and_nothing_is_lost(client, account):
    account("auditor", password=PASSWORD)
    response = enter(client, "auditor-1", "wrong", next="/definitions/")
    page = response.content.decode()
    assert response.status_code == 400
    assert "用户名或口令不对" in page
    assert 'value="auditor-1"' in page
    assert 'value="/definitions/"' in page
    assert "wrong" not in page
    assert not Session.objects.exists()


def test_empty_fields_are_named(client):
    page = enter(client, "", "").content.decode()
    assert "请填写用户名。" in page
    assert "请填写口令。" in page


def test_an_unknown_name_an_inactive_account_and_no_password_look_alike(client, account):
    account("auditor", password=PASSWORD)
    account("clinician", password=PASSWORD)
    account("hospital")
    models.Account.objects.filter(username="clinician-1").update(is_active=False)
    pages = {
        enter(Client(), name, "a wrong one")
        .content.decode()
        .replace(name, "NAME")
        .split("<form")[-1]
        for name in ("auditor-1", "clinician-1", "hospital-1", "nobody-here")
    }
    texts = {page.split("csrfmiddlewaretoken")[0] for page in pages}
    assert len(texts) == 1


def test_after_five_wrong_passwords_the_right_one_has_to_wait(client, account):
    account("auditor", password=PASSWORD)
    answers = [enter(client, "auditor-1", f"wrong {n}").status_code for n in range(6)]
    assert answers[:4] == [400] * 4
    assert answers[-1] == 429
    locked = enter(client, "auditor-1")
    assert locked.status_code == 429
    assert "15 分钟后再试" in locked.content.decode()
    assert "联系本单位管理员" in locked.content.decode()
    account("clinician", password=PASSWORD)
    assert enter(client, "clinician-1").status_code == 302, "others may still sign in"


def test_typed_names_are_kept_nowhere(client, account):
    """People type their citizen number into the name field; no file may keep it."""
    from axes.models import AccessAttempt, AccessFailureLog, AccessLog

    for _ in range(7):
        enter(client, "340822195001010011", "x")
    assert not AccessAttempt.objects.exists()
    assert not AccessLog.objects.exists()
    assert not AccessFailureLog.objects.exists()
    assert "340822195001010011" not in str(list(TrailRow.objects.values_list()))


def test_sessions_are_written_at_sign_in_and_out_only(client, account, django_assert_num_queries):
    account("auditor", password=PASSWORD)
    client.get("/definitions/")
    client.get("/sign-in/")
    assert not Session.objects.exists()
    enter(client, "auditor-1")
    before = Session.objects.get().session_data
    for _ in range(3):
        client.get("/definitions/")
    assert Session.objects.get().session_data == before
    client.post("/sign-out/")
    assert not Session.objects.exists()


def test_a_new_session_has_a_new_key(client, account):
    account("auditor", password=PASSWORD)
    enter(client, "auditor-1")
    first = client.cookies["taihe_health_session"].value
    client.post("/sign-out/")
    enter(client, "auditor-1")
    assert client.cookies["taihe_health_session"].value != first
    with pytest.raises(signing.BadSignature):
        signing.loads(first)


def test_cookies_are_for_this_site_and_not_for_scripts(client, account):
    account("auditor", password=PASSWORD)
    enter(client, "auditor-1")
    for name in ("taihe_health_session", "taihe_health_csrf"):
        cookie = client.cookies.get(name)
        if cookie is not None:
            assert cookie["httponly"]
            assert cookie["samesite"] == "Lax"


def test_signing_out_needs_a_post_and_goes_to_the_sign_in_page(client, account):
    account("auditor", password=PASSWORD)
    enter(client, "auditor-1")
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/")["Location"] == "/sign-in/"
    assert client.get("/desk/admin/").status_code == 302


def test_signing_in_and_out_leaves_a_trail(client, account):
    made = account("auditor", password=PASSWORD)
    enter(client, "auditor-1", "wrong")
    enter(client, "auditor-1")
    client.post("/sign-out/")
    rows = TrailRow.objects.exclude(action="account.created").order_by("pk")
    assert [(row.action, row.by) for row in rows] == [
        ("sign-in.failed", None),
        ("signed-in", made.party),
        ("signed-out", made.party),
    ]


def test_a_form_without_its_token_is_refused(account):
    account("auditor", password=PASSWORD)
    browser = Client(enforce_csrf_checks=True)
    response = enter(browser, "auditor-1")
    assert response.status_code == 403
    assert "表单已经失效" in response.content.decode()


def test_demo_accounts_enter_by_one_click(client, account, hospital):
    account("clinician", username="demo-doctor", is_demo=True, organisation_code=hospital.code)
    account("auditor")
    page = client.get("/sign-in/").content.decode()
    assert page.count('name="account"') == 1
    assert "医生" in page
    assert hospital.name in page
    response = client.post("/sign-in/demo/", {"account": "demo-doctor"})
    assert response["Location"] == "/desk/record/"
    assert client.get("/")["Location"] == "/desk/record/"


def test_only_demo_accounts_enter_by_one_click(client, account):
    account("auditor")
    for name in ("auditor-1", "", "none"):
        assert client.post("/sign-in/demo/", {"account": name}).status_code == 404
    assert client.get("/sign-in/demo/").status_code == 405


def test_a_real_installation_has_neither_button_nor_way(client, account, settings):
    account("auditor", username="left-over", is_demo=True)
    settings.TAIHE_DEMO = False
    assert "left-over" not in client.get("/sign-in/").content.decode()
    assert client.post("/sign-in/demo/", {"account": "left-over"}).status_code == 404
    with pytest.raises(public.Conflict):
        account("hospital", is_demo=True)
    assert enter(client, "left-over", "").status_code == 400


def test_a_demo_account_without_a_password_cannot_guess_one(client, account):
    account("auditor", username="demo", is_demo=True)
    assert enter(client, "demo", "!").status_code == 400


def test_a_part_of_a_page_sends_the_whole_page_to_the_sign_in_page(client):
    response = client.get("/desk/admin/", headers={"HX-Request": "true"})
    assert (response.status_code, response["HX-Redirect"]) == (401, "/sign-in/")


def test_who_has_no_role_still_finds_a_page(client, account):
    account("", password=PASSWORD)
    assert enter(client, "nobody-1")["Location"] == "/definitions/"
    assert client.get("/definitions/").status_code == 200


def test_pages_are_chinese_until_another_language_is_chosen(client):
    page = client.get("/sign-in/", headers={"Accept-Language": "en-GB,en"})
    assert '<html lang="zh-CN"' in page.content.decode()
    assert page["Content-Language"] == "zh-hans"


def test_english_is_kept_in_a_cookie(client):
    client.post("/language/", {"language": "en", "next": "/sign-in/"})
    assert client.cookies["taihe_language"].value == "en"
    assert '<html lang="en"' in client.get("/sign-in/").content.decode()
    assert not Session.objects.exists()
