"""Whether a JSON value is a valid primitive of a FHIR type (https://hl7.org/fhir/R4/datatypes.html)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import lru_cache

from taihe.fhir import definitions

Check = Callable[[object], bool]
LONGEST_TEXT = 1024 * 1024
TEXTS = frozenset(("string", "markdown", "xhtml"))

_YEAR = r"(?:[0-9](?:[0-9](?:[0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_DATE = re.compile(rf"{_YEAR}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01]))?)?")
_INSTANT = re.compile(rf"{_YEAR}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T{_TIME}{_ZONE}")
_BASE64 = re.compile(r"[0-9a-zA-Z+/]*={0,2}")
_CONTROL = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f\\ud800-\\udfff]")
_SURROGATE = re.compile("[\\ud800-\\udfff]")
_CODE = re.compile(r"\S+(?: \S+)*")

# What a clerk should write, by type.
HINTS: dict[str, str] = {
    "boolean": "Write true or false without quotes.",
    "integer": "Write a whole number from -2147483648 to 2147483647, without quotes.",
    "positiveInt": "Write a whole number of 1 or more (2147483647 at most), without quotes.",
    "unsignedInt": "Write a whole number of 0 or more (2147483647 at most), without quotes.",
    "decimal": "Write a number without quotes.",
    "date": "Write YYYY, YYYY-MM or YYYY-MM-DD.",
    "dateTime": "Write a date, or a date and time with seconds and zone: 2026-11-24T08:30:00+08:00.",
    "instant": "Write date and time with seconds and zone: 2026-11-24T08:30:00+08:00.",
    "time": "Write hh:mm:ss, without a zone.",
    "id": "Use 1 to 64 of letters, digits, - and .",
    "code": "Write a code without spaces at its ends and double spaces inside.",
    "uri": "Write an address without spaces.",
    "url": "Write an address without spaces.",
    "canonical": "Write an address without spaces.",
    "oid": "Write urn:oid: and the number, as urn:oid:2.16.840.",
    "uuid": "Write urn:uuid: and the uuid in small letters.",
    "base64Binary": "Write base64 text, whole groups of four signs.",
    "xhtml": "Write one <div> of plain XHTML, without scripts.",
}


def _real_day(text: str) -> bool:
    try:
        date(int(text[:4]), int(text[5:7]), int(text[8:10]))
    except ValueError:
        return False
    return True


@lru_cache(maxsize=65536)
def _date(text: str) -> bool:
    return _DATE.fullmatch(text) is not None and (len(text) < 10 or _real_day(text))


@lru_cache(maxsize=65536)
def _instant(text: str) -> bool:
    return _INSTANT.fullmatch(text) is not None and _real_day(text)


def is_date(value: object) -> bool:
    """A date of a year, a month or a day that exists."""
    return type(value) is str and len(value) <= 10 and _date(value)


def is_date_time(value: object) -> bool:
    """A date, or a moment with seconds and zone."""
    return type(value) is str and len(value) <= 60 and (_instant(value) or _date(value))


def is_instant(value: object) -> bool:
    """A moment with seconds and zone."""
    return type(value) is str and len(value) <= 60 and _instant(value)


def is_text(value: object) -> bool:
    """Text that is not blank, of at most a mebi characters, without control characters."""
    if type(value) is not str or value == "" or value.isspace():
        return False
    return (value.isprintable() or _CONTROL.search(value) is None) and len(value) <= LONGEST_TEXT


def is_markup(value: object) -> bool:
    """Text of XHTML: not blank, without control characters, of any length."""
    if type(value) is not str or value == "" or value.isspace():
        return False
    return value.isprintable() or _CONTROL.search(value) is None


def has_only_odd_characters(value: str) -> bool:
    """
    Whether all that is wrong with a text are control characters.

    R4 says that they should not be there; half a surrogate pair is no character at all.
    """
    return len(value) <= LONGEST_TEXT and not value.isspace() and _SURROGATE.search(value) is None


def is_address(value: object) -> bool:
    """Text without white space."""
    return (
        type(value) is str and value != "" and len(value.split(None, 1)) == 1 == len(value.split())
    )


@lru_cache(maxsize=16384)
def _code(text: str) -> bool:
    return _CODE.fullmatch(text) is not None


def is_code(value: object) -> bool:
    """Text without white space at its ends and without double spaces."""
    return type(value) is str and len(value) < 10_000 and _code(value)


def is_boolean(value: object) -> bool:
    """true or false."""
    return value is True or value is False


def _whole(least: int) -> Check:
    def check(value: object) -> bool:
        return type(value) is int and least <= value < 2**31

    return check


def is_decimal(value: object) -> bool:
    """A number; infinities and NaN are none."""
    if type(value) is float:
        return value - value == 0
    return type(value) is int or (type(value) is Decimal and value.is_finite())


def _matching(pattern: str, longest: int) -> Check:
    fullmatch = re.compile(pattern).fullmatch

    def check(value: object) -> bool:
        return type(value) is str and len(value) <= longest and fullmatch(value) is not None

    return check


def is_base64(value: object) -> bool:
    """Base64 text; white space does not count."""
    if type(value) is not str or not value:
        return False
    plain = value if value.isascii() and value.isalnum() else "".join(value.split())
    return len(plain) % 4 == 0 and _BASE64.fullmatch(plain) is not None


@lru_cache(maxsize=64)
def check_of(type_name: str) -> Check:
    """The check of a primitive type."""
    fixed: dict[str, Check] = {
        "boolean": is_boolean,
        "integer": _whole(-(2**31)),
        "positiveInt": _whole(1),
        "unsignedInt": _whole(0),
        "decimal": is_decimal,
        "string": is_text,
        "markdown": is_text,
        "xhtml": is_markup,
        "date": is_date,
        "dateTime": is_date_time,
        "instant": is_instant,
        "code": is_code,
        "uri": is_address,
        "url": is_address,
        "canonical": is_address,
        "base64Binary": is_base64,
    }
    if type_name in fixed:
        return fixed[type_name]
    return _matching(definitions.patterns()[type_name], 200)
