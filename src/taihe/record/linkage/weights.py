"""
The level table and the thresholds of linkage, and what Splink is told of them.

A level is a row: its words, and how often it occurs among pairs that are one person (m) and
among pairs that are not (u). The condition of a level is code, next to its key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import log2
from pathlib import Path
from typing import Any

from taihe.kernel.knowledge import BadCell, Cells, Validity, read_table

KNOWLEDGE = Path(__file__).parents[1] / "knowledge"
# A pair of rows of a county of 200 000 is one person about once in so many.
SHIPPED_PRIOR = 1 / 200_000
COMPARISONS = ("number", "name", "birth", "sex", "home")

# When a level holds, in the order in which they are asked; `_l` and `_r` are the two rows.
CONDITIONS: dict[str, dict[str, str]] = {
    "number": {
        "": "any_number_l IS NULL OR any_number_r IS NULL",
        "same": "number_l = number_r",
        "one-slip": "(number_l IS NULL OR number_r IS NULL)"
        " AND damerau_levenshtein(any_number_l, any_number_r) <= 1",
        "wrong": "number_l IS NULL OR number_r IS NULL",
    },
    "name": {
        "": "name_l IS NULL OR name_r IS NULL",
        "same": "name_l = name_r",
        "sound": "sounds_l = sounds_r",
        "order": "bag_l = bag_r",
        "newborn": "newborn_of_l = mother_r OR newborn_of_r = mother_l"
        " OR newborn_of_l = newborn_of_r",
        "near": "length(name_l) >= 3 AND length(name_l) = length(name_r)"
        " AND hamming(name_l, name_r) = 1",
    },
    "birth": {
        "": "birth_l IS NULL OR birth_r IS NULL",
        "same": "birth_l = birth_r",
        "swapped": "birth_l = born_swapped_r",
        "one-part": "CAST(birth_l[1:4] = birth_r[1:4] AS INT)"
        " + CAST(birth_l[6:7] = birth_r[6:7] AS INT)"
        " + CAST(birth_l[9:10] = birth_r[9:10] AS INT) = 2",
    },
    "sex": {"": "sex_l IS NULL OR sex_r IS NULL", "same": "sex_l = sex_r"},
    "home": {
        "": "(phone_l IS NULL OR phone_r IS NULL) AND (house_l IS NULL OR house_r IS NULL)",
        "both": "phone_l = phone_r AND house_l = house_r",
        "phone": "phone_l = phone_r",
        "house": "house_l = house_r AND house_l <> village_l",
        "village": "village_l = village_r",
    },
}

# Which pairs are scored at all: any of these columns equal.
BLOCKING: tuple[tuple[str, ...], ...] = (
    ("number",),
    ("wrong_number",),
    ("bag", "birth"),
    ("bag", "phone"),
    ("bag", "house"),
    ("birth", "phone"),
    ("birth", "house"),
    ("newborn_key", "birth"),
)
# Training looks at pairs that agree in one thing and learns the others from them.
TRAINING: tuple[tuple[str, ...], ...] = (("number",), ("bag", "birth"), ("phone", "bag"))


@dataclass(frozen=True)
class Level:
    """One level of a comparison: `number` counts up with likeness, 0 is "anything else"."""

    comparison: str
    number: int
    key: str
    words: str
    tone: str
    m: float
    u: float
    validity: Validity

    @property
    def bits(self) -> float:
        """How much the level speaks for one person, in bits; negative speaks against."""
        return log2(self.m / self.u)


def _level(cells: Cells) -> Level:
    return Level(
        cells.choice("comparison", COMPARISONS),
        cells.whole("level"),
        cells.text("found"),
        cells.text("words"),
        cells.choice("tone", ("agree", "differ")),
        _share(cells, "m"),
        _share(cells, "u"),
        cells.validity(),
    )


def _share(cells: Cells, column: str) -> float:
    try:
        value = float(cells.text(column))
    except ValueError:
        raise BadCell(column, f"{column} is not a number.", "Write a share.") from None
    if not 0 < value < 1:
        raise BadCell(column, f"{column} is not between 0 and 1.", "Write a share.")
    return value


@cache
def levels() -> tuple[Level, ...]:
    """The shipped levels."""
    return read_table(
        KNOWLEDGE / "linkage_levels.csv",
        _level,
        required=("comparison", "level", "found", "words", "m", "u", "source"),
    ).checked()


def _threshold(cells: Cells) -> tuple[str, float]:
    return cells.text("key"), float(cells.text("value"))


@cache
def thresholds() -> Mapping[str, float]:
    """The shipped thresholds: link, merge, review, margin_bits, train_rows."""
    return dict(
        read_table(
            KNOWLEDGE / "linkage_thresholds.csv", _threshold, required=("key", "value", "source")
        ).checked()
    )


@dataclass(frozen=True)
class Weights:
    """
    The m and u of every level, by (comparison, level number), and the prior.

    `prior` is the share of pairs that are one person among all pairs of a table. `rows` says
    how many rows they were trained on, 0 for the shipped ones.
    """

    m: Mapping[tuple[str, int], float]
    u: Mapping[tuple[str, int], float]
    prior: float
    rows: int = 0

    def bits(self, comparison: str, level: int) -> float:
        """How much a level speaks for one person; unknown (-1) says nothing."""
        if level < 0:
            return 0.0
        return log2(self.m[comparison, level] / self.u[comparison, level])

    def as_json(self) -> dict[str, Any]:
        """As one JSON object, to keep with an installation."""
        return {
            "prior": self.prior,
            "rows": self.rows,
            "levels": [
                {"comparison": c, "level": n, "m": self.m[c, n], "u": self.u[c, n]}
                for c, n in self.m
            ],
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Weights:
        """What `as_json` wrote."""
        found = kept["levels"]
        return cls(
            {(row["comparison"], row["level"]): row["m"] for row in found},
            {(row["comparison"], row["level"]): row["u"] for row in found},
            kept["prior"],
            kept["rows"],
        )


def shipped() -> Weights:
    """
    The shipped weights, for a table too small to learn from.

    The prior is that of a county: in a small table, too, two people of one name may have one
    birth date, and name and date alone shall not make them one.
    """
    return Weights(
        {(level.comparison, level.number): level.m for level in levels()},
        {(level.comparison, level.number): level.u for level in levels()},
        SHIPPED_PRIOR,
    )


def settings(weights: Weights, *, by_frequency: bool, explain: bool = False) -> dict[str, Any]:
    """
    Splink's settings for these weights.

    `by_frequency` lets a rare name count more than a common one; a small table knows no
    frequencies. `explain` keeps the level of each comparison beside the weight.
    """
    comparisons = []
    for comparison in COMPARISONS:
        rows: list[dict[str, Any]] = []
        of_key = {level.key: level for level in levels() if level.comparison == comparison}
        for key, condition in CONDITIONS[comparison].items():
            if not key:
                rows.append(
                    {
                        "sql_condition": condition,
                        "label_for_charts": "unknown",
                        "is_null_level": True,
                    }
                )
                continue
            rows.append(_told(weights, of_key[key], condition))
            if by_frequency and (comparison, key) == ("name", "same"):
                rows[-1] |= {"tf_adjustment_column": "name", "tf_adjustment_weight": 1.0}
        last = next(level for level in of_key.values() if level.number == 0)
        rows.append(_told(weights, last, "ELSE"))
        comparisons.append({"output_column_name": comparison, "comparison_levels": rows})
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "row",
        "probability_two_random_records_match": weights.prior,
        "comparisons": comparisons,
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": " AND ".join(f'l."{c}" = r."{c}"' for c in rule)} for rule in BLOCKING
        ],
        "retain_matching_columns": explain,
        "retain_intermediate_calculation_columns": False,
        "max_iterations": 25,
    }


def _told(weights: Weights, level: Level, condition: str) -> dict[str, Any]:
    at = (level.comparison, level.number)
    return {
        "sql_condition": condition,
        "label_for_charts": level.key,
        "m_probability": weights.m[at],
        "u_probability": weights.u[at],
    }
