"""What compiles which node and which call, and the shape of what is compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from taihe.fhir.fhirpath.elements import Item
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.fhirpath.errors import FhirPathError
from taihe.fhir.fhirpath.tree import Call, Node

Items = list[Item]
Run = Callable[[Environment, Items], Items]
Maker = Callable[[Any], Run]
CallMaker = Callable[[Call, Run], Run]

NODES: dict[type[Node], Maker] = {}
CALLS: dict[str, tuple[int, int, CallMaker]] = {}


def compile_node(node: Node) -> Run:
    """The closure of a node."""
    return NODES[type(node)](node)


def positioned(position: int) -> Callable[[Run], Run]:
    """Give the position to an error that has none yet."""

    def around(run: Run) -> Run:
        def checked(env: Environment, focus: Items) -> Items:
            try:
                return run(env, focus)
            except FhirPathError as error:
                error.position = position if error.position is None else error.position
                raise

        return checked

    return around


def node(kind: type[Node]) -> Callable[[Maker], Maker]:
    """Enter what compiles one kind of node."""

    def enter(made: Maker) -> Maker:
        NODES[kind] = made
        return made

    return enter


def call(name: str, least: int, most: int) -> Callable[[CallMaker], CallMaker]:
    """Enter a function that takes expressions, with how many it takes."""

    def enter(made: CallMaker) -> CallMaker:
        CALLS[name] = (least, most, made)
        return made

    return enter
