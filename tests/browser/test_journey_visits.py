"""A referral goes up and comes back; a clinic session is offered and booked at the desk."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.browser.test_journey_medicine import find, name_of_the_elder, press, text


def test_a_referral_goes_up_and_comes_back(live, walk, width) -> None:
    with walk(live.health, width) as user:
        user.sign_in("demo-clinician")
        user.go("/desk/visits/")
        user.look("referrals", keep=1280)
        assert "超期" in text(user.page) or "未了结" in text(user.page)
        user.page.locator("main table a").first.click()
        user.page.wait_for_load_state()
        user.look("referral")
        if user.page.get_by_role("button", name="已接诊").count():
            press(user, "已接诊")
        if user.page.get_by_role("button", name="接收", exact=True).count():
            press(user, "接收")
            press(user, "已接诊")
        press(user, "回转")
        assert "请填写诊断结果" in text(user.page)
        user.troubles.clear()
        user.look("referral-incomplete")
        user.page.fill("[name=diagnosis]", "高血压3级（很高危）")
        user.page.fill("[name=results]", "心电图左室高电压")
        user.page.fill("[name=treated]", "调整为两药联合")
        user.page.fill("[name=plan]", "两周后由村医随访血压")
        press(user, "回转")
        assert "已回转" in text(user.page)
        user.look("referral-returned")
        number = user.page.url
    with walk(live.health, width) as user:
        user.sign_in("demo-village-doctor")
        user.page.goto(number)
        assert "两周后由村医随访血压" in text(user.page)
        user.look("referral-back", keep=360)
        press(user, "接回并继续随访")
        assert "已接回" in text(user.page)


def test_a_session_is_offered_and_booked_at_the_desk(live, walk, width) -> None:
    name = name_of_the_elder(live, walk)
    with walk(live.health, width) as user:
        user.sign_in("demo-village-doctor")
        user.go("/desk/visits/sessions/")
        user.look("sessions")
        user.go("/desk/visits/sessions/new/")
        user.look("session-new")
        user.page.fill("[name=department]", f"全科 {width}")
        in_three_days = f"{datetime.now(ZoneInfo('Asia/Shanghai')) + timedelta(days=3):%Y-%m-%d}"
        user.page.fill("[name=day]", in_three_days)
        user.page.fill("[name=capacity]", "1")
        press(user, "排班")
        find(user, name)
        user.page.get_by_role("button", name=re.compile("^预约")).click()
        user.page.wait_for_load_state()
        shown = text(user.page)
        assert "1 号" in shown and name in shown and "余 0 个" in shown
        user.look("session", keep=1280)


def test_a_referral_and_a_prescription_start_from_the_record(live, walk) -> None:
    with walk(live.health) as user:
        user.sign_in("demo-clinician")
        name = name_of_the_elder(live, walk)
        user.page.fill("#text", name)
        user.page.click("main form button[type=submit]")
        user.page.locator("#found .list a").first.click()
        user.page.wait_for_load_state()
        shown = text(user.page)
        assert "处方" in shown and "苯磺酸氨氯地平片" in shown
        user.look("record-panels")
        user.page.get_by_role("link", name="转诊", exact=True).click()
        user.page.wait_for_load_state()
        user.look("refer")
