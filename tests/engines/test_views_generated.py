"""
Views made at random over the type model: memory, DuckDB over NDJSON and over the lake agree.

The plain evaluator is the oracle: the same rows in the same order, as the same JSON text, or
an error from each. Where SQL did not answer but the function did, that is counted.
"""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from taihe.fhir.files import to_json
from taihe.fhir.views import read_view, run
from taihe.kernel.errors import TaiheError
from taihe.lake.resources import write_resources
from taihe.lake.views import answered, as_python, write_from_memory, write_lines, write_view
from tests.oracle.fhir_views import TYPES, Views, resources

SAMPLE, NIGHT = 72, 5000


class World:
    """Resources of each type as Python values, NDJSON and a lake."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.made: dict[str, tuple[list, list[Path], Path]] = {}
        for kind in TYPES:
            made = resources(kind, seed)
            here = folder / kind
            here.mkdir()
            file = here / f"{kind}.ndjson"
            write_lines(made, file)
            write_resources([file], kind, here / "lake")
            exact = [json.loads(to_json(one), parse_float=Decimal) for one in made]
            self.made[kind] = (exact, [file], here / "lake")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("generated"), 7)


def text(row):
    """A row as JSON; the parts of a structure have no order, since a lake has its own."""
    return to_json({key: sorted_parts(value) for key, value in row.items()})


def sorted_parts(value):
    if isinstance(value, dict):
        return {key: sorted_parts(value[key]) for key in sorted(value)}
    return [sorted_parts(one) for one in value] if isinstance(value, list) else value


def plain(view, made):
    try:
        return [text(row) for row in run(view, made)]
    except TaiheError as error:
        return f"error: {error}"


def asked(view, source, reasons):
    found = []

    def work(connection, query):
        found.clear()
        rows = connection.execute(query.sql).fetchall()
        found.extend(text(as_python(row, query.cells)) for row in rows)
        return len(found)

    try:
        reason = answered(view, source, work)[1]
    except TaiheError as error:
        return f"error: {error}"
    reasons[reason] += 1
    return found


def same(one, two):
    return one == two or (isinstance(one, str) and isinstance(two, str))


def compare(seeds, world):
    by_function = {"ndjson": Counter(), "lake": Counter()}
    for seed in seeds:
        kind = TYPES[seed % len(TYPES)]
        made, files, lake = world.made[kind]
        raw = Views(seed).view(kind)
        view = read_view(raw)
        wanted = plain(view, made)
        for name, source in (("ndjson", files), ("lake", lake)):
            found = asked(view, source, by_function[name])
            if isinstance(wanted, str) and isinstance(found, list):
                by_function[name]["an error in what leads to no row"] += 1
                continue
            assert same(found, wanted), (seed, name, raw)
    for reasons in by_function.values():
        assert reasons["an error in what leads to no row"] <= max(1, len(seeds) // 200)
    return by_function


def share(reasons):
    return 1 - reasons[""] / max(1, sum(reasons.values()))


def test_generated_views_agree_on_memory_and_duckdb(world):
    reasons = compare(range(SAMPLE), world)
    assert share(reasons["ndjson"]) < 0.3
    assert share(reasons["lake"]) < 0.15


@pytest.mark.nightly
@pytest.mark.parametrize("part", range(10))
def test_many_generated_views_agree(part, tmp_path):
    each = NIGHT // 10
    reasons = compare(range(1000 + part * each, 1000 + (part + 1) * each), World(tmp_path, part))
    assert share(reasons["ndjson"]) < 0.3
    assert share(reasons["lake"]) < 0.15


@pytest.mark.parametrize("seed", [3, 17, 42, 51, 68, 77])
@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_files_have_the_same_bytes_from_each_engine(seed, form, world, tmp_path):
    kind = TYPES[seed % len(TYPES)]
    _, files, lake = world.made[kind]
    view = read_view(Views(seed, strange=0).view(kind))
    plainly = tmp_path / f"memory.{form}"
    try:
        wanted = write_from_memory(view, files, plainly).rows
    except TaiheError:
        pytest.skip("this view is an error over these resources")
    for name, source in (("ndjson", files), ("lake", lake)):
        out = tmp_path / f"{name}.{form}"
        assert write_view(view, source, out).rows == wanted
        assert out.read_bytes() == plainly.read_bytes(), name
