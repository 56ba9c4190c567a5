"""
The follower that keeps the lake: the record's feed, and the charged visits of claims.

Delivery is at least once; parts are written before the position, so a kill in between writes
the same rows again and they count once. Merges keep the person numbers of the rows and one
small set of who is who now.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from pathlib import Path
from time import monotonic
from typing import Any

import orjson
from django.conf import settings
from django.db import close_old_connections

from taihe.claims import public as claims
from taihe.insight.domain.facts import COLUMNS, facts
from taihe.insight.sets import Lake
from taihe.kernel.errors import NotFound
from taihe.lake.duck import connect
from taihe.record import public as record

BATCH = 5000
IDLE_SECONDS = 2.0
CLAIMS_SECONDS = 300.0
log = logging.getLogger("taihe.insight")


def the_lake() -> Lake:
    """The lake of this installation."""
    return Lake(Path(settings.TAIHE_FOLDER) / "lake" / "insight")


def follow(stop: threading.Event) -> None:
    """Follow the feed until the event is set, and look at the claims every few minutes."""
    lake, looked = the_lake(), -CLAIMS_SECONDS
    agree(lake)
    while not stop.is_set():
        close_old_connections()
        taken = step(lake)
        if monotonic() - looked >= CLAIMS_SECONDS:
            take_claims(lake)
            looked = monotonic()
        if not taken:
            stop.wait(IDLE_SECONDS)


def catch_up(lake: Lake | None = None) -> int:
    """Follow the feed to its end and take the claims; returns how many items were taken."""
    lake = lake or the_lake()
    agree(lake)
    total = 0
    while taken := step(lake):
        total += taken
    take_claims(lake)
    return total


def rebuild(lake: Lake | None = None) -> int:
    """Drop the lake and build it again from the feed; returns how many items were taken."""
    lake = lake or the_lake()
    with lake.writing():
        lake.drop()
    return catch_up(lake)


def agree(lake: Lake) -> bool:
    """
    Drop a lake that follows another record than this one; whether it was dropped.

    After an older copy of the record is put back, the feed no longer holds what the lake
    took last: then the lake begins again.
    """
    position = lake.position()
    if not position:
        return False
    last = record.feed(position - 1, 1)
    if last and last[0].feed == position and _mark(last[0]) == lake.state("mark"):
        return False
    log.warning("the lake does not follow this record: it is built again")
    with lake.writing():
        lake.drop()
    return True


def step(lake: Lake, limit: int = BATCH) -> int:
    """Take the next items of the feed; returns how many there were."""
    with lake.writing():
        items = record.feed(lake.position(), limit, bodies_of=COLUMNS)
        if not items:
            return 0
        rows: dict[str, dict[str, tuple[Any, ...]]] = defaultdict(dict)
        moved: set[int] = set()
        for item in items:
            if item.kind == "version" and item.type in COLUMNS:
                rows[item.type][item.id] = _row(item)
            elif item.kind in ("merge", "unmerge"):
                moved |= {number for number in (item.person, item.other) if number}
        with connect(threads=1) as duck:
            for name, found in rows.items():
                lake.append(duck, name, list(found.values()))
            if moved:
                _identify(lake, duck, moved)
        lake.keep(feed=items[-1].feed, mark=_mark(items[-1]))
    return len(items)


def take_claims(lake: Lake) -> bool:
    """Write the charged visits again if claims has changed; whether it had."""
    mark = claims.charged_mark()
    if lake.state("claims") == mark:
        return False
    with lake.writing(), connect(threads=1) as duck:
        lake.replace(duck, lake.visits, list(claims.charged_visits()))
        lake.keep(claims=mark)
    return True


def _row(item: record.FeedItem) -> tuple[Any, ...]:
    said = facts(orjson.loads(item.body), item.at) if item.body is not None else None
    gone = said is None
    values = said if said is not None else (None,) * len(COLUMNS[item.type])
    return (item.id, item.person, item.feed, gone, *values)


def _identify(lake: Lake, duck: Any, moved: set[int]) -> None:
    """Who is who now, for every number that a merge ever touched."""
    try:
        known = lake.identity.snapshot().relation(duck).fetchall()
    except NotFound:
        known = []
    numbers = moved | {number for number, _ in known}
    lake.replace(duck, lake.identity, sorted(record.currents(numbers).items()))


def _mark(item: record.FeedItem) -> str:
    return f"{item.kind}:{item.type}:{item.id}:{item.version}:{item.at.isoformat()}"
