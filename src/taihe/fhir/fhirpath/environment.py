"""What an evaluation carries with it: the resource, variables, and limits on its work."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from taihe.fhir.fhirpath.elements import Element, Item, of_resource
from taihe.fhir.fhirpath.errors import ExecutionProblem

Resolver = Callable[[str], dict[str, Any] | None]
MOST_ITEMS = 1_000_000


class Environment:
    """
    The state of one evaluation.

    `variables` are the `%` names, `this`, `index` and `total` what `$this` and so on mean at
    the moment. `spend` counts items and refuses an expression that makes too many.
    """

    __slots__ = (
        "_left", "index", "now", "resolver", "resource", "root", "this", "total", "traces",
        "variables",
    )  # fmt: skip

    def __init__(
        self,
        resource: Element | None,
        variables: dict[str, list[Item]],
        now: datetime | None = None,
        resolver: Resolver | None = None,
    ) -> None:
        self.resource = resource
        self.root = resource
        self.variables = variables
        self.this: list[Item] = [] if resource is None else [resource]
        self.index: int | None = None
        self.total: list[Item] = []
        self.now = now
        self.resolver = resolver
        self.traces: list[tuple[str, list[Item]]] = []
        self._left = MOST_ITEMS

    def spend(self, items: int) -> None:
        """Count work; raises when the expression makes more than a million items."""
        self._left -= items
        if self._left < 0:
            raise ExecutionProblem(
                "The expression makes too many items.", "Narrow it, or look for an endless repeat."
            )

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
            for top in tops:
                if text == "#":
                    return tops[-1]
                for contained in top.value.get("contained") or ():
                    if contained.get("id") == text[1:]:
                        return of_resource(contained, top)
            return None
        for top in tops:
            for entry in (top.value.get("entry") or ()) if top.type == "Bundle" else ():
                resource = entry.get("resource") or {}
                name = f"{resource.get('resourceType')}/{resource.get('id')}"
                if text in (entry.get("fullUrl"), name):
                    return of_resource(resource, top)
        if self.resolver is not None:
            found = self.resolver(text)
            return None if found is None else of_resource(found)
        return None
