"""
Changes of linkage: the batch over an installation's patients, and a steward's steps.

A merge, its workflow step, its trail row and the relations it closes are one transaction.
Reasons are keys of the level table; no value of a patient is among them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection as django
from django.db import transaction

from taihe.base import public as base
from taihe.base import tasks, workflow
from taihe.base.public import Actor
from taihe.base.workflow import StateChange
from taihe.kernel.errors import Conflict, NotFound
from taihe.record import persons
from taihe.record.database import Connection
from taihe.record.domain import likeness
from taihe.record.domain.likeness import Features
from taihe.record.domain.pair_workflow import PAIR, WAITING
from taihe.record.linkage import queries
from taihe.record.linkage import weights as rows
from taihe.record.linkage.batch import Session
from taihe.record.linkage.tables import gather
from taihe.record.linkage.weights import COMPARISONS
from taihe.record.models import Pair
from taihe.record.site import the_store

TASK = "record.link"
SOURCE = "pair"
# Merges in one transaction: a load must not wait for it.
AT_ONCE = 40
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class RecordLinked:
    """What a batch over an installation did."""

    patients: int
    merged: int
    proposed: int
    refused: int
    trained: bool
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """As one JSON object."""
        return asdict(self)


@dataclass(frozen=True)
class Alike:
    """Two persons who may be one, by the two Patients of theirs that are most alike."""

    left: int
    right: int
    left_patient: str
    right_patient: str
    probability: float
    levels: dict[str, int]
    doubt: str
    is_sure: bool


def link_record(
    *, by: int, at: datetime, say: Callable[[str], None] = lambda _: None
) -> RecordLinked:
    """
    Link the installation's patients: merge who is surely one, propose the doubtful.

    Pairs that people decided are left as they decided. Running it again changes nothing new.
    """
    begun = time.monotonic()
    say("read")
    store = the_store()
    reader = store.database.reader()
    person_of: list[int] = []

    def lines() -> Iterable[tuple[int, likeness.Written]]:
        for line, (row, person) in enumerate(queries.patients(reader, store), 1):
            person_of.append(person)
            yield line, row

    people = gather(lines(), "Patient")
    if not people.rows:
        return RecordLinked(0, 0, 0, 0, False, 0.0)
    with Session(people) as session:
        say("train")
        weights = session.train()
        say("score")
        found = session.scored(weights, least=rows.thresholds()["review"])
        of = session.features()
        alike, refused = _pairs(found, person_of, of, queries.kept_apart(reader))
    for left, right in queries.conflicts(reader):
        if not any((one.left, one.right) == (left, right) for one in alike):
            alike.append(Alike(left, right, "", "", 0.5, {}, "identifier", False))
    say("write")
    sure = [one for one in alike if one.is_sure]
    merged = sum(
        _join(sure[first : first + AT_ONCE], by=by, at=at) for first in range(0, len(sure), AT_ONCE)
    )
    proposed = _propose([one for one in alike if not one.is_sure], by=by, at=at)
    return RecordLinked(
        people.rows,
        merged,
        proposed,
        refused,
        weights.rows > 0,
        round(time.monotonic() - begun, 1),
    )


def _pairs(
    found: Sequence[tuple[int, int, float, float, tuple[int, ...]]],
    person_of: Sequence[int],
    of: Callable[[int], Features],
    apart: set[frozenset[int]],
) -> tuple[list[Alike], int]:
    """The pairs of persons to merge and to propose, strongest first."""
    limit = rows.thresholds()["merge"]
    ordered = sorted(found, key=lambda one: (-one[2], one[0], one[1]))
    unsure = likeness.unsure_rows(
        [one[:4] for one in ordered], of, rows.thresholds()["margin_bits"]
    )
    members: dict[int, list[int]] = {}
    for row, person in enumerate(person_of):
        members.setdefault(person, []).append(row)
    joined: dict[int, int] = {}

    def now(person: int) -> int:
        while person in joined:
            person = joined[person]
        return person

    alike: dict[tuple[int, int], Alike] = {}
    refused = 0
    for left, right, _, probability, levels in ordered:
        first, second = person_of[left], person_of[right]
        a, b = sorted((now(first), now(second)))
        if a == b or frozenset((first, second)) in apart or frozenset((a, b)) in apart:
            continue
        if likeness.impossible(of(left), of(right)):
            continue
        doubt = likeness.doubt(of(left), of(right))
        is_unsure = left in unsure or right in unsure
        is_sure = not doubt and not is_unsure and probability >= limit
        if is_sure and any(
            likeness.impossible(of(x), of(y)) for x in members[a] for y in members[b]
        ):
            refused += 1
            is_sure = False
        pair = (min(first, second), max(first, second)) if is_sure else (a, b)
        if pair in alike:
            continue
        patients = (of(left).id, of(right).id)
        if pair[0] != (first if is_sure else now(first)):
            patients = patients[::-1]
        alike[pair] = Alike(
            *pair,
            *patients,
            probability,
            dict(zip(COMPARISONS, levels, strict=True)),
            doubt or ("unsure" if is_unsure else ""),
            is_sure,
        )
        if is_sure:
            joined[b] = a
            members[a] += members.pop(b)
    return list(alike.values()), refused


@transaction.atomic
def _join(pairs: Sequence[Alike], *, by: int, at: datetime) -> int:
    """Merge pairs that are sure, in one transaction; who is one already is passed over."""
    done = 0
    raw = _raw()
    for one in pairs:
        left, right = (persons.current(raw, number) for number in (one.left, one.right))
        if left == right:
            continue
        row = _row(one, at)
        if row.state not in WAITING:
            continue
        if row.state == "proposed":
            workflow.advance(PAIR, row.subject, row.state, "join", actor=None, at=at)
            row.state, row.feed = "merged", _merge(raw, row, by=by, at=at, reason=reason_of(one))
            row.save()
            _open(row, by=by, at=at)
            _close(row, end=at + _undo_time(), by=by)
            done += 1
    return done


@transaction.atomic
def _propose(pairs: Sequence[Alike], *, by: int, at: datetime) -> int:
    """Put pairs on the review list, and open both records to those who review."""
    before = Pair.objects.count()
    for one in pairs:
        row = _row(one, at)
        if row.state in WAITING:
            _open(row, by=by, at=at)
    return Pair.objects.count() - before


@transaction.atomic
def decide_pair(
    number: int, action: str, *, seen_state: str, actor: Actor, at: datetime, note: str = ""
) -> StateChange:
    """
    One step of a steward: confirm, merge (somebody else), reject, undo, reopen.

    `seen_state` is what the page showed. A merge and its undoing are events of the feed.
    """
    row = Pair.objects.filter(pk=number).first()
    if row is None:
        raise NotFound("没有这一对。", "请回到列表重新选择。")
    if row.state != seen_state:
        raise Conflict("该事项已被他人办理，状态已改变。", "请刷新页面查看当前状态。")
    step = workflow.advance(
        PAIR, row.subject, row.state, action, actor=actor, at=at, note=note.strip()
    )
    raw = _raw()
    if action == "merge":
        levels = json.loads(row.levels)
        reason = f"pair:{row.pk} " + words_of_levels(levels)
        row.feed = _merge(raw, row, by=actor.party, at=at, reason=reason)
    elif action == "undo":
        assert row.feed is not None
        persons.unmerge(raw, row.feed, by=actor.party, at=_micros(at), reason=f"pair:{row.pk}")
        row.feed = None
    elif action == "reopen":
        _open(row, by=actor.party, at=at)
    row.state = step.target
    row.save()
    if row.state not in WAITING:
        end = at + _undo_time() if row.state == "merged" else at
        _close(row, end=end, by=actor.party)
    return step


def reason_of(one: Alike) -> str:
    """Why two persons were merged, as keys of the level table."""
    return f"linkage p={one.probability:.6f} {words_of_levels(one.levels)}"


def words_of_levels(levels: dict[str, int]) -> str:
    """Levels as `name:same birth:same`, for the reason of a merge."""
    keys = {(level.comparison, level.number): level.key for level in rows.levels()}
    return " ".join(
        f"{comparison}:{keys[comparison, number]}"
        for comparison, number in levels.items()
        if number >= 0
    )


def register() -> None:
    """Have the worker link new patients when it is asked to (`enqueue`)."""
    tasks.register(TASK, _run)


def enqueue(*, due_at: datetime | None = None) -> int:
    """Ask the worker for a batch, in the caller's transaction."""
    return tasks.enqueue(TASK, {}, due_at=due_at)


def _run(_payload: dict[str, Any]) -> None:
    link_record(by=base.create_system_party("taihe record link"), at=datetime.now(UTC))


def _row(one: Alike, at: datetime) -> Pair:
    row, _ = Pair.objects.get_or_create(
        left_person=one.left,
        right_person=one.right,
        defaults={
            "left_patient": one.left_patient,
            "right_patient": one.right_patient,
            "probability": one.probability,
            "levels": json.dumps(one.levels, separators=(",", ":")),
            "doubt": one.doubt,
            "state": PAIR.start,
            "proposed_at": _micros(at),
        },
    )
    return row


def _merge(raw: Connection, row: Pair, *, by: int, at: datetime, reason: str) -> int:
    """The larger number becomes the smaller one, whoever was written first."""
    left, right = (persons.current(raw, n) for n in (row.left_person, row.right_person))
    into, person = min(left, right), max(left, right)
    return persons.merge(raw, person, into, by=by, at=_micros(at), reason=reason)


def _open(row: Pair, *, by: int, at: datetime) -> None:
    from taihe.record import public

    public.relate_many(
        [
            (person, place.party, "reviews")
            for place in base.organisations("county_platform")
            for person in (row.left_person, row.right_person)
        ],
        start=at,
        source=f"{SOURCE}:{row.pk}",
        by=by,
    )


def _close(row: Pair, *, end: datetime, by: int) -> None:
    from taihe.record import public

    source = f"{SOURCE}:{row.pk}"
    for place in base.organisations("county_platform"):
        for person in (row.left_person, row.right_person):
            public.end_relation(person, place.party, "reviews", end=end, by=by, source=source)


def _undo_time() -> timedelta:
    return timedelta(days=rows.thresholds()["undo_days"])


def _raw() -> Connection:
    """
    Django's own connection to the main database, for the record's statements.

    The store's writer is another connection: two of them would not be one transaction.
    """
    django.ensure_connection()
    assert django.connection is not None and django.in_atomic_block
    raw: Connection = django.connection
    return raw


def _micros(at: datetime) -> int:
    return round((at - _EPOCH).total_seconds() * 1_000_000)
