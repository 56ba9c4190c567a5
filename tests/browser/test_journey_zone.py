"""The zone desk in a browser: an import with bad rows, a park, a rank, meetings, the inventory."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from itertools import count

from openpyxl import Workbook, load_workbook

COLUMNS = [
    "编号", "项目名称", "投资方", "行业代码", "开发区", "签约日期", "总投资", "合同引资额", "单位", "凭证",
]  # fmt: skip
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
numbers = count(1)


def text(page) -> str:
    return page.locator("main").inner_text()


def press(user, words: str) -> None:
    with user.page.expect_navigation():
        user.page.get_by_role("button", name=words, exact=True).click()


def workbook(*rows: list) -> dict:
    book = Workbook()
    sheet = book.active
    sheet.append(COLUMNS)
    for row in rows:
        sheet.append(row)
    out = BytesIO()
    book.save(out)
    return {"name": "签约项目.xlsx", "mimeType": XLSX, "buffer": out.getvalue()}


def upload(user, file: dict) -> None:
    user.go("/desk/projects/import/")
    user.page.set_input_files("[name=file]", file)
    press(user, "导入")


def test_an_import_returns_what_it_cannot_read_and_can_be_undone(live, walk, width) -> None:
    mark = f"R{width}-{next(numbers)}"
    good = [
        f"{mark}-1",
        "高端制剂二期",
        "某制药",
        "2720",
        "太和",
        date(2019, 9, 21),
        3000,
        2000,
        "万元",
        "合同",
    ]
    mixed = [
        f"{mark}-2",
        "铝箔精深加工",
        "某铝业",
        "3252",
        "濉溪",
        "2019年9月22日",
        "1.5亿元",
        None,
        None,
        "合同",
    ]
    bad = [
        f"{mark}-3",
        "没有单位的项目",
        "某厂",
        "2720",
        "太和",
        "2019-09-21",
        3000,
        None,
        None,
        "合同",
    ]
    with walk(live.zone, width) as user:
        user.sign_in("demo-zone-officer")
        user.go("/desk/projects/import/")
        user.look("import")
        upload(user, workbook(good, mixed, bad))
        assert "登记 2 行，退回 1 行" in text(user.page) and "没有单位" in text(user.page)
        user.look("import-batch", keep=1280)
        batch = user.page.url
        with user.page.expect_download() as download:
            user.page.get_by_role("link", name="下载退回的行").click()
        returned = load_workbook(BytesIO(download.value.path().read_bytes()))
        sheet = returned.active
        assert [cell.value for cell in sheet[1]][-1] == "问题"
        assert sheet.max_row == 2 and "没有单位" in sheet["K2"].value
        sheet["I2"] = "万元"
        out = BytesIO()
        returned.save(out)
        upload(user, {"name": "退回.xlsx", "mimeType": XLSX, "buffer": out.getvalue()})
        assert "登记 1 行，退回 0 行" in text(user.page)
        user.look("import-corrected")
        user.page.goto(batch)
        press(user, "撤销整批导入")
        assert "已撤销" in user.page.locator("h1").inner_text()
        user.look("import-undone")
        user.page.get_by_role("link", name=f"{mark}-1").click()
        user.page.wait_for_load_state()
        assert "撤回" in text(user.page)
        user.look("project-withdrawn")


def test_a_park_goes_from_application_to_certificate_with_four_eyes(live, walk, width) -> None:
    name = f"安徽中{'日' if width < 600 else '韩'}(太和)国际合作医药产业园"

    def of(username: str, *steps: tuple[str, str], look: str = "") -> None:
        with walk(live.zone, width) as user:
            user.sign_in(username)
            user.go("/desk/parks/")
            user.page.get_by_role("link", name=name).click()
            user.page.wait_for_load_state()
            for words, note in steps:
                if note:
                    user.page.fill("#note", note)
                press(user, words)
            if look:
                user.look(look, keep=1280)

    with walk(live.zone, width) as user:
        user.sign_in("demo-zone-officer")
        user.go("/desk/parks/")
        user.look("parks")
        user.page.select_option("[name=zone]", "taihe")
        user.page.fill("[name=name]", "太和国际产业园")
        user.page.fill("[name=summary]", "合作企业与规划的说明。")
        press(user, "保存为草稿")
        assert user.page.locator(".errors").count() == 1, "a name outside the grammar was taken"
        user.troubles.clear()  # the browser reports the 422 that was asked for
        user.look("park-refused")
        user.page.fill("[name=name]", name)
        press(user, "保存为草稿")
        assert name in user.page.locator("h1").inner_text()
        press(user, "申报")
        where = user.page.url
        assert user.page.get_by_role("button", name="市级推荐").count() == 0, "one took both steps"
        user.look("park-four-eyes")
    of("demo-zone-reviewer", ("市级推荐", "材料齐全"))
    of("demo-zone-officer", ("送专家评审", ""))
    for number, scores in enumerate(((82, 88, 76, 80), (78, 84, 80, 75), (90, 85, 79, 83)), 1):
        with walk(live.zone, width) as user:
            user.sign_in(f"demo-expert-{number}")
            user.page.goto(where)
            if number == 1:
                user.look("park-opinion")
            for place, score in enumerate(scores):
                user.page.fill(f"[name=score{place}]", str(score))
            press(user, "提交意见")
    of("demo-zone-officer", ("评审通过", "专家意见一致"))
    of("demo-zone-reviewer", ("省级认定", "予以认定"), look="park")
    with walk(live.zone, width) as user:
        user.sign_in("demo-zone-officer")
        user.page.goto(where)
        user.page.get_by_role("link", name="认定证书").click()
        user.page.wait_for_load_state()
        assert name in text(user.page) and "演示" in text(user.page)
        user.look("certificate")


def test_a_rank_says_why_and_meetings_do_not_clash(live, walk, width) -> None:
    with walk(live.zone, width) as user:
        user.sign_in("demo-zone-officer")
        user.go("/desk/assessment/")
        assert "10000" in text(user.page).replace(",", "").replace(" ", "")
        user.look("assessment", keep=1280)
        user.page.get_by_role("link", name="太和").first.click()
        user.page.wait_for_load_state()
        assert "为什么是第" in user.page.locator("h1").inner_text()
        user.look("why", keep=1280)
        user.go("/desk/matching/")
        assert "互不冲突" in user.page.locator("h1").inner_text()
        user.page.locator("details summary").nth(1).click()
        user.look("matching", keep=1280)


def test_the_inventory_leads_to_what_serves_each_row(live, walk, width) -> None:
    with walk(live.zone, width) as user:
        user.go("/inventory/")
        assert user.page.locator("tbody tr").count() == 45
        user.look("inventory", keep=1280)
        links = user.page.locator("tbody a").evaluate_all("all => all.map(a => a.href)")
        assert any(link.startswith(live.health) for link in links)
        for link in sorted(set(links)):
            answer = user.page.goto(link)
            assert answer.ok, link


def test_an_officer_sees_what_the_health_site_released(live, walk, width) -> None:
    with walk(live.zone, width) as user:
        user.sign_in("demo-zone-officer")
        user.go("/agreement/")
        press(user, "现在取一次")
        shown = text(user.page)
        assert "取自健康太和站点" in shown and "没有取到" not in shown
        user.look("agreement", keep=1280)
        user.page.locator("section[aria-labelledby=health] tbody a").first.click()
        user.page.wait_for_load_state()
        assert user.page.url.startswith(live.health)
