"""
Reading the value of `_text` and `_content`: words, joined by and, or, not and parentheses.

`(bone OR liver) and metastases` is R4's own example. Words that stand side by side must all be
there, `or` binds least, and commas are alternatives as everywhere.
"""

from __future__ import annotations

import re

from taihe.fhir.search.parameters import Parameter
from taihe.fhir.search.query import Criterion, Junction, Words
from taihe.fhir.search.values import bad, split, unescaped
from taihe.fhir.search.words import wanted_words
from taihe.kernel.errors import Incorrect

DEEPEST = 20
MOST_WORDS = 200
_PIECE = re.compile(r"[()]|[^\s()\"“”]+")
_JOINING = ("and", "or", "not")


def read_words(parameter: Parameter, text: str) -> Criterion:
    """
    Read the value of a text search.

    Raises Incorrect where no word is left, where one is missing beside and, or, not, and where
    parentheses do not fit; a text search has at most 200 words and is 20 levels deep.
    """
    found = [_Phrase(parameter, unescaped(part)).whole() for part in split(text, ",")]
    if len(found) == 1:
        return found[0]
    if all(isinstance(one, Words) for one in found):
        return Words(
            parameter, tuple(a for w in found if isinstance(w, Words) for a in w.alternatives)
        )
    return Junction("or", tuple(found))


class _Phrase:
    def __init__(self, parameter: Parameter, text: str) -> None:
        self.parameter = parameter
        pieces = _PIECE.findall(text)
        self.pieces = [p for p in pieces if p in "()" or wanted_words(p)]
        self.at = 0
        self.depth = 0
        if len(pieces) > MOST_WORDS:
            raise bad(parameter, f"longer than {MOST_WORDS} words", "Ask in several searches.")

    def whole(self) -> Criterion:
        found = self.either()
        if self.at < len(self.pieces):
            raise bad(self.parameter, "closed without being opened", "Check the parentheses.")
        return found

    def next(self) -> str:
        """The piece that comes next, a joining word in small letters; "" at the end."""
        piece = self.pieces[self.at] if self.at < len(self.pieces) else ""
        return piece.lower() if piece.lower() in _JOINING else piece

    def either(self) -> Criterion:
        self.depth += 1
        if self.depth > DEEPEST:
            raise bad(self.parameter, "nested too deeply", f"Use at most {DEEPEST} levels.")
        found = [self.every()]
        while self.next() == "or":
            self.at += 1
            found.append(self.every())
        self.depth -= 1
        return found[0] if len(found) == 1 else Junction("or", tuple(found))

    def every(self) -> Criterion:
        found: list[Criterion] = []
        words: list[str] = []
        joined = True
        while (piece := self.next()) not in ("", ")", "or"):
            self.at += 1
            if piece == "and":
                if joined:
                    raise self.missing()
                joined = True
                continue
            joined = False
            if piece == "(":
                found.append(self.enclosed())
            elif piece == "not":
                found.append(self.negated())
            else:
                words.append(self.pieces[self.at - 1])
        if joined:
            raise self.missing()
        if words:
            found.insert(0, Words(self.parameter, (tuple(words),)))
        return found[0] if len(found) == 1 else Junction("and", tuple(found))

    def negated(self) -> Criterion:
        piece = self.next()
        if piece in ("", ")", "or", "and", "not"):
            raise self.missing()
        self.at += 1
        inner = self.enclosed() if piece == "(" else Words(self.parameter, ((piece,),))
        return Junction("not", (inner,))

    def enclosed(self) -> Criterion:
        found = self.either()
        if self.next() != ")":
            raise bad(self.parameter, "not closed", "Check the parentheses.")
        self.at += 1
        return found

    def missing(self) -> Incorrect:
        return bad(self.parameter, "without a word", "Give the words that must stand in the text.")
