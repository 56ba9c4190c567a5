"""
What a resident has withdrawn and given back: which row decides about a request.

Rows are only ever added. Without a row a relation is open. A withdrawal closes what it covers
until its end, or until a later permission for the same or for a part of it, which opens that
part. A wider permission opens nothing that was closed by itself. `consent.py` says the same in
SQL, and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

EVERY_PARTY = 0
ANOTHER_PARTY = -1
"""An organisation that no row names: what a withdrawal for all means for it."""


@dataclass(frozen=True)
class ConsentRow:
    """
    One decision of a person: for a purpose ("" all), a party (0 all), a kind of relation ("" all).

    `start` and `end` are in microseconds since 1970 UTC, half-open. `text` is key@version of
    the words that were shown, `hash` is over those words.
    """

    id: int
    purpose: str
    party: int
    kind: str
    permits: bool
    start: int
    end: int | None
    source: str = ""
    text: str = ""
    hash: str = ""
    by: int = 0

    def covers(self, purpose: str, party: int, kind: str, at: int) -> bool:
        """Whether the row speaks about a request at this time."""
        return (
            self.start <= at
            and (self.end is None or at < self.end)
            and self.purpose in ("", purpose)
            and self.party in (EVERY_PARTY, party)
            and self.kind in ("", kind)
        )

    def is_within(self, other: ConsentRow) -> bool:
        """Whether this row is the same as `other` or a part of it, in everything it names."""
        return (
            other.purpose in ("", self.purpose)
            and other.party in (EVERY_PARTY, self.party)
            and other.kind in ("", self.kind)
        )


def closing(
    rows: Iterable[ConsentRow], purpose: str, party: int, kind: str, at: int
) -> ConsentRow | None:
    """The newest withdrawal that closes a request, or None when it is open."""
    about = [row for row in rows if row.covers(purpose, party, kind, at)]
    permits = [row for row in about if row.permits]
    closed = [
        row
        for row in about
        if not row.permits and not any(one.id > row.id and one.is_within(row) for one in permits)
    ]
    return max(closed, key=lambda row: row.id, default=None)
