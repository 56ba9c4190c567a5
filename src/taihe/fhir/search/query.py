"""Reading a search: query pairs become typed conditions; what is unknown is refused with a hint."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from taihe.fhir import definitions
from taihe.fhir.search.parameters import Parameter, parameters
from taihe.fhir.search.rows import implied_range, period_of, split_reference
from taihe.kernel.errors import Incorrect, Unsupported

PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
RESULT_PARAMETERS = (
    "_sort", "_count", "_page", "_include", "_revinclude", "_summary", "_total", "_elements",
    "_format", "_pretty",
)  # fmt: skip
_LATER_PARAMETERS = ("_has", "_list", "_text", "_content", "_filter", "_query", "_contained",
                     "_containedType", "_type")  # fmt: skip

# Modifiers of each kind: those answered now, and those that R4 has besides.
_MODIFIERS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "string": (("exact", "contains"), ("text",)),
    "token": (("not",), ("text", "in", "not-in", "above", "below", "of-type")),
    "reference": ((), ("identifier", "above", "below", "text")),
    "uri": (("below", "above"), ()),
    "date": ((), ()),
    "number": ((), ()),
    "quantity": ((), ()),
    "composite": ((), ()),
    "special": ((), ()),
}


@dataclass(frozen=True, slots=True)
class Value:
    """
    One alternative of a condition.

    `system` is None when any system will do and "" when there must be none; for a reference
    it is the target type, None when any. `code` is a token's code (None: any code of the
    system), a reference's id or address, text, a uri, or a unit (None: any unit). `low` and
    `high` are the range that a date (microseconds since 1970, half open) or a number means.
    """

    text: str
    prefix: str = "eq"
    system: str | None = None
    code: str | None = None
    low: int | float | None = None
    high: int | float | None = None
    parts: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """One parameter of a query; its values are alternatives, conditions all hold together."""

    parameter: Parameter
    modifier: str
    values: tuple[Value, ...]
    missing: bool | None = None

    @property
    def kind(self) -> str:
        """The kind of the parameter."""
        return self.parameter.kind


@dataclass(frozen=True, slots=True)
class Sort:
    """One key of the order of a result."""

    parameter: Parameter
    descending: bool


@dataclass(frozen=True, slots=True)
class Include:
    """An `_include` or `_revinclude`: `code` is "*" for every reference; `target` "" for any."""

    type: str
    code: str
    target: str
    reverse: bool
    iterate: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A search over one resource type, read and checked."""

    type: str
    conditions: tuple[Condition, ...] = ()
    count: int | None = None
    page: str | None = None
    sort: tuple[Sort, ...] = ()
    total: str | None = None
    summary: str | None = None
    elements: tuple[str, ...] = ()
    includes: tuple[Include, ...] = ()


def _suggestion(word: str, known: Iterable[str]) -> str:
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"Did you mean {close[0]}?" if close else ""


def _split(text: str, at: str) -> list[str]:
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


def _plain(text: str) -> str:
    return re.sub(r"\\([,|$\\])", r"\1", text) if "\\" in text else text


def _bad(parameter: Parameter, what: str, do: str) -> Incorrect:
    return Incorrect(f"The value of {parameter.code} is {what}.", do)


def _prefixed(text: str) -> tuple[str, str]:
    if text[:2] in PREFIXES and len(text) > 2 and not text[2].isalpha():
        return text[:2], text[2:]
    return "eq", text


def _token(parameter: Parameter, text: str) -> Value:
    system, bar, code = text.partition("|") if "\\" not in text else _bar(text)
    if not bar:
        return Value(text, code=_plain(system))
    if not system and not code:
        raise _bad(parameter, "only a bar", "Write system|code, |code, system| or code.")
    return Value(text, system=_plain(system), code=_plain(code) or None)


def _bar(text: str) -> tuple[str, str, str]:
    first, *rest = _split(text, "|")
    return first, "|" if rest else "", "|".join(rest)


def _date(parameter: Parameter, text: str) -> Value:
    prefix, rest = _prefixed(text)
    span = period_of(rest.replace(" ", "+"))
    if span is None:
        raise _bad(
            parameter, "no date", "Write 2026, 2026-11, 2026-11-24 or 2026-11-24T08:00:00+08:00."
        )
    return Value(text, prefix, low=span[0], high=span[1])


def _number(parameter: Parameter, text: str) -> Value:
    prefix, rest = _prefixed(text)
    span = (
        implied_range(rest) if re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d{1,3})?", rest) else None
    )
    if span is None:
        raise _bad(parameter, "no number", "Write digits, as in 5.4 or ge100.")
    return Value(text, prefix, low=span[0], high=span[1])


def _quantity(parameter: Parameter, text: str) -> Value:
    number, *unit = _split(text, "|")
    value = _number(parameter, number)
    if not unit:
        return Value(text, value.prefix, low=value.low, high=value.high)
    if len(unit) != 2:
        raise _bad(parameter, "no quantity", "Write 5.4, or 5.4|system|code, or 5.4||unit.")
    system, code = _plain(unit[0]) or None, _plain(unit[1]) or None
    return Value(text, value.prefix, system, code, value.low, value.high)


def _reference(parameter: Parameter, text: str, modifier: str) -> Value:
    kind, code = split_reference(_plain(text))
    if not code:
        raise _bad(parameter, "no reference", "Write Type/id, an id, or a whole address.")
    target: str | None = kind or None
    if modifier:
        if kind and kind != modifier:
            raise _bad(parameter, f"no {modifier}", f"Write {modifier}/id or the id alone.")
        target = modifier
    elif not kind and len(parameter.targets) == 1 and "://" not in code and ":" not in code:
        target = parameter.targets[0]
    return Value(text, system=target, code=code)


def _value(parameter: Parameter, text: str, modifier: str) -> Value:
    kind = parameter.kind
    if not text:
        raise _bad(parameter, "empty", "Leave the parameter out, or give a value.")
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
    return Value(text, code=_plain(text))


def _composite(parameter: Parameter, text: str) -> Value:
    parts = _split(text, "$")
    if len(parts) != len(parameter.components):
        raise _bad(
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


def _check_modifier(parameter: Parameter, modifier: str) -> None:
    now, later = _MODIFIERS[parameter.kind]
    if not modifier or modifier == "missing" or modifier in now:
        return
    if parameter.kind == "reference" and modifier in definitions.resource_types():
        if parameter.targets and modifier not in parameter.targets:
            raise Incorrect(
                f"{parameter.code} never refers to a {modifier}.",
                "It refers to " + ", ".join(parameter.targets[:12]) + ".",
            )
        return
    if modifier in later:
        raise Unsupported(f"The modifier :{modifier} of {parameter.code} is not supported.", "")
    raise Incorrect(
        f"{parameter.code} has no modifier :{modifier}.",
        _suggestion(modifier, (*now, *later, "missing")),
    )


def _condition(type: str, name: str, text: str) -> Condition:
    known = parameters(type)
    code, _, modifier = name.partition(":")
    if "." in name:
        raise Unsupported("Chained parameters are not supported.", "Search in two steps.")
    if code in _LATER_PARAMETERS:
        raise Unsupported(f"The parameter {code} is not supported.", "")
    parameter = known.get(code)
    if parameter is None:
        hint = _suggestion(code, (*known, *RESULT_PARAMETERS))
        raise Incorrect(f"{type} has no search parameter {code}.", hint)
    if not parameter.expression or parameter.kind == "special":
        raise Unsupported(f"The parameter {code} of {type} is not supported.", "")
    _check_modifier(parameter, modifier)
    if modifier == "missing":
        if text not in ("true", "false"):
            raise _bad(
                parameter, "neither true nor false", "Write :missing=true or :missing=false."
            )
        return Condition(parameter, modifier, (), missing=text == "true")
    target = modifier if parameter.kind == "reference" else ""
    values = tuple(_value(parameter, part, target) for part in _split(text, ","))
    return Condition(parameter, modifier, values)


def _sort(type: str, text: str) -> tuple[Sort, ...]:
    keys = []
    for key in text.split(","):
        code = key.removeprefix("-")
        parameter = parameters(type).get(code)
        if parameter is None:
            hint = _suggestion(code, parameters(type))
            raise Incorrect(f"{type} cannot be sorted by {code or 'nothing'}.", hint)
        keys.append(Sort(parameter, key.startswith("-")))
    return tuple(keys)


def _include(type: str, name: str, text: str) -> Include:
    base, _, modifier = name.partition(":")
    reverse = base == "_revinclude"
    if modifier not in ("", "iterate", "recurse"):
        raise Incorrect(f"{base} has no modifier :{modifier}.", "Use :iterate.")
    iterate = bool(modifier)
    if text == "*":
        return Include("" if reverse else type, "*", "", reverse, iterate)
    source, code, target = (*text.split(":"), "", "")[:3]
    if source not in definitions.resource_types():
        hint = _suggestion(source, definitions.resource_types())
        raise Incorrect(f"{base} begins with no resource type.", hint or "Write Type:parameter.")
    if code != "*":
        parameter = parameters(source).get(code)
        if parameter is None or parameter.kind != "reference":
            references = [p.code for p in parameters(source).values() if p.kind == "reference"]
            raise Incorrect(
                f"{code or 'Nothing'} is no reference parameter of {source}.",
                _suggestion(code, references),
            )
    if target and target not in definitions.resource_types():
        raise Incorrect(
            f"{base} ends with no resource type.", _suggestion(target, definitions.resource_types())
        )
    return Include(source, code, target, reverse, iterate)


def _choice(name: str, text: str, allowed: tuple[str, ...]) -> str:
    if text not in allowed:
        raise Incorrect(f"{name} cannot be {text!r}.", "Use " + ", ".join(allowed) + ".")
    return text


def parse(type: str, pairs: Iterable[tuple[str, str]]) -> Query:
    """
    Read the decoded pairs of a query string for one resource type.

    Raises Incorrect, with a suggestion, for an unknown parameter, modifier or a value that
    cannot be read, and Unsupported for what R4 has and Taihe does not answer.
    """
    if type not in definitions.resource_types():
        hint = _suggestion(type, definitions.resource_types())
        raise Incorrect(f"{type} is no R4 resource type.", hint)
    conditions: list[Condition] = []
    includes: list[Include] = []
    count: int | None = None
    page = total = summary = None
    sort: tuple[Sort, ...] = ()
    elements: tuple[str, ...] = ()
    for name, text in pairs:
        base = name.partition(":")[0]
        if base in ("_include", "_revinclude"):
            includes.append(_include(type, name, text))
        elif name == "_count":
            if not re.fullmatch(r"\d{1,9}", text):
                raise Incorrect("_count is no whole number.", "Write digits, as in _count=50.")
            count = int(text)
        elif name == "_page":
            page = text
        elif name == "_sort":
            sort = _sort(type, text)
        elif name == "_total":
            total = _choice(name, text, ("none", "estimate", "accurate"))
        elif name == "_summary":
            summary = _choice(name, text, ("true", "text", "data", "count", "false"))
        elif name == "_elements":
            elements = tuple(part.strip() for part in text.split(",") if part.strip())
        elif name == "_format":
            if text not in (
                "json",
                "application/json",
                "application/fhir+json",
                "application/fhir json",
            ):
                raise Unsupported("Only JSON is answered.", "Use _format=json.")
        elif name != "_pretty":
            conditions.append(_condition(type, name, text))
    return Query(
        type, tuple(conditions), count, page, sort, total, summary, elements, tuple(includes)
    )
