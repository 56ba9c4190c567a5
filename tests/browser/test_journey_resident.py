"""A resident books, measures, answers a form; withdraws consent, and the doctor finds nobody."""

from __future__ import annotations

import re

import pytest

from tests.browser.test_journey_medicine import name_of_the_elder, press, text

PAGES = ("tasks/", "medicines/", "bookings/", "bookings/new/", "measure/", "constitution/33/",
         "consents/", "consents/treat/", "consents/receipts/")  # fmt: skip
TARGETS = """
[...document.querySelectorAll('main a, main button, main input:not([type=hidden]), main select,'
  + ' main label:has(input), .tabs a, summary')]
  .filter(e => e.offsetParent && !(e.matches('input') && e.closest('label')))
  .map(e => [e.getBoundingClientRect(), e.outerHTML.slice(0, 90)])
  .filter(([box]) => box.height < 60 || box.width < 60)
  .map(([box, html]) => `${Math.round(box.width)}x${Math.round(box.height)} ${html}`)
"""


def test_a_resident_books_and_gives_it_back(live, walk, width) -> None:
    with walk(live.health, width) as user:
        user.sign_in("demo-resident")
        user.go("/app/bookings/")
        user.look("app-bookings-none")
        user.page.get_by_role("link", name=re.compile("预约门诊|再约一个")).click()
        user.page.wait_for_load_state()
        user.look("app-choose")
        user.page.get_by_role("link", name="内分泌科").click()
        user.page.wait_for_load_state()
        user.look("app-choose-time")
        user.page.locator("main .ways a").nth(0 if width < 600 else 1).click()
        user.page.wait_for_load_state()
        user.look("app-confirm")
        press(user, "就约这个")
        shown = text(user.page)
        assert "内分泌科" in shown and "号" in shown
        user.look("app-bookings", keep=360)
        user.go("/app/tasks/")
        assert "内分泌科" in text(user.page)
        user.look("app-tasks")
        user.go("/app/bookings/")
        user.page.get_by_role("button", name="取消这个预约").first.click()
        user.page.wait_for_load_state()
        user.look("app-bookings-cancelled")


def test_a_withdrawn_consent_hides_the_person_from_the_next_search(live, walk, width) -> None:
    name = name_of_the_elder(live, walk)
    with walk(live.health, width) as doctor, walk(live.health, width) as user:
        doctor.sign_in("demo-tcm-doctor")
        assert name in searched(doctor, name)
        user.sign_in("demo-resident")
        user.go("/app/consents/")
        user.look("app-consents", keep=360)
        user.page.click('a[href="/app/consents/treat/"]')
        user.page.wait_for_load_state()
        user.look("app-consent")
        kept = text(user.page)
        assert "法律规定仍然保留的" in kept and "医保部门核查" in kept
        try:
            press(user, "停用")
            assert "已停用" in text(user.page)
            user.look("app-receipt", keep=360)
            assert name not in searched(doctor, name)
            doctor.look("nobody-found")
        finally:
            user.go("/app/consents/treat/")
            user.look("app-consent-again")
            press(user, "恢复")
        assert name in searched(doctor, name)


def searched(user, name: str) -> str:
    """What the record desk finds for a name."""
    user.go("/desk/record/")
    user.page.fill("#text", name)
    user.page.click("main form button[type=submit]")
    user.page.wait_for_load_state("networkidle")
    return str(user.page.locator("#found").inner_text())


def test_a_pressure_that_looks_swapped_is_asked_back(live, walk, width) -> None:
    with walk(live.health, width) as user:
        user.sign_in("demo-resident-2")
        user.go("/app/measure/")
        user.look("app-measure")
        user.page.fill("[name=systolic]", "72")
        user.page.fill("[name=diastolic]", "118")
        press(user, "记下来")
        assert "可能写反了" in text(user.page)
        user.troubles.clear()
        user.look("app-measure-swapped")
        user.page.fill("[name=systolic]", "118")
        user.page.fill("[name=diastolic]", "72")
        press(user, "记下来")
        assert "已经记下：118/72" in text(user.page)
        user.look("app-measured")


def test_a_constitution_form_with_a_blank_is_asked_back(live, walk, width) -> None:
    with walk(live.health, width) as user:
        user.sign_in("demo-resident")
        user.go("/app/constitution/33/")
        user.look("app-constitution")
        answers = user.page.locator("main fieldset")
        for number in range(1, answers.count()):
            answers.nth(number).locator("input").nth(number % 5).check()
        press(user, "答完了，看结果")
        assert "还有 1 题没有答" in text(user.page)
        user.troubles.clear()
        user.look("app-constitution-blank")
        answers.nth(0).locator("input").nth(3).check()
        press(user, "答完了，看结果")
        assert "质" in text(user.page)
        user.look("app-constitutions")


@pytest.mark.parametrize("page", PAGES)
def test_the_elder_view_has_the_same_pages_with_large_targets(live, walk, page: str) -> None:
    with walk(live.health, 360) as user:
        user.sign_in("demo-resident")
        user.go(f"/app/{page}?elder=1")
        user.look(f"elder-{page}")
        small = user.page.evaluate(TARGETS)
        assert small == [], small
        size = user.page.evaluate("getComputedStyle(document.body).fontSize")
        assert float(size.removesuffix("px")) >= 22
