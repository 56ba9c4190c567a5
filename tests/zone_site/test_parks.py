"""An application from draft to certificate, with a panel; each wrong turn is refused."""

from __future__ import annotations

from django.test import Client

from taihe.zone import models

from .conftest import account

NAME = "安徽中德(太和)国际合作高端制剂产业园"


def post(client: Client, pk: int, **fields: str) -> int:
    return client.post(f"/desk/parks/{pk}/", fields).status_code


def expert(name: str) -> Client:
    return account(name, "panel_expert", "ah-commerce", "zone_authority")


SCORES = {"opinion": "1", "score0": "80", "score1": "70", "score2": "60", "score3": "90"}


def test_a_park_is_recognised_by_several_people(officer: Client, zone_staff: Client) -> None:
    second = account("second", "zone_officer", "ah-commerce", "zone_authority")
    made = zone_staff.post("/desk/parks/", {"zone": "taihe", "name": NAME, "summary": "合作基础"})
    assert made.status_code == 302
    row = models.ParkApplication.objects.get()
    pk = row.pk
    assert post(zone_staff, pk, action="submit") == 302
    assert post(zone_staff, pk, action="recommend", note="好") == 422
    assert post(officer, pk, action="recommend") == 422
    assert post(officer, pk, action="recommend", note="材料齐全") == 302
    assert post(officer, pk, action="open_panel") == 302
    experts = [expert(f"e{n}") for n in range(4)]
    assert post(experts[0], pk, **SCORES) == 302
    assert post(officer, pk, action="support", note="通过") == 422
    assert post(experts[1], pk, **SCORES) == 302
    assert post(experts[2], pk, opinion="1", score0="80") == 422
    assert post(experts[2], pk, opinion="1", declined="on") == 302
    assert post(officer, pk, action="support", note="通过") == 422
    assert post(experts[3], pk, **SCORES) == 302
    page = officer.get(f"/desk/parks/{pk}/").content.decode()
    assert "75.0" in page and "1 位回避" in page
    assert post(officer, pk, action="support", note="通过") == 302
    assert post(officer, pk, action="approve", note="认定") == 422
    assert Client().get(f"/parks/{pk}/certificate/").status_code == 404
    assert post(second, pk, action="approve", note="认定") == 302
    row.refresh_from_db()
    assert row.certificate.startswith("GJHZ-") and row.certificate.endswith("-001")
    page = Client().get(f"/parks/{pk}/certificate/").content.decode()
    assert NAME in page and row.certificate in page
    course = officer.get(f"/desk/parks/{pk}/").content.decode()
    for words in ("申报", "市级推荐", "送专家评审", "评审通过", "省级认定", "下一步期限"):
        assert words in course


def test_a_panel_below_the_mark_cannot_support(officer: Client, zone_staff: Client) -> None:
    zone_staff.post("/desk/parks/", {"zone": "taihe", "name": NAME, "summary": "基础"})
    pk = models.ParkApplication.objects.get().pk
    post(zone_staff, pk, action="submit")
    post(officer, pk, action="recommend", note="好")
    post(officer, pk, action="open_panel")
    for n in range(3):
        low = {**SCORES, "score0": "10", "score1": "20"}
        assert post(expert(f"e{n}"), pk, **low) == 302
    assert post(officer, pk, action="support", note="通过") == 422
    assert post(officer, pk, action="reject", note="未达通过线") == 302


def test_wrong_names_and_other_zones_are_refused(zone_staff: Client, officer: Client) -> None:
    wrong = {"zone": "taihe", "name": "太和国际产业园", "summary": "x"}
    answer = zone_staff.post("/desk/parks/", wrong)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "安徽中" in page and 'value="太和国际产业园"' in page
    other = zone_staff.post("/desk/parks/", {**wrong, "zone": "hefei", "name": NAME})
    assert other.status_code == 422
    officer.post("/desk/parks/", {"zone": "hefei", "name": NAME, "summary": "x"})
    pk = models.ParkApplication.objects.get().pk
    assert zone_staff.get(f"/desk/parks/{pk}/").status_code == 404
    assert post(zone_staff, pk, action="submit") == 404
    again = officer.post("/desk/parks/", {"zone": "hefei", "name": NAME, "summary": "x"})
    assert "同名园区" in again.content.decode()


def test_experts_see_only_what_is_before_the_panel(projects: dict[str, int]) -> None:
    one = expert("e9")
    page = one.get("/desk/parks/").content.decode()
    assert "宁国" in page and "合肥" not in page
    assert one.get("/desk/projects/").status_code == 404


def test_the_demo_has_one_recognised_and_one_before_the_panel(projects: dict[str, int]) -> None:
    states = sorted(models.ParkApplication.objects.values_list("state", flat=True))
    assert states == ["approved", "panel"]
