"""The pen: lines of Python, names, constants, and going back when a form does not work out."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import reduce
from typing import Any, NamedTuple

from taihe.fhir.fhirpath import operators
from taihe.fhir.fhirpath.compiler import compile_node
from taihe.fhir.fhirpath.elements import Element, of_resource
from taihe.fhir.fhirpath.fast import below, runtime
from taihe.fhir.fhirpath.fast.shapes import DATES, Shape, merged, system_type
from taihe.fhir.fhirpath.quantities import EXACT
from taihe.fhir.fhirpath.tree import Call, Index, Node, Special, nodes_of

Emit = Callable[[Shape], None]
MOST_STEPS = 6000
MOST_LINES = 3000


class NotFast(Exception):
    """This node has no form of its own; raised before anything is written for it."""


class TooMuch(Exception):
    """The function would become too long."""


class Mixed(Exception):
    """The items of a collection have no shape in common, or there may be several."""


class Several(Exception):
    """There may be several items where one was hoped for."""


class Mark(NamedTuple):
    """A state of the pen."""

    lines: int
    indent: int
    loops: int
    names: int
    journal: int
    closures: int
    place: str
    total: str
    total_value: Shape | None


class Pen:
    """Writes the lines of one function."""

    def __init__(self, root: Shape, focus: Shape, *, owners: bool) -> None:
        self.root = root
        self.focus = focus
        self.owners = owners
        self.lines: list[str] = []
        self.indent = 1
        self.count = 0
        self.loops = 0
        self.steps = 0
        self.index = "0"
        self.total = "[]"
        self.total_value: Shape | None = None
        self.uses_env = False
        self.uses_meter = False
        self.uses_clock = False
        self.uses_work = False
        self.closures = 0
        self._journal: list[list[Shape]] = []
        self.space: dict[str, Any] = {
            **{n: v for n, v in vars(runtime).items() if not n.startswith("_")},
            "Decimal": Decimal,
            "reduce": reduce,
            "numbers": frozenset((int, float, Decimal)),
            "Element": Element,
            "of_resource": of_resource,
            "add": EXACT.add,
            "subtract": EXACT.subtract,
            "multiply": EXACT.multiply,
            "divided": operators.divided,
            "compare": operators.compare,
            "arithmetic": operators.arithmetic,
            "equal": operators.equal,
            "equal_items": operators.equal_items,
            "equivalent": operators.equivalent,
            "member_of": operators.member_of,
            "descend": below.descend,
        }

    # Lines and names

    def line(self, text: str) -> None:
        """Add a line at the present depth."""
        self.lines.append("    " * self.indent + text)

    def name(self) -> str:
        """A new variable."""
        self.count += 1
        return f"v{self.count}"

    def enter(self, header: str) -> None:
        """Begin a block."""
        self.line(header)
        self.indent += 1

    def loop(self, variable: str, listed: str) -> None:
        """Begin a loop over a list."""
        self.enter(f"for {variable} in {listed}:")
        self.loops += 1

    def constant(self, value: Any, prefix: str = "k") -> str:
        """A name for a value that is there before the function runs."""
        if type(value) in (str, int, bool):
            return repr(value)
        name = f"{prefix}{len(self.space)}"
        self.space[name] = value
        return name

    def value(self, value: Any) -> Shape:
        """The shape of a constant."""
        return Shape(self.constant(value), system_type(value), sure=True)

    def step(self) -> None:
        """Count work, so that a hostile expression does not make a huge function."""
        self.steps += 1
        if self.steps > MOST_STEPS or len(self.lines) > MOST_LINES:
            raise TooMuch

    def work(self, amount: str) -> None:
        """Count work while the function runs; too much is left to the closures to refuse."""
        self.uses_work = True
        self.line(f"left -= {amount}")
        self.line("if left < 0: raise Slow")

    # Going back

    def mark(self) -> Mark:
        """Where the pen is."""
        return Mark(
            len(self.lines), self.indent, self.loops, self.count, len(self._journal),
            self.closures, self.index, self.total, self.total_value,
        )  # fmt: skip

    def back(self, mark: Mark) -> None:
        """Take back everything since a mark."""
        del self.lines[mark.lines :]
        self.indent, self.loops, self.count = mark.indent, mark.loops, mark.names
        self.closures, self.index, self.total = mark.closures, mark.place, mark.total
        self.total_value = mark.total_value
        while len(self._journal) > mark.journal:
            self._journal.pop().pop()

    def note(self, shapes: list[Shape], shape: Shape) -> None:
        """Remember a shape in a list, so that `back` forgets it."""
        shapes.append(shape)
        self._journal.append(shapes)

    # Shapes as values

    def boxed(self, shape: Shape) -> str:
        """An expression for the item as the closures have it."""
        if shape.is_fhir:
            return (
                f"Element({shape.variable}, {shape.type!r}, {shape.place!r}, None, {shape.owner})"
            )
        return shape.variable

    def atom(self, shape: Shape) -> str:
        """An expression for the System value of an item; a structure stays an item."""
        if not shape.is_fhir or shape.kind in ("text", "boolean", "whole"):
            return shape.variable
        if shape.kind == "number":
            return f"exact({shape.variable})"
        if shape.kind == "date":
            return f"temporal({shape.variable}, {DATES[shape.type]!r})"
        return self.boxed(shape)

    def fits(self, shape: Shape) -> str:
        """The condition under which JSON has the form of its type."""
        kind, value = shape.kind, shape.variable
        if kind == "boolean":
            return f"{value} is True or {value} is False"
        if kind == "number":
            return f"type({value}) in numbers"
        found = {"whole": "int", "complex": "dict"}.get(kind, "str")
        return f"type({value}) is {found}"

    def check(self, shape: Shape) -> None:
        """A line that leaves data of another form to the closures."""
        if shape.kind in ("boolean", "number"):
            self.line(f"if not ({self.fits(shape)}): raise Slow")
        else:
            self.line(f"if {self.fits(shape).replace(' is ', ' is not ')}: raise Slow")

    def at_once(self, run: Node) -> str:
        """A name for the closure of a node."""
        self.closures += 1
        self.uses_env = True
        return self.constant(compile_node(run))

    def merge(self, shapes: list[Shape]) -> Shape | None:
        """The one shape of a collection, None when there is nothing; raises Mixed."""
        if not shapes:
            return None
        shape = shapes[0]
        if shape.owner not in ("None", self.focus.owner):
            raise Mixed  # each item has an owner of its own
        for other in shapes[1:]:
            found = merged(shape, other)
            if found is None:
                raise Mixed
            shape = found
        return shape

    # What the other chapters write; each knows the others by these names only.

    def each(self, node: Node, focus: Shape, emit: Emit) -> None:
        """Write the items of a node; `emit` writes what is done with each."""
        raise NotImplementedError

    def one(self, node: Node, focus: Shape, *, alone: bool = False) -> Shape | None:
        """
        A variable with the only item, None where there is none; None when there never is one.

        Several are left to the closures; with `alone`, raises Several where there may be some.
        """
        raise NotImplementedError

    def many(self, node: Node, focus: Shape) -> tuple[str, Shape | None]:
        """A list variable with the items, and their shape."""
        raise NotImplementedError

    def boxes(self, node: Node, focus: Shape) -> str:
        """A list variable with the items as the closures have them."""
        raise NotImplementedError

    def position(self, node: Index, focus: Shape, emit: Emit) -> None:
        """`source[index]`."""
        raise NotImplementedError

    def union(self, left: Node, right: Node, focus: Shape, emit: Emit) -> None:
        """Two collections without repetition."""
        raise NotImplementedError

    def function(self, node: Call, focus: Shape) -> Shape | None:
        """A function of one item and values."""
        raise NotImplementedError

    def truth(self, node: Node, focus: Shape) -> str:
        """A variable that holds True, False or None."""
        raise NotImplementedError

    def scalar(self, node: Node, focus: Shape) -> Shape | None:
        """The value of an operator or function that gives one at most; raises NotFast."""
        raise NotImplementedError


def uses(node: Node, special: str) -> bool:
    """Whether a tree reads `$index` or `$total`."""
    return any(isinstance(n, Special) and n.name == special for n in nodes_of(node))


def calls(node: Node, names: frozenset[str]) -> bool:
    """Whether a tree calls a function."""
    return any(isinstance(n, Call) and n.name in names for n in nodes_of(node))
