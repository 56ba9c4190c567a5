"""The lake against plain Python on a county: equal indicators, and a lake that can be rebuilt."""

from __future__ import annotations

import csv
import gzip
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from taihe.base import public as base
from taihe.county.build import build
from taihe.insight import following, indicators, rules
from taihe.insight.indicators import Figure, Reading
from taihe.insight.sets import Lake
from taihe.lake.duck import connect
from taihe.record import public as record
from tests.oracle.insight_plain import Plain, Table
from tests.web.people import WANG, store_person

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "access"])
AS_OF = date(2026, 10, 31)


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("county")
    build(residents=240, seed=7, out=folder)
    return folder


@pytest.fixture
def filled(county: Path, tmp_path: Path, transactional_db) -> Lake:
    """The county, loaded through the doors, and a lake of its own."""
    from taihe.claims import models, rowstore

    models.ClaimItem.objects.all().delete()
    rowstore._names.clear()
    by = base.create_system_party("test")
    for row in json.loads((county / "manifest.json").read_text("utf-8"))["institutions"]:
        base.create_organisation(
            row["code"], row["name"], row["kind"], level=str(row["level"] or "")
        )
    result = record.load_paths([county / "fhir", county / "exchange"], by=by)
    assert result.is_complete, result.problems[:3]
    lake = Lake(tmp_path / "lake")
    while following.step(lake, 700):
        pass
    following.take_claims(lake)
    return lake


def table_of(figure: Figure) -> Table:
    return {
        (group.key, part.key.split("/", 1)[1]): (part.counts.numerator, part.counts.denominator)
        for group in figure.table.parts
        for part in group.parts
    }


def rows(lake: Lake) -> dict[str, list]:
    """What counts in each set now, without where it lies."""
    reading = Reading(lake)
    return {
        name: sorted(reading.duck.execute(f"SELECT * FROM {name}").fetchall(), key=str)
        for name in lake.every
    }


def test_every_indicator_equals_a_plain_count_and_the_lake_can_be_rebuilt(filled, county) -> None:
    reading, plain = Reading(filled), Plain(county, AS_OF).every()
    assert set(plain) == set(rules.indicators()) == set(indicators.QUERIES)
    for key, indicator in rules.indicators().items():
        figure = reading.figure(indicator, AS_OF)
        assert table_of(figure) == plain[key], key
        counts = figure.table.counts
        sums = [sum(column) for column in zip(*plain[key].values(), strict=True)]
        assert [counts.numerator, counts.denominator] == sums, key
        assert counts.denominator > 20, f"{key} says something about this county"

    before, position = rows(filled), filled.position()
    # Delivered again: the same rows count once.
    mark = filled.state("mark")
    filled.keep(feed=position - 900)
    while following.step(filled, 400):
        pass
    assert rows(filled) == before
    # Dropped and built again, in other pieces: equal.
    following.rebuild(filled)
    assert (rows(filled), filled.position(), filled.state("mark")) == (before, position, mark)
    assert not following.take_claims(filled), "nothing has changed"

    names = " ".join(
        str(row)
        for one in filled.every.values()
        if (one.folder / "manifest.json").exists()
        for row in one.snapshot().relation(connect()).fetchall()
    )
    with gzip.open(county / "truth" / "people.csv.gz", "rt", encoding="utf-8") as file:
        people = list(csv.DictReader(file))
    for person in people[:200]:
        for secret in ("name", "id_number", "phone", "address"):
            assert not person[secret] or person[secret] not in names, secret


def test_a_merge_counts_one_resident_and_an_unmerge_two_again(tmp_path, transactional_db) -> None:
    lake = Lake(tmp_path / "lake")
    clinic = {"generalPractitioner": [{"reference": "Organization/h1"}]}
    first = store_person([{**one, **clinic} if one["id"] == "wang" else one for one in WANG])
    other = {**WANG[1], "id": "other", "birthDate": "1955-03-09", **clinic}
    del other["identifier"]
    second = store_person([other])
    visits = rules.indicators()["insight-visits-per-resident"]

    def counted() -> tuple[int, int]:
        following.step(lake)
        counts = Reading(lake).figure(visits, date(2026, 11, 24)).table.counts
        return counts.denominator, counts.numerator

    at = datetime(2026, 11, 1, tzinfo=UTC)
    assert counted() == (2, 1)
    event = record.merge_persons(second, first, by=1, reason="test", at=at)
    assert counted() == (1, 1)
    record.unmerge_persons(event, by=1, reason="test", at=at)
    assert counted() == (2, 1)


def test_a_lake_of_another_record_begins_again(tmp_path, transactional_db) -> None:
    lake = Lake(tmp_path / "lake")
    store_person(WANG)
    following.catch_up(lake)
    assert not following.agree(lake)
    lake.keep(feed=lake.position() + 5)
    assert following.agree(lake), "the record was put back to an earlier day"
    following.catch_up(lake)
    lake.keep(mark="version:Patient:somebody-else:1:")
    assert following.agree(lake), "the same number means something else"
