"""Reading the conditions of a search: parameters, modifiers, chains, `_has`, lists, words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches

from taihe.fhir import definitions
from taihe.fhir.search.parameters import Parameter, hierarchy, parameters
from taihe.fhir.search.phrases import read_words
from taihe.fhir.search.query import Chain, Condition, Criterion, Has, Value, is_address
from taihe.fhir.search.terms import Terms
from taihe.fhir.search.values import (
    bad,
    members_of,
    read_value,
    related_codes,
    split,
    unescaped,
)
from taihe.kernel.errors import Incorrect, TaiheError, Unsupported

RESULT_PARAMETERS = (
    "_sort", "_count", "_page", "_include", "_revinclude", "_summary", "_total", "_elements",
    "_format", "_pretty", "_type", "_contained", "_containedType",
)  # fmt: skip
CRITERIA = ("_has", "_list", "_text", "_content", "_filter")
MOST_LINKS = 8
MOST_VALUES = 1000
MOST_CODES = 100_000
# Parameters that R4 has and that are not answered, each with its reason.
_NEVER = {"_query": "There are no named queries."}
# The modifiers of each kind that R4 has, beside :missing and the types of a reference.
_MODIFIERS: dict[str, tuple[str, ...]] = {
    "string": ("exact", "contains"),
    "token": ("not", "text", "of-type", "in", "not-in", "above", "below"),
    "reference": ("identifier", "above", "below"),
    "uri": ("below", "above"),
}


_NAME = re.compile(r":?[A-Za-z_$-]{1,40}(?:[0-9]{1,3}[A-Za-z_-]{0,20})?")


def suggestion(word: str, known: Iterable[str], before: str = "") -> str:
    """A sentence that names the nearest known word, or nothing."""
    close = get_close_matches(word[:100], list(known), n=1, cutoff=0.6)
    return f"Did you mean {before}{close[0]}?" if close else ""


def shown(word: str, other: str = "What stands there") -> str:
    """A word of a query as an error may repeat it: one that can be a name, and no number."""
    return word if _NAME.fullmatch(word) else other


def criterion(type: str, name: str, text: str, terms: Terms, links: int = 0) -> Criterion:
    """Read one pair of a query; `links` counts the steps of the chain that led here."""
    if links > MOST_LINKS:
        raise Incorrect(f"A chain has at most {MOST_LINKS} links.", "Search in two steps.")
    if name.startswith("_has:") or name == "_has":
        return _has(type, name, text, terms, links)
    head, dot, rest = name.partition(".")
    if dot:
        code, colon, target = head.partition(":")
        return chain(
            reference_of(type, code),
            target if colon else None,
            lambda one: criterion(one, rest, text, terms, links + 1),
            first=rest,
            links=links,
        )
    if name in ("_text", "_content") and name in parameters(type):
        return read_words(parameters(type)[name], text)
    if name == "_list":
        return _list(text)
    return _condition(type, name, text, terms)


def chain(
    parameter: Parameter,
    target: str | None,
    onwards: Callable[[str], Criterion],
    *,
    first: str,
    links: int,
) -> Chain:
    """
    A condition on what a reference leads to: `onwards` reads it for each type.

    Without a `target` every type that the reference may lead to and that has the parameter
    `first` is asked. Raises what is wrong for the first type, if it is wrong for all.
    """
    if target is not None:
        if target not in definitions.resource_types():
            raise Incorrect(
                f"{shown(target)} is no resource type.",
                suggestion(target, parameter.targets or definitions.resource_types()),
            )
        check_target(parameter, target)
        return Chain(parameter, ((target, onwards(target)),))
    if links:
        # Each link without a type multiplies the ways.
        _require_few(parameter, 1 if links > 1 and "." in first else 8)
    found: list[tuple[str, Criterion]] = []
    problem: TaiheError | None = None
    for one in parameter.targets or sorted(definitions.resource_types()):
        try:
            found.append((one, onwards(one)))
        except TaiheError as error:
            # The first type that has the parameter says best what is wrong with its value.
            if problem is None or first.partition(":")[0].partition(".")[0] in parameters(one):
                problem = problem if _is_about_value(problem) else error
    if not found:
        assert problem is not None, "a reference parameter has targets"
        raise problem
    return Chain(parameter, tuple(found))


def reference_of(type: str, code: str) -> Parameter:
    """The reference parameter of a type from which a chain goes on."""
    parameter = known_parameter(type, code)
    if parameter.kind != "reference":
        references = [p.code for p in parameters(type).values() if p.kind == "reference"]
        raise Incorrect(
            f"{code} of {type} is no reference, so nothing follows it.",
            "References are " + ", ".join(references[:12]) + ".",
        )
    return parameter


def _require_few(parameter: Parameter, most: int) -> None:
    if not parameter.targets or len(parameter.targets) > most:
        raise Incorrect(
            f"{parameter.code} may lead to too many types within a chain.",
            f"Name the type, as in {parameter.code}:Patient.",
        )


def _is_about_value(problem: TaiheError | None) -> bool:
    return problem is not None and "has no search parameter" not in problem.problem


def _has(type: str, name: str, text: str, terms: Terms, links: int) -> Has:
    parts = name.split(":", 3)
    if len(parts) != 4:
        raise Incorrect("_has is not complete.", "Write _has:Observation:patient:code=…")
    _, source, code, rest = parts
    parameter = referring(type, source, code)
    return Has(source, parameter, criterion(source, rest, text, terms, links + 1))


def referring(type: str, source: str, code: str) -> Parameter:
    """The parameter by which resources of `source` refer to a type, for `_has`."""
    if source not in definitions.resource_types():
        raise Incorrect(
            f"{shown(source)} is no resource type.",
            suggestion(source, definitions.resource_types()),
        )
    parameter = parameters(source).get(code)
    if parameter is None or parameter.kind != "reference" or not parameter.expression:
        raise no_reference(source, code)
    check_target(parameter, type)
    return parameter


def no_reference(source: str, code: str) -> Incorrect:
    """The refusal of what is no reference parameter of a type."""
    references = [p.code for p in parameters(source).values() if p.kind == "reference"]
    listed = "It has " + ", ".join(references[:12]) + "." if references else "It has none."
    return Incorrect(
        f"{shown(code)} is no reference parameter of {source}.",
        suggestion(code, references) or listed,
    )


def check_target(parameter: Parameter, type: str) -> None:
    """Refuse a type that a reference parameter never leads to."""
    if parameter.targets and type not in parameter.targets:
        raise Incorrect(
            f"{parameter.code} never refers to a {type}.",
            "It refers to " + ", ".join(parameter.targets[:12]) + ".",
        )


def known_parameter(type: str, code: str) -> Parameter:
    """The parameter of a type by its code, or the error that says what is wrong with it."""
    if code in _NEVER:
        raise Unsupported(f"The parameter {code} is not supported.", _NEVER[code])
    parameter = parameters(type).get(code)
    if parameter is None:
        raise _no(type, code)
    if code in CRITERIA:
        raise Incorrect(f"{code} has no modifier, and nothing follows it.", f"Write {code}=….")
    if not parameter.expression:
        raise Unsupported(
            f"The parameter {code} of {type} is not supported.",
            "R4 defines it in words only, without an expression.",
        )
    return parameter


def _no(type: str, code: str) -> Incorrect:
    hint = suggestion(code, (*parameters(type), *RESULT_PARAMETERS, *CRITERIA))
    return Incorrect(f"{type} has no search parameter {shown(code, 'of that name')}.", hint)


def _list(text: str) -> Has:
    """Resources that a List refers to, as if `_has:List:item:_id` were asked."""
    if text.startswith("$"):
        raise Unsupported(
            "Lists that a server makes by itself are not supported.", "Give the id of a List."
        )
    if not text:
        raise Incorrect("The value of _list is empty.", "Give the id of a List.")
    own = parameters("List")
    values = tuple(
        Value(part, code=unescaped(part).removeprefix("List/")) for part in split(text, ",")
    )
    return Has("List", own["item"], Condition(own["_id"], "", values))


def check_modifier(parameter: Parameter, modifier: str) -> None:
    """Refuse a modifier that the kind of a parameter does not have."""
    known = _MODIFIERS.get(parameter.kind, ())
    if not modifier or modifier in known:
        return
    if modifier == "missing":
        if parameter.kind == "composite":
            raise Incorrect(
                f"{parameter.code} has no modifier :missing.", "Ask for its parts one by one."
            )
        return
    if parameter.kind == "reference" and modifier in definitions.resource_types():
        check_target(parameter, modifier)
        return
    types = parameter.targets if parameter.kind == "reference" else ()
    missing = () if parameter.kind == "composite" else ("missing",)
    listed = ", ".join(f":{name}" for name in (*known, *missing)) or "none"
    raise Incorrect(
        f"{parameter.code} has no modifier {shown(':' + modifier, 'of that name')}.",
        suggestion(modifier, (*known, *missing, *types), ":") or f"It has {listed}.",
    )


def _condition(type: str, name: str, text: str, terms: Terms) -> Condition:
    code, colon, modifier = name.partition(":")
    parameter = known_parameter(type, code)
    if colon and not modifier:
        raise Incorrect(f"{code} has an empty modifier.", "Leave the colon out.")
    check_modifier(parameter, modifier)
    if modifier == "missing":
        if text not in ("true", "false"):
            raise bad(parameter, "neither true nor false", "Write :missing=true or :missing=false.")
        return Condition(parameter, modifier, (), missing=text == "true")
    if modifier in ("in", "not-in"):
        return Condition(parameter, modifier, members_of(parameter, text, terms))
    parts = split(text, ",")
    if len(parts) > MOST_VALUES:
        raise Incorrect(
            f"{code} has more than {MOST_VALUES} alternatives.", "Ask in several searches."
        )
    if modifier in ("above", "below") and parameter.kind != "uri":
        return related(parameter, parts, modifier, terms)
    return Condition(
        parameter, modifier, tuple(read_value(parameter, part, modifier) for part in parts)
    )


def related(parameter: Parameter, parts: Iterable[str], modifier: str, terms: Terms) -> Condition:
    """`:above` and `:below` of a token or a reference."""
    if parameter.kind == "token":
        codes = [v for part in parts for v in related_codes(parameter, part, modifier, terms)]
        if len(codes) > MOST_CODES:
            raise Incorrect(
                f"{parameter.code} would mean more than {MOST_CODES} codes.",
                "Ask for a narrower code.",
            )
        return Condition(parameter, modifier, tuple(dict.fromkeys(codes)))
    values = tuple(read_value(parameter, part) for part in parts)
    found: dict[Parameter, None] = {}
    for value in values:
        if is_address(value.code or ""):
            continue
        types = (value.system,) if value.system else parameter.targets
        walked = [hierarchy(one) for one in types or sorted(definitions.resource_types())]
        own = [one for one in walked if one is not None]
        if not own:
            raise Incorrect(
                f"{parameter.code} refers to nothing that can be part of another.",
                f":{modifier} is for Location, Organization, Encounter and their like.",
            )
        found.update(dict.fromkeys(own))
    return Condition(parameter, modifier, values, hierarchies=tuple(found))
