"""
Batch linkage: read, train, score, cluster. https://moj-analytical-services.github.io/splink/

Splink learns the weights from the table itself (no labels) and scores the pairs of the
blocking rules on DuckDB; `domain.likeness` decides what no weight may overrule and makes the
clusters. The same rows give the same answer: samples have a fixed seed, ties go by id.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from taihe.kernel.errors import Incorrect, Unsupported
from taihe.record.domain import likeness
from taihe.record.domain.likeness import Features
from taihe.record.linkage import weights as rows
from taihe.record.linkage.tables import People
from taihe.record.linkage.weights import COMPARISONS, TRAINING, Weights

SEED = 20190309
ENGINES = ("duckdb", "spark")
SAMPLED_PAIRS = 2_000_000
LEAST_SHARE = {"m_probability": 1e-4, "u_probability": 1e-7}

Say = Callable[[str], None]


@dataclass(frozen=True)
class Linked:
    """
    Who is one person: by row, the smallest id of the cluster and the strongest link.

    `doubtful` are pairs that weights would join and people must look at, with the reason.
    """

    ids: list[str]
    person: list[str]
    probability: list[float]
    weights: Weights
    pairs: int
    links: int
    refused: int
    unsure: int
    doubtful: int


def check_engine(engine: str) -> None:
    """Raise `Unsupported` for an engine that is not here, saying what to do."""
    if engine == "duckdb":
        return
    if engine not in ENGINES:
        raise Incorrect("That engine is not known.", f"Choose one of {', '.join(ENGINES)}.")
    if find_spec("pyspark") is None:
        raise Unsupported(
            "Spark is not installed here.",
            "Install the extra `spark` (pyspark and a Java runtime), or use --engine duckdb.",
        )
    raise Unsupported(
        "Linkage on Spark is not released yet.",
        "Use --engine duckdb: it links a million rows on one machine.",
    )


class Session:
    """A table of people in DuckDB, with Splink beside it; close it after use."""

    def __init__(self, people: People, *, memory: str | None = None) -> None:
        from taihe.lake import duck

        self.people = people
        self.connection = duck.connect(memory=memory)
        self.connection.register("written", people.table)
        # A mother's name comes from her own row; of two rows who name the same newborn,
        # `newborn_key` is equal.
        self.connection.execute(
            """
            CREATE TABLE people AS
            SELECT w.* EXCLUDE (bad), m.name AS mother, coalesce(w.newborn_of, m.name) AS newborn_key
            FROM written w LEFT JOIN written m ON m.id = w.mother_id
            ORDER BY w.row
            """
        )
        self.connection.unregister("written")

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    # -- weights ------------------------------------------------------------------------------

    def train(self) -> Weights:
        """
        Learn the weights from the table: u from random pairs, m by expectation maximisation.

        A table with too few rows, or in which nothing agrees, keeps the shipped weights; so
        does a level that no pair of the table shows.
        """
        count = self.people.rows
        start = rows.shipped()
        if count < rows.thresholds()["train_rows"]:
            return start
        linker = self._linker(start)
        linker.training.estimate_u_using_random_sampling(max_pairs=SAMPLED_PAIRS, seed=SEED)
        u = _shares(linker, start.u, "u_probability")
        m = dict(start.m)
        linked = 0
        for rule in TRAINING:
            condition = " AND ".join(f'l."{column}" = r."{column}"' for column in rule)
            linked = max(linked, self._pairs_of(rule))
            try:
                linker.training.estimate_parameters_using_expectation_maximisation(
                    condition, estimate_without_term_frequencies=True, max_pairs=SAMPLED_PAIRS
                )
            except Exception:  # noqa: BLE001, S112 - nothing agrees under this rule: learn from the others
                continue
        m = _shares(linker, m, "m_probability")
        prior = max(linked, 1) / (count * (count - 1) / 2)
        # Two valid numbers that differ are two people by law, whatever a table says.
        m["number", 0] = min(m["number", 0], start.m["number", 0])
        return Weights(m, u, min(prior, 0.01), count)

    def _pairs_of(self, rule: tuple[str, ...]) -> int:
        columns = ", ".join(f'"{column}"' for column in rule)
        known = " AND ".join(f'"{column}" IS NOT NULL' for column in rule)
        found = self.connection.execute(
            "SELECT coalesce(sum(n * (n - 1) / 2), 0)::BIGINT FROM"
            f" (SELECT count(*) AS n FROM people WHERE {known} GROUP BY {columns})"
        ).fetchall()
        return int(found[0][0])

    def _linker(self, weights: Weights, *, explain: bool = False) -> Any:
        from splink import DuckDBAPI, Linker

        _quiet()
        api = DuckDBAPI(self.connection)
        told = rows.settings(weights, by_frequency=self._by_frequency(weights), explain=explain)
        return Linker(api.register("people"), told, log_level=None)

    def _by_frequency(self, weights: Weights) -> bool:
        return weights.rows >= rows.thresholds()["train_rows"] and (
            self.people.rows >= rows.thresholds()["train_rows"]
        )

    # -- pairs --------------------------------------------------------------------------------

    def score(self, weights: Weights, *, least: float, explain: bool = False) -> str:
        """Score the pairs of the blocking rules; returns the table with those above `least`."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            linker = self._linker(weights, explain=explain)
            return str(
                linker.inference.predict(
                    threshold_match_probability=least, warning_mode="never"
                ).physical_name
            )

    def scored(
        self, weights: Weights, *, least: float
    ) -> list[tuple[int, int, float, float, tuple[int, ...]]]:
        """
        Pairs above `least`: row, row, bits, probability, and the level of each comparison
        in the order of `COMPARISONS` (-1 unknown).
        """
        table = self.score(weights, least=least, explain=True)
        shown = ", ".join(f'"gamma_{name}"' for name in COMPARISONS)
        found = self.connection.execute(
            f'SELECT row_l, row_r, match_weight, match_probability, {shown} FROM "{table}"'
        ).fetchall()
        return [(*row[:4], tuple(row[4:])) for row in found]

    def features(self) -> Callable[[int], Features]:
        """The features of a row, made when they are asked for."""
        table = self.connection.sql(
            "SELECT id, number, name, bag, newborn_of, birth, mother_id FROM people ORDER BY row"
        ).to_arrow_table()
        columns = [column.to_pylist() for column in table.columns]
        made: dict[int, Features] = {}

        def of(row: int) -> Features:
            found = made.get(row)
            if found is None:
                id, number, name, bag, newborn, birth, mother = (c[row] for c in columns)
                found = made[row] = Features(
                    id, "", number, None, number, False, name, None, bag, newborn, birth, None,
                    None, None, None, None, mother, "",
                )  # fmt: skip
            return found

        return of


def link(people: People, *, say: Say = lambda _: None, memory: str | None = None) -> Linked:
    """Find who is one person in a table."""
    if people.rows == 0:
        return Linked([], [], [], rows.shipped(), 0, 0, 0, 0, 0)
    with Session(people, memory=memory) as session:
        say("train")
        weights = session.train()
        say("score")
        least = rows.thresholds()["link"]
        table = session.score(weights, least=least)
        say("cluster")
        of = session.features()
        found = session.connection.execute(
            f'SELECT row_l, row_r, match_weight, match_probability FROM "{table}"'
        )
        links: list[tuple[int, int, float, float]] = []
        pairs = doubtful = 0
        while batch := found.fetchmany(100_000):
            pairs += len(batch)
            for one in batch:
                a, b = of(one[0]), of(one[1])
                if likeness.impossible(a, b):
                    continue
                if likeness.doubt(a, b):
                    doubtful += 1
                    continue
                links.append(one)
        ids = session.connection.execute("SELECT id FROM people ORDER BY row").fetchall()
        names = [id for (id,) in ids]
        made = likeness.clusters(names, links, of, margin_bits=rows.thresholds()["margin_bits"])
    return Linked(
        names, made.person, made.probability, weights, pairs, len(links), made.refused,
        made.unsure, doubtful,
    )  # fmt: skip


def _shares(
    linker: Any, start: dict[tuple[str, int], float] | Any, which: str
) -> dict[tuple[str, int], float]:
    """What Splink learnt, with the shipped value where it saw nothing."""
    found = dict(start)
    for comparison in linker._settings_obj.core_model_settings.comparisons:
        name = comparison.output_column_name
        for level in comparison.comparison_levels:
            if level.is_null_level:
                continue
            value = getattr(level, which)
            number = level.comparison_vector_value
            if isinstance(value, float) and level_was_seen(level, which):
                found[name, number] = min(max(value, LEAST_SHARE[which]), 0.9999)
    return found


def level_was_seen(level: Any, which: str) -> bool:
    """Whether Splink estimated this share from pairs, instead of keeping what it was told."""
    return bool(
        level._trained_m_probabilities if which[0] == "m" else level._trained_u_probabilities
    )


def _quiet() -> None:
    logging.getLogger("splink").setLevel(logging.ERROR)


__all__ = ["ENGINES", "Linked", "Session", "check_engine", "link"]
