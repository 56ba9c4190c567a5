"""A big set of the lake has a part for each year; a view reads those it may need."""

import json

import pytest

from taihe.fhir.views import read_view
from taihe.lake.duck import connect
from taihe.lake.resources import available, snapshot, write_resources
from taihe.lake.times import needed
from taihe.lake.views import rows_of

DATES = [
    "2019-12-31T23:30:00-05:00",
    "2020-01-01T00:30:00+09:00",
    "2021",
    "2022-03",
    "2024-05-06",
    None,
]


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    folder = tmp_path_factory.mktemp("years")
    file = folder / "Observation.ndjson"
    with file.open("w") as out:
        for number, date in enumerate(DATES):
            made = {"resourceType": "Observation", "id": str(number)}
            if date:
                made["effectiveDateTime"] = date
            out.write(json.dumps(made) + "\n")
    written = write_resources([file], "Observation", folder / "lake", by_year=True)
    assert written.rows == len(DATES)
    return folder / "lake"


def view(*where):
    return read_view({"resource": "Observation", "where": [{"path": path} for path in where],
                      "select": [{"column": [{"name": "id", "path": "id"}]}]})  # fmt: skip


def test_each_year_is_a_part_and_the_manifest_says_which(lake):
    parts = snapshot(lake, "Observation").parts
    assert [(part.key, part.rows) for part in parts] == [
        ("2019", 1), ("2020", 1), ("2021", 1), ("2022", 1), ("2024", 1), ("none", 1)]  # fmt: skip


CASES = [
    ((), ["2019", "2020", "2021", "2022", "2024", "none"], "012345"),
    (("effective.ofType(dateTime) >= @2023",), ["2022", "2024"], "4"),
    (("effective.ofType(dateTime) < @2020-01-01T01:00:00Z",), ["2019", "2020", "2021"], "1"),
    (("@2020-01-01T00:00:00Z <= effective.ofType(dateTime)",), ["2019", "2020", "2021", "2022", "2024"],
     "0234"),
    (("effective.ofType(dateTime) > @2020 and id.exists()", "effective.ofType(dateTime) < @2022"),
     ["2019", "2020", "2021", "2022"], "2"),
    (("effective.ofType(dateTime) > @2023 or id = '5'",), ["2019", "2020", "2021", "2022", "2024", "none"],
     "45"),
    (("effective.ofType(dateTime).empty()",), ["2019", "2020", "2021", "2022", "2024", "none"], "5"),
    (("id > '3'",), ["2019", "2020", "2021", "2022", "2024", "none"], "45"),
]  # fmt: skip


@pytest.mark.parametrize(("where", "years", "ids"), CASES)
def test_a_view_reads_the_years_it_may_need(lake, where, years, ids):
    found = snapshot(lake, "Observation")
    kept = needed(view(*where), found.parts, available(connect(), found))
    assert [part.key for part in kept] == years
    assert sorted(row["id"] for row in rows_of(view(*where), lake)) == list(ids)


def test_a_small_set_is_one_part(tmp_path):
    file = tmp_path / "Observation.ndjson"
    file.write_text('{"resourceType":"Observation","id":"1","effectiveDateTime":"2020"}\n')
    parts = write_resources([file], "Observation", tmp_path).parts
    assert [part.key for part in parts] == [None]
