"""The functions of FHIRPath on text, in SQL."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from taihe.fhir.fhirpath.tree import Call, Literal
from taihe.fhir.views.sql.value import NOTHING, Value, boolean, integer, text
from taihe.fhir.views.sql.writer import Function, Writer
from taihe.kernel.errors import Unsupported

_SPACE = (
    r"[\s\x0b\x1c-\x1f\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}"
    r"\x{3000}]"
)
_CASELESS = r"^[\x00-\x7f\p{Lo}\p{N}\p{P}\p{Z}\p{S}]*$"


def of(w: Writer, value: Value, what: str) -> Value:
    """The only item as text; what is there and no text stops the query."""
    single = w.one(value, what)
    if single.kind in ("text", "none") or (single.kind in ("date", "time") and not single.system):
        return single
    if single.kind == "quantity" or (single.system and single.kind in ("date", "time")):
        raise Unsupported(f"{what} takes text.", "")
    stop = w.stop(f"{what} takes text; use toString().")
    return Value(f"(CASE WHEN {single.sql} IS NOT NULL THEN {stop} END)", "text", "String",
                 system=True)  # fmt: skip


def _simple(
    write_sql: Callable[..., str], make: Callable[[str], Value], *, count: int = 0
) -> Function:
    """A function of text whose arguments are text; empty where any of them is."""

    def write(w: Writer, source: Value, node: Call, focus: Value) -> Value:
        what = f"{node.name}()"
        subject = of(w, source, what)
        given = [of(w, w.write(argument, focus), what) for argument in node.arguments]
        if "none" in (subject.kind, *(one.kind for one in given)) or len(given) != count:
            return NOTHING
        return make(w.let(subject.sql, lambda x: write_sql(w, x, *(one.sql for one in given))))

    return write


def _cased(function: str) -> Callable[..., str]:
    def write(w: Writer, x: str) -> str:
        sure = f"{w.d.bytes(x)} = length({x}) OR {w.d.matches(x, w.d.text(_CASELESS))}"
        return f"(CASE WHEN {sure} THEN {function}({x}) WHEN {x} IS NOT NULL THEN {w.again()} END)"

    return write


def _trim(w: Writer, x: str) -> str:
    return w.d.replaced(x, f"^{_SPACE}+|{_SPACE}+$", "")


def _index_of(w: Writer, x: str, part: str) -> str:
    return (
        f"(CASE WHEN {part} = '' AND {x} IS NOT NULL THEN 0 ELSE {w.d.index_of(x, part)} - 1 END)"
    )


def _last_index_of(w: Writer, x: str, part: str) -> str:
    plain = f"{w.d.bytes(x)} = length({x})"
    back = w.d.index_of(f"reverse({x})", f"reverse({part})")
    return (
        f"(CASE WHEN {x} IS NULL OR {part} IS NULL THEN NULL WHEN {part} = '' THEN length({x}) "
        f"WHEN NOT ({plain}) THEN {w.again()} WHEN {back} = 0 THEN -1 "
        f"ELSE length({x}) - {back} - length({part}) + 1 END)"
    )


def _replace(w: Writer, x: str, old: str, new: str) -> str:
    return (
        f"(CASE WHEN {old} = '' AND {x} IS NOT NULL AND {new} IS NOT NULL THEN {w.again()} "
        f"ELSE replace({x}, {old}, {new}) END)"
    )


def _substring(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    subject = of(w, source, "substring()")
    given = [w.one(w.write(argument, focus), "substring()") for argument in node.arguments]
    if any(value.kind not in ("integer", "none") for value in given):
        raise Unsupported("substring() takes whole numbers.", "")
    if "none" in (subject.kind, given[0].kind):
        return NOTHING
    start = given[0].sql
    size = given[1].sql if len(given) > 1 and given[1].kind != "none" else ""

    def body(x: str) -> str:
        rest = f"substr({x}, ({start}) + 1)"
        if size:
            part = f"substr({x}, ({start}) + 1, greatest({size}, 0))"
            rest = f"(CASE WHEN {size} IS NULL THEN {rest} ELSE {part} END)"
        return f"(CASE WHEN ({start}) >= 0 AND ({start}) < length({x}) THEN {rest} END)"

    return text(w.let(subject.sql, body))


_PIECE = re.compile(
    r"""(?x)
    \\[dDwWsSbB.\-\\/()\[\]{}+*?^$|] | [A-Za-z0-9_ :;,<>=!@\#%&~"'/.-] | \[ \^? (?:
        \\[dwsDWS.\-\\/()\[\]{}+*?^$|] | [A-Za-z0-9_ :;,<>=!@\#%&~"'/.(){}+*?|$] | -
    )+ \] | \((?:\?:)? | \) | \| | \^ | \$ | [*+?] \?? | \{\d{1,2}(?:,\d{0,2})?\}
    """
)
_CLASSES = (r"\w", r"\W", r"\s", r"\S", r"\b", r"\B")
_LETTERS = {r"\d": r"\p{Nd}", r"\D": r"\P{Nd}"}


def pattern_of(pattern: str, *, groups: bool = False) -> str:
    """
    A regular expression in the words of RE2 and Java, where it means the same there.

    Raises Unsupported for what the engines read otherwise than Python does.
    """
    at, made = 0, ""
    while at < len(pattern):
        piece = _PIECE.match(pattern, at)
        if piece is None:
            raise Unsupported("The regular expression may mean something else in SQL.", "")
        found = piece[0]
        at = piece.end()
        if found == "$":
            if at < len(pattern) and pattern[at] not in "|)":
                raise Unsupported("The regular expression has an end in its middle.", "")
            if groups:
                raise Unsupported("The regular expression replaces at the end.", "")
            found = r"(?:\n?\z)"
        elif any(letter in found for letter in _CLASSES):
            raise Unsupported("The regular expression has a class of letters.", "")
        elif found[0] == "[":
            found = found.replace(r"\d", r"\p{Nd}")
        made += _LETTERS.get(found, found)
    try:
        re.compile(pattern)
    except re.error:
        raise Unsupported("The regular expression is not valid.", "") from None
    return made


def _literal_text(node: Call, at: int) -> str:
    argument = node.arguments[at]
    if not isinstance(argument, Literal) or argument.kind != "String":
        raise Unsupported(f"{node.name}() takes a pattern that is known.", "")
    return str(argument.value)


def _matches(whole: bool) -> Function:
    def write(w: Writer, source: Value, node: Call, focus: Value) -> Value:
        if len(node.arguments) > 1:
            raise Unsupported("matches() with flags.", "")
        subject = of(w, source, "matches()")
        pattern = pattern_of(_literal_text(node, 0), groups=whole)
        if subject.kind == "none":
            return NOTHING
        shown = w.d.text(rf"^(?:{pattern})\z" if whole else pattern)
        return boolean(w.d.matches(subject.sql, shown))

    return write


def _replace_matches(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    if len(node.arguments) > 2:
        raise Unsupported("replaceMatches() with flags.", "")
    subject = of(w, source, "replaceMatches()")
    raw, new = _literal_text(node, 0), _literal_text(node, 1)
    if "\\" in new or re.search(r"\$(?!\d)", new) or not raw or re.match(raw, ""):
        raise Unsupported("replaceMatches() with such a pattern.", "")
    pattern = pattern_of(raw, groups=True)
    if subject.kind == "none":
        return NOTHING
    template = re.sub(r"\$(\d)", r"\\\1", new)
    if any(int(group) > re.compile(raw).groups for group in re.findall(r"\$(\d+)", new)):
        raise Unsupported("replaceMatches() names a group that is not there.", "")
    return text(w.d.replaced(subject.sql, pattern, template))


def _join(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    between = "''"
    if node.arguments:
        given = of(w, w.write(node.arguments[0], focus), "join()")
        between = "''" if given.kind == "none" else f"coalesce({given.sql}, '')"
    if source.kind == "none":
        return text("''")
    value = w.settled(source)
    if value.kind not in ("text", "date", "time") or (value.system and value.kind != "text"):
        if value.kind in ("complex", "quantity"):
            raise Unsupported("join() takes text.", "")
        stop = w.stop("join() takes text; use toString().")
        return text(f"(CASE WHEN {w.exists(value)} THEN {stop} ELSE '' END)")
    return text(f"coalesce({w.d.joined_text(w.filled(value), between)}, '')")


def _to_chars(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    subject = of(w, source, "toChars()")
    if subject.kind == "none":
        return NOTHING

    def body(x: str) -> str:
        plain = f"{w.d.bytes(x)} = length({x})"
        return (
            f"(CASE WHEN {x} = '' THEN {w.d.empty('VARCHAR[]')} WHEN {plain} "
            f"THEN {w.d.chars(x)} WHEN {x} IS NOT NULL THEN {w.again()} END)"
        )

    return replace(text(w.let(subject.sql, body)), many=True)


def _split(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    subject = of(w, source, "split()")
    at = _literal_text(node, 0)
    if not at:
        return _to_chars(w, source, node, focus)
    if subject.kind == "none":
        return NOTHING
    return replace(text(w.d.split(subject.sql, w.d.text(at))), many=True)


def _encode(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    subject, form = of(w, source, "encode()"), _literal_text(node, 0)
    if subject.kind == "none":
        return NOTHING
    if form == "hex":
        return text(w.d.hex(subject.sql))
    if form == "base64":
        return text(w.d.base64(subject.sql))
    if form == "urlbase64":
        return text(f"replace(replace({w.d.base64(subject.sql)}, '+', '-'), '/', '_')")
    return NOTHING


def _escape(w: Writer, source: Value, node: Call, focus: Value) -> Value:
    subject, form = of(w, source, "escape()"), _literal_text(node, 0)
    if subject.kind == "none":
        return NOTHING
    signs = {
        "html": [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;")],
        "json": [("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n")],
    }.get(form)
    if signs is None:
        return NOTHING
    sql = subject.sql
    for sign, written in signs:
        sql = f"replace({sql}, {w.d.text(sign)}, {w.d.text(written)})"
    return text(sql)


TEXTS: dict[str, Function] = {
    "upper": _simple(_cased("upper"), text),
    "lower": _simple(_cased("lower"), text),
    "trim": _simple(_trim, text),
    "length": _simple(lambda w, x: f"length({x})", integer),
    "startsWith": _simple(lambda w, x, y: w.d.starts(x, y), boolean, count=1),
    "endsWith": _simple(lambda w, x, y: w.d.ends(x, y), boolean, count=1),
    "contains": _simple(lambda w, x, y: f"contains({x}, {y})", boolean, count=1),
    "indexOf": _simple(_index_of, integer, count=1),
    "lastIndexOf": _simple(_last_index_of, integer, count=1),
    "replace": _simple(_replace, text, count=2),
    "substring": _substring,
    "matches": _matches(False),
    "matchesFull": _matches(True),
    "replaceMatches": _replace_matches,
    "join": _join,
    "toChars": _to_chars,
    "split": _split,
    "encode": _encode,
    "escape": _escape,
}
