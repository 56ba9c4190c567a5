"""Which question a row of a JSON lines file asks: known by its form, answered by `public`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from taihe.chronic import public

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Question:
    """A form of rows, the test that knows it, and the function that answers it."""

    name: str
    asked_by: Callable[[Facts], bool]
    answer: Callable[[Facts], dict[str, Any]]


def _has(*names: str) -> Callable[[Facts], bool]:
    return lambda facts: all(name in facts for name in names)


CLASSIFY = (
    Question("follow-up", _has("disease"), public.follow_up_outcome),
    Question("hearts", _has("reference_month", "registered"), public.hearts_month),
    Question("risk grid", _has("row", "bp"), public.risk_cell),
    Question(
        "ability",
        lambda f: (
            ("total" in f and "care_risk_events_30d" in f)
            or ("total" in f and "coma" in f)
            or f.get("instrument") == "gbt42195"
            or any(str(name).startswith("B.") for name in f.get("items") or ())
        ),
        public.ability_level,
    ),
    Question("self-care", _has("items"), public.self_care_level),
    Question("barthel", _has("barthel"), public.barthel_band),
    Question(
        "pressure grade",
        lambda f: "sbp" in f and "dbp" in f and "visits" not in f and "tc_mmol" not in f,
        public.pressure_grade,
    ),
)


def question(facts: Facts) -> Question | None:
    """The question that a row asks of `classify`, or None for an unknown form."""
    return next((each for each in CLASSIFY if each.asked_by(facts)), None)
