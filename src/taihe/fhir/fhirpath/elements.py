"""
Items of a FHIRPath collection: FHIR elements with their type, and System values.

An *item* is an `Element`, or a System value: bool, int, Decimal, str, Temporal, Quantity.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from taihe.fhir import definitions, model
from taihe.fhir.fhirpath.values import (
    UCUM_OF_CALENDAR,
    Long,
    Quantity,
    Temporal,
    parse_temporal,
)

TYPE_INFO = "TypeInfo"  # what type() gives; no FHIR type
UCUM = "http://unitsofmeasure.org"
CALENDAR_SYSTEM = "http://hl7.org/fhirpath/CodeSystem/calendar-units"
_INTEGERS = frozenset(("integer", "positiveInt", "unsignedInt", "integer64"))
_TEMPORAL = {"date": "Date", "dateTime": "DateTime", "instant": "DateTime", "time": "Time"}


class Element:
    """
    A FHIR element: its JSON value, its type, and where its children are described.

    `extra` is the JSON object beside a primitive (`_birthDate`), which holds its id and
    extensions; `value` is None when there is only that. `parent` helps to find what contains
    the element, `field` says which of its fields this is, and `index` where in a list.
    """

    __slots__ = ("extra", "field", "index", "parent", "place", "type", "value")
    field: model.Field  # set for what was reached through its parent
    index: int | None

    def __init__(
        self, value: Any, type: str, place: str, extra: Any = None, parent: Element | None = None
    ) -> None:
        self.value = value
        self.type = type
        self.place = place
        self.extra = extra
        self.parent = parent

    def __repr__(self) -> str:
        return f"<{self.type}>"


Item = Any  # Element | bool | int | Decimal | str | Temporal | Quantity


def of_resource(value: dict[str, Any], parent: Element | None = None) -> Element:
    """A resource as an element; an unknown resourceType is a Resource."""
    name = value.get("resourceType", "")
    kind = name if name in definitions.resource_types() else "Resource"
    return Element(value, kind, kind, None, parent)


def _make(
    field: model.Field, value: Any, extra: Any, parent: Element, index: int | None = None
) -> Element:
    if isinstance(value, dict) and field.type == "Resource" and "resourceType" in value:
        made = of_resource(value, parent)
    else:
        made = Element(value, field.type, field.place, extra, parent)
    made.field, made.index = field, index
    return made


def _add(field: model.Field, holder: dict[str, Any], parent: Element, out: list[Item]) -> None:
    value = holder.get(field.key)
    extra = holder.get("_" + field.key) if field.primitive else None
    if value is None and extra is None:
        return
    if isinstance(value, list) or isinstance(extra, list):
        values = value if isinstance(value, list) else []
        extras = extra if isinstance(extra, list) else []
        for position in range(max(len(values), len(extras))):
            one = values[position] if position < len(values) else None
            beside = extras[position] if position < len(extras) else None
            if one is not None or beside is not None:
                out.append(_make(field, one, beside, parent, position))
    else:
        out.append(_make(field, value, extra, parent))


def add_children(item: Item, name: str, out: list[Item]) -> None:
    """Append the children of an item that have this FHIRPath name."""
    if not isinstance(item, Element):
        return
    value = item.value
    if isinstance(value, dict):
        for field in model.named(item.place).get(name, ()):
            _add(field, value, item, out)
        if item.place == TYPE_INFO and name in value:
            out.append(value[name])
    elif isinstance(item.extra, dict):
        for field in model.named("Element").get(name, ()):
            _add(field, item.extra, item, out)


def all_children(item: Item) -> list[Item]:
    """Every child of an item, in the order of the JSON."""
    out: list[Item] = []
    if isinstance(item, Element):
        holder = item.value if isinstance(item.value, dict) else item.extra
        if isinstance(holder, dict):
            fields = model.fields(item.place if holder is item.value else "Element")
            for key in holder:
                field = fields.get(key)
                if field is None and key[:1] == "_" and key[1:] not in holder:
                    field = fields.get(key[1:])
                if field is not None:
                    _add(field, holder, item, out)
    return out


def _decimal(value: Any) -> Decimal | None:
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def quantity_of(value: dict[str, Any]) -> Quantity | None:
    """
    A FHIR Quantity as a System one: its UCUM code, or the unit as written.

    One with a comparator says less than a value, so it is none.
    """
    number = _decimal(value.get("value"))
    if number is None or value.get("comparator") is not None:
        return None
    system, code, unit = value.get("system"), value.get("code"), value.get("unit")
    if system == CALENDAR_SYSTEM and code in UCUM_OF_CALENDAR:
        return Quantity(number, code, True)
    named = code if system == UCUM else unit
    named = named or code or "1"
    return Quantity(number, named if isinstance(named, str) else "1", fhir=True)


def atom(item: Item) -> Item:
    """
    The System value of a primitive element or quantity; anything else as it is.

    A primitive without a value stays an element.
    """
    if not isinstance(item, Element):
        return item
    value, type_name = item.value, item.type
    if value is None:
        return item
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        kind = _TEMPORAL.get(type_name)
        if kind is not None:
            temporal = parse_temporal(value, kind)
            return value if temporal is None else temporal
        return value
    if isinstance(value, int | float | Decimal):
        if type_name in _INTEGERS and isinstance(value, int):
            return value
        number = _decimal(value)
        return item if number is None else number
    if model.is_a(type_name, "Quantity"):
        quantity = quantity_of(value)
        return item if quantity is None else quantity
    return item


def type_name(item: Item) -> tuple[str, str]:
    """Namespace and name of an item's type."""
    if isinstance(item, Element):
        return "FHIR", item.type
    if isinstance(item, bool):
        return "System", "Boolean"
    if isinstance(item, int):
        return "System", "Long" if isinstance(item, Long) else "Integer"
    if isinstance(item, Decimal):
        return "System", "Decimal"
    if isinstance(item, Temporal):
        return "System", item.kind
    if isinstance(item, Quantity):
        return "System", "Quantity"
    return "System", "String"


def in_words(item: Item) -> str:
    """An item's type with its article, for a message."""
    name = type_name(item)[1]
    return f"{'an' if name[:1] in 'AEIOUaeiou' else 'a'} {name}"


SYSTEM_TYPES = frozenset(
    (
        "Any",
        "Boolean",
        "Integer",
        "Long",
        "Decimal",
        "String",
        "Date",
        "DateTime",
        "Time",
        "Quantity",
    )
)


def is_type(item: Item, wanted: str) -> bool:
    """Whether an item is of a type; without a namespace FHIR and System names both count."""
    namespace, _, name = wanted.rpartition(".")
    own_space, own = type_name(item)
    if namespace and namespace != own_space:
        return False
    if own_space == "System":
        return own == name or name == "Any"
    return model.is_a(own, name)


def is_cast(item: Item, wanted: str) -> bool:
    """Whether `as` and `ofType` keep an item: a primitive only under its own type."""
    if isinstance(item, Element) and model.kind(item.type) == "primitive":
        return wanted.removeprefix("FHIR.") == item.type
    return is_type(item, wanted)


def plain(item: Item) -> Any:
    """An item as JSON has it; dates and quantities of System types as their text."""
    if isinstance(item, Element):
        return item.value
    if isinstance(item, Temporal | Quantity):
        return str(item)
    return int(item) if type(item) is Long else item


def deep(items: Iterable[Item]) -> list[Item]:
    """The items and everything below them, each before its children."""
    out: list[Item] = []
    stack = list(items)[::-1]
    while stack:
        item = stack.pop()
        out.append(item)
        stack.extend(all_children(item)[::-1])
    return out
