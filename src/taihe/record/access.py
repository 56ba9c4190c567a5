"""
The only door to personal data.

One predicate — role, organisation, relation, consent, purpose — is compiled once per kind of
reader and applied in read, vread, history and search. What opens a record is a row of
`record_relation`; which role may use which kind of relation for which purpose is a row of
`knowledge/access.csv`; what its person has withdrawn is a row of `record_consent`.
Somebody else's record is not found. Every answer that names persons leaves after its access
entry is committed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from time import time_ns
from typing import Literal, NamedTuple, Protocol

from taihe.base import access_log
from taihe.base.access_log import Access
from taihe.kernel.codes import Purpose
from taihe.kernel.errors import NotFound
from taihe.kernel.knowledge import Cells, Validity, read_table
from taihe.kernel.periods import day_of
from taihe.record import consent, persons
from taihe.record.database import Connection, marks

TABLE = Path(__file__).parent / "knowledge" / "access.csv"
RELATIONS = (
    "self",
    "treats",
    "family_doctor",
    "audits",
    "dispenses",
    "cares",
    "referred",
    "guardian",
    "proxy",
    "reviews",
    "platform",
)
ROUTE_FHIR = "fhir"


class ActorLike(Protocol):
    """What a reader needs to know of whoever is signed in (`base.public.Actor`)."""

    @property
    def party(self) -> int: ...
    @property
    def parties(self) -> frozenset[int]: ...
    @property
    def roles(self) -> frozenset[str]: ...


@dataclass(frozen=True)
class Reader:
    """
    Who reads: the party that answers for it, all parties it may act for, and its roles.

    `scopes` are those of a token, empty for people at a desk; `client` is the name of the
    system that asks.
    """

    party: int
    parties: frozenset[int]
    roles: frozenset[str]
    scopes: frozenset[str] = field(default_factory=frozenset)
    client: str = ""


@dataclass(frozen=True)
class Grant:
    """An opened record: the person's current number, and every number that means them."""

    person: int
    numbers: tuple[int, ...]
    purpose: str


@dataclass(frozen=True)
class AccessRule:
    """Which relations a role may use for a purpose."""

    role: str
    purpose: str
    relations: tuple[str, ...]
    validity: Validity


class Predicate(NamedTuple):
    """
    A condition on a row `r` of `record_resource`, with its parameters.

    It is true for what the reader may know of; everything else does not exist for them.
    """

    sql: str
    parameters: tuple[int | str, ...]


def _read(cells: Cells) -> AccessRule:
    relations = tuple(cells.text("relations").split("|"))
    assert set(relations) <= set(RELATIONS), relations
    return AccessRule(
        cells.text("role"),
        cells.choice("purpose", [purpose.value for purpose in Purpose]),
        relations,
        cells.validity(),
    )


@cache
def rules() -> tuple[AccessRule, ...]:
    """The rows of the access table."""
    return read_table(TABLE, _read, required=("role", "purpose", "relations", "source")).checked()


def relations_for(roles: Iterable[str], purpose: str, on: date) -> tuple[str, ...]:
    """The kinds of relation that these roles may use for a purpose on a day."""
    mine = set(roles)
    found = {
        relation
        for rule in rules()
        if rule.role in mine and rule.purpose == purpose and rule.validity.holds(on)
        for relation in rule.relations
    }
    return tuple(sorted(found))


@lru_cache(maxsize=1000)
def _kinds(roles: frozenset[str], purpose: str, day: int) -> tuple[str, ...]:
    return relations_for(roles, purpose, day_of(day))


def reader_of(actor: ActorLike, *, client: str = "") -> Reader:
    """The reader for whoever is signed in."""
    return Reader(actor.party, frozenset(actor.parties), frozenset(actor.roles), client=client)


_NOW = '{0}.start <= ? AND ({0}."end" IS NULL OR {0}."end" > ?)'
_PLATFORM = (
    "EXISTS (SELECT 1 FROM record_relation e WHERE e.person = 0 AND e.kind = 'platform'"
    " AND e.party IN ({parties}) AND " + _NOW.format("e") + ")"
)
_RELATED = (
    "EXISTS (SELECT 1 FROM record_person p JOIN record_person q ON q.current = p.current"
    " JOIN record_relation l ON l.person = q.number WHERE p.number = r.person"
    " AND l.party IN ({parties}) AND l.kind IN ({kinds}) AND " + _NOW.format("l") + "{consent})"
)


@lru_cache(maxsize=1000)
def _kept(purpose: str, day: int) -> tuple[frozenset[str], tuple[tuple[str, str], ...]]:
    on = day_of(day)
    return consent.kept_kinds(purpose, on), consent.kept_openings(purpose, on)


def _not_closed(purpose: str, day: int) -> str:
    """The condition that consent leaves a relation `l` open, or that the law does."""
    ways = [
        f"(l.kind = '{kind}' AND l.source LIKE '{opened_by}%')"
        for kind, opened_by in _kept(purpose, day)[1]
    ]
    return " OR ".join([*ways, f"NOT {consent.closed_sql(purpose, 'l.party', 'l.kind')}"])


@lru_cache(maxsize=1000)
def _compiled(
    parties: int, kinds: tuple[str, ...], purpose: str, day: int, asks: bool
) -> tuple[str, tuple[str, ...]]:
    """
    The predicate for a number of parties and these kinds of relation, and its parameters.

    Parameters are `parties`, `now`, or a kind of relation.
    """
    kept = _kept(purpose, day)[0] if asks else frozenset(kinds)
    ways, names = ["r.person IS NULL"], list[str]()
    who = marks(parties)
    if "platform" in kinds:
        way = _PLATFORM.format(parties=who)
        names += ["parties", "now", "now"]
        if "platform" not in kept:
            way += f" AND NOT {consent.closed_sql(purpose, who, chr(39) + 'platform' + chr(39))}"
            names += ["parties", "now", "now"] * 2
        ways.append(f"({way})")
    for asked in (False, True):
        some = tuple(k for k in kinds if k != "platform" and (k not in kept) is asked)
        if some:
            extra = f" AND ({_not_closed(purpose, day)})" if asked else ""
            ways.append(_RELATED.format(parties=who, kinds=marks(len(some)), consent=extra))
            names += ["parties", *some, "now", "now"] + ["now"] * consent.MOMENTS * asked
    return f"({' OR '.join(ways)})", tuple(names)


def visible(
    reader: Reader, purpose: str, *, now: int | None = None, asks_consent: bool = True
) -> Predicate:
    """
    The predicate for a reader and a purpose.

    `now` is in microseconds since 1970 UTC; without it the clock is asked: a relation counts
    while it holds. Without `asks_consent` withdrawals are left out: for writing only, which
    goes on and shows nothing.
    """
    if not reader.roles:
        return Predicate("1 = 0", ())
    at = time_ns() // 1000 if now is None else now
    day = at // 86_400_000_000
    parties = tuple(sorted(reader.parties | {reader.party}))
    kinds = _kinds(reader.roles, purpose, day)
    sql, names = _compiled(len(parties), kinds, purpose, day, asks_consent)
    parameters: list[int | str] = []
    for name in names:
        if name == "now":
            parameters.append(at)
        elif name == "parties":
            parameters += parties
        else:
            parameters.append(name)
    return Predicate(sql, tuple(parameters))


def may_write(
    connection: Connection, reader: Reader, purpose: str, *, now: int | None = None
) -> bool:
    """Whether the reader may write for every person: it has a `platform` relation now."""
    at = time_ns() // 1000 if now is None else now
    if "platform" not in _kinds(reader.roles, purpose, at // 86_400_000_000):
        return False
    parties = tuple(sorted(reader.parties | {reader.party}))
    sql = f"SELECT {_PLATFORM.format(parties=marks(len(parties)))}"
    return bool(connection.execute(sql, (*parties, at, at)).fetchone()[0])


def is_related(connection: Connection, reader: Reader, person: int, purpose: str) -> bool:
    """Whether the reader may open this person's record for the purpose now."""
    predicate = visible(reader, purpose)
    sql = f"SELECT 1 FROM (SELECT CAST(? AS INTEGER) AS person) r WHERE {predicate.sql}"
    return connection.execute(sql, (person, *predicate.parameters)).fetchone() is not None


def open_person(
    connection: Connection, reader: Reader, person: int, purpose: str, *, action: str, route: str
) -> Grant:
    """
    Open a person's record, or raise `NotFound`; either way the access entry is written.

    `action` is a word such as `summary`, `route` the name of the page, never an address.
    """
    numbers = persons.numbers(connection, person) if person > 0 else ()
    if not numbers:
        raise NotFound("没有找到这份档案。", "请核对后再查。")
    allowed = is_related(connection, reader, person, purpose)
    current = persons.current(connection, person)
    note(reader, purpose, action, route, (current,), outcome="ok" if allowed else "refused")
    if not allowed:
        raise NotFound("没有找到这份档案。", "请核对后再查；需要查阅的，请先建立签约或诊疗关系。")
    return Grant(current, numbers, purpose)


def note(
    reader: Reader,
    purpose: str,
    action: str,
    route: str,
    people: Iterable[int],
    *,
    outcome: Literal["ok", "refused", "break-glass"] = "ok",
) -> None:
    """Write one access entry naming these persons; returns after its commit."""
    named = tuple(person for person in people if person)
    if named:
        access_log.note(Access(reader.party, purpose, action, route, named, reader.client, outcome))
