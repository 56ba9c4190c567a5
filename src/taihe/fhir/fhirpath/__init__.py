"""
FHIRPath (N1, with the R4 additions): parse once, compile once, evaluate often.

    from taihe.fhir import fhirpath
    fhirpath.compile("name.where(use = 'official').family").evaluate(patient)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from taihe.fhir import definitions
from taihe.fhir.fhirpath.checker import semantic_problem
from taihe.fhir.fhirpath.compiler import Items, Run, compile_node
from taihe.fhir.fhirpath.elements import Element, of_resource, plain
from taihe.fhir.fhirpath.environment import Environment, Resolver, Terms, given_variables
from taihe.fhir.fhirpath.errors import (
    ExecutionProblem,
    FhirPathError,
    SemanticProblem,
    SyntaxProblem,
)
from taihe.fhir.fhirpath.fast.runtime import LEFT, Fast, FastItems
from taihe.fhir.fhirpath.parser import parse
from taihe.fhir.fhirpath.tree import Node, variables_of

__all__ = [
    "Compiled",
    "Element",
    "ExecutionProblem",
    "FhirPathError",
    "SemanticProblem",
    "SyntaxProblem",
    "compile",
    "parse",
    "variables_of",
]


_USES_BEFORE_WRITING = 3


@dataclass(frozen=True)
class Compiled:
    """An expression that is ready to run on any number of resources."""

    expression: str
    tree: Node
    run: Run = field(repr=False)
    _checked: dict[tuple[str | None, bool], SemanticProblem | None] = field(
        default_factory=dict, repr=False, compare=False
    )
    _fast: dict[Any, Fast | None] = field(default_factory=dict, repr=False, compare=False)
    _items: dict[tuple[str, str], FastItems | None] = field(
        default_factory=dict, repr=False, compare=False
    )
    _uses: dict[Any, int] = field(default_factory=dict, repr=False, compare=False)

    def evaluate(
        self,
        resource: dict[str, Any] | None,
        *,
        variables: Mapping[str, Any] | None = None,
        now: datetime | None = None,
        resolver: Resolver | None = None,
        terms: Terms | None = None,
        strict: bool = False,
    ) -> list[Any]:
        """
        The resulting values as JSON has them; dates and quantities of FHIRPath as text.

        `variables` are the `%` names, each a value or a list of values. `now` is the time
        that `now()` and `today()` tell, the present when None. `resolver` fetches what
        `resolve()` does not find in the resource. `terms` knows the codes of value sets for
        `memberOf()` and the order of codes for `subsumes()`; without it the value sets that
        ship answer. Raises FhirPathError.
        """
        if variables is None and resolver is None and terms is None and resource is not None:
            try:
                fast = self._fast[resource["resourceType"]]
            except (KeyError, TypeError):
                fast = self._form(resource)
            if fast is not None:
                if strict:
                    self.check(resource["resourceType"], strict=True)
                try:
                    return fast(resource, now)
                except LEFT:
                    pass  # the closures answer, or say what is wrong
        items = self.items(
            resource, variables=variables, now=now, resolver=resolver, terms=terms, strict=strict
        )
        return [value for item in items if (value := plain(item)) is not None]

    def items(
        self,
        resource: dict[str, Any] | None,
        *,
        variables: Mapping[str, Any] | None = None,
        now: datetime | None = None,
        resolver: Resolver | None = None,
        terms: Terms | None = None,
        strict: bool = False,
    ) -> Items:
        """The resulting items with their types: elements and System values."""
        root = None if resource is None else of_resource(resource)
        self.check(None if root is None else root.type, strict=strict)
        env = Environment(root, given_variables(variables), now, resolver, terms)
        focus: Items = [] if root is None else [root]
        env.variables.setdefault("context", focus)
        return self.on(env, focus)

    def check(self, type: str | None, *, strict: bool = False) -> None:
        """
        Refuse what cannot be right for a resource of this type.

        Without `strict` only what is wrong whatever the data; with it also names that the
        type does not have. Raises SemanticProblem.
        """
        key = (type, strict)
        if key not in self._checked:
            self._checked[key] = semantic_problem(self.tree, type, strict)
        problem = self._checked[key]
        if problem is not None:
            raise SemanticProblem(problem.problem, problem.do, problem.position, self.expression)

    def _form(self, resource: dict[str, Any]) -> Fast | None:
        """The fast form for a resource's type; written when an expression is used again."""
        kind = resource.get("resourceType") if isinstance(resource, dict) else None
        if not isinstance(kind, str) or kind not in definitions.resource_types():
            return None
        self.check(kind)
        if not self._used(kind):
            return None
        from taihe.fhir.fhirpath.fast.forms import written  # read when it is needed

        form = written(self.tree, kind)
        self._fast[kind] = None if form is None else form.function
        return self._fast[kind]

    def _form_for_items(self, key: tuple[str, str]) -> FastItems | None:
        if not self._used(key):
            return None
        from taihe.fhir.fhirpath.fast.forms import written_for_items

        form = written_for_items(self.tree, *key)
        self._items[key] = None if form is None else form.function
        return self._items[key]

    def _used(self, key: Any) -> bool:
        """Whether a form is worth its writing, which takes as long as some runs of the closures."""
        self._uses[key] = self._uses.get(key, 0) + 1
        return self._uses[key] > _USES_BEFORE_WRITING

    def on(self, env: Environment, focus: Items) -> Items:
        """Run on a focus in an environment that is prepared already."""
        if len(focus) == 1:
            item = focus[0]
            if type(item) is Element:
                key = (item.type, item.place)
                fast = self._items[key] if key in self._items else self._form_for_items(key)
                if fast is not None:
                    traced = len(env.traces)
                    try:
                        return fast(env, item)
                    except LEFT:  # the closures answer, or say what is wrong
                        del env.traces[traced:]
        try:
            return self.run(env, focus)
        except RecursionError:
            raise ExecutionProblem(
                "The expression or resource is nested too deep.", "Split it."
            ) from None
        except FhirPathError as error:
            error.expression = error.expression or self.expression
            raise


@lru_cache(maxsize=4096)
def compile(expression: str) -> Compiled:
    """
    Compile an expression; the same text gives the same object.

    Raises SyntaxProblem or SemanticProblem, with the position in the text.
    """
    tree = parse(expression)
    try:
        return Compiled(expression, tree, compile_node(tree))
    except RecursionError:
        raise SyntaxProblem("The expression is nested too deep.", "Split it.", 0) from None
    except FhirPathError as error:
        error.expression = expression
        raise
