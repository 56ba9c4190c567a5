"""
Linkage of a generated county beside two baselines on the same file: the exact citizen number
alone, and plain Splink (its own comparisons of name, date, number and telephone).

`TAIHE_BENCH_RESIDENTS` sets the size (default 20 000 residents, about 32 000 rows).
"""

from __future__ import annotations

import csv
import gzip
import logging
import os
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from taihe.county.build import build
from taihe.kernel.errors import TaiheError
from taihe.kernel.identifiers import CitizenNumber
from taihe.record.linkage import batch, tables

RESIDENTS = int(os.environ.get("TAIHE_BENCH_RESIDENTS", "20000"))
SEED = int(os.environ.get("TAIHE_BENCH_SEED", "7"))


def run() -> list[dict[str, Any]]:
    """Precision and recall in percent, rows per second, memory."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "county"
        build(residents=RESIDENTS, seed=SEED, only="people", out=out)
        people = out / "truth" / "people.csv.gz"
        truth = {row["id"]: row["person"] for row in _rows(out / "truth" / "links.csv.gz")}
        before = _memory_mb()
        started = time.perf_counter()
        read = tables.read_people(people)
        linked = batch.link(read)
        seconds = time.perf_counter() - started
        ours = measured(dict(zip(linked.ids, linked.person, strict=True)), truth)
        memory = _memory_mb()
        exact = measured(_by_number(people), truth)
        started = time.perf_counter()
        plain = measured(_plain_splink(people), truth)
        plain_seconds = time.perf_counter() - started
    rows = len(truth)
    title = f"{rows:,} rows"
    figures = [
        (f"pairwise precision, {title}", ours[0], "%", "plain Splink", plain[0]),
        (f"pairwise recall, {title}", ours[1], "%", "plain Splink", plain[1]),
        (f"pairwise precision, {title}", ours[0], "%", "exact number alone", exact[0]),
        (f"pairwise recall, {title}", ours[1], "%", "exact number alone", exact[1]),
        (f"linked, {title}", rows / seconds, "rows/s", "plain Splink", rows / plain_seconds),
        ("memory of the process", memory, "MB", "before linking", before),
    ]
    return [
        {
            "figure": figure,
            "value": value,
            "unit": unit,
            "baseline": baseline,
            "baseline_value": other,
            "ratio": value / other if other else 0.0,
        }
        for figure, value, unit, baseline, other in figures
    ]


def measured(person: Mapping[str, str], truth: Mapping[str, str]) -> tuple[float, float]:
    """Pairwise precision and recall in percent."""
    both = _pairs(Counter((truth[id], found) for id, found in person.items()))
    found = _pairs(Counter(person.values()))
    return 100 * both / max(1, found), 100 * both / max(1, _pairs(Counter(truth.values())))


def _pairs(groups: Mapping[Any, int]) -> int:
    return sum(n * (n - 1) // 2 for n in groups.values())


def _by_number(people: Path) -> dict[str, str]:
    first: dict[str, str] = {}
    person: dict[str, str] = {}
    for row in _rows(people):
        try:
            number = CitizenNumber.parse(row["id_number"]).value
        except TaiheError:
            person[row["id"]] = row["id"]
            continue
        person[row["id"]] = first.setdefault(number, row["id"])
    return person


def _plain_splink(people: Path) -> dict[str, str]:
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    from taihe.lake import duck

    logging.getLogger("splink").setLevel(logging.ERROR)
    connection = duck.connect()
    connection.execute(
        "CREATE TABLE people AS SELECT * FROM read_csv(?, all_varchar = true)", [str(people)]
    )
    api = DuckDBAPI(connection)
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="id",
        comparisons=[
            cl.JaroWinklerAtThresholds("name"),
            cl.DamerauLevenshteinAtThresholds("birth_date", [1, 2]),
            cl.ExactMatch("sex"),
            cl.DamerauLevenshteinAtThresholds("id_number", [1, 2]),
            cl.ExactMatch("phone"),
            cl.LevenshteinAtThresholds("address", [2, 6]),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("id_number"),
            block_on("name", "birth_date"),
            block_on("phone", "birth_date"),
            block_on("name", "phone"),
        ],
    )
    linker = Linker(api.register("people"), settings, log_level=None)
    linker.training.estimate_probability_two_random_records_match(
        [block_on("id_number")], recall=0.7
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    for rule in (block_on("id_number"), block_on("name", "birth_date")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    pairs = linker.inference.predict(threshold_match_probability=0.99, warning_mode="never")
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, 0.99)
    found = connection.execute(f'SELECT id, cluster_id FROM "{clusters.physical_name}"').fetchall()
    connection.close()
    return dict(found)


def _rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
