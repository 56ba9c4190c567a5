"""
Regular expressions from outside, matched in bounded time.

Python's own matcher may try exponentially many ways when repetitions are nested or follow
each other. A pattern that could is matched by following all ways at once, a set of states for
each character, which takes time in proportion to the text. Patterns with look-around or back
references have no such form and are refused where they would be risky.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

from taihe.fhir.fhirpath.errors import ExecutionProblem

LONGEST_PATTERN = 2_000
LONGEST_TEXT = 1_000_000
LONGEST_RESULT = 10_000_000
MOST_STATES = 4_000
MOST_SETS = 2_000
MOST_STEPS = 20_000_000

Test = Callable[[str], bool]


def _invalid() -> ExecutionProblem:
    return ExecutionProblem("The regular expression is not valid.", "Check it.")


def _too_hard() -> ExecutionProblem:
    return ExecutionProblem(
        "The pattern could take for ever on this text.",
        "Write it without repetitions in repetitions, look-around and back references.",
    )


_PROPERTY = re.compile(r"\\([pP])(?:\{\^?([A-Za-z]{1,2})\}|([A-Z]))")
_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE}


@lru_cache(maxsize=64)
def _category(name: str) -> str:
    """The characters of a Unicode category as the inside of a class."""
    ranges: list[tuple[int, int]] = []
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code)).startswith(name):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1] = (ranges[-1][0], code)
            else:
                ranges.append((code, code))
    if not ranges:
        raise _invalid()
    return "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges)


def _in_python(pattern: str) -> str:
    """A pattern as PCRE writes it in Python's words: named groups, and `\\p{L}`."""
    out, at, inside = "", 0, False
    while at < len(pattern):
        character = pattern[at]
        found = _PROPERTY.match(pattern, at) if character == "\\" else None
        if found is not None:
            ranges = _category(found[2] or found[3])
            negated = (found[1] == "P") != ("^" in found[0])
            if inside and negated:
                raise _invalid()
            out += ranges if inside else f"[{'^' if negated else ''}{ranges}]"
            at = found.end()
        elif character == "\\":
            name = re.match(r"\\k[<{'](\w+)[>}']", pattern[at:])
            if name is not None and not inside:
                out, at = out + f"(?P={name[1]})", at + name.end()
            elif pattern.startswith("\\z", at):
                out, at = out + "\\Z", at + 2
            else:
                out, at = out + pattern[at : at + 2], at + 2
        elif not inside and re.match(r"\(\?<[A-Za-z_]", pattern[at : at + 4]):
            out, at = out + "(?P<", at + 3
        else:
            if character == "[" and not inside:
                inside = True
                if pattern[at + 1 : at + 3] == "^]" or pattern[at + 1 : at + 2] == "]":
                    end = pattern.index("]", at) + 1
                    out, at = out + pattern[at:end], end
                    continue
            elif character == "]":
                inside = False
            out, at = out + character, at + 1
    return out


@lru_cache(maxsize=512)
def _compiled(pattern: str, flags: str = "") -> tuple[re.Pattern[str], int, bool]:
    """The pattern, how many repetitions follow each other, and whether any are nested."""
    if len(pattern) > LONGEST_PATTERN:
        raise ExecutionProblem("The pattern is too long.", "Shorten it.")
    how = re.DOTALL
    for flag in flags:
        how |= _FLAGS[flag]
    try:
        text = _in_python(pattern)
        tree = _parser.parse(text, how)
        made = re.compile(text, how)
    except (re.error, OverflowError, RecursionError, ValueError):
        raise _invalid() from None
    count, nested = _repetitions(tree)
    return made, count, nested


def _repetitions(tree: Any) -> tuple[int, bool]:
    count, nested = 0, False
    for operator, argument in tree:
        if operator in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            least, most, inner = argument
            inside, deeper = _repetitions(inner)
            nested = nested or deeper
            if most != least or inside:
                count += 1
                nested = nested or (most > 1 and (inside > 0 or _branches(inner)))
        elif operator is codes.SUBPATTERN:
            inside, deeper = _repetitions(argument[3])
            count, nested = count + inside, nested or deeper
        elif operator is codes.BRANCH:
            found = [_repetitions(branch) for branch in argument[1]]
            count += max(inside for inside, _ in found)
            nested = nested or any(deeper for _, deeper in found)
        elif operator in (codes.ASSERT, codes.ASSERT_NOT):
            inside, deeper = _repetitions(argument[1])
            count, nested = count + inside, nested or deeper
    return count, nested


def _branches(tree: Any) -> bool:
    return any(
        operator is codes.BRANCH or (operator is codes.SUBPATTERN and _branches(argument[3]))
        for operator, argument in tree
    )


def _is_quick(pattern: str, text: str, flags: str) -> bool:
    """Whether Python's matcher cannot take long."""
    _, count, nested = _compiled(pattern, flags)
    if nested:
        return len(text) <= 12 and _depth(pattern) <= 2
    return bool(len(text) ** min(_exponent(pattern, count), 6) <= 3_000_000)


def _exponent(pattern: str, count: int) -> int:
    """How steps grow with the text: once for each repetition, and once for where to begin."""
    return count + (0 if count == 0 or pattern.startswith("^") else 1)


@lru_cache(maxsize=512)
def _depth(pattern: str) -> int:
    """How deep repetitions stand in repetitions."""

    def below(tree: Any) -> int:
        deepest = 0
        for operator, argument in tree:
            if operator in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
                deepest = max(deepest, 1 + below(argument[2]))
            elif operator is codes.SUBPATTERN:
                deepest = max(deepest, below(argument[3]))
            elif operator is codes.BRANCH:
                deepest = max(deepest, *(below(branch) for branch in argument[1]))
            elif operator in (codes.ASSERT, codes.ASSERT_NOT):
                deepest = max(deepest, below(argument[1]))
        return deepest

    return below(_parser.parse(_in_python(pattern), re.DOTALL))


def simple(pattern: str) -> re.Pattern[str] | None:
    """The pattern for Python's matcher where a text costs no more than its length; else None."""
    made, count, nested = _compiled(pattern)
    return None if nested or _exponent(pattern, count) > 1 else made


def cost(pattern: str, text: str) -> int:
    """How many thousands of steps a match may take."""
    _, count, nested = _compiled(pattern)
    steps = len(text) * 20 if nested else len(text) ** min(max(_exponent(pattern, count), 1), 6)
    return min(steps, 3_000_000) // 1000


def matches(pattern: str, text: str, *, whole: bool, flags: str = "") -> bool:
    """Whether a pattern is found in a text, or matches all of it."""
    if len(text) > LONGEST_TEXT:
        raise ExecutionProblem("The text is too long to match.", "Shorten it.")
    made = _compiled(pattern, flags)[0]
    if _is_quick(pattern, text, flags):
        return (made.fullmatch(text) if whole else made.search(text)) is not None
    if flags:
        raise _too_hard()
    return _automaton(pattern).matches(text, whole)


_REFERENCE = re.compile(r"\$(?:(\d{1,2})|\{(\w+)\}|\$)")


def substitute(pattern: str, replacement: str, text: str, *, flags: str = "") -> str:
    """Replace every match; `$1`, `${1}` and `${name}` stand for its groups, `$$` for a dollar."""
    if len(text) > LONGEST_TEXT:
        raise ExecutionProblem("The text is too long to match.", "Shorten it.")
    if not _is_quick(pattern, text, flags):
        raise _too_hard()
    made = _compiled(pattern, flags)[0]
    left = LONGEST_RESULT

    def one(match: re.Match[str]) -> str:
        nonlocal left

        def group(found: re.Match[str]) -> str:
            name = found[1] or found[2]
            if name is None:
                return "$"
            return match[int(name) if name.isdigit() else name] or ""

        written = _REFERENCE.sub(group, replacement)
        left -= len(written)
        if left < 0:
            raise ExecutionProblem("The text becomes too long.", "Replace by shorter text.")
        return written

    try:
        return made.sub(one, text)
    except (re.error, IndexError):
        raise ExecutionProblem(
            "The replacement names a group that is not there.", "Count the brackets of the pattern."
        ) from None


class _Automaton:
    """
    States with one test each, joined by empty moves; state 0 is where a match begins.

    `tests[n]` is what a character must be to go on from state n to `after[n]`; `moves[n]` are
    the empty moves, each with the edge of the text it asks for ("", "^" or "$").
    """

    def __init__(self, tree: Any) -> None:
        self.tests: list[Test | None] = []
        self.after: list[int] = []
        self.moves: list[list[tuple[str, int]]] = []
        start = self.state()
        self.final = self.chain(tree, start)
        self.sets: dict[tuple[bool, frozenset[int]], dict[str, frozenset[int]]] = {}

    def state(self) -> int:
        if len(self.tests) >= MOST_STATES:
            raise _too_hard()
        self.tests.append(None)
        self.after.append(-1)
        self.moves.append([])
        return len(self.tests) - 1

    def chain(self, tree: Any, at: int) -> int:
        for operator, argument in tree:
            at = self.part(operator, argument, at)
        return at

    def part(self, operator: Any, argument: Any, at: int) -> int:
        if operator in (codes.LITERAL, codes.NOT_LITERAL, codes.ANY, codes.ANY_ALL, codes.IN):
            after = self.state()
            self.tests[at] = _test(operator, argument)
            self.after[at] = after
            return after
        if operator is codes.SUBPATTERN:
            if argument[1] or argument[2]:
                raise _too_hard()
            return self.chain(argument[3], at)
        if operator is codes.BRANCH:
            after = self.state()
            for branch in argument[1]:
                begin = self.state()
                self.moves[at].append(("", begin))
                self.moves[self.chain(branch, begin)].append(("", after))
            return after
        if operator in (codes.MAX_REPEAT, codes.MIN_REPEAT):
            return self.repeat(argument[0], argument[1], argument[2], at)
        if operator is codes.AT:
            edge = {"AT_BEGINNING": "^", "AT_BEGINNING_STRING": "^",
                    "AT_END": "$", "AT_END_STRING": "$"}.get(str(argument))  # fmt: skip
            if edge is not None:
                after = self.state()
                self.moves[at].append((edge, after))
                return after
        raise _too_hard()

    def repeat(self, least: int, most: int, inner: Any, at: int) -> int:
        for _ in range(least):
            begin = self.state()
            self.moves[at].append(("", begin))
            at = self.chain(inner, begin)
        after = self.state()
        if most is codes.MAXREPEAT:
            loop = self.state()
            self.moves[at] += [("", loop), ("", after)]
            end = self.chain(inner, loop)
            self.moves[end] += [("", loop), ("", after)]
            return after
        for _ in range(most - least):
            begin = self.state()
            self.moves[at] += [("", begin), ("", after)]
            at = self.chain(inner, begin)
        self.moves[at].append(("", after))
        return after

    def closed(self, states: set[int], edges: str) -> set[int]:
        """The states with all that empty moves reach at these edges of the text."""
        stack, found = list(states), set(states)
        while stack:
            for edge, after in self.moves[stack.pop()]:
                if after not in found and (not edge or edge in edges):
                    found.add(after)
                    stack.append(after)
        return found

    def matches(self, text: str, whole: bool) -> bool:
        current = self.closed({0}, self.edges(text, 0))
        left = MOST_STEPS
        for at, character in enumerate(text):
            if not whole and self.final in current:
                return True
            edges = self.edges(text, at + 1)
            key = (whole, frozenset(current))
            known = self.sets.get(key)
            if edges or known is None or character not in known:
                left -= len(current)
                moved = {self.after[s] for s in current if (t := self.tests[s]) and t(character)}
                if not whole:
                    moved.add(0)
                following = frozenset(self.closed(moved, edges))
                if not edges and len(self.sets) < MOST_SETS:
                    self.sets.setdefault(key, {})[character] = following
            else:
                following = known[character]
            left -= 1
            if left < 0:
                raise _too_hard()
            if not following:
                return False
            current = set(following)
        return self.final in current

    @staticmethod
    def edges(text: str, at: int) -> str:
        """The edges that a position is at: the beginning, the end or before a last new line."""
        end = len(text)
        last = at == end or (at == end - 1 and text[at] == "\n")
        return ("^" if at == 0 else "") + ("$" if last else "")


_CATEGORIES: dict[str, Test] = {
    "CATEGORY_DIGIT": str.isdecimal,
    "CATEGORY_SPACE": str.isspace,
    "CATEGORY_WORD": lambda c: c.isalnum() or c == "_",
}


def _test(operator: Any, argument: Any) -> Test:
    if operator is codes.LITERAL:
        wanted = chr(argument)
        return lambda c: c == wanted
    if operator is codes.NOT_LITERAL:
        other = chr(argument)
        return lambda c: c != other
    if operator in (codes.ANY, codes.ANY_ALL):
        return lambda c: True
    return _class(argument)


def _class(parts: Any) -> Test:
    tests: list[Test] = []
    negated = False
    for operator, argument in parts:
        if operator is codes.NEGATE:
            negated = True
        elif operator is codes.LITERAL:
            tests.append(_test(operator, argument))
        elif operator is codes.RANGE:
            low, high = chr(argument[0]), chr(argument[1])
            tests.append(lambda c, low=low, high=high: low <= c <= high)  # type: ignore[misc]
        else:
            name = str(argument)
            base = _CATEGORIES.get(name.replace("_NOT_", "_"))
            if base is None:
                raise _too_hard()
            unlike = "_NOT_" in name
            tests.append(lambda c, base=base, unlike=unlike: base(c) != unlike)  # type: ignore[misc]
    return lambda c: any(test(c) for test in tests) != negated


@lru_cache(maxsize=64)
def _automaton(pattern: str) -> _Automaton:
    return _Automaton(_parser.parse(_in_python(pattern), re.DOTALL))
