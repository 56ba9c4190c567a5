"""Functions that write text in another form, or read it from one (https://hl7.org/fhirpath/#additional-string-functions)."""

from __future__ import annotations

import base64
import binascii
import html

from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.fhirpath.errors import ExecutionProblem
from taihe.fhir.fhirpath.functions.arguments import Items, function, text_of


@function("encode", 1)
def _encode(env: Environment, source: Items, args: list[Items]) -> Items:
    text, form = text_of(source, "encode()"), text_of(args[0], "encode()")
    if text is None or form is None:
        return []
    raw = text.encode()
    if form == "hex":
        return [raw.hex()]
    if form == "base64":
        return [base64.b64encode(raw).decode()]
    if form == "urlbase64":
        return [base64.urlsafe_b64encode(raw).decode()]
    return []


@function("decode", 1)
def _decode(env: Environment, source: Items, args: list[Items]) -> Items:
    text, form = text_of(source, "decode()"), text_of(args[0], "decode()")
    if text is None or form is None:
        return []
    try:
        if form == "hex":
            return [bytes.fromhex(text).decode()]
        if form == "base64":
            return [base64.b64decode(text, validate=True).decode()]
        if form == "urlbase64":
            return [base64.urlsafe_b64decode(text).decode()]
    except (ValueError, binascii.Error):
        raise ExecutionProblem(f"The text is not in {form} form.", "") from None
    return []


@function("escape", 1)
def _escape(env: Environment, source: Items, args: list[Items]) -> Items:
    text, form = text_of(source, "escape()"), text_of(args[0], "escape()")
    if text is None or form is None:
        return []
    if form == "html":
        return [html.escape(text, quote=True).replace("&#x27;", "&#39;")]
    if form == "json":
        return [text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")]
    return []


@function("unescape", 1)
def _unescape(env: Environment, source: Items, args: list[Items]) -> Items:
    text, form = text_of(source, "unescape()"), text_of(args[0], "unescape()")
    if text is None or form is None:
        return []
    if form == "html":
        return [html.unescape(text)]
    if form == "json":
        return [text.replace("\\n", "\n").replace('\\"', '"').replace("\\\\", "\\")]
    return []
