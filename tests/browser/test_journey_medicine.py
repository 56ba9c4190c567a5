"""A prescription's way: refused and repaired at a desk, signed twice, collected once."""

from __future__ import annotations


def text(page) -> str:
    return page.locator("main").inner_text()


def find(user, name: str) -> None:
    user.page.fill("#text", name)
    user.page.click("main form button[type=submit]")
    user.page.wait_for_load_state()


def press(user, words: str) -> None:
    with user.page.expect_navigation():
        user.page.get_by_role("button", name=words, exact=True).click()


def name_of_the_elder(live, walk) -> str:
    with walk(live.health) as resident:
        resident.sign_in("demo-resident")
        resident.go("/app/me/")
        return resident.page.locator("h1").inner_text()


def write_slices(user, *names: str) -> None:
    for place in range(len(names) + 2):
        field = user.page.locator(f"[name=line-{place}-drug]")
        grams = user.page.locator(f"[name=line-{place}-quantity]")
        field.fill(names[place] if place < len(names) else "")
        grams.fill("9" if place < len(names) else "")


def test_a_prescription_is_refused_repaired_signed_and_collected_once(live, walk, width) -> None:
    name = name_of_the_elder(live, walk)
    with walk(live.health, width) as user:
        user.sign_in("demo-clinician")
        user.go("/desk/medicine/")
        user.look("prescriptions", keep=1280)
        find(user, name)
        assert name not in user.page.url, "a name travelled in an address"
        user.look("prescribe-for")
        user.page.get_by_role("link", name="开饮片").first.click()
        user.page.wait_for_load_state()
        user.look("prescribe")
        press(user, "提交审核")
        assert "处方须注明临床诊断" in text(user.page)
        user.troubles.clear()  # the browser reports the 400 that was asked for
        user.look("prescribe-empty")
        user.page.fill("[name=diagnosis]", "咳嗽（寒饮伏肺证）")
        user.page.fill("[name=doses]", "5")
        write_slices(user, "附子", "贝母", "甘草")
        press(user, "提交审核")
        shown = text(user.page)
        assert "拒绝" in shown and "川贝母" in shown and "名称表" in shown
        user.look("prescription-refused", keep=1280)
        user.page.get_by_role("link", name="按意见修改").click()
        user.page.wait_for_load_state()
        write_slices(user, "附子", "法半夏", "甘草")
        press(user, "提交审核")
        assert "不宜同用" in text(user.page)
        press(user, "签名（还须再次签名）")
        user.look("prescription-second")
        user.page.fill("#reason", "寒饮重证，已告知患者并嘱先煎")
        press(user, "注明理由并再次签名")
        user.look("prescription-signed", keep=360)
        assert user.page.locator("svg.qr").count() == 1
        code = user.page.locator("main p.code").inner_text()
    with walk(live.health, width) as user:
        user.sign_in("demo-pharmacist")
        user.look("pharmacy")
        user.page.fill("[name=token]", code.lower())
        press(user, "打开处方")
        shown = text(user.page)
        assert name in user.page.locator("h1").inner_text() and "不宜同用" in shown
        user.look("dispense", keep=1280)
        press(user, "核对无误，发药")
        assert "已发药" in text(user.page)
        user.look("dispensed")
        user.go("/desk/pharmacy/")
        user.page.fill("[name=token]", code)
        press(user, "打开处方")
        assert "已经发过药" in text(user.page)


def test_drugs_are_suggested_by_initials_and_found_without_script_too(live, walk) -> None:
    name = name_of_the_elder(live, walk)
    with walk(live.health, 1280) as user:
        user.sign_in("demo-clinician")
        user.go("/desk/medicine/")
        find(user, name)
        user.page.get_by_role("link", name="开西药").first.click()
        user.page.wait_for_load_state()
        user.page.locator("[name=line-0-drug]").press_sequentially("bhsaldpp")
        user.page.wait_for_selector("#drugs option", state="attached")
        assert user.page.locator("#drugs option").first.get_attribute("value") == (
            "苯磺酸氨氯地平片"
        )
    with walk(live.health, 1280, script=False) as user:
        user.sign_in("demo-clinician")
        user.go("/desk/medicine/")
        find(user, name)
        user.page.get_by_role("link", name="开西药").first.click()
        user.page.wait_for_load_state()
        user.page.fill("[name=diagnosis]", "高血压")
        user.page.fill("[name=line-0-drug]", "bhsaldpp")
        user.page.fill("[name=line-0-usage]", "每日一次")
        user.page.fill("[name=line-0-days]", "7")
        user.page.fill("[name=line-0-quantity]", "1")
        press(user, "提交审核")
        assert "审核没有发现问题" in text(user.page)
        press(user, "签名")
        assert "取药码" in text(user.page)
