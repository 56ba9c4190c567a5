"""The tree of a FHIRPath expression: frozen nodes, each with its position in the text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from decimal import Decimal

LiteralValue = bool | int | Decimal | str


@dataclass(frozen=True, slots=True)
class Node:
    """Any node; `position` counts characters from 0."""

    position: int


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """
    A literal: `kind` is Boolean, String, Integer, Long, Decimal, Date, DateTime, Time or Quantity.

    Dates and times keep their text without `@`; a Quantity has its `unit`, in UCUM or as a
    calendar word, and `calendar` says which.
    """

    kind: str
    value: LiteralValue
    unit: str = ""
    calendar: bool = False


@dataclass(frozen=True, slots=True)
class Empty(Node):
    """`{}`."""


@dataclass(frozen=True, slots=True)
class Variable(Node):
    """`%name`."""

    name: str


@dataclass(frozen=True, slots=True)
class Special(Node):
    """`$this`, `$index` or `$total`."""

    name: str


@dataclass(frozen=True, slots=True)
class Member(Node):
    """`source.name`, or `name` when source is None."""

    source: Node | None
    name: str


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`source.name(arguments)`, or without a source."""

    source: Node | None
    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Index(Node):
    """`source[index]`."""

    source: Node
    index: Node


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """`+x` or `-x`; among the arguments of `sort()` also `x asc` or `x desc`."""

    operator: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """`left operator right`."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class TypeTest(Node):
    """`operand is type` or `operand as type`; the type keeps its namespace if written."""

    operator: str
    operand: Node
    type: str


@dataclass(frozen=True, slots=True)
class Instance(Node):
    """`Type { name: value, ... }`: an object that is made; `names` go with `values`."""

    type: str
    names: tuple[str, ...]
    values: tuple[Node, ...]


def nodes_of(tree: Node) -> Iterator[Node]:
    """Every node of a tree, each before its own."""
    yield tree
    for part in fields(tree):
        value = getattr(tree, part.name)
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, Node):
                yield from nodes_of(one)


def variables_of(tree: Node) -> frozenset[str]:
    """The names of the `%` variables that a tree reads."""
    return frozenset(node.name for node in nodes_of(tree) if isinstance(node, Variable))
