"""The operators of FHIRPath in SQL."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from taihe.fhir import model
from taihe.fhir.fhirpath.tree import Binary
from taihe.fhir.fhirpath.values import CALENDAR_OF_UCUM
from taihe.fhir.views.sql import dates, numbers
from taihe.fhir.views.sql.lists import NeedsDigits
from taihe.fhir.views.sql.value import NOTHING, Value, boolean, text
from taihe.fhir.views.sql.writer import Writer
from taihe.kernel.errors import Unsupported

NUMBERS = ("integer", "decimal")


def binary(w: Writer, node: Binary, focus: Value) -> Value:
    """`left operator right`."""
    operator = node.operator
    left, right = w.write(node.left, focus), w.write(node.right, focus)
    if operator in ("and", "or", "xor", "implies"):
        return boolean(logic(w, operator, w.truth(left), w.truth(right)))
    if operator in ("=", "!="):
        return equal(w, left, right, operator)
    if operator in ("~", "!~"):
        return equivalent(w, left, right, operator)
    if operator in ("<", ">", "<=", ">="):
        return order(w, left, right, operator)
    if operator == "|":
        return distinct(w, joined(w, left, right))
    if operator == "in":
        return member(w, left, right)
    if operator == "contains":
        return member(w, right, left)
    if operator == "&":
        parts = (f"coalesce({as_text(w, w.one(side, '&'))}, '')" for side in (left, right))
        return text(f"({' || '.join(parts)})")
    return arithmetic(w, operator, w.one(left, operator), w.one(right, operator))


def logic(w: Writer, operator: str, a: str, b: str) -> str:
    """Two conditions of which each may be unknown; what the first decides is not asked twice."""
    stops = w.d.stop("").removesuffix(")") in b
    if operator == "implies":
        if stops:
            return w.let(a, lambda x: f"(CASE WHEN NOT {x} THEN true ELSE ((NOT {x}) OR {b}) END)")
        return f"((NOT {a}) OR {b})"
    if operator == "xor":
        return f"({a} != {b})"
    plain = f"({a} {operator.upper()} {b})"
    if not stops:
        return plain
    decided = "NOT " if operator == "and" else ""
    answer = "false" if operator == "and" else "true"
    return w.let(
        a,
        lambda x: f"(CASE WHEN {decided}{x} THEN {answer} ELSE ({x} {operator.upper()} {b}) END)",
    )


def as_text(w: Writer, value: Value) -> str:
    """A value as toString() gives it; null for a structure."""
    if value.kind in ("none", "complex"):
        return w.d.cast("NULL", "VARCHAR")
    if value.kind == "quantity" or (value.kind in ("date", "time") and value.system):
        raise Unsupported("A reckoned date or a quantity as text.", "Answer the view in memory.")
    if value.kind == "decimal":
        if not w.digits:
            raise NeedsDigits
        if value.literal is not None:
            return w.d.text(value.literal)
        if value.computed:
            raise Unsupported("A reckoned number as text.", "Answer the view in memory.")
        return w.let(
            value.sql,
            lambda x: (
                f"(CASE WHEN {numbers.plain(x)} THEN {x} WHEN {x} IS NOT NULL THEN {w.again()} END)"
            ),
        )
    if value.kind in ("boolean", "integer"):
        return w.d.cast(value.sql, "VARCHAR")
    if model.is_a(value.type, "Quantity"):
        raise Unsupported("A quantity as text.", "Answer the view in memory.")
    return value.sql


def _unknown(w: Writer) -> Value:
    return boolean(w.d.cast("NULL", "BOOLEAN"))


def _both_there(a: Value, b: Value, answer: str) -> str:
    return f"(CASE WHEN {a.sql} IS NOT NULL AND {b.sql} IS NOT NULL THEN {answer} END)"


def equal(w: Writer, left: Value, right: Value, operator: str) -> Value:
    """`=` and `!=`; unknown where a side is empty."""
    if "none" in (left.kind, right.kind):
        return _unknown(w)
    if left.choices or right.choices:
        spread = w.spread(left, lambda a: w.spread(right, lambda b: equal(w, a, b, operator)))
        return w.settled(spread)
    a, b = left, right
    if is_quantity(a) or is_quantity(b):
        return boolean(_quantities(w, a, b, operator))
    if a.many or b.many:
        return _equal_lists(w, a, b, operator)
    a, b = w.guarded(a), w.guarded(b)
    return boolean(equal_items(w, a, b, operator))


def equal_items(w: Writer, a: Value, b: Value, operator: str = "=") -> str:
    """Equality of two scalars."""
    if a.kind in NUMBERS and b.kind in NUMBERS:
        return numbers.compared(w, a, b, operator)
    if a.kind != b.kind:
        return _both_there(a, b, "false" if operator == "=" else "true")
    if a.kind in ("date", "time"):
        return dates.compared(w, a, b, operator)
    if a.kind == "complex":
        raise Unsupported("Structures are compared.", "Compare their parts.")
    return f"({a.sql} {operator} {b.sql})"


def _equal_lists(w: Writer, a: Value, b: Value, operator: str) -> Value:
    """Lists are equal when they are as long and each item is."""
    if "complex" in (a.kind, b.kind):
        raise Unsupported("Lists of structures are compared.", "Compare their parts.")
    simple = a.kind == b.kind and a.kind in ("boolean", "integer", "text")
    item, at = w.fresh(), w.fresh()

    def body(x: str, y: str) -> str:
        empty = " OR ".join(f"coalesce({w.d.length(side)}, 0) = 0" for side in (x, y))
        if simple:
            return f"(CASE WHEN {empty} THEN NULL ELSE {x} = {y} END)"
        other = w.d.at(y, f"{w.d.position(at)} + 1")
        same = equal_items(
            w,
            replace(a, sql=item, many=False, holder=None, literal=None),
            replace(b, sql=other, many=False, holder=None, literal=None),
        )
        each = w.d.each(x, item, same, at)
        held = w.let(
            each,
            lambda z: (
                f"(CASE WHEN {w.d.holds(z, 'false')} THEN false "
                f"WHEN {w.d.length(w.d.kept(z, item + 'n', item + 'n IS NULL'))} > 0 THEN NULL "
                "ELSE true END)"
            ),
        )
        return (
            f"(CASE WHEN {empty} THEN NULL WHEN {w.d.length(x)} != {w.d.length(y)} THEN false "
            f"ELSE {held} END)"
        )

    sql = w.let(w.listed(a), lambda x: w.let(w.listed(b), lambda y: body(x, y)))
    return boolean(sql if operator == "=" else f"(NOT {sql})")


def equivalent(w: Writer, left: Value, right: Value, operator: str) -> Value:
    """`~` and `!~`; never unknown."""
    no = "NOT " if operator == "!~" else ""
    if "none" in (left.kind, right.kind):
        other = right if left.kind == "none" else left
        return boolean(f"({no}(NOT {w.exists(other)}))")
    a, b = w.settled(left), w.settled(right)
    if a.many or b.many or a.kind not in ("text", "boolean", "integer", "date", "time"):
        raise Unsupported("~ compares lists, decimals or structures.", "Use =.")
    a, b = w.guarded(a), w.guarded(b)
    neither = f"({a.sql} IS NULL AND {b.sql} IS NULL)"
    if a.kind != b.kind:
        if b.kind in NUMBERS and a.kind in NUMBERS:
            raise Unsupported("~ compares unlike numbers.", "Use =.")
        return boolean(f"({no}{neither})")
    if a.kind == "text":
        x, y = (replace(side, sql=_loose(w, side.sql)) for side in (a, b))
        same = f"({x.sql} = {y.sql})"
    else:
        same = equal_items(w, a, b)
    return boolean(f"({no}coalesce({same}, {neither}))")


def _loose(w: Writer, sql: str) -> str:
    def body(x: str) -> str:
        spaced = w.d.replaced(f"trim({x})", r"\s+", " ")
        return (
            f"(CASE WHEN {w.d.bytes(x)} = length({x}) THEN lower(trim({spaced})) "
            f"WHEN {x} IS NOT NULL THEN {w.again()} END)"
        )

    return w.let(sql, body)


def order(w: Writer, left: Value, right: Value, operator: str) -> Value:
    """`<`, `<=`, `>` and `>=`."""
    if "none" in (left.kind, right.kind):
        return _unknown(w)
    if left.choices or right.choices:
        spread = w.spread(left, lambda a: w.spread(right, lambda b: order(w, a, b, operator)))
        return w.settled(spread)
    a, b = left, right
    if is_quantity(a) or is_quantity(b):
        return boolean(_quantities(w, a, b, operator))
    a, b = w.one(a, operator), w.one(b, operator)
    if a.kind in NUMBERS and b.kind in NUMBERS:
        return boolean(numbers.compared(w, a, b, operator))
    if a.kind == b.kind == "text":
        return boolean(f"({a.sql} {operator} {b.sql})")
    if a.kind == b.kind and a.kind in ("date", "time"):
        return boolean(dates.compared(w, a, b, operator))
    if "quantity" in (a.kind, b.kind):
        raise Unsupported("A quantity has no order with this.", "Compare its value.")
    return boolean(_both_there(a, b, w.stop("Two values of different types have no order.")))


def member(w: Writer, one: Value, many: Value) -> Value:
    """Whether an item is in a collection."""
    if one.kind == "none":
        return _unknown(w)
    single = w.one(one, "in")
    if many.kind == "none":
        return boolean(f"(CASE WHEN {single.sql} IS NOT NULL THEN false END)")
    many = w.settled(many)
    listed = w.filled(many)
    if single.kind == many.kind and single.kind in ("text", "integer", "boolean"):
        held = w.d.holds(listed, single.sql)
    else:
        name = w.fresh()
        item = replace(many, sql=name, many=False, holder=None)
        same = equal_items(w, item, single)
        held = f"({w.d.length(w.d.kept(listed, name, f'coalesce({same}, false)'))} > 0)"
    return boolean(f"(CASE WHEN {single.sql} IS NOT NULL THEN {held} END)")


def joined(w: Writer, left: Value, right: Value) -> Value:
    """Two collections one after the other."""
    if left.kind == "none" or right.kind == "none":
        return right if left.kind == "none" else left
    (a, b), alike = w.merged([w.settled(left), w.settled(right)])
    return replace(alike, sql=w.d.joined(w.filled(a), w.filled(b)), many=True)


def distinct(w: Writer, value: Value) -> Value:
    """A collection without what repeats, in order."""
    if not value.many:
        if value.choices:
            raise Unsupported("What repeats is asked of a choice.", "Use ofType().")
        return value
    if value.choices or value.kind in ("complex", "quantity"):
        raise Unsupported("What repeats among structures.", "Ask it of their parts.")
    item, at, other = w.fresh(), w.fresh(), w.fresh()
    position = w.d.position(at)

    def body(x: str) -> str:
        if value.kind in ("text", "integer", "boolean"):
            return w.d.kept_at(x, item, at, f"{w.d.find(x, item)} = {position} + 1")
        one = replace(value, sql=item, many=False, holder=None, literal=None)
        same = equal_items(w, replace(one, sql=other), one)
        before = w.d.kept(w.d.upto(x, position), other, f"coalesce({same}, false)")
        return w.d.kept_at(x, item, at, f"{w.d.length(before)} = 0")

    return replace(value, sql=w.let(value.sql, body), holder=None)


def arithmetic(w: Writer, operator: str, a: Value, b: Value) -> Value:
    """`+ - * / div mod`."""
    if "none" in (a.kind, b.kind):
        return NOTHING
    if operator == "+" and a.kind == b.kind == "text":
        return text(f"({a.sql} || {b.sql})")
    if a.kind in NUMBERS and b.kind in NUMBERS:
        return numbers.arithmetic(w, operator, a, b)
    if {a.kind, b.kind} & {"date", "time", "quantity", "complex"}:
        raise Unsupported("Dates and quantities are reckoned with.", "Answer the view in memory.")
    raise Unsupported(f"{operator} is not defined for values of these types.", "Convert one.")


# Quantities


def is_quantity(value: Value) -> bool:
    """Whether a value is a quantity: a literal, or an element of such a type."""
    if value.kind == "quantity":
        return True
    return value.kind == "complex" and bool(value.type) and model.is_a(value.type, "Quantity")


def _quantities(w: Writer, a: Value, b: Value, operator: str) -> str:
    """
    Two quantities, or one and a number, where the unit is the same.

    Units that differ are left to the evaluator, which knows UCUM.
    """
    sides: list[tuple[Value, str, str]] = []
    for value in (a, b):
        if not is_quantity(value) and value.kind not in NUMBERS:
            there = [w.exists(a), w.exists(b)]
            answer = {"=": "false", "!=": "true"}.get(
                operator, w.stop("Two values of different types have no order.")
            )
            return f"(CASE WHEN {' AND '.join(there)} THEN {answer} END)"
        sides.append(_quantity(w, value, operator))
    (one, unit, first), (two, other, second) = sides
    ordered = numbers.compared(w, one, two, operator)
    return (
        f"(CASE WHEN NOT ({first} AND {second}) THEN NULL "
        f"WHEN {one.sql} IS NULL OR {two.sql} IS NULL THEN {w.again()} "
        f"WHEN {unit} = {other} THEN {ordered} ELSE {w.again()} END)"
    )


def _quantity(w: Writer, value: Value, operator: str) -> tuple[Value, str, str]:
    """The number of a quantity, its unit in SQL, and whether it is there."""
    if value.kind == "quantity":
        if not value.place or value.place in CALENDAR_OF_UCUM.values():
            raise Unsupported("A quantity is compared with a calendar unit.", "Write it in UCUM.")
        if value.literal is None:
            raise Unsupported("A quantity is worked out before it is used.", "Write its number.")
        number = w.number_literal(Decimal(str(value.literal)))
        return number, w.d.text(value.place), "true"
    if value.kind in NUMBERS:
        number = w.one(value, operator)
        return number, "'1'", f"{number.sql} IS NOT NULL"
    item = w.scalar(value, operator)
    parts = {name: w.child(item, name) for name in ("value", "unit", "system", "code")}
    number = parts["value"]
    if number.kind == "none":
        number = Value(w.d.cast("NULL", "VARCHAR"), "decimal", "decimal")
    return replace(number, holder=None), _unit(w, parts), f"{item.sql} IS NOT NULL"


def _unit(w: Writer, parts: dict[str, Value]) -> str:
    def sql(name: str) -> str:
        return "NULL" if parts[name].kind == "none" else parts[name].sql

    ucum = w.d.text("http://unitsofmeasure.org")
    own = f"(CASE WHEN {sql('system')} = {ucum} THEN {sql('code')} ELSE {sql('unit')} END)"
    return f"coalesce({own}, {sql('code')}, '1')"
