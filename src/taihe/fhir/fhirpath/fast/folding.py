"""Parts of an expression that have the same value whatever the data."""

from __future__ import annotations

from taihe.fhir.fhirpath.compiler import CONSTANTS, compile_node
from taihe.fhir.fhirpath.elements import Element, Item
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.fhirpath.errors import FhirPathError
from taihe.fhir.fhirpath.tree import Binary, Call, Empty, Literal, Node, Unary, Variable

_PURE = frozenset(
    ("abs", "ceiling", "floor", "truncate", "round", "sqrt", "ln", "exp", "log", "power", "upper",
     "lower", "length", "substring", "toInteger", "toDecimal", "toString", "toQuantity", "toDate",
     "toDateTime", "toTime", "not", "first", "count", "union")
)  # fmt: skip


class _Fold:
    """The value of a node, if it has one."""

    def __init__(self, node: Node) -> None:
        self.node = node  # keeps the id in use
        self.values: tuple[Item, ...] | None = None
        if _may_fold(node):
            env = Environment(None, {})
            try:
                found = compile_node(node)(env, [])
            except FhirPathError:
                return
            if len(found) <= 1000 and not any(isinstance(item, Element) for item in found):
                self.values = tuple(found)


def _may_fold(node: Node) -> bool:
    if isinstance(node, Literal | Empty):
        return True
    if isinstance(node, Variable):
        return node.name in CONSTANTS or node.name.startswith(("vs-", "ext-"))
    if isinstance(node, Unary):
        return _may_fold(node.operand)
    if isinstance(node, Binary):
        return _may_fold(node.left) and _may_fold(node.right)
    if isinstance(node, Call) and node.name in _PURE and node.source is not None:
        return _may_fold(node.source) and all(map(_may_fold, node.arguments))
    return False


_FOLDS: dict[int, _Fold] = {}


def _fold(node: Node) -> _Fold:
    found = _FOLDS.get(id(node))
    if found is None or found.node is not node:
        if len(_FOLDS) > 4096:
            _FOLDS.clear()
        found = _FOLDS[id(node)] = _Fold(node)
    return found


def is_constant(node: Node) -> bool:
    """Whether a node has the same values whatever the data."""
    return _fold(node).values is not None


def folded(node: Node) -> tuple[Item, ...]:
    """The values of a constant node."""
    values = _fold(node).values
    assert values is not None
    return values
