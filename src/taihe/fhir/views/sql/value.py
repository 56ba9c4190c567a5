"""An expression in SQL, with what is known of it."""

from __future__ import annotations

from dataclasses import dataclass

from taihe.fhir import model
from taihe.fhir.views.sql.schema import WHOLE, Schema

_DATES = frozenset(("date", "dateTime", "instant", "Date", "DateTime"))


@dataclass(frozen=True)
class Value:
    """
    An expression in SQL with what is known of it.

    `kind` is boolean, number, text, date, time, complex or none; `choices` are the typed forms
    of an element like value[x] while its type is not chosen.
    """

    sql: str
    kind: str
    type: str
    place: str = ""
    many: bool = False
    schema: Schema | None = None
    choices: tuple[Value, ...] = ()
    holder: tuple[Value, str] | None = None


def kind_of(type_name: str) -> str:
    if type_name in ("boolean", "Boolean"):
        return "boolean"
    if type_name in WHOLE or type_name in ("decimal", "Decimal"):
        return "number"
    if type_name in _DATES:
        return "date"
    if type_name in ("time", "Time"):
        return "time"
    return "text" if model.kind(type_name) == "primitive" or type_name == "String" else "complex"


NOTHING = Value("NULL", "none", "")


def boolean(sql: str) -> Value:
    return Value(sql, "boolean", "Boolean")
