"""Order, equality and boundaries of dates and times in SQL; they are the text FHIR writes."""

from __future__ import annotations

import re

from taihe.fhir.views.sql.value import Value
from taihe.fhir.views.sql.writer import Writer
from taihe.kernel.errors import Unsupported

_FOURTEEN_HOURS = 14 * 60
_ZONE = re.compile(r"(Z|[+-]\d\d:\d\d)$")
_MINUTE = 60_000_000


def compared(w: Writer, a: Value, b: Value, operator: str) -> str:
    """
    `=`, `<` and so on of two dates, or of two times; null where the precision does not say.

    Two moments compare in UTC; with and without a zone they compare only beyond fourteen
    hours (FHIRPath, equality and comparison of DateTime).
    """
    if a.kind == "time":
        return w.let(_time(w, a), lambda x: w.let(_time(w, b), lambda y: _vague(w, x, y, operator)))
    for side, other, turned in ((b, a, False), (a, b, True)):
        if side.literal is not None and other.literal is None:
            return w.let(other.sql, lambda x, s=side, t=turned: _with(w, x, s, operator, t))  # type: ignore[misc]
    return w.let(
        a.sql,
        lambda x: w.let(
            b.sql,
            lambda y: (
                f"(CASE WHEN length({x}) > 10 AND length({y}) > 10 "
                f"THEN {_moments(w, x, y, operator)} ELSE {_vague(w, x, y, operator)} END)"
            ),
        ),
    )


def _time(w: Writer, value: Value) -> str:
    def body(x: str) -> str:
        plain = w.d.without_zeros(x)
        return f"(CASE WHEN contains({x}, '.') THEN {plain} ELSE {x} END)"

    return w.let(value.sql, body)


def _vague(w: Writer, x: str, y: str, operator: str) -> str:
    """Two texts of which one may be less precise."""
    return (
        f"(CASE WHEN length({x}) != length({y}) AND ({w.d.starts(x, y)} OR {w.d.starts(y, x)}) "
        f"THEN NULL ELSE {x} {operator} {y} END)"
    )


def _zoned(x: str) -> str:
    return f"(right({x}, 1) = 'Z' OR substr({x}, length({x}) - 5, 1) IN ('+', '-'))"


def _micros(w: Writer, x: str) -> str:
    return w.d.micros(f"(CASE WHEN {_zoned(x)} THEN {x} ELSE {x} || 'Z' END)")


def _moments(w: Writer, x: str, y: str, operator: str) -> str:
    def body(a: str, b: str) -> str:
        apart = f"abs(floor({a} / {_MINUTE}) - floor({b} / {_MINUTE})) <= {_FOURTEEN_HOURS}"
        return (
            f"(CASE WHEN {_zoned(x)} != {_zoned(y)} AND {apart} THEN NULL "
            f"ELSE {a} {operator} {b} END)"
        )

    return w.let(_micros(w, x), lambda a: w.let(_micros(w, y), lambda b: body(a, b)))


def _with(w: Writer, x: str, side: Value, operator: str, turned: bool) -> str:
    """A date of the data with one of the view, of which the form is known."""
    written = str(side.literal).removesuffix("T")
    y = w.d.text(written)

    def order(a: str, b: str) -> str:
        return f"{b} {operator} {a}" if turned else f"{a} {operator} {b}"

    if len(written) <= 10:
        size = len(written)
        return (
            f"(CASE WHEN length({x}) = {size} THEN {order(x, y)} "
            f"WHEN {w.d.starts(x, y)} OR {w.d.starts(y, x)} THEN NULL ELSE {order(x, y)} END)"
        )
    zone = _ZONE.search(written)
    plain = written[: zone.start()] if zone else written
    unit = {13: 60 * _MINUTE, 16: _MINUTE}.get(len(plain), 1)
    if unit != 1 and zone and zone[0] != "Z" and not zone[0].endswith(":00"):
        raise Unsupported("A time of the view is coarser than its zone.", "Write its minutes.")
    full = plain + {13: ":00:00", 16: ":00"}.get(len(plain), "") + (zone[0] if zone else "Z")
    theirs = w.d.micros(w.d.text(full))
    zoned = "true" if zone else "false"

    def body(m: str) -> str:
        apart = f"abs(floor({m} / {_MINUTE}) - floor({theirs} / {_MINUTE})) <= {_FOURTEEN_HOURS}"
        tail = order(m, theirs)
        if unit != 1:
            same = f"floor({m} / {unit}) = floor({theirs} / {unit})"
            tail = f"(CASE WHEN {same} THEN NULL ELSE {tail} END)"
        return f"(CASE WHEN {_zoned(x)} != {zoned} AND {apart} THEN NULL ELSE {tail} END)"

    later = w.let(_micros(w, x), body)
    return (
        f"(CASE WHEN length({x}) > 10 THEN {later} ELSE {_vague_order(w, x, y, order(x, y))} END)"
    )


def _vague_order(w: Writer, x: str, y: str, order: str) -> str:
    return f"(CASE WHEN {w.d.starts(x, y)} OR {w.d.starts(y, x)} THEN NULL ELSE {order} END)"


def boundary(w: Writer, value: Value, high: bool) -> Value:
    """The least or greatest date, moment or time that a value may mean, as precise as can be."""
    if value.system:
        raise Unsupported("The boundary of a date that was reckoned.", "")
    if value.kind == "time":
        return Value(w.let(value.sql, lambda x: _time_edge(w, x, high)), "time", "Time",
                     system=True)  # fmt: skip
    day = w.let(value.sql, lambda x: _day_edge(w, x, high))
    if value.type == "date":
        return Value(day, "date", "Date", system=True)
    clock = "T23:59:59.999-12:00" if high else "T00:00:00.000+14:00"
    sql = w.let(
        value.sql,
        lambda x: (
            f"(CASE WHEN length({x}) <= 10 THEN {_day_edge(w, x, high)} || '{clock}' "
            f"WHEN {x} IS NOT NULL THEN {_moment_edge(w, x, high)} END)"
        ),
    )
    return Value(sql, "date", "DateTime", system=True)


def _day_edge(w: Writer, x: str, high: bool) -> str:
    month = w.d.month_end(f"{x} || '-01'") if high else f"{x} || '-01'"
    year = "'-12-31'" if high else "'-01-01'"
    return (
        f"(CASE length({x}) WHEN 4 THEN {x} || {year} WHEN 7 THEN {month} "
        f"WHEN 10 THEN {x} ELSE {_unless_null(w, x)} END)"
    )


def _unless_null(w: Writer, x: str) -> str:
    return f"(CASE WHEN {x} IS NOT NULL THEN {w.again()} END)"


def _fraction(w: Writer, part: str, x: str, high: bool) -> str:
    """A fraction of a second in three digits; `part` has its point, or is empty."""
    fill = "9" if high else "0"
    return (
        f"(CASE length({part}) WHEN 0 THEN '.{fill * 3}' WHEN 2 THEN {part} || '{fill * 2}' "
        f"WHEN 3 THEN {part} || '{fill}' WHEN 4 THEN {part} ELSE {_unless_null(w, x)} END)"
    )


def _time_edge(w: Writer, x: str, high: bool) -> str:
    edge = _fraction(w, f"substr({x}, 9)", x, high)
    return (
        f"(CASE WHEN length({x}) >= 8 THEN left({x}, 8) || {edge} "
        f"WHEN {x} IS NOT NULL THEN {w.again()} END)"
    )


def _moment_edge(w: Writer, x: str, high: bool) -> str:
    zone = w.d.found(x, r"(Z|[+-]\d\d:\d\d)$", 1)
    shown = f"(CASE WHEN {zone} IN ('+00:00', '-00:00') THEN 'Z' ELSE {zone} END)"
    part = w.d.found(x, r"^.{19}(\.\d+)?", 1)
    whole = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"
    return (
        f"(CASE WHEN {w.d.matches(x, w.d.text(whole))} "
        f"THEN left({x}, 19) || {_fraction(w, part, x, high)} || {shown} ELSE {w.again()} END)"
    )
