"""Every error is a designed page with a way on, or a problem document, and says nobody's values."""

from __future__ import annotations

import json
import logging
import sys

import pytest
from django.test import Client

from taihe.base.logs import Formatter

pytestmark = pytest.mark.django_db
NAME, NUMBER = "欧阳建国", "340822195001010011"

KINDS = [
    # kind, status, words on the page
    ("incorrect", 400, "缺少日期。"),
    ("suspicious", 400, "请求的内容不完整"),
    ("forbidden", 403, "请由他人确认。"),
    ("denied", 403, "不能使用这个功能"),
    ("not-found", 404, "没有这个病例。"),
    ("conflict", 409, "已被他人办理。"),
    ("unsupported", 422, "不支持。"),
    ("value", 500, "问题已经记录"),
    ("key", 500, "问题已经记录"),
    ("fault", 500, "请联系管理员"),
    ("busy", 503, "磁盘已满。"),
    ("locked", 503, "系统繁忙"),
    ("locked-raw", 503, "系统繁忙"),
]


@pytest.fixture(autouse=True)
def raising(settings):
    settings.ROOT_URLCONF = "tests.web.raising_urls"


@pytest.fixture
def browser() -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def logged():
    """Everything that any logger says, as it would stand on stderr."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    keep = Keep()
    keep.setFormatter(Formatter())
    root = logging.getLogger()
    root.addHandler(keep)
    yield lines
    root.removeHandler(keep)


@pytest.mark.parametrize(("kind", "status", "words"), KINDS)
def test_an_error_is_a_page_that_says_what_to_do(browser, kind, status, words):
    response = browser.get(f"/raise/{kind}/")
    page = response.content.decode()
    assert response.status_code == status
    assert "text/html" in response["Content-Type"]
    assert words in page
    assert page.count("<h1>") == 1
    assert 'class="button primary"' in page, "there is a way on"
    assert ("Retry-After" in response) == (status == 503)


@pytest.mark.parametrize(("kind", "status", "words"), KINDS)
def test_an_error_under_api_is_a_problem_document(browser, kind, status, words):
    response = browser.get(f"/api/raise/{kind}/")
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    body = json.loads(response.content)
    assert body["status"] == status
    assert words in body["detail"] + body["do"]
    assert body["type"].startswith("urn:taihe:problem:")


def test_an_address_nobody_has_is_the_same_for_all(browser):
    assert browser.get("/no/such/page").status_code == 404
    assert json.loads(browser.get("/api/none").content)["status"] == 404


@pytest.mark.parametrize(("kind", "status", "words"), KINDS)
@pytest.mark.parametrize("where", ["query", "body", "form"])
def test_no_error_repeats_a_persons_values(browser, logged, capsys, kind, status, words, where):
    address = f"/raise/{kind}/"
    if where == "query":
        response = browser.get(address, {"name": f"{NAME} {NUMBER}"})
    elif where == "body":
        response = browser.post(address, f"{NAME} {NUMBER}", content_type="text/plain")
    else:
        response = browser.post(address, {"name": f"{NAME} {NUMBER}"})
    said = "\n".join([*logged, capsys.readouterr().err, str(response.headers)])
    for value in (NAME, NUMBER):
        assert value not in said
        if where != "query":  # the page's language form holds its own address
            assert value not in response.content.decode()


def test_an_unknown_address_is_not_repeated_in_logs(browser, logged, capsys):
    response = browser.get(f"/person/{NUMBER}/{NAME}")
    assert response.status_code == 404
    assert NUMBER not in "\n".join([*logged, capsys.readouterr().err, str(response.headers)])


def test_a_fault_is_logged_with_its_class_and_place(browser, logged):
    browser.get("/raise/value/", {"name": NAME})
    said = "\n".join(logged)
    assert "ValueError" in said
    assert "raising_urls.py" in said
    assert "route raise" in said


def test_a_fault_has_a_page_even_when_templates_are_broken(browser, monkeypatch):
    from taihe.base.views import errors

    def broken(*_: object, **__: object):
        raise RuntimeError

    monkeypatch.setattr(errors, "render", broken)
    response = browser.get("/raise/value/")
    assert response.status_code == 500
    assert "问题已经记录" in response.content.decode()


def test_pages_have_the_headers_that_protect_them(browser, signed_in):
    response = browser.get("/fine/")
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert "geolocation=()" in response["Permissions-Policy"]


def test_pages_for_signed_in_people_stay_out_of_caches(signed_in):
    assert "no-store" in signed_in("security_auditor").get("/desk/admin/")["Cache-Control"]


def test_a_slow_answer_is_logged_by_its_route(browser, logged, monkeypatch):
    from taihe.base import middleware

    monkeypatch.setattr(middleware, "SLOW_SECONDS", -1.0)
    browser.get("/fine/", {"name": NAME})
    assert any("GET fine 200 slow" in line for line in logged)
    assert NAME not in "".join(logged)


def test_the_reporter_of_djangos_errors_is_not_used(settings):
    assert settings.DEBUG is False
    assert settings.ADMINS == []
    assert "django" not in sys.argv[0]
