"""What is below an item: `children()` and `descendants()`."""

from __future__ import annotations

from collections.abc import Hashable

from taihe.fhir.fhirpath.fast.below import Descent, descend_item, places_below
from taihe.fhir.fhirpath.fast.looks import EVERY, Look
from taihe.fhir.fhirpath.fast.shapes import Shape, kind_of
from taihe.fhir.fhirpath.fast.subsets import Subsets
from taihe.fhir.fhirpath.fast.writer import (
    Emit,
)
from taihe.fhir.fhirpath.tree import (
    Call,
)

_MOST_KINDS = 6


def kinds_below(place: str, deep: bool, look: Look) -> dict[Hashable, tuple[str, str]] | None:
    """What may be below a place by what is written for it, with one type and place for each."""
    groups: dict[Hashable, tuple[str, str]] = {}
    for type, own in places_below(place, deep):
        if look.has(type, own):
            groups.setdefault(look.alike(type, own), (type, own))
    return groups


class Descents(Subsets):
    """Writes walks down a structure."""

    def below(self, node: Call, focus: Shape, emit: Emit, look: Look = EVERY) -> None:
        deep = node.name == "descendants"

        def of(item: Shape) -> None:
            if item.is_system:
                return
            if item.is_fhir and item.kind != "complex":
                self.line("pass")  # keeps the lines that leave extensions to the closures
                return
            listed = self.name()
            if not item.is_fhir:
                descent = self.constant(Descent(look.has, deep=deep))
                self.space["descend_item"] = descend_item
                self.line(f"{listed} = descend_item({descent}, {item.variable})")
                self.work(f"len({listed})")
                self.repeat_list(listed, Shape("", ""), emit)
                return
            groups = None if self.owners else kinds_below(item.place, deep, look)
            if groups is None or len(groups) > _MOST_KINDS:
                descent = self.constant(Descent(look.has, deep=deep))
                self.line(
                    f"{listed} = descend({descent}, {item.variable}, {item.place!r}, "
                    f"{self.nest(item)})"
                )
                self.work(f"len({listed})")
                self.repeat_list(listed, Shape("", ""), emit)
                return
            numbers = {key: at for at, key in enumerate(groups)}

            def number(type: str, place: str) -> int:
                return numbers[look.alike(type, place)]

            alone = len(groups) == 1
            raw = Descent(look.has, deep=deep, number=None if alone else number, raw=True)
            self.line(
                f"{listed} = descend({self.constant(raw)}, {item.variable}, {item.place!r}, None)"
            )
            self.work(f"len({listed})")
            one, at = self.name(), self.name()
            self.loop(one if alone else f"{one}, {at}", listed)
            begin = len(self.lines)
            for place, (type, own) in enumerate(groups.values()):
                depth, loops, start = self.indent, self.loops, len(self.lines)
                if not alone:
                    self.enter(f"if {at} == {place}:")
                shape = Shape(one, type, own)
                if kind_of(type) != "complex":
                    self.check(shape)
                body = len(self.lines)
                emit(shape)
                if body == len(self.lines):
                    del self.lines[start:]
                self.indent, self.loops = depth, loops
            if begin == len(self.lines):
                self.line("pass")

        self.source(node, focus, of)
