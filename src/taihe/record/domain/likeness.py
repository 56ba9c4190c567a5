"""
What makes two written rows look like one human being, and what forbids it.

A row is what one source wrote about somebody. `features_of` brings it into a form that can be
compared: a citizen number that is checked, a name with its sounds, a birth date, a telephone
number, an address with its village. `impossible` and `doubt` say what no sum of weights may
overrule. Nothing here is shown or logged: explanations are words of the level table.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from taihe.kernel.identifiers import CitizenNumber, NotACitizenNumber, Oid

# What sources write for the resident identity card (WS/T 364.3 code 01, the object
# identifiers of WS/T 500 and HL7 China, and words).
CITIZEN_TYPES = frozenset(
    (
        *("", "1", "01", "居民身份证", "身份证", "公民身份号码", "citizen", "idcard", "nnchn"),
        *(Oid.CITIZEN.value, Oid.CITIZEN_HL7_CHINA.value),
    )
)
_SEX = {"1": "1", "男": "1", "男性": "1", "m": "1", "male": "1"}
_SEX |= {"2": "2", "女": "2", "女性": "2", "f": "2", "female": "2"}
_NOT_IN_NAMES = re.compile(r"[\s·•・‧.,,。\-_'’()()]+")
# A newborn under the mother's name: 王芳之子, 王芳之女, 王芳之长子, 王芳之女2, 王芳男婴.
_NEWBORN = re.compile(
    r"^(.{2,}?)(?:之(?:[长次大小双]?(?:子|女|婴|男婴|女婴)).{0,2}|[男女]婴.?|婴儿.?)$"
)
_DATE = re.compile(r"^(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?(?:[T ].*)?$")
_PLACES = re.compile(r"^(?:安徽省)?(?:阜阳市)?(?:太和县)?")
_PROVINCE = re.compile(
    r"^(?:[^市县区]{2,8}?(?:省|自治区))?(?:[^省县区]{2,8}?(?:市|自治州|盟))?"
    r"(?:[^省市]{1,8}?(?:县|区|旗|市))?"
)
_VILLAGE = re.compile(r"^(.*?(?:村|社区|居委会|街道|小区|镇|乡))(?=[^村社区镇乡]*$)")


class Written(NamedTuple):
    """One row as a source wrote it, all text; empty is unknown."""

    id: str
    name: str
    source: str = ""
    sex: str = ""
    birth_date: str = ""
    id_type: str = ""
    id_number: str = ""
    phone: str = ""
    address: str = ""
    mother_id: str = ""


class Features(NamedTuple):
    """
    A row in comparable form; None is unknown.

    `number` identifies its holder: a valid citizen number in 18 characters, or another
    document with its type. `wrong_number` is a citizen number whose check or form fails.
    `borrowed` says that the number is valid and belongs to somebody else (its birth date is
    far from the one beside it). `sounds` are the syllables of the name without tones, `bag`
    the same in order of the alphabet. `newborn_of` is the mother's name when the row says
    "王芳之子". `house` is the whole address without province, city and county, `village` its
    part up to the village.
    """

    id: str
    source: str
    number: str | None
    wrong_number: str | None
    any_number: str | None
    borrowed: bool
    name: str | None
    sounds: str | None
    bag: str | None
    newborn_of: str | None
    birth: str | None
    born_swapped: str | None
    sex: str | None
    phone: str | None
    house: str | None
    village: str | None
    mother_id: str | None
    bad: str


def features_of(row: Written) -> Features:
    """
    Bring a row into comparable form.

    `bad` names the column that could not be read (its value counts as unknown); the caller
    lists it by line.
    """
    name, newborn_of = name_of(row.name)
    sounds = sounds_of(name) if name else ()
    birth, bad = birth_of(row.birth_date)
    number, wrong, borrowed = number_of(row.id_type, row.id_number, birth)
    house, village = address_of(row.address)
    return Features(
        row.id,
        row.source,
        number,
        wrong,
        number or wrong,
        borrowed,
        name or None,
        " ".join(sounds) or None,
        " ".join(sorted(sounds)) or None,
        newborn_of or None,
        birth,
        _swapped(birth) if birth else None,
        _SEX.get(row.sex.strip().lower()),
        phone_of(row.phone),
        house or None,
        village or None,
        row.mother_id.strip() or None,
        "birth_date" if bad else "",
    )


@lru_cache(maxsize=200_000)
def name_of(written: str) -> tuple[str, str]:
    """The name without spaces, points and widths; and the mother's when it names a newborn."""
    name = _NOT_IN_NAMES.sub("", unicodedata.normalize("NFKC", written)).casefold()
    newborn = _NEWBORN.match(name)
    return (name, newborn.group(1)) if newborn else (name, "")


@lru_cache(maxsize=200_000)
def sounds_of(name: str) -> tuple[str, ...]:
    """
    The syllables of a name without tones, a character at a time.

    A character alone, because a reading that depends on its neighbours would tear a name
    and its misspelling apart. Latin letters stay together as one syllable.
    """
    found: list[str] = []
    latin = ""
    for character in name:
        if character.isascii():
            latin += character
            continue
        if latin:
            found.append(latin)
            latin = ""
        found.append(_sound(character))
    if latin:
        found.append(latin)
    return tuple(found)


@lru_cache(maxsize=50_000)
def _sound(character: str) -> str:
    from pypinyin import lazy_pinyin

    read = lazy_pinyin(character)
    return str(read[0]).replace("ü", "v") if read else character


@lru_cache(maxsize=100_000)
def birth_of(written: str) -> tuple[str | None, bool]:
    """A birth date as YYYY-MM-DD, None when unknown; and whether it was written and unreadable."""
    text = unicodedata.normalize("NFKC", written).strip()
    if not text:
        return None, False
    found = _DATE.match(text)
    if not found:
        return None, True
    try:
        day = date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None, True
    return (day.isoformat(), False) if day.year >= 1870 else (None, True)


def _swapped(birth: str) -> str | None:
    year, month, day = birth[:4], birth[5:7], birth[8:]
    return f"{year}-{day}-{month}" if int(day) <= 12 and day != month else None


def number_of(id_type: str, written: str, birth: str | None) -> tuple[str | None, str | None, bool]:
    """
    The number that identifies its holder, the number that is wrong, and whether it is borrowed.

    A valid number whose birth date is far from the one written beside it belongs to somebody
    else (a parent's card used for a child): it says nothing about this row. One slip in the
    written date (a digit or two, day and month swapped) does not make it so.
    """
    text = "".join(unicodedata.normalize("NFKC", written).split()).upper()
    if not text:
        return None, None, False
    kind = id_type.strip().lower()
    if kind not in CITIZEN_TYPES:
        return f"{kind}|{text}", None, False
    try:
        number = CitizenNumber.parse(text)
    except NotACitizenNumber:
        # Too short or without digits, it would agree with anybody's "none".
        return None, text if len(text) >= 14 and text[:-1].isdigit() else None, False
    if birth is not None and birth_distance(birth, number.birth_date.isoformat()) > 2:
        return None, None, True
    return number.value, None, False


def is_borrowed(number: object, birth_date: object) -> bool:
    """Whether a citizen number is valid and far from the birth date written beside it."""
    if not isinstance(number, str) or not isinstance(birth_date, str) or len(birth_date) != 10:
        return False
    birth, _ = birth_of(birth_date)
    return birth is not None and number_of("", number, birth)[2]


def birth_distance(one: str, other: str) -> int:
    """
    How far two birth dates are apart as texts: 0 equal, 1 day and month swapped or one part
    of the three written otherwise, 2 two digits otherwise, 9 different.
    """
    if one == other:
        return 0
    if _swapped(one) == other:
        return 1
    parts = sum(a == b for a, b in zip(one.split("-"), other.split("-"), strict=True))
    if parts == 2 and (one[:4] == other[:4] or abs(int(one[:4]) - int(other[:4])) <= 1):
        return 1
    return 2 if sum(a != b for a, b in zip(one, other, strict=True)) <= 2 else 9


@lru_cache(maxsize=100_000)
def phone_of(written: str) -> str | None:
    """The digits of a telephone number without the country; None for fewer than seven."""
    digits = "".join(c for c in unicodedata.normalize("NFKC", written) if c.isdigit())
    if len(digits) == 13 and digits.startswith("86"):
        digits = digits[2:]
    # 11111111111 and the like stand for "none".
    return digits if len(digits) >= 7 and len(set(digits)) > 2 else None


@lru_cache(maxsize=100_000)
def address_of(written: str) -> tuple[str, str]:
    """An address without province, city and county; and its part up to the village."""
    text = "".join(unicodedata.normalize("NFKC", written).split())
    shorter = _PLACES.sub("", text)
    if shorter == text:
        shorter = _PROVINCE.sub("", text)
    house = shorter or text
    village = _VILLAGE.match(house)
    return house, village.group(1) if village else house


# --- what no sum of weights may overrule -----------------------------------------------------


def names_agree(one: Features, other: Features) -> bool:
    """
    Whether two names can be one: equal, equal in sound, in another order, or one of them a
    newborn's under the mother's name.
    """
    if one.bag is None or other.bag is None:
        return True
    return one.bag == other.bag or one.newborn_of is not None or other.newborn_of is not None


def names_are_close(one: Features, other: Features) -> bool:
    """Whether names agree, or three or more characters differ in one."""
    if names_agree(one, other) or one.name is None or other.name is None:
        return True
    same_length = len(one.name) == len(other.name) >= 3
    return same_length and sum(a != b for a, b in zip(one.name, other.name, strict=True)) == 1


def impossible(one: Features, other: Features) -> str:
    """Why two rows cannot be one human being; empty when they can."""
    if one.number and other.number and one.number != other.number and same_kind(one, other):
        return "two-numbers"
    if one.mother_id == other.id or other.mother_id == one.id:
        return "mother-and-child"
    return ""


def same_kind(one: Features, other: Features) -> bool:
    """Whether two identifying numbers are of the same kind of document."""
    return (one.number or "").rpartition("|")[0] == (other.number or "").rpartition("|")[0]


def doubt(one: Features, other: Features) -> str:
    """
    Why people must look at two rows before they become one; empty when weights may decide.

    Twins, brothers and sisters agree in birth date or telephone and address, so those never
    stand in for a name. A number that agrees does not stand in for a name that is another
    one altogether: a parent's card was used, or the name was changed.
    """
    agree = one.number is not None and one.number == other.number
    if agree:
        return "" if names_are_close(one, other) else "number-of-another"
    if not names_agree(one, other):
        return "other-name"
    if one.birth and other.birth and birth_distance(one.birth, other.birth) > 2:
        return "other-birth-date"
    return ""


# --- clusters --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Clusters:
    """
    Who is one person: by index of row, the smallest id of the cluster and the strongest link.

    `refused` counts links that would have joined what cannot be one, `unsure` rows that two
    different people claim equally.
    """

    person: list[str]
    probability: list[float]
    refused: int
    unsure: int


def clusters(
    ids: list[str],
    links: Iterable[tuple[int, int, float, float]],
    features: Callable[[int], Features] | Mapping[int, Features],
    *,
    margin_bits: float,
) -> Clusters:
    """
    Join rows by their links, strongest first, never two that cannot be one.

    `links` are (row, row, weight in bits, probability). A row without a number that links
    almost equally (within `margin_bits`) to two different numbers joins neither: a chain over
    it would make one person of two.
    """
    of: Callable[[int], Features]
    of = features if callable(features) else features.__getitem__
    ordered = sorted(links, key=lambda link: (-link[2], ids[link[0]], ids[link[1]]))
    unsure = unsure_rows(ordered, of, margin_bits)
    parent = list(range(len(ids)))
    groups: dict[int, list[int]] = {}
    best = [0.0] * len(ids)
    refused = 0

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for left, right, _, probability in ordered:
        if (left in unsure and of(right).number) or (right in unsure and of(left).number):
            continue
        a, b = root(left), root(right)
        if a != b:
            ours, theirs = groups.get(a, [a]), groups.get(b, [b])
            if any(impossible(of(x), of(y)) for x in ours for y in theirs):
                refused += 1
                continue
            parent[b] = a
            groups[a] = ours + theirs
            groups.pop(b, None)
        best[left] = max(best[left], probability)
        best[right] = max(best[right], probability)
    smallest = {row: min(ids[member] for member in found) for row, found in groups.items()}
    person = [smallest.get(root(row), ids[row]) for row in range(len(ids))]
    return Clusters(person, [p or 1.0 for p in best], refused, len(unsure))


def unsure_rows(
    ordered: Sequence[tuple[int, int, float, float]],
    of: Callable[[int], Features],
    margin_bits: float,
) -> set[int]:
    """
    Rows without a number that two different numbers claim almost equally.

    `ordered` are links, strongest first.
    """
    strongest: dict[int, tuple[float, str]] = {}
    unsure: set[int] = set()
    for left, right, weight, _ in ordered:
        for row, other in ((left, right), (right, left)):
            if of(row).number or not (number := of(other).number):
                continue
            first = strongest.setdefault(row, (weight, number))
            if first[1] != number and first[0] - weight < margin_bits:
                unsure.add(row)
    return unsure
