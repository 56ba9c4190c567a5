"""Reading what a search asks of its result: order, parts, includes."""

from __future__ import annotations

from taihe.fhir import definitions
from taihe.fhir.search.conditions import check_target, no_reference, shown, suggestion
from taihe.fhir.search.parameters import parameters
from taihe.fhir.search.query import Include, Sort
from taihe.kernel.errors import Incorrect, Unsupported


def sort_of(type: str, text: str) -> tuple[Sort, ...]:
    """The keys of `_sort`, in their order."""
    keys: list[Sort] = []
    for key in text.split(","):
        code = key.strip().removeprefix("-")
        if "." in code or ":" in code:
            raise Unsupported(
                "Results are not sorted by a chain or a modifier.",
                "Sort by a parameter of the type itself.",
            )
        if code == "_score":
            raise Unsupported("Matches have no score.", "Sort by a parameter.")
        parameter = parameters(type).get(code)
        if parameter is None:
            hint = suggestion(code, parameters(type))
            raise Incorrect(f"{type} cannot be sorted by {shown(code, 'this')}.", hint)
        if parameter.kind in ("composite", "special") or not parameter.expression:
            raise Incorrect(f"{code} has no order.", "Sort by one of its parts.")
        keys.append(Sort(parameter, key.strip().startswith("-")))
    return tuple(keys)


def elements_of(type: str, text: str) -> tuple[str, ...]:
    """The elements that `_elements` names."""
    known = {name.removesuffix("[x]"): name for name in definitions.children(type)}
    found = []
    for part in text.split(","):
        name = part.strip().removeprefix(f"{type}.")
        if name not in known:
            raise Incorrect(
                f"{type} has no element {shown(name, 'of that name')}.", suggestion(name, known)
            )
        found.append(name)
    return tuple(found)


def include(type: str, name: str, text: str) -> Include:
    """
    An `_include` or `_revinclude`.

    What could never add anything is refused: a type that is not searched without `:iterate`, a
    target that the reference never leads to.
    """
    base, colon, modifier = name.partition(":")
    reverse = base == "_revinclude"
    if modifier not in ("iterate", "recurse") and colon:
        raise Incorrect(
            f"{base} has no modifier {shown(':' + modifier, 'of that name')}.", "Use :iterate."
        )
    iterate = bool(modifier)
    if text == "*":
        return Include("" if reverse else type, "*", "", reverse, iterate)
    source, code, target = (*text.split(":"), "", "")[:3]
    if text.count(":") > 2:
        raise Incorrect(f"{base} has too many parts.", "Write Type:parameter:TargetType.")
    if source not in definitions.resource_types():
        hint = suggestion(source, definitions.resource_types())
        raise Incorrect(f"{base} begins with no resource type.", hint or "Write Type:parameter.")
    if not code:
        raise Incorrect(f"{base} names no parameter.", f"Write {source}:parameter or {source}:*.")
    if target and target not in definitions.resource_types():
        raise Incorrect(
            f"{base} ends with no resource type.", suggestion(target, definitions.resource_types())
        )
    if not reverse and source != type and not iterate:
        raise Incorrect(
            f"This search finds {type}, so nothing of {source} leads on.",
            f"Write {base}:iterate={source}:… when another include adds {source}.",
        )
    if code != "*":
        parameter = parameters(source).get(code)
        if parameter is None or parameter.kind != "reference" or not parameter.expression:
            raise no_reference(source, code)
        if target:
            check_target(parameter, target)
        if reverse and not iterate:
            check_target(parameter, type)
    return Include(source, code, target, reverse, iterate)


def choice(name: str, text: str, allowed: tuple[str, ...]) -> str:
    """A result parameter with a fixed set of values."""
    if text not in allowed:
        hint = suggestion(text, allowed)
        raise Incorrect(f"{name} has no such value.", hint or "Use " + ", ".join(allowed) + ".")
    return text
