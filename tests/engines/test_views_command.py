"""`taihe views run` from the side of who runs it: forms, sources, and whatever may be wrong."""

import gzip
import json
from pathlib import Path

import pytest

from taihe.cli.main import main
from taihe.lake.duck import connect

VIEW = {
    "resource": "Patient",
    "name": "people",
    "select": [{"column": [
        {"name": "id", "path": "id"},
        {"name": "family", "path": "name.first().family"},
        {"name": "given", "path": "name.first().given", "collection": True},
        {"name": "active", "path": "active"},
        {"name": "weight", "path": "extension('w').value.ofType(decimal).first()"},
        {"name": "born", "path": "birthDate", "tag": [{"name": "ansi/type", "value": "DATE"}]},
    ]}],
}  # fmt: skip
PEOPLE = [
    '{"resourceType":"Patient","id":"1","active":true,"birthDate":"1980-05-02","name":[{"family":"O\\"N, eil","given":["A","太"]}],"extension":[{"url":"w","valueDecimal":1.50}]}',
    '{"resourceType":"Patient","id":"2","name":[{"family":""}]}',
]  # fmt: skip
CSV = (
    "id,family,given,active,weight,born\n"
    '1,"O""N, eil","[""A"",""太""]",true,1.50,1980-05-02\n'
    '2,"",[],,,\n'
)
NDJSON = (
    '{"id":"1","family":"O\\"N, eil","given":["A","太"],"active":true,"weight":1.50,"born":"1980-05-02"}\n'
    '{"id":"2","family":"","given":[],"active":null,"weight":null,"born":null}\n'
)


@pytest.fixture
def place(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "Patient.ndjson").write_text("\n".join(PEOPLE) + "\n", encoding="utf-8")
    (tmp_path / "view.json").write_text(json.dumps(VIEW))
    return tmp_path


def views(place, out, *more, source="in", view="view.json"):
    return main(["views", "run", str(place / view), "--from", str(place / source),
                 "--out", str(place / out), *more])  # fmt: skip


@pytest.mark.parametrize("engine", ["auto", "duckdb", "memory"])
@pytest.mark.parametrize(("form", "text"), [("csv", CSV), ("ndjson", NDJSON)])
def test_text_forms_have_the_same_bytes_from_every_engine(place, engine, form, text):
    assert views(place, f"out.{form}", "--engine", engine) == 0
    assert (place / f"out.{form}").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(("form", "text"), [("csv", CSV), ("ndjson", NDJSON)])
def test_a_lake_gives_the_same_bytes_too(place, form, text):
    assert (
        main(["views", "columns", "--from", str(place / "in"), "--out", str(place / "lake")]) == 0
    )
    assert views(place, f"out.{form}", source="lake") == 0
    assert (place / f"out.{form}").read_text(encoding="utf-8") == text


def test_parquet_is_typed_and_a_tag_asks_for_another_type(place):
    assert views(place, "out.parquet") == 0
    table = connect().read_parquet(str(place / "out.parquet"))
    assert dict(zip(table.columns, map(str, table.types), strict=True)) == {
        "id": "VARCHAR", "family": "VARCHAR", "given": "VARCHAR[]", "active": "BOOLEAN",
        "weight": "DOUBLE", "born": "DATE"}  # fmt: skip
    exact = json.loads(json.dumps(VIEW))
    exact["select"][0]["column"][4]["tag"] = [{"name": "ansi/type", "value": "DECIMAL(10,2)"}]
    (place / "exact.json").write_text(json.dumps(exact))
    assert views(place, "exact.parquet", view="exact.json") == 0
    table = connect().read_parquet(str(place / "exact.parquet"))
    assert str(table.types[4]) == "DECIMAL(10,2)"
    assert str(table.fetchall()[0][4]) == "1.50"


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet"])
def test_a_broken_line_is_reported_and_the_others_give_their_rows(place, form, capsys):
    lines = [PEOPLE[0], '{"resourceType":"Patient","id":', "[1]", PEOPLE[1]]
    (place / "in" / "Patient.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert views(place, f"out.{form}", "--json") == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["rows"], said["broken_lines"]) == (2, 2)
    assert [(one["file"], one["line"]) for one in said["problems"]] == [
        ("Patient.ndjson", 2), ("Patient.ndjson", 3)]  # fmt: skip
    if form == "csv":
        assert (place / "out.csv").read_text(encoding="utf-8") == CSV


def test_gzip_and_one_file_are_read(place):
    packed = place / "one.ndjson.gz"
    with gzip.open(packed, "wt", encoding="utf-8") as file:
        file.write("\n".join(PEOPLE))
    assert views(place, "out.csv", source="one.ndjson.gz") == 0
    assert (place / "out.csv").read_text(encoding="utf-8") == CSV


def test_a_damaged_gzip_is_a_problem(place, capsys):
    packed = place / "in" / "Patient.2.ndjson.gz"
    packed.write_bytes(gzip.compress(("\n".join(PEOPLE * 500)).encode())[:-400])
    assert views(place, "out.csv", "--json") == 1
    assert json.loads(capsys.readouterr().out)["problems"][-1]["file"] == "Patient.2.ndjson.gz"


def test_files_of_a_bulk_export_are_found_by_their_names(place):
    (place / "in" / "Patient.ndjson").rename(place / "in" / "2.Patient.ndjson")
    (place / "in" / "1.Observation.ndjson").write_text('{"resourceType":"Observation","id":"o"}\n')
    (place / "in" / "rest.ndjson").write_text('{"resourceType":"Patient","id":"3"}\n')
    assert views(place, "out.ndjson") == 0
    found = [json.loads(line)["id"] for line in (place / "out.ndjson").read_text().splitlines()]
    assert found == ["1", "2", "3"]


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet"])
def test_a_folder_without_the_type_gives_the_columns_and_no_row(place, form):
    (place / "in" / "Patient.ndjson").unlink()
    (place / "in" / "Observation.ndjson").write_text('{"resourceType":"Observation","id":"o"}\n')
    assert views(place, f"out.{form}") == 0
    if form == "csv":
        assert (place / "out.csv").read_text() == "id,family,given,active,weight,born\n"
    assert (
        main(["views", "columns", "--from", str(place / "in"), "--out", str(place / "lake")]) == 0
    )
    assert views(place, f"lake.{form}", source="lake") == 0
    if form == "parquet":
        table = connect().read_parquet(str(place / "lake.parquet"))
        assert (table.columns[0], table.fetchall()) == ("id", [])


WRONG = [
    ("view.json", "in", "out.txt", "no known form"),
    ("view.json", "nowhere", "out.csv", "neither a folder nor a file"),
    ("view.json", "empty", "out.csv", "no NDJSON"),
    ("view.json", "in", "no/such/out.csv", "folder of out.csv"),
    ("view.json", "in", "empty", "no known form"),
    ("none.json", "in", "out.csv", "cannot be read"),
    ("broken.json", "in", "out.csv", "no JSON at line 2"),
    ("list.json", "in", "out.csv", "no JSON object"),
    ("several.json", "in", "out.csv", "several"),
]


@pytest.mark.parametrize(("view", "source", "out", "words"), WRONG)
@pytest.mark.parametrize("engine", ["auto", "memory"])
def test_what_is_wrong_is_said_and_no_half_file_stays(
    place, view, source, out, words, engine, capsys
):
    (place / "empty").mkdir()
    (place / "broken.json").write_text('{\n"resource": ]}')
    (place / "list.json").write_text("[]")
    several = {"resource": "Patient", "select": [{"column": [{"name": "g", "path": "name.given"}]}]}
    (place / "several.json").write_text(json.dumps(several))
    (place / "out.csv").write_text("what was there\n")
    assert views(place, out, "--engine", engine, source=source, view=view) == 1
    said = capsys.readouterr().err
    assert words in said or (words == "several" and "2 values" in said)
    assert (place / "out.csv").read_text() == "what was there\n"
    assert not list(place.glob(".*.part"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_said(place, monkeypatch, capsys):
    from taihe.lake import tables

    real = tables.os.fsync

    def full(descriptor):
        real(descriptor)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tables.os, "fsync", full)
    assert views(place, "out.csv") == 1
    assert "No space left" in capsys.readouterr().err
    assert not (place / "out.csv").exists()


def test_values_of_a_person_are_in_no_error(place, capsys):
    (place / "in" / "Patient.ndjson").write_text(
        '{"resourceType":"Patient","id":"1","active":"geheim","name":[{"given":["geheim","x"]}]}\n'
    )
    several = {"resource": "Patient", "select": [{"column": [
        {"name": "g", "path": "name.given.upper()"}, {"name": "a", "path": "active"}]}]}  # fmt: skip
    (place / "view.json").write_text(json.dumps(several))
    assert views(place, "out.csv") == 1
    assert "geheim" not in capsys.readouterr().err


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet"])
def test_a_query_that_stops_in_its_midst_leaves_no_file(place, form, capsys):
    with (place / "in" / "Patient.ndjson").open("w") as file:
        for number in range(150_000):
            given = '"A","B"' if number == 140_000 else '"A"'
            file.write(
                f'{{"resourceType":"Patient","id":"{number}","name":[{{"given":[{given}]}}]}}\n'
            )
    several = {"resource": "Patient", "select": [{"column": [{"name": "g", "path": "name.given"}]}]}
    (place / "view.json").write_text(json.dumps(several))
    assert views(place, f"out.{form}") == 1
    assert "several" in capsys.readouterr().err
    assert not list(place.glob("*out*"))
