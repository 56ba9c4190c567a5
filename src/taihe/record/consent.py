"""
Consent: rows by which a resident closes and opens relations, and what the law keeps open.

`knowledge/consents.csv` are the switches with the words that are shown, `consent_kept.csv` what
no switch closes. The rows of `record_consent` are only added; the access gate reads them with
every request, so that a withdrawal holds for the next one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

from taihe.kernel.codes import Purpose
from taihe.kernel.errors import Forbidden, Incorrect, NotFound
from taihe.kernel.knowledge import Cells, Validity, read_table
from taihe.record.database import Connection, select_in
from taihe.record.domain.consent import ANOTHER_PARTY, EVERY_PARTY, ConsentRow, closing

KNOWLEDGE = Path(__file__).parent / "knowledge"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Switch:
    """
    One consent that a resident may withdraw and give again, with the words shown.

    `scope` is `all` or `one`: one organisation that the resident names. `hash` is SHA-256 over
    key, version and all words.
    """

    key: str
    version: int
    purposes: tuple[str, ...]
    kind: str
    scope: str
    title: str
    text: str
    stops: str
    again: str
    source: str
    clause: str
    validity: Validity

    @property
    def name(self) -> str:
        """Key and version, as a row keeps them."""
        return f"{self.key}@{self.version}"

    @property
    def hash(self) -> str:
        """SHA-256 over what was shown."""
        words = "\n".join((self.name, self.title, self.text, self.stops, self.again))
        return hashlib.sha256(words.encode()).hexdigest()


@dataclass(frozen=True)
class Kept:
    """
    What a withdrawal does not close, in words; `checked` when its clause was verified.

    `relations` empty is for words alone. `opened_by` limits it to relations with a source
    that begins so.
    """

    key: str
    purposes: tuple[str, ...]
    relations: tuple[str, ...]
    opened_by: str
    words: str
    checked: bool
    source: str
    clause: str
    validity: Validity


@dataclass(frozen=True)
class Receipt:
    """A decision of a resident as it is handed out; `party` 0 is every organisation."""

    number: int
    at: datetime
    permits: bool
    party: int
    switch: Switch
    hash: str

    @property
    def effect(self) -> str:
        """What it does, in the words that were shown."""
        return self.switch.again if self.permits else self.switch.stops


def _parts(cells: Cells, column: str) -> tuple[str, ...]:
    return tuple(part for part in cells.optional(column).split("|") if part)


def _switch(cells: Cells) -> Switch:
    return Switch(
        key=cells.text("key"),
        version=cells.whole("version"),
        purposes=_parts(cells, "purposes"),
        kind=cells.optional("kind"),
        scope=cells.choice("scope", ["all", "one"]),
        title=cells.text("title"),
        text=cells.text("text"),
        stops=cells.text("stops"),
        again=cells.text("again"),
        source=cells.text("source"),
        clause=cells.text("clause"),
        validity=cells.validity(),
    )


def _kept(cells: Cells) -> Kept:
    return Kept(
        key=cells.text("key"),
        purposes=_parts(cells, "purposes"),
        relations=_parts(cells, "relations"),
        opened_by=cells.optional("opened_by"),
        words=cells.text("words"),
        checked=cells.choice("checked", ["yes", "no"]) == "yes",
        source=cells.text("source"),
        clause=cells.text("clause"),
        validity=cells.validity(),
    )


@cache
def switch_versions() -> tuple[Switch, ...]:
    """Every version of every switch; old ones stay for their receipts."""
    return read_table(KNOWLEDGE / "consents.csv", _switch, required=("key", "source")).checked()


@cache
def kept_rows() -> tuple[Kept, ...]:
    """What no withdrawal closes."""
    return read_table(
        KNOWLEDGE / "consent_kept.csv", _kept, required=("key", "words", "source")
    ).checked()


def switches(on: date) -> tuple[Switch, ...]:
    """The switches of a day, each in its newest version, in the order of the table."""
    newest: dict[str, Switch] = {}
    for one in switch_versions():
        if one.validity.holds(on) and one.version >= newest.get(one.key, one).version:
            newest[one.key] = one
    return tuple(newest.values())


def switch_of(key: str, on: date) -> Switch:
    """The switch with this key on a day; raises `NotFound`."""
    found = next((one for one in switches(on) if one.key == key), None)
    if found is None:
        raise NotFound("没有这一项授权。", "请回到授权页重新选择。")
    return found


def kept_for(purposes: tuple[str, ...], on: date) -> tuple[Kept, ...]:
    """What stays open by law when a switch for these purposes is off, words included."""
    related = (*purposes, Purpose.EMERGENCY, Purpose.PATIENT_REQUEST, Purpose.PAYMENT)
    return tuple(
        row
        for row in kept_rows()
        if row.validity.holds(on) and (not row.purposes or set(row.purposes) & set(related))
    )


# --- the gate ------------------------------------------------------------------------------

_HOLDS = '{0}.start <= ? AND ({0}."end" IS NULL OR {0}."end" > ?)'
_COVERS = (
    "{0}.purpose IN ('', '{purpose}') AND {0}.party IN (0, {party}) AND {0}.kind IN ('', {kind})"
    " AND " + _HOLDS
)
_CLOSED = (
    "(r.person IN (SELECT number FROM record_withdrawn) AND EXISTS (SELECT 1 FROM record_person s JOIN record_person o ON o.current = s.current"
    " JOIN record_consent c ON c.person = o.number WHERE s.number = r.person"
    " AND c.permits = 0 AND " + _COVERS.replace("{0}", "c") + " AND NOT EXISTS"
    " (SELECT 1 FROM record_person i JOIN record_consent d ON d.person = i.number"
    " WHERE i.current = s.current AND d.permits = 1 AND d.id > c.id"
    " AND (d.purpose = c.purpose OR c.purpose = '') AND (d.party = c.party OR c.party = 0)"
    " AND (d.kind = c.kind OR c.kind = '') AND " + _COVERS.replace("{0}", "d") + ")))"
)
WITHDRAWN = (
    "INSERT INTO record_withdrawn (number) SELECT q.number FROM record_person p"
    " JOIN record_person q ON q.current = p.current WHERE p.number = {0}"
    " ON CONFLICT (number) DO NOTHING"
)
"""Marks every number of a person as one whose consents are looked at; `{0}` is the mark."""
MOMENTS = 4
"""How often `closed_sql` asks for the time."""


def closed_sql(purpose: str, party: str, kind: str) -> str:
    """
    Whether consent closes the row `r` for a purpose, as SQL with `MOMENTS` times as marks.

    `party` and `kind` are expressions: a column of the relation, marks or a quoted word. The
    purpose is one of `Purpose`.
    """
    return _CLOSED.format(purpose=Purpose(purpose).value, party=party, kind=kind)


def kept_kinds(purpose: str, on: date) -> frozenset[str]:
    """The kinds of relation that consent never closes for a purpose."""
    return frozenset(
        kind
        for row in kept_rows()
        if purpose in row.purposes and not row.opened_by and row.validity.holds(on)
        for kind in row.relations
    )


def kept_openings(purpose: str, on: date) -> tuple[tuple[str, str], ...]:
    """Kind and beginning of the source of relations that consent does not close."""
    return tuple(
        sorted(
            (kind, row.opened_by)
            for row in kept_rows()
            if purpose in row.purposes and row.opened_by and row.validity.holds(on)
            for kind in row.relations
        )
    )


# --- rows ----------------------------------------------------------------------------------


def rows_of(connection: Connection, numbers: tuple[int, ...]) -> list[ConsentRow]:
    """The consent rows of a person under all of their numbers, oldest first."""
    found = select_in(
        connection,
        'SELECT id, purpose, party, kind, permits, start, "end", source, text, hash, "by"'
        " FROM record_consent WHERE person IN ({in}) ORDER BY id",
        numbers,
    )
    rows = [
        ConsentRow(id, purpose, party, kind, bool(permits), start, end, *rest)
        for id, purpose, party, kind, permits, start, end, *rest in found
    ]
    return sorted(rows, key=lambda row: row.id)


def is_open(rows: list[ConsentRow], switch: Switch, at: datetime, *, party: int = 0) -> bool:
    """Whether a switch is on: nothing closes what it speaks about."""
    asked = party if switch.scope == "one" else ANOTHER_PARTY
    kind = switch.kind or "treats"
    return not any(closing(rows, purpose, asked, kind, _micros(at)) for purpose in switch.purposes)


def write(
    person: int,
    key: str,
    *,
    permits: bool,
    party: int,
    by: int,
    at: datetime,
    source: str,
) -> int:
    """Add the rows of a decision with their trail row; the number of the first."""
    from django.db import connection, transaction

    from taihe.base import trail
    from taihe.base.public import organisation_of_party

    switch = switch_of(key, day_of(at))
    if (switch.scope == "one") != (party != EVERY_PARTY):
        raise Incorrect("没有说清是哪一家机构。", "请回到授权页，从机构的名字点进来。")
    if party and organisation_of_party(party) is None:
        raise NotFound("没有这家机构。", "请回到授权页重新选择。")
    numbers: list[int] = []
    with transaction.atomic(), connection.cursor() as cursor:
        for purpose in switch.purposes:
            cursor.execute(
                "INSERT INTO record_consent (person, purpose, party, kind, permits, start,"
                ' "end", source, text, hash, "by")'
                " VALUES (%s, %s, %s, %s, %s, %s, NULL, %s, %s, %s, %s) RETURNING id",
                [
                    person,
                    purpose,
                    party,
                    switch.kind,
                    int(permits),
                    _micros(at),
                    source,
                    switch.name,
                    switch.hash,
                    by,
                ],
            )
            numbers.append(int(cursor.fetchone()[0]))
        if not permits:
            cursor.execute(WITHDRAWN.format("%s"), [person])
        detail = {"consent": numbers, "text": switch.name, "hash": switch.hash, "party": party}
        action = "consent.given" if permits else "consent.withdrawn"
        trail.record(action, f"person:{person}", by=by, at=at, detail=detail)
    return numbers[0]


def require_own(purpose: str) -> None:
    """Raise `Forbidden` unless the record was opened for the person's own request."""
    if purpose != Purpose.PATIENT_REQUEST:
        raise Forbidden("授权只能由本人或监护人决定。", "请本人登录居民端办理。")


def receipt_of(row: ConsentRow) -> Receipt:
    """A row as a receipt, with the words of its own version."""
    switch = next(one for one in switch_versions() if one.name == row.text)
    at = _EPOCH + timedelta(microseconds=row.start)
    return Receipt(row.id, at, row.permits, row.party, switch, row.hash)


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def day_of(at: datetime) -> date:
    """The day of a moment in China."""
    from django.utils import timezone

    return timezone.localdate(at)
