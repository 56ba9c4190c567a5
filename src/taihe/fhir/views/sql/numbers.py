"""
Reckoning with numbers in SQL, exactly.

A decimal is text. It is reckoned with as DECIMAL(18, 8), which holds every number of at most
nine characters; a longer one leaves the view to the evaluator. So does an order that doubles
cannot tell.
"""

from __future__ import annotations

from collections.abc import Callable

from taihe.fhir.views.sql.lists import NeedsDigits, tidy
from taihe.fhir.views.sql.value import Value, decimal, integer
from taihe.fhir.views.sql.writer import Writer
from taihe.kernel.errors import Unsupported

_SHORT = 9
_SURE = 15
_SCALE = 100_000_000


def double(w: Writer, value: Value) -> str:
    """A number as a double, for its order."""
    if value.kind == "integer" or not w.digits:
        return value.sql
    return w.d.cast(value.literal or value.sql, "DOUBLE")


def compared(w: Writer, a: Value, b: Value, operator: str) -> str:
    """An order or equality of two numbers."""
    if a.kind == b.kind == "integer" or not w.digits:
        return f"({a.sql} {operator} {b.sql})"

    def body(x: str, y: str) -> str:
        first = double(w, Value(x, a.kind, a.type, literal=a.literal))
        second = double(w, Value(y, b.kind, b.type, literal=b.literal))
        long = " OR ".join(
            f"length({side}) > {_SURE}"
            for side, value in ((x, a), (y, b))
            if value.kind == "decimal" and value.literal is None
        )
        order = f"{first} {operator} {second}"
        if not long:
            return f"({order})"
        return f"(CASE WHEN ({long}) AND {first} = {second} THEN {w.again()} ELSE {order} END)"

    return w.let(a.sql, lambda x: w.let(b.sql, lambda y: body(x, y)))


def plain(x: str) -> str:
    """Whether a number is written without an exponent."""
    return f"NOT contains({x}, 'e') AND NOT contains({x}, 'E')"


def short(w: Writer, value: Value) -> str:
    """A number as DECIMAL(18, 8)."""
    if value.kind == "decimal" and not w.digits:
        raise NeedsDigits
    if value.literal is not None and len(value.literal) <= _SHORT:
        return w.d.cast(value.literal, "DECIMAL(18,8)")

    def body(x: str) -> str:
        size = f"length({w.d.cast(x, 'VARCHAR') if value.kind == 'integer' else x}) <= {_SHORT}"
        if value.kind == "decimal":
            size += f" AND {plain(x)}"
        return (
            f"(CASE WHEN {size} THEN {w.d.cast(x, 'DECIMAL(18,8)')} "
            f"WHEN {x} IS NOT NULL THEN {w.again()} END)"
        )

    return w.let(value.sql, body)


def _scaled(w: Writer, value: Value) -> str:
    factor = w.d.cast(str(_SCALE), "DECIMAL(10,0)")
    return w.d.wide(f"{short(w, value)} * {factor}")


def arithmetic(w: Writer, operator: str, a: Value, b: Value) -> Value:
    """`+ - * / div mod` of two numbers; null where there is no result."""
    whole = a.kind == b.kind == "integer"
    if operator == "/":
        return decimal(_both(w, a, b, _divided))
    if operator in ("div", "mod"):
        return _parted(w, operator, a, b, whole)
    if whole:
        return integer(f"({a.sql} {operator} {b.sql})")
    return decimal(tidy(w, f"({short(w, a)} {operator} {short(w, b)})"))


def _both(w: Writer, a: Value, b: Value, body: Callable[[Writer, str, str], str]) -> str:
    return w.let(_scaled(w, a), lambda x: w.let(_scaled(w, b), lambda y: body(w, x, y)))


def _divided(w: Writer, a: str, b: str) -> str:
    """A quotient to eight decimals, half to even, as text."""
    above, below = f"(abs({a}) * {w.d.wide(str(_SCALE))})", f"abs({b})"

    def rounded(q: str) -> str:
        rest = f"({above} % {below})"
        up = f"(2 * {rest} > {below} OR (2 * {rest} = {below} AND {q} % 2 = 1))"
        return f"({q} + CASE WHEN {up} THEN 1 ELSE 0 END)"

    def shown(q: str) -> str:
        scale = w.d.wide(str(_SCALE))
        whole = w.d.cast(w.d.quotient(q, scale), "VARCHAR")
        part = f"lpad({w.d.cast(w.d.wide(f'{q} % {scale}'), 'VARCHAR')}, 8, '0')"
        sign = f"(CASE WHEN ({a} < 0) != ({b} < 0) AND {q} != 0 THEN '-' ELSE '' END)"
        return tidy(w, f"({sign} || {whole} || '.' || {part})")

    found = w.let(w.d.quotient(above, below), lambda q: w.let(w.d.wide(rounded(q)), shown))
    return f"(CASE WHEN {b} != 0 THEN {found} END)"


def _parted(w: Writer, operator: str, a: Value, b: Value, whole: bool) -> Value:
    if whole:

        def cut(x: str, y: str) -> str:
            rest = f"({x} % nullif({y}, 0))"
            if operator == "mod":
                return rest
            return w.d.cast(f"({w.d.quotient(f'({x} - {rest})', f'nullif({y}, 0)')})", "BIGINT")

        return integer(w.let(a.sql, lambda x: w.let(b.sql, lambda y: cut(x, y))))

    def scaled(w: Writer, x: str, y: str) -> str:
        rest = f"({x} % nullif({y}, 0))"
        if operator == "div":
            return w.d.cast(w.d.quotient(f"({x} - {rest})", f"nullif({y}, 0)"), "BIGINT")
        size = w.d.cast(rest, "DECIMAL(20,0)")
        part = f"{size} * {w.d.cast('0.00000001', 'DECIMAL(8,8)')}"
        return tidy(w, f"({part})")

    found = _both(w, a, b, scaled)
    return integer(found) if operator == "div" else decimal(found)


def rounded(w: Writer, value: Value, function: str) -> Value:
    """ceiling, floor and truncate."""
    if value.kind == "integer":
        return integer(value.sql)
    return integer(w.d.cast(f"{function}({short(w, value)})", "BIGINT"))


def round_to(w: Writer, value: Value, places: int) -> Value:
    """round(): halves away from zero."""
    if places > 8:
        raise Unsupported("round() to more than eight places.", "")
    return decimal(tidy(w, f"round({short(w, value)}, {places})"))


def without_sign(w: Writer, value: Value) -> Value:
    """abs()."""
    if value.kind == "integer":
        return integer(f"abs({value.sql})")
    if not w.digits:
        raise NeedsDigits
    minus = w.d.text("-")
    sql = w.let(
        value.sql,
        lambda x: f"(CASE WHEN {w.d.starts(x, minus)} THEN substr({x}, 2) ELSE {x} END)",
    )
    return Value(sql, "decimal", "Decimal", system=True, computed=value.computed)


def boundary(w: Writer, value: Value, places: int | None, high: bool) -> Value:
    """The least or greatest number that the written digits may mean."""
    if value.kind == "decimal" and not w.digits:
        raise NeedsDigits
    if value.computed:
        raise Unsupported("The boundary of a number that was reckoned.", "")
    places = 8 if places is None else places
    sign = "+" if high else "-"

    def body(x: str) -> str:
        written = w.d.cast(x, "VARCHAR") if value.kind == "integer" else x
        digits = f"length(split_part({written}, '.', 2))"
        halves = " ".join(
            f"WHEN {n} THEN {w.d.cast('0.' + '0' * n + '5', 'DECIMAL(18,8)')}"
            for n in range(min(8, max(places, 1)))
        )
        fits = f"length({written}) <= {_SHORT} AND {digits} < {min(8, places)} AND {plain(written)}"
        edge = f"({w.d.cast(x, 'DECIMAL(18,8)')} {sign} CASE {digits} {halves} END)"
        shown = w.d.cast(w.d.cast(edge, f"DECIMAL(20,{min(places, 8)})"), "VARCHAR")
        return f"(CASE WHEN {fits} THEN {shown} WHEN {x} IS NOT NULL THEN {w.again()} END)"

    if places > 8 or places < 1:
        raise Unsupported("A boundary to fewer than one or more than eight places.", "")
    return Value(w.let(value.sql, body), "decimal", "Decimal", system=True)
