"""Pages of the zone site: whole, part, and refused."""

from __future__ import annotations

import json
import re
from hashlib import sha256

import pytest
from django.test import Client

from taihe.zone import models
from taihe.zone.domain.projects import WAN_FEN

BULLETIN = "/conventions/wmc2019/"


def text(client: Client, url: str, status: int = 200) -> str:
    answer = client.get(url)
    assert answer.status_code == status, url
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode())


def test_the_front_page_leads_to_the_bulletin(projects: dict[str, int]) -> None:
    page = text(Client(), "/")
    assert BULLETIN in page
    assert "2019世界制造业大会" in text(Client(), "/conventions/")


def test_the_bulletin_shows_figures_that_open_definition_and_projects(
    projects: dict[str, int],
) -> None:
    page = text(Client(), BULLETIN)
    for words in ("437", "68.5", "5,365", "73.0", "437 ÷ 638", "5,365 ÷ 7,351 亿元", "2021-09-30"):
        assert words in page
    for key in ("landed_projects", "landed_projects_share", "landed_investment", "registered_rate"):
        assert f"/definitions/{key}/" in page
        assert text(Client(), f"/definitions/{key}/")
    assert "合成" in page
    assert "不一致" in page and "95.6" in page and "95.5" in page


@pytest.mark.parametrize(
    ("figure", "count"),
    [("landed_projects", 437), ("signed_projects", 638), ("registered_projects", 609),
     ("started_projects", 572), ("producing_projects", 214)],
)  # fmt: skip
def test_a_figure_opens_exactly_the_projects_it_counts(
    projects: dict[str, int], figure: str, count: int
) -> None:
    page = text(Client(), f"{BULLETIN}editions/2/projects/?figure={figure}")
    assert f"{count} 个项目" in page
    assert f"共 {count} 条" in page


def test_a_filter_asks_for_the_table_alone(projects: dict[str, int]) -> None:
    answer = Client().get(
        f"{BULLETIN}editions/2/projects/?figure=landed_projects&zone=taihe",
        headers={"HX-Request": "true", "HX-Target": "table"},
    )
    part = answer.content.decode()
    assert "<html" not in part
    landed = models.Project.objects.filter(zone="taihe").count()
    assert f"共 {landed} 条" in part


def test_the_first_edition_stays_beside_the_second(projects: dict[str, int]) -> None:
    page = text(Client(), f"{BULLETIN}editions/1/")
    assert "2019-11-07" in page
    assert "437" in page
    assert text(Client(), f"{BULLETIN}editions/3/", 404)


def test_public_pages_show_only_what_is_frozen(projects: dict[str, int], officer: Client) -> None:
    before = text(Client(), BULLETIN)
    signed = models.Project.objects.filter(stage="signed").first()
    assert signed
    answer = officer.post(
        f"/desk/projects/{signed.pk}/",
        {"action": "register", "happened_on": "2021-01-01", "text": "营业执照"},
    )
    assert answer.status_code == 302
    assert text(Client(), BULLETIN) == before


@pytest.mark.parametrize("url", ["/desk/", "/desk/projects/", "/desk/projects/1/",
                                 "/desk/projects/new/", "/desk/conventions/wmc2019/freeze/"])  # fmt: skip
def test_the_desk_is_for_officers(projects: dict[str, int], auditor: Client, url: str) -> None:
    assert Client().get(url).status_code == 302
    assert auditor.get(url).status_code == 404


def test_an_officer_finds_filters_and_opens_projects(
    projects: dict[str, int], officer: Client
) -> None:
    assert "个项目签约一年仍未注册" in text(officer, "/desk/")
    assert "共 638 条" in text(officer, "/desk/projects/")
    one = models.Project.objects.filter(zone="taihe").first()
    assert one
    page = text(officer, f"/desk/projects/?q={one.key}&zone=taihe")
    assert len(re.findall(r"/desk/projects/\d+/", page)) == 1
    assert f"/desk/projects/{one.pk}/" in page
    page = text(officer, f"/desk/projects/{one.pk}/")
    for words in (one.key, "签约文本（合成）", "总投资", "签约", "达产"):
        assert words in page


def test_staff_of_a_zone_see_its_projects_only(
    projects: dict[str, int], zone_staff: Client
) -> None:
    own = models.Project.objects.filter(zone="taihe")
    other = models.Project.objects.exclude(zone="taihe").first()
    assert other
    assert f"共 {own.count()} 条" in text(zone_staff, "/desk/projects/")
    assert text(zone_staff, f"/desk/projects/{own[0].pk}/")
    assert text(zone_staff, f"/desk/projects/{other.pk}/", 404)
    answer = zone_staff.post(
        f"/desk/projects/{other.pk}/",
        {"action": "terminate", "happened_on": "2021-01-01", "text": "函"},
    )
    assert answer.status_code == 404
    assert text(zone_staff, "/desk/conventions/wmc2019/freeze/", 404)


WRONG = [
    ({"action": "register", "happened_on": "2040-01-01", "text": "执照"}, "晚于今天"),
    ({"action": "register", "happened_on": "2018-01-01", "text": "执照"}, "早于"),
    ({"action": "register", "happened_on": "2021-01-01", "text": " "}, "必填"),
    ({"action": "register", "happened_on": "31.12.2020", "text": "执照"}, "2026-11-22"),
    ({"action": "produce", "happened_on": "2021-01-01", "text": "备案"}, "produce"),
    ({"action": "register", "happened_on": "2021-01-01", "text": "执照", "amount": "5"}, "到资"),
    ({"action": "change", "happened_on": "2021-01-01", "text": "协议"}, "没有写明变更什么"),
    ({"action": "merge", "happened_on": "2021-01-01", "text": "协议", "merged_into": "X"}, "并入"),
    ({"action": "change", "happened_on": "2021-01-01", "text": "协议", "investment": "5"}, "单位"),
]


@pytest.mark.parametrize(("typed", "says"), WRONG)
def test_a_slip_is_asked_back_and_nothing_is_lost_or_stored(
    projects: dict[str, int], officer: Client, typed: dict[str, str], says: str
) -> None:
    signed = models.Project.objects.filter(stage="signed").first()
    assert signed
    rows = models.Evidence.objects.count()
    answer = officer.post(f"/desk/projects/{signed.pk}/", typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert says in page
    assert f'value="{typed["text"].strip()}"' in page or typed["text"] == " "
    assert models.Evidence.objects.count() == rows


def test_a_doubtful_amount_can_be_confirmed(projects: dict[str, int], officer: Client) -> None:
    signed = models.Project.objects.filter(stage="signed").first()
    assert signed
    typed = {
        "action": "change", "happened_on": "2021-01-01", "text": "补充协议", "investment": "5",
        "contract": "5",
    }  # fmt: skip
    assert "confirmed" in officer.post(f"/desk/projects/{signed.pk}/", typed).content.decode()
    answer = officer.post(f"/desk/projects/{signed.pk}/", {**typed, "confirmed": "on"})
    assert answer.status_code == 302
    signed.refresh_from_db()
    assert signed.investment_fen == 5 * WAN_FEN


def test_a_project_is_entered_once(officer: Client) -> None:
    typed = {
        "key": "T-1", "name": "药用辅料项目", "investor": "某某制药", "industry": "2780",
        "event": "wmc2019", "zone": "taihe", "happened_on": "2020-01-05", "investment": "50,000",
        "contract": "30000.5", "text": "合同 1 号",
    }  # fmt: skip
    answer = officer.post("/desk/projects/new/", typed)
    assert answer.status_code == 302
    one = models.Project.objects.get(key="T-1")
    assert (one.investment_fen, one.contract_fen) == (50_000 * WAN_FEN, 30_000_500_000)
    assert (one.stage, one.zone_id) == ("signed", "taihe")
    again = officer.post("/desk/projects/new/", typed)
    assert again.status_code == 422
    assert "已存在" in again.content.decode()
    wrong = officer.post("/desk/projects/new/", {**typed, "key": "T-2", "industry": "9999"})
    assert "GB/T 4754" in wrong.content.decode()


def test_an_officer_computes_and_freezes(projects: dict[str, int], officer: Client) -> None:
    url = "/desk/conventions/wmc2019/freeze/"
    assert "2026" in text(officer, url)
    assert "68.5" in text(officer, f"{url}?as_of=2020-06-30")
    assert officer.post(url, {"as_of": "2040-01-01"}).status_code == 422
    answer = officer.post(url, {"as_of": "2020-06-30"})
    assert answer.headers["Location"] == "/conventions/wmc2019/editions/3/"
    assert "2020-06-30" in text(Client(), answer.headers["Location"])


def test_the_api_gives_the_canonical_bytes(projects: dict[str, int]) -> None:
    answer = Client().get("/api/v1/conventions/wmc2019/figures")
    assert answer.headers["ETag"] == f'"{sha256(answer.content).hexdigest()}"'
    document = json.loads(answer.content)
    printed = {figure["key"]: figure["printed"] for figure in document["figures"]}
    assert printed["landed_projects_share"] == "68.5"
    assert document["edition"] == 2
    first = Client().get("/api/v1/conventions/wmc2019/figures?edition=1")
    assert json.loads(first.content)["as_of"] == "2019-11-07"
    for url, status in (
        ("/api/v1/conventions/wmc2018/figures", 404),
        ("/api/v1/conventions/wmc2019/figures?edition=one", 400),
        ("/api/v1/conventions/wmc2019/figures?edition=9", 404),
    ):
        refused = Client().get(url)
        assert refused.status_code == status
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert refused.json()["status"] == status


def test_openapi_names_every_json_route() -> None:
    from taihe.zone.urls import urlpatterns

    document = Client().get("/api/v1/openapi.json").json()
    routes = {
        "/" + str(one.pattern).replace("<slug:key>", "{key}")
        for one in urlpatterns
        if str(one.pattern).startswith("api/v1/") and "openapi" not in str(one.pattern)
    }
    assert set(document["paths"]) == routes


def test_every_route_says_who_may_call_it() -> None:
    from taihe.zone.urls import urlpatterns

    for one in urlpatterns:
        declared = one.callback.taihe_access
        desk = str(one.pattern).startswith("desk/")
        assert declared.who == ("roles" if desk else "public"), one
