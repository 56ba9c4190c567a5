"""
Each role's first journey, at 360 and 1280 px: what it came for is there, and every page on
the way is without accessibility errors.
"""

from __future__ import annotations

import re

import pytest


def text(page) -> str:
    return page.locator("main").inner_text()


def test_a_clinician_finds_a_person_and_reads_the_page(live, walk, width) -> None:
    with walk(live.health, width) as user:
        user.sign_in("demo-clinician")
        user.look("find")
        user.page.fill("#text", "wang")
        user.page.click("main form button[type=submit]")
        user.page.wait_for_selector("#found .list a")
        user.look("found")
        assert "wang" not in user.page.url, "a name travelled in an address"
        user.page.locator("#found .list a").first.click()
        user.page.wait_for_load_state()
        shown = text(user.page)
        for words in ("现有问题", "正在用的药", "检验与测量", "就诊", "谁看过这份档案"):
            assert words in shown
        assert not re.search(r"\d{17}[\dXx]", shown), "a whole citizen number is on the page"
        user.look("person", keep=1280)


def test_htmx_turns_the_pages_of_visits_in_place(live, walk) -> None:
    with walk(live.health) as user:
        user.sign_in("demo-clinician")
        user.page.fill("#text", "wang")
        user.page.click("main form button[type=submit]")
        user.page.locator("#found .list a").first.click()
        user.page.wait_for_load_state()
        onward = user.page.locator("#visits a[rel=next]")
        if not onward.count():
            pytest.skip("this person has one page of visits")
        onward.click()
        user.page.wait_for_selector("#visits a[rel=prev]")
        assert "visits-page=2" in user.page.url
        user.look("visits-2")


def test_a_village_doctor_finds_signed_residents(live, walk, width) -> None:
    with walk(live.health, width) as user:
        user.sign_in("demo-village-doctor")
        user.go("/desk/record/")
        user.page.fill("#text", "li")
        user.page.click("main form button[type=submit]")
        user.page.wait_for_selector("#found:not([hidden])")
        user.look("village")


@pytest.mark.parametrize("elder", [False, True], ids=["normal", "elder"])
def test_a_resident_reads_a_result_and_who_looked(live, walk, width, elder) -> None:
    name = "elder" if elder else "resident"
    with walk(live.health, width) as user:
        user.sign_in("demo-resident")
        if elder:
            user.page.get_by_role("link", name="长辈版").click()
            user.page.wait_for_load_state()
        assert (user.page.locator("html").get_attribute("data-view") == "elder") == elder
        user.look(name, keep=360)
        user.page.locator(".tiles a", has_text="检验检查").click()
        user.page.wait_for_load_state()
        user.look(f"{name}-results")
        user.page.locator("main .list a").first.click()
        user.page.wait_for_load_state()
        assert user.page.locator("svg.chart[role=img]").count() == 1
        assert user.page.locator("figure table tbody tr").count() >= 1
        user.look(f"{name}-result", keep=0 if elder else 360)
        user.page.get_by_role("navigation", name="主导航").get_by_role(
            "link", name="谁看过"
        ).click()
        user.page.wait_for_load_state()
        assert "谁看过我的档案" in text(user.page)
        user.look(f"{name}-seen")
        for path in ("record", "medicines", "bills", "me"):
            user.go(f"/app/{path}/")
            user.look(f"{name}-{path}", keep=360 if path == "bills" and not elder else 0)


def test_what_a_doctor_read_is_told_to_the_resident(live, walk) -> None:
    with walk(live.health) as resident:
        resident.sign_in("demo-resident")
        resident.go("/app/me/")
        name = resident.page.locator("h1").inner_text()
    with walk(live.health) as doctor:
        doctor.sign_in("demo-village-doctor")
        doctor.go("/desk/record/")
        doctor.page.fill("#text", name)
        doctor.page.click("main form button[type=submit]")
        doctor.page.wait_for_selector("#found:not([hidden])")
        found = doctor.page.locator("#found .list a")
        if not found.count():
            pytest.skip("the demo resident has not signed with the demo village doctor")
        found.first.click()
        doctor.page.wait_for_load_state()
    with walk(live.health) as resident:
        resident.sign_in("demo-resident")
        resident.go("/app/seen/")
        shown = text(resident.page)
        for words in ("村卫生室", "诊疗", "查看整份档案", "今天"):
            assert words in shown, words
        resident.look("seen-by-doctor", keep=1280)


def test_elder_targets_are_sixty_pixels_and_letters_twenty_two(live, walk) -> None:
    small = """() => [...document.querySelectorAll('main a, main button, main summary, .tabs a')]
        .filter(e => e.getClientRects().length && e.getBoundingClientRect().height < 59.5)
        .map(e => e.outerHTML.slice(0, 90) + ' ' + e.getBoundingClientRect().height)"""
    with walk(live.health, 360) as user:
        user.sign_in("demo-resident")
        for path in ("", "record/", "medicines/", "results/", "bills/", "seen/", "me/"):
            user.go(f"/app/{path}?elder=1")
            assert user.page.evaluate(small) == [], path
            size = user.page.evaluate("getComputedStyle(document.body).fontSize")
            assert size == "22px"
            assert user.page.locator("a[href^='tel:']").count() >= 1, path


def test_normal_targets_are_large_enough_to_touch(live, walk) -> None:
    small = """() => [...document.querySelectorAll('.button, .tabs a, .tiles a, .band .side a')]
        .filter(e => e.getClientRects().length && e.getBoundingClientRect().height < 43.5)
        .map(e => e.outerHTML.slice(0, 90))"""
    with walk(live.health, 360) as user:
        user.sign_in("demo-resident")
        for path in ("", "record/", "bills/", "me/"):
            user.go(f"/app/{path}")
            assert user.page.evaluate(small) == [], path


def test_an_auditor_opens_the_queue_and_a_finding_and_confirms_it(live, walk, width) -> None:
    with walk(live.health, width) as user:
        user.sign_in("demo-auditor")
        assert "待审" in user.page.locator("h1").inner_text()
        user.look("queue")
        first = user.page.locator("main table a").first
        number = first.inner_text()
        first.click()
        user.page.wait_for_load_state()
        shown = text(user.page)
        for words in ("依据", "规则行", "怎样才合规", "经过"):
            assert words in shown, words
        user.look("auditor", keep=1280)
        if width > 600:
            user.page.keyboard.press("q")
        else:
            user.page.locator(".actions .button.primary").click()
        user.page.wait_for_load_state()
        user.page.wait_for_selector("[role=status]")
        assert number in user.page.locator("[role=status]").inner_text()
        user.look("finding-next")


def test_a_hospital_sees_its_own_cases(live, walk, width) -> None:
    with walk(live.health, width) as user:
        user.sign_in("demo-hospital")
        user.look("hospital")
        user.page.locator("main table a").first.click()
        user.page.wait_for_load_state()
        user.look("hospital-case")
        user.go("/desk/claims/")
        assert user.page.locator("h1").count() == 1 and "待审队列" not in text(user.page)


def test_an_administrator_sees_the_state_of_the_installation(live, walk, width) -> None:
    with walk(live.health, width) as user:
        user.sign_in("demo-administrator")
        user.look("administrator", keep=1280)
        for link in user.page.locator(".nav a").all():
            user.go(link.get_attribute("href") or "/")
            user.look("administrator")
            if width > 600:
                break


def test_a_zone_officer_opens_figures_definition_and_projects(live, walk, width) -> None:
    with walk(live.zone, width) as user:
        user.sign_in("demo-zone-officer")
        user.look("zone")
        user.go("/")
        user.look("zone-front")
        user.go("/conventions/")
        user.page.locator("main a[href*='/conventions/']").first.click()
        user.page.wait_for_load_state()
        shown = text(user.page)
        for words in ("437", "638", "68.5", "73.0"):
            assert words in shown, words
        user.look("bulletin", keep=1280)
        bulletin = user.page.url
        definition = user.page.locator("main a[href*='/definitions/']").first
        definition.click()
        user.page.wait_for_load_state()
        user.look("definition")
        user.page.goto(bulletin)
        user.page.locator("main a[href*='/editions/'][href*='projects/']").first.click()
        user.page.wait_for_load_state()
        user.look("bulletin-projects")
        assert user.page.locator("main table tbody tr").count() >= 5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_sign_in_and_what_is_not_there_are_designed_pages(live, walk, width, scheme) -> None:
    with walk(live.health, width, scheme=scheme) as user:
        user.go("/sign-in/")
        user.look("sign-in", keep=1280 if scheme == "light" else 0)
        user.go("/no-such-page/")
        user.troubles.clear()  # the browser reports the 404 that was asked for
        user.look("not-found")


def test_the_dark_theme_is_readable_too(live, walk) -> None:
    with walk(live.health, 360, scheme="dark") as user:
        user.sign_in("demo-resident")
        user.look("dark-home")
        user.go("/app/results/")
        user.look("dark-results")


def test_everything_is_read_and_searched_without_script(live, walk) -> None:
    with walk(live.health, 1280, script=False) as user:
        user.sign_in("demo-clinician")
        user.page.fill("#text", "wang")
        user.page.click("main form button[type=submit]")
        user.page.wait_for_load_state()
        user.page.locator("#found .list a").first.click()
        user.page.wait_for_load_state()
        assert "现有问题" in text(user.page)
        assert user.page.locator("svg.chart").count() >= 1


def test_navigation_is_english_when_asked_for(live, walk) -> None:
    with walk(live.health) as user:
        user.sign_in("demo-clinician")
        user.page.get_by_role("button", name="English").click()
        user.page.wait_for_load_state()
        assert "Find a person" in user.page.locator(".nav").inner_text()
        user.page.get_by_role("button", name="中文").click()
        user.page.wait_for_load_state()
        assert "查找居民" in user.page.locator(".nav").inner_text()


def test_the_menu_of_a_desk_opens_on_a_phone(live, walk) -> None:
    with walk(live.health, 360) as user:
        user.sign_in("demo-auditor")
        assert not user.page.locator(".nav").is_visible()
        user.page.get_by_role("button", name="菜单").click()
        user.page.locator(".nav").wait_for(state="visible")
        user.look("menu")
