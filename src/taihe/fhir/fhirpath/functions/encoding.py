"""Functions that write text in another form, or read it from one (FHIRPath 3.0, string)."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Callable

from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.fhirpath.errors import ExecutionProblem
from taihe.fhir.fhirpath.functions.arguments import LONGEST_TEXT, Items, function, text_of

_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_CHARACTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 4)


_ENCODERS: dict[str, Callable[[str], str]] = {
    "hex": lambda text: text.encode().hex(),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "urlbase64": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "ascii": lambda text: _BEYOND_ASCII.sub("?", text),
}
_DECODERS: dict[str, Callable[[str], str]] = {
    "hex": lambda text: bytes.fromhex(text).decode(),
    "base64": lambda text: base64.b64decode(text, validate=True).decode(),
    "urlbase64": lambda text: base64.b64decode(
        _padded(text), altchars=b"-_", validate=True
    ).decode(),
}


def _from_json(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        code = match[1]
        if len(code) == 5:
            return chr(int(code[1:], 16))
        return _CHARACTERS.get(code, code)

    plain = _ESCAPE.sub(one, text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


_ESCAPERS: dict[str, Callable[[str], str]] = {
    "html": lambda text: html.escape(text, quote=True).replace("&#x27;", "&#39;"),
    "json": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
}
_UNESCAPERS: dict[str, Callable[[str], str]] = {"html": html.unescape, "json": _from_json}


def _converter(name: str, forms: dict[str, Callable[[str], str]]) -> None:
    @function(name, 1)
    def run(env: Environment, source: Items, args: list[Items]) -> Items:
        text, form = text_of(source, f"{name}()"), text_of(args[0], f"{name}()")
        convert = None if form is None else forms.get(form)
        if text is None or convert is None:
            return []
        if len(text) > LONGEST_TEXT // 4:
            raise ExecutionProblem("The text becomes too long.", "Convert less of it.")
        try:
            return [convert(text)]
        except (ValueError, binascii.Error):
            return []  # not written in this form, or no UTF-8 within


_converter("encode", _ENCODERS)
_converter("decode", _DECODERS)
_converter("escape", _ESCAPERS)
_converter("unescape", _UNESCAPERS)
