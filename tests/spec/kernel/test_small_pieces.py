"""Money, periods and workflow tables."""

from __future__ import annotations

from datetime import date

import pytest

from taihe.kernel.errors import Conflict, Incorrect
from taihe.kernel.money import fen, yuan_text
from taihe.kernel.periods import add_working_days, age_years, day_number, day_of
from taihe.kernel.transitions import Transition, Workflow


@pytest.mark.parametrize(
    ("yuan", "expected"), [("12.5", 1250), ("0.005", 1), ("-21", -2100), ("1e2", 10000)]
)
def test_yuan_becomes_whole_fen(yuan: str, expected: int) -> None:
    assert fen(yuan) == expected


def test_money_is_never_a_float_and_never_a_word() -> None:
    with pytest.raises(TypeError):
        fen(12.5)  # type: ignore[arg-type]
    with pytest.raises(Incorrect):
        fen("twelve")
    assert yuan_text(123456789) == "1,234,567.89"


@pytest.mark.parametrize(
    ("born", "on", "years"),
    [
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2008, 5, 1), date(2026, 4, 30), 17),
        (date(2008, 5, 1), date(2026, 5, 1), 18),
    ],
)
def test_a_birthday_completes_a_year(born: date, on: date, years: int) -> None:
    assert age_years(born, on) == years


def test_ten_working_days_skip_weekends_and_holidays() -> None:
    friday = date(2026, 9, 25)
    assert add_working_days(friday, 1) == date(2026, 9, 28)
    holidays = {date(2026, 10, day) for day in range(1, 9)}
    assert add_working_days(friday, 10, holidays=holidays) == date(2026, 10, 19)
    assert day_of(day_number(friday)) == friday


FLOW = Workflow(
    name="case",
    start="new",
    states={"new": "待审", "confirmed": "已确认"},
    transitions=(Transition("confirm", "new", "confirmed", ("auditor",), "确认"),),
)


def test_a_workflow_allows_what_its_table_says_and_nothing_else() -> None:
    assert FLOW.step("confirm", "new").target == "confirmed"
    with pytest.raises(Conflict):
        FLOW.step("confirm", "confirmed")
    assert [step.action for step in FLOW.allowed("new", ["auditor"])] == ["confirm"]
    assert FLOW.allowed("new", ["hospital"]) == ()
    assert "new --> confirmed: 确认" in FLOW.mermaid()
