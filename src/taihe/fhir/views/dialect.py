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

    def let(self, sql: str, name: str, body: str) -> str:
        """A value under a name, so that an expression may say it twice and compute it once."""
        return f"list_transform([{sql}], lambda {name}: {body})[1]"

    def kept_at(self, source: str, item: str, at: str, condition: str) -> str:
        """The items for which a condition on them and their position is true."""
        return f"list_filter({source}, lambda {item}, {at}: {condition})"

    def after(self, source: str, count: str) -> str:
        """A list without its first items."""
        return f"{source}[({count}) + 1:]"

    def upto(self, source: str, count: str) -> str:
        """The first items of a list."""
        return f"{source}[1:({count})]"

    def find(self, source: str, item: str) -> str:
        """The position of an item in a list, from 1."""
        return f"list_position({source}, {item})"

    def bytes(self, text: str) -> str:
        """How many bytes a text has in UTF-8."""
        return f"strlen({text})"

    def index_of(self, text: str, part: str) -> str:
        """The position of a part in a text, from 1; 0 where it is not there."""
        return f"strpos({text}, {part})"

    def replaced(self, text: str, pattern: str, template: str) -> str:
        """A text with every match of a pattern replaced; groups are written \\1."""
        return f"regexp_replace({text}, {self.text(pattern)}, {self.text(template)}, 'sg')"

    def found(self, text: str, pattern: str, group: int = 0) -> str:
        """The first match of a pattern, or one of its groups; empty where there is none."""
        return f"regexp_extract({text}, {self.text(pattern)}, {group})"

    def micros(self, text: str) -> str:
        """A date and time with a zone as microseconds since 1970."""
        return f"epoch_us(TRY_CAST({text} AS TIMESTAMPTZ))"

    def month_end(self, date: str) -> str:
        """The last day of the month of a date written YYYY-MM-DD, as text."""
        return f"CAST(last_day(CAST({date} AS DATE)) AS VARCHAR)"

    def wide(self, sql: str) -> str:
        """A whole number of up to 38 digits."""
        return f"CAST({sql} AS HUGEINT)"

    def quotient(self, a: str, b: str) -> str:
        """The whole quotient of two positive whole numbers."""
        return f"({a} // {b})"

    def chars(self, text: str) -> str:
        """The characters of a text as a list."""
        return f"string_split({text}, '')"

    def split(self, text: str, at: str) -> str:
        """A text cut at every place where another is, as a list."""
        return f"string_split({text}, {at})"

    def hex(self, text: str) -> str:
        """The bytes of a text in UTF-8 as hexadecimal digits."""
        return f"lower(hex(encode({text})))"

    def base64(self, text: str) -> str:
        """The bytes of a text in UTF-8 as base64."""
        return f"to_base64(encode({text}))"

    def without_zeros(self, digits: str) -> str:
        """Digits with a point, without final zeros and without a final point."""
        return f"rtrim(rtrim({digits}, '0'), '.')"

    def token(self, sql: str) -> str:
        """A value as JSON text."""
        return f"CAST(to_json({sql}) AS VARCHAR)"


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

    def let(self, sql: str, name: str, body: str) -> str:
        return f"transform(array({sql}), {name} -> {body})[0]"

    def kept_at(self, source: str, item: str, at: str, condition: str) -> str:
        return f"filter({source}, ({item}, {at}) -> {condition})"

    def after(self, source: str, count: str) -> str:
        left = f"greatest(array_size({source}) - ({count}), 0)"
        return f"slice({source}, CAST(({count}) + 1 AS INT), CAST({left} AS INT))"

    def upto(self, source: str, count: str) -> str:
        return f"slice({source}, 1, CAST({count} AS INT))"

    def find(self, source: str, item: str) -> str:
        return f"array_position({source}, {item})"

    def bytes(self, text: str) -> str:
        return f"octet_length({text})"

    def index_of(self, text: str, part: str) -> str:
        return f"locate({part}, {text})"

    def replaced(self, text: str, pattern: str, template: str) -> str:
        template = template.replace("\\\\", "\0").replace("$", "\\$")
        for group in "123456789":
            template = template.replace(f"\\{group}", f"${group}")
        template = template.replace("\0", "\\\\")
        return f"regexp_replace({text}, {self.text('(?s)' + pattern)}, {self.text(template)})"

    def found(self, text: str, pattern: str, group: int = 0) -> str:
        return f"regexp_extract({text}, {self.text(pattern)}, {group})"

    def micros(self, text: str) -> str:
        return f"unix_micros(try_cast({text} AS TIMESTAMP))"

    def month_end(self, date: str) -> str:
        return f"CAST(last_day(CAST({date} AS DATE)) AS STRING)"

    def wide(self, sql: str) -> str:
        return f"CAST({sql} AS DECIMAL(38,0))"

    def quotient(self, a: str, b: str) -> str:
        return f"CAST(({a} div {b}) AS DECIMAL(38,0))"

    def chars(self, text: str) -> str:
        return f"split({text}, '')"

    def split(self, text: str, at: str) -> str:
        return f"split({text}, concat('\\\\Q', {at}, '\\\\E'), -1)"

    def hex(self, text: str) -> str:
        return f"lower(hex({text}))"

    def base64(self, text: str) -> str:
        return f"base64(CAST({text} AS BINARY))"

    def without_zeros(self, digits: str) -> str:
        return f"rtrim('.', rtrim('0', {digits}))"

    def token(self, sql: str) -> str:
        listed = f"to_json(array({sql}))"
        return f"substr({listed}, 2, length({listed}) - 2)"


DUCKDB = Dialect()
SPARK = Spark()
