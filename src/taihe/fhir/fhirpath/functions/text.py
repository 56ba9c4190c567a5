"""Functions of text (https://hl7.org/fhirpath/#string-manipulation)."""

from __future__ import annotations

from taihe.fhir.fhirpath import patterns
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.fhirpath.errors import ExecutionProblem
from taihe.fhir.fhirpath.functions.arguments import (
    LONGEST_TEXT,
    Items,
    answer,
    function,
    text_of,
    whole_of,
)

_SHORT = 100  # a text of fewer characters is matched for nothing


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
    return answer(None if text is None else text.strip(" \t\r\n"))


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
        raise ExecutionProblem("The text becomes too long.", "Replace by shorter text.")
    return [text.replace(old, new)]


def _flags(args: list[Items], at: int, what: str) -> str:
    """The flags of a pattern: `i` for any case, `m` for lines."""
    flags = text_of(args[at], what) if len(args) > at else None
    if flags and set(flags) - {"i", "m"}:
        raise ExecutionProblem(f"{what} does not know these flags.", "Use i, m or both.")
    return flags or ""


@function("matches", 1, 2)
def _matches(env: Environment, source: Items, args: list[Items]) -> Items:
    text, pattern = text_of(source, "matches()"), text_of(args[0], "matches()")
    flags = _flags(args, 1, "matches()")
    if text is None or pattern is None:
        return []
    if len(text) > _SHORT:
        env.work(patterns.cost(pattern, text))
    return [patterns.matches(pattern, text, whole=False, flags=flags)]


@function("matchesFull", 1, 2)
def _matches_full(env: Environment, source: Items, args: list[Items]) -> Items:
    text, pattern = text_of(source, "matchesFull()"), text_of(args[0], "matchesFull()")
    flags = _flags(args, 1, "matchesFull()")
    if text is None or pattern is None:
        return []
    if len(text) > _SHORT:
        env.work(patterns.cost(pattern, text))
    return [patterns.matches(pattern, text, whole=True, flags=flags)]


@function("replaceMatches", 2, 3)
def _replace_matches(env: Environment, source: Items, args: list[Items]) -> Items:
    text, pattern, new = (text_of(items, "replaceMatches()") for items in (source, *args[:2]))
    flags = _flags(args, 2, "replaceMatches()")
    if text is None or pattern is None or new is None:
        return []
    if not pattern:
        return [text]
    if len(text) > _SHORT:
        env.work(patterns.cost(pattern, text))
    return [patterns.substitute(pattern, new, text, flags=flags)]


@function("join", 0, 1)
def _join(env: Environment, source: Items, args: list[Items]) -> Items:
    between = text_of(args[0], "join()") if args else ""
    parts = [text for item in source if (text := text_of([item], "join()")) is not None]
    between = between or ""  # nothing to join is an empty text, as SQL-on-FHIR has it
    if sum(map(len, parts)) + len(between) * len(parts) > LONGEST_TEXT:
        raise ExecutionProblem("The text becomes too long.", "Join less text.")
    return [between.join(parts)]


@function("split", 1)
def _split(env: Environment, source: Items, args: list[Items]) -> Items:
    text, at = text_of(source, "split()"), text_of(args[0], "split()")
    if text is None or at is None:
        return []
    env.spend(len(text) if at == "" else text.count(at) + 1)
    return list(text) if at == "" else list(text.split(at))
