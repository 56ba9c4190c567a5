"""Facts as people and machines send them: asked for by name, refused when missing or impossible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from taihe.kernel.errors import Incorrect
from taihe.kernel.knowledge import Provenance, Validity


class Missing(Incorrect):
    """A fact that the decision needs is not there; it is asked for, never guessed."""

    code = "required"


class Impossible(Incorrect):
    """A fact that cannot be: wrong type, outside what can be measured, or swapped."""

    code = "value"


@dataclass(frozen=True)
class RuleRow:
    """What every row carries: its id, where it comes from, when it holds, how sure it is."""

    id: str
    provenance: Provenance
    valid: Validity
    status: str


@dataclass(frozen=True)
class Limit:
    """What a reading can be at all; outside it the reading is asked back."""

    fact: str
    name: str
    low: float
    high: float
    unit: str

    def check(self, value: float) -> None:
        """Raise `Impossible` outside the limits."""
        if not self.low <= value <= self.high:
            raise Impossible(
                f"{self.name} ({self.fact}) lies outside {self.low:g} to {self.high:g} {self.unit}.",
                "Read the measurement again.",
            )


def number(facts: Mapping[str, Any], name: str) -> float | None:
    """A number, or None when it is absent, null or blank; words and booleans are refused."""
    value = facts.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            value = None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise Impossible(f"{name} is not a number.", "Write digits.")
    return float(value)


def needed(facts: Mapping[str, Any], name: str) -> float:
    """A number that must be there."""
    value = number(facts, name)
    if value is None:
        raise Missing(f"{name} is missing.", "Fill it in.")
    return value


def flag(facts: Mapping[str, Any], name: str, *, default: bool | None = None) -> bool:
    """True or false, also written 1 or 0; without a default it must be there."""
    value = facts.get(name)
    if value is None or value == "":
        if default is None:
            raise Missing(f"{name} is missing.", "Answer yes or no.")
        return default
    if value in (True, False):
        return bool(value)
    raise Impossible(f"{name} is neither true nor false.", "Write true or false.")


def check_pressure(sbp_mmhg: float, dbp_mmhg: float) -> None:
    """Systolic above diastolic, else the two were swapped."""
    if sbp_mmhg <= dbp_mmhg:
        raise Impossible(
            "The systolic pressure is not above the diastolic.",
            "The two are perhaps swapped: read them again.",
        )
