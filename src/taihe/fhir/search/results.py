"""Reading what a search asks of its result: order, parts, includes."""

from __future__ import annotations

from taihe.fhir import definitions
from taihe.fhir.search.conditions import suggestion
from taihe.fhir.search.parameters import parameters
from taihe.fhir.search.query import Include, Sort
from taihe.kernel.errors import Incorrect, Unsupported


def sort_of(type: str, text: str) -> tuple[Sort, ...]:
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
            hint = suggestion(code, parameters(type))
            raise Incorrect(f"{type} cannot be sorted by {code or 'nothing'}.", hint)
        if parameter.kind in ("composite", "special") or not parameter.expression:
            raise Incorrect(f"{code} has no order.", "Sort by one of its parts.")
        keys.append(Sort(parameter, key.startswith("-")))
    return tuple(keys)


def elements_of(type: str, text: str) -> tuple[str, ...]:
    known = {name.removesuffix("[x]"): name for name in definitions.children(type)}
    found = []
    for part in text.split(","):
        name = part.strip().removeprefix(f"{type}.")
        if name not in known:
            raise Incorrect(
                f"{type} has no element {name or 'without a name'}.", suggestion(name, known)
            )
        found.append(name)
    return tuple(found)


def include(type: str, name: str, text: str) -> Include:
    base, _, modifier = name.partition(":")
    reverse = base == "_revinclude"
    if modifier not in ("", "iterate", "recurse"):
        raise Incorrect(f"{base} has no modifier :{modifier}.", "Use :iterate.")
    iterate = bool(modifier)
    if text == "*":
        return Include("" if reverse else type, "*", "", reverse, iterate)
    source, code, target = (*text.split(":"), "", "")[:3]
    if source not in definitions.resource_types():
        hint = suggestion(source, definitions.resource_types())
        raise Incorrect(f"{base} begins with no resource type.", hint or "Write Type:parameter.")
    if code != "*":
        parameter = parameters(source).get(code)
        if parameter is None or parameter.kind != "reference":
            references = [p.code for p in parameters(source).values() if p.kind == "reference"]
            raise Incorrect(
                f"{code or 'Nothing'} is no reference parameter of {source}.",
                suggestion(code, references),
            )
    if target and target not in definitions.resource_types():
        raise Incorrect(
            f"{base} ends with no resource type.", suggestion(target, definitions.resource_types())
        )
    return Include(source, code, target, reverse, iterate)


def choice(name: str, text: str, allowed: tuple[str, ...]) -> str:
    if text not in allowed:
        raise Incorrect(f"{name} cannot be {text!r}.", "Use " + ", ".join(allowed) + ".")
    return text
