"""A village doctor's round: who calls, who is late, one visit on a phone, both control rates."""

from __future__ import annotations


def text(page) -> str:
    return page.locator("main").inner_text()


def to(user, link) -> None:
    link.click()
    user.page.wait_for_load_state()


def fill_visit(page, high: str, low: str) -> None:
    """What a doctor taps and types for somebody who is well."""
    page.get_by_label("下面的情况都没有").check()
    page.get_by_label("收缩压", exact=True).fill(high)
    page.get_by_label("舒张压", exact=True).fill(low)
    page.get_by_label("无症状").check()
    page.get_by_label("规律").check()
    page.get_by_role("group", name="药物不良反应").get_by_label("无", exact=True).check()


def test_a_village_doctor_visits_somebody(live, walk, width) -> None:
    with walk(live.health, width) as user:
        user.sign_in("demo-village-doctor")
        assert user.page.url.endswith("/desk/chronic/")
        user.look("chronic-today", keep=360)
        user.go("/desk/chronic/?list=all&disease=hypertension")
        user.look("chronic-all")
        to(user, user.page.locator("#people tbody a").first)
        user.look("chronic-person", keep=1280)
        person = user.page.url
        to(user, user.page.get_by_role("link", name="记录高血压随访"))
        user.look("chronic-visit", keep=360)
        shown = text(user.page)
        assert shown.index("先看危险情况") < shown.index("收缩压") and "mmHg" in shown

        fill_visit(user.page, "80", "128")
        to(user, user.page.get_by_role("button", name="保存随访"))
        assert "血压是不是填反了" in text(user.page)
        user.page.wait_for_selector(".errors")
        user.look("chronic-swapped")
        to(user, user.page.get_by_role("button", name="互换这两个数"))
        assert user.page.get_by_label("收缩压", exact=True).input_value() == "128"
        to(user, user.page.get_by_role("button", name="保存随访"))
        assert "随访已保存：控制满意" in text(user.page)
        user.look("chronic-saved", keep=360)
        assert user.page.url.startswith(person)

        to(user, user.page.get_by_role("link", name="更正").first)
        user.look("chronic-correct")
        user.page.get_by_label("收缩压", exact=True).fill("132")
        user.page.get_by_label("更正原因").fill("看错读数")
        to(user, user.page.get_by_role("button", name="保存更正"))
        assert "第 2 版，更正原因：看错读数" in text(user.page)
        user.go("/desk/chronic/rates/")
        user.look("chronic-rates", keep=1280)
        to(user, user.page.locator("#crossed ~ .table-wrap a").first)
        user.look("chronic-people")


def test_every_form_works_without_script(live, walk) -> None:
    with walk(live.health, 360, script=False) as user:
        user.sign_in("demo-village-doctor")
        user.go("/desk/chronic/?list=all&disease=hypertension")
        to(user, user.page.locator("#people tbody a").nth(1))
        to(user, user.page.get_by_role("link", name="记录高血压随访"))
        fill_visit(user.page, "134", "82")
        to(user, user.page.get_by_role("button", name="保存随访"))
        assert "随访已保存：控制满意" in text(user.page)


def test_a_home_reading_that_calls_is_answered(live, walk) -> None:
    with walk(live.health, 360) as user:
        user.sign_in("demo-village-doctor")
        alerts = user.page.locator("section[aria-labelledby=alerts] a")
        assert alerts.count() >= 1, "the demo has a reading that calls"
        to(user, alerts.first)
        user.look("chronic-alert", keep=360)
        user.page.get_by_label("处理情况").first.fill("已打电话，请他休息后复测")
        to(user, user.page.get_by_role("button", name="已电话联系").first)
        assert "已联系，待复测" in text(user.page)
        user.look("chronic-alert-called")
