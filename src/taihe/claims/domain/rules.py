"""
Rule rows, classes and kinds as frozen objects, and their parameters as whole numbers.

A row says what is asked of a code, in the words of the official table ("男", "14天", "单日");
`compile_rules` turns words into the numbers that the kinds compare. Nothing here knows SQL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from taihe.kernel.errors import Problem

ALWAYS_FROM = -4_000_000
ALWAYS_TO = 4_000_000
SCALE = 10_000
"""Quantities are whole ten-thousandths."""

ATTRIBUTES = {
    "sex": 1,
    "age_below": 2,
    "insurance": 3,
    "visit": 4,
    "level": 5,
    "internet": 6,
    "never": 7,
}
SCOPES = {"day": 1, "visit": 2}
FAMILIES = {"X": 1, "Z": 2, "T": 3, "C": 4}


def family(code: str) -> int:
    """Family of a national code: 1 western, 2 patent, 3 slice, 4 consumable, 5 service item."""
    return FAMILIES.get(code[:1], 5)


@dataclass(frozen=True, slots=True)
class Rule:
    """
    One rule row. `first_day` and `last_day` are day numbers; without dates it holds always.

    `status` is live, example (runs labelled, opens no case in a real installation) or
    superseded (a later knowledge point replaced it).
    """

    row: str
    kind: str
    class_seq: int
    code: str
    code2: str
    name: str
    name2: str
    value: str
    days: str
    status: str
    point: str
    version: str
    source: str
    clause: str
    first_day: int = ALWAYS_FROM
    last_day: int = ALWAYS_TO


@dataclass(frozen=True)
class Kind:
    """
    One executable class: its template, its finding's key, and what would make it right.

    `rule_key` says how the key is written: code, pair, name, "-" or previous (encounter).
    """

    code: str
    template: str
    title: str
    severity: str
    file: str
    rule_key: str
    key_encounter: bool
    key_date: bool
    remedy: str
    definition: str


@dataclass(frozen=True)
class RuleClass:
    """One of the 88 official classes."""

    seq: int
    name: str
    tier1: str
    tier2: str
    gz_code: str
    short_codes: tuple[str, ...]
    template: str
    severity: str
    has_points: bool
    new_in_2025: bool
    source: str
    definition: str


Word = tuple[str, int]
"""Attribute and value of a Chinese word in a rule row."""


@dataclass(frozen=True)
class Compiled:
    """
    The parameters of all rules by template, as rows of whole numbers.

    The first number of each row is the index into `rules`. Only rules whose codes occur in
    the claims are here, so that a kind starts from few lines.
    """

    rules: tuple[Rule, ...]
    tables: Mapping[str, list[tuple[int, ...]]]
    problems: tuple[Problem, ...]


TABLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "K1": ("rule_attr", ("rule", "attribute", "code", "value", "first_day", "last_day")),
    "K3": ("rule_pair", ("rule", "scope", "main_code", "sub_code", "first_day", "last_day")),
    "K4": (
        "rule_qty",
        ("rule", "code", "max_qty", "window_days", "per_org", "first_day", "last_day"),
    ),
    "K5": ("rule_days", ("rule", "code", "course", "max_days", "first_day", "last_day")),
    "K8": ("rule_rx", ("rule", "code", "first_day", "last_day")),
    "K9": ("rule_seq", ("rule", "visit", "max_gap_days", "first_day", "last_day")),
    "K11": ("rule_date", ("rule", "visit", "first_day", "last_day")),
}
"""Table and columns of each template's parameters, as the kinds read them."""

_DAYS = re.compile(r"(\d+)(?:\.0+)?\s*[天日]?")
_NUMBER = re.compile(r"(\d+)(?:\.(\d{1,4}))?")

_FIXED = {"INTERNET_DRUG": "internet", "TCM_NEVER_PAID": "never"}


def compile_rules(
    rules: Iterable[Rule],
    kinds: Mapping[str, Kind],
    words: Mapping[str, Word],
    numbers: Mapping[str, int],
) -> Compiled:
    """
    Turn rule rows into parameters. `numbers` gives the whole number of each code that occurs.

    A row whose word nobody defined is a problem and does not run.
    """
    kept: list[Rule] = []
    problems: list[Problem] = []
    tables: dict[str, list[tuple[int, ...]]] = {template: [] for template in TABLES}
    courses: dict[str, int] = {}
    for rule in rules:
        kind = kinds[rule.kind]
        if rule.code and rule.code not in numbers:
            continue
        if rule.code2 and rule.code2 not in numbers:
            continue
        index = len(kept)
        code = numbers.get(rule.code, 0)
        span = (rule.first_day, rule.last_day)
        try:
            if kind.template == "K1":
                if rule.kind in _FIXED:
                    attribute, value = _FIXED[rule.kind], 0
                else:
                    attribute, value = _word(rule.value, words)
                row: tuple[int, ...] = (index, ATTRIBUTES[attribute], code, value, *span)
            elif kind.template == "K3":
                scope, _ = _word(rule.value, words, "scope")
                row = (index, SCOPES[scope], code, numbers[rule.code2], *span)
            elif kind.template == "K4":
                window = _days(rule.days) if rule.days else 1
                row = (index, code, _scaled(rule.value), window, 0 if rule.days else 1, *span)
            elif kind.template == "K5":
                course = courses.setdefault(rule.name, len(courses) + 1)
                row = (index, code, course, _days(rule.value), *span)
            elif kind.template == "K8":
                row = (index, code, *span)
            elif kind.template == "K9":
                row = (index, _word(rule.value, words)[1], _days(rule.days), *span)
            else:
                row = (index, _word(rule.value, words)[1], *span)
        except _UnknownWord as unknown:
            problems.append(
                Problem(
                    kind.file,
                    None,
                    None,
                    "value",
                    f"The rule row {rule.row} has the word {unknown}, which has no meaning here.",
                    "Add the word to words.csv or correct the row; the row did not run.",
                )
            )
            continue
        kept.append(rule)
        tables[kind.template].append(row)
    return Compiled(tuple(kept), tables, tuple(problems))


class _UnknownWord(ValueError):
    """A word of a rule row that no row of words.csv defines."""


def _word(text: str, words: Mapping[str, Word], attribute: str | None = None) -> Word:
    word = words.get(text)
    if word is None:
        raise _UnknownWord(text or "(empty)")
    if attribute == "scope":
        return ("day", 1) if word[1] == 1 else ("visit", 2)
    return word


def _days(text: str) -> int:
    match = _DAYS.fullmatch(text.strip())
    if not match:
        raise _UnknownWord(text or "(empty)")
    return int(match[1])


def _scaled(text: str) -> int:
    match = _NUMBER.fullmatch(text.strip())
    if not match:
        raise _UnknownWord(text or "(empty)")
    return int(match[1]) * SCALE + int((match[2] or "").ljust(4, "0"))


def parameters(rule: Rule) -> dict[str, str]:
    """The parameters of a row as written, for a finding's `parameters`."""
    named = {
        "code": rule.code,
        "sub_code": rule.code2,
        "name": rule.name,
        "sub_name": rule.name2,
        "value": rule.value,
        "days": rule.days,
        "status": "" if rule.status == "live" else rule.status,
    }
    return {name: value for name, value in named.items() if value}
