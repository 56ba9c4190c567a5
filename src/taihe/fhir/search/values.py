"""
Reading the values of a search by the kind of their parameter.

What cannot be read is refused by parameter and reason; the value itself, which may be
somebody's name or number, is never repeated.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from math import isfinite

from taihe.fhir import definitions
from taihe.fhir.search.normalise import normalise
from taihe.fhir.search.parameters import Parameter, parameters
from taihe.fhir.search.plan import only_codes, only_system
from taihe.fhir.search.query import Value, is_address
from taihe.fhir.search.rows import implied_range, period_of, split_reference
from taihe.fhir.search.terms import Terms
from taihe.kernel.errors import Incorrect, Unsupported

PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
MOST_DIGITS = 100
_SIGNS = {">": "gt", ">=": "ge", "<": "lt", "<=": "le", "=": "eq", "==": "eq", "!=": "ne",
          "<>": "ne", "~": "ap"}  # fmt: skip
_MEANT_BOOLEANS = frozenset(
    ("true", "false", "yes", "no", "y", "n", "t", "f", "1", "0", "是", "否")
)
_LEAD = re.compile(r"([A-Za-z]{1,4}|[<>=!~]{1,2})(?=[\d+\-.])")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_LOCAL = re.compile(r"([A-Za-z]+)/(.*)")


def split(text: str, at: str) -> list[str]:
    """Split at a character that no backslash escapes; escapes are kept."""
    if "\\" not in text:
        return text.split(at)
    parts, current, escaped = [], "", False
    for character in text:
        if character == at and not escaped:
            parts.append(current)
            current = ""
            continue
        current += character
        escaped = character == "\\" and not escaped
    return [*parts, current]


def unescaped(text: str) -> str:
    """A part of a value without the escapes of comma, bar, dollar and backslash."""
    return re.sub(r"\\([,|$\\])", r"\1", text) if "\\" in text else text


def bad(parameter: Parameter, what: str, do: str) -> Incorrect:
    """The refusal of a value: what is wrong with it and what to write."""
    return Incorrect(f"The value of {parameter.code} is {what}.", do)


def read_value(parameter: Parameter, text: str, modifier: str = "") -> Value:
    """Read one value; `modifier` is one of those that change how a value is written."""
    kind = parameter.kind
    if not text:
        raise bad(parameter, "empty", "Leave the parameter out, or give a value.")
    if modifier == "of-type":
        return _of_type(parameter, text)
    if modifier == "identifier":
        return _token(parameter, text)
    if kind == "token" and modifier == "text":
        return Value(text, code=unescaped(text))
    if kind == "token":
        return _token(parameter, text)
    if kind == "date":
        return _date(parameter, text)
    if kind == "number":
        return _number(parameter, text)
    if kind == "quantity":
        return _quantity(parameter, text)
    if kind == "reference":
        return _reference(parameter, text, modifier)
    if kind == "composite":
        return _composite(parameter, text)
    if kind == "special":
        return _near(parameter, text)
    if kind == "string" and not normalise(unescaped(text)):
        raise bad(parameter, "empty", "Give some text.")
    return Value(text, code=unescaped(text))


def _prefixed(parameter: Parameter, text: str) -> tuple[str, str]:
    match = _LEAD.match(text)
    if match is None:
        return "eq", text
    lead = match[1]
    if lead in PREFIXES:
        return lead, text[2:]
    meant = _SIGNS.get(lead) or next(iter(get_close_matches(lead.lower(), PREFIXES, 1, 0.5)), "")
    known = "Prefixes are " + ", ".join(PREFIXES) + "."
    raise bad(
        parameter, "written with an unknown prefix", f"Did you mean {meant}?" if meant else known
    )


def _token(parameter: Parameter, text: str) -> Value:
    system, *codes = split(text, "|")
    if not codes:
        code = unescaped(system)
        _refuse_impossible(parameter, code)
        return Value(text, code=code)
    if len(codes) > 1:
        raise bad(
            parameter,
            "more than a system and a code",
            "Write a bar inside a code as \\|; :of-type takes system|type|value.",
        )
    if not system and not codes[0]:
        raise bad(parameter, "only a bar", "Write system|code, |code, system| or code.")
    return Value(text, system=unescaped(system), code=unescaped(codes[0]) or None)


def _refuse_impossible(parameter: Parameter, code: str) -> None:
    """Refuse what no token of the parameter can be, where that is a usual mistake."""
    known = only_codes(parameter.number)
    if code in known:
        return
    if known == {"true", "false"} and code.casefold() in _MEANT_BOOLEANS:
        raise bad(parameter, "neither true nor false", "Write true or false.")
    if code[:2] in PREFIXES and code[2:] in known:
        raise bad(
            parameter, "written with a prefix, which no code has", "Use :not, or name the codes."
        )


def _date(parameter: Parameter, text: str) -> Value:
    prefix, rest = _prefixed(parameter, text)
    readable = rest.isascii() and len(rest) <= MOST_DIGITS
    span = period_of(rest.replace(" ", "+")) if readable else None
    if span is None:
        raise bad(
            parameter, "no date", "Write 2026, 2026-11, 2026-11-24 or 2026-11-24T08:00:00+08:00."
        )
    return Value(text, prefix, low=span[0], high=span[1])


def _number(parameter: Parameter, text: str) -> Value:
    prefix, rest = _prefixed(parameter, text)
    rest = rest.replace(" ", "+") if rest[:1] == " " else rest
    readable = len(rest) <= MOST_DIGITS and _NUMBER.fullmatch(rest)
    span = implied_range(rest) if readable else None
    if span is None or not all(map(isfinite, span)):
        raise bad(parameter, "no number", "Write digits, as in 5.4 or ge100.")
    return Value(text, prefix, low=span[0], high=span[1], number=float(rest))


def _quantity(parameter: Parameter, text: str) -> Value:
    number, *unit = split(text, "|")
    if not number:
        raise bad(parameter, "a unit without a number", "Write 5.4|system|code or 5.4||unit.")
    value = _number(parameter, number)
    if not unit:
        return Value(text, value.prefix, low=value.low, high=value.high, number=value.number)
    if len(unit) != 2:
        raise bad(parameter, "no quantity", "Write 5.4, or 5.4|system|code, or 5.4||unit.")
    system, code = unescaped(unit[0]) or None, unescaped(unit[1]) or None
    if system and not code:
        raise bad(parameter, "a number with half a unit", "Write 5.4|system|code or 5.4||unit.")
    return Value(text, value.prefix, system, code, value.low, value.high, value.number)


def _reference(parameter: Parameter, text: str, modifier: str) -> Value:
    plain = unescaped(text)
    kind, code = split_reference(plain)
    local = _LOCAL.fullmatch(plain)
    if local and local[1] not in definitions.resource_types():
        close = get_close_matches(local[1], sorted(definitions.resource_types()), 1)
        raise bad(
            parameter,
            "a reference to no resource type",
            f"Did you mean {close[0]}?" if close else "Write Type/id.",
        )
    if not code or (local and not kind):
        raise bad(parameter, "no reference", "Write Type/id, an id, or a whole address.")
    target: str | None = kind or None
    if modifier in definitions.resource_types():
        if kind and kind != modifier:
            raise bad(parameter, f"no {modifier}", f"Write {modifier}/id or the id alone.")
        target = modifier
    elif not kind and len(parameter.targets) == 1:
        target = parameter.targets[0]
    # An address names one thing, whatever its type.
    return Value(text, system=None if is_address(code) else target, code=code)


_KILOMETRES = {"": 1.0, "km": 1.0, "m": 0.001, "[mi_us]": 1.609347, "[mi_i]": 1.609344}


def _near(parameter: Parameter, text: str) -> Value:
    """`latitude|longitude|distance|unit`; without a distance 50 km."""
    numbers = r"([+-]?\d{1,3}(?:\.\d{1,20})?)\|([+-]?\d{1,3}(?:\.\d{1,20})?)"
    match = text.isascii() and re.fullmatch(
        numbers + r"(?:\|(\d{0,6}(?:\.\d{1,20})?)(?:\|([^|]*))?)?", text
    )
    if not match or abs(float(match[1])) > 90 or abs(float(match[2])) > 180:
        raise bad(parameter, "no position", "Write latitude|longitude|distance|km.")
    unit = match[4] or ""
    if unit not in _KILOMETRES:
        raise bad(parameter, "in an unknown unit", "Use km, m or [mi_us].")
    distance = float(match[3]) if match[3] else 50.0
    return Value(
        text, low=float(match[1]), high=float(match[2]), number=distance * _KILOMETRES[unit]
    )


def _of_type(parameter: Parameter, text: str) -> Value:
    """`system|code|value` of an identifier: the type's coding and the value."""
    parts = [unescaped(part) for part in split(text, "|")]
    if len(parts) != 3 or not parts[1] or not parts[2]:
        raise bad(parameter, "no typed identifier", "Write type system|type code|value.")
    return Value(text, system=parts[0], code=parts[1], parts=(Value(parts[2], code=parts[2]),))


def _composite(parameter: Parameter, text: str) -> Value:
    parts = split(text, "$")
    if len(parts) != len(parameter.components):
        raise bad(
            parameter,
            "incomplete",
            "Join the values of " + ", ".join(c for c, _ in parameter.components) + " with $.",
        )
    known = parameters(parameter.type)
    return Value(
        text,
        parts=tuple(
            read_value(known[code], part)
            for (code, _), part in zip(parameter.components, parts, strict=True)
        ),
    )


def members_of(parameter: Parameter, text: str, terms: Terms) -> tuple[Value, ...]:
    """The codes of a value set (`:in`, `:not-in`)."""
    if not text:
        raise bad(parameter, "empty", "Give the address of a value set.")
    listed = terms.members(unescaped(text))
    if listed is None:
        raise Unsupported(
            "The codes of this value set are not known.", "Give its codes, joined with commas."
        )
    return tuple(
        Value(f"{system}|{code}", system=system, code=code)
        for system, codes in sorted(listed.items())
        for code in sorted(codes)
    )


def related_codes(parameter: Parameter, text: str, modifier: str, terms: Terms) -> list[Value]:
    """A code with all that lie below it (`:below`) or above it (`:above`)."""
    value = read_value(parameter, text)
    if value.code is None or value.system == "":
        raise bad(parameter, "no code of a system", "Write system|code.")
    systems = (value.system,) if value.system else _systems(parameter, value.code, terms)
    reach = terms.below if modifier == "below" else terms.above
    found: list[Value] = []
    for system in systems:
        codes = reach(system, value.code)
        if codes is None:
            raise Unsupported(
                "It is not known which codes of this system lie above and below others.",
                "Give the codes, joined with commas.",
            )
        found += [Value(f"{system}|{code}", system=system, code=code) for code in sorted(codes)]
    return found


def _systems(parameter: Parameter, code: str, terms: Terms) -> tuple[str, ...]:
    """The systems in which a code without one is looked for."""
    implied = only_system(parameter.number)
    systems = (implied,) if implied else terms.systems_of(code)
    if not systems:
        raise bad(parameter, "a code of no known hierarchy", "Write system|code.")
    return systems
