"""`taihe account` and `taihe organisation`: how a real installation gets its first people."""

from __future__ import annotations

import argparse

import pytest
from django.contrib.auth import authenticate
from django.test import RequestFactory

from taihe.base import commands, models, public
from taihe.kernel.errors import Conflict, Incorrect, NotFound

pytestmark = pytest.mark.django_db


def run(*words: str) -> int:
    top = argparse.ArgumentParser()
    commands.add_parsers(top.add_subparsers())
    chosen = top.parse_args(words)
    return chosen.run(chosen)


def signs_in(password: str, name: str = "admin") -> bool:
    request = RequestFactory().post("/sign-in/")
    return authenticate(request, username=name, password=password) is not None


@pytest.fixture
def password(capsys) -> str:
    assert run("account", "add", "admin", "--name", "管理员", "--role", "administrator") == 0
    return capsys.readouterr().out.strip()


def test_the_first_administrator_signs_in_with_the_printed_password(password):
    assert signs_in(password)
    assert not signs_in("x" + password)
    made = public.account("admin")
    assert made is not None and not made.is_demo
    assert public.roles_of(made.account_id) == {"administrator"}


def test_a_new_password_replaces_the_old_one(password, capsys):
    run("account", "password", "admin")
    fresh = capsys.readouterr().out.strip()
    assert signs_in(fresh)
    assert not signs_in(password)


def test_a_closed_account_signs_in_no_more_until_it_is_opened(password):
    run("account", "close", "admin")
    assert not signs_in(password)
    run("account", "open", "admin")
    assert signs_in(password)


def test_every_step_leaves_a_trail_by_the_command(password):
    run("account", "close", "admin")
    party = public.create_system_party("taihe account")
    rows = models.TrailRow.objects.filter(by=party).values_list("action", flat=True)
    assert list(rows) == ["account.created", "account.closed"]


def test_an_organisation_and_somebody_of_it():
    run("organisation", "H1", "--name", "县医院", "--kind", "hospital", "--level", "2")
    run("account", "add", "li", "--name", "李", "--role", "clinician", "--organisation", "H1")
    made = public.account("li")
    assert made is not None and made.organisation_code == "H1"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["account", "add", "x", "--name", "某", "--role", "boss"], Incorrect),
        (["account", "add", "admin", "--name", "某", "--role", "auditor"], Conflict),
        (["account", "password", "nobody"], NotFound),
        (["account", "close", "nobody"], NotFound),
    ],
)
def test_what_cannot_be_done_says_what_to_do(password, words, error):
    with pytest.raises(error) as refused:
        run(*words)
    assert refused.value.do
