"""The citizen number (GB 11643): what is accepted, what is refused, and what it tells."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taihe.kernel.identifiers import CitizenNumber, NotACitizenNumber, check_character

ACCEPTED = """
written             | number             | born       | sex
--------------------+--------------------+------------+----
34052419800101001X  | 34052419800101001X | 1980-01-01 | 1
34052419800101001x  | 34052419800101001X | 1980-01-01 | 1
３４０５２４１９８００１０１００１Ｘ | 34052419800101001X | 1980-01-01 | 1
340524800101001     | 34052419800101001X | 1980-01-01 | 1
110105491231002     | 11010519491231002X | 1949-12-31 | 2
"""

REFUSED = """
written            | why
-------------------+-----------------
340524198001010010 | check character
34052419800110001X | check character
34052419801301001X | birth date
3405241980010100   | 18 or 15
34052419800101A01X | digits
"""


def rows(table: str) -> list[list[str]]:
    lines = [line for line in table.strip().splitlines() if "-+-" not in line]
    return [[cell.strip() for cell in line.split("|")] for line in lines[1:]]


@pytest.mark.parametrize(("written", "number", "born", "sex"), rows(ACCEPTED))
def test_a_right_number_is_read(written: str, number: str, born: str, sex: str) -> None:
    read = CitizenNumber.parse(written)
    assert read.value == number
    assert read.birth_date == date.fromisoformat(born)
    assert read.sex == sex


@pytest.mark.parametrize(("written", "why"), rows(REFUSED))
def test_a_wrong_number_is_refused_without_repeating_it(written: str, why: str) -> None:
    with pytest.raises(NotACitizenNumber) as refused:
        CitizenNumber.parse(written)
    assert why in str(refused.value)
    assert written not in str(refused.value)


def test_a_number_shown_by_mistake_tells_only_the_division() -> None:
    number = CitizenNumber.parse("34052419800101001X")
    assert str(number) == repr(number) == "340524************"


@given(
    st.dates(date(1900, 1, 1), date(2026, 1, 1)),
    st.integers(0, 999),
    st.integers(0, 16),
    st.integers(1, 9),
)
def test_one_wrong_digit_is_always_found(born: date, sequence: int, place: int, by: int) -> None:
    right = CitizenNumber.compose("341222", born, sequence).value
    wrong = right[:place] + str((int(right[place]) + by) % 10) + right[place + 1 :]
    with pytest.raises(NotACitizenNumber):
        CitizenNumber.parse(wrong)


def test_the_check_character_agrees_with_the_standards_example() -> None:
    assert check_character("34052419800101001") == "X"
