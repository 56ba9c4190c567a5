"""
An appeal decided: the insurer confirms, the hospital appeals with a list and a draft, another
auditor decides, and the rule row's false-alarm rate says so. And the analyst's morning.
"""

from __future__ import annotations


def main_text(page) -> str:
    return page.locator("main").inner_text()


def test_an_appeal_is_decided_by_another_auditor(live, walk, width) -> None:
    with walk(live.health, width) as hospital:
        hospital.sign_in("demo-hospital")
        hospital.go("/desk/hospital/?state=new")
        number = hospital.page.locator("main table a").first.inner_text()
        case = hospital.page.locator("main table a").first.get_attribute("href").split("/")[-2]
    with walk(live.health, width) as first:
        first.sign_in("demo-auditor")
        first.go(f"/desk/claims/{case}/")
        first.page.get_by_role("button", name="确认并通知医院").click()
        first.page.wait_for_load_state()
    with walk(live.health, width) as hospital:
        hospital.sign_in("demo-hospital")
        hospital.go("/desk/hospital/?state=confirmed")
        hospital.look("hospital-confirmed")
        hospital.page.get_by_role("link", name=number).click()
        hospital.page.get_by_role("link", name="准备申诉").click()
        hospital.page.wait_for_load_state()
        hospital.look("appeal", keep=1280)
        draft = hospital.page.locator("textarea[name=statement]").input_value()
        assert number in draft
        assert "申诉理由：" in draft
        hospital.page.locator("textarea[name=statement]").fill(
            draft + "操作部位不同，间隔四十分钟，见病程记录。"
        )
        hospital.page.locator("input[type=checkbox]").first.check()
        hospital.page.locator("textarea[name^=text-]").first.fill("左、右两侧，10:05 与 10:45")
        hospital.page.get_by_role("button", name="提交申诉").click()
        hospital.page.wait_for_load_state()
        assert "医院已申诉" in main_text(hospital.page)
        hospital.look("appealed")
    with walk(live.health, width) as first:
        first.sign_in("demo-auditor")
        first.go(f"/desk/claims/{case}/")
        assert "申诉须由另一名审核员办理" in main_text(first.page)
        assert first.page.get_by_role("button", name="不成立").count() == 0
        first.look("appeal-not-mine")
    with walk(live.health, width) as second:
        second.sign_in("demo-auditor-2")
        second.go("/desk/claims/answers/")
        second.look("answers")
        second.page.get_by_role("link", name=number).click()
        second.page.wait_for_load_state()
        assert "左、右两侧，10:05 与 10:45" in main_text(second.page)
        second.look("appeal-case", keep=1280)
        second.page.fill("#note", "病程记录支持两处操作，规则不适用。")
        second.page.get_by_role("button", name="不成立").click()
        second.page.wait_for_load_state()
        second.go(f"/desk/claims/{case}/")
        shown = main_text(second.page)
        assert "不成立" in shown
        assert "本规则行误报" in shown
        second.look("appeal-decided")
        second.page.get_by_role("link", name="本规则行误报").click()
        second.page.wait_for_load_state()
        assert "误报率" in main_text(second.page)
        second.look("rule-row", keep=1280)
        second.go("/desk/claims/rules/rows/")
        second.look("rule-rows")
        second.go("/desk/claims/rules/")
        second.look("rules")


def test_an_analyst_reads_the_brief_goes_down_and_releases_a_table(live, walk, width) -> None:
    with walk(live.health, width) as user:
        user.sign_in("demo-analyst")
        assert "全县晨报" in user.page.locator("h1").inner_text()
        assert user.page.locator(".figures .card").count() == 10
        user.look("insight", keep=1280)
        user.go("/desk/insight/insight-visits-per-resident/")
        assert user.page.locator("svg.chart[role=img]").count() == 1
        user.look("indicator", keep=1280)
        user.page.locator("main table.rows a, main .table-wrap a").first.click()
        user.page.wait_for_load_state()
        assert "?in=" in user.page.url
        user.look("indicator-below")
        release = user.page.get_by_role("button", name="发布今天的表")
        release.click()
        user.page.wait_for_load_state()
        shown = main_text(user.page)
        assert "第 1 版" in shown
        user.troubles.clear()  # of one day one table: the second width is told so (409)
        user.look("released")
        user.go("/desk/insight/quality/")
        user.look("insight-quality")


def test_insight_is_read_without_script(live, walk) -> None:
    with walk(live.health, 1280, script=False) as user:
        user.sign_in("demo-analyst")
        user.page.locator(".figures a").first.click()
        user.page.wait_for_load_state()
        assert user.page.locator("main table tbody tr").count() >= 1
