"""Reading the values of a search by the kind of their parameter."""

from __future__ import annotations

import re

from taihe.fhir import definitions
from taihe.fhir.search.normalise import normalise
from taihe.fhir.search.parameters import Parameter, parameters
from taihe.fhir.search.query import Value, is_address
from taihe.fhir.search.rows import implied_range, period_of, split_reference
from taihe.kernel.errors import Incorrect, Unsupported

PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")


def split(text: str, at: str) -> list[str]:
    """Split at a character that no backslash escapes; escapes are kept."""
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
    return re.sub(r"\\([,|$\\])", r"\1", text) if "\\" in text else text


def bad(parameter: Parameter, what: str, do: str) -> Incorrect:
    return Incorrect(f"The value of {parameter.code} is {what}.", do)


def _prefixed(text: str) -> tuple[str, str]:
    if text[:2] in PREFIXES and len(text) > 2 and not text[2].isalpha():
        return text[:2], text[2:]
    return "eq", text


def _token(parameter: Parameter, text: str) -> Value:
    system, bar, code = text.partition("|") if "\\" not in text else _bar(text)
    if not bar:
        return Value(text, code=unescaped(system))
    if not system and not code:
        raise bad(parameter, "only a bar", "Write system|code, |code, system| or code.")
    return Value(text, system=unescaped(system), code=unescaped(code) or None)


def _bar(text: str) -> tuple[str, str, str]:
    first, *rest = split(text, "|")
    return first, "|" if rest else "", "|".join(rest)


def _date(parameter: Parameter, text: str) -> Value:
    prefix, rest = _prefixed(text)
    span = period_of(rest.replace(" ", "+"))
    if span is None:
        raise bad(
            parameter, "no date", "Write 2026, 2026-11, 2026-11-24 or 2026-11-24T08:00:00+08:00."
        )
    return Value(text, prefix, low=span[0], high=span[1])


def _number(parameter: Parameter, text: str) -> Value:
    prefix, rest = _prefixed(text)
    span = (
        implied_range(rest) if re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d{1,3})?", rest) else None
    )
    if span is None:
        raise bad(parameter, "no number", "Write digits, as in 5.4 or ge100.")
    return Value(text, prefix, low=span[0], high=span[1], number=float(rest))


def _quantity(parameter: Parameter, text: str) -> Value:
    number, *unit = split(text, "|")
    value = _number(parameter, number)
    if not unit:
        return Value(text, value.prefix, low=value.low, high=value.high, number=value.number)
    if len(unit) != 2:
        raise bad(parameter, "no quantity", "Write 5.4, or 5.4|system|code, or 5.4||unit.")
    system, code = unescaped(unit[0]) or None, unescaped(unit[1]) or None
    return Value(text, value.prefix, system, code, value.low, value.high, value.number)


def _reference(parameter: Parameter, text: str, modifier: str) -> Value:
    kind, code = split_reference(unescaped(text))
    if not code:
        raise bad(parameter, "no reference", "Write Type/id, an id, or a whole address.")
    target: str | None = kind or None
    if modifier:
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
    numbers = r"([+-]?\d{1,3}(?:\.\d+)?)\|([+-]?\d{1,3}(?:\.\d+)?)"
    match = re.fullmatch(numbers + r"(?:\|(\d{0,6}(?:\.\d+)?)(?:\|([^|]*))?)?", text)
    if match is None or abs(float(match[1])) > 90 or abs(float(match[2])) > 180:
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


def members(parameter: Parameter, text: str) -> tuple[Value, ...]:
    """The codes of a value set that ships with the library."""
    url = unescaped(text)
    listed = definitions.value_set(url) if url in definitions.value_sets() else None
    if listed is None:
        raise Unsupported(
            "This value set does not ship with Taihe.", "Give its codes, joined with commas."
        )
    return tuple(
        Value(f"{system}|{code}", system=system, code=code)
        for system, codes in sorted(listed.items())
        for code in sorted(codes)
    )


def _value(parameter: Parameter, text: str, modifier: str) -> Value:
    kind = parameter.kind
    if not text:
        raise bad(parameter, "empty", "Leave the parameter out, or give a value.")
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
            _value(known[code], part, "")
            for (code, _), part in zip(parameter.components, parts, strict=True)
        ),
    )


def modified(parameter: Parameter, text: str, modifier: str) -> Value:
    if text:
        if modifier == "of-type":
            return _of_type(parameter, text)
        if modifier == "identifier":
            return _token(parameter, text)
        if parameter.kind == "token" and modifier == "text":
            return Value(text, code=unescaped(text))
    return _value(parameter, text, modifier if parameter.kind == "reference" else "")
