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
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<special>\$[a-z]+)
  | (?P<symbol><=|>=|!=|!~|[-+*/&|<>=~.,()\[\]{}%])
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
    def one(match: re.Match[str]) -> str:
        code = match.group(1)
        if code[0] == "u" and len(code) == 5:
            return chr(int(code[1:], 16))
        if code in _ESCAPES:
            return _ESCAPES[code]
        if code in "'\"`\\/":
            return code
        raise SyntaxProblem(
            f"\\{code} is no escape in a FHIRPath string.",
            "Use \\' \\\" \\` \\\\ \\/ \\r \\n \\t \\f or \\uXXXX.",
            position,
        )

    return _ESCAPE.sub(one, text) if "\\" in text else text


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise SyntaxProblem(
                f"Nothing in FHIRPath begins with {text[at]!r} here.",
                "Check quotes and operators.",
                at,
            )
        kind = match.lastgroup or ""
        if kind != "space":
            found.append(_Token(kind, match.group(kind), at))
        at = match.end()
    found.append(_Token("end", "", len(text)))
    return found


class _Parser:
    def __init__(self, text: str) -> None:
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
        found = "the end" if token.kind == "end" else repr(token.text)
        return SyntaxProblem(f"{wanted}, found {found}.", "", token.position)

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
                "Split it.",
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
                raise SyntaxProblem("Too many signs in a row.", "", token.position)
            operand = self.prefixed()
            self.depth -= 1
            return Unary(token.position, token.text, operand)
        return self.postfixed(self.term())

    def postfixed(self, node: Node) -> Node:
        while True:
            if self.is_symbol("."):
                self.at += 1
                node = self.invocation(node)
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
            arguments.append(self.expression())
            while self.is_symbol(","):
                self.at += 1
                arguments.append(self.expression())
        self.expect(")")
        return Call(token.position, source, name, tuple(arguments))

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
                if name.kind not in ("name", "quoted", "string"):
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
            return Literal(token.position, "Long", int(token.text[:-1]))
        value: int | Decimal = Decimal(token.text) if "." in token.text else int(token.text)
        unit = self.token
        if unit.kind == "string":
            self.at += 1
            text = _unescape(unit.text, unit.position)
            return Literal(token.position, "Quantity", Decimal(value), text)
        if unit.kind == "name" and unit.text in CALENDAR_UNITS:
            self.at += 1
            name = CALENDAR_UNITS[unit.text]
            return Literal(token.position, "Quantity", Decimal(value), name, True)
        kind = "Decimal" if isinstance(value, Decimal) else "Integer"
        return Literal(token.position, kind, value)

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
    parser = _Parser(expression)
    tree = parser.expression()
    if parser.token.kind != "end":
        raise parser.unexpected("Expected an operator or the end")
    return tree
