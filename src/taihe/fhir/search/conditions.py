"""Reading the conditions of a search: parameters, modifiers, chains, `_has`."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from taihe.fhir import definitions
from taihe.fhir.search.parameters import Parameter, parameters
from taihe.fhir.search.query import Chain, Condition, Criterion, Has
from taihe.fhir.search.values import bad, members, modified, split
from taihe.kernel.errors import Incorrect, TaiheError, Unsupported

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


def suggestion(word: str, known: Iterable[str], before: str = "") -> str:
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"Did you mean {before}{close[0]}?" if close else ""


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
        check_target(parameter, modifier)
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
        suggestion(modifier, known, ":") or f"It has {listed}.",
    )


def check_target(parameter: Parameter, type: str) -> None:
    if parameter.targets and type not in parameter.targets:
        raise Incorrect(
            f"{parameter.code} never refers to a {type}.",
            "It refers to " + ", ".join(parameter.targets[:12]) + ".",
        )


def known_parameter(type: str, code: str) -> Parameter:
    """The parameter of a type by its code, or the error that says what is wrong with it."""
    if code in _NEVER:
        raise Unsupported(f"The parameter {code} is not supported.", _NEVER[code])
    known = parameters(type)
    parameter = known.get(code)
    if parameter is None:
        hint = suggestion(code, (*known, *RESULT_PARAMETERS, "_has"))
        raise Incorrect(f"{type} has no search parameter {code}.", hint)
    if not parameter.expression:
        raise Unsupported(
            f"The parameter {code} of {type} is not supported.",
            "R4 defines it in words only, without an expression.",
        )
    return parameter


def criterion(type: str, name: str, text: str, links: int = 0) -> Criterion:
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
    parameter = known_parameter(type, code)
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
                suggestion(target, parameter.targets or definitions.resource_types()),
            )
        check_target(parameter, target)
        return Chain(parameter, ((target, criterion(target, rest, text, links + 1)),))
    found: list[tuple[str, Criterion]] = []
    problem: TaiheError | None = None
    if links:
        # Each link without a type multiplies the ways.
        _require_few(parameter, 1 if links > 1 and "." in rest else 8)
    for one in parameter.targets or sorted(definitions.resource_types()):
        try:
            found.append((one, criterion(one, rest, text, links + 1)))
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
            suggestion(source, definitions.resource_types()),
        )
    parameter = parameters(source).get(code)
    if parameter is None or parameter.kind != "reference" or not parameter.expression:
        references = [p.code for p in parameters(source).values() if p.kind == "reference"]
        raise Incorrect(
            f"{code or 'Nothing'} is no reference parameter of {source}.",
            suggestion(code, references) or "It has " + ", ".join(references[:12]) + ".",
        )
    check_target(parameter, type)
    return Has(source, parameter, criterion(source, rest, text, links + 1))


def _condition(type: str, name: str, text: str) -> Condition:
    code, _, modifier = name.partition(":")
    parameter = known_parameter(type, code)
    _check_modifier(parameter, modifier)
    if modifier == "missing":
        if text not in ("true", "false"):
            raise bad(parameter, "neither true nor false", "Write :missing=true or :missing=false.")
        return Condition(parameter, modifier, (), missing=text == "true")
    if modifier in ("in", "not-in"):
        return Condition(parameter, modifier, members(parameter, text))
    parts = split(text, ",")
    if len(parts) > MOST_VALUES:
        raise Incorrect(
            f"{code} has more than {MOST_VALUES} alternatives.", "Ask in several searches."
        )
    return Condition(
        parameter, modifier, tuple(modified(parameter, part, modifier) for part in parts)
    )
