"""
Whether a narrative (Narrative.div) is the harmless XHTML that FHIR allows.

Source: https://hl7.org/fhir/R4/narrative.html#xhtml. The check reads tags with one pass; it
does not build a tree, so it takes time in proportion to the text.
"""

from __future__ import annotations

import re

_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)((?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*?)(/?)>")
_ATTRIBUTE = re.compile(r"([A-Za-z_:][-\w:.]*)\s*=\s*(\"[^\"]*\"|'[^']*')")
_ALLOWED = frozenset(
    [
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "div",
        "p",
        "b",
        "strong",
        "i",
        "em",
        "u",
        "tt",
        "big",
        "small",
        "sub",
        "sup",
        "br",
        "hr",
        "span",
        "blockquote",
        "q",
        "cite",
        "code",
        "pre",
        "samp",
        "kbd",
        "dfn",
        "var",
        "abbr",
        "acronym",
        "address",
        "ins",
        "del",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "table",
        "caption",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "th",
        "td",
        "col",
        "colgroup",
        "a",
        "img",
        "map",
        "area",
    ]
)
_FORBIDDEN_ATTRIBUTES = re.compile(r"on\w+|form\w*|action|srcdoc")
_FORBIDDEN_URLS = re.compile(r"\s*(javascript|vbscript)\s*:", re.IGNORECASE)


def is_safe(div: str) -> bool:
    """Whether every tag and attribute is allowed, and something can be read."""
    if not div.lstrip().startswith("<div"):
        return False
    open_tags: list[str] = []
    at = 0
    plain: list[str] = []
    text = re.sub(r"<!--.*?-->", "", div, flags=re.DOTALL)
    for match in _TAG.finditer(text):
        between = text[at : match.start()]
        if "<" in between:
            return False
        plain.append(between)
        at = match.end()
        closing, name, attributes, empty = match.groups()
        if name not in _ALLOWED:
            return False
        if closing:
            if not open_tags or open_tags.pop() != name:
                return False
        elif not empty:
            open_tags.append(name)
        for key, value in _ATTRIBUTE.findall(attributes):
            if _FORBIDDEN_ATTRIBUTES.fullmatch(key) or _FORBIDDEN_URLS.match(value[1:-1]):
                return False
        if name == "img":
            plain.append("image")
    return not open_tags and "<" not in text[at:] and any(part.strip() for part in plain)
