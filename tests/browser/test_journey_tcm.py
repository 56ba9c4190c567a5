"""
A TCM doctor writes a prescription that is refused, is asked back a name, repairs it and signs;
a constitution form is read. At 360 and 1280 px, and once without script.
"""

from __future__ import annotations

import re


def text(page) -> str:
    return page.locator("main").inner_text()


def begin(user) -> None:
    """Sign in and find the elder, whom the TCM hospital treats."""
    user.sign_in("demo-tcm-doctor")
    user.look("tcm-desk", keep=1280)
    user.page.fill("#text", "李秀兰")
    user.page.get_by_role("button", name="查找居民").click()
    user.page.wait_for_load_state()
    assert "李秀兰" not in user.page.url


def write(user, number: int, name: str, grams: str) -> None:
    user.page.fill(f"#id_line-{number}-drug", name)
    user.page.fill(f"#id_line-{number}-quantity", grams)


def test_a_prescription_is_refused_while_it_is_written_repaired_and_signed(live, walk, width):
    with walk(live.health, width) as user:
        begin(user)
        user.page.get_by_role("link", name="开饮片").first.click()
        user.page.wait_for_load_state()
        user.look("tcm-write-empty")
        user.page.fill("#id_diagnosis", "咳嗽（痰热郁肺证）")
        user.page.fill("#id_doses", "5")
        write(user, 0, "制川乌", "3")
        write(user, 1, "贝母", "9")
        user.page.locator("#id_line-2-drug").focus()
        user.page.wait_for_selector("#review .clause.bad >> text=药名所指不一")
        user.look("tcm-write-refused", keep=width)
        user.page.get_by_role("button", name=re.compile("第 2 味写 ?浙贝母")).first.click()
        user.page.wait_for_load_state()
        assert user.page.locator("#id_line-1-drug").input_value() == "浙贝母"
        assert "不宜同用" in text(user.page), "now the pair itself is named"
        user.look("tcm-write-pair")
        user.page.fill("#id_line-0-drug", "桑白皮")
        user.page.fill("#id_line-0-quantity", "9")
        # Another desk may have written her 附子 today, which 浙贝母 does not go with either.
        user.page.fill("#id_line-1-drug", "桔梗")
        user.page.locator("#id_line-2-drug").focus()
        user.page.wait_for_selector("#review .verdict .tag.good")
        user.page.get_by_role("button", name="提交，去签名").click()
        user.page.wait_for_load_state()
        user.look("tcm-ready")
        user.page.get_by_role("button", name="签名").first.click()
        user.page.wait_for_load_state()
        assert "取药码" in text(user.page)
        user.look("tcm-signed")


def test_the_refused_one_of_the_demo_is_repaired_without_script(live, walk):
    with walk(live.health, 360, script=False) as user:
        user.sign_in("demo-tcm-doctor")
        user.page.get_by_role("link", name="修改").first.click()
        assert user.page.locator("#review .clause.bad").count() >= 1
        assert "怎样改" in text(user.page)
        user.page.get_by_role("button", name="检查").click()
        assert user.page.locator("#review .clause.bad").count() >= 1
        # No axe without script: what there is to see is looked at by the other walks.


def test_a_constitution_form_names_blanks_and_shows_its_picture(live, walk, width):
    with walk(live.health, width) as user:
        begin(user)
        user.page.get_by_role("link", name="体质辨识").first.click()
        user.page.wait_for_load_state()
        user.look("constitution-form")
        user.page.get_by_role("button", name="判定体质").click()
        user.page.wait_for_load_state()
        assert "题没有答" in text(user.page)
        user.troubles.clear()  # the 400 of a form that is asked back
        user.look("constitution-blanks")
        for field in user.page.locator("#constitution fieldset").all():
            field.locator("input[type=radio]").nth(1).check()
        user.page.get_by_role("button", name="判定体质").click()
        user.page.wait_for_load_state()
        assert user.page.locator("svg.chart[role=img]").count() >= 1
        user.look("constitution", keep=width)
