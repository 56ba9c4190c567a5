"""
The tree of an index: indicators with direction, weight and denominator, and what they add up to.

The file form is COINr's `imeta`: Level, iCode, iName, Direction, Weight, Target, Denominator,
Parent, Type (Indicator, Aggregate, Group, Denominator).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from taihe.kernel.errors import Incorrect
from taihe.kernel.knowledge import BadCell, Cells, parse_table


@dataclass(frozen=True)
class Node:
    """
    An indicator (level 1) or an aggregate; `direction` is -1 where less is better.

    `weight` is relative to its siblings; `denominator` and `target` belong to indicators.
    """

    code: str
    name: str
    level: int
    parent: str
    weight: float = 1.0
    direction: int = 1
    denominator: str = ""
    target: float | None = None


@dataclass(frozen=True)
class Tree:
    """
    The nodes of an index in the order of the file.

    `groups` are columns that sort units into groups, `denominators` columns to divide by.
    """

    nodes: tuple[Node, ...]
    groups: tuple[str, ...] = ()
    denominators: tuple[str, ...] = ()

    @property
    def indicators(self) -> tuple[Node, ...]:
        """The leaves."""
        return tuple(node for node in self.nodes if node.level == 1)

    @property
    def root(self) -> Node:
        """The index itself."""
        return max(self.nodes, key=lambda node: node.level)

    def children(self, code: str) -> tuple[Node, ...]:
        """What adds up to an aggregate."""
        return tuple(node for node in self.nodes if node.parent == code)

    def aggregates(self) -> tuple[Node, ...]:
        """Aggregates from the lowest level up."""
        found = [node for node in self.nodes if node.level > 1]
        return tuple(sorted(found, key=lambda node: node.level))

    def weighted(self, weights: Mapping[str, float]) -> Tree:
        """The same tree with other weights; a node that is not named keeps its own."""
        unknown = set(weights) - {node.code for node in self.nodes}
        if unknown:
            raise Incorrect(
                f"The weights name {', '.join(sorted(unknown)[:5])}, which the scheme has not.",
                "Use the codes of the scheme.",
            )
        changed = (replace(node, weight=weights.get(node.code, node.weight)) for node in self.nodes)
        return replace(self, nodes=tuple(changed))

    def effective_weights(self) -> dict[str, float]:
        """The part of each node in the index: products of the rescaled weights above it."""
        by_code = {node.code: node for node in self.nodes}
        sums: dict[str, float] = {}
        for node in self.nodes:
            sums[node.parent] = sums.get(node.parent, 0.0) + node.weight
        found: dict[str, float] = {}
        for node in sorted(self.nodes, key=lambda one: -one.level):
            above = found[by_code[node.parent].code] if node.parent else 1.0
            found[node.code] = above * node.weight / sums[node.parent]
        return found


def read_tree(text: str, *, name: str) -> Tree:
    """Read an `imeta` table; a broken tree is refused with what breaks it."""
    groups: list[str] = []
    denominators: list[str] = []

    def make(cells: Cells) -> Node | None:
        kind = cells.choice("Type", ("Indicator", "Aggregate", "Group", "Denominator"))
        code = cells.text("iCode")
        if kind == "Group":
            groups.append(code)
            return None
        if kind == "Denominator":
            denominators.append(code)
            return None
        direction = cells.whole("Direction")
        if direction not in (1, -1):
            raise BadCell("Direction", "Direction is neither 1 nor -1.", "Write 1 or -1.")
        weight = _number(cells, "Weight")
        if weight is None or weight < 0:
            raise BadCell("Weight", "Weight is missing or negative.", "Write 0 or more.")
        return Node(
            code=code,
            name=cells.optional("iName") or code,
            level=cells.whole("Level"),
            parent=cells.optional("Parent"),
            weight=weight,
            direction=direction,
            denominator=cells.optional("Denominator"),
            target=_number(cells, "Target"),
        )

    required = ("Level", "iCode", "Direction", "Weight", "Parent", "Type")
    rows = parse_table(text, make, required=required, name=name).checked()
    tree = Tree(tuple(row for row in rows if row), tuple(groups), tuple(denominators))
    _check(tree, name)
    return tree


def _number(cells: Cells, column: str) -> float | None:
    text = cells.optional(column)
    try:
        return float(text) if text else None
    except ValueError:
        raise BadCell(column, f"{column} is not a number.", "Write digits.") from None


def _check(tree: Tree, name: str) -> None:
    by_code = {node.code: node for node in tree.nodes}
    if len(by_code) < len(tree.nodes):
        raise Incorrect(f"{name}: a code occurs twice.", "Give each node a code of its own.")
    roots = [node for node in tree.nodes if not node.parent]
    if len(roots) != 1:
        raise Incorrect(
            f"{name}: {len(roots)} nodes have no parent.", "Only the index itself has none."
        )
    for node in tree.nodes:
        above = by_code.get(node.parent)
        if node.parent and (above is None or above.level != node.level + 1):
            raise Incorrect(
                f"{name}: {node.code} has the parent {node.parent}, which is not one level above.",
                "Correct Level or Parent.",
            )
        if node.denominator and node.denominator not in tree.denominators:
            raise Incorrect(
                f"{name}: {node.code} is divided by {node.denominator}, which is no denominator.",
                "Add a row of Type Denominator.",
            )
        if node.level > 1 and not tree.children(node.code):
            raise Incorrect(f"{name}: {node.code} has nothing below it.", "Add what adds up to it.")
