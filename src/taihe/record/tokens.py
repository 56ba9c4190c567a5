"""
Bearer tokens of systems: SMART App Launch 2 scopes, stored only as keyed hashes.

https://hl7.org/fhir/smart-app-launch/STU2/scopes-and-launch-context.html
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic, time_ns

from taihe.base import trail
from taihe.kernel.errors import Forbidden, Incorrect
from taihe.record import types
from taihe.record.access import Reader
from taihe.record.database import Connection
from taihe.record.store import Store

GRANT_SECONDS = 30.0
LONGEST_MINUTES = 366 * 24 * 60
_SCOPE = re.compile(r"system/(\*|[A-Za-z]+)\.(c?r?u?d?s?|read|write|\*)")
_OLD_WORDS = {"read": "rs", "write": "cud", "*": "cruds"}
LETTERS = {"c": "create", "r": "read", "u": "update", "d": "delete", "s": "search"}


@dataclass(frozen=True)
class TokenGrant:
    """What a token grants, as found in the store; `until` is on the monotonic clock."""

    reader: Reader
    letters: Mapping[str, frozenset[str]]
    until: float

    def allows(self, type: str, letter: str) -> bool:
        """Whether the scope covers an interaction (c, r, u, d, s) on a resource type."""
        return letter in self.letters.get(type, ()) or letter in self.letters.get("*", ())

    def require(self, type: str, letter: str) -> None:
        """Raise `Forbidden` unless the scope covers it."""
        if not self.allows(type, letter):
            raise Forbidden(
                f"The scope of this token does not cover {LETTERS[letter]} of {type}.",
                f"Ask for a token with system/{type}.{letter}.",
            )


def read_scope(scope: str) -> dict[str, frozenset[str]]:
    """
    The letters that a scope text grants by resource type, `*` for every type.

    `system/Observation.rs system/Patient.r`; the words of SMART 1 (`.read`, `.write`, `.*`)
    are understood too.
    """
    found: dict[str, frozenset[str]] = {}
    for part in scope.split():
        match = _SCOPE.fullmatch(part)
        if match is None or not match[2] or (match[1] != "*" and match[1] not in types.NUMBER):
            raise Incorrect(
                f"The scope {part} is not understood.",
                "Write system/TYPE.cruds with a resource type or *, for example system/*.rs.",
            )
        letters = frozenset(_OLD_WORDS.get(match[2], match[2]))
        found[match[1]] = found.get(match[1], frozenset()) | letters
    if not found:
        raise Incorrect("The scope is empty.", "Write for example system/*.cruds.")
    return found


def issue(store: Store, scope: str, *, minutes: int, party: int, client: str = "") -> str:
    """Make a token for a party and return it; it is shown once and stored as a hash."""
    read_scope(scope)
    if not 1 <= minutes <= LONGEST_MINUTES:
        raise Incorrect(
            "A token lives from one minute to a year.", f"Give 1 to {LONGEST_MINUTES} minutes."
        )
    token = secrets.token_urlsafe(32)
    now = time_ns() // 1000
    with store.database.writing() as connection:
        connection.execute(
            "INSERT INTO record_token"
            " (hash, party, scope, client, issued_at, expires_at, revoked_at)"
            " VALUES (?,?,?,?,?,?,NULL)",
            (
                store.keys.token_hash(token),
                party,
                scope,
                client,
                now,
                now + minutes * 60_000_000,
            ),
        )
        detail = {"scope": scope, "minutes": minutes, "client": client}
        connection.execute(
            trail.INSERT_SQLITE,
            trail.row("token.issued", f"party:{party}", by=party, detail=detail),
        )
    return token


def revoke(store: Store, token: str, *, by: int) -> bool:
    """End a token now; caches forget it within 30 seconds. False when there is none."""
    now = time_ns() // 1000
    with store.database.writing() as connection:
        ended = connection.execute(
            "UPDATE record_token SET revoked_at = ? WHERE hash = ? AND revoked_at IS NULL",
            (now, store.keys.token_hash(token)),
        ).rowcount
        if ended:
            connection.execute(
                trail.INSERT_SQLITE, trail.row("token.revoked", "token", by=by, detail={})
            )
    return bool(ended)


class Grants:
    """Grants by token, remembered at most 30 seconds."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, TokenGrant] = {}
        self._lock = threading.Lock()

    def of(self, token: str) -> TokenGrant | None:
        """The grant of a token; None when it is unknown, expired or revoked."""
        grant = self._known.get(token)
        if grant is not None and monotonic() < grant.until:
            return grant
        grant = self._look_up(self._store.database.reader(), token)
        with self._lock:
            if len(self._known) > 1000:
                self._known.clear()
            if grant is None:
                self._known.pop(token, None)
            else:
                self._known[token] = grant
        return grant

    def _look_up(self, connection: Connection, token: str) -> TokenGrant | None:
        now = time_ns() // 1000
        row = connection.execute(
            "SELECT party, scope, client, expires_at FROM record_token"
            " WHERE hash = ? AND revoked_at IS NULL AND expires_at > ?",
            (self._store.keys.token_hash(token), now),
        ).fetchone()
        if row is None:
            return None
        party, scope, client, expires_at = row
        seconds = min(GRANT_SECONDS, (expires_at - now) / 1_000_000)
        reader = Reader(
            party,
            frozenset({party}),
            frozenset({"system"}),
            frozenset(scope.split()),
            client or f"party {party}",
        )
        return TokenGrant(reader, read_scope(scope), monotonic() + seconds)
