"""One list of medicines: the record's and the prescriptions', with doubles marked."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

import pytest

from taihe.record.public import Medicine
from taihe.resident.medicines import one_list, substance

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("苯磺酸氨氯地平片", "氨氯地平"),
        ("氨氯地平片", "氨氯地平"),
        ("盐酸二甲双胍缓释片", "二甲双胍"),
        ("二甲双胍片（0.5g）", "二甲双胍"),
        ("阿司匹林肠溶片", "阿司匹林"),
        ("六味地黄丸", "六味地黄"),
        ("甘草", "甘草"),
        ("丹参片", "丹参"),
        ("硫酸", "硫酸"),
    ],
)
def test_a_substance_is_a_name_without_form_and_salt(name: str, expected: str) -> None:
    assert substance(name) == expected


def medicine(name: str, place: str = "县医院", on: str = "2026-11-10", active: bool = True):
    return Medicine(name, "", "每日一次", on, active, place)


def shown(
    name: str, place: str = "中医院", days_ago: int = 2, days: int | None = 7, state="signed"
):
    line = SimpleNamespace(name=name, usage="每日二次", amount="1 盒", days=days)
    day = TODAY - timedelta(days=days_ago)
    return SimpleNamespace(state=state, day=day, place=place, lines=(line,), doses=None)


# record | prescription | current | doubles
LISTS = [
    ([medicine("氨氯地平片")], [], ["氨氯地平片"], 0),
    ([medicine("氨氯地平片")], [shown("苯磺酸氨氯地平片")], ["氨氯地平片", "苯磺酸氨氯地平片"], 2),
    ([medicine("氨氯地平片")], [shown("氨氯地平片", "县医院")], ["氨氯地平片"], 0),
    ([medicine("氨氯地平片")], [shown("氨氯地平片", "中医院")], ["氨氯地平片", "氨氯地平片"], 2),
    ([], [shown("甘草片", days_ago=8, days=7)], [], 0),
    ([], [shown("甘草片", days_ago=7, days=7)], ["甘草片"], 0),
    ([], [shown("甘草片", days_ago=29, days=None)], ["甘草片"], 0),
    ([], [shown("甘草片", state="expired")], [], 0),
    ([medicine("甲片", active=False)], [shown("甲片", "县医院")], ["甲片"], 0),
]


@pytest.mark.parametrize(("record", "prescriptions", "current", "doubles"), LISTS)
def test_one_list(record, prescriptions, current, doubles) -> None:
    found = one_list(record, prescriptions, TODAY)
    assert [one.name for one in found.current] == current
    assert found.doubles == doubles


def test_a_double_names_the_other_and_its_place() -> None:
    found = one_list([medicine("氨氯地平片")], [shown("苯磺酸氨氯地平片")], TODAY)
    assert found.current[0].double == ("苯磺酸氨氯地平片（中医院）",)


def test_what_was_written_and_dispensed_again_counts() -> None:
    found = one_list([medicine("氨氯地平片")], [shown("氨氯地平片", "县医院")], TODAY)
    assert (found.current[0].times, found.current[0].prescribed_on) == (2, "2026-11-22")
