"""What an HTTP interaction is given and what it gives back, and how errors become answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from time import gmtime
from typing import Any, NoReturn

import orjson

from taihe.fhir.outcome import operation_outcome
from taihe.kernel.codes import Purpose
from taihe.kernel.errors import Conflict, Incorrect, TaiheError, Unsupported
from taihe.record import access
from taihe.record.access import Predicate
from taihe.record.store import Store, VersionConflict, time_text
from taihe.record.tokens import TokenGrant

FHIR_JSON = "application/fhir+json; charset=utf-8"
JSON_TYPES = frozenset({"application/fhir+json", "application/json", "text/json"})
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip


@dataclass
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Call:
    """
    One request to an interaction.

    `base` is the address of the FHIR base without a slash at the end.
    """

    environ: dict[str, Any]
    method: str
    base: str
    store: Store
    grant: TokenGrant
    purpose: str = Purpose.TREATMENT.value

    def header(self, name: str) -> str:
        """A request header, empty when it is absent."""
        return str(self.environ.get(f"HTTP_{name.upper().replace('-', '_')}", ""))

    def visible(self, *, asks_consent: bool = True) -> Predicate:
        """What this reader may know of."""
        return access.visible(self.grant.reader, self.purpose, asks_consent=asks_consent)

    def note(self, action: str, people: Iterable[int | None], *, refused: bool = False) -> None:
        """Write the access entry of the answer; returns after its commit."""
        named = {person for person in people if person}
        if named:
            access.note(
                self.grant.reader,
                self.purpose,
                action,
                access.ROUTE_FHIR,
                named,
                outcome="refused" if refused else "ok",
            )

    def require_writer(self) -> None:
        """Raise `Forbidden` unless the party may write for every person."""
        from taihe.kernel.errors import Forbidden

        if not access.may_write(self.store.database.reader(), self.grant.reader, self.purpose):
            raise Forbidden(
                "This client may not write.", "It needs a platform relation of its party."
            )

    def body(self, largest: int) -> bytes:
        """The request's JSON body, at most `largest` bytes."""
        kind = str(self.environ.get("CONTENT_TYPE", ""))
        if kind:
            require_json(kind)
        body = read_body(self.environ, largest)
        require_json(kind)
        return body


class NotJson(Unsupported):
    """The body is in another format (HTTP 415)."""

    @property
    def status(self) -> int:
        """415 Unsupported Media Type."""
        return 415


class TooLarge(Incorrect):
    """The body is larger than what is taken (HTTP 413)."""

    @property
    def status(self) -> int:
        """413 Content Too Large."""
        return 413


class Gone(TaiheError):
    """The resource was deleted (HTTP 410)."""

    code = "deleted"

    @property
    def status(self) -> int:
        """410 Gone."""
        return 410


def require_json(content_type: str) -> None:
    """Raise unless the content type is JSON in UTF-8."""
    kind, _, rest = content_type.partition(";")
    if kind.strip().lower() not in JSON_TYPES:
        raise NotJson("The body is not JSON.", "Send it as application/fhir+json.")
    charset = rest.partition("charset=")[2].strip(' "').lower()
    if charset not in ("", "utf-8", "utf8", "us-ascii"):
        raise NotJson("The body is not in UTF-8.", "FHIR JSON is always in UTF-8.")


def read_body(environ: dict[str, Any], largest: int) -> bytes:
    """Read at most `largest` bytes of the request's body."""
    declared = environ.get("CONTENT_LENGTH") or ""
    if declared.isdigit() and int(declared) > largest:
        raise _too_large(largest)
    stream = environ["wsgi.input"]
    body = bytearray()
    left = int(declared) if declared.isdigit() else None
    while left is None or left > 0:
        piece = stream.read(min(left, 1 << 20) if left is not None else 1 << 20)
        if not piece:
            break
        body += piece
        if len(body) > largest:
            raise _too_large(largest)
        if left is not None:
            left -= len(piece)
    if not body:
        raise Incorrect("The body is empty.", "Send a resource.")
    return bytes(body)


def _too_large(largest: int) -> TooLarge:
    return TooLarge(
        f"The body is larger than {largest >> 20} MB.",
        "Send less at a time, or use taihe load.",
    )


def outcome(error: TaiheError, expression: str = "") -> dict[str, Any]:
    """The OperationOutcome of an error; `expression` names the place in the request."""
    found: dict[str, Any] = operation_outcome(error)
    if expression:
        for issue in found["issue"]:
            places = issue.get("expression") or []
            issue["expression"] = [f"{expression}.resource.{_tail(p)}" for p in places] or [
                expression
            ]
    return found


def _tail(expression: str) -> str:
    """A FHIRPath without its leading type."""
    head, dot, tail = expression.partition(".")
    return tail if dot else head


def refusal(error: TaiheError, expression: str = "") -> Answer:
    """The answer of an error."""
    answer = Answer(error.status, orjson.dumps(outcome(error, expression)))
    answer.headers.append(("Content-Type", FHIR_JSON))
    if error.status == 401:
        answer.headers.append(("WWW-Authenticate", 'Bearer realm="taihe"'))
    if error.status == 503:
        answer.headers.append(("Retry-After", "2"))
    return answer


def version_headers(version: int, at: int) -> list[tuple[str, str]]:
    """ETag and Last-Modified of a version."""
    return [("ETag", f'W/"{version}"'), ("Last-Modified", http_date(at))]


def http_date(at: int) -> str:
    """Microseconds since 1970 as an HTTP date."""
    return _date_of_second(at // 1_000_000)


@lru_cache(maxsize=4096)
def _date_of_second(second: int) -> str:
    t = gmtime(second)
    return (
        f"{_DAYS[t.tm_wday]}, {t.tm_mday:02d} {_MONTHS[t.tm_mon - 1]} {t.tm_year}"
        f" {t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d} GMT"
    )


def version_of_etag(text: str) -> int | None:
    """The version that If-Match or If-None-Match names; None when there is none."""
    if not text:
        return None
    plain = text.strip().removeprefix("W/").strip('"')
    if not plain.isdigit():
        raise VersionConflict("The ETag is not one of ours.", 'Send it as it came: W/"3".')
    return int(plain)


def not_here(type: str) -> NoReturn:
    """Raise the one answer for what is not there and for what is somebody else's."""
    from taihe.kernel.errors import NotFound

    raise NotFound(f"There is no such {type}.", "Check the type and the id.")


__all__ = [
    "FHIR_JSON",
    "Answer",
    "Call",
    "Conflict",
    "Gone",
    "http_date",
    "not_here",
    "outcome",
    "read_body",
    "refusal",
    "require_json",
    "time_text",
    "version_headers",
    "version_of_etag",
]
