"""The functions of FHIRPath on numbers, their boundaries, and conversions, in SQL."""

from __future__ import annotations

from dataclasses import replace

from taihe.fhir.fhirpath.tree import Call, Literal
from taihe.fhir.views.sql import dates, numbers
from taihe.fhir.views.sql.lists import NeedsDigits
from taihe.fhir.views.sql.operators import NUMBERS, as_text, is_quantity
from taihe.fhir.views.sql.value import NOTHING, Value, boolean, choice, integer, text
from taihe.fhir.views.sql.writer import Function, Writer
from taihe.kernel.errors import Unsupported


def converted(w: Writer, name: str, source: Value) -> Value:
    """toString() and its like of one item."""
    if source.kind == "none":
        return NOTHING
    value = w.one(source, f"to{name}()")
    if is_quantity(value) or value.kind == "complex":
        raise Unsupported(f"to{name}() of a structure.", "")
    if name == "String":
        return text(as_text(w, value))
    if name in ("Integer", "Long"):
        return _to_integer(w, value)
    if name == "Decimal":
        return _to_decimal(w, value)
    if name == "Boolean":
        return _to_boolean(w, value)
    if name == "Date" and value.kind == "date" and not value.system:
        return Value(f"left({value.sql}, 10)", "date", "Date", system=True)
    raise Unsupported(f"to{name}() cannot be written as SQL.", "Answer the view in memory.")


def _to_integer(w: Writer, value: Value) -> Value:
    if value.kind == "boolean":
        return integer(w.d.cast(value.sql, "BIGINT"))
    if value.kind == "integer":
        return integer(value.sql)
    if value.kind != "text":
        return NOTHING

    def body(x: str) -> str:
        fits = w.d.matches(x, w.d.text("^[+-]?[0-9]{1,18}$"))
        longer = w.d.matches(x, w.d.text(r"^[+-]?\p{Nd}+$"))
        return f"(CASE WHEN {fits} THEN {w.d.cast(x, 'BIGINT')} WHEN {longer} THEN {w.again()} END)"

    return integer(w.let(value.sql, body))


def _to_decimal(w: Writer, value: Value) -> Value:
    if value.kind in NUMBERS:
        return replace(value, holder=None, system=True, literal=None,
                       type="Integer" if value.kind == "integer" else "Decimal")  # fmt: skip
    if not w.digits:
        raise NeedsDigits
    if value.kind == "boolean":
        sql = f"(CASE WHEN {value.sql} THEN '1.0' WHEN NOT {value.sql} THEN '0.0' END)"
        return Value(sql, "decimal", "Decimal", system=True)
    if value.kind != "text":
        return NOTHING

    def body(x: str) -> str:
        plain = w.d.matches(x, w.d.text(r"^-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?$"))
        other = w.d.matches(x, w.d.text(r"^[+-]?\p{Nd}+(\.\p{Nd}+)?$"))
        return f"(CASE WHEN {plain} THEN {x} WHEN {other} THEN {w.again()} END)"

    return Value(w.let(value.sql, body), "decimal", "Decimal", system=True)


def _to_boolean(w: Writer, value: Value) -> Value:
    if value.kind == "boolean":
        return boolean(value.sql)
    if value.kind == "integer":
        return boolean(f"(CASE {value.sql} WHEN 0 THEN false WHEN 1 THEN true END)")
    if value.kind == "decimal":
        number = numbers.double(w, value)
        return boolean(f"(CASE {number} WHEN 0 THEN false WHEN 1 THEN true END)")
    if value.kind != "text":
        return NOTHING
    yes, no = "('true', 't', 'yes', 'y', '1', '1.0')", "('false', 'f', 'no', 'n', '0', '0.0')"
    return boolean(
        w.let(
            f"lower({value.sql})",
            lambda x: f"(CASE WHEN {x} IN {yes} THEN true WHEN {x} IN {no} THEN false END)",
        )
    )


def _conversion(name: str) -> Function:
    def write(w: Writer, source: Value, node: Call, focus: Value) -> Value:
        if node.arguments:
            raise Unsupported(f"to{name}() with a unit.", "")
        return converted(w, name, source)

    return write


def _convertible(name: str) -> Function:
    def write(w: Writer, source: Value, node: Call, focus: Value) -> Value:
        if source.kind == "none":
            return NOTHING
        value = w.one(source, f"convertsTo{name}()")
        found = converted(w, name, value)
        answer = "false" if found.kind == "none" else f"({found.sql} IS NOT NULL)"
        return boolean(f"(CASE WHEN {value.sql} IS NOT NULL THEN {answer} END)")

    return write


# Mathematics and boundaries


def _number(w: Writer, source: Value, node: Call) -> Value:
    value = w.one(source, f"{node.name}()")
    if value.kind in NUMBERS or value.kind == "none":
        return value
    stop = w.stop(f"{node.name}() takes a number.")
    return integer(f"(CASE WHEN {w.exists(value)} THEN {stop} END)")


def _whole(function: str) -> Function:
    def write(w: Writer, source: Value, node: Call, focus: Value) -> Value:
        value = _number(w, source, node)
        return value if value.kind == "none" else numbers.rounded(w, value, function)

    return write


def _round(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    value = _number(w, source, node)
    places = 0
    if node.arguments:
        argument = node.arguments[0]
        if not isinstance(argument, Literal) or argument.kind != "Integer":
            raise Unsupported("round() takes a number of places that is known.", "")
        places = int(argument.value)
    return value if value.kind == "none" else numbers.round_to(w, value, places)


def _abs(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    value = _number(w, source, node)
    return value if value.kind == "none" else numbers.without_sign(w, value)


def _boundary(high: bool) -> Function:
    def write(w: Writer, source: Value, node: Call, focus: Value) -> Value:
        if source.choices:
            return choice([write(w, form, node, focus) for form in source.choices])
        if source.kind in ("none", "text", "boolean"):
            return NOTHING
        if source.many and source.kind != "complex":
            source = w.one(source, f"{node.name}()")
        places = None
        if node.arguments:
            argument = node.arguments[0]
            if not isinstance(argument, Literal) or argument.kind != "Integer":
                raise Unsupported("A boundary takes a precision that is known.", "")
            places = int(argument.value)
        if source.kind in NUMBERS:
            return numbers.boundary(w, w.guarded(source), places, high)
        if source.kind in ("date", "time") and places is None:
            return dates.boundary(w, w.guarded(source), high)
        raise Unsupported("This boundary cannot be written as SQL.", "Answer it in memory.")

    return write


NUMBERS_AND_KINDS: dict[str, Function] = {
    "abs": _abs,
    "ceiling": _whole("ceil"),
    "floor": _whole("floor"),
    "truncate": _whole("trunc"),
    "round": _round,
    "lowBoundary": _boundary(False),
    "highBoundary": _boundary(True),
    **{
        f"{way}{name}": make(name)
        for way, make in (("to", _conversion), ("convertsTo", _convertible))
        for name in ("String", "Integer", "Long", "Decimal", "Boolean", "Date")
    },
}
