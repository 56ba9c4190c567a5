"""How text is compared in a string search: what counts, and what does not."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# A dot in the middle of a name, in the forms in which keyboards give it.
DOTS = "\u00b7\u2022\u2027\u22c5\u30fb\uff65\u0387\u2219\u25cf"
LONGEST_REMEMBERED = 200
_DOT = re.compile(f"[{DOTS}]")


def normalise(text: str) -> str:
    """
    Text as string search compares it: case, accents, width and runs of space do not count.

    Chinese characters are kept; full-width letters and digits become plain ones. Neither a
    space between two Chinese characters counts (张 伟), nor a middle dot (买买提·吐尔逊).
    """
    # Long texts are worked out again, so that what is remembered stays small.
    return _remembered(text) if len(text) <= LONGEST_REMEMBERED else _normalised(text)


def _normalised(text: str) -> str:
    if text.isascii():
        return " ".join(text.casefold().split())
    folded = unicodedata.normalize("NFKD", _DOT.sub("", text))
    kept = "".join(c for c in folded if not unicodedata.combining(c))
    pieces = unicodedata.normalize("NFC", kept).casefold().split()
    if not pieces:
        return ""
    found = [pieces[0]]
    for before, after in zip(pieces, pieces[1:], strict=False):
        joined = is_ideograph(before[-1]) and is_ideograph(after[0])
        found.append(after if joined else " " + after)
    return "".join(found)


_remembered = lru_cache(maxsize=65536)(_normalised)


def is_ideograph(character: str) -> bool:
    """Whether a character is a Chinese one (CJK ideographs with their extensions)."""
    return (
        "\u4e00" <= character <= "\u9fff"
        or "\u3400" <= character <= "\u4dbf"
        or "\U00020000" <= character <= "\U0003ffff"
        or character == "\u3007"
    )


def is_chinese(text: str) -> bool:
    """Whether any character is a Chinese one."""
    return not text.isascii() and any(map(is_ideograph, text))
