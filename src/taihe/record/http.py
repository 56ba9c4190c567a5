"""
The FHIR HTTP interface as one lean WSGI callable, dispatched before Django (DESIGN 4.8).

It skips middleware: bearer token, access gate and access entry sit here and in `access.py`.
Without a token only `/fhir/metadata` and the SMART configuration answer. Errors leave as
OperationOutcome and hold no value of a patient.
"""

from __future__ import annotations

import logging
import re
import sqlite3
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from taihe.kernel.errors import (
    Category,
    Fault,
    Incorrect,
    NotFound,
    TaiheError,
    Unsupported,
)
from taihe.record import types
from taihe.record.answers import Answer, Call, read_body, refusal
from taihe.record.database import troubles
from taihe.record.interactions.capabilities import capabilities, smart_configuration
from taihe.record.interactions.create import create
from taihe.record.interactions.delete import delete
from taihe.record.interactions.history import history
from taihe.record.interactions.read import read
from taihe.record.interactions.search import search
from taihe.record.interactions.transaction import transaction
from taihe.record.interactions.update import update
from taihe.record.interactions.vread import vread
from taihe.record.prepare import Preparer
from taihe.record.store import Store
from taihe.record.tokens import Grants

log = logging.getLogger("taihe.record")
LONGEST_FORM_BYTES = 1 << 20
_HOST = re.compile(r"[A-Za-z0-9._\-\[\]:]{1,255}")
_STATUS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
OPEN_PATHS = frozenset(
    {"/fhir/metadata", "/fhir/.well-known/smart-configuration", "/.well-known/smart-configuration"}
)
# Methods by the number of steps after /fhir, for the Allow header and for tests over routes.
ROUTES: tuple[tuple[str, str], ...] = (
    ("POST", "/fhir"),
    ("GET", "/fhir/metadata"),
    ("GET", "/fhir/.well-known/smart-configuration"),
    ("GET", "/fhir/{type}"),
    ("POST", "/fhir/{type}"),
    ("POST", "/fhir/{type}/_search"),
    ("GET", "/fhir/{type}/{id}"),
    ("PUT", "/fhir/{type}/{id}"),
    ("DELETE", "/fhir/{type}/{id}"),
    ("GET", "/fhir/{type}/{id}/_history"),
    ("GET", "/fhir/{type}/{id}/_history/{version}"),
)


class Unauthorised(TaiheError):
    """No token, or one that does not count (HTTP 401)."""

    category = Category.FORBIDDEN
    code = "login"

    @property
    def status(self) -> int:
        """401 Unauthorized."""
        return 401


class NotAllowed(Unsupported):
    """The address has no such method (HTTP 405)."""

    @property
    def status(self) -> int:
        """405 Method Not Allowed."""
        return 405


class Application:
    """The WSGI application over one store."""

    def __init__(self, find_store: Callable[[], Store]) -> None:
        self._find_store = find_store
        self._grants: Grants | None = None
        self._store: Store | None = None
        self._preparer: Preparer | None = None
        self._lock = threading.Lock()

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer one request."""
        answer = self.answer(environ)
        body = answer.body
        headers = answer.headers
        headers.append(("Content-Length", str(len(body))))
        headers.append(("Cache-Control", "no-store"))
        headers.append(("X-Content-Type-Options", "nosniff"))
        start_response(_STATUS[answer.status], headers)
        return (b"",) if environ["REQUEST_METHOD"] == "HEAD" else (body,)

    def answer(self, environ: dict[str, Any]) -> Answer:
        """The answer to a request; errors become OperationOutcomes."""
        try:
            with troubles():
                return self._route(environ)
        except TaiheError as error:
            return refusal(error)
        except sqlite3.Error as error:
            log.error("store: %s", type(error).__name__)
            return refusal(Fault("The store failed.", "Run taihe verify."))
        except RecursionError:
            return refusal(Incorrect("The body is nested too deeply.", "FHIR needs fewer levels."))
        except Exception as error:
            log.error("unexpected %s", type(error).__name__, exc_info=_places(error))
            return refusal(Fault("Something went wrong on our side.", "Tell the operators."))

    def _route(self, environ: dict[str, Any]) -> Answer:
        path, method = environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"]
        base = _base(environ)
        if path in OPEN_PATHS and method in ("GET", "HEAD"):
            return capabilities(base) if path.endswith("metadata") else smart_configuration()
        grants, store = self._open()
        scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        grant = grants.of(token.strip()) if scheme.lower() == "bearer" and token else None
        if grant is None:
            raise Unauthorised("A valid bearer token is needed.", "Get one with: taihe token.")
        call = Call(environ, method, base, store, grant)
        if method == "HEAD":
            method = "GET"
        steps = path[5:].strip("/").split("/")
        count = len(steps)
        if count == 2 and method == "GET" and steps[1] != "_search":
            _refuse_query(environ)
            return read(call, _type(steps[0]), steps[1])
        return self._slower_routes(call, method, steps, environ)

    def _slower_routes(
        self, call: Call, method: str, steps: list[str], environ: dict[str, Any]
    ) -> Answer:
        if _wants_xml(environ):
            raise _NotAcceptable("Only JSON is answered.", "Accept application/fhir+json.")
        count = len(steps)
        if steps == [""]:
            _require(method, "POST")
            return transaction(call, self._prepare())
        kind = _type(steps[0])
        if count == 1:
            _require(method, "GET", "POST")
            if method == "GET":
                return search(call, kind, _query(environ))
            return create(call, kind, self._prepare())
        if count == 2 and steps[1] == "_search":
            _require(method, "POST")
            return search(call, kind, _query(environ) + _form(environ))
        if count == 2:
            _require(method, "GET", "PUT", "DELETE")
            if method == "PUT":
                return update(call, kind, steps[1], self._prepare())
            return delete(call, kind, steps[1])
        if steps[2] == "_history" and count == 3:
            _require(method, "GET")
            return history(call, kind, steps[1], _query(environ))
        if steps[2] == "_history" and count == 4:
            _require(method, "GET")
            return vread(call, kind, steps[1], steps[3])
        raise NotFound("There is nothing at this address.", "See /fhir/metadata.")

    def _open(self) -> tuple[Grants, Store]:
        store = self._find_store()
        if self._grants is None or self._store is not store:
            with self._lock:
                self._grants, self._store, self._preparer = Grants(store), store, None
        return self._grants, store

    def _prepare(self) -> Preparer:
        today = datetime.now(UTC).date()
        preparer = self._preparer
        if preparer is None or (preparer.tomorrow - today).days != 1:
            assert self._store is not None
            preparer = self._preparer = Preparer(self._store.keys, today=today)
        return preparer


class _NotAcceptable(Unsupported):
    @property
    def status(self) -> int:
        return 406


def _places(error: Exception) -> Any:
    """The places of an error without its own text, which may hold a value."""
    return (RuntimeError, RuntimeError(type(error).__name__), error.__traceback__)


def _base(environ: dict[str, Any]) -> str:
    host = environ.get("HTTP_HOST") or environ.get("SERVER_NAME", "localhost")
    if not _HOST.fullmatch(host):
        raise Incorrect("The Host header is not valid.", "Send the name of this server.")
    return f"{environ.get('wsgi.url_scheme', 'http')}://{host}/fhir"


def _type(step: str) -> str:
    if step in types.NUMBER:
        return step
    from difflib import get_close_matches

    close = get_close_matches(step, types.NUMBER, n=1)
    raise NotFound(
        "The address names no resource type.",
        f"Did you mean {close[0]}?" if close else "See /fhir/metadata.",
    )


def _require(method: str, *allowed: str) -> None:
    if method not in allowed:
        raise NotAllowed(f"{method} is not possible here.", f"Use {', '.join(allowed)}.")


def _refuse_query(environ: dict[str, Any]) -> None:
    query = environ.get("QUERY_STRING")
    if query:
        for name, _ in parse_qsl(query, keep_blank_values=True):
            if name not in ("_format", "_pretty"):
                raise Incorrect(f"A read has no parameter {name}.", "Leave it out.")
    if _wants_xml(environ):
        raise _NotAcceptable("Only JSON is answered.", "Accept application/fhir+json.")


def _wants_xml(environ: dict[str, Any]) -> bool:
    accept = environ.get("HTTP_ACCEPT", "")
    return "xml" in accept and "json" not in accept and "*/*" not in accept


def _query(environ: dict[str, Any]) -> list[tuple[str, str]]:
    return _pairs(environ.get("QUERY_STRING", ""))


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=200, errors="strict")
    except ValueError:
        raise Incorrect("The query cannot be read.", "Encode it in UTF-8.") from None


def _form(environ: dict[str, Any]) -> list[tuple[str, str]]:
    kind = str(environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()
    if (environ.get("CONTENT_LENGTH") or "0") == "0" and not kind:
        return []
    if kind != "application/x-www-form-urlencoded":
        from taihe.record.answers import NotJson

        raise NotJson(
            "The body of _search is a form.", "Send it as application/x-www-form-urlencoded."
        )
    try:
        body = read_body(environ, LONGEST_FORM_BYTES)
    except Incorrect:
        if (environ.get("CONTENT_LENGTH") or "0") == "0":
            return []
        raise
    try:
        return _pairs(body.decode("utf-8"))
    except UnicodeDecodeError:
        raise Incorrect("The form is not in UTF-8.", "Encode it in UTF-8.") from None


def _default_store() -> Store:
    from taihe.record.site import the_store

    return the_store()


application = Application(_default_store)

__all__ = ["ROUTES", "Application", "application"]
