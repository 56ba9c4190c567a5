"""
The words of a text, for `_text` and `_content`.

A word is a run of letters and digits; of Chinese, which is written without spaces, every
character is one, and every two neighbours. So 高血压 is found where 高血 and 血压 stand, which
is nearly always where 高血压 stands. Case, accents and width do not count.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

from taihe.fhir.search.normalise import is_ideograph, normalise

_RUN = re.compile(r"[^\W_]+")
# Tags that stand inside a word do not end it.
_INLINE = re.compile(
    r"</?(?:a|abbr|acronym|b|big|cite|code|del|dfn|em|i|ins|kbd|q|samp|small|span|strong|sub|sup"
    r"|tt|u|var)(?:\s[^<>]*)?>"
)
_TAG = re.compile(r"<[^<>]*>")
# Base64, and the type's own name: not text that anybody wrote.
_NO_TEXT = frozenset(("data", "resourceType"))


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(word for piece in text.split() for word in _words(normalise(piece)))


def wanted_words(word: str) -> frozenset[str]:
    """What must stand in a text where a word is looked for: of Chinese, its pairs."""
    found: set[str] = set()
    for run in _runs(normalise(word)):
        is_long = is_ideograph(run[0]) and len(run) > 1
        found.update(a + b for a, b in zip(run, run[1:], strict=False)) if is_long else found.add(
            run
        )
    return frozenset(found)


def _words(text: str) -> Iterator[str]:
    for run in _runs(text):
        if is_ideograph(run[0]):
            yield from run
            yield from (a + b for a, b in zip(run, run[1:], strict=False))
        else:
            yield run


def _runs(text: str) -> Iterator[str]:
    """Runs of Chinese characters, and runs of other letters and digits."""
    for match in _RUN.finditer(text):
        run = match.group()
        start = 0
        for at in range(1, len(run)):
            if is_ideograph(run[at]) != is_ideograph(run[at - 1]):
                yield run[start:at]
                start = at
        yield run[start:]


def text_of_html(div: str) -> str:
    """The text of a narrative, without its tags."""
    plain = _INLINE.sub("", _without_comments(div))
    return html.unescape(_TAG.sub(" ", plain))


def _without_comments(div: str) -> str:
    kept, at = [], 0
    while (begin := div.find("<!--", at)) >= 0 and (end := div.find("-->", begin)) >= 0:
        kept.append(div[at:begin])
        at = end + 3
    return " ".join((*kept, div[at:]))


def narrative(resource: dict[str, Any]) -> str:
    """The text of a resource's narrative; "" when it has none."""
    text = resource.get("text")
    div = text.get("div") if isinstance(text, dict) else None
    return text_of_html(div) if isinstance(div, str) else ""


def whole_text(resource: dict[str, Any]) -> str:
    """Every text in a resource, a line each; the narrative without its tags."""
    found: list[str] = []
    stack: list[Any] = [resource]
    while stack:
        value = stack.pop()
        if isinstance(value, list):
            stack.extend(value)
        elif isinstance(value, dict):
            for key, inner in value.items():
                if key in _NO_TEXT:
                    continue
                if key == "div" and isinstance(inner, str):
                    found.append(text_of_html(inner))
                else:
                    stack.append(inner)
        elif isinstance(value, str):
            found.append(value)
    return "\n".join(found)
