"""
The conditions of a search in SQL over index rows: each is a part of one statement.

A part selects rows of one index table, so that it can drive a search or be looked up; what an
index table cannot answer is refused with a reason.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

from taihe.fhir.search import (
    Condition,
    Parameter,
    Value,
    is_address,
    normalise,
    only_system,
    parameters,
)
from taihe.kernel.errors import Unsupported
from taihe.kernel.identifiers import CitizenNumber, NotACitizenNumber
from taihe.record import types
from taihe.record.database import marks
from taihe.record.keys import Keys
from taihe.record.prepare import (
    LONGEST_TEXT,
    UNIONS,
    UNIT_SYSTEMS,
    comparable,
    is_hidden_string,
    pair_text,
    reference_text,
)

MOST_CODES = 10_000
_LAST = "\U0010ffff"


@dataclass
class Part:
    """
    One condition in SQL.

    `where` names its index table as `{t}`, so that it can drive or be looked up. `rank` is
    low for what selects few rows; `ordered` says that driving gives rows in order of rid
    without doubles; `negated` parts never drive. `rids` is a statement that selects the rids
    instead, `refhashes` one that selects hashes of references to what is wanted.
    """

    table: str
    where: str
    parameters: list[Any]
    rank: int
    ordered: bool
    negated: bool = False
    rids: str = ""
    refhashes: str = ""

    def looked_up(self, row: str) -> str:
        """The condition on a row `d` of the driver or `r` of the resources."""
        if self.refhashes:
            return f"r.refhash IN ({self.refhashes})"
        if self.rids:
            return f"{row}.rid {'NOT IN' if self.negated else 'IN'} ({self.rids})"
        inner = self.where.format(t="t")
        found = f"EXISTS (SELECT 1 FROM {self.table} t WHERE {inner} AND t.rid = {row}.rid)"
        return f"NOT {found}" if self.negated else found

    @property
    def can_drive(self) -> bool:
        """Whether the search can begin with this part."""
        return not self.negated and not self.refhashes


TABLE_OF = {
    "token": "record_idx_token",
    "reference": "record_idx_token",
    "uri": "record_idx_token",
    "string": "record_idx_text",
    "date": "record_idx_span",
    "number": "record_idx_span",
    "quantity": "record_idx_span",
}


# What is answered for every type, beside the parameters of R4 that have an expression.
FOR_EVERY_TYPE = (("_filter", "special"), ("_has", "string"), ("_list", "string"))


def is_answered(parameter: Parameter) -> bool:
    """Whether the store answers a search parameter."""
    if parameter.kind == "composite":
        return len(parameter.components) == 2
    return parameter.kind in TABLE_OF and bool(parameter.expression)


def part_of(keys: Keys, type: str, condition: Condition) -> Part:
    number, kind = condition.parameter.number, condition.kind
    if not is_answered(condition.parameter):
        raise Unsupported(
            f"The parameter {condition.parameter.code} of {type} is not supported.", ""
        )
    if condition.modifier in ("text", "of-type", "identifier"):
        raise Unsupported(
            f"The modifier :{condition.modifier} of {condition.parameter.code} is not supported"
            " by this store.",
            "It keeps codes and identifiers as hashes: give the code or the identifier.",
        )
    _refuse_unanswered(condition)
    if condition.missing is not None:
        table = "record_idx_token" if kind == "string" else TABLE_OF[kind]
        return Part(table, "{t}.param = ?", [number], 9, False, negated=condition.missing)
    if kind in ("token", "reference"):
        return _hashes(keys, condition)
    if kind == "uri":
        return _uri(keys, condition)
    if kind == "string":
        return _string(keys, type, condition)
    if kind == "composite":
        return _composite(keys, condition)
    return _span(keys, condition)


# What a filter and `:above` ask that hashes, or text cut to a length, cannot answer.
_UNANSWERED = {
    "token": ("unequal",),
    "reference": ("unequal", "above", "below"),
    "string": ("unequal",),
    "uri": ("unequal", "contains", "ends"),
}

_ASKED = {"unequal": "unequal", "contains": "contained", "ends": "at the end"}


def _refuse_unanswered(condition: Condition) -> None:
    if condition.modifier not in _UNANSWERED.get(condition.kind, ()):
        return
    if condition.kind == "reference" and condition.modifier != "unequal":
        raise without_versions(condition)
    raise Unsupported(
        f"This store cannot tell of {condition.parameter.code} what is"
        f" {_ASKED[condition.modifier]}.",
        "It keeps hashes: ask for what is equal, or for its beginning.",
    )


def without_versions(condition: Condition) -> Unsupported:
    """The refusal of versions of an address, which are kept as hashes."""
    return Unsupported(
        f"The modifier :{condition.modifier} of {condition.parameter.code} is not supported for"
        " addresses by this store.",
        "An address without a version finds every version.",
    )


def reference_texts(condition: Condition, value: Value) -> list[str]:
    """What is hashed for one value of a reference."""
    return _reference_texts(condition.parameter, value)


def _hashes(keys: Keys, condition: Condition) -> Part:
    number = condition.parameter.number
    negated = condition.modifier in ("not", "not-in")
    texts: dict[str, None] = {}
    if any(
        value.code is None and value.system == only_system(number) for value in condition.values
    ):
        # Every token of the parameter has this system.
        return Part("record_idx_token", "{t}.param = ?", [number], 9, False, negated)
    if len(condition.values) > MOST_CODES:
        raise Unsupported(
            f"{condition.parameter.code} would mean more than {MOST_CODES} codes.",
            "Ask for a narrower code or a smaller value set.",
        )
    for value in condition.values:
        if condition.kind == "reference":
            texts.update(dict.fromkeys(_reference_texts(condition.parameter, value)))
        else:
            texts.update(dict.fromkeys(_token_texts(number, value)))
    rank = 1 if condition.kind == "reference" else 3
    if condition.parameter.code == "identifier":
        rank = 0
    return token_part(
        number,
        [keys.hash(text) for text in texts],
        rank,
        negated=negated,
    )


def token_part(number: int, hashes: list[int], rank: int, *, negated: bool = False) -> Part:
    if not hashes:
        # A value set without codes.
        return Part("record_idx_token", "{t}.param = ? AND 1 = 0", [number], rank, False, negated)
    if len(hashes) == 1:
        return Part(
            "record_idx_token",
            "{t}.param = ? AND {t}.hash = ?",
            [number, *hashes],
            rank,
            True,
            negated,
        )
    return Part(
        "record_idx_token",
        f"{{t}}.param = ? AND {{t}}.hash IN ({marks(len(hashes))})",
        [number, *hashes],
        rank,
        False,
        negated,
    )


def _token_texts(number: int, value: Value) -> list[str]:
    if value.code is None:
        return [f"{value.system}|"]
    if value.system is not None:
        return [f"{value.system}|{comparable(number, value.system, value.code)}"]
    forms = [comparable(number, "", value.code)]
    with contextlib.suppress(NotACitizenNumber):
        forms.append(CitizenNumber.parse(value.code).value)
    return [f"={form}" for form in forms]


def _reference_texts(parameter: Parameter, value: Value) -> list[str]:
    code = value.code or ""
    if is_address(code):
        return [reference_text("", code)]
    if value.system:
        return [reference_text(value.system, code)]
    return [reference_text(target, code) for target in parameter.targets or tuple(types.NUMBER)]


def _uri(keys: Keys, condition: Condition) -> Part:
    number = condition.parameter.number
    texts = [value.code or "" for value in condition.values]
    if condition.modifier == "starts":
        begun = [text[:LONGEST_TEXT] for text in texts]
        return Part(
            "record_idx_text",
            f"{{t}}.param = ? AND ({' OR '.join(['({t}.value >= ? AND {t}.value < ?)'] * len(begun))})",
            [number, *(bound for text in begun for bound in (text, text + _LAST))],
            2,
            False,
        )
    if condition.modifier == "below":
        ways: list[str] = []
        parameters: list[Any] = [number]
        for text in texts:
            inside = text.rstrip("/") + "/"
            ways.append("({t}.value = ? OR ({t}.value >= ? AND {t}.value < ?))")
            parameters += [t[:LONGEST_TEXT] for t in (text, inside)] + [inside + _LAST]
        return Part(
            "record_idx_text", f"{{t}}.param = ? AND ({' OR '.join(ways)})", parameters, 2, False
        )
    if condition.modifier == "above":
        texts = [above for text in texts for above in _above(text)]
    return token_part(number, [keys.hash(f"u{text}") for text in dict.fromkeys(texts)], 2)


def _above(text: str) -> list[str]:
    """The addresses that lead to this one: cut at each slash, with or without that slash."""
    found = [text]
    for position, character in enumerate(text):
        before = text[:position]
        if character == "/" and not before.endswith("/"):
            found += [before, before + "/", before + "//"]
    return found


def _composite(keys: Keys, condition: Condition) -> Part:
    parameter = condition.parameter
    numbers = UNIONS.get(parameter.number, (parameter.number,))
    known = parameters(parameter.type)
    first, second = (known[code] for code, _ in parameter.components)
    param = f"{{t}}.param IN ({marks(len(numbers))})"
    ways: list[str] = []
    values: list[Any] = [*numbers]
    for value in condition.values:
        before = _first_part(first, value.parts[0])
        after = value.parts[1]
        if second.kind == "token":
            if after.code is None:
                raise _without_code(parameter)
            pairs = [f"{a}${b}" for a in before for b in _token_texts(second.number, after)]
            ways.append(f"{{t}}.hash IN ({marks(len(pairs))})")
            values += [keys.hash(pair) for pair in pairs]
        elif second.kind == "string":
            for one in before:
                text = pair_text(keys.hash(one), normalise(after.code or ""))
                ways.append("({t}.value >= ? AND {t}.value < ?)")
                values += [text, text + _LAST]
        else:
            sql, bounds = _compared(second.kind, after)
            units = _unit_texts(after) if second.kind == "quantity" and after.code else [""]
            pairs = [f"{a}${unit}" for a in before for unit in units]
            ways.append(f"({sql} AND {{t}}.unit IN ({marks(len(pairs))}))")
            values += [*bounds, *(keys.hash(pair) for pair in pairs)]
    return Part(TABLE_OF[second.kind], f"{param} AND ({' OR '.join(ways)})", values, 4, False)


def _first_part(parameter: Parameter, value: Value) -> list[str]:
    if parameter.kind == "reference":
        return _reference_texts(parameter, value)
    if value.code is None:
        raise _without_code(parameter)
    return _token_texts(parameter.number, value)


def _without_code(parameter: Parameter) -> Unsupported:
    return Unsupported(f"{parameter.code} needs a code here.", "Write system|code or code.")


def _string(keys: Keys, type: str, condition: Condition) -> Part:
    number = condition.parameter.number
    texts = [value.code or "" for value in condition.values]
    if condition.modifier == "exact":
        return token_part(number, [keys.hash(f"x{text}") for text in texts], 1)
    plain = [normalise(text)[:LONGEST_TEXT] for text in texts]
    if is_hidden_string(type, number):
        if condition.modifier:
            raise Unsupported(
                f":{condition.modifier} is not supported for {condition.parameter.code}: it is kept as"
                " hashes only.",
                "Give the beginning of the text.",
            )
        return token_part(number, [keys.hash(f"p{text}") for text in plain], 2)
    ways: list[str] = []
    parameters: list[Any] = [number]
    for text in plain:
        if condition.modifier == "equal":
            ways.append("{t}.value = ?")
            parameters.append(text)
        elif condition.modifier in ("contains", "ends"):
            ways.append("{t}.value LIKE ? ESCAPE '!'")
            escaped = text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
            parameters.append(f"%{escaped}{'%' if condition.modifier == 'contains' else ''}")
        else:
            ways.append("({t}.value >= ? AND {t}.value < ?)")
            parameters += [text, text + _LAST]
    return Part(
        "record_idx_text", f"{{t}}.param = ? AND ({' OR '.join(ways)})", parameters, 2, False
    )


# `low` and `high` of a row against those of a value (l, h), against the number itself (n), or
# against the range around it (a, z).
_DATES = {
    "eq": ("({t}.low >= ? AND {t}.high <= ?)", "lh"),
    "ne": ("NOT ({t}.low >= ? AND {t}.high <= ?)", "lh"),
    "gt": ("{t}.high > ?", "h"),
    "ge": ("{t}.high > ?", "l"),
    "lt": ("{t}.low < ?", "l"),
    "le": ("{t}.low < ?", "h"),
    "sa": ("{t}.low >= ?", "h"),
    "eb": ("{t}.high <= ?", "l"),
    "ap": ("({t}.low < ? AND {t}.high > ?)", "za"),
    "overlaps": ("({t}.low < ? AND {t}.high > ?)", "hl"),
}


_NUMBERS = {
    "eq": ("({t}.low >= ? AND {t}.high < ?)", "lh"),
    "ne": ("NOT ({t}.low >= ? AND {t}.high < ?)", "lh"),
    "gt": ("{t}.high > ?", "n"),
    "ge": ("({t}.high >= ? OR ({t}.low >= ? AND {t}.high < ?))", "nlh"),
    "lt": ("{t}.low < ?", "n"),
    "le": ("({t}.low <= ? OR ({t}.low >= ? AND {t}.high < ?))", "nlh"),
    "sa": ("{t}.low > ?", "n"),
    "eb": ("{t}.high < ?", "n"),
    "ap": ("({t}.low <= ? AND {t}.high >= ?)", "za"),
}


def _compared(kind: str, value: Value, modifier: str = "") -> tuple[str, list[Any]]:
    """The comparison of a span with a date or number, and its bounds."""
    assert value.low is not None and value.high is not None
    if kind == "date":
        width: float = max(value.high - value.low, 86_400_000_000)
        around = (value.low - width, value.high + width)
        sql, bounds = _DATES[modifier or value.prefix]
    else:
        assert value.number is not None
        width = abs(value.number) / 10
        around = (value.number - width, value.number + width)
        sql, bounds = _NUMBERS[value.prefix]
    sides = {"l": value.low, "h": value.high, "n": value.number, "a": around[0], "z": around[1]}
    return sql, [sides[bound] for bound in bounds]


def _unit_texts(value: Value) -> list[str]:
    """What is hashed for a unit: in its system, or in the usual ones and alone."""
    if value.system is not None:
        return [f"{value.system}|{value.code}"]
    return [*(f"{system}|{value.code}" for system in UNIT_SYSTEMS), f"={value.code}"]


def _span(keys: Keys, condition: Condition) -> Part:
    ways: list[str] = []
    parameters: list[Any] = [condition.parameter.number]
    for value in condition.values:
        sql, bounds = _compared(condition.kind, value, condition.modifier)
        parameters += bounds
        if condition.kind == "quantity" and value.code is not None:
            units = _unit_texts(value)
            sql = f"({sql} AND {{t}}.unit IN ({marks(len(units))}))"
            parameters += [keys.hash(unit) for unit in units]
        ways.append(sql)
    return Part(
        "record_idx_span", f"{{t}}.param = ? AND ({' OR '.join(ways)})", parameters, 5, False
    )
