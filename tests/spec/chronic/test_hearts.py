"""Two rulers of control: the months of WHO HEARTS and the year of the public-health rules."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taihe.chronic import rules
from taihe.chronic.domain.facts import Impossible
from taihe.chronic.domain.follow_up import Disease, Visit
from taihe.chronic.domain.hearts import (
    HeartsCategory,
    hearts_control_rate,
    managed_control_rate,
)
from taihe.chronic.public import hearts_month
from tests.spec.chronic.tables import rows

MONTHS = """
    why                                 | registered | visits                           | month   | category
    ------------------------------------+------------+----------------------------------+---------+------------------
    controlled at the last reading      | 2023-09-10 | 2024-02-11 148/90 2024-03-12 128/78 | 2024-04 | controlled
    140 is uncontrolled                 | 2023-01-20 | 2024-03-02 140/80                | 2024-03 | uncontrolled
    139/89 is controlled                | 2023-01-20 | 2024-03-02 139/89                | 2024-03 | controlled
    two months back still counts        | 2022-05-01 | 2024-03-01 130/80                | 2024-05 | controlled
    three months back does not          | 2022-05-01 | 2024-02-29 130/80                | 2024-05 | no_visit
    a visit without a reading           | 2023-01-20 | 2024-03-20 -                     | 2024-03 | visited_no_bp
    the reading before it decides       | 2023-01-20 | 2024-02-20 130/80 2024-03-20 -   | 2024-03 | controlled
    month two is still new              | 2024-01-15 | 2024-01-15 160/100               | 2024-03 | newly_registered
    month three is not                  | 2024-01-15 | 2024-01-15 160/100               | 2024-04 | no_visit
    eleven months after the last visit  | 2023-01-20 | 2023-03-02 138/84                | 2024-02 | no_visit
    twelve months after it              | 2023-01-20 | 2023-03-02 138/84                | 2024-03 | lost_to_follow_up
    registered eleven months ago        | 2023-06-01 | -                                | 2024-05 | no_visit
    registered twelve months ago        | 2023-06-01 | -                                | 2024-06 | lost_to_follow_up
    two readings on one day             | 2022-05-01 | 2024-05-10 150/90 2024-05-10 130/80 | 2024-05 | controlled
    before the registration             | 2024-06-01 | -                                | 2024-05 | not_yet_registered
"""


def path_of(row: dict[str, str]) -> dict[str, Any]:
    words = row["visits"].split()
    visits = []
    for day, pressure in zip(words[::2], words[1::2], strict=True):
        systolic, _, diastolic = pressure.partition("/")
        visits.append(
            {
                "date": day,
                "sbp": int(systolic) if diastolic else None,
                "dbp": int(diastolic) if diastolic else None,
            }
        )
    return {
        "registered": row["registered"],
        "status": "alive",
        "death": None,
        "visits": visits,
        "reference_month": row["month"],
    }


@pytest.mark.parametrize("row", rows(MONTHS), ids=lambda row: row["why"])
def test_the_category_of_a_month(row: dict[str, str]) -> None:
    assert hearts_month(path_of(row))["category"] == row["category"]


def test_the_dead_leave_every_month_also_those_before() -> None:
    path = path_of(rows(MONTHS)[0]) | {"death": "2024-12-01"}
    assert hearts_month(path)["category"] == "dead"


@given(st.sampled_from(rows(MONTHS)), st.integers(90, 200))
def test_a_reading_dated_later_never_changes_a_month(row: dict[str, str], sbp: int) -> None:
    path = path_of(row)
    later = {"date": "2026-01-01", "sbp": sbp, "dbp": 60}
    changed = path | {"visits": [later, *path["visits"]]}
    assert hearts_month(changed)["category"] == hearts_month(path)["category"]


def test_the_time_of_day_orders_two_readings() -> None:
    visits = [
        {"date": "2024-05-10T16:00", "sbp": 150, "dbp": 90},
        {"date": "2024-05-10T09:00", "sbp": 130, "dbp": 80},
    ]
    path = {"registered": "2022-05-01", "visits": visits, "reference_month": "2024-05"}
    assert hearts_month(path)["category"] == "uncontrolled"


def test_bad_dates_are_asked_back() -> None:
    with pytest.raises(Impossible, match="YYYY-MM"):
        hearts_month({"registered": "2022-05-01", "visits": [], "reference_month": "May"})
    with pytest.raises(Impossible, match="registered"):
        hearts_month({"registered": "2022-13-01", "visits": [], "reference_month": "2024-05"})


def test_the_same_people_by_both_rulers() -> None:
    """A woman of 70 at 145/85 is on target by the year's rule and not by HEARTS."""
    elder = Visit(Disease.HYPERTENSION, age_years=70, sbp_mmhg=145, dbp_mmhg=85)
    young = Visit(Disease.HYPERTENSION, age_years=50, sbp_mmhg=130, dbp_mmhg=80)
    targets = rules.follow_up_rules().targets
    year = managed_control_rate([elder, young, None], targets=targets)
    assert (year.numerator, year.denominator) == (2, 3)
    month = hearts_control_rate(
        [
            HeartsCategory.UNCONTROLLED,
            HeartsCategory.CONTROLLED,
            HeartsCategory.NO_VISIT,
            HeartsCategory.NEWLY_REGISTERED,
            HeartsCategory.LOST,
            HeartsCategory.DEAD,
        ]
    )
    assert (month.numerator, month.denominator) == (1, 3)
    assert hearts_control_rate([]).percent is None
