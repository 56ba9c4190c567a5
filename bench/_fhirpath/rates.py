"""Runs per second of processor time, of two things in turn so that both see the same machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

Work = Callable[[], Any]
ROUNDS = 5


def rate(work: Work, least: float, batch: int) -> float:
    """Runs per second of at least so many seconds of processor time."""
    started, runs = time.process_time(), 0
    while time.process_time() - started < least:
        for _ in range(batch):
            work()
        runs += batch
    return runs / (time.process_time() - started)


def warm(work: Work, seconds: float = 0.05) -> int:
    """Run for a while; returns how many runs take about a millisecond."""
    return max(1, int(rate(work, seconds, 1) / 1000))


def side_by_side(one: Work, two: Work, least: float = 0.06) -> tuple[float, float]:
    """The median rates of two things that take turns."""
    batches = warm(one), warm(two)
    ones, twos = [], []
    for _ in range(ROUNDS):
        ones.append(rate(one, least, batches[0]))
        twos.append(rate(two, least, batches[1]))
    return median(ones), median(twos)


def alone(work: Work, least: float = 0.06) -> float:
    """The median rate of one thing."""
    batch = warm(work)
    return median(rate(work, least, batch) for _ in range(ROUNDS))
