"""
Whether a narrative (Narrative.div) is the harmless XHTML that FHIR allows.

Source: https://hl7.org/fhir/R4/narrative.html#xhtml. The check reads tags with one pass; it
does not build a tree, so it takes time in proportion to the text.
"""

from __future__ import annotations

import re

_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*+)((?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*?)(/?)>")
_ATTRIBUTE = re.compile(r"\s++([A-Za-z_:][-\w:.]*+)\s*+=\s*+(\"[^\"]*+\"|'[^']*+')")
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});")
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
    """Whether a text is one div with allowed tags and attributes, and something can be read."""
    return not trouble(div)


def trouble(div: str) -> str:
    """
    What is wrong with a narrative, in words; "" when nothing is.

    Tags must nest, attributes be quoted, and entities be those of XML or numbers.
    """
    if not div.lstrip().startswith("<div"):
        return "does not begin with <div>"
    open_tags: list[str] = []
    at = 0
    readable = closed = False
    text = _without_comments(div)
    if "&" in text and text.count("&") != len(_ENTITY.findall(text)):
        return "has an & that XML does not know (write &amp; or a number)"
    for match in _TAG.finditer(text):
        between = text[at : match.start()]
        if "<" in between:
            return "has a < that begins no tag (write &lt;)"
        if closed:
            return "goes on after its </div>"
        readable = readable or not (between == "" or between.isspace())
        at = match.end()
        closing, name, attributes, empty = match.groups()
        if name not in _ALLOWED:
            return "has a tag that is not allowed"
        if closing:
            if attributes.strip() or not open_tags or open_tags.pop() != name:
                return "has tags that do not nest"
        elif not empty:
            open_tags.append(name)
        if attributes and (said := _attribute_trouble(attributes)):
            return said
        closed = not open_tags
        readable = readable or name == "img"
    if text[at:].strip():
        return "has a < that begins no tag (write &lt;)" if "<" in text[at:] else (
            "goes on after its </div>" if closed else "has a tag that is not closed")  # fmt: skip
    if not closed:
        return "has a tag that is not closed"
    return "" if readable else "has nothing to read"


def _without_comments(text: str) -> str:
    """The text without its comments; one that does not end stays, and is no tag."""
    kept, at = [], 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        kept.append(text[at:start])
        at = end + 3
    return "".join([*kept, text[at:]])


def _attribute_trouble(attributes: str) -> str:
    seen: set[str] = set()
    at = 0
    while found := _ATTRIBUTE.match(attributes, at):
        key, value = found.groups()
        if key in seen:
            return "has an attribute twice"
        if _FORBIDDEN_ATTRIBUTES.fullmatch(key) or _FORBIDDEN_URLS.match(value[1:-1]):
            return "has a script or form in an attribute"
        seen.add(key)
        at = found.end()
    return "has an attribute without quotes" if attributes[at:].strip() else ""


def has_namespace(div: str) -> bool:
    """Whether the div says that it is XHTML, as every narrative should."""
    start = div[: div.find(">") + 1]
    return re.search(r"xmlns\s*=\s*[\"']http://www.w3.org/1999/xhtml[\"']", start) is not None
