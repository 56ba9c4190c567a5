"""The functions of FHIRPath in SQL, by name."""

from __future__ import annotations

from dataclasses import replace

from taihe.fhir.fhirpath.tree import Call, Literal, Member, Node
from taihe.fhir.views.sql.conversions import NUMBERS_AND_KINDS
from taihe.fhir.views.sql.operators import (
    distinct,
    equal_items,
    joined,
)
from taihe.fhir.views.sql.texts import TEXTS
from taihe.fhir.views.sql.value import NOTHING, Value, boolean, choice, integer, text
from taihe.fhir.views.sql.writer import Function, Writer
from taihe.kernel.errors import Incorrect, Unsupported

# Existence


def _exists(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    return boolean(w.exists(w.where(source, node.arguments[0]) if node.arguments else source))


def _empty(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    return boolean(f"(NOT {w.exists(source)})")


def _not(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    return boolean(f"(NOT {w.truth(source)})")


def _all(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    kept = w.where(source, node.arguments[0])
    return boolean(f"({w.length(kept)} = {w.length(source)})")


def _count(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    return integer(w.length(source))


def _booleans(wanted: bool, every: bool) -> Function:
    """allTrue and its like: whether every, or any, boolean is the wanted one."""

    def write(w: Writer, source: Value, node: Call, focus: Value) -> Value:
        if source.kind == "none":
            return boolean("true" if every else "false")
        source = w.settled(source)
        if source.kind != "boolean":
            raise Unsupported(f"{node.name}() takes booleans only.", "")
        held = w.d.holds(w.filled(source), str(wanted != every).lower())
        return boolean(f"(NOT {held})" if every else held)

    return write


def _has_value(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    if source.choices and not source.many:
        held = [_has_value(w, form, node, focus).sql for form in source.choices]
        return boolean(f"({' OR '.join(held)})")
    if source.kind in ("none", "complex"):
        return boolean("false")
    if source.many:
        return boolean(f"({w.length(source)} = 1)")
    return boolean(f"({source.sql} IS NOT NULL)")


def _get_value(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    if source.kind in ("none", "complex") or source.many or source.choices:
        raise Unsupported("getValue() of what is no primitive.", "")
    return replace(source, holder=None, system=source.kind != "date", type="")


def _is_distinct(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    return boolean(f"({w.length(distinct(w, source))} = {w.length(source)})")


def _subset(turned: bool) -> Function:
    def write(w: Writer, source: Value, node: Call, focus: Value) -> Value:
        other = w.write(node.arguments[0], focus)
        one, many = (other, source) if turned else (source, other)
        if one.kind == "none":
            return boolean("true")
        one = w.settled(one)
        outside = _outside(w, one, many)
        return boolean(f"({w.d.length(outside)} = 0)")

    return write


def _outside(w: Writer, one: Value, many: Value, *, inside: bool = False) -> str:
    """The items of a collection that are not in another, or those that are."""
    name = w.fresh()
    item = replace(one, sql=name, many=False, holder=None)
    held = "false"
    if many.kind != "none":
        many = w.settled(many)
        if one.kind == many.kind and one.kind in ("text", "integer", "boolean"):
            held = w.d.holds(w.filled(many), name)
        else:
            other = w.fresh()
            same = equal_items(w, replace(many, sql=other, many=False, holder=None), item)
            kept = w.d.kept(w.filled(many), other, f"coalesce({same}, false)")
            held = f"({w.d.length(kept)} > 0)"
    return w.d.kept(w.filled(one), name, held if inside else f"NOT {held}")


# Subsetting


def _where(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    return w.where(source, node.arguments[0])


def _select(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    def one(item: Value) -> Value:
        found = w.write(node.arguments[0], item)
        return found if source.many or found.kind == "none" else w.only_if(w.exists(item), found)

    return w.each(source, one, indexed=True)


def _at(position: str) -> Function:
    def take(w: Writer, source: Value, node: Call, focus: Value) -> Value:
        if source.choices:
            if source.many:
                raise Unsupported(f"{node.name}() of several choices.", "Use ofType() before it.")
            return source
        if not source.many:
            return source
        return replace(source, sql=w.d.at(source.sql, position), many=False, holder=None)

    return take


def _single(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    return w.single(source, "single()") if source.kind != "none" else source


def _tail(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    return _skipped(w, source, "1")


def _skipped(w: Writer, source: Value, count: str) -> Value:
    if source.kind == "none":
        return source
    if source.choices:
        raise Unsupported("Items of a choice are passed over.", "Use ofType() before it.")
    if not source.many:
        return w.only_if(f"{count} = 0", source)
    return replace(source, sql=w.let(source.sql, lambda x: w.d.after(x, count)), holder=None)


def _number_argument(w: Writer, node: Node, focus: Value, what: str) -> Value:
    value = w.one(w.write(node, focus), what)
    if value.kind not in ("integer", "none"):
        raise Unsupported(f"{what} takes a whole number.", "")
    return value


def _skip(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    count = _number_argument(w, node.arguments[0], focus, "skip()")
    if count.kind == "none":
        return source
    return _skipped(w, source, f"greatest(coalesce({count.sql}, 0), 0)")


def _take(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    count = _number_argument(w, node.arguments[0], focus, "take()")
    if "none" in (source.kind, count.kind):
        return NOTHING
    sql = f"greatest(coalesce({count.sql}, 0), 0)"
    if source.choices:
        raise Unsupported("Items of a choice are taken.", "Use ofType() before it.")
    if not source.many:
        return w.only_if(f"{sql} > 0", source)
    return replace(source, sql=w.d.upto(source.sql, sql), holder=None)


def _distinct(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    return distinct(w, source)


def _union(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    return distinct(w, joined(w, source, w.write(node.arguments[0], focus)))


def _combine(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    return joined(w, source, w.write(node.arguments[0], focus))


def _among(inside: bool) -> Function:
    """intersect and exclude."""

    def write(w: Writer, source: Value, node: Call, focus: Value) -> Value:
        other = w.write(node.arguments[0], focus)
        if source.kind == "none":
            return source
        source = w.settled(source)
        if source.kind in ("complex", "quantity") or source.system and source.kind == "date":
            raise Unsupported(f"{node.name}() of structures.", "")
        sql = _outside(w, source, other, inside=inside)
        kept = replace(source, sql=sql, many=True, holder=None)
        return distinct(w, kept) if inside else kept

    return write


# Types, extensions, references


def _typed(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    return w.type_test(node.name, source, type_name(node.arguments[0]))


def type_name(node: Node) -> str:
    """The type that an argument names."""
    if isinstance(node, Member) and node.source is None:
        return node.name
    if isinstance(node, Member) and isinstance(node.source, Member):
        return f"{node.source.name}.{node.name}"
    if isinstance(node, Literal):
        return str(node.value)
    raise Incorrect("The name of a type is missing.", "Write ofType(Quantity).")


def _extension(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    url = w.one(w.write(node.arguments[0], focus), "extension()")
    found = w.child(source, "extension")
    if "none" in (found.kind, url.kind):
        return NOTHING
    if found.choices:
        return choice([_with_url(w, form, url) for form in found.choices])
    return _with_url(w, found, url)


def _with_url(w: Writer, found: Value, url: Value) -> Value:
    if url.kind != "text":
        raise Unsupported("extension() takes text.", "")
    name = w.fresh()
    here = w.child(replace(found, sql=name, many=False), "url")
    if here.kind == "none":
        return NOTHING
    return replace(found, sql=w.d.kept(found.sql, name, f"{here.sql} = {url.sql}"))


def _has_extension(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    return boolean(w.exists(_extension(w, source, node, focus)))


def _resource_key(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    if source.kind != "complex" or source.choices:
        return NOTHING if source.kind != "complex" else _unsupported(node)
    found = w.child(source, "id")
    return replace(found, type="String", system=True, holder=None) if found.sql else found


def _unsupported(node: Call) -> Value:
    raise Unsupported(f"{node.name}() of this cannot be written as SQL.", "")


def _reference_key(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    wanted = type_name(node.arguments[0]).rpartition(".")[2] if node.arguments else ""

    def key(item: Value) -> Value:
        if item.kind != "complex":
            return NOTHING
        reference = w.child(item, "reference")
        if reference.kind == "none":
            return NOTHING
        if reference.kind != "text":
            _unsupported(node)
        return text(w.let(reference.sql, lambda x: _key(w, x, wanted)))

    return NOTHING if source.kind == "none" else w.each(source, key)


def _key(w: Writer, x: str, wanted: str) -> str:
    """The id in a reference; most are plain Type/id, and need no pattern."""
    base = f"split_part({x}, '/_history/', 1)"
    last = w.d.found(base, r"[^/]*$")
    if not wanted:
        return f"nullif({last}, '')"
    plain = w.d.starts(x, w.d.text(wanted + "/"))
    rest = f"substr({x}, {len(wanted) + 2})"
    typed = w.d.found(base, rf"(?:^|/){wanted}/([^/]*)$", 1)
    return (
        f"(CASE WHEN {plain} AND NOT contains({rest}, '/') THEN nullif({rest}, '') "
        f"ELSE nullif({typed}, '') END)"
    )


# Conditions and conversions


def _iif(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    inner = focus
    if node.source is not None:
        inner = w.single(source, "iif()") if source.kind != "none" else source
    criterion = w.write(node.arguments[0], inner)
    if criterion.kind == "none":
        held = "false"
    else:
        found = w.one(criterion, "The criterion of iif()")
        held = found.sql
        if found.kind != "boolean":
            stop = w.stop("The criterion of iif() is no boolean.")
            held = f"(CASE WHEN {found.sql} IS NOT NULL THEN {stop} ELSE false END)"
    then = w.write(node.arguments[1], inner)
    other = w.write(node.arguments[2], inner) if len(node.arguments) > 2 else NOTHING
    if "none" in (then.kind, other.kind):
        known = then if then.kind != "none" else other
        if known.kind == "none":
            return NOTHING
        test = held if then.kind != "none" else f"NOT coalesce({held}, false)"
        return w.only_if(test, known)
    (then, other), alike = w.merged([w.settled(then), w.settled(other)])
    if then.many or other.many:
        a, b = w.filled(then), w.filled(other)
    else:
        a, b = then.sql, other.sql
    sql = f"(CASE WHEN {held} THEN {a} ELSE {b} END)"
    return replace(alike, sql=sql, many=then.many or other.many)


def _coalesce(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    found = [v for v in (w.write(a, focus) for a in node.arguments) if v.kind != "none"]
    if not found:
        return NOTHING
    forms, alike = w.merged([w.settled(value) for value in found])
    if any(form.many for form in forms):
        raise Unsupported("coalesce() of lists.", "")
    return replace(alike, sql=f"coalesce({', '.join(form.sql for form in forms)})")


def _trace(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    if len(node.arguments) > 1:
        raise Unsupported("trace() with an expression.", "")
    return source


FUNCTIONS: dict[str, Function] = {
    "exists": _exists,
    "empty": _empty,
    "not": _not,
    "all": _all,
    "allTrue": _booleans(True, True),
    "anyTrue": _booleans(True, False),
    "allFalse": _booleans(False, True),
    "anyFalse": _booleans(False, False),
    "count": _count,
    "isDistinct": _is_distinct,
    "subsetOf": _subset(False),
    "supersetOf": _subset(True),
    "hasValue": _has_value,
    "getValue": _get_value,
    "where": _where,
    "select": _select,
    "first": _at("1"),
    "last": _at("-1"),
    "single": _single,
    "tail": _tail,
    "skip": _skip,
    "take": _take,
    "distinct": _distinct,
    "union": _union,
    "combine": _combine,
    "intersect": _among(True),
    "exclude": _among(False),
    "ofType": _typed,
    "as": _typed,
    "is": _typed,
    "extension": _extension,
    "hasExtension": _has_extension,
    "getResourceKey": _resource_key,
    "getReferenceKey": _reference_key,
    "iif": _iif,
    "coalesce": _coalesce,
    "trace": _trace,
    **NUMBERS_AND_KINDS,
    **TEXTS,
}
