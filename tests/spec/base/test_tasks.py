"""A task is done at least once, whatever dies, fails or jumps meanwhile."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from taihe.base import tasks
from taihe.base.models import Task
from taihe.base.tasks import LEASE, MOST_ATTEMPTS, Ran
from taihe.kernel.errors import Busy

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "access"])
NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def add(self, **parts: float) -> None:
        self.now += timedelta(**parts)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def calls(monkeypatch) -> list[dict]:
    found: list[dict] = []
    monkeypatch.setattr(tasks, "_handlers", {"remember": found.append})
    return found


def test_a_task_is_done_once_with_its_payload(calls):
    tasks.enqueue("remember", {"case": 7})
    assert tasks.run_due() == Ran(1, 0)
    assert tasks.run_due() == Ran()
    assert calls == [{"case": 7}]
    assert Task.objects.get().state == "done"


def test_a_task_exists_with_its_transaction_or_not_at_all(calls):
    with pytest.raises(RuntimeError), transaction.atomic():
        tasks.enqueue("remember", {})
        raise RuntimeError
    assert tasks.run_due() == Ran()


def test_tasks_run_in_order_when_due(calls, clock):
    tasks.enqueue("remember", {"n": 1}, due_at=NOON + timedelta(hours=1))
    tasks.enqueue("remember", {"n": 2})
    tasks.enqueue("remember", {"n": 3}, due_at=NOON)
    assert tasks.run_due(now=clock) == Ran(2, 0)
    clock.add(hours=1)
    assert tasks.run_due(now=clock) == Ran(1, 0)
    assert [call["n"] for call in calls] == [2, 3, 1]


def test_a_failing_task_rests_longer_each_time_and_is_kept_with_its_error(monkeypatch, clock):
    def fail(payload: dict) -> None:
        raise ValueError("张三 340822195001010011 cannot be parsed")

    monkeypatch.setattr(tasks, "_handlers", {"fail": fail})
    tasks.enqueue("fail", {})
    rests = []
    while Task.objects.get().state == "waiting":
        assert tasks.run_due(now=clock) == Ran(0, 1)
        assert tasks.run_due(now=clock) == Ran(), "it must rest first"
        task = Task.objects.get()
        if task.retry_at:
            rests.append((task.retry_at - clock.now).total_seconds())
            clock.now = task.retry_at
    assert rests == [5, 10, 20, 40, 80, 160, 320, 640, 1280]
    task = Task.objects.get()
    assert (task.state, task.attempts, task.error) == ("failed", MOST_ATTEMPTS, "ValueError")


def test_an_error_of_ours_says_what_to_do(monkeypatch):
    def busy(payload: dict) -> None:
        raise Busy("The partner does not answer.", "Try again later.")

    monkeypatch.setattr(tasks, "_handlers", {"busy": busy})
    tasks.enqueue("busy", {})
    tasks.run_due()
    assert Task.objects.get().error == "Busy: The partner does not answer. Try again later."


def test_a_failed_task_can_be_tried_again(calls):
    tasks.enqueue("remember", {})
    Task.objects.update(state="failed", attempts=10, error="ValueError")
    tasks.retry(Task.objects.get().pk)
    assert tasks.run_due() == Ran(1, 0)


def test_the_task_of_a_killed_worker_is_taken_again_when_its_lease_ends(calls, clock):
    tasks.enqueue("remember", {"n": 1})
    assert tasks._take(clock()) is not None  # and the worker dies here
    assert tasks.run_due(now=clock) == Ran()
    clock.add(seconds=LEASE.total_seconds())
    assert tasks.run_due(now=clock) == Ran(1, 0)
    assert calls == [{"n": 1}]


def test_a_worker_that_lost_its_lease_does_not_end_the_task_of_another(monkeypatch, clock):
    tasks.enqueue("remember", {})
    monkeypatch.setattr(tasks, "_handlers", {"remember": lambda payload: None})
    slow = tasks._take(clock())
    clock.add(seconds=LEASE.total_seconds() + 1)
    other = tasks._take(clock())
    tasks._do(slow, clock)
    assert Task.objects.get().state == "waiting"
    tasks._do(other, clock)
    assert Task.objects.get().state == "done"


@pytest.mark.parametrize("days", [-400, -1, 1, 400])
def test_a_clock_that_jumps_loses_no_task(calls, clock, days):
    """One is leased by a worker that died, one rests after an error, one is new."""
    for n in range(3):
        tasks.enqueue("remember", {"n": n})
    assert tasks._take(clock()) is not None
    Task.objects.filter(payload={"n": 1}).update(retry_at=clock.now + timedelta(minutes=30))
    clock.add(days=days)
    assert tasks.run_due(now=clock) == Ran(3, 0)


def test_two_workers_never_do_the_same_task(monkeypatch):
    done: list[int] = []
    monkeypatch.setattr(tasks, "_handlers", {"count": lambda payload: done.append(payload["n"])})
    for n in range(40):
        tasks.enqueue("count", {"n": n})

    def work() -> None:
        from django.db import connection

        tasks.run_due(100)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == list(range(40))


def test_a_kind_nobody_does_here_waits_for_who_does(calls):
    tasks.enqueue("of another release", {})
    assert tasks.run_due() == Ran()
    assert Task.objects.get().state == "waiting"


def test_the_loop_works_until_it_is_stopped(calls):
    stop = threading.Event()
    worker = threading.Thread(target=tasks.work_forever, args=(stop,))
    worker.start()
    tasks.enqueue("remember", {"n": 1})
    for _ in range(100):
        if calls:
            break
        stop.wait(0.05)
    stop.set()
    worker.join(10)
    assert calls == [{"n": 1}]
    assert not worker.is_alive()


def test_done_tasks_are_removed_after_a_week_and_failed_ones_kept(calls):
    tasks.enqueue("remember", {})
    tasks.run_due()
    tasks.enqueue("remember", {})
    Task.objects.filter(state="waiting").update(state="failed", error="ValueError")
    done_at = Task.objects.get(state="done").done_at
    assert tasks.sweep(done_at + timedelta(days=6)) == 0
    assert tasks.sweep(done_at + timedelta(days=8)) == 1
    assert tasks.counts() == {"waiting": 0, "done": 0, "failed": 1}
