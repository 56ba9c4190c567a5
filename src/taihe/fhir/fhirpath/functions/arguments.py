"""The arguments of functions: one item where one is wanted, and the table of functions."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from taihe.fhir.fhirpath.elements import Element, Item, atom, in_words
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.fhirpath.errors import ExecutionProblem
from taihe.fhir.fhirpath.values import Temporal

Items = list[Item]
Function = Callable[[Environment, Items, list[Items]], Items]
LONGEST_TEXT = 10_000_000

FUNCTIONS: dict[str, tuple[int, int, Function]] = {}


def function(name: str, least: int = 0, most: int | None = None) -> Callable[[Function], Function]:
    """Enter a function under its FHIRPath name, with how many arguments it takes."""

    def enter(made: Function) -> Function:
        FUNCTIONS[name] = (least, least if most is None else most, made)
        return made

    return enter


def single(items: Items, what: str) -> Item | None:
    """The only item, None when there is none; more than one is an error."""
    if len(items) > 1:
        raise ExecutionProblem(
            f"{what} takes one item, and there are {len(items)}.",
            "Use first(), or where() or select() before it.",
        )
    return items[0] if items else None


def text_of(items: Items, what: str) -> str | None:
    """The only item as text; anything else than text is an error."""
    item = single(items, what)
    if item is None:
        return None
    value = atom(item)
    if isinstance(value, str):
        return value
    if isinstance(value, Temporal) and isinstance(item, Element):
        return str(item.value)
    if isinstance(value, Element) and value.value is None:
        return None
    hint = (
        "Name the element that holds the text." if isinstance(value, Element) else "Use toString()."
    )
    raise ExecutionProblem(f"{what} takes text, not {in_words(item)}.", hint)


def whole_of(items: Items, what: str) -> int | None:
    """The only item as a whole number."""
    item = single(items, what)
    if item is None:
        return None
    value = atom(item)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ExecutionProblem(
        f"{what} takes a whole number, not {in_words(item)}.", "Use toInteger()."
    )


def number_of(items: Items, what: str) -> int | Decimal | None:
    """The only item as a number."""
    item = single(items, what)
    if item is None:
        return None
    value = atom(item)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return value
    raise ExecutionProblem(f"{what} takes a number, not {in_words(item)}.", "Use toDecimal().")


def truth(items: Items, what: str) -> bool | None:
    """A collection where a boolean is wanted: one item that is no boolean counts as true."""
    item = single(items, what)
    if item is None:
        return None
    value = atom(item)
    if isinstance(value, bool):
        return value
    if isinstance(value, Element) and value.value is None:
        return None
    return True


def answer(value: object) -> Items:
    """One value as a collection, None as the empty one."""
    return [] if value is None else [value]
