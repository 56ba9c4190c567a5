"""
What other contexts ask of a resident: a follow-up that is due, a glucose to measure.

Contexts offer a function, wired in `config`; the resident's home shows what they answer for
the persons whose records were opened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class ResidentTask:
    """
    One thing to do, in everyday words.

    `tone` is bad (at once), warn (late) or ""; `due` the day it should be done by, None
    without one; `url` where to read on.
    """

    title: str
    text: str
    url: str
    due: date | None
    tone: str


Offer = Callable[[tuple[int, ...], date], Sequence[ResidentTask]]
_offers: dict[str, Offer] = {}
_ORDER = {"bad": 0, "warn": 1}


def register(name: str, offer: Offer) -> None:
    """Have a context's tasks shown; the same name again replaces it."""
    _offers[name] = offer


def tasks_of(persons: Sequence[int], on: date) -> list[ResidentTask]:
    """The tasks of persons whose records were opened, what must be done at once first."""
    found = [task for offer in _offers.values() for task in offer(tuple(persons), on)]
    return sorted(found, key=lambda t: (_ORDER.get(t.tone, 2), t.due or date.max, t.title))
