"""What an evaluation carries with it: the resource, variables, and limits on its work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from taihe.fhir.fhirpath.elements import Element, Item, of_resource
from taihe.fhir.fhirpath.errors import ExecutionProblem

Resolver = Callable[[str], dict[str, Any] | None]
MOST_ITEMS = 1_000_000
MOST_STEPS = 2_000_000
MOST_CHARACTERS = 50_000_000


class Terms(Protocol):
    """What `memberOf()` and `subsumes()` ask (`taihe.fhir.search.Terms` is one)."""

    def members(self, value_set: str, /) -> Mapping[str, frozenset[str]] | None:
        """The codes of a value set by system; None when they are not known."""

    def below(self, system: str, code: str, /) -> frozenset[str] | None:
        """A code and all that it subsumes; None when its system is not known."""


class Environment:
    """
    The state of one evaluation.

    `variables` are the `%` names, `this`, `index` and `total` what `$this` and so on mean at
    the moment. `spend` counts items, `work` steps and `write` characters; each refuses an
    expression that makes too many.
    """

    __slots__ = (
        "_characters", "_left", "_steps", "index", "now", "resolver", "resource", "root", "terms",
        "this", "total", "traces", "variables",
    )  # fmt: skip

    def __init__(
        self,
        resource: Element | None,
        variables: dict[str, list[Item]],
        now: datetime | None = None,
        resolver: Resolver | None = None,
        terms: Terms | None = None,
    ) -> None:
        self.resource = resource
        self.root = resource
        self.variables = variables
        self.this: list[Item] = [] if resource is None else [resource]
        self.index: int | None = 0
        self.total: list[Item] = []
        self.now = now
        self.resolver = resolver
        self.terms = terms
        self.traces: list[tuple[str, list[Item]]] = []
        self._left = MOST_ITEMS
        self._steps = MOST_STEPS
        self._characters = MOST_CHARACTERS

    def spend(self, items: int) -> None:
        """Count items made; raises when the expression makes more than a million."""
        self._left -= items
        if self._left < 0:
            raise ExecutionProblem(
                "The expression makes too many items.", "Narrow it, or look for an endless repeat."
            )

    def work(self, steps: int) -> None:
        """Count steps; raises when the expression takes more than two million."""
        self._steps -= steps
        if self._steps < 0:
            raise ExecutionProblem(
                "The expression takes too many steps.", "Narrow it with where() before it repeats."
            )

    def weigh(self, items: list[Item]) -> None:
        """Count the structures that are about to be compared, by what they hold."""
        for item in items:
            if type(item) is Element and type(item.value) is dict:
                self.work(_size(item.value))

    def write(self, characters: int) -> None:
        """Count characters read or made; raises when they are more than 50 million."""
        self._characters -= characters
        if self._characters < 0:
            raise ExecutionProblem("The expression works on too much text.", "Narrow it.")

    def clock(self) -> datetime:
        """The moment of the evaluation: the same one however often it is asked for."""
        if self.now is None:
            self.now = datetime.now(UTC)
        return self.now

    def resolve(self, item: Item) -> Item | None:
        """The resource that a Reference or uri points to, if it is at hand."""
        text = item
        if isinstance(item, Element):
            text = item.value.get("reference") if isinstance(item.value, dict) else item.value
        if not isinstance(text, str) or not text:
            return None
        root = item if isinstance(item, Element) else self.root
        tops: list[Element] = []
        while isinstance(root, Element):
            if isinstance(root.value, dict) and "resourceType" in root.value:
                tops.append(root)
            root = root.parent
        if not tops and self.root is not None:
            tops.append(self.root)
        if text.startswith("#"):
            return _contained(text, tops)
        for top in tops:
            if top.type == "Bundle":
                found = _entry(text, top)
                if found is not None:
                    return found
        if self.resolver is not None:
            given = self.resolver(text)
            return of_resource(given) if isinstance(given, dict) else None
        return None


def _size(value: dict[str, Any]) -> int:
    """How many values a structure holds; counts no further than an evaluation may go."""
    size = 0
    stack: list[Any] = [value]
    while stack and size <= MOST_STEPS:
        one = stack.pop()
        size += len(one)
        inner = one.values() if type(one) is dict else one
        stack.extend(v for v in inner if type(v) is dict or type(v) is list)
    return size


def _dicts(holder: Any, key: str) -> list[dict[str, Any]]:
    """The objects of a list in JSON that may have any form."""
    values = holder.get(key)
    return [v for v in values if isinstance(v, dict)] if isinstance(values, list) else []


def _contained(text: str, tops: list[Element]) -> Element | None:
    for top in tops:
        if text == "#":
            return tops[-1]
        for contained in _dicts(top.value, "contained"):
            if contained.get("id") == text[1:]:
                return of_resource(contained, top)
    return None


def _entry(text: str, bundle: Element) -> Element | None:
    """The resource of a Bundle that a reference names, by its address or type and id."""
    plain = text.partition("/_history/")[0]
    for entry in _dicts(bundle.value, "entry"):
        resource = entry.get("resource")
        if isinstance(resource, dict):
            name = f"{resource.get('resourceType')}/{resource.get('id')}"
            if plain in (entry.get("fullUrl"), name):
                return of_resource(resource, bundle)
    return None


def given_variables(variables: Mapping[str, Any] | None) -> dict[str, list[Item]]:
    """Values from outside as collections: a list as it is, None as the empty one."""
    found: dict[str, list[Item]] = {}
    for name, value in (variables or {}).items():
        many = isinstance(value, Sequence) and not isinstance(value, str | bytes)
        values = list(value) if many else [] if value is None else [value]
        found[name] = [
            of_resource(one) if isinstance(one, dict) and "resourceType" in one else one
            for one in values
        ]
    return found
