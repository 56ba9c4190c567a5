"""
What is known of a collection before it is evaluated: its types, and whether it may hold several.

System types are written with their namespace (`System.String`), so that they are never taken
for FHIR's.
"""

from __future__ import annotations

from dataclasses import dataclass

from taihe.fhir import model
from taihe.fhir.fhirpath.elements import SYSTEM_TYPES

Place = tuple[str, str]  # a type, and where its children are described

_TEXT = frozenset(
    ("string", "uri", "url", "canonical", "oid", "uuid", "id", "code", "markdown",
     "base64Binary", "xhtml", "System.String")
)  # fmt: skip
_NUMBERS = frozenset(
    ("integer", "positiveInt", "unsignedInt", "decimal", "System.Integer", "System.Long",
     "System.Decimal")
)  # fmt: skip
_DATES = frozenset(("date", "dateTime", "instant", "System.Date", "System.DateTime"))


@dataclass(frozen=True, slots=True)
class Shape:
    """Types with their places, None when they are not known, and whether there may be several."""

    types: frozenset[Place] | None = None
    many: bool = False

    @property
    def known(self) -> bool:
        """Whether its types are known, and there are any."""
        return bool(self.types)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of its types: text, number, boolean, date, time, quantity or complex."""
        return frozenset(
            "complex" if place and place != name else kind_of(name)
            for name, place in self.types or ()
        )

    def one(self) -> Shape:
        """One item of it."""
        return Shape(self.types, False)

    def several(self) -> Shape:
        """The same types, perhaps several of them."""
        return Shape(self.types, True)

    def words(self) -> str:
        """Its types for a message: a Patient, a string or a Quantity."""
        names = sorted({name.removeprefix("System.") for name, _ in self.types or ()})
        shown = [f"{'an' if n[:1] in 'AEIOUaeiou' else 'a'} {n}" for n in names[:4]]
        return " or ".join(shown) + (" or another" if len(names) > 4 else "")


def kind_of(name: str) -> str:
    """The kind of a type, by which functions and operators take it."""
    if name in _TEXT:
        return "text"
    if name in _NUMBERS:
        return "number"
    if name in ("boolean", "System.Boolean"):
        return "boolean"
    if name in _DATES:
        return "date"
    if name in ("time", "System.Time"):
        return "time"
    if name == "System.Quantity" or model.is_a(name, "Quantity"):
        return "quantity"
    if name in ("Element", "Resource", "System.Any", "TypeInfo"):
        return "any"
    return "complex"


def system(name: str, *, many: bool = False) -> Shape:
    """A shape of one System type."""
    return Shape(frozenset(((f"System.{name}", ""),)), many)


def of_type(name: str, *, many: bool = False) -> Shape:
    """The shape of a named type, with its namespace or without."""
    namespace, _, own = name.rpartition(".")
    if namespace != "System" and model.kind(own):
        return Shape(frozenset(((own, own),)), many)
    return system(own, many=many) if own in SYSTEM_TYPES else Shape(None, many)


UNKNOWN = Shape(None, False)
UNKNOWN_MANY = Shape(None, True)
