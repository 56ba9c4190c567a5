"""
Running FHIR TestScripts against a server: what `taihe conformance testscripts` does.

A small runner for scripts of `operation` (search, read, vread, history, capabilities, with
`params`) and `assert` (responseCode, response, responseBody, contentType, headerField,
resource), https://hl7.org/fhir/R4/testscript.html. A script that needs more is skipped, and
the case says what it needs.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from taihe.kernel.conformance import Case, Status
from taihe.kernel.errors import Busy, Incorrect, Unsupported

SECONDS = 60
# The codes of `assert.response`, https://hl7.org/fhir/R4/valueset-assert-response-code-types.html
RESPONSES = {
    "okay": 200,
    "created": 201,
    "noContent": 204,
    "notModified": 304,
    "bad": 400,
    "forbidden": 403,
    "notFound": 404,
    "methodNotAllowed": 405,
    "conflict": 409,
    "gone": 410,
    "preconditionFailed": 412,
    "unprocessable": 422,
}
_MEANT_FOR_MORE = ("setup", "fixture", "variable", "teardown")


@dataclass(frozen=True)
class Response:
    """An answer of the server; header names in small letters."""

    status: int
    headers: dict[str, str]
    body: str


class Skipped(Exception):
    """The script needs what this runner does not do."""


def run(
    directory: Path,
    *,
    base: str | None = None,
    token: str | None = None,
    data: str | None = None,
    **_: Any,
) -> Iterator[Case]:
    """
    The cases of a folder of TestScripts, one for each test of a script.

    `base` is the address of the FHIR base of a running server. Without a token, and with a
    base on this machine, the installation gives one.
    """
    scripts = list(_scripts(directory))
    if not scripts:
        return
    if not base:
        raise Incorrect("TestScripts need a running server.", "Give --base http://HOST:PORT/fhir.")
    address = base.rstrip("/")
    if urlsplit(address).scheme not in ("http", "https"):
        raise Incorrect("The base is no web address.", "Write --base http://HOST:PORT/fhir.")
    if token is None and is_loopback(address):
        token = own_token(data)
    for path, script in scripts:
        name = path.relative_to(directory).with_suffix("").as_posix()
        tests = script.get("test") or []
        for number, test in enumerate(tests, 1):
            own = name if len(tests) == 1 else f"{name}/{test.get('name') or number}"
            yield _case(own, script, test, lambda request: fetch(request, token), address)


def _scripts(directory: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted(directory.rglob("*.json")):
        try:
            content = json.loads(path.read_bytes())
        except (ValueError, RecursionError):
            continue
        if isinstance(content, dict) and content.get("resourceType") == "TestScript":
            yield path, content


def _case(
    name: str,
    script: dict[str, Any],
    test: dict[str, Any],
    send: Callable[[Request], Response],
    base: str,
) -> Case:
    try:
        for part in _MEANT_FOR_MORE:
            if script.get(part):
                raise Skipped(f"The script has a {part}, which this runner does not do.")
        problem = _problem(test, send, base)
    except Skipped as reason:
        return Case(name, Status.SKIPPED, str(reason))
    return Case(name, Status.FAILED if problem else Status.PASSED, problem)


def _problem(test: dict[str, Any], send: Callable[[Request], Response], base: str) -> str:
    """What is wrong with the answers to one test; "" when nothing is."""
    response: Response | None = None
    for action in test.get("action") or ():
        if "operation" in action:
            response = send(request_of(action["operation"], base))
        elif "assert" in action:
            if response is None:
                raise Skipped("An assert comes before any operation.")
            problem = check(action["assert"], response)
            if problem and not action["assert"].get("warningOnly"):
                return problem
    return ""


def request_of(operation: dict[str, Any], base: str) -> Request:
    """The HTTP request of an operation."""
    code = (operation.get("type") or {}).get("code", "")
    kind, params = operation.get("resource", ""), operation.get("params", "")
    if operation.get("url"):
        address = operation["url"]
    elif code == "capabilities":
        address = f"{base}/metadata{params}"
    elif code == "history" and params[:1] != "/":
        address = f"{base}/{kind}/_history{params}"
    elif code in ("search", "read", "vread", "history"):
        address = f"{base}/{kind}{params}" if kind else f"{base}{params}"
    else:
        raise Skipped(f"The operation {code or 'without a type'} is not one of this runner.")
    if "${" in address:
        raise Skipped("The address holds a variable.")
    request = Request(quote(address, safe="/:?&=%$,;@!*'()[]~+"), method="GET")
    request.add_header("Accept", operation.get("accept") or "application/fhir+json")
    for header in operation.get("requestHeader") or ():
        request.add_header(header["field"], header["value"])
    return request


def check(wanted: dict[str, Any], response: Response) -> str:
    """What an assert has against an answer; "" when it holds."""
    label = wanted.get("label") or wanted.get("description") or "assert"
    operator = wanted.get("operator") or "equals"
    if "responseCode" in wanted:
        actual, expected = str(response.status), wanted["responseCode"]
    elif "response" in wanted:
        actual, expected = str(response.status), str(RESPONSES.get(wanted["response"], ""))
    elif "contentType" in wanted:
        actual, expected = response.headers.get("content-type", ""), wanted["contentType"]
    elif "headerField" in wanted:
        actual = response.headers.get(wanted["headerField"].lower(), "")
        expected = wanted.get("value", "")
    elif "responseBody" in wanted:
        actual, expected = response.body, wanted["responseBody"]
    elif "resource" in wanted:
        actual, expected = _resource_type(response.body), wanted["resource"]
    else:
        raise Skipped(f"{label}: the assert is about something this runner does not look at.")
    if operator not in _OPERATORS:
        raise Skipped(f"{label}: the operator {operator} is not known.")
    if _OPERATORS[operator](actual, expected):
        return ""
    # The body stays out of the message: it may name a patient.
    shown = "the body" if "responseBody" in wanted else repr(actual)
    return f"{label}: {shown} fails {operator} {expected!r}; the status was {response.status}"


def _resource_type(body: str) -> str:
    try:
        found = json.loads(body)
    except ValueError:
        return ""
    return str(found.get("resourceType", "")) if isinstance(found, dict) else ""


def _matches(actual: str, expected: str) -> bool:
    try:
        return re.search(expected, actual) is not None
    except re.error:
        raise Skipped("The regular expression cannot be read.") from None


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "equals": lambda actual, expected: actual == expected,
    "notEquals": lambda actual, expected: actual != expected,
    "in": lambda actual, expected: actual in expected.split(","),
    "notIn": lambda actual, expected: actual not in expected.split(","),
    "empty": lambda actual, expected: not actual,
    "notEmpty": lambda actual, expected: bool(actual),
    "contains": lambda actual, expected: expected in actual,
    "notContains": lambda actual, expected: expected not in actual,
    "greaterThan": lambda actual, expected: float(actual) > float(expected),
    "lessThan": lambda actual, expected: float(actual) < float(expected),
    "matchesRegex": _matches,
}


class _Stay(HTTPRedirectHandler):
    """Redirects are answers; a token goes to no other address."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def fetch(request: Request, token: str | None) -> Response:
    """Send a request; an HTTP error is an answer like any other."""
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    opener = (
        build_opener(ProxyHandler({}), _Stay())
        if is_loopback(request.full_url)
        else (build_opener(_Stay()))
    )
    try:
        answer = opener.open(request, timeout=SECONDS)
    except HTTPError as error:
        answer = error
    except (URLError, OSError) as error:
        raise Busy(
            f"The server at {urlsplit(request.full_url).netloc} does not answer:"
            f" {getattr(error, 'reason', error)}.",
            "Start it with taihe up, or correct --base.",
        ) from None
    with answer:
        body = answer.read().decode("utf-8", "replace")
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Response(int(answer.status or 0), headers, body)


def is_loopback(address: str) -> bool:
    """Whether an address is on this machine."""
    host = urlsplit(address).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def own_token(data: str | None) -> str:
    """A token of the installation for reading and searching, as `taihe token` prints it."""
    start = "import sys; from taihe.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", start, "token", "--scope", "system/*.rs"]
    if data:
        command += ["--data", data]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unsupported(
            "The installation gives no token.", "Give one with --token, or name it with --data."
        )
    return done.stdout.strip()
