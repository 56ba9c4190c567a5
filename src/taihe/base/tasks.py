"""
Tasks: things to be done later, as rows in the same database.

A task is enqueued in the transaction that asks for it, so neither exists without the other.
It is done at least once: a worker that dies leaves a lease that ends, and another takes the
task again; handlers are therefore idempotent. A failing task is tried again, later each time,
and is kept with the class of its error when it does not succeed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.contrib.sessions.models import Session
from django.db import close_old_connections, connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from taihe.base.logs import describe
from taihe.base.models import Task
from taihe.kernel.errors import TaiheError

Handler = Callable[[dict[str, Any]], None]
log = logging.getLogger("taihe.base.tasks")

LEASE = timedelta(minutes=10)
MOST_ATTEMPTS = 10
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)
KEEP_DONE = timedelta(days=7)

_handlers: dict[str, Handler] = {}


@dataclass(frozen=True)
class Ran:
    """What a pass did."""

    done: int = 0
    failed: int = 0


def register(kind: str, handler: Handler) -> None:
    """
    Say who does tasks of a kind; call it from `AppConfig.ready`.

    The handler gets the payload, opens its own transactions, and may be called again with
    the same payload. It ends within ten minutes, or enqueues what is left.
    """
    _handlers[kind] = handler


def enqueue(kind: str, payload: dict[str, Any], *, due_at: datetime | None = None) -> int:
    """Enqueue a task in the caller's transaction; returns its number. No personal data inside."""
    row = Task.objects.create(kind=kind, payload=payload, due_at=due_at, enqueued_at=timezone.now())
    return int(row.pk)


def run_due(limit: int = 100, *, now: Callable[[], datetime] = timezone.now) -> Ran:
    """Do what is due, one after the other, at most `limit`."""
    done = failed = 0
    for _ in range(limit):
        task = _take(now())
        if task is None:
            break
        if _do(task, now):
            done += 1
        else:
            failed += 1
    return Ran(done, failed)


def work_forever(stop: threading.Event, *, idle_seconds: float = 0.5) -> None:
    """Do tasks until asked to stop; trouble with the store is waited out."""
    last_sweep: datetime | None = None
    while not stop.is_set():
        try:
            close_old_connections()
            today = timezone.now()
            if last_sweep is None or abs(today - last_sweep) > timedelta(hours=1):
                sweep(today)
                last_sweep = today
            if run_due() == Ran():
                stop.wait(idle_seconds)
        except Exception as error:  # noqa: BLE001 - the worker outlives whatever a task meets
            log.error("tasks wait: %s", describe(error))
            stop.wait(5)
    connection.close()


def sweep(now: datetime) -> int:
    """Remove tasks that were done more than a week ago, and ended sessions; keep failed tasks."""
    Session.objects.filter(expire_date__lt=now).delete()
    old = Task.objects.filter(state=Task.State.DONE, done_at__lt=now - KEEP_DONE)
    return old.delete()[0]


def retry(number: int) -> None:
    """Have a failed task tried again."""
    Task.objects.filter(pk=number, state=Task.State.FAILED).update(
        state=Task.State.WAITING, attempts=0, retry_at=None, lease="", leased_until=None
    )


def counts() -> dict[str, int]:
    """Tasks by state."""
    from django.db.models import Count

    found = Task.objects.values_list("state").annotate(n=Count("pk")).order_by("state")
    return dict.fromkeys(Task.State.values, 0) | dict(found)


def _take(now: datetime) -> Task | None:
    """
    Lease the oldest task that is due.

    A lease or a pause that reaches much further than any can was written under another
    clock: it counts as ended, so that a clock that jumps loses no task.
    """
    free = Q(leased_until=None) | Q(leased_until__lte=now) | Q(leased_until__gt=now + 2 * LEASE)
    due = Q(due_at=None) | Q(due_at__lte=now)
    rested = Q(retry_at=None) | Q(retry_at__lte=now) | Q(retry_at__gt=now + 2 * LONGEST_PAUSE)
    waiting = Task.objects.filter(free, due, rested, state=Task.State.WAITING, kind__in=_handlers)
    if not waiting.exists():
        return None
    with transaction.atomic():
        if connection.features.has_select_for_update_skip_locked:
            waiting = waiting.select_for_update(skip_locked=True)
        task = waiting.order_by("pk").first()
        if task is None:
            return None
        task.lease, task.leased_until = uuid4().hex, now + LEASE
        task.attempts = F("attempts") + 1
        task.save(update_fields=["lease", "leased_until", "attempts"])
        task.refresh_from_db()
    return task


def _do(task: Task, now: Callable[[], datetime]) -> bool:
    try:
        _handlers[task.kind](task.payload)
    except Exception as error:  # noqa: BLE001 - whatever it was, the task is kept with its error
        _put_back(task, error, now())
        return False
    # Only the holder of the lease may say so: after a long pause it may be another's.
    Task.objects.filter(pk=task.pk, lease=task.lease).update(
        state=Task.State.DONE, done_at=now(), lease="", leased_until=None, error=""
    )
    return True


def _put_back(task: Task, error: Exception, now: datetime) -> None:
    log.warning("task %s (%s) failed: %s", task.pk, task.kind, describe(error))
    said = str(error) if isinstance(error, TaiheError) else ""
    given_up = task.attempts >= MOST_ATTEMPTS
    pause = min(FIRST_PAUSE * 2 ** (task.attempts - 1), LONGEST_PAUSE)
    Task.objects.filter(pk=task.pk, lease=task.lease).update(
        state=Task.State.FAILED if given_up else Task.State.WAITING,
        retry_at=None if given_up else now + pause,
        lease="",
        leased_until=None,
        error=f"{type(error).__name__}: {said}"[:300] if said else type(error).__name__,
    )
