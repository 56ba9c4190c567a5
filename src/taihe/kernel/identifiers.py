"""
Identifiers as they occur in China: the citizen number, and the naming systems of documents.

The citizen number follows GB 11643-1999; the object identifiers are those of the WS/T 500
shared-document templates.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from taihe.kernel.errors import Incorrect

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_FULL_WIDTH = str.maketrans("０１２３４５６７８９Ｘｘ", "0123456789XX")


class Oid(StrEnum):
    """Naming systems of WS/T 500 (root 2.16.156.10011.1) and of HL7 China's core patient."""

    DOCUMENT = "urn:oid:2.16.156.10011.1.1"
    HEALTH_RECORD = "urn:oid:2.16.156.10011.1.2"
    CITIZEN = "urn:oid:2.16.156.10011.1.3"
    STAFF = "urn:oid:2.16.156.10011.1.4"
    INSTITUTION = "urn:oid:2.16.156.10011.1.5"
    OUTPATIENT = "urn:oid:2.16.156.10011.1.11"
    INPATIENT = "urn:oid:2.16.156.10011.1.12"
    MEDICAL_RECORD = "urn:oid:2.16.156.10011.1.13"
    HEALTH_CARD = "urn:oid:2.16.156.10011.1.19"
    PRESCRIPTION = "urn:oid:2.16.156.10011.1.20"
    CITIZEN_HL7_CHINA = "urn:oid:2.16.840.1.113883.2.23.1.19.1"
    SOCIAL_SECURITY = "urn:oid:2.16.840.1.113883.2.23.1.19.2"


class NotACitizenNumber(Incorrect):
    """The text is no citizen number; the message says which part is wrong, never the value."""


@dataclass(frozen=True)
class CitizenNumber:
    """
    A citizen number (公民身份号码, GB 11643-1999) in its 18-character form.

    18 characters: 6 division of first registration, 8 birth date, 3 sequence (odd male,
    even female), 1 check. The division may have been abolished since; it is not checked
    against today's list. `str()` shows only the division, so that a number that slips into
    a message does no harm; `value` is the number itself.
    """

    value: str

    def __str__(self) -> str:
        return self.value[:6] + "*" * 12

    __repr__ = __str__

    @property
    def division(self) -> str:
        """The division of first registration (GB/T 2260), six digits."""
        return self.value[:6]

    @property
    def birth_date(self) -> date:
        """The date of birth."""
        return _date(self.value[6:14])

    @property
    def sex(self) -> str:
        """GB/T 2261.1: "1" male, "2" female."""
        return "1" if int(self.value[14:17]) % 2 else "2"

    @classmethod
    def parse(cls, text: str) -> CitizenNumber:
        """
        Read 18 or 15 characters, with `x` or full-width digits, and check every part.

        The 15-digit form has a two-digit year: 19 is inserted and the check is computed.
        Its sequences 996 to 999 were kept for people born in the century before.
        """
        number = text.strip().translate(_FULL_WIDTH).upper()
        if len(number) == 15 and number.isascii() and number.isdigit():
            century = "18" if number[12:] in ("996", "997", "998", "999") else "19"
            number = number[:6] + century + number[6:]
            number += check_character(number)
        if len(number) != 18:
            raise NotACitizenNumber("A citizen number has 18 or 15 characters.", "Count them.")
        if not (number.isascii() and number[:17].isdigit() and number[17] in "0123456789X"):
            raise NotACitizenNumber(
                "A citizen number has digits, and at its end a digit or X.", "Check each character."
            )
        _date(number[6:14])
        if check_character(number[:17]) != number[17]:
            raise NotACitizenNumber(
                "The check character does not fit the other 17.",
                "One digit is wrong or two are swapped: compare with the card.",
            )
        return cls(number)

    @classmethod
    def compose(cls, division: str, born: date, sequence: int) -> CitizenNumber:
        """Make a number from its parts; `sequence` is 0 to 999, odd for male."""
        head = f"{division}{born:%Y%m%d}{sequence:03d}"
        return cls.parse(head + check_character(head))


def check_character(first_17: str) -> str:
    """The check character of GB 11643: weighted sum mod 11 indexes `10X98765432`."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first_17, strict=True))
    return _CHECKS[total % 11]


def _date(digits: str) -> date:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        raise NotACitizenNumber(
            "The birth date inside the number does not exist.", "Compare characters 7 to 14."
        ) from None


def is_institution_code(text: str) -> bool:
    """
    Whether the text has the form of a national insurance institution code (定点医药机构编码).

    12 characters: H hospital or P pharmacy, 6 division, 5 sequence. Only the form is checked.
    """
    return len(text) == 12 and text[0] in "HP" and text[1:].isdigit()
