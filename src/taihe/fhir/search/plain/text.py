"""The texts of a resource, and whether a word stands in one."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from taihe.fhir.search.plain.found import is_han

# Elements of a narrative that break the flow of its text.
_BLOCKS = frozenset(
    ("div", "p", "h1", "h2", "h3", "h4", "h5", "h6", "br", "hr", "blockquote", "pre", "address",
     "ul", "ol", "li", "dl", "dt", "dd", "table", "caption", "thead", "tbody", "tfoot", "tr", "th",
     "td", "col", "colgroup", "img", "map", "area")
)  # fmt: skip


class _Narrative(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.read = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.read += " " if tag in _BLOCKS else ""

    def handle_endtag(self, tag: str) -> None:
        self.read += " " if tag in _BLOCKS else ""

    def handle_comment(self, data: str) -> None:
        self.read += " "

    def handle_data(self, data: str) -> None:
        self.read += data


def div_of(resource: dict[str, Any]) -> list[str]:
    """The narrative as a list of one text, or of none."""
    div = resource.get("text", {}).get("div")
    return [_read(div)] if div else []


def _read(div: str) -> str:
    narrative = _Narrative()
    narrative.feed(div)
    narrative.close()
    return narrative.read


def texts_within(value: Any, name: str = "") -> Iterator[str]:
    """Every text within a value, the narrative as it is read; no base64, no type name."""
    if name in ("resourceType", "data"):
        return
    if isinstance(value, str):
        yield _read(value) if name == "div" else value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from texts_within(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_within(inner, name)


def stands_in(word: str, texts: list[str]) -> bool:
    """
    Whether a word stands in the texts together.

    Its Chinese runs stand there when every two neighbours do, one alone when it does; of
    other letters and digits the whole run is a word of a text.
    """
    for text in pieces(word):
        if is_han(text) and len(text) > 1:
            for first, second in itertools.pairwise(text):
                if not any(first + second in piece for t in texts for piece in pieces(t)):
                    return False
        elif is_han(text):
            if not any(text in piece for t in texts for piece in pieces(t)):
                return False
        elif not any(text == piece for t in texts for piece in pieces(t)):
            return False
    return True


_known: dict[str, list[str]] = {}


def pieces(text: str) -> list[str]:
    """Runs of Chinese characters and runs of other letters and digits, folded."""
    if text not in _known:
        found: list[str] = []
        kind = ""
        for character in _folded(text):
            now = "han" if is_han(character) else "word" if character.isalnum() else ""
            if now and now == kind:
                found[-1] += character
            elif now:
                found.append(character)
            kind = now
        _known[text] = found
    return _known[text]


def _folded(text: str) -> str:
    spread = unicodedata.normalize("NFKD", text)
    plain = "".join(c for c in spread if not unicodedata.combining(c) and c not in MIDDLE_DOTS)
    return unicodedata.normalize("NFC", plain).casefold()


MIDDLE_DOTS = "·•‧⋅・･·∙●"
