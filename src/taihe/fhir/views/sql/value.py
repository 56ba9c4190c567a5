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

    `kind` is boolean, integer, decimal, text, date (also with a time), time, quantity, complex
    or none; a decimal is the text it is written with, or a double where the query reckons with
    doubles. `system` says that it is no FHIR element, `computed` that a decimal was reckoned,
    so that its final zeros mean nothing. `choices` are the typed forms of an element like
    value[x] while its type is not chosen. `holder` is the structure a primitive stands in and
    its key there, beside which its extensions are. `literal` is the value of a literal.
    """

    sql: str
    kind: str
    type: str
    place: str = ""
    many: bool = False
    schema: Schema | None = None
    choices: tuple[Value, ...] = ()
    holder: tuple[Value, str] | None = None
    system: bool = False
    computed: bool = False
    literal: str | None = None


def kind_of(type_name: str) -> str:
    """The kind of a FHIR or System type."""
    if type_name in ("boolean", "Boolean"):
        return "boolean"
    if type_name in WHOLE:
        return "integer"
    if type_name in ("decimal", "Decimal"):
        return "decimal"
    if type_name in _DATES:
        return "date"
    if type_name in ("time", "Time"):
        return "time"
    return "text" if model.kind(type_name) == "primitive" or type_name == "String" else "complex"


NOTHING = Value("NULL", "none", "")


def boolean(sql: str) -> Value:
    """A condition."""
    return Value(sql, "boolean", "Boolean", system=True)


def integer(sql: str) -> Value:
    """A whole number that was reckoned."""
    return Value(sql, "integer", "Integer", system=True)


def text(sql: str) -> Value:
    """A text that was made."""
    return Value(sql, "text", "String", system=True)


def decimal(sql: str) -> Value:
    """A decimal that was reckoned, as text without final zeros."""
    return Value(sql, "decimal", "Decimal", system=True, computed=True)


def choice(forms: list[Value]) -> Value:
    """Values of which at most one is there, as one value that is a choice."""
    flat = [inner for form in forms for inner in (form.choices or (form,)) if inner.kind != "none"]
    if not flat:
        return NOTHING
    if len(flat) == 1:
        return flat[0]
    return Value("", "complex", "", "", any(form.many for form in flat), None, tuple(flat))
