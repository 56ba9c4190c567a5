"""Zones and their names over time."""

from __future__ import annotations

from datetime import date

import pytest

from taihe.zone import rows
from taihe.zone.domain.zones import UnknownZone, name_on, resolve

NAMES = """
written                | on         | zone
-----------------------+------------+-----------
太和                   | 2019-11-07 | taihe
安徽太和经济开发区     | 2019-11-07 | taihe
蜀山                   | 2019-11-07 | shushan
合肥蜀山经济技术开发区 | 2022-01-01 | shushan
合肥蜀山经济技术开发区 | 2019-11-07 | -
安徽合肥蜀山经济开发区 | 2022-01-01 | -
安徽长丰经济开发区     | 2019-03-15 | shuangfeng
安徽长丰经济开发区     | 2019-11-07 | -
中新苏滁高新技术产业开发区 | 2019-11-07 | suchu
不存在的开发区         | 2019-11-07 | -
"""


@pytest.mark.parametrize(
    "row",
    [[c.strip() for c in line.split("|")] for line in NAMES.strip().splitlines()[2:]],
    ids=lambda row: f"{row[0]} {row[1]}",
)
def test_a_name_means_a_zone_on_a_day(row: list[str]) -> None:
    on = date.fromisoformat(row[1])
    if row[2] == "-":
        with pytest.raises(UnknownZone):
            resolve(row[0], rows.zone_names(), on=on)
    else:
        assert resolve(row[0], rows.zone_names(), on=on) == row[2]


def test_a_name_given_up_is_refused_with_the_name_that_holds() -> None:
    with pytest.raises(UnknownZone) as refused:
        resolve("安徽合肥蜀山经济开发区", rows.zone_names(), on=date(2022, 1, 1))
    assert "合肥蜀山经济技术开发区" in refused.value.do


def test_every_zone_has_one_official_name_on_each_day_that_matters() -> None:
    for row in rows.zones():
        for day in (date(2018, 1, 1), date(2019, 11, 7), date(2021, 9, 30), date(2026, 1, 1)):
            holding = [
                name for name in rows.zone_names()
                if name.zone == row.zone and name.kind == "official" and name.valid.holds(day)
            ]  # fmt: skip
            assert len(holding) == 1, (row.zone, day)
            assert name_on(row.zone, rows.zone_names(), on=day) == holding[0].name


def test_the_delta_has_68_national_zones_and_every_row_a_source() -> None:
    national = {n.zone for n in rows.zone_names() if n.level == "national_etdz"}
    assert len(national) == 68
    assert all(row.source for row in (*rows.zones(), *rows.events(), *rows.published_figures()))
    assert len(rows.industries()) == 1971
