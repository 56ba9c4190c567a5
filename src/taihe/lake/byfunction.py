"""
Views answered inside an engine by the plain evaluator, as a function over whole resources.

Where SQL cannot say a view, or the data is such that SQL would not answer exactly, the engine
still reads, spreads and writes the rows: a function gives it the rows of each resource as
lists of JSON values.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from taihe.fhir import model
from taihe.fhir.files import to_json
from taihe.fhir.views import Cells, View, prepared
from taihe.fhir.views.sql.schema import EXACT
from taihe.kernel.errors import TaiheError

Tokens = list[list[str | None]]


def cells(view: View) -> tuple[Cells, ...]:
    """What the columns of the answer hold: values as JSON text."""
    return tuple(Cells(column.name, "token", False) for column in view.columns())


def token(value: Any) -> str | None:
    """A value of a row as JSON text; None for null."""
    return None if value is None else to_json(value)


def rows_function(view: View, *, from_lake: bool) -> Callable[[str], Tokens]:
    """The rows of a view for a resource given as JSON text."""
    answer = prepared(view)

    def rows(text: str) -> Tokens:
        resource = json.loads(text, parse_float=Decimal)
        if not isinstance(resource, dict):
            return []
        if from_lake:
            resource = restored(resource, view.resource)
        return [[token(value) for value in row.values()] for row in answer(resource)]

    return rows


class Failure:
    """Keeps what a function raised inside an engine, which only passes on a text."""

    def __init__(self, rows: Callable[[str], Tokens]) -> None:
        self.rows = rows
        self.error: TaiheError | None = None

    def __call__(self, text: str) -> Tokens:
        """The rows; an error is kept and raised again."""
        try:
            return self.rows(text)
        except TaiheError as error:
            self.error = self.error or error
            raise


def restored(value: Any, place: str) -> Any:
    """
    A structure of the lake as the JSON it was made of.

    Columns without a value are no keys; decimals have the digits they were written with; what
    the lake keeps as JSON text is read.
    """
    if not isinstance(value, dict):
        return value
    fields = model.fields(place)
    made: dict[str, Any] = {}
    for key, inner in value.items():
        if inner is None or (key.endswith(EXACT) and key not in fields):
            continue
        field = fields.get(key)
        if field is None:
            base = fields.get(key[1:]) if key.startswith("_") else None
            made[key] = _parts(inner, "Element") if base is not None else inner
        elif field.primitive:
            exact = value.get(key + EXACT)
            made[key] = inner if exact is None else json.loads(exact, parse_float=Decimal)
        else:
            made[key] = _parts(inner, field.place)
    return made


def _parts(value: Any, place: str) -> Any:
    if isinstance(value, list):
        return [_parts(one, place) for one in value]
    if isinstance(value, str):
        return json.loads(value, parse_float=Decimal)
    return restored(value, place)
