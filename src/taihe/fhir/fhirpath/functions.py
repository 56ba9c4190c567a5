"""
The functions of FHIRPath whose arguments are values; those that take expressions are in the
compiler. Source: https://hl7.org/fhirpath/, R4 additions: https://hl7.org/fhir/R4/fhirpath.html.
"""

from __future__ import annotations

import base64
import binascii
import html
import math
import re
from collections.abc import Callable
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_UP,
    Decimal,
    InvalidOperation,
    localcontext,
)

from taihe.fhir import definitions
from taihe.fhir.fhirpath import operators, patterns
from taihe.fhir.fhirpath.elements import (
    Element,
    Item,
    add_children,
    all_children,
    atom,
    deep,
    is_type,
    type_name,
)
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.fhirpath.errors import ExecutionProblem
from taihe.fhir.fhirpath.parser import CALENDAR_UNITS
from taihe.fhir.fhirpath.units import convert
from taihe.fhir.fhirpath.values import Quantity, Temporal, parse_temporal

Items = list[Item]
Function = Callable[[Environment, Items, list[Items]], Items]
LONGEST_TEXT = 10_000_000

FUNCTIONS: dict[str, tuple[int, int, Function]] = {}


def function(name: str, least: int = 0, most: int | None = None) -> Callable[[Function], Function]:
    """Enter a function under its FHIRPath name, with how many arguments it takes."""

    def enter(made: Function) -> Function:
        FUNCTIONS[name] = (least, least if most is None else most, made)
        return made

    return enter


def single(items: Items, what: str) -> Item | None:
    """The only item, None when there is none; more than one is an error."""
    if len(items) > 1:
        raise ExecutionProblem(
            f"{what} takes one item, and there are {len(items)}.", "Use first() or where()."
        )
    return items[0] if items else None


def text_of(items: Items, what: str) -> str | None:
    """The only item as text; anything else than text is an error."""
    item = single(items, what)
    if item is None:
        return None
    value = atom(item)
    if isinstance(value, str):
        return value
    if isinstance(value, Temporal) and isinstance(item, Element):
        return str(item.value)
    if isinstance(value, Element) and value.value is None:
        return None
    raise ExecutionProblem(f"{what} takes text, not a {type_name(item)[1]}.", "Use toString().")


def whole_of(items: Items, what: str) -> int | None:
    """The only item as a whole number."""
    item = single(items, what)
    if item is None:
        return None
    value = atom(item)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ExecutionProblem(f"{what} takes a whole number.", "")


def number_of(items: Items, what: str) -> int | Decimal | None:
    """The only item as a number."""
    item = single(items, what)
    if item is None:
        return None
    value = atom(item)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return value
    raise ExecutionProblem(f"{what} takes a number, not a {type_name(item)[1]}.", "")


def truth(items: Items, what: str) -> bool | None:
    """A collection where a boolean is wanted: one item that is no boolean counts as true."""
    item = single(items, what)
    if item is None:
        return None
    value = atom(item)
    if isinstance(value, bool):
        return value
    if isinstance(value, Element) and value.value is None:
        return None
    return True


def answer(value: object) -> Items:
    """One value as a collection, None as the empty one."""
    return [] if value is None else [value]


# Existence


@function("empty")
def _empty(env: Environment, source: Items, args: list[Items]) -> Items:
    return [not source]


@function("not")
def _not(env: Environment, source: Items, args: list[Items]) -> Items:
    value = truth(source, "not()")
    return answer(None if value is None else not value)


def _booleans(source: Items, name: str) -> list[bool]:
    found = [atom(item) for item in source]
    if not all(isinstance(value, bool) for value in found):
        raise ExecutionProblem(f"{name} takes booleans only.", "")
    return found


@function("allTrue")
def _all_true(env: Environment, source: Items, args: list[Items]) -> Items:
    return [all(_booleans(source, "allTrue()"))]


@function("anyTrue")
def _any_true(env: Environment, source: Items, args: list[Items]) -> Items:
    return [any(_booleans(source, "anyTrue()"))]


@function("allFalse")
def _all_false(env: Environment, source: Items, args: list[Items]) -> Items:
    return [not any(_booleans(source, "allFalse()"))]


@function("anyFalse")
def _any_false(env: Environment, source: Items, args: list[Items]) -> Items:
    return [not all(_booleans(source, "anyFalse()"))]


@function("subsetOf", 1)
def _subset_of(env: Environment, source: Items, args: list[Items]) -> Items:
    return [all(operators.member_of(item, args[0]) for item in source)]


@function("supersetOf", 1)
def _superset_of(env: Environment, source: Items, args: list[Items]) -> Items:
    return [all(operators.member_of(item, source) for item in args[0])]


@function("count")
def _count(env: Environment, source: Items, args: list[Items]) -> Items:
    return [len(source)]


@function("distinct")
def _distinct(env: Environment, source: Items, args: list[Items]) -> Items:
    return operators.distinct(source)


@function("isDistinct")
def _is_distinct(env: Environment, source: Items, args: list[Items]) -> Items:
    return [len(operators.distinct(source)) == len(source)]


# Subsetting


@function("single")
def _single(env: Environment, source: Items, args: list[Items]) -> Items:
    return answer(single(source, "single()"))


@function("first")
def _first(env: Environment, source: Items, args: list[Items]) -> Items:
    return source[:1]


@function("last")
def _last(env: Environment, source: Items, args: list[Items]) -> Items:
    return source[-1:]


@function("tail")
def _tail(env: Environment, source: Items, args: list[Items]) -> Items:
    return source[1:]


@function("skip", 1)
def _skip(env: Environment, source: Items, args: list[Items]) -> Items:
    count = whole_of(args[0], "skip()")
    return source if count is None else source[max(count, 0) :]


@function("take", 1)
def _take(env: Environment, source: Items, args: list[Items]) -> Items:
    count = whole_of(args[0], "take()")
    return [] if count is None else source[: max(count, 0)]


@function("intersect", 1)
def _intersect(env: Environment, source: Items, args: list[Items]) -> Items:
    found = operators.distinct(source)
    return [item for item in found if operators.member_of(item, args[0])]


@function("exclude", 1)
def _exclude(env: Environment, source: Items, args: list[Items]) -> Items:
    return [item for item in source if not operators.member_of(item, args[0])]


@function("union", 1)
def _union(env: Environment, source: Items, args: list[Items]) -> Items:
    return operators.distinct(source + args[0])


@function("combine", 1, 2)
def _combine(env: Environment, source: Items, args: list[Items]) -> Items:
    return source + args[0]


# Navigation


@function("children")
def _children(env: Environment, source: Items, args: list[Items]) -> Items:
    found = [child for item in source for child in all_children(item)]
    env.spend(len(found))
    return found


@function("descendants")
def _descendants(env: Environment, source: Items, args: list[Items]) -> Items:
    found = deep(child for item in source for child in all_children(item))
    env.spend(len(found))
    return found


@function("extension", 1)
def _extension(env: Environment, source: Items, args: list[Items]) -> Items:
    url = text_of(args[0], "extension()")
    found: Items = []
    for item in source:
        add_children(item, "extension", found)
    return [e for e in found if e.value.get("url") == url]


@function("hasExtension", 1)
def _has_extension(env: Environment, source: Items, args: list[Items]) -> Items:
    return [bool(_extension(env, source, args))]


@function("hasValue")
def _has_value(env: Environment, source: Items, args: list[Items]) -> Items:
    if len(source) != 1:
        return [False]
    value = atom(source[0])
    return [not isinstance(value, Element | Quantity) or not isinstance(source[0], Element)]


@function("getValue")
def _get_value(env: Environment, source: Items, args: list[Items]) -> Items:
    if len(source) != 1:
        return []
    value = atom(source[0])
    return [] if isinstance(value, Element) else [value]


@function("resolve")
def _resolve(env: Environment, source: Items, args: list[Items]) -> Items:
    found = [env.resolve(item) for item in source]
    return [item for item in found if item is not None]


@function("getResourceKey")
def _resource_key(env: Environment, source: Items, args: list[Items]) -> Items:
    return [
        item.value["id"]
        for item in source
        if isinstance(item, Element) and isinstance(item.value, dict) and item.value.get("id")
    ]


@function("checkModifiers", 0, 99)
def _check_modifiers(env: Environment, source: Items, args: list[Items]) -> Items:
    allowed = {text_of(arg, "checkModifiers()") for arg in args}
    for item in source:
        found: Items = []
        add_children(item, "modifierExtension", found)
        for extension in found:
            if extension.value.get("url") not in allowed:
                raise ExecutionProblem("An element has an unknown modifier extension.", "")
    return source


@function("htmlChecks")
def _html_checks(env: Environment, source: Items, args: list[Items]) -> Items:
    from taihe.fhir.narrative import is_safe

    if not source:
        return []
    return [all(is_safe(str(atom(item))) for item in source)]


@function("conformsTo", 1)
def _conforms_to(env: Environment, source: Items, args: list[Items]) -> Items:
    url = text_of(args[0], "conformsTo()")
    item = single(source, "conformsTo()")
    if url is None or item is None:
        return []
    name = url.removeprefix("http://hl7.org/fhir/StructureDefinition/")
    if name not in definitions.types():
        raise ExecutionProblem("The profile of conformsTo() is not known.", "Load it first.")
    return [is_type(item, name)]


@function("memberOf", 1)
def _member_of(env: Environment, source: Items, args: list[Items]) -> Items:
    url = text_of(args[0], "memberOf()")
    item = single(source, "memberOf()")
    if url is None or item is None:
        return []
    systems = definitions.value_set(url.partition("|")[0])
    if systems is None:
        return []
    codes = frozenset().union(*systems.values())
    value = atom(item)
    if isinstance(value, str):
        return [value in codes]
    if isinstance(item, Element) and isinstance(item.value, dict):
        codings = item.value.get("coding", [item.value] if "code" in item.value else [])
        return [any(c.get("code") in systems.get(c.get("system", ""), ()) for c in codings)]
    return []


@function("subsumes", 1)
def _subsumes(env: Environment, source: Items, args: list[Items]) -> Items:
    raise ExecutionProblem("subsumes() needs a terminology server.", "Leave it out.")


@function("comparable", 1)
def _comparable(env: Environment, source: Items, args: list[Items]) -> Items:
    one, two = single(source, "comparable()"), single(args[0], "comparable()")
    if one is None or two is None:
        return []
    a, b = atom(one), atom(two)
    if isinstance(a, Quantity) and isinstance(b, Quantity):
        return [convert(b.value, b.unit, a.unit) is not None]
    return [type(a) is type(b)]


# Text


@function("indexOf", 1)
def _index_of(env: Environment, source: Items, args: list[Items]) -> Items:
    text, part = text_of(source, "indexOf()"), text_of(args[0], "indexOf()")
    return answer(None if text is None or part is None else text.find(part))


@function("lastIndexOf", 1)
def _last_index_of(env: Environment, source: Items, args: list[Items]) -> Items:
    text, part = text_of(source, "lastIndexOf()"), text_of(args[0], "lastIndexOf()")
    return answer(None if text is None or part is None else text.rfind(part))


@function("substring", 1, 2)
def _substring(env: Environment, source: Items, args: list[Items]) -> Items:
    text, start = text_of(source, "substring()"), whole_of(args[0], "substring()")
    if text is None or start is None or not 0 <= start < len(text):
        return []
    length = whole_of(args[1], "substring()") if len(args) > 1 else None
    return [text[start:] if length is None else text[start : start + max(length, 0)]]


@function("startsWith", 1)
def _starts_with(env: Environment, source: Items, args: list[Items]) -> Items:
    text, part = text_of(source, "startsWith()"), text_of(args[0], "startsWith()")
    return answer(None if text is None or part is None else text.startswith(part))


@function("endsWith", 1)
def _ends_with(env: Environment, source: Items, args: list[Items]) -> Items:
    text, part = text_of(source, "endsWith()"), text_of(args[0], "endsWith()")
    return answer(None if text is None or part is None else text.endswith(part))


@function("contains", 1)
def _contains(env: Environment, source: Items, args: list[Items]) -> Items:
    text, part = text_of(source, "contains()"), text_of(args[0], "contains()")
    return answer(None if text is None or part is None else part in text)


@function("upper")
def _upper(env: Environment, source: Items, args: list[Items]) -> Items:
    text = text_of(source, "upper()")
    return answer(None if text is None else text.upper())


@function("lower")
def _lower(env: Environment, source: Items, args: list[Items]) -> Items:
    text = text_of(source, "lower()")
    return answer(None if text is None else text.lower())


@function("trim")
def _trim(env: Environment, source: Items, args: list[Items]) -> Items:
    text = text_of(source, "trim()")
    return answer(None if text is None else text.strip())


@function("length")
def _length(env: Environment, source: Items, args: list[Items]) -> Items:
    text = text_of(source, "length()")
    return answer(None if text is None else len(text))


@function("toChars")
def _to_chars(env: Environment, source: Items, args: list[Items]) -> Items:
    text = text_of(source, "toChars()")
    if text is not None:
        env.spend(len(text))
    return [] if text is None else list(text)


@function("replace", 2)
def _replace(env: Environment, source: Items, args: list[Items]) -> Items:
    text, old, new = (text_of(items, "replace()") for items in (source, *args))
    if text is None or old is None or new is None:
        return []
    if len(text) + text.count(old) * len(new) > LONGEST_TEXT:
        raise ExecutionProblem("The text becomes too long.", "")
    return [text.replace(old, new)]


@function("matches", 1, 2)
def _matches(env: Environment, source: Items, args: list[Items]) -> Items:
    text, pattern = text_of(source, "matches()"), text_of(args[0], "matches()")
    if text is None or pattern is None:
        return []
    return [patterns.matches(pattern, text, whole=False)]


@function("matchesFull", 1, 2)
def _matches_full(env: Environment, source: Items, args: list[Items]) -> Items:
    text, pattern = text_of(source, "matchesFull()"), text_of(args[0], "matchesFull()")
    if text is None or pattern is None:
        return []
    return [patterns.matches(pattern, text, whole=True)]


@function("replaceMatches", 2, 3)
def _replace_matches(env: Environment, source: Items, args: list[Items]) -> Items:
    text, pattern, new = (text_of(items, "replaceMatches()") for items in (source, *args[:2]))
    if text is None or pattern is None or new is None:
        return []
    if not pattern:
        return [text]
    template = re.sub(r"\$(\d+|\{\w+\})", lambda m: rf"\g<{m[1].strip('{}')}>", new)
    return [patterns.substitute(pattern, template, text)]


@function("join", 0, 1)
def _join(env: Environment, source: Items, args: list[Items]) -> Items:
    between = text_of(args[0], "join()") if args else ""
    parts = [text for item in source if (text := text_of([item], "join()")) is not None]
    return [(between or "").join(parts)]


@function("split", 1)
def _split(env: Environment, source: Items, args: list[Items]) -> Items:
    text, at = text_of(source, "split()"), text_of(args[0], "split()")
    if text is None or at is None:
        return []
    return list(text) if at == "" else list(text.split(at))


@function("encode", 1)
def _encode(env: Environment, source: Items, args: list[Items]) -> Items:
    text, form = text_of(source, "encode()"), text_of(args[0], "encode()")
    if text is None or form is None:
        return []
    raw = text.encode()
    if form == "hex":
        return [raw.hex()]
    if form == "base64":
        return [base64.b64encode(raw).decode()]
    if form == "urlbase64":
        return [base64.urlsafe_b64encode(raw).decode()]
    return []


@function("decode", 1)
def _decode(env: Environment, source: Items, args: list[Items]) -> Items:
    text, form = text_of(source, "decode()"), text_of(args[0], "decode()")
    if text is None or form is None:
        return []
    try:
        if form == "hex":
            return [bytes.fromhex(text).decode()]
        if form == "base64":
            return [base64.b64decode(text, validate=True).decode()]
        if form == "urlbase64":
            return [base64.urlsafe_b64decode(text).decode()]
    except (ValueError, binascii.Error):
        raise ExecutionProblem(f"The text is not in {form} form.", "") from None
    return []


@function("escape", 1)
def _escape(env: Environment, source: Items, args: list[Items]) -> Items:
    text, form = text_of(source, "escape()"), text_of(args[0], "escape()")
    if text is None or form is None:
        return []
    if form == "html":
        return [html.escape(text, quote=True).replace("&#x27;", "&#39;")]
    if form == "json":
        return [text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")]
    return []


@function("unescape", 1)
def _unescape(env: Environment, source: Items, args: list[Items]) -> Items:
    text, form = text_of(source, "unescape()"), text_of(args[0], "unescape()")
    if text is None or form is None:
        return []
    if form == "html":
        return [html.unescape(text)]
    if form == "json":
        return [text.replace("\\n", "\n").replace('\\"', '"').replace("\\\\", "\\")]
    return []


# Mathematics


def _rounded(name: str, rounding: str) -> None:
    @function(name)
    def run(env: Environment, source: Items, args: list[Items]) -> Items:
        value = number_of(source, f"{name}()")
        if value is None:
            return []
        if abs(Decimal(value)) > Decimal("1E60"):
            return [value]
        with localcontext() as context:
            context.prec = 80
            return [int(Decimal(value).to_integral_value(rounding))]


_rounded("ceiling", ROUND_CEILING)
_rounded("floor", ROUND_FLOOR)
_rounded("truncate", "ROUND_DOWN")


@function("abs")
def _abs(env: Environment, source: Items, args: list[Items]) -> Items:
    item = single(source, "abs()")
    if item is not None and isinstance(quantity := atom(item), Quantity):
        return [Quantity(abs(quantity.value), quantity.unit, quantity.calendar)]
    value = number_of(source, "abs()")
    return answer(None if value is None else abs(value))


@function("round", 0, 1)
def _round(env: Environment, source: Items, args: list[Items]) -> Items:
    value = number_of(source, "round()")
    places = whole_of(args[0], "round()") if args else 0
    if value is None or places is None:
        return []
    if not 0 <= places <= 40:
        raise ExecutionProblem("round() takes 0 to 40 places.", "")
    try:
        with localcontext() as context:
            context.prec = 80
            rounded = Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    except InvalidOperation:
        return [Decimal(value)]
    return [rounded]


def _real(name: str, compute: Callable[[Decimal], Decimal]) -> None:
    @function(name)
    def run(env: Environment, source: Items, args: list[Items]) -> Items:
        value = number_of(source, f"{name}()")
        if value is None:
            return []
        try:
            return [compute(Decimal(value))]
        except (InvalidOperation, ArithmeticError, ValueError):
            return []


_real("sqrt", Decimal.sqrt)
_real("ln", Decimal.ln)
_real("exp", Decimal.exp)


@function("log", 1)
def _log(env: Environment, source: Items, args: list[Items]) -> Items:
    value, base = number_of(source, "log()"), number_of(args[0], "log()")
    if value is None or base is None or value <= 0 or base <= 0 or base == 1:
        return []
    result = Decimal(value).ln() / Decimal(base).ln()
    return [round(result, 12).normalize()]


@function("power", 1)
def _power(env: Environment, source: Items, args: list[Items]) -> Items:
    base, exponent = number_of(source, "power()"), number_of(args[0], "power()")
    if base is None or exponent is None:
        return []
    if abs(Decimal(exponent)) > 4000 or abs(Decimal(base)) > Decimal("1E100"):
        raise ExecutionProblem("The result of power() is too large.", "")
    try:
        if isinstance(base, int) and isinstance(exponent, int) and exponent >= 0:
            return [base**exponent]
        result = Decimal(base) ** Decimal(exponent)
    except ArithmeticError:
        return []
    return [] if not result.is_finite() or math.isnan(result) else [result]


@function("precision")
def _precision(env: Environment, source: Items, args: list[Items]) -> Items:
    item = single(source, "precision()")
    value = None if item is None else atom(item)
    if isinstance(value, Temporal):
        return [value.digits()]
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        digits = Decimal(value).as_tuple()
        exponent = digits.exponent
        return [max(-exponent, 0) if isinstance(exponent, int) else 0]
    return []


def _boundary(name: str, high: bool) -> None:
    @function(name, 0, 1)
    def run(env: Environment, source: Items, args: list[Items]) -> Items:
        item = single(source, f"{name}()")
        places = whole_of(args[0], f"{name}()") if args else None
        if item is None or (args and places is None):
            return []
        value = atom(item)
        if isinstance(value, Temporal):
            return answer(value.boundary(places, high))
        if isinstance(value, Quantity):
            edge = _number_boundary(value.value, places, high)
            return [] if edge is None else [Quantity(edge, value.unit, value.calendar)]
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return answer(_number_boundary(Decimal(value), places, high))
        return []


def _number_boundary(value: Decimal, places: int | None, high: bool) -> Decimal | None:
    """The least or greatest number that the written digits may mean, in so many decimals."""
    places = 8 if places is None else places
    if not 0 <= places <= 31:
        return None
    exponent = value.as_tuple().exponent
    digits = -exponent if isinstance(exponent, int) else 0
    half = Decimal(5).scaleb(-max(digits, 0) - 1)
    with localcontext() as context:
        context.prec = 80
        edge = value + half if high else value - half
        away = ROUND_HALF_UP if high == (value >= 0) else ROUND_DOWN
        return edge.quantize(Decimal(1).scaleb(-places), away)


_boundary("lowBoundary", False)
_boundary("highBoundary", True)


# Conversion


def _to_boolean(item: Item) -> bool | None:
    value = atom(item)
    if isinstance(value, bool):
        return value
    if isinstance(value, int | Decimal):
        return {0: False, 1: True}.get(int(value)) if value == int(value) else None
    if isinstance(value, str):
        word = value.casefold()
        if word in ("true", "t", "yes", "y", "1", "1.0"):
            return True
        if word in ("false", "f", "no", "n", "0", "0.0"):
            return False
    return None


def _to_integer(item: Item) -> int | None:
    value = atom(item)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d{1,100}", value):
        return int(value)
    return None


def _to_decimal(item: Item) -> Decimal | int | None:
    value = atom(item)
    if isinstance(value, bool):
        return Decimal(int(value)).quantize(Decimal("1.0"))
    if isinstance(value, int | Decimal):
        return value
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d{1,100}(\.\d{1,100})?", value):
        return Decimal(value)
    return None


def to_text(item: Item) -> str | None:
    """An item as text; None for a structure."""
    value = atom(item)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Element):
        return None
    if isinstance(item, Element) and isinstance(item.value, str):
        return item.value
    return str(value)


def _to_temporal(kind: str) -> Callable[[Item], Temporal | None]:
    def convert_one(item: Item) -> Temporal | None:
        value = atom(item)
        if isinstance(value, Temporal):
            if value.kind == kind:
                return value
            return value.as_kind(kind) if "Time" not in (value.kind, kind) else None
        if isinstance(value, str):
            return parse_temporal(value, kind)
        return None

    return convert_one


_QUANTITY = re.compile(
    r"(?P<value>[+-]?\d{1,60}(\.\d{1,60})?)\s*(?:'(?P<unit>[^']+)'|(?P<word>[a-zA-Z]+))?"
)


def _to_quantity(item: Item) -> Quantity | None:
    value = atom(item)
    if isinstance(value, bool):
        return Quantity(Decimal("1.0") if value else Decimal("0.0"))
    if isinstance(value, int | Decimal):
        return Quantity(Decimal(value))
    if isinstance(value, Quantity):
        return value
    if isinstance(value, str):
        match = _QUANTITY.fullmatch(value)
        if match is None:
            return None
        number = Decimal(match["value"])
        if match["word"]:
            word = CALENDAR_UNITS.get(match["word"])
            return None if word is None else Quantity(number, word, True)
        return Quantity(number, match["unit"] or "1")
    return None


def _conversion(name: str, convert_one: Callable[[Item], object], most: int = 0) -> None:
    @function(f"to{name}", 0, most)
    def run(env: Environment, source: Items, args: list[Items]) -> Items:
        item = single(source, f"to{name}()")
        if item is None:
            return []
        result = convert_one(item)
        if args and isinstance(result, Quantity):
            unit = text_of(args[0], f"to{name}()") or "1"
            value = convert(result.value, result.unit, unit)
            return [] if value is None else [Quantity(value, unit)]
        return answer(result)

    @function(f"convertsTo{name}", 0, most)
    def check(env: Environment, source: Items, args: list[Items]) -> Items:
        return [] if not source else [bool(run(env, source, args))]


_conversion("Boolean", _to_boolean)
_conversion("Integer", _to_integer)
_conversion("Long", _to_integer)
_conversion("Decimal", _to_decimal)
_conversion("String", to_text)
_conversion("Date", _to_temporal("Date"))
_conversion("DateTime", _to_temporal("DateTime"))
_conversion("Time", _to_temporal("Time"))
_conversion("Quantity", _to_quantity, 1)
