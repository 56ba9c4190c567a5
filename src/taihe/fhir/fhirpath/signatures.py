"""
What functions take and give, for checking before evaluation.

`takes` are the kinds of the input (empty: any), `single` whether it is one item, `arguments`
the kinds of each argument (empty: any collection), `gives` the type of the result: a System
type, "same" for the input's, "" when it is not known. Source: FHIRPath 3.0, functions; FHIR
R4, additional functions.
"""

from __future__ import annotations

from dataclasses import dataclass

Kinds = frozenset[str]


@dataclass(frozen=True, slots=True)
class Signature:
    """How a function may be called; `many` whether its result may have several items."""

    takes: Kinds = frozenset()
    single: bool = False
    arguments: tuple[Kinds, ...] = ()
    gives: str = ""
    many: bool = False


_ANY: Kinds = frozenset()
_TEXT = frozenset(("text",))
_READABLE = frozenset(("text", "date", "time"))  # FHIR dates are read as their text too
_NUMBER = frozenset(("number",))
_MEASURE = frozenset(("number", "quantity"))
_BOOLEAN = frozenset(("boolean",))
_WHEN = frozenset(("date", "time"))
_ORDERED = frozenset(("number", "quantity", "text", "date", "time"))
_VALUE = frozenset(("text", "number", "boolean", "date", "time", "quantity"))
_PRECISE = frozenset(("number", "quantity", "date", "time"))


def _text(gives: str, *arguments: Kinds, many: bool = False) -> Signature:
    return Signature(_READABLE, True, arguments, gives, many)


def _number(gives: str, *arguments: Kinds, takes: Kinds = _NUMBER) -> Signature:
    return Signature(takes, True, arguments, gives)


SIGNATURES: dict[str, Signature] = {
    **{name: Signature(gives="Boolean") for name in ("empty", "isDistinct", "exists")},
    "not": Signature(single=True, gives="Boolean"),
    **{
        name: Signature(_BOOLEAN, gives="Boolean")
        for name in ("allTrue", "anyTrue", "allFalse", "anyFalse")
    },
    **{name: Signature(arguments=(_ANY,), gives="Boolean") for name in ("subsetOf", "supersetOf")},
    "all": Signature(gives="Boolean"),
    "count": Signature(gives="Integer"),
    "distinct": Signature(gives="same", many=True),
    "tail": Signature(gives="same", many=True),
    "skip": Signature(arguments=(_NUMBER,), gives="same", many=True),
    "take": Signature(arguments=(_NUMBER,), gives="same", many=True),
    "intersect": Signature(arguments=(_ANY,), gives="same", many=True),
    "exclude": Signature(arguments=(_ANY,), gives="same", many=True),
    "single": Signature(gives="same"),
    "first": Signature(gives="same"),
    "last": Signature(gives="same"),
    "checkModifiers": Signature(gives="same", many=True),
    **{name: _text("Integer", _TEXT) for name in ("indexOf", "lastIndexOf")},
    "substring": _text("String", _NUMBER, _NUMBER),
    **{name: _text("Boolean", _READABLE) for name in ("startsWith", "endsWith", "contains")},
    **{name: _text("Boolean", _TEXT, _TEXT) for name in ("matches", "matchesFull")},
    "replace": _text("String", _TEXT, _READABLE),
    "replaceMatches": _text("String", _TEXT, _READABLE, _TEXT),
    **{name: _text("String") for name in ("upper", "lower", "trim")},
    "length": _text("Integer"),
    "toChars": _text("String", many=True),
    "split": _text("String", _TEXT, many=True),
    "join": Signature(_READABLE, False, (_TEXT,), "String"),
    **{name: _text("String", _TEXT) for name in ("encode", "decode", "escape", "unescape")},
    "abs": _number("same", takes=_MEASURE),
    "round": _number("same", _NUMBER, takes=_MEASURE),
    **{name: _number("", takes=_MEASURE) for name in ("ceiling", "floor", "truncate")},
    **{name: _number("Decimal") for name in ("sqrt", "ln", "exp")},
    "log": _number("Decimal", _NUMBER),
    "power": _number("Decimal", _NUMBER),
    **{name: Signature(_MEASURE, gives="same") for name in ("sum", "avg")},
    **{name: Signature(_ORDERED, gives="same") for name in ("min", "max")},
    **{
        name: Signature(_PRECISE, True, (_NUMBER,), "same")
        for name in ("lowBoundary", "highBoundary")
    },
    "precision": Signature(_PRECISE, True, (), "Integer"),
    "comparable": Signature(_MEASURE, True, (_MEASURE,), "Boolean"),
    **{
        f"{part}Of": Signature(_WHEN, True, (), "Integer")
        for part in ("year", "month", "day", "hour", "minute", "second", "millisecond")
    },
    "timezoneOffsetOf": Signature(_WHEN, True, (), "Decimal"),
    "dateOf": Signature(_WHEN, True, (), "Date"),
    "timeOf": Signature(_WHEN, True, (), "Time"),
    **{
        name: Signature(_WHEN, True, (_WHEN, _TEXT), "Integer")
        for name in ("duration", "difference")
    },
    **{
        f"to{name}": Signature(_VALUE, True, (_TEXT,), name)
        for name in ("Boolean", "Integer", "Long", "Decimal", "Date", "DateTime", "Time",
                     "Quantity", "String")
    },
    **{
        f"convertsTo{name}": Signature(_ANY, True, (_TEXT,), "Boolean")
        for name in ("Boolean", "Integer", "Long", "Decimal", "Date", "DateTime", "Time",
                     "Quantity", "String")
    },
    "now": Signature(gives="DateTime"),
    "today": Signature(gives="Date"),
    "timeOfDay": Signature(gives="Time"),
    "pathname": Signature(arguments=(_BOOLEAN,), gives="String", many=True),
    "hasValue": Signature(gives="Boolean"),
    "hasExtension": Signature(arguments=(_TEXT,), gives="Boolean"),
    "memberOf": Signature(arguments=(_TEXT,), gives="Boolean"),
    "subsumes": Signature(arguments=(_ANY,), gives="Boolean"),
    "subsumedBy": Signature(arguments=(_ANY,), gives="Boolean"),
    "conformsTo": Signature(arguments=(_TEXT,), gives="Boolean"),
    "htmlChecks": Signature(gives="Boolean"),
    "slice": Signature(arguments=(_TEXT, _TEXT), gives="same", many=True),
    "getResourceKey": Signature(gives="String", many=True),
    "getReferenceKey": Signature(gives="String", many=True),
}  # fmt: skip
