"""Zones, industry map, agreement, inventory, assessment."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from taihe.zone import rows


def text(client: Client, url: str, status: int = 200) -> str:
    answer = client.get(url)
    assert answer.status_code == status, url
    return answer.content.decode()


def test_every_zone_has_a_page_whose_claims_have_sources(projects: dict[str, int]) -> None:
    listed = text(Client(), "/zones/")
    for row in rows.zones():
        assert f"/zones/{row.zone}/" in listed
    page = text(Client(), "/zones/taihe/")
    assert "安徽太和经济开发区" in page
    assert "绿色生态园区" in page
    assert "个项目，总投资" in page
    claims = len(re.findall('<p class="title">', page))
    assert claims == page.count("<summary>来源</summary>")
    assert "已批复" in text(Client(), "/zones/hefei/")
    assert "审评中" in text(Client(), "/zones/ningguo/")
    assert text(Client(), "/zones/nowhere/", 404)


def test_a_renamed_zone_shows_both_names_with_their_time(projects: dict[str, int]) -> None:
    page = text(Client(), "/zones/shushan/")
    assert "安徽合肥蜀山经济开发区" in page and "2021年6月" in page
    assert "国家级经开区" in page and "省级开发区" in page


def test_a_list_in_order_is_not_called_a_rank(projects: dict[str, int]) -> None:
    assert "列示第 1 位" in text(Client(), "/zones/hefei/")


def test_the_industry_map_says_what_to_see(projects: dict[str, int]) -> None:
    page = text(Client(), "/map/?industry=32")
    assert "有色金属" in page and "区位商" in page and "不是地图" in page
    assert text(Client(), "/map/?industry=00")


def test_the_map_is_empty_before_a_bulletin_is_frozen() -> None:
    assert "没有公布的项目" in text(Client(), "/map/")


def test_the_inventory_has_45_rows_none_empty() -> None:
    page = text(Client(), "/inventory/")
    assert [row.number for row in rows.inventory()] == list(range(1, 46))
    for row in rows.inventory():
        assert row.missing
        assert (row.state == "not yet") <= ("缺" in row.missing)
        assert row.term in page


def test_each_link_of_the_inventory_leads_somewhere(officer: Client) -> None:
    local = {row.url for row in rows.inventory() if row.url and ":" not in row.url}
    assert len(local) >= 7
    for url in local:
        assert text(officer, url)


def test_links_to_the_health_site_need_its_address(settings: Any) -> None:
    settings.TAIHE_PEER = "https://health.example/"
    for url in ("/inventory/", "/agreement/"):
        assert 'href="https://health.example/desk/claims/"' in text(Client(), url)
    for none in ("", "javascript:alert(1)"):
        settings.TAIHE_PEER = none
        page = text(Client(), "/inventory/")
        assert "健康太和 · 医保审核" in page and "desk/claims" not in page


def test_the_agreement_says_what_is_delivered() -> None:
    page = text(Client(), "/agreement/")
    assert "区域健康信息平台" in page and "版面未写" in page
    assert "今天公布的指标" not in page


@pytest.mark.parametrize("code", ["taihe", "hefei"])
def test_a_rank_comes_with_its_band_and_its_reasons(officer: Client, code: str) -> None:
    page = text(officer, "/desk/assessment/")
    assert "合成" in page and "5% 至 95%" in page
    page = text(officer, f"/desk/assessment/{code}/")
    assert "为什么是第" in page
    beyond = [
        float(x) for x in re.findall(r'data-label="比平均" class="number">([+-][\d.]+)', page)
    ]
    score, mean = (float(x) for x in re.findall(r"得分 ([\d.]+)，各区平均 ([\d.]+)", page)[0])
    assert sum(beyond) == pytest.approx(score - mean, abs=0.2)
    assert text(officer, "/desk/assessment/yrd01/", 404)


def test_the_timetable_has_no_clash_and_says_why_it_is_shortest(officer: Client) -> None:
    page = text(officer, "/desk/matching/")
    assert "0 对“双方都更愿意换”的组合" in page and "合成" in page
    rounds = re.split(r"第 \d+ 轮：", page)[1:]
    meetings = [re.findall(r"<li>(.+?) — (.+?)</li>", one) for one in rounds]
    for one in meetings:
        assert len({firm for firm, _ in one}) == len({zone for _, zone in one}) == len(one)
    assert f"{sum(map(len, meetings))} 场会面排成 {len(rounds)} 轮" in page
