"""Reading a search: query pairs become typed conditions; what is unknown is refused with a hint."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from taihe.fhir import definitions
from taihe.fhir.search.normalise import normalise
from taihe.fhir.search.parameters import Parameter, parameters
from taihe.fhir.search.rows import implied_range, period_of, split_reference
from taihe.kernel.errors import Incorrect, TaiheError, Unsupported

PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
RESULT_PARAMETERS = (
    "_sort", "_count", "_page", "_include", "_revinclude", "_summary", "_total", "_elements",
    "_format", "_pretty", "_type",
)  # fmt: skip
# Parameters that R4 has and that a search over index rows cannot answer, each with its reason.
_NEVER = {
    "_text": "It searches the narrative, which is made from the data and is not indexed.",
    "_content": "It searches all text of a resource, which is not indexed.",
    "_filter": "Write the filter as parameters of their own.",
    "_list": "Read the List and search with _id.",
    "_query": "There are no named queries.",
    "_contained": "Contained resources are not found on their own.",
    "_containedType": "Contained resources are not found on their own.",
}
MOST_LINKS = 8
MOST_VALUES = 1000

# Modifiers of each kind that R4 has: those answered, and those refused with a reason.
_MODIFIERS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "string": (("exact", "contains"), {}),
    "token": (
        ("not", "text", "of-type", "in", "not-in"),
        {
            "above": "No hierarchy of codes is loaded: give the codes, joined with commas.",
            "below": "No hierarchy of codes is loaded: give the codes, joined with commas.",
        },
    ),
    "reference": (
        ("identifier",),
        {
            "above": "Search each level with a chain.",
            "below": "Search each level with a chain.",
        },
    ),
    "uri": (("below", "above"), {}),
    "date": ((), {}),
    "number": ((), {}),
    "quantity": ((), {}),
    "composite": ((), {}),
    "special": ((), {}),
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
    number: float | None = None
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
class Chain:
    """
    A condition on what a resource refers to, as in `subject:Patient.name=Li`.

    `targets` are the types that the reference may lead to, each with the condition there; a
    type that lacks the parameter is left out.
    """

    parameter: Parameter
    targets: tuple[tuple[str, Criterion], ...]


@dataclass(frozen=True, slots=True)
class Has:
    """A condition on resources of `type` that refer to this one (`_has`)."""

    type: str
    parameter: Parameter
    condition: Criterion


Criterion = Condition | Chain | Has


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
    conditions: tuple[Criterion, ...] = ()
    count: int | None = None
    page: str | None = None
    sort: tuple[Sort, ...] = ()
    total: str | None = None
    summary: str | None = None
    elements: tuple[str, ...] = ()
    includes: tuple[Include, ...] = ()


def _suggestion(word: str, known: Iterable[str], before: str = "") -> str:
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"Did you mean {before}{close[0]}?" if close else ""


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
    return Value(text, prefix, low=span[0], high=span[1], number=float(rest))


def _quantity(parameter: Parameter, text: str) -> Value:
    number, *unit = _split(text, "|")
    value = _number(parameter, number)
    if not unit:
        return Value(text, value.prefix, low=value.low, high=value.high, number=value.number)
    if len(unit) != 2:
        raise _bad(parameter, "no quantity", "Write 5.4, or 5.4|system|code, or 5.4||unit.")
    system, code = _plain(unit[0]) or None, _plain(unit[1]) or None
    return Value(text, value.prefix, system, code, value.low, value.high, value.number)


def _reference(parameter: Parameter, text: str, modifier: str) -> Value:
    kind, code = split_reference(_plain(text))
    if not code:
        raise _bad(parameter, "no reference", "Write Type/id, an id, or a whole address.")
    target: str | None = kind or None
    if modifier:
        if kind and kind != modifier:
            raise _bad(parameter, f"no {modifier}", f"Write {modifier}/id or the id alone.")
        target = modifier
    elif not kind and len(parameter.targets) == 1:
        target = parameter.targets[0]
    # An address names one thing, whatever its type.
    return Value(text, system=None if is_address(code) else target, code=code)


def is_address(code: str) -> bool:
    """Whether the code of a reference is a whole address; an id has neither "/" nor ":"."""
    return "/" in code or ":" in code


_KILOMETRES = {"": 1.0, "km": 1.0, "m": 0.001, "[mi_us]": 1.609347, "[mi_i]": 1.609344}


def _near(parameter: Parameter, text: str) -> Value:
    """`latitude|longitude|distance|unit`; without a distance 50 km."""
    numbers = r"([+-]?\d{1,3}(?:\.\d+)?)\|([+-]?\d{1,3}(?:\.\d+)?)"
    match = re.fullmatch(numbers + r"(?:\|(\d{0,6}(?:\.\d+)?)(?:\|([^|]*))?)?", text)
    if match is None or abs(float(match[1])) > 90 or abs(float(match[2])) > 180:
        raise _bad(parameter, "no position", "Write latitude|longitude|distance|km.")
    unit = match[4] or ""
    if unit not in _KILOMETRES:
        raise _bad(parameter, "in an unknown unit", "Use km, m or [mi_us].")
    distance = float(match[3]) if match[3] else 50.0
    return Value(
        text, low=float(match[1]), high=float(match[2]), number=distance * _KILOMETRES[unit]
    )


def _of_type(parameter: Parameter, text: str) -> Value:
    """`system|code|value` of an identifier: the type's coding and the value."""
    parts = [_plain(part) for part in _split(text, "|")]
    if len(parts) != 3 or not parts[1] or not parts[2]:
        raise _bad(parameter, "no typed identifier", "Write type system|type code|value.")
    return Value(text, system=parts[0], code=parts[1], parts=(Value(parts[2], code=parts[2]),))


def _members(parameter: Parameter, text: str) -> tuple[Value, ...]:
    """The codes of a value set that ships with the library."""
    url = _plain(text)
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
    if kind == "special":
        return _near(parameter, text)
    if kind == "string" and not normalise(_plain(text)):
        raise _bad(parameter, "empty", "Give some text.")
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
    now, never = _MODIFIERS[parameter.kind]
    if not modifier or modifier in now:
        return
    if modifier == "missing":
        if parameter.kind == "composite":
            raise Incorrect(
                f"{parameter.code} has no modifier :missing.", "Ask for its parts one by one."
            )
        return
    if parameter.kind == "reference" and modifier in definitions.resource_types():
        _check_target(parameter, modifier)
        return
    if modifier in never:
        raise Unsupported(
            f"The modifier :{modifier} of {parameter.code} is not supported.", never[modifier]
        )
    types = parameter.targets if parameter.kind == "reference" else ()
    missing = () if parameter.kind == "composite" else ("missing",)
    known = (*now, *never, *missing, *types)
    listed = ", ".join(f":{name}" for name in (*now, *missing)) or "none"
    raise Incorrect(
        f"{parameter.code} has no modifier :{modifier}.",
        _suggestion(modifier, known, ":") or f"It has {listed}.",
    )


def _check_target(parameter: Parameter, type: str) -> None:
    if parameter.targets and type not in parameter.targets:
        raise Incorrect(
            f"{parameter.code} never refers to a {type}.",
            "It refers to " + ", ".join(parameter.targets[:12]) + ".",
        )


def _known(type: str, code: str) -> Parameter:
    """The parameter of a type by its code, or the error that says what is wrong with it."""
    if code in _NEVER:
        raise Unsupported(f"The parameter {code} is not supported.", _NEVER[code])
    known = parameters(type)
    parameter = known.get(code)
    if parameter is None:
        hint = _suggestion(code, (*known, *RESULT_PARAMETERS, "_has"))
        raise Incorrect(f"{type} has no search parameter {code}.", hint)
    if not parameter.expression:
        raise Unsupported(
            f"The parameter {code} of {type} is not supported.",
            "R4 defines it in words only, without an expression.",
        )
    return parameter


def _criterion(type: str, name: str, text: str, links: int = 0) -> Criterion:
    if links > MOST_LINKS:
        raise Incorrect(f"A chain has at most {MOST_LINKS} links.", "Search in two steps.")
    if name.startswith("_has:") or name == "_has":
        return _has(type, name, text, links)
    head, dot, rest = name.partition(".")
    if dot:
        return _chain(type, head, rest, text, links)
    return _condition(type, name, text)


def _chain(type: str, head: str, rest: str, text: str, links: int) -> Chain:
    code, colon, target = head.partition(":")
    parameter = _known(type, code)
    if parameter.kind != "reference":
        references = [p.code for p in parameters(type).values() if p.kind == "reference"]
        raise Incorrect(
            f"{code} of {type} is no reference, so nothing follows it.",
            "References are " + ", ".join(references[:12]) + ".",
        )
    if colon:
        if target not in definitions.resource_types():
            raise Incorrect(
                f"{target or 'Nothing'} is no resource type.",
                _suggestion(target, parameter.targets or definitions.resource_types()),
            )
        _check_target(parameter, target)
        return Chain(parameter, ((target, _criterion(target, rest, text, links + 1)),))
    found: list[tuple[str, Criterion]] = []
    problem: TaiheError | None = None
    if links:
        # Each link without a type multiplies the ways.
        _require_few(parameter, 1 if links > 1 and "." in rest else 8)
    for one in parameter.targets or sorted(definitions.resource_types()):
        try:
            found.append((one, _criterion(one, rest, text, links + 1)))
        except TaiheError as error:
            # The first type that has the parameter says best what is wrong with its value.
            if problem is None or rest.partition(":")[0].partition(".")[0] in parameters(one):
                problem = problem if _is_about_value(problem) else error
    if not found:
        assert problem is not None, "a reference parameter has targets"
        raise problem
    return Chain(parameter, tuple(found))


def _require_few(parameter: Parameter, most: int) -> None:
    if not parameter.targets or len(parameter.targets) > most:
        raise Incorrect(
            f"{parameter.code} may lead to too many types within a chain.",
            f"Name the type, as in {parameter.code}:Patient.",
        )


def _is_about_value(problem: TaiheError | None) -> bool:
    return problem is not None and "has no search parameter" not in problem.problem


def _has(type: str, name: str, text: str, links: int) -> Has:
    parts = name.split(":", 3)
    if len(parts) != 4:
        raise Incorrect("_has is not complete.", "Write _has:Observation:patient:code=…")
    _, source, code, rest = parts
    if source not in definitions.resource_types():
        raise Incorrect(
            f"{source or 'Nothing'} is no resource type.",
            _suggestion(source, definitions.resource_types()),
        )
    parameter = parameters(source).get(code)
    if parameter is None or parameter.kind != "reference" or not parameter.expression:
        references = [p.code for p in parameters(source).values() if p.kind == "reference"]
        raise Incorrect(
            f"{code or 'Nothing'} is no reference parameter of {source}.",
            _suggestion(code, references) or "It has " + ", ".join(references[:12]) + ".",
        )
    _check_target(parameter, type)
    return Has(source, parameter, _criterion(source, rest, text, links + 1))


def _condition(type: str, name: str, text: str) -> Condition:
    code, _, modifier = name.partition(":")
    parameter = _known(type, code)
    _check_modifier(parameter, modifier)
    if modifier == "missing":
        if text not in ("true", "false"):
            raise _bad(
                parameter, "neither true nor false", "Write :missing=true or :missing=false."
            )
        return Condition(parameter, modifier, (), missing=text == "true")
    if modifier in ("in", "not-in"):
        return Condition(parameter, modifier, _members(parameter, text))
    parts = _split(text, ",")
    if len(parts) > MOST_VALUES:
        raise Incorrect(
            f"{code} has more than {MOST_VALUES} alternatives.", "Ask in several searches."
        )
    return Condition(
        parameter, modifier, tuple(_modified(parameter, part, modifier) for part in parts)
    )


def _modified(parameter: Parameter, text: str, modifier: str) -> Value:
    if text:
        if modifier == "of-type":
            return _of_type(parameter, text)
        if modifier == "identifier":
            return _token(parameter, text)
        if parameter.kind == "token" and modifier == "text":
            return Value(text, code=_plain(text))
    return _value(parameter, text, modifier if parameter.kind == "reference" else "")


def _sort(type: str, text: str) -> tuple[Sort, ...]:
    keys = []
    for key in text.split(","):
        code = key.removeprefix("-")
        if "." in code or ":" in code:
            raise Unsupported(
                "Results are not sorted by a chain or a modifier.",
                "Sort by a parameter of the type itself.",
            )
        parameter = parameters(type).get(code)
        if parameter is None:
            hint = _suggestion(code, parameters(type))
            raise Incorrect(f"{type} cannot be sorted by {code or 'nothing'}.", hint)
        if parameter.kind in ("composite", "special") or not parameter.expression:
            raise Incorrect(f"{code} has no order.", "Sort by one of its parts.")
        keys.append(Sort(parameter, key.startswith("-")))
    return tuple(keys)


def _elements(type: str, text: str) -> tuple[str, ...]:
    known = {name.removesuffix("[x]"): name for name in definitions.children(type)}
    found = []
    for part in text.split(","):
        name = part.strip().removeprefix(f"{type}.")
        if name not in known:
            raise Incorrect(
                f"{type} has no element {name or 'without a name'}.", _suggestion(name, known)
            )
        found.append(name)
    return tuple(found)


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
    conditions: list[Criterion] = []
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
            elements = _elements(type, text)
        elif name == "_format":
            if text not in (
                "json",
                "application/json",
                "application/fhir+json",
                "application/fhir json",
            ):
                raise Unsupported("Only JSON is answered.", "Use _format=json.")
        elif name == "_type":
            if text != type:
                raise Incorrect(
                    f"This address searches {type} only.", "Search [base]?_type=… for several."
                )
        elif name != "_pretty":
            conditions.append(_criterion(type, name, text))
    return Query(
        type, tuple(conditions), count, page, sort, total, summary, elements, tuple(includes)
    )


def parse_types(pairs: Iterable[tuple[str, str]]) -> tuple[Query, ...]:
    """
    Read a search over several types, `GET [base]?_type=Patient,Observation&…`: a query of each.

    Only parameters that every named type has can be used, as R4 says.
    """
    pairs = list(pairs)
    named = [text for name, text in pairs if name == "_type"]
    if not named:
        raise Incorrect("A search over all types needs _type.", "Write _type=Patient,Observation.")
    types = dict.fromkeys(part for text in named for part in text.split(","))
    rest = [(name, text) for name, text in pairs if name != "_type"]
    return tuple(parse(type, rest) for type in types)
