"""How text is compared in a string search, and the spellings under which a name is found."""

from __future__ import annotations

import unicodedata
from functools import lru_cache


@lru_cache(maxsize=65536)
def normalise(text: str) -> str:
    """
    Text as string search compares it: case, accents, width and runs of space do not count.

    Chinese characters are kept; full-width letters and digits become plain ones.
    """
    if text.isascii():
        return " ".join(text.casefold().split())
    folded = unicodedata.normalize("NFKD", text)
    kept = "".join(c for c in folded if not unicodedata.combining(c))
    return " ".join(unicodedata.normalize("NFC", kept).casefold().split())


def _is_ideograph(character: str) -> bool:
    return (
        "\u4e00" <= character <= "\u9fff"
        or "\u3400" <= character <= "\u4dbf"
        or character > "\U00020000"
    )


def is_chinese(text: str) -> bool:
    """Whether any character is a Chinese one (CJK ideographs with their extensions)."""
    return not text.isascii() and any(map(_is_ideograph, text))


@lru_cache(maxsize=65536)
def pinyin_spellings(name: str) -> tuple[str, ...]:
    """
    The pinyin of a Chinese name, joined in full and as initials: 张伟 gives zhangwei, zw.

    The usual reading of each character is taken; what is not Chinese is left out.
    """
    if not is_chinese(name):
        return ()
    from pypinyin import lazy_pinyin

    chinese = "".join(filter(_is_ideograph, name))
    syllables = [s for s in lazy_pinyin(chinese, v_to_u=False) if s.isascii() and s.strip()]
    if not syllables:
        return ()
    full = "".join(syllables).casefold()
    initials = "".join(s[0] for s in syllables).casefold()
    return (full, initials) if initials != full else (full,)
