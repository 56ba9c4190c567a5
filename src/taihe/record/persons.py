"""
Which person a patient is: strong identifiers, placeholders, merge and unmerge.

A *person* is a human being known to the county, a *patient* one source's FHIR Patient. Numbers
are given once; after a merge `current` names the number that goes on. Linkage by similarity
is not here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from taihe.kernel.errors import Conflict, NotFound
from taihe.record import types
from taihe.record.database import Connection, marks, select_in, take
from taihe.record.prepare import Prepared

NOBODY = 0


def owners(
    connection: Connection, batch: Iterable[Prepared], *, by: int, at: int
) -> dict[tuple[str, str], int | None]:
    """
    The person of each resource of a batch: None where the type is not personal, 0 nobody.

    A patient that is referred to and not yet known gets a person of its own; when the Patient
    comes with a strong identifier of somebody known, the two are merged.
    """
    resources = list(batch)
    wanted = {id for one in resources for id in one.patients[:1]}
    links: dict[str, int] = dict(
        select_in(
            connection, "SELECT id, person FROM record_patient WHERE id IN ({in})", sorted(wanted)
        )
    )
    strong = {key for one in resources for key in one.strong}
    keyed: dict[int, int] = dict(
        select_in(
            connection,
            "SELECT hash, person FROM record_person_key WHERE hash IN ({in})",
            sorted(strong),
        )
    )
    unlinked = sorted(wanted - links.keys())
    arriving = {one.id: one for one in resources if one.type == "Patient"}
    fresh: list[int] = []
    linked: list[tuple[str, int]] = []
    keys: list[tuple[int, int]] = []
    # Numbers are taken for all who may need one; a number that is not used is never given.
    number = take(connection, "person", len(unlinked)) if unlinked else 0
    for id in unlinked:
        patient = arriving.get(id)
        known = next((keyed[k] for k in patient.strong if k in keyed), None) if patient else None
        if known is None:
            known = number
            number += 1
            fresh.append(known)
        links[id] = known
        linked.append((id, known))
        if patient:
            for key in patient.strong:
                if key not in keyed:
                    keyed[key] = known
                    keys.append((key, known))
    connection.executemany(
        "INSERT INTO record_person (number, current) VALUES (?, ?)", [(n, n) for n in fresh]
    )
    connection.executemany("INSERT INTO record_patient (id, person) VALUES (?, ?)", linked)
    for id, patient in arriving.items():
        person = links[id]
        for key in patient.strong:
            if key not in keyed:
                keyed[key] = person
                keys.append((key, person))
    connection.executemany("INSERT INTO record_person_key (hash, person) VALUES (?, ?)", keys)
    for id, patient in arriving.items():
        for key in patient.strong:
            _meet(connection, id, links[id], keyed[key], by=by, at=at)
    found: dict[tuple[str, str], int | None] = {}
    for one in resources:
        if one.type not in types.PERSONAL:
            found[one.type, one.id] = None
        elif one.patients:
            found[one.type, one.id] = links[one.patients[0]]
        else:
            found[one.type, one.id] = NOBODY
    return found


def _meet(
    connection: Connection, patient: str, person: int, known: int, *, by: int, at: int
) -> None:
    """A patient of `person` shows an identifier of `known`: merge, or leave it to people."""
    ours, theirs = current(connection, person), current(connection, known)
    if ours == theirs:
        return
    if not _patients(connection, ours, patient):
        merge(connection, ours, theirs, by=by, at=at, reason="identifier")
    elif not _patients(connection, theirs, patient):
        merge(connection, theirs, ours, by=by, at=at, reason="identifier")
    elif not connection.execute(
        "SELECT 1 FROM record_event WHERE kind = 'review' AND person = ? AND other = ?",
        (ours, theirs),
    ).fetchone():
        # Other patients stand for both already: a wrong number would join two people.
        event(connection, "review", ours, theirs, {"reason": "identifier"}, by=by, at=at)


def _patients(connection: Connection, person: int, except_for: str) -> bool:
    """Whether any other patient stands for this person."""
    return (
        connection.execute(
            "SELECT 1 FROM record_patient WHERE id <> ? AND person IN"
            " (SELECT number FROM record_person WHERE current = ?) LIMIT 1",
            (except_for, person),
        ).fetchone()
        is not None
    )


def current(connection: Connection, person: int) -> int:
    """The number that a person has now; raises `NotFound` for a number never given."""
    row = connection.execute(
        "SELECT current FROM record_person WHERE number = ?", (person,)
    ).fetchone()
    if row is None:
        raise NotFound("There is no such person.", "")
    return int(row[0])


def numbers(connection: Connection, person: int) -> tuple[int, ...]:
    """Every number that means the same human being, ascending; empty for none."""
    return tuple(
        row[0]
        for row in connection.execute(
            "SELECT number FROM record_person WHERE current ="
            " (SELECT current FROM record_person WHERE number = ?) ORDER BY number",
            (person,),
        )
    )


def currents(connection: Connection, people: Iterable[int]) -> dict[int, int]:
    """The current number of each of these persons."""
    return dict(
        select_in(
            connection,
            "SELECT number, current FROM record_person WHERE number IN ({in})",
            sorted(set(people)),
        )
    )


def merge(connection: Connection, person: int, into: int, *, by: int, at: int, reason: str) -> int:
    """Let two persons be one from now on; returns the feed number of the event."""
    ours, theirs = current(connection, person), current(connection, into)
    if ours == theirs:
        raise Conflict("They are one person already.", "")
    moved = [
        row[0]
        for row in connection.execute(
            "SELECT number FROM record_person WHERE current = ? ORDER BY number", (ours,)
        )
    ]
    connection.execute("UPDATE record_person SET current = ? WHERE current = ?", (theirs, ours))
    # What one of them withdrew now counts for all numbers (`consent.py`).
    connection.execute(
        "INSERT INTO record_withdrawn (number) SELECT number FROM record_person WHERE current = ?"
        " AND EXISTS (SELECT 1 FROM record_withdrawn w JOIN record_person p ON p.number = w.number"
        " WHERE p.current = ?) ON CONFLICT (number) DO NOTHING",
        (theirs, theirs),
    )
    detail = {"reason": reason, "numbers": moved}
    return event(connection, "merge", ours, theirs, detail, by=by, at=at)


def unmerge(connection: Connection, feed: int, *, by: int, at: int, reason: str) -> int:
    """Undo the merge with this feed number; returns the feed number of the new event."""
    row = connection.execute(
        "SELECT person, other, detail FROM record_event WHERE feed = ? AND kind = 'merge'", (feed,)
    ).fetchone()
    if row is None:
        raise NotFound("There is no merge with this number.", "")
    person, other, detail = row
    moved: Sequence[int] = json.loads(detail)["numbers"]
    still = {
        number
        for number, now in currents(connection, moved).items()
        if now == current(connection, other)
    }
    if still != set(moved):
        raise Conflict("The merge was undone already.", "")
    connection.execute(
        f"UPDATE record_person SET current = ? WHERE number IN ({marks(len(moved))})",
        (person, *moved),
    )
    return event(
        connection, "unmerge", person, other, {"reason": reason, "merge": feed}, by=by, at=at
    )


def event(
    connection: Connection,
    kind: str,
    person: int,
    other: int,
    detail: Mapping[str, Any],
    *,
    by: int,
    at: int,
) -> int:
    """Write an event into the feed; returns its number."""
    feed = take(connection, "feed", 1)
    connection.execute(
        "INSERT INTO record_event (feed, at, party, kind, person, other, detail)"
        " VALUES (?,?,?,?,?,?,?)",
        (feed, at, by, kind, person, other, json.dumps(detail, separators=(",", ":"))),
    )
    return feed


def ensure(connection: Connection, keys: Sequence[int]) -> dict[int, int]:
    """The current person of each strong key; an unknown key gets a new person."""
    known: dict[int, int] = dict(
        select_in(
            connection,
            "SELECT k.hash, p.current FROM record_person_key k"
            " JOIN record_person p ON p.number = k.person WHERE k.hash IN ({in})",
            sorted(set(keys)),
        )
    )
    missing = [key for key in dict.fromkeys(keys) if key not in known]
    if missing:
        first = take(connection, "person", len(missing))
        new = [(key, first + i) for i, key in enumerate(missing)]
        connection.executemany(
            "INSERT INTO record_person (number, current) VALUES (?, ?)", [(n, n) for _, n in new]
        )
        connection.executemany("INSERT INTO record_person_key (hash, person) VALUES (?, ?)", new)
        known.update(new)
    return known
