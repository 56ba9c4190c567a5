"""
Two stewards and a doubtful pair: side by side with the reasons, one confirms, the other merges,
and the merge is undone with a note.
"""

from __future__ import annotations


def main_text(page) -> str:
    return page.locator("main").inner_text()


def test_two_stewards_decide_a_doubtful_pair(live, walk, width) -> None:
    with walk(live.health, width) as first:
        first.sign_in("demo-record-steward")
        assert "疑似重复的居民" in main_text(first.page)
        first.look("record-pairs", keep=1280)
        number = first.page.locator("main table a").first.get_attribute("href").split("/")[-2]
        first.page.locator("main table a").first.click()
        first.page.wait_for_load_state()
        assert "两份登记" in main_text(first.page) and "为什么提出" in main_text(first.page)
        first.look("record-pair", keep=width)
        first.page.get_by_role("button", name="不是同一人").click()
        first.page.wait_for_load_state()
        assert "需要写明理由" in main_text(first.page)
        first.troubles.clear()  # the browser itself notes the refusal
        first.look("record-pair-asked")
        first.page.get_by_role("button", name="是同一人，请同事复核").click()
        first.page.wait_for_load_state()
        assert "合并须由另一名档案管理员复核" in main_text(first.page)
        first.look("record-pair-confirmed")
    with walk(live.health, width) as second:
        second.sign_in("demo-record-steward-2")
        second.go(f"/desk/record/pairs/{number}/")
        second.page.get_by_role("button", name="复核无误，合并").click()
        second.page.wait_for_load_state()
        assert "已合并" in main_text(second.page)
        second.look("record-pair-merged")
        second.page.fill("#note", "电话核实：是姐妹两人")
        second.page.get_by_role("button", name="撤销合并").click()
        second.page.wait_for_load_state()
        assert "合并已撤销" in main_text(second.page)
        second.go("/desk/record/pairs/?state=undone")
        second.look("record-pairs-undone")
