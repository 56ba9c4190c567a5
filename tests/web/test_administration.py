"""The administrator's desk: is everything whole, who may do what, what was changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from taihe.base import chain, models, trail

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "access"])


@pytest.fixture
def heads(settings, tmp_path: Path) -> Path:
    settings.TAIHE_FOLDER = tmp_path
    return tmp_path / "chain" / "heads.log"


def test_an_untouched_installation_is_whole(signed_in, heads):
    browser = signed_in("administrator")
    chain.seal_once()
    page = browser.get("/desk/admin/").content.decode()
    assert "系统状态：完整" in page
    assert "操作记录" in page


def test_a_cut_tail_is_shown(signed_in, heads):
    browser = signed_in("administrator")
    chain.seal_once()
    models.Seal.objects.all().delete()
    assert "库外记录多于库内" in browser.get("/desk/admin/").content.decode()


def test_cut_heads_are_shown(signed_in, heads):
    browser = signed_in("security_auditor")
    chain.seal_once()
    heads.write_bytes(b"")
    assert "库外记录缺失" in browser.get("/desk/admin/").content.decode()


def test_accounts_of_residents_are_shown_by_number_only(signed_in, account):
    browser = signed_in("administrator")
    account("resident", username="wang-xiuying")
    page = browser.get("/desk/admin/accounts/").content.decode()
    assert "administrator-1" in page
    assert "wang-xiuying" not in page


def test_changes_are_listed_newest_first_and_filtered(signed_in):
    browser = signed_in("security_auditor")
    trail.record("finding.confirmed", "finding:7", by=None)
    page = browser.get("/desk/admin/trail/").content.decode()
    assert page.index("finding:7") < page.index("account:")
    assert (
        "finding:7" not in browser.get("/desk/admin/trail/?action=account.created").content.decode()
    )


def test_the_security_auditor_reads_and_manages_no_accounts(signed_in):
    assert signed_in("security_auditor").get("/desk/admin/accounts/").status_code == 404
