"""A care home: who lives there, an assessment asked back and explained, a task done, a bed."""

from __future__ import annotations


def text(page) -> str:
    return page.locator("main").inner_text()


def test_an_elder_is_assessed_and_cared_for(live, walk, width):
    with walk(live.health, width) as user:
        user.sign_in("demo-care-assessor")
        user.look("care-desk", keep=width)
        user.page.locator("#main .list a.title").last.click()
        user.page.wait_for_load_state()
        user.look("care-elder")
        user.page.get_by_role("link", name="评估").first.click()
        user.page.wait_for_load_state()
        user.look("care-assess")
        user.page.fill("#id_second", "郑护士")
        user.page.get_by_role("button", name="评定等级").click()
        user.page.wait_for_load_state()
        assert "还有 26 项没有评" in text(user.page)
        user.troubles.clear()  # the 400 of a form that is asked back
        user.look("care-assess-blanks")
        for number in range(1, 27):
            user.page.locator(f"#id_i{number} input, [name=i{number}]").first.check()
        user.page.locator("[name=coma][value=no]").check()
        user.page.locator("[name=dementia_or_mental_dx][value=yes]").check()
        user.page.fill("#id_care_risk_events_30d", "0")
        user.page.get_by_role("button", name="评定等级").click()
        user.page.wait_for_load_state()
        assert "变更为：轻度失能" in text(user.page)
        user.page.get_by_role("button", name="做了").first.click()
        user.page.wait_for_load_state()
        assert "吴评估" in user.page.locator("#tasks").inner_text()
        user.look("care-elder-assessed", keep=width)


def test_beds_and_admission(live, walk, width):
    with walk(live.health, width) as user:
        user.sign_in("demo-care-assessor")
        user.go("/desk/care/beds/")
        user.look("care-beds", keep=1280)
        user.page.get_by_role("link", name="空床").first.click()
        user.page.wait_for_load_state()
        user.look("care-admit")
        user.page.get_by_role("button", name="入住").click()
        user.page.wait_for_load_state()
        assert "请照证件输入号码" in text(user.page)
        user.troubles.clear()  # the 400 of a form that is asked back
        user.look("care-admit-refused")
