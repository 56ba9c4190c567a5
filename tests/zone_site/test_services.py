"""Promoted projects and the needs of the 进园区 series."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from taihe.zone import models
from taihe.zone.domain.services import NEED, is_overdue

from .conftest import account

OFFER = {
    "zone": "taihe", "name": "中试基地", "industry": "2720", "investment": "30000", "land": "120.5",
    "summary": "厂房齐备",
}  # fmt: skip


def in_days(days: int) -> str:
    return (timezone.localdate() + timedelta(days=days)).isoformat()


def post(client: Client, url: str, **fields: object) -> int:
    return client.post(url, fields).status_code


def test_a_promotion_is_written_by_the_zone_and_published_by_another(
    zone_staff: Client, officer: Client
) -> None:
    url = "/desk/promotions/"
    assert post(zone_staff, url, **OFFER, valid_until=in_days(100)) == 302
    row = models.Promotion.objects.get()
    number = row.pk
    assert (row.investment_fen, str(row.land_mu)) == (30_000_000_000, "120.50")
    assert "中试基地" not in Client().get("/promotions/").content.decode()
    assert post(zone_staff, url, number=number, action="submit") == 302
    assert post(zone_staff, url, number=number, action="publish") == 422
    assert post(officer, url, number=number, action="publish") == 302
    page = Client().get("/promotions/").content.decode()
    assert "中试基地" in page and "120.5" in page
    models.Promotion.objects.update(valid_until=timezone.localdate() - timedelta(days=1))
    assert "中试基地" not in Client().get("/promotions/").content.decode()
    assert "已到期" in officer.get(url).content.decode()
    assert post(officer, url, number=number, action="withdraw") == 422
    assert post(officer, url, number=number, action="withdraw", note="用地变化") == 302


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"valid_until": "2020-01-01"}, "有效期已过"),
        ({"valid_until": "2099-01-01"}, "超过两年"),
        ({"industry": "9999"}, "GB/T 4754"),
        ({"investment": "0"}, "大于零"),
        ({"zone": "hefei"}, "zone"),
    ],
)
def test_a_wrong_promotion_is_asked_back(
    zone_staff: Client, change: dict[str, str], says: str
) -> None:
    answer = zone_staff.post("/desk/promotions/", {**OFFER, "valid_until": in_days(30), **change})
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not models.Promotion.objects.exists()


def test_an_officer_who_submitted_does_not_publish(officer: Client) -> None:
    post(officer, "/desk/promotions/", **OFFER, valid_until=in_days(30))
    number = models.Promotion.objects.get().pk
    assert post(officer, "/desk/promotions/", number=number, action="submit") == 302
    assert post(officer, "/desk/promotions/", number=number, action="publish") == 422


NEED_OF = {"series": "service", "zone": "taihe", "firm": "某制药厂", "text": "蒸汽扩容"}


def test_a_need_is_closed_only_when_the_firm_says_how_it_was(zone_staff: Client) -> None:
    url = "/desk/needs/"
    assert post(zone_staff, url, **NEED_OF, raised_on="2025-03-03") == 302
    row = models.Need.objects.get()
    assert row.due_on > date(2025, 3, 3)
    assert "1 项需求超过期限" in zone_staff.get(url).content.decode()
    assert post(zone_staff, url, number=row.pk, action="close", note="好") == 422
    assert post(zone_staff, url, number=row.pk, action="accept") == 302
    assert post(zone_staff, url, number=row.pk, action="answer") == 422
    assert post(zone_staff, url, number=row.pk, action="answer", note="已排期") == 302
    assert post(zone_staff, url, number=row.pk, action="reopen", note="没有解决") == 302
    assert post(zone_staff, url, number=row.pk, action="answer", note="已扩容") == 302
    assert post(zone_staff, url, number=row.pk, action="close", note="好") == 422
    assert post(zone_staff, url, number=row.pk, action="close", note="好", satisfaction=4) == 302
    row.refresh_from_db()
    assert (row.state, row.satisfaction) == ("closed", 4)


def test_needs_of_other_zones_are_not_found(zone_staff: Client, officer: Client) -> None:
    post(officer, "/desk/needs/", **{**NEED_OF, "zone": "suixi"}, raised_on="2025-03-03")
    number = models.Need.objects.get().pk
    assert "某制药厂" not in zone_staff.get("/desk/needs/").content.decode()
    assert post(zone_staff, "/desk/needs/", number=number, action="accept") == 422
    assert models.Need.objects.get().state == "open"
    assert post(zone_staff, "/desk/needs/", number="x", action="accept") == 404


def test_others_do_not_reach_these_desks() -> None:
    other = account("other", "panel_expert", "ah-commerce", "zone_authority")
    for url in ("/desk/needs/", "/desk/promotions/", "/desk/projects/import/"):
        assert other.get(url).status_code == 404


def test_an_answered_need_is_not_overdue() -> None:
    due = date(2025, 3, 10)
    assert not is_overdue(due, "open", on=due)
    assert is_overdue(due, "open", on=date(2025, 3, 11))
    assert not is_overdue(due, "answered", on=date(2025, 3, 11))
    assert set(NEED.states) == {"open", "accepted", "answered", "closed"}


def test_the_demo_shows_each_state(projects: dict[str, int], officer: Client) -> None:
    page = officer.get("/desk/needs/").content.decode()
    assert "1 项需求超过期限" in page and "已办结" in page
    assert "2 个可投资" in Client().get("/promotions/").content.decode()
