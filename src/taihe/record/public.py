"""
The door of the record for other contexts: persons, relations, summaries, the feed, loading.

Everything that shows a person takes a reader and a purpose, decides by `record_relation` and
writes an access entry. Person numbers that a context keeps stay valid: `current` resolves
them after a merge.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from taihe.kernel.errors import Incorrect
from taihe.record import access, consent, types
from taihe.record import persons as linkage
from taihe.record import tokens as token_rows
from taihe.record.access import Grant, Reader, reader_of
from taihe.record.consent import Kept, Receipt, Switch
from taihe.record.database import select_in
from taihe.record.domain.summary import (
    Allergy,
    Demographics,
    Done,
    Finding,
    Measured,
    Medicine,
    Record,
    Series,
    Visit,
)
from taihe.record.domain.summary import Problem as ProblemItem
from taihe.record.load import (
    FileResult,
    LoadResult,
    TableHandler,
    TableResult,
    recognise_tables_with,
    register_table_handler,
)
from taihe.record.load import load_paths as _load_paths
from taihe.record.prepare import strong_key
from taihe.record.presenters import (
    ShownSeries,
    purpose_words,
    seen_rows,
    shown_series,
    visit_rows,
    who,
)
from taihe.record.reading import PersonRow, find_people, page_of_grant, people_of, summary
from taihe.record.site import the_store
from taihe.record.store import METHOD, Stored
from taihe.record.tokens import TokenGrant
from taihe.record.writing import reference_of, store_resources

__all__ = [
    "Allergy",
    "ConsentState",
    "Demographics",
    "Done",
    "FeedItem",
    "FileResult",
    "Finding",
    "Grant",
    "Kept",
    "LinkedRecord",
    "LoadResult",
    "Measured",
    "Medicine",
    "PersonRow",
    "ProblemItem",
    "Reader",
    "Receipt",
    "Record",
    "Relation",
    "Series",
    "ShownSeries",
    "Stored",
    "Switch",
    "TableHandler",
    "TableResult",
    "TokenGrant",
    "Visit",
    "consent_kept",
    "consent_receipts",
    "consent_state",
    "consent_states",
    "counts",
    "current",
    "currents",
    "end_relation",
    "enqueue_linkage",
    "ensure_persons",
    "feed",
    "find_people",
    "give_consent",
    "is_related",
    "issue_token",
    "link_record",
    "load_paths",
    "may_write",
    "merge_persons",
    "numbers_of",
    "open_person",
    "page_of_grant",
    "patients_of",
    "people",
    "person_of",
    "persons",
    "persons_of_patients",
    "purpose_words",
    "reader_of",
    "recognise_tables_with",
    "reference_of",
    "register_table_handler",
    "relate",
    "relate_many",
    "relations_of",
    "relations_with",
    "seen_rows",
    "shown_series",
    "store_resources",
    "summary",
    "token_grant",
    "unmerge_persons",
    "visit_rows",
    "who",
    "withdraw_consent",
]

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Day = date | datetime


@dataclass(frozen=True)
class Relation:
    """What opens a person's record to a party; `end` None is open."""

    person: int
    party: int
    kind: str
    start: datetime
    end: datetime | None
    source: str


@dataclass(frozen=True)
class LinkedRecord:
    """What a batch of linkage did: patients read, persons merged, pairs put up for review."""

    patients: int
    merged: int
    proposed: int


@dataclass(frozen=True)
class ConsentState:
    """
    A switch as it stands for a person; `party` 0 is every organisation.

    `since` is the moment of the last decision about just this, None when there was none.
    """

    switch: Switch
    party: int
    is_open: bool
    since: datetime | None


@dataclass(frozen=True)
class FeedItem:
    """
    One entry of the change feed.

    `kind` is `version`, or `merge`, `unmerge`, `review` for persons (`person` goes into
    `other`). `method` is POST, PUT or DELETE; `body` is there when it was asked for and the
    version is no deletion.
    """

    feed: int
    at: datetime
    kind: str
    type: str
    id: str
    version: int
    method: str
    person: int | None
    other: int
    body: bytes | None


# --- persons -------------------------------------------------------------------------------


def current(person: int) -> int:
    """The number that a person has now; raises `NotFound` for one that was never given."""
    return linkage.current(the_store().database.reader(), person)


def currents(people: Iterable[int]) -> dict[int, int]:
    """The number that each of these persons has now; unknown ones are left out."""
    return linkage.currents(the_store().database.reader(), sorted(set(people)))


def patients_of(person: int) -> tuple[str, ...]:
    """The ids of the Patients that are this person under any number, the first known first."""
    found = select_in(
        the_store().database.reader(),
        "SELECT l.id FROM record_patient l JOIN record_resource r ON r.id = l.id"
        f" AND r.type = {types.NUMBER['Patient']} AND r.deleted = 0"
        " WHERE l.person IN ({in}) ORDER BY r.rid",
        numbers_of(person),
    )
    return tuple(id for (id,) in found)


def numbers_of(person: int) -> tuple[int, ...]:
    """Every number that means the same human being, ascending."""
    return linkage.numbers(the_store().database.reader(), person)


def person_of(system: str, value: str) -> int | None:
    """
    The current person with a strong identifier, None when it is unknown or not valid.

    `system` is `Oid.CITIZEN` (or HL7 China's) or `System.INSURANCE_PERSON`.
    """
    store = the_store()
    key = strong_key(store.keys, system, value)
    if key is None:
        return None
    row = (
        store.database.reader()
        .execute(
            "SELECT p.current FROM record_person_key k JOIN record_person p ON p.number = k.person"
            " WHERE k.hash = ?",
            (key,),
        )
        .fetchone()
    )
    return int(row[0]) if row else None


def ensure_persons(system: str, values: Sequence[str]) -> dict[str, int]:
    """
    The current person of each identifier; who is unknown becomes known.

    An identifier that is not valid is not in the answer. Writes in a transaction of its own.
    """
    store = the_store()
    keys = {value: strong_key(store.keys, system, value) for value in dict.fromkeys(values)}
    wanted = [key for key in keys.values() if key is not None]
    with store.database.writing() as connection:
        found = linkage.ensure(connection, wanted)
    return {value: found[key] for value, key in keys.items() if key is not None}


def persons_of_patients(ids: Iterable[str]) -> dict[str, int]:
    """The current person of each Patient id that is known."""
    return dict(
        select_in(
            the_store().database.reader(),
            "SELECT l.id, p.current FROM record_patient l JOIN record_person p"
            " ON p.number = l.person WHERE l.id IN ({in})",
            sorted(set(ids)),
        )
    )


def merge_persons(person: int, into: int, *, by: int, reason: str, at: datetime) -> int:
    """Let two persons be one from now on; returns the feed number of the event."""
    with the_store().database.writing() as connection:
        return linkage.merge(connection, person, into, by=by, at=_micros(at), reason=reason)


def unmerge_persons(feed_number: int, *, by: int, reason: str, at: datetime) -> int:
    """Undo the merge with this feed number; returns the feed number of the new event."""
    with the_store().database.writing() as connection:
        return linkage.unmerge(connection, feed_number, by=by, at=_micros(at), reason=reason)


def link_record(*, by: int, at: datetime) -> LinkedRecord:
    """
    Link the installation's patients by likeness: merge the sure, propose the doubtful.

    Running it again changes nothing new. `LinkedRecord` counts patients, merged, proposed.
    """
    from taihe.record.linkage import actions

    done = actions.link_record(by=by, at=at)
    return LinkedRecord(done.patients, done.merged, done.proposed)


def enqueue_linkage(*, due_at: datetime | None = None) -> int:
    """Ask the worker to link, in the caller's transaction; returns the task's number."""
    from taihe.record.linkage import actions

    return actions.enqueue(due_at=due_at)


# --- reading -------------------------------------------------------------------------------


def open_person(reader: Reader, person: int, purpose: str, *, action: str, route: str) -> Grant:
    """Open a record or raise `NotFound`; writes the access entry either way."""
    connection = the_store().database.reader()
    return access.open_person(connection, reader, person, purpose, action=action, route=route)


def is_related(reader: Reader, person: int, purpose: str) -> bool:
    """
    Whether the reader may open this person's record now.

    For showing or hiding a link; who shows the record itself calls `open_person`.
    """
    return access.is_related(the_store().database.reader(), reader, person, purpose)


def persons(
    reader: Reader, purpose: str, text: str, *, limit: int = 50, route: str = "record"
) -> list[PersonRow]:
    """Persons whom this reader may open, by name or whole identifier; see `find_people`."""
    return find_people(reader, purpose, text, route=route, limit=limit)


def people(
    reader: Reader, purpose: str, numbers: Iterable[int], *, action: str, route: str
) -> dict[int, Demographics]:
    """
    Demographics of the persons of a list, by the numbers that were given.

    Who this reader may not open is not in the answer; one access entry names all who are.
    """
    return people_of(reader, purpose, numbers, action=action, route=route)


def feed(
    after: int, limit: int = 1000, *, bodies: bool = False, bodies_of: Collection[str] = ()
) -> list[FeedItem]:
    """
    The change feed after a number, ascending: versions and events about persons.

    `bodies_of` asks for the bodies of some resource types only. Delivery is at least once: a
    follower keeps the last number with its own state. For followers inside Taihe only; they
    show nothing without `open_person`.
    """
    store = the_store()
    wanted = "NULL"
    if bodies:
        wanted = "v.body"
    elif bodies_of:
        chosen = ",".join(str(types.NUMBER[name]) for name in bodies_of)
        wanted = f"CASE WHEN r.type IN ({chosen}) THEN v.body END"
    connection = store.database.reader()
    connection.execute("BEGIN")
    try:
        versions = connection.execute(
            "SELECT v.feed, v.at, r.type, r.id, v.version, v.method, r.person, v.rid, v.sealed,"
            f" {wanted}"
            " FROM record_version v CROSS JOIN record_resource r ON r.rid = v.rid"
            " WHERE v.feed > ? ORDER BY v.feed LIMIT ?",
            (after, limit),
        ).fetchall()
        events = connection.execute(
            "SELECT feed, at, kind, person, other FROM record_event"
            " WHERE feed > ? ORDER BY feed LIMIT ?",
            (after, limit),
        ).fetchall()
    finally:
        connection.execute("COMMIT")
    found = [
        FeedItem(
            number,
            _moment(at),
            "version",
            types.NAME[kind],
            id,
            version,
            METHOD[method],
            person,
            0,
            store.unseal(sealing, body, rid, version) if body is not None else None,
        )
        for number, at, kind, id, version, method, person, rid, sealing, body in versions
    ]
    found += [
        FeedItem(number, _moment(at), kind, "", "", 0, "", person, other, None)
        for number, at, kind, person, other in events
    ]
    found.sort(key=lambda item: item.feed)
    return found[:limit]


def counts() -> Mapping[str, int]:
    """How many resources of each type there are now, and `persons`, `patients`, `versions`."""
    connection = the_store().database.reader()
    found: dict[str, int] = {
        types.NAME[number]: count
        for number, count in connection.execute(
            "SELECT type, count(*) FROM record_resource WHERE deleted = 0"
            " GROUP BY type ORDER BY type"
        )
    }
    for name, sql in (
        ("persons", "SELECT count(DISTINCT current) FROM record_person"),
        ("patients", "SELECT count(*) FROM record_patient"),
        ("versions", "SELECT count(*) FROM record_version"),
    ):
        found[name] = connection.execute(sql).fetchone()[0]
    return found


# --- relations -----------------------------------------------------------------------------


def relate(
    person: int,
    party: int,
    kind: str,
    *,
    start: Day,
    end: Day | None = None,
    source: str,
    by: int | None = None,
) -> None:
    """
    Open a person's record to a party, in the caller's transaction.

    `kind` is one of `access.RELATIONS`; person 0 is every person and only for `platform`.
    A day counts from its beginning in China. The same row again changes nothing.
    """
    relate_many([(person, party, kind)], start=start, end=end, source=source, by=by)


def relate_many(
    rows: Iterable[tuple[int, int, str]],
    *,
    start: Day,
    end: Day | None = None,
    source: str,
    by: int | None = None,
) -> int:
    """`relate` for many `(person, party, kind)` at once; returns how many are new."""
    from django.db import connection

    from taihe.base import trail

    wanted = list(rows)
    for person, _, kind in wanted:
        if kind not in access.RELATIONS or (person <= 0) != (kind == "platform"):
            raise Incorrect(f"关系类型 {kind} 不能这样使用。", "请核对关系类型与人员编号。")
    from_at, to_at = _micros(start), None if end is None else _micros(end)
    new = 0
    with connection.cursor() as cursor:
        for person, party, kind in wanted:
            cursor.execute(
                "INSERT INTO record_relation (person, party, kind, start, "
                '"end", source) VALUES (%s, %s, %s, %s, %s, %s)'
                " ON CONFLICT (party, kind, person, start, source) DO NOTHING",
                [person, party, kind, from_at, to_at, source],
            )
            if cursor.rowcount > 0:
                new += 1
                if len(wanted) <= 50:
                    detail = {"party": party, "kind": kind, "source": source}
                    trail.record("relation.opened", f"person:{person}", by=by, detail=detail)
    if len(wanted) > 50 and new:
        detail = {"count": new, "source": source}
        trail.record("relation.opened", "persons", by=by, detail=detail)
    return new


def end_relation(
    person: int,
    party: int,
    kind: str,
    *,
    end: datetime,
    by: int | None = None,
    source: str | None = None,
) -> int:
    """
    End the open relations of a kind between person and party; returns how many ended.

    With a `source` only those that it opened: relations of other sources go on.
    """
    from django.db import connection

    from taihe.base import trail

    of_source, parameters = ("", []) if source is None else (" AND source = %s", [source])
    with connection.cursor() as cursor:
        cursor.execute(
            'UPDATE record_relation SET "end" = %s WHERE person = %s AND party = %s'
            f' AND kind = %s AND ("end" IS NULL OR "end" > %s){of_source}',
            [_micros(end), person, party, kind, _micros(end), *parameters],
        )
        ended = int(cursor.rowcount)
    if ended:
        detail = {"party": party, "kind": kind}
        trail.record("relation.ended", f"person:{person}", by=by, detail=detail)
    return ended


def relations_of(person: int) -> list[Relation]:
    """Every relation of a person, under any of their numbers, the newest first."""
    found = select_in(
        the_store().database.reader(),
        'SELECT person, party, kind, start, "end", source FROM record_relation'
        " WHERE person IN ({in}) ORDER BY start DESC",
        numbers_of(person),
    )
    return [_relation(*row) for row in found]


def relations_with(party: int, kind: str) -> list[Relation]:
    """Every relation of a kind with a party."""
    found = (
        the_store()
        .database.reader()
        .execute(
            'SELECT person, party, kind, start, "end", source FROM record_relation'
            " WHERE party = ? AND kind = ? ORDER BY person, start",
            (party, kind),
        )
    )
    return [_relation(*row) for row in found]


def _relation(
    person: int, party: int, kind: str, start: int, end: int | None, source: str
) -> Relation:
    to = None if end is None else _moment(end)
    return Relation(person, party, kind, _moment(start), to, source)


# --- consent -------------------------------------------------------------------------------


def consent_states(grant: Grant, *, at: datetime) -> list[ConsentState]:
    """The switches for every organisation, as the person whose record is open has set them."""
    switches = [one for one in consent.switches(consent.day_of(at)) if one.scope == "all"]
    return [consent_state(grant, one.key, at=at) for one in switches]


def consent_state(grant: Grant, key: str, *, at: datetime, party: int = 0) -> ConsentState:
    """One switch as it stands, for one organisation (`party`) or all; raises `NotFound`."""
    switch = consent.switch_of(key, consent.day_of(at))
    rows = consent.rows_of(the_store().database.reader(), grant.numbers)
    own = [one for one in rows if one.text.split("@")[0] == key and one.party == party]
    since = _moment(own[-1].start) if own else None
    return ConsentState(switch, party, consent.is_open(rows, switch, at, party=party), since)


def consent_kept(switch: Switch, on: date) -> tuple[Kept, ...]:
    """What the law keeps open when this switch is off."""
    return consent.kept_for(switch.purposes, on)


def withdraw_consent(
    grant: Grant, key: str, *, by: int, at: datetime, party: int = 0, source: str = "resident"
) -> int:
    """
    Close what a switch covers, from the next request on every path; the receipt's number.

    `grant` is a record opened for the person's own request. `party` is the organisation of a
    switch for one, else 0. Raises `Forbidden` for anybody else's grant.
    """
    consent.require_own(grant.purpose)
    return consent.write(grant.person, key, permits=False, party=party, by=by, at=at, source=source)


def give_consent(
    grant: Grant, key: str, *, by: int, at: datetime, party: int = 0, source: str = "resident"
) -> int:
    """Open again what a switch covers; what was withdrawn in part stays. See `withdraw_consent`."""
    consent.require_own(grant.purpose)
    return consent.write(grant.person, key, permits=True, party=party, by=by, at=at, source=source)


def consent_receipts(grant: Grant) -> list[Receipt]:
    """Every decision of the person whose record is open, the newest first."""
    consent.require_own(grant.purpose)
    rows = consent.rows_of(the_store().database.reader(), grant.numbers)
    return [consent.receipt_of(row) for row in reversed(rows)]


# --- loading and tokens --------------------------------------------------------------------


def load_paths(
    paths: Sequence[Path],
    recursive: bool = False,
    progress: Callable[[int, int, str], None] | None = None,
    *,
    by: int,
) -> LoadResult:
    """
    Load NDJSON, Bundles and exchange tables; see `taihe load`.

    `progress` is told bytes done, bytes in all, and the name of the file.
    """
    return _load_paths(the_store(), paths, recursive=recursive, progress=progress, by=by)


def issue_token(scope: str, minutes: int, party: int, client: str = "") -> str:
    """Make a bearer token with SMART scopes (`system/*.cruds`) for a party."""
    return token_rows.issue(the_store(), scope, minutes=minutes, party=party, client=client)


def token_grant(token: str) -> TokenGrant | None:
    """What a bearer token grants; None when it is unknown, expired or revoked."""
    store = the_store()
    grants = _grants.get(id(store))
    if grants is None:
        grants = _grants[id(store)] = token_rows.Grants(store)
    return grants.of(token)


def may_write(reader: Reader, purpose: str) -> bool:
    """Whether a system may write for every person: it has a `platform` relation now."""
    return access.may_write(the_store().database.reader(), reader, purpose)


_grants: dict[int, token_rows.Grants] = {}


# --- small things --------------------------------------------------------------------------


def _micros(day: Day) -> int:
    if not isinstance(day, datetime):
        day = datetime.combine(day, time.min, _SHANGHAI)
    return (day - _EPOCH) // timedelta(microseconds=1)


def _moment(at: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at)
