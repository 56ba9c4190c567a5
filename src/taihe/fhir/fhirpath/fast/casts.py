"""Types: `ofType`, `as` and `is`."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cache

from taihe.fhir import definitions, model
from taihe.fhir.fhirpath.fast.looks import Look
from taihe.fhir.fhirpath.fast.members import Members
from taihe.fhir.fhirpath.fast.shapes import Shape, tested
from taihe.fhir.fhirpath.fast.writer import (
    Emit,
    NotFast,
    Several,
)
from taihe.fhir.fhirpath.tree import (
    Call,
    Member,
    Node,
    Special,
)


def type_argument(node: Call) -> str:
    """The type that `ofType()`, `as()` and `is()` name."""
    argument = node.arguments[0]
    if isinstance(argument, Member):
        if argument.source is None:
            return argument.name
        if isinstance(argument.source, Member) and argument.source.source is None:
            return f"{argument.source.name}.{argument.name}"
    raise NotFast


class _NoChoice(Exception):
    """The source of `as` is no choice that is there once."""


@cache
def is_leaf(name: str) -> bool:
    """Whether no other type derives from a type."""
    return all(row.base != name for row in definitions.types().values())


class Casts(Members):
    """Writes casts and tests of a type."""

    def cast(self, source: Node, wanted: str, focus: Shape, emit: Emit, *, single: bool) -> None:
        """`ofType(wanted)`, or with `single` `as`."""
        if single:
            self.cast_one(source, wanted, focus, emit)
            return
        self.each_of(
            source,
            focus,
            lambda item: self.keep(item, wanted, emit),
            Look(lambda type, place: tested(type, place, wanted, cast=True) is not False),
        )

    def cast_one(self, source: Node, wanted: str, focus: Shape, emit: Emit) -> None:
        """`as`: several items are left to the closures, which refuse them."""
        if isinstance(source, Member):
            mark = self.mark()
            try:
                self.cast_choice(source, wanted, focus, emit)
                return
            except _NoChoice:
                self.back(mark)
        found = self.one(source, focus)
        if found is not None:
            depth = self.indent
            self.guard(found)
            self.keep(found, wanted, emit)
            self.indent = depth

    def cast_choice(self, node: Member, wanted: str, focus: Shape, emit: Emit) -> None:
        """`as` of a choice that is there once: only its own key is looked at."""
        outer = self.loops

        def of(item: Shape) -> None:
            if self.loops > outer or not item.is_fhir or item.kind != "complex":
                raise _NoChoice
            fields = model.named(item.place).get(node.name, ())
            kept = [f for f in fields if tested(f.type, f.place, wanted, cast=True)]
            if len(fields) < 2 or len(kept) > 1 or any(f.type == "Resource" for f in fields):
                raise _NoChoice
            if not kept:
                return
            keys = frozenset(key for f in fields for key in (f.key, "_" + f.key))
            own = kept[0].key
            others = self.constant(keys - {own, "_" + own})
            holder = item.variable
            self.line(
                f"if not {others}.isdisjoint({holder}) and "
                f"({own!r} in {holder} or several({holder}, {self.constant(keys)})): raise Slow"
            )
            depth = self.indent
            self.field(item, kept[0], emit)
            self.indent = depth

        if node.source is not None:
            self.each(node.source, focus, of)
        elif model.kind(node.name):
            raise _NoChoice
        else:
            of(focus)

    def keep(self, item: Shape, wanted: str, emit: Emit) -> None:
        """Go on with an item of a type; one that was boxed is opened where that is safe."""
        holds = tested(item.type, item.place, wanted, cast=True)
        if holds:
            emit(item)
        elif holds is None:
            depth = self.indent
            self.enter(f"if kept({item.variable}, {wanted!r}):")
            emit(self.open(item, wanted.removeprefix("FHIR.")))
            self.indent = depth

    def open(self, item: Shape, own: str) -> Shape:
        """The JSON of a boxed item whose type is known exactly."""
        if item.type or model.kind(own) not in ("resource", "complex") or not is_leaf(own):
            return item
        value = self.name()
        self.line(f"{value} = opened({item.variable})")
        owner = "None"
        if self.owners:
            owner = item.variable if model.kind(own) == "resource" else f"{item.variable}.parent"
        return Shape(value, own, own, owner)

    def is_type(self, source: Node, wanted: str, focus: Shape) -> str:
        """`is`: a variable with True, False, or None where there is no item."""
        result = self.name()
        self.line(f"{result} = None")

        def note(item: Shape) -> None:
            holds = tested(item.type, item.place, wanted, cast=False)
            test = repr(holds) if holds is not None else f"is_one({item.variable}, {wanted!r})"
            self.line(f"{result} = {test}")

        self.switch(
            source, focus, note, f"{result} is not None",
            lambda type, place: tested(type, place, wanted, cast=False),
        )  # fmt: skip
        return result

    def switch(
        self,
        node: Node,
        focus: Shape,
        emit: Emit,
        seen: str,
        alike: Callable[[str, str], Hashable],
        *,
        alone: bool = False,
    ) -> None:
        """
        The only item of a node, by its type; several are left to the closures.

        `seen` is a condition that holds once there was one.
        """
        outer = self.loops
        count = 0

        def one(item: Shape) -> None:
            nonlocal count
            count += 1
            if self.loops > outer or count > 1:
                if alone and self.loops > outer:
                    raise Several
                self.line(f"if {seen}: raise Slow")
            emit(item)

        self.each_of(node, focus, one, Look(alike=alike))

    def as_type(self, node: Call, focus: Shape, emit: Emit) -> None:
        wanted = type_argument(node)
        source: Node = Special(node.position, "$this") if node.source is None else node.source
        self.cast(source, wanted, focus, emit, single=node.name == "as")
