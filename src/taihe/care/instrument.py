"""
The instrument that care assesses with, GB/T 42195-2022: filled in `config` only.

Chronic care owns the scoring and its rows; contexts on one line do not import each other
(decision 0015).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taihe.kernel.errors import Fault


@dataclass(frozen=True)
class Item:
    """One item with the scores it may have, its group, and where the standard prints it."""

    code: str
    name: str
    group: str
    scores: tuple[int, ...]
    clause: str


@dataclass(frozen=True)
class Level:
    """A level with its totals, both ends included; levels come best first."""

    level: str
    words: str
    low: int
    high: int


@dataclass(frozen=True)
class Instrument:
    """Items, levels, the reasons that make a level worse (fact to words), and the scoring."""

    source: str
    items: tuple[Item, ...]
    levels: tuple[Level, ...]
    reasons: Mapping[str, str]
    score: Callable[[Mapping[str, Any]], dict[str, Any]]


_offer: Callable[[], Instrument] | None = None


def use(offer: Callable[[], Instrument]) -> None:
    """Give care its instrument; called when it is first needed."""
    global _offer
    _offer = offer


def instrument() -> Instrument:
    """The instrument; a `Fault` where nobody gave one."""
    if _offer is None:
        raise Fault("Care has no instrument.", "Wire one in taihe.config.wiring.")
    return _offer()


def level_names() -> Sequence[str]:
    """The levels, best first."""
    return [level.level for level in instrument().levels]
