"""
How the writer of views says what engines say differently: lists, structs, casts, names.

Types are named as DuckDB names them (VARCHAR, BIGINT, DOUBLE, BOOLEAN, JSON, and `[]` for a
list); a dialect turns them into its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class Dialect:
    """DuckDB, and what other dialects change."""

    moment = "TIMESTAMPTZ"

    def name(self, text: str) -> str:
        """An identifier."""
        return '"' + text.replace('"', '""') + '"'

    def text(self, text: str) -> str:
        """A text literal."""
        return "'" + text.replace("'", "''") + "'"

    def type(self, name: str) -> str:
        """A type: a scalar's name, or that of a list with `[]`."""
        return name

    def struct_type(self, fields: Iterable[tuple[str, str]]) -> str:
        """The type of a struct of typed fields."""
        return f"STRUCT({', '.join(f'{self.name(key)} {kind}' for key, kind in fields)})"

    def list_type(self, inner: str) -> str:
        """The type of a list."""
        return f"{inner}[]"

    def cast(self, sql: str, kind: str) -> str:
        """A cast that stops the query where it fails."""
        return f"({sql})::{self.type(kind)}"

    def whole(self, sql: str) -> str:
        """A number cut to a whole one."""
        return f"trunc({sql})::BIGINT"

    def empty(self, kind: str = "") -> str:
        """The empty list, of a list type when it is given."""
        return f"[]::{self.type(kind)}" if kind else "[]"

    def array(self, item: str) -> str:
        """A list of one."""
        return f"[{item}]"

    def struct(self, cells: Iterable[tuple[str, str]]) -> str:
        """A struct of named values."""
        return "{" + ", ".join(f"{self.text(key)}: {sql}" for key, sql in cells) + "}"

    def merged(self, a: str, a_names: Sequence[str], b: str, b_names: Sequence[str]) -> str:
        """Two structs as one."""
        return f"struct_concat({a}, {b})"

    def each(self, source: str, item: str, body: str, at: str = "") -> str:
        """The results of `body` for each item; `at` is the name of its position."""
        names = f"{item}, {at}" if at else item
        return f"list_transform({source}, lambda {names}: {body})"

    def position(self, at: str) -> str:
        """The position that `each` names, counted from 0."""
        return f"{at} - 1"

    def kept(self, source: str, item: str, condition: str) -> str:
        """The items for which a condition is true."""
        return f"list_filter({source}, lambda {item}: {condition})"

    def flat(self, source: str) -> str:
        """A list of lists as one; a missing list counts as empty."""
        return f"flatten({source})"

    def at(self, source: str, index: str) -> str:
        """The item at a position from 1, or from the end below 0; null where there is none."""
        return f"{source}[{index}]"

    def length(self, source: str) -> str:
        """How many items a list has; null when it is missing."""
        return f"len({source})"

    def holds(self, source: str, item: str) -> str:
        """Whether a list has an item."""
        return f"list_contains({source}, {item})"

    def joined(self, a: str, b: str) -> str:
        """Two lists one after the other."""
        return f"list_concat({a}, {b})"

    def distinct(self, source: str) -> str:
        """A list without what repeats."""
        return f"list_distinct({source})"

    def joined_text(self, source: str, between: str) -> str:
        """The items of a list as one text."""
        return f"array_to_string({source}, {between})"

    def stop(self, problem: str) -> str:
        """An expression that stops the query."""
        return f"error({problem})"

    def rows(self, source: str) -> str:
        """A row for each item of a list."""
        return f"unnest({source})"

    def starts(self, text: str, begin: str) -> str:
        """Whether a text starts with another."""
        return f"starts_with({text}, {begin})"

    def ends(self, text: str, end: str) -> str:
        """Whether a text ends with another."""
        return f"ends_with({text}, {end})"

    def matches(self, text: str, pattern: str) -> str:
        """Whether a pattern is found in a text, over lines."""
        return f"regexp_matches({text}, {pattern}, 's')"

    def cell(self, sql: str, kind: str) -> str:
        """A value as the cell of a column."""
        return self.cast(sql, kind)


class Spark(Dialect):
    """Spark SQL 4 (ANSI mode, case sensitive)."""

    moment = "TIMESTAMP"

    def name(self, text: str) -> str:
        return "`" + text.replace("`", "``") + "`"

    def text(self, text: str) -> str:
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    def type(self, name: str) -> str:
        if name.endswith("[]"):
            return self.list_type(self.type(name[:-2]))
        return "STRING" if name in ("VARCHAR", "JSON") else name

    def struct_type(self, fields: Iterable[tuple[str, str]]) -> str:
        return f"STRUCT<{', '.join(f'{self.name(key)}: {kind}' for key, kind in fields)}>"

    def list_type(self, inner: str) -> str:
        return f"ARRAY<{inner}>"

    def cast(self, sql: str, kind: str) -> str:
        return f"CAST({sql} AS {self.type(kind)})"

    def whole(self, sql: str) -> str:
        return f"CAST({sql} AS BIGINT)"

    def empty(self, kind: str = "") -> str:
        return f"CAST(array() AS {self.type(kind)})" if kind else "array()"

    def array(self, item: str) -> str:
        return f"array({item})"

    def struct(self, cells: Iterable[tuple[str, str]]) -> str:
        return f"named_struct({', '.join(f'{self.text(key)}, {sql}' for key, sql in cells)})"

    def merged(self, a: str, a_names: Sequence[str], b: str, b_names: Sequence[str]) -> str:
        cells = [(key, f"{side}.{self.name(key)}") for side, names in ((a, a_names), (b, b_names))
                 for key in names]  # fmt: skip
        return self.struct(cells)

    def each(self, source: str, item: str, body: str, at: str = "") -> str:
        return f"transform({source}, {f'({item}, {at})' if at else item} -> {body})"

    def position(self, at: str) -> str:
        return at

    def kept(self, source: str, item: str, condition: str) -> str:
        return f"filter({source}, {item} -> {condition})"

    def flat(self, source: str) -> str:
        return f"flatten(array_compact({source}))"

    def at(self, source: str, index: str) -> str:
        return f"try_element_at({source}, CAST({index} AS INT))"

    def length(self, source: str) -> str:
        return f"array_size({source})"

    def holds(self, source: str, item: str) -> str:
        return f"array_contains({source}, {item})"

    def joined(self, a: str, b: str) -> str:
        return f"concat({a}, {b})"

    def distinct(self, source: str) -> str:
        return f"array_distinct({source})"

    def joined_text(self, source: str, between: str) -> str:
        return f"array_join({source}, {between})"

    def stop(self, problem: str) -> str:
        return f"raise_error({problem})"

    def rows(self, source: str) -> str:
        return f"explode({source})"

    def starts(self, text: str, begin: str) -> str:
        return f"startswith({text}, {begin})"

    def ends(self, text: str, end: str) -> str:
        return f"endswith({text}, {end})"

    def matches(self, text: str, pattern: str) -> str:
        return f"({text} RLIKE concat('(?s)', {pattern}))"

    def cell(self, sql: str, kind: str) -> str:
        if kind == "JSON":
            return f"to_json({sql})"
        if kind == "JSON[]":
            return self.each(sql, "j", "to_json(j)")
        return self.cast(sql, kind)


DUCKDB = Dialect()
SPARK = Spark()
