"""The columns that a view reads, and what they are in SQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from taihe.fhir import model
from taihe.fhir.views.dialect import DUCKDB, Dialect

WHOLE = frozenset(("integer", "positiveInt", "unsignedInt", "Integer"))
EXACT = "_exact"
"""What the lake puts after the name of a decimal's column for the digits as written."""


@dataclass
class Schema:
    """
    The columns that a view reads at a place: nested, by JSON key; a leaf has a SQL type.

    `available` names the columns that a table has; None when any may be read. `digits` marks
    a decimal that is read as the text it is written with.
    """

    many: bool = False
    leaf: str = "JSON"
    children: dict[str, Schema] = field(default_factory=dict)
    available: dict[str, Any] | None = None
    dialect: Dialect = DUCKDB
    digits: bool = False

    def child(self, key: str, *, many: bool, leaf: str, digits: bool = False) -> Schema:
        """The column under a key, made on first use."""
        below = None if self.available is None else self.available.get(key, {})
        return self.children.setdefault(
            key, Schema(many, leaf, available=below, dialect=self.dialect, digits=digits)
        )

    def has(self, key: str) -> bool:
        """Whether the table may have the column."""
        return self.available is None or key in self.available

    def ddl(self) -> str:
        """The type in SQL."""
        inner = self.dialect.type(self.leaf)
        if self.children:
            parts = ((key, child.ddl()) for key, child in self.children.items())
            inner = self.dialect.struct_type(parts)
        return self.dialect.list_type(inner) if self.many else inner

    def keep(self, sql: str) -> None:
        """Drop what the query never names: the forms of a choice that were not chosen."""
        for key in [key for key in self.children if self.dialect.name(key) not in sql]:
            del self.children[key]
        for child in self.children.values():
            child.keep(sql)

    def structure(self) -> Any:
        """The same as the structure that json_transform() takes."""
        inner: Any = {k: c.structure() for k, c in self.children.items()} or self.leaf
        return [inner] if self.many else inner

    def written(self) -> Iterator[str]:
        """The keys of the decimals that are read as text."""
        for key, child in self.children.items():
            if child.digits:
                yield key
            yield from child.written()


def leaf_of(type_name: str) -> str:
    """The SQL type of a FHIR type; what has parts of its own is JSON until they are read."""
    if type_name == "boolean":
        return "BOOLEAN"
    if type_name in WHOLE:
        return "BIGINT"
    if type_name == "decimal":
        return "DOUBLE"
    return "VARCHAR" if model.kind(type_name) == "primitive" else "JSON"
