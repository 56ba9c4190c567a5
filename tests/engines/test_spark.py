"""Views on Spark: the same rows as in memory, over the Parquet that DuckDB wrote."""

import json
import os
from collections import Counter

import pytest

from taihe.cli.main import main
from taihe.fhir.files import to_json
from taihe.fhir.views import read_view, run
from taihe.kernel.conformance import Status
from taihe.kernel.errors import TaiheError
from taihe.lake.conformance import sql_on_fhir
from taihe.lake.resources import snapshot, write_resources
from taihe.lake.spark import answered, missing, on_spark, rows_of, session, write_view
from taihe.lake.views import as_python, write_from_memory, write_lines
from tests.engines.test_lake_decimals import DIGITS, line
from tests.engines.test_views import GROUPS, PEOPLE, VIEWS, column_view, counted
from tests.engines.test_views_generated import World, plain, same, text
from tests.oracle.fhir_views import TYPES, Views
from tests.spec.fhir.test_views_checklist import OBSERVATIONS, PATHS, cases, column

pytestmark = [
    pytest.mark.spark,
    pytest.mark.nightly,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module", autouse=True)
def spark():
    lacks = missing()
    if lacks and not os.environ.get("TAIHE_NIGHTLY"):
        pytest.skip(f"Spark: {lacks}")
    assert not lacks, f"make nightly installs Spark: {lacks}"
    return session()


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lake")
    people, readings = folder / "Patient.ndjson", folder / "Observation.ndjson"
    people.write_text("".join(json.dumps(one) + "\n" for one in PEOPLE))
    readings.write_text("".join(line(n, digits, "x") for n, digits in enumerate(DIGITS)))
    write_resources([people], "Patient", folder)
    write_resources([readings], "Observation", folder)
    return folder


@pytest.mark.parametrize("view", VIEWS, ids=lambda v: json.dumps(v["select"])[:60])
def test_memory_and_spark_agree(view, lake):
    plain = list(run(read_view(view), PEOPLE))
    assert counted(rows_of(read_view(view), lake)) == counted(plain)


def test_no_resource_gives_no_row():
    assert on_spark(column_view("birthDate"), GROUPS) == []


def test_decimals_keep_their_digits_on_spark(lake, spark):
    table = spark.read.parquet(*snapshot(lake, "Observation").paths)
    rows = table.select("valueQuantity.value", "valueQuantity.value_exact").collect()
    assert [tuple(row) for row in rows] == [(float(digits), digits) for digits in DIGITS]


def test_the_command_writes_each_form(lake, tmp_path, capsys):
    view = tmp_path / "v.json"
    view.write_text(json.dumps(column_view("name.first().family")))
    for form in ("parquet", "csv", "ndjson"):
        out = tmp_path / f"out.{form}"
        command = ["views", "run", str(view), "--from", str(lake), "--out", str(out)]
        assert main([*command, "--engine", "spark", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["rows"] == len(PEOPLE)
        assert out.stat().st_size > 0
    (tmp_path / "Patient.ndjson").write_text(json.dumps(PEOPLE[0]))
    command = ["views", "run", str(view), "--from", str(tmp_path), "--out", str(out)]
    assert main([*command, "--engine", "spark"]) == 1
    assert "lake" in capsys.readouterr().err


def test_generated_views_agree(tmp_path):
    """Views made at random: memory and Spark give the same rows, or both an error."""
    world, by_function, asked, missed = World(tmp_path, 7), Counter(), 0, 0
    for seed in range(300):
        made, _, folder = world.made[TYPES[seed % len(TYPES)]]
        raw = Views(seed).view(TYPES[seed % len(TYPES)])
        view = read_view(raw)
        asked += 1
        try:
            found, reason = answered(view, folder, as_text)
            by_function[bool(reason)] += 1
        except TaiheError as error:
            found = f"error: {error}"
        wanted = plain(view, made)
        if isinstance(wanted, list) and isinstance(found, list):
            wanted, found = sorted(wanted), sorted(found)
        if isinstance(wanted, str) and isinstance(found, list):
            missed += 1  # an error in what leads to no row
            continue
        assert same(found, wanted), (seed, raw)
    assert missed <= 2
    assert by_function[True] < asked * 0.2


def as_text(frame, cells):
    return [text(as_python(row, cells)) for row in frame.collect()]


@pytest.mark.parametrize(("path", "row"), cases(PATHS), ids=[case[0] for case in cases(PATHS)])
def test_the_checklist_holds_on_spark(path, row, checklist):
    errors = [name for name, cell in row.items() if cell == "!"]
    kept = {"where": [{"path": f"id != '{name}'"} for name in errors]} if errors else {}
    view = read_view({**column(path), **kept, "select": [{"column": [
        {"name": "id", "path": "id"}, {"name": "v", "path": path}]}]})  # fmt: skip
    found = {one["id"]: to_json(one["v"]) for one in rows_of(view, checklist)}
    wanted = {name: {"-": "null"}.get(cell, cell) for name, cell in row.items()}
    assert {n: c for n, c in found.items() if wanted[n] != "?"} == {
        n: c for n, c in wanted.items() if c not in ("?", "!")
    }


@pytest.fixture(scope="module")
def checklist(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checklist")
    write_lines(OBSERVATIONS, folder / "Observation.ndjson")
    write_resources([folder / "Observation.ndjson"], "Observation", folder)
    return folder


@pytest.mark.parametrize("seed", [3, 17, 42, 51])
@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_files_have_the_same_bytes_from_spark(seed, form, tmp_path):
    kind = TYPES[seed % len(TYPES)]
    _, files, folder = World(tmp_path, 7).made[kind]
    view = read_view(Views(seed, strange=0).view(kind))
    wanted, out = tmp_path / f"memory.{form}", tmp_path / f"spark.{form}"
    assert write_from_memory(view, files, wanted).rows == write_view(view, folder, out)[0]
    assert sorted(out.read_bytes().splitlines()) == sorted(wanted.read_bytes().splitlines())


@pytest.mark.shared
def test_every_sql_on_fhir_case_passes_on_spark(shared):
    cases = list(sql_on_fhir(shared / "conformance/sql-on-fhir", engine="spark"))
    assert len(cases) == 86
    assert [case for case in cases if case.status != Status.PASSED] == []
