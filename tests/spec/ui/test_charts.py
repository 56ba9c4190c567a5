"""A chart says the same as its table, marks its last value, and needs no style attribute."""

from __future__ import annotations

import re
from datetime import date

from taihe.ui.charts import Point, StripDay, bar_chart, day_strip, figure_text, line_chart

PRESSURES = [(date(2026, 11, day), value) for day, value in ((1, 148.0), (5, 139.0), (9, 128.0))]


def test_the_table_holds_every_number_of_the_line() -> None:
    picture = line_chart(PRESSURES, "收缩压降到目标以下", "mmHg", target=135)
    assert picture.columns == ("日期", "数值（mmHg）")
    assert picture.rows == (("2026-11-01", "148"), ("2026-11-05", "139"), ("2026-11-09", "128"))


def test_the_last_value_is_written_and_the_target_is_dashed() -> None:
    svg = line_chart(PRESSURES, "收缩压", "mmHg", target=135).svg
    assert "128 mmHg</text>" in svg and 'class="target"' in svg and "目标 135" in svg


def test_a_chart_has_a_title_a_description_and_no_style() -> None:
    svg = line_chart(PRESSURES, "收缩压 <高>", "mmHg").svg
    ids = re.search(r'aria-labelledby="(\S+) (\S+)"', svg)
    assert ids and all(f'id="{name}"' in svg for name in ids.groups())
    assert "&lt;高&gt;" in svg and "style=" not in svg and 'role="img"' in svg


def test_dates_stand_by_the_calendar_and_words_evenly() -> None:
    days = [(date(2026, 1, 1), 1.0), (date(2026, 1, 2), 1.0), (date(2026, 1, 11), 1.0)]
    second = re.findall(r'<circle[^>]*cx="([\d.]+)%"', line_chart(days, "t").svg)[1]
    assert 10 < float(second) < 12
    words = [("一", 1.0), ("二", 1.0), ("三", 1.0)]
    assert re.findall(r'<circle[^>]*cx="([\d.]+)%"', line_chart(words, "t").svg)[1] == "50.00"


def test_one_value_and_none_are_drawn_without_a_fault() -> None:
    assert line_chart([], "没有").svg == "" and bar_chart([], "没有").svg == ""
    assert "nan" not in line_chart([Point(date(2026, 1, 1), 5.0, "bad")], "一个").svg


def test_bars_begin_at_nought_and_the_longest_fills_the_width() -> None:
    svg = bar_chart([("县医院", 412.0), ("中医院", 103.0, "warn")], "两家", "例").svg
    assert 'width="100.00%"' in svg and 'width="25.00%"' in svg and "412 例" in svg


def test_a_strip_of_more_than_two_weeks_breaks() -> None:
    days = [StripDay(date(2026, 11, day)) for day in range(1, 16)]
    assert day_strip(days).is_long and not day_strip(days[:14]).is_long


def test_figures_have_commas_and_no_empty_decimals() -> None:
    assert [figure_text(v) for v in (5365, 6.10, 0.5, 1234567.891)] == [
        "5,365",
        "6.1",
        "0.5",
        "1,234,567.89",
    ]
