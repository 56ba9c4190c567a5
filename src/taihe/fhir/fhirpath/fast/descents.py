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
_MOST_LOOKED_AT = 200


def kinds_below(place: str, deep: bool, look: Look) -> dict[Hashable, tuple[str, str]]:
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
            mark = self.mark()
            if self.owners or not self.by_kind(item, deep, look, emit):
                self.back(mark)
                descent = self.constant(Descent(look.has, deep=deep))
                self.line(
                    f"{listed} = descend({descent}, {item.variable}, {item.place!r}, "
                    f"{self.nest(item)})"
                )
                self.work(f"len({listed})")
                self.repeat_list(listed, Shape("", ""), emit)

        self.source(node, focus, of)

    def by_kind(self, item: Shape, deep: bool, look: Look, emit: Emit) -> bool:
        """What is below a structure as JSON, by what is written for it; False if that is much."""
        groups = kinds_below(item.place, deep, look)
        if len(groups) > _MOST_LOOKED_AT:
            return False
        listed, one, at = self.name(), self.name(), self.name()
        descent = self.constant(None)
        self.line(f"{listed} = descend({descent}, {item.variable}, {item.place!r}, None)")
        self.work(f"len({listed})")
        self.loop(f"{one}, {at}", listed)
        numbers: dict[Hashable, int] = {}
        for key, (type, own) in groups.items():
            depth, loops, start = self.indent, self.loops, len(self.lines)
            self.enter(f"if {at} == {len(numbers)}:")
            shape = Shape(one, type, own)
            if kind_of(type) != "complex" and key == (type, own):
                self.check(shape)
            body = len(self.lines)
            emit(shape)
            if body == len(self.lines):
                del self.lines[start:]
            else:
                numbers[key] = len(numbers)
            self.indent, self.loops = depth, loops
            if len(numbers) > _MOST_KINDS:
                return False
        self.space[descent] = Descent(
            lambda type, place: look.has(type, place) and look.alike(type, place) in numbers,
            deep=deep,
            number=lambda type, place: numbers[look.alike(type, place)],
            raw=True,
        )
        return True
