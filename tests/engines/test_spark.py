"""Views on Spark: the same rows as in memory, over the Parquet that DuckDB wrote."""

import json
import os

import pytest

from taihe.cli.main import main
from taihe.fhir.views import read_view, run
from taihe.kernel.conformance import Status
from taihe.lake.conformance import sql_on_fhir
from taihe.lake.resources import snapshot, write_resources
from taihe.lake.spark import missing, on_spark, rows_of, session
from tests.engines.test_lake_decimals import DIGITS, line
from tests.engines.test_views import GROUPS, PEOPLE, VIEWS, column_view, counted

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


@pytest.mark.shared
def test_every_sql_on_fhir_case_passes_on_spark(shared):
    cases = list(sql_on_fhir(shared / "conformance/sql-on-fhir", engine="spark"))
    assert len(cases) == 86
    assert [case for case in cases if case.status != Status.PASSED] == []
