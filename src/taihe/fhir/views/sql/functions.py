"""The functions of FHIRPath in SQL, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from taihe.fhir.fhirpath.tree import Literal, Member, Node
from taihe.fhir.views.dialect import Dialect
from taihe.fhir.views.sql.value import NOTHING, Value, boolean
from taihe.fhir.views.sql.writer import Arguments, Function, Writer
from taihe.kernel.errors import Incorrect


def _exists(w: Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    return boolean(w.exists(w.where(source, arguments[0]) if arguments else source))


def _empty(w: Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    return boolean(f"(NOT {w.exists(source)})")


def _not(w: Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    return boolean(f"(NOT {w.truth(source)})")


def _all(w: Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    kept = w.where(source, arguments[0])
    return boolean(f"({_length(w, kept)} = {_length(w, source)})")


def _length(w: Writer, value: Value) -> str:
    return f"coalesce({w.d.length(w.listed(value))}, 0)" if value.kind != "none" else "0"


def _count(w: Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    return Value(_length(w, source), "number", "Integer")


def _where(w: Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    return w.where(source, arguments[0])


def _select(w: Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    return w.each(source, lambda item: w.write(arguments[0], item))


def _at(position: str) -> Function:
    def take(w: Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
        if source.choices:
            forms = tuple(take(w, form, arguments, focus) for form in source.choices)
            return replace(source, choices=forms, many=False)
        if not source.many:
            return source
        return replace(source, sql=w.d.at(source.sql, position), many=False, holder=None)

    return take


def _of_type(w: Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    return w.of_type(source, _type_name(arguments[0]))


def _type_name(node: Node) -> str:
    if isinstance(node, Member):
        return node.name
    if isinstance(node, Literal):
        return str(node.value)
    raise Incorrect("The name of a type is missing.", "Write ofType(Quantity).")


def _is(w: Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    return boolean(w.exists(w.of_type(source, _type_name(arguments[0]))))


def _extension(w: Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    url = w.text(arguments[0], focus)
    found = w.child(source, "extension")
    if found.kind == "none":
        return found
    name = w.fresh()
    w.child(replace(found, sql=name, many=False), "url")
    sql = w.d.kept(found.sql, name, f"{name}.{w.d.name('url')} = {url}")
    return replace(found, sql=sql)


def _join(w: Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    between = w.text(arguments[0], focus) if arguments else "''"
    listed = w.listed(source) if source.kind != "none" else w.d.empty("VARCHAR[]")
    return Value(f"coalesce({w.d.joined_text(listed, between)}, '')", "text", "String")


def _resource_key(w: Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    return replace(w.child(w.root, "id"), type="String")


def _reference_key(w: Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    wanted = _type_name(arguments[0]) if arguments else ""

    def key(item: Value) -> Value:
        reference = w.child(item, "reference")
        if reference.kind == "none":
            return NOTHING
        pattern = f"(?:^|/){wanted or '[A-Za-z]+'}/([A-Za-z0-9.-]+)(?:/_history/[^/]+)?$"
        found = f"nullif(regexp_extract({reference.sql}, {w.d.text(pattern)}, 1), '')"
        if wanted:  # most references are plain "Type/id": no pattern is needed for them
            plain = w.d.starts(reference.sql, w.d.text(wanted + "/"))
            rest = f"substr({reference.sql}, {len(wanted) + 2})"
            short = f"{plain} AND NOT contains({rest}, '/')"
            found = f"(CASE WHEN {short} THEN nullif({rest}, '') ELSE {found} END)"
        return Value(found, "text", "String")

    return NOTHING if source.kind == "none" else w.each(source, key)


def _iif(w: Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    held = w.truth(w.write(arguments[0], focus))
    then = w.one(w.write(arguments[1], focus), "iif()")
    other = w.one(w.write(arguments[2], focus), "iif()") if len(arguments) > 2 else NOTHING
    known = then if then.kind != "none" else other
    sql = f"(CASE WHEN {held} THEN {then.sql} ELSE {other.sql} END)"
    return replace(known, sql=sql, holder=None)


def _text_function(write_sql: Callable[..., str], kind: str, type_name: str) -> Function:
    def write(w: Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
        subject = w.one(source, "A text function").sql
        given = [w.text(argument, focus) for argument in arguments]
        return Value(write_sql(w.d, subject, *given), kind, type_name)

    return write


def _called(name: str) -> Callable[..., str]:
    def call(dialect: Dialect, *arguments: str) -> str:
        return f"{name}({', '.join(arguments)})"

    return call


def _to_string(w: Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    return Value(w.d.cast(w.one(source, "toString()").sql, "VARCHAR"), "text", "String")


def _converted(sql_type: str, type_name: str) -> Function:
    def write(w: Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
        value = w.one(source, "A conversion").sql
        return Value(f"TRY_CAST({value} AS {sql_type})", "number", type_name)

    return write


def _distinct(w: Writer, source: Value, arguments: Arguments, focus: Value) -> Value:
    if not source.many:
        return source
    return replace(source, sql=w.d.distinct(source.sql), holder=None)


FUNCTIONS: dict[str, Function] = {
    "exists": _exists,
    "empty": _empty,
    "not": _not,
    "all": _all,
    "count": _count,
    "where": _where,
    "select": _select,
    "first": _at("1"),
    "last": _at("-1"),
    "ofType": _of_type,
    "as": _of_type,
    "is": _is,
    "extension": _extension,
    "join": _join,
    "getResourceKey": _resource_key,
    "getReferenceKey": _reference_key,
    "iif": _iif,
    "toString": _to_string,
    "toInteger": _converted("BIGINT", "Integer"),
    "toDecimal": _converted("DOUBLE", "Decimal"),
    "distinct": _distinct,
    "upper": _text_function(_called("upper"), "text", "String"),
    "lower": _text_function(_called("lower"), "text", "String"),
    "trim": _text_function(_called("trim"), "text", "String"),
    "length": _text_function(_called("length"), "number", "Integer"),
    "startsWith": _text_function(lambda d, *given: d.starts(*given), "boolean", "Boolean"),
    "endsWith": _text_function(lambda d, *given: d.ends(*given), "boolean", "Boolean"),
    "contains": _text_function(_called("contains"), "boolean", "Boolean"),
    "matches": _text_function(lambda d, *given: d.matches(*given), "boolean", "Boolean"),
    "hasValue": _exists,
}
