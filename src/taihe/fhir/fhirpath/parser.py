"""
Read a FHIRPath expression into a tree (https://hl7.org/fhirpath/N1/grammar.html).

Length and nesting are bounded, since expressions may come from outside.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from taihe.fhir.fhirpath.errors import SyntaxProblem
from taihe.fhir.fhirpath.tree import (
    Binary,
    Call,
    Empty,
    Index,
    Instance,
    Literal,
    Member,
    Node,
    Special,
    TypeTest,
    Unary,
    Variable,
)

LONGEST = 100_000
DEEPEST = 120

CALENDAR_UNITS = {
    unit + plural: unit
    for unit in ("year", "month", "week", "day", "hour", "minute", "second", "millisecond")
    for plural in ("", "s")
}

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|//[^\n\r]*|/\*.*?\*/)
  | @(?P<time>T[0-9][0-9](?::[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?)
  | @(?P<datetime>[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?T
      (?:[0-9]{2}(?::[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?)
  | @(?P<date>[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?)
  | (?P<long>[0-9]+L\b)
  | (?P<number>[0-9]+(?:\.[0-9]+)?)
  | '(?P<string>(?:[^'\\]|\\.)*)'
  | `(?P<quoted>(?:[^`\\]|\\.)*)`
  | (?<=%)"(?P<double>[^"\\\n]*)"
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<special>\$[a-z]+)
  | (?P<symbol><=|>=|!=|!~|[-+*/&|<>=~.,:()\[\]{}%])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}

# Binding strength, loosest first; `is` and `as` bind between addition and union.
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("implies",),
    ("or", "xor"),
    ("and",),
    ("in", "contains"),
    ("=", "~", "!=", "!~"),
    ("<=", "<", ">", ">="),
    ("|",),
    ("is", "as"),
    ("+", "-", "&"),
    ("*", "/", "div", "mod"),
)
_STRENGTH = {operator: level for level, group in enumerate(_LEVELS) for operator in group}
_KEYWORD_NAMES = frozenset(("as", "is", "contains", "in", "div", "mod"))


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int


def _unescape(text: str, position: int) -> str:
    """
    The characters of a string; a backslash before anything else than an escape counts for
    nothing, and two surrogates are one character.
    """
    if "\\" not in text:
        return text

    def one(match: re.Match[str]) -> str:
        code = match.group(1)
        if code[0] == "u" and len(code) == 5:
            return chr(int(code[1:], 16))
        return _ESCAPES.get(code, code)

    plain = _ESCAPE.sub(one, text)
    try:
        return plain.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise SyntaxProblem(
            "Half a character stands alone in this string.",
            "Write both parts of it, as in \\uD83D\\uDD25.",
            position,
        ) from None


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while at < len(text):
        if text.startswith("/*", at) and text.find("*/", at + 2) < 0:
            raise SyntaxProblem("This comment has no end.", "Close it with */.", at)
        match = _TOKEN.match(text, at)
        if match is None:
            raise _unreadable(text, at)
        kind = match.lastgroup or ""
        if kind != "space":
            found.append(_Token(kind, match.group(kind), at))
        at = match.end()
    found.append(_Token("end", "", len(text)))
    return found


_WRITE_INSTEAD = {
    "==": "Write = for equality.",
    "<>": "Write !=.",
    "=>": "Write >=, or implies.",
    "=<": "Write <=.",
    "&&": "Write and.",
    "||": "Write or.",
    '"': "Write text in single quotes.",
    "!": "Write not() after the value, as in active.not().",
    "'": "Close the text with another single quote.",
    "`": "Close the name with another backtick.",
    "@": "Write a date as @2024-01-31 and a time as @T10:30.",
    "$": "Use $this, $index or $total.",
    "\\": "A backslash stands in quotes only.",
    ";": "An expression has no end mark: leave it out.",
    "?": "Write iif(condition, then, otherwise).",
    "“": "Write text in straight single quotes.",
    "‘": "Write text in straight single quotes.",
    "’": "Write text in straight single quotes.",
}


def _instead(text: str, at: int) -> str:
    """What to write for signs of other languages."""
    return _WRITE_INSTEAD.get(text[at : at + 2], _WRITE_INSTEAD.get(text[at : at + 1], ""))


def _unreadable(text: str, at: int) -> SyntaxProblem:
    what = {
        "'": "This text has no end",
        "`": "This name has no end",
        "@": "This is no date and no time",
    }.get(text[at], f"Nothing in FHIRPath begins with {text[at]}")
    return SyntaxProblem(f"{what}.", _instead(text, at) or "Leave it out.", at)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.at = 0
        self.depth = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.at]

    def next(self) -> _Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def is_symbol(self, text: str) -> bool:
        token = self.tokens[self.at]
        return token.kind == "symbol" and token.text == text

    def expect(self, symbol: str) -> None:
        if not self.is_symbol(symbol):
            raise self.unexpected(f"Expected {symbol!r}")
        self.at += 1

    def unexpected(self, wanted: str) -> SyntaxProblem:
        token = self.token
        found = "the end" if token.kind == "end" else token.text[:40]
        return SyntaxProblem(f"{wanted}, found {found}.", self.hint(), token.position)

    def hint(self) -> str:
        """What to do about the token that does not fit."""
        token = self.token
        if token.kind == "end":
            before = self.tokens[self.at - 1].text if self.at else ""
            if before in _STRENGTH:
                return f"Write something after {before}."
            depth = sum(
                (t.text in ("(", "[", "{")) - (t.text in (")", "]", "}"))
                for t in self.tokens
                if t.kind == "symbol"
            )
            return "Close the bracket." if depth > 0 else "Write an expression."
        if token.kind == "symbol":
            at = token.position
            hint = _instead(self.text, max(at - 1, 0) if token.text in "=>|&" else at)
            if hint and (token.text != ">" or self.text[max(at - 1, 0)] in "=<"):
                return hint
            if token.text in (")", "]", "}"):
                return "Leave the bracket out, or open it before."
        before = self.tokens[self.at - 1].text if self.at else ""
        if before == "not":
            return "Write not() after the value, as in active.not()."
        if token.text.casefold() == "like":
            return "Use startsWith(), contains() or matches()."
        if token.kind in ("name", "number", "string", "quoted"):
            return "Join two values by an operator, and steps of a path by a dot."
        return "Look for a missing value or bracket before it."

    def operator(self) -> str | None:
        token = self.token
        if token.kind == "symbol" or (token.kind == "name" and token.text in _STRENGTH):
            return token.text if token.text in _STRENGTH else None
        return None

    def expression(self, level: int = 0) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise SyntaxProblem(
                f"The expression is nested more than {DEEPEST} deep.",
                "Split it, or leave out brackets.",
                self.token.position,
            )
        left = self.prefixed()
        operator = self.operator()
        while operator is not None and _STRENGTH[operator] >= level:
            strength = _STRENGTH[operator]
            position = self.next().position
            if operator in ("is", "as"):
                left = TypeTest(position, operator, left, self.type_name())
            else:
                left = Binary(position, operator, left, self.expression(strength + 1))
            operator = self.operator()
        self.depth -= 1
        return left

    def prefixed(self) -> Node:
        token = self.token
        if token.kind == "symbol" and token.text in "+-":
            self.at += 1
            self.depth += 1
            if self.depth > DEEPEST:
                raise SyntaxProblem("Too many signs in a row.", "Leave some out.", token.position)
            operand = self.prefixed()
            self.depth -= 1
            return Unary(token.position, token.text, operand)
        return self.postfixed(self.term())

    def postfixed(self, node: Node) -> Node:
        while True:
            if self.is_symbol("."):
                self.at += 1
                node = self.invocation(node)
            elif self.is_symbol("{") and _names_a_type(node):
                node = self.instance(node)  # type: ignore[arg-type]
            elif self.is_symbol("["):
                position = self.next().position
                index = self.expression()
                self.expect("]")
                node = Index(position, node, index)
            else:
                return node

    def invocation(self, source: Node | None) -> Node:
        token = self.next()
        if token.kind == "special":
            return self.special(token)
        if token.kind == "quoted":
            name = _unescape(token.text, token.position)
        elif token.kind == "name":
            name = token.text
        else:
            self.at -= 1
            raise self.unexpected("Expected a name")
        if not self.is_symbol("("):
            return Member(token.position, source, name)
        self.at += 1
        arguments: list[Node] = []
        if not self.is_symbol(")"):
            arguments.append(self.argument(name))
            while self.is_symbol(","):
                self.at += 1
                arguments.append(self.argument(name))
        self.expect(")")
        return Call(token.position, source, name, tuple(arguments))

    def argument(self, function: str) -> Node:
        """One argument; a key of `sort()` may say in which direction it sorts."""
        node = self.expression()
        token = self.token
        if function == "sort" and token.kind == "name" and token.text in ("asc", "desc"):
            self.at += 1
            return Unary(token.position, token.text, node)
        return node

    def instance(self, node: Member) -> Node:
        """`Type { name: value, ... }`, or `Type {:}` for an empty one."""
        type_name = node.name
        if isinstance(node.source, Member):
            type_name = f"{node.source.name}.{node.name}"
        position = node.source.position if node.source is not None else node.position
        self.expect("{")
        names: list[str] = []
        values: list[Node] = []
        if self.is_symbol(":"):
            self.at += 1
        else:
            while True:
                token = self.next()
                if token.kind not in ("name", "quoted"):
                    self.at -= 1
                    raise self.unexpected("Expected the name of an element")
                names.append(_unescape(token.text, token.position))
                self.expect(":")
                values.append(self.expression())
                if not self.is_symbol(","):
                    break
                self.at += 1
        self.expect("}")
        return Instance(position, type_name, tuple(names), tuple(values))

    def special(self, token: _Token) -> Node:
        if token.text not in ("$this", "$index", "$total"):
            raise SyntaxProblem(
                f"{token.text} is not known.", "Use $this, $index or $total.", token.position
            )
        return Special(token.position, token.text)

    def term(self) -> Node:
        token = self.token
        position = token.position
        if token.kind == "symbol":
            if token.text == "(":
                self.at += 1
                inner = self.expression()
                self.expect(")")
                return inner
            if token.text == "{":
                self.at += 1
                self.expect("}")
                return Empty(position)
            if token.text == "%":
                self.at += 1
                name = self.next()
                if name.kind not in ("name", "quoted", "string", "double"):
                    self.at -= 1
                    raise self.unexpected("Expected a name after %")
                return Variable(position, _unescape(name.text, name.position))
            raise self.unexpected("Expected a value")
        if token.kind in ("number", "long"):
            return self.number()
        if token.kind == "string":
            self.at += 1
            return Literal(position, "String", _unescape(token.text, position))
        if token.kind in ("date", "datetime", "time"):
            self.at += 1
            kind = {"date": "Date", "datetime": "DateTime", "time": "Time"}[token.kind]
            return Literal(position, kind, token.text)
        if token.kind == "name" and token.text in ("true", "false"):
            self.at += 1
            return Literal(position, "Boolean", token.text == "true")
        if token.kind == "name" and token.text in _STRENGTH and token.text not in _KEYWORD_NAMES:
            raise self.unexpected("Expected a value")
        if token.kind == "end":
            raise self.unexpected("Expected a value")
        return self.invocation(None)

    def number(self) -> Node:
        token = self.next()
        if token.kind == "long":
            return _whole(token.position, token.text[:-1], long=True)
        whole = "." not in token.text and len(token.text) < 20
        value: int | Decimal = int(token.text) if whole else Decimal(token.text)
        unit = self.token
        if unit.kind == "string":
            self.at += 1
            text = _unescape(unit.text, unit.position)
            return Literal(token.position, "Quantity", Decimal(value), text)
        if unit.kind == "name" and unit.text in CALENDAR_UNITS:
            self.at += 1
            name = CALENDAR_UNITS[unit.text]
            return Literal(token.position, "Quantity", Decimal(value), name, True)
        if isinstance(value, int):
            return _whole(token.position, token.text, long=False)
        return Literal(token.position, "Decimal", value)

    def type_name(self) -> str:
        def one() -> str:
            token = self.next()
            if token.kind not in ("name", "quoted"):
                self.at -= 1
                raise self.unexpected("Expected the name of a type")
            return _unescape(token.text, token.position)

        name = one()
        if self.is_symbol("."):
            self.at += 1
            name = f"{name}.{one()}"
        return name


def _whole(position: int, digits: str, *, long: bool) -> Literal:
    """A whole number: one beyond 32 bits is a Long, one beyond 64 a Decimal."""
    value = int(digits) if len(digits) < 20 else 2**64
    if value >= 2**63:
        if long:
            raise SyntaxProblem(
                "This number is larger than a Long can be.", "Leave out the L.", position
            )
        return Literal(position, "Decimal", Decimal(digits))
    return Literal(position, "Long" if long or value >= 2**31 else "Integer", value)


def _names_a_type(node: Node) -> bool:
    """Whether a path is a name, or a name with a namespace."""
    if not isinstance(node, Member):
        return False
    source = node.source
    return source is None or (isinstance(source, Member) and source.source is None)


@lru_cache(maxsize=8192)
def parse(expression: str) -> Node:
    """
    Read an expression into its tree; the same text gives the same tree object.

    Raises SyntaxProblem with the position of the first thing that does not fit.
    """
    if len(expression) > LONGEST:
        raise SyntaxProblem(
            f"The expression has more than {LONGEST} characters.", "Split it.", LONGEST
        )
    try:
        parser = _Parser(expression)
        tree = parser.expression()
        if parser.token.kind != "end":
            raise parser.unexpected("Expected an operator or the end")
    except SyntaxProblem as problem:
        problem.expression = expression
        raise
    return tree
