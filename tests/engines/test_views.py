"""One question on each engine: views in memory and on DuckDB give the same rows."""

import gzip
import json
from collections import Counter

import pytest

from taihe.cli.main import main
from taihe.fhir.views import duckdb_sql, read_view, run
from taihe.kernel.conformance import Status
from taihe.lake.conformance import sql_on_fhir
from taihe.lake.resources import snapshot, write_resources
from taihe.lake.views import on_duckdb, rows_of

PEOPLE = [
    {
        "resourceType": "Patient",
        "id": f"p{n}",
        "active": n % 2 == 0,
        "birthDate": ["1980", "1980-05", "1980-05-02", "2001-01-01"][n % 4],
        "name": [
            {"use": "official", "family": f"F{n}", "given": ["A", "B"][: n % 3]},
            {"use": "usual", "given": [f"G{n}"]},
        ][: n % 4],
        "multipleBirthInteger": n,
        "extension": [{"url": "u", "valueCode": f"c{n}"}][: n % 2],
        "managingOrganization": {"reference": f"Organization/o{n}"},
    }
    for n in range(12)
]
GROUPS = [{"resourceType": "Group", "id": "g"}]

COLUMNS = [
    "id",
    "active",
    "name.first().family",
    "name.where(use = 'official').given.first()",
    "name.given.count()",
    "name.exists(use = 'usual')",
    "birthDate",
    "birthDate < @1990",
    "birthDate = @1980-05",
    "multipleBirth.ofType(integer) + 1",
    "multipleBirth.ofType(integer) mod 5",
    "multipleBirth.ofType(integer) / 4",
    "extension('u').value.ofType(code).first()",
    "managingOrganization.getReferenceKey(Organization)",
    "name.given.join('/')",
    "iif(active, 'yes', 'no')",
    "name[1].use",
    "name.last().given.first()",
    "active and name.exists()",
    "active.not() or birthDate.exists()",
    "id.startsWith('p1')",
    "id in ('p1' | 'p2')",
    "name.all(use = 'official')",
    "'n' & name.first().family",
]


def column_view(path):
    return {"resource": "Patient", "select": [{"column": [
        {"name": "id", "path": "id"}, {"name": "v", "path": path}]}]}  # fmt: skip


VIEWS = [column_view(path) for path in COLUMNS] + [
    {
        "resource": "Patient",
        "where": [{"path": "active = true"}],
        "select": [
            {"column": [{"name": "id", "path": "id"}]},
            {"forEach": "name", "column": [{"name": "use", "path": "use"}, {"name": "at", "path": "%rowIndex"}]},
        ],
    },
    {
        "resource": "Patient",
        "select": [
            {"column": [{"name": "id", "path": "id"}]},
            {
                "forEachOrNull": "name",
                "column": [{"name": "use", "path": "use"}],
                "select": [{"forEachOrNull": "given", "column": [{"name": "g", "path": "$this"}]}],
            },
        ],
    },
    {
        "resource": "Patient",
        "select": [
            {
                "unionAll": [
                    {"column": [{"name": "a", "path": "id"}, {"name": "b", "path": "active"}]},
                    {"forEach": "name", "column": [{"name": "a", "path": "family"}, {"name": "b", "path": "given.exists()"}]},
                ]
            },
            {"column": [{"name": "all", "path": "name.given", "collection": True}]},
        ],
    },
]  # fmt: skip


def counted(rows):
    return Counter(json.dumps(row, sort_keys=True, default=float) for row in map(loose, rows))


def loose(row):
    return {
        key: int(value) if isinstance(value, float) and value == int(value) else value
        for key, value in (
            (k, float(v) if k == "v" and is_number(v) else v) for k, v in row.items()
        )
    }


def is_number(value):
    return not isinstance(value, bool | str | list) and value is not None


@pytest.mark.parametrize("view", VIEWS, ids=lambda v: json.dumps(v["select"])[:60])
def test_memory_and_duckdb_agree(view):
    plain = list(run(read_view(view), PEOPLE + GROUPS))
    assert counted(on_duckdb(view, PEOPLE + GROUPS)) == counted(plain)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lake")
    file = folder / "Patient.ndjson"
    file.write_text("".join(json.dumps(one) + "\n" for one in PEOPLE))
    assert write_resources([file], "Patient", folder).rows == len(PEOPLE)
    return folder


@pytest.mark.parametrize("view", VIEWS, ids=lambda v: json.dumps(v["select"])[:60])
def test_memory_and_the_lake_agree(view, lake):
    plain = list(run(read_view(view), PEOPLE))
    assert counted(rows_of(read_view(view), lake)) == counted(plain)


@pytest.mark.parametrize(
    "path",
    ["gender", "contact.name.family", "contact.exists()", "address.first().city", "photo.count()",
     "deceased.ofType(boolean)", "telecom.where(system = 'phone').value.first()",
     "generalPractitioner.getReferenceKey()", "name.period.start.first() < @2020",
     "maritalStatus.coding.code.join(',')", "birthDate.extension('u').value.ofType(code)",
     "gender = 'male' or active", "(gender = 'male').not()", "iif(gender = 'x', 'a', 'b')"],
)  # fmt: skip
def test_what_no_resource_has_is_empty_in_the_lake_too(path, lake):
    view = column_view(path)
    plain = list(run(read_view(view), PEOPLE))
    assert counted(rows_of(read_view(view), lake)) == counted(plain)
    assert counted(on_duckdb(view, PEOPLE)) == counted(plain)


def test_the_lake_is_typed_by_the_element_table(lake):
    columns = dict(snapshot(lake, "Patient").columns)
    assert columns["active"] == "BOOLEAN"
    assert columns["multipleBirthInteger"] == "BIGINT"
    assert columns["name"] == 'STRUCT("use" VARCHAR, "family" VARCHAR, "given" VARCHAR[])[]'
    assert columns["extension"] == 'STRUCT("url" VARCHAR, "valueCode" VARCHAR)[]'


def test_only_what_a_view_reads_is_read():
    statement = duckdb_sql(read_view(column_view("name.first().family")))
    assert statement.columns == {
        "resourceType": "VARCHAR",
        "id": "VARCHAR",
        "name": 'STRUCT("family" VARCHAR)[]',
    }


def test_the_command_writes_each_form(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    lines = "".join(json.dumps(person) + "\n" for person in PEOPLE)
    with gzip.open(tmp_path / "in/Patient.ndjson.gz", "wt") as file:
        file.write(lines)
    view = tmp_path / "v.json"
    view.write_text(json.dumps(column_view("name.first().family")))
    for engine in ("duckdb", "memory"):
        for form in ("csv", "ndjson") + (("parquet",) if engine == "duckdb" else ()):
            out = tmp_path / f"{engine}.{form}"
            arguments = [
                "views",
                "run",
                str(view),
                "--from",
                str(tmp_path / "in"),
                "--out",
                str(out),
            ]
            assert main([*arguments, "--engine", engine, "--json"]) == 0
            assert json.loads(capsys.readouterr().out)["rows"] == len(PEOPLE)
            assert out.stat().st_size > 0
    assert (tmp_path / "duckdb.csv").read_text() == (tmp_path / "memory.csv").read_text()
    (tmp_path / "nothing").mkdir()
    nothing, out = str(tmp_path / "nothing"), str(tmp_path / "x.csv")
    assert main(["views", "run", str(view), "--from", nothing, "--out", out]) == 1


@pytest.mark.shared
def test_every_sql_on_fhir_case_passes_on_duckdb(shared):
    cases = list(sql_on_fhir(shared / "conformance/sql-on-fhir", engine="duckdb"))
    assert len(cases) == 86
    assert [case for case in cases if case.status != Status.PASSED] == []
