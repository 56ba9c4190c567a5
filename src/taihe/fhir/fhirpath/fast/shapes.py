"""What is known of an item before there is data: its type, place and how JSON holds it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from taihe.fhir import model
from taihe.fhir.fhirpath.elements import Element, Item, is_cast, is_type
from taihe.fhir.fhirpath.values import Long, Quantity, Temporal

WHOLE = frozenset(("integer", "positiveInt", "unsignedInt", "integer64"))
DATES = {"date": "Date", "dateTime": "DateTime", "instant": "DateTime", "time": "Time"}
NUMERIC = frozenset(("whole", "number"))
SIMPLE = frozenset(("text", "boolean", "whole"))  # plain `==` of Python is FHIRPath's `=`

_SYSTEM: dict[str, tuple[str, Item]] = {
    "System.Boolean": ("boolean", True),
    "System.Integer": ("whole", 1),
    "System.Decimal": ("number", Decimal(1)),
    "System.Number": ("number", None),
    "System.String": ("text", ""),
    "System.Date": ("temporal", Temporal("Date", (2000,))),
    "System.DateTime": ("temporal", Temporal("DateTime", (2000,))),
    "System.Time": ("temporal", Temporal("Time", (0,))),
    "System.Quantity": ("quantity", Quantity(Decimal(1))),
}


@dataclass(frozen=True)
class Shape:
    """
    One item in the written function.

    `variable` is the Python name or constant that holds it: JSON for a FHIR type, the value
    itself for a System type, and an item as the closures have it when `type` is "". `owner`
    names the element of the resource or focus that it lies in. `sure` is set where it is never None.
    """

    variable: str
    type: str
    place: str = ""
    owner: str = "None"
    sure: bool = False

    @property
    def kind(self) -> str:
        """boxed, text, boolean, whole, number, date, temporal, quantity or complex."""
        return kind_of(self.type)

    @property
    def is_system(self) -> bool:
        """Whether it is a value of FHIRPath's own types."""
        return self.type.startswith("System.")

    @property
    def is_fhir(self) -> bool:
        """Whether the variable holds JSON."""
        return bool(self.type) and not self.is_system


@cache
def kind_of(type: str) -> str:
    """How JSON, or Python, holds a type."""
    if not type:
        return "boxed"
    if type in _SYSTEM:
        return _SYSTEM[type][0]
    if type == "boolean":
        return "boolean"
    if type in WHOLE:
        return "whole"
    if type == "decimal":
        return "number"
    if type in DATES:
        return "date"
    return "text" if model.kind(type) == "primitive" else "complex"


def system_type(value: Item) -> str:
    """The shape's type of a System value; "" for what has no form of its own."""
    if isinstance(value, bool):
        return "System.Boolean"
    if isinstance(value, Long):
        return ""
    if isinstance(value, int):
        return "System.Integer"
    if isinstance(value, Decimal):
        return "System.Decimal"
    if isinstance(value, str):
        return "System.String"
    if isinstance(value, Temporal):
        return f"System.{value.kind}"
    return "System.Quantity" if isinstance(value, Quantity) else ""


@cache
def tested(type: str, place: str, wanted: str, *, cast: bool) -> bool | None:
    """Whether `is`, or `as` and `ofType`, hold for a type; None when only data can say."""
    if not type or type == "System.Number":
        return None
    sample = _SYSTEM[type][1] if type in _SYSTEM else Element(None, type, place)
    return (is_cast if cast else is_type)(sample, wanted)


def merged(one: Shape, two: Shape) -> Shape | None:
    """The shape of items that are either; None when they have none in common."""
    if (one.type, one.place, one.owner) == (two.type, two.place, two.owner):
        return one
    if one.is_system and two.is_system and {one.kind, two.kind} <= {"whole", "number"}:
        return Shape(one.variable, "System.Number")
    return None
