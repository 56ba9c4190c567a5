"""What every value of a view's query can be asked: its items, its number, whether it is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from taihe.fhir.fhirpath.values import parse_temporal
from taihe.fhir.views.dialect import Dialect
from taihe.fhir.views.sql.value import Value, choice
from taihe.kernel.errors import Unsupported

AGAIN = "taihe: answer by function"
"""What a query says when data turns up that only the evaluator can answer for exactly."""
STOP = "taihe: "
LONG = 48


class NeedsDigits(Exception):
    """The view does more with decimals than compare and copy them: read them as written."""


class Lists:
    """
    Values as lists and as scalars.

    `digits` says that decimals are read as the text they are written with, not as doubles;
    `root` is the resource, `index` the SQL of `$index`.
    """

    def __init__(self, root: Value, dialect: Dialect, digits: bool) -> None:
        self.root = root
        self.d = dialect
        self.digits = digits
        self.count = 0
        self.index: str | None = None

    def fresh(self) -> str:
        """A name that nothing else in the query has."""
        self.count += 1
        return f"x{self.count}"

    def again(self) -> str:
        """An expression that stops the query: the evaluator has to answer the view."""
        return self.d.stop(self.d.text(AGAIN))

    def stop(self, problem: str) -> str:
        """An expression that stops the query with a problem of the data or the view."""
        return self.d.stop(self.d.text(STOP + problem))

    def let(self, sql: str, body: Callable[[str], str]) -> str:
        """An expression that says another one several times, and computes it once."""
        if len(sql) <= LONG and "->" not in sql and "lambda" not in sql:
            return body(sql)
        name = self.fresh()
        return self.d.let(sql, name, body(name))

    # Lists and scalars

    def each(self, value: Value, body: Callable[[Value], Value], *, indexed: bool = False) -> Value:
        """The results of `body` on every item, as one flat collection."""
        if value.kind == "none":
            return value
        if value.choices:
            return choice([self.each(form, body, indexed=indexed) for form in value.choices])
        if not value.many:
            outer, self.index = self.index, "0" if indexed else self.index
            try:
                return body(value)
            finally:
                self.index = outer
        name, at = self.fresh(), self.fresh() if indexed else ""
        outer, self.index = self.index, self.d.position(at) if at else self.index
        try:
            inner = body(replace(value, sql=name, many=False, holder=None))
        finally:
            self.index = outer
        if inner.choices:
            forms = tuple(self.lifted(value.sql, name, form, at) for form in inner.choices)
            return replace(inner, sql="", many=True, choices=forms)
        return self.lifted(value.sql, name, inner, at)

    def lifted(self, source: str, name: str, inner: Value, at: str = "") -> Value:
        """The values of an expression over each item, without what is missing."""
        if inner.kind == "none":
            return inner
        inner = self.guarded(inner)
        mapped = self.d.each(source, name, inner.sql, at)
        if inner.many:
            return replace(inner, sql=self.d.flat(mapped), many=True, holder=None)
        other = self.fresh()
        kept = self.d.kept(mapped, other, f"{other} IS NOT NULL")
        return replace(inner, sql=kept, many=True, holder=None)

    def beside_sql(self, value: Value) -> str:
        """The object beside a primitive as SQL; "" when there cannot be one."""
        if value.holder is None:
            return ""
        holder, key = value.holder
        if holder.schema is None or not holder.schema.has("_" + key):
            return ""
        holder.schema.child("_" + key, many=False, leaf="JSON")
        return f"{holder.sql}.{self.d.name('_' + key)}"

    def guarded(self, value: Value) -> Value:
        """A primitive that is asked for its value: one with an extension only is not SQL's."""
        beside = self.beside_sql(value) if not value.many else ""
        if not beside:
            return value
        sql = (
            f"(CASE WHEN {value.sql} IS NULL AND {beside} IS NOT NULL "
            f"THEN {self.again()} ELSE {value.sql} END)"
        )
        return replace(value, sql=sql, holder=None)

    def listed(self, value: Value) -> str:
        """The value as a list; null or empty when there is nothing."""
        if value.kind == "none":
            return self.d.empty("VARCHAR[]")
        value = self.settled(value)
        if value.many:
            return value.sql
        value = self.guarded(value)
        return f"(CASE WHEN {value.sql} IS NOT NULL THEN {self.d.array(value.sql)} END)"

    def filled(self, value: Value) -> str:
        """The value as a list that is never null."""
        if value.kind == "none":
            return self.d.empty("VARCHAR[]")
        return f"coalesce({self.listed(value)}, {self.d.empty()})"

    def settled(self, value: Value) -> Value:
        """A choice as one value, where all its forms are alike in SQL."""
        if not value.choices:
            return value
        if value.many:
            raise Unsupported("A value needs the type of a choice.", "Use ofType() before it.")
        forms, alike = self.merged(list(value.choices))
        return replace(alike, sql=f"coalesce({', '.join(form.sql for form in forms)})")

    def spread(self, value: Value, body: Callable[[Value], Value]) -> Value:
        """What `body` gives for a value; for each form of a choice, of which one is there."""
        if not value.choices:
            return body(value)
        if value.many:
            raise Unsupported("A value needs the type of a choice.", "Use ofType() before it.")
        return choice([body(form) for form in value.choices])

    def merged(self, values: list[Value]) -> tuple[list[Value], Value]:
        """
        Values in a form that they share, and what is known of any of them.

        Raises Unsupported where they are unlike, or structures.
        """
        kinds = {value.kind for value in values}
        first = values[0]
        if kinds == {"integer", "decimal"}:
            kind = "decimal"
        elif len(kinds) == 1 and not kinds & {"complex", "quantity"}:
            kind = first.kind
        else:
            raise Unsupported("Unlike things are put together, or structures.", "Use ofType().")
        made = [self._as_kind(self.guarded(value), kind) for value in values]
        types = {value.type for value in values}
        reckoned = kind == "decimal" and any(v.system or v.computed for v in values)
        return made, Value(
            "", kind, first.type if len(types) == 1 else "", system=all(v.system for v in values),
            computed=reckoned,
        )  # fmt: skip

    def _as_kind(self, value: Value, kind: str) -> Value:
        if kind == "date" and value.system and value.literal is not None:
            shown = str(parse_temporal(value.literal, value.type))
            if self.d.text(shown) != value.sql:
                raise Unsupported("A date and time without a time stands among others.", "")
        if value.kind == kind != "decimal" or kind != "decimal":
            return value
        wanted = "VARCHAR" if self.digits else "DOUBLE"

        def body(x: str) -> str:
            if value.kind == "integer":
                return self.d.cast(x, wanted)
            if value.system and not value.computed and self.digits:
                return tidy(self, x)
            return x

        if not value.many:
            return replace(value, sql=body(value.sql), kind=kind)
        name = self.fresh()
        return replace(value, sql=self.d.each(value.sql, name, body(name)), kind=kind)

    def exists(self, value: Value) -> str:
        """Whether there is something."""
        if value.choices:
            return "(" + " OR ".join(self.exists(form) for form in value.choices) + ")"
        if value.kind == "none":
            return "false"
        if value.many:
            return f"(coalesce({self.d.length(value.sql)}, 0) > 0)"
        if value.sql == self.root.sql:
            return "true"
        beside = self.beside_sql(value)
        more = f" OR {beside} IS NOT NULL" if beside else ""
        return f"({value.sql} IS NOT NULL{more})"

    def length(self, value: Value) -> str:
        """How many items there are."""
        if value.choices:
            return "(" + " + ".join(self.length(form) for form in value.choices) + ")"
        if value.kind == "none":
            return "0"
        if value.many:
            return f"coalesce({self.d.length(value.sql)}, 0)"
        return f"(CASE WHEN {self.exists(value)} THEN 1 ELSE 0 END)"

    def one(self, value: Value, what: str) -> Value:
        """The value as a scalar; a list with more than one item stops the query."""
        return self.guarded(self.scalar(self.settled(value), what))

    def scalar(self, value: Value, what: str) -> Value:
        """The value as a scalar that may be a primitive without a value."""
        if not value.many:
            return value
        problem = f"{what} takes one item and there are several; use first() or collection."

        def body(items: str) -> str:
            many, first = f"{self.d.length(items)} > 1", self.d.at(items, "1")
            return f"(CASE WHEN {many} THEN {self.stop(problem)} ELSE {first} END)"

        return replace(value, sql=self.let(value.sql, body), many=False)

    def truth(self, value: Value) -> str:
        """A value as a condition; what is there and no boolean counts as true."""
        if value.choices and value.many:
            raise Unsupported("A condition is a choice without its type.", "Use ofType().")
        if value.choices:
            forms = [self.truth(form) for form in value.choices]
            return f"coalesce({', '.join(forms)})"
        single = self.one(value, "A condition")
        if single.kind == "none":
            return self.d.cast("NULL", "BOOLEAN")
        if single.kind != "boolean":
            return f"(CASE WHEN {single.sql} IS NOT NULL THEN true END)"
        return single.sql


def tidy(w: Lists, sql: str) -> str:
    """A number as text without final zeros."""

    def body(x: str) -> str:
        cut = w.d.without_zeros(x)
        return (
            f"(CASE WHEN contains({x}, '.') THEN (CASE WHEN {cut} = '-0' THEN '0' "
            f"ELSE {cut} END) WHEN {x} = '-0' THEN '0' ELSE {x} END)"
        )

    return w.let(w.d.cast(sql, "VARCHAR"), body)
