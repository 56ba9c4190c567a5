"""What a built county promises: the same bytes again, right numbers, nothing that leaks."""

from __future__ import annotations

import errno
import hashlib
import json
import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from taihe.county import build as builder
from taihe.county.build import END, build
from taihe.county.planting import KINDS
from taihe.kernel.errors import Busy, Conflict, Incorrect
from taihe.kernel.identifiers import CitizenNumber, Oid, is_institution_code
from tests.spec.county.conftest import Built


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# -- the same again -----------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(
    small: Built, tmp_path: Path
) -> None:
    build(residents=60, out=tmp_path / "again")
    build(residents=60, seed=7, out=tmp_path / "other")
    assert hashes(tmp_path / "again") == hashes(small.folder)
    assert hashes(tmp_path / "other") != hashes(small.folder)


def test_two_processes_write_what_one_writes(tmp_path: Path) -> None:
    build(residents=400, out=tmp_path / "one", processes=1)
    build(residents=400, out=tmp_path / "two", processes=2)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")


@pytest.mark.parametrize(
    ("part", "holds"),
    [
        ("fhir", "fhir"),
        ("exchange", "exchange"),
        ("truth", "truth"),
        ("people", "truth/people.csv.gz"),
    ],
)
def test_a_part_alone_equals_that_part_of_the_whole(
    small: Built, tmp_path: Path, part: str, holds: str
) -> None:
    build(residents=60, only=part, out=tmp_path / "part")
    whole, alone = hashes(small.folder), hashes(tmp_path / "part")
    del alone["manifest.json"]
    assert any(name.startswith(holds) for name in alone)
    assert alone.items() <= whole.items()


# -- people -------------------------------------------------------------------------------------


def residents_of(built: Built) -> list[dict]:
    """The residents' own Patients, without those that the hospital registered a second time."""
    return [row for row in built.resources("Patient") if row["id"].startswith("p")]


def test_some_residents_were_registered_twice_with_slips_and_links_say_who(default: Built) -> None:
    people = {row["id"]: row for row in default.table("truth/people")}
    second = [row for row in default.resources("Patient") if not row["id"].startswith("p")]
    assert 30 <= len(second) <= 80
    links = {row["id"]: row["person"] for row in default.table("truth/links")}
    residents = {row["id"]: row for row in residents_of(default)}
    differ = Counter()
    for row in second:
        first = residents[links[row["id"]]]
        assert row["name"][0]["text"] == people[row["id"]]["name"]
        assert not any(i["system"].endswith("psn-no") for i in row["identifier"])
        differ["name"] += row["name"][0]["text"] != first["name"][0]["text"]
        differ["number"] += len(row["identifier"]) == 1
    assert differ["name"] and differ["number"] > len(second) / 2


def test_every_citizen_number_is_valid_fits_its_holder_and_is_nobody_elses(default: Built) -> None:
    numbers = set()
    without = 0
    for patient in residents_of(default):
        values = [i["value"] for i in patient["identifier"] if i["system"] == Oid.CITIZEN.value]
        if not values:
            without += 1
            continue
        number = CitizenNumber.parse(values[0])
        assert number.birth_date.isoformat() == patient["birthDate"]
        assert (number.sex == "1") == (patient["gender"] == "male")
        numbers.add(number.value)
    assert len(numbers) + without == 2000
    assert without < 20


def test_the_insurance_number_says_nothing_of_the_citizen_number(default: Built) -> None:
    for row in default.table("exchange/person"):
        assert row["brdy"].replace("-", "") not in row["psn_no"]
    assert len({row["psn_no"] for row in default.table("exchange/person")}) == 2000


def test_citizen_numbers_and_phones_stand_in_patient_and_people_only(default: Built) -> None:
    secrets = set()
    for patient in default.resources("Patient"):
        secrets.update(
            i["value"] for i in patient["identifier"] if i["system"] == Oid.CITIZEN.value
        )
        secrets.update(t["value"] for t in patient.get("telecom", ()))
    looks_like = re.compile(r"\d{17}[\dX]|1[3-9]\d{9}")
    texts = [json.dumps(default.resources(kind)) for kind in default.types() if kind != "Patient"]
    for name in (
        "exchange/person",
        "exchange/mdtrt",
        "exchange/fee",
        "truth/findings",
        "truth/near_misses",
        "truth/links",
        "relations",
    ):
        texts.append(json.dumps(default.table(name)))
    texts.append((default.folder / "manifest.json").read_text())
    for text in texts:
        assert not secrets & set(looks_like.findall(text))


def test_people_of_several_sources_lead_to_one_person_by_the_links(default: Built) -> None:
    people = default.table("truth/people")
    links = {row["id"]: row["person"] for row in default.table("truth/links")}
    patients = {patient["id"] for patient in default.resources("Patient")}
    assert len(links) == len(people) > 2500
    assert set(links) == {row["id"] for row in people}
    assert set(links.values()) == {patient["id"] for patient in residents_of(default)}
    assert patients <= set(links)
    assert {row["source"] for row in people} == {"platform", "insurance", "hospital", "phis"}


def test_names_have_dots_and_rare_characters_somewhere(default: Built) -> None:
    names = [patient["name"][0]["text"] for patient in default.resources("Patient")]
    assert any("·" in name for name in names)
    assert sum(name.startswith(("王", "李", "张")) for name in names) > 250
    assert all(patient["name"][0]["family"] for patient in default.resources("Patient"))


# -- FHIR ---------------------------------------------------------------------------------------


def test_every_resource_validates(small: Built) -> None:
    from taihe.fhir.validate import check

    problems = [
        (resource["resourceType"], resource["id"], issue)
        for kind in small.types()
        for resource in small.resources(kind)
        for issue in check(resource)
        if issue.severity in ("error", "fatal")
    ]
    assert problems == []


def references(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [value["reference"]] if isinstance(value.get("reference"), str) else []
        return own + [found for part in value.values() for found in references(part)]
    if isinstance(value, list):
        return [found for part in value for found in references(part)]
    return []


def test_every_reference_resolves_and_every_id_is_given_once(default: Built) -> None:
    ids, wanted = [], set()
    for kind in default.types():
        for resource in default.resources(kind):
            ids.append(f"{kind}/{resource['id']}")
            wanted.update(references(resource))
    assert len(ids) == len(set(ids)) == default.manifest.counts["resources"]
    assert wanted <= set(ids)


def test_nothing_happens_before_birth_or_after_the_last_day(default: Built) -> None:
    born = {row["psn_no"]: row["brdy"] for row in default.table("exchange/person")}
    for row in default.table("exchange/mdtrt"):
        assert born[row["psn_no"]] <= row["begndate"] <= row["enddate"] <= END.isoformat()
    for row in default.table("exchange/fee"):
        assert born[row["psn_no"]] <= row["fee_ocur_date"] <= END.isoformat()
    for observation in default.resources("Observation"):
        assert observation["effectiveDateTime"][:10] <= END.isoformat()


def test_the_density_is_about_thirty_resources_and_sixty_lines(default: Built) -> None:
    assert 26 <= default.manifest.counts["resources"] / 2000 <= 34
    assert 50 <= default.manifest.counts["lines"] / 2000 <= 70


# -- claims -------------------------------------------------------------------------------------


def test_every_class_is_planted_and_has_near_misses(default: Built, small: Built) -> None:
    for county in (default, small):
        assert min(county.manifest.planted[kind] for kind in KINDS) >= 3
        assert min(county.manifest.near_misses[kind] for kind in KINDS) >= 3


def test_no_near_miss_is_in_the_truth(default: Built) -> None:
    found = default.table("truth/findings")
    by_kind: dict[str, list[dict[str, str]]] = {}
    for row in found:
        by_kind.setdefault(row["kind"], []).append(row)
    for miss in default.table("truth/near_misses"):
        for row in by_kind[miss["kind"]]:
            lines = set(row["violating_lines"].split("|")) - {""}
            assert not lines & set(miss["lines"].split("|"))
            if miss["kind"] == "READMIT_15D":
                assert row["mdtrt_id"] != miss["mdtrt_id"]


def test_natural_findings_are_few_and_marked(default: Built) -> None:
    rows = default.table("truth/findings")
    natural = [row for row in rows if row["origin"] == "natural"]
    assert {row["origin"] for row in rows} == {"planted", "natural"}
    assert 5 < len(natural) < len(default.table("exchange/mdtrt")) / 100


def test_amounts_are_price_times_count_and_codes_have_their_form(default: Built) -> None:
    visits = {row["mdtrt_id"]: row for row in default.table("exchange/mdtrt")}
    assert all(is_institution_code(row["fixmedins_code"]) for row in visits.values())
    for row in default.table("exchange/fee"):
        assert visits[row["mdtrt_id"]]["psn_no"] == row["psn_no"]
        fen = round(float(row["pric"]) * 100) * int(row["cnt"])
        assert round(float(row["det_item_fee_sumamt"]) * 100) == fen
        assert len(row["hilist_code"]) in (10, 15, 20, 23)


def test_relations_name_known_people_and_places(default: Built) -> None:
    people = {row["psn_no"] for row in default.table("exchange/person")}
    places = {place["code"] for place in default.manifest.institutions}
    kinds = set()
    for row in default.table("relations"):
        assert row["psn_no"] in people
        assert row["organisation"] in places
        assert not row["end"] or row["start"] < row["end"]
        kinds.add(row["kind"])
    assert kinds == {"treats", "family_doctor"}


# -- the demo -----------------------------------------------------------------------------------


def test_the_demo_people_have_their_stories(default: Built) -> None:
    demo = default.manifest.demo
    elder = demo["elder"]
    readings = [
        row
        for row in default.resources("Observation")
        if row["subject"]["reference"] == f"Patient/{elder['patient']}" and "note" in row
    ]
    assert len(readings) >= 60
    kinds = {
        row["kind"]
        for row in default.table("truth/findings")
        if row["psn_no"] == elder["psn_no"] and row["origin"] == "planted"
    }
    assert kinds == {"REPEAT_PAIR_DAY"}
    expecting = demo["expecting"]["patient"]
    visits = [
        row
        for row in default.resources("Encounter")
        if row["subject"]["reference"] == f"Patient/{expecting}"
        and row["reasonCode"][0]["coding"][0]["code"] == "Z34.900"
    ]
    assert len(visits) >= 4
    child = demo["child"]["patient"]
    patients = {row["id"]: row for row in default.resources("Patient")}
    assert END.year - date.fromisoformat(patients[child]["birthDate"]).year in (5, 6)


# -- bad input ----------------------------------------------------------------------------------


def test_a_folder_that_is_not_empty_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me")
    with pytest.raises(Conflict, match="not empty"):
        build(residents=60, out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Incorrect, match="is a file"):
        build(residents=60, out=tmp_path / "file")


@pytest.mark.parametrize(
    ("number", "kind"),
    [(errno.ENOSPC, Busy), (errno.EACCES, Incorrect), (errno.EROFS, Incorrect)],
)
def test_a_disk_that_refuses_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception]
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(builder._Files, "take", refuse)
    with pytest.raises(kind):
        build(residents=60, out=tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"residents": 5},
        {"years": 0},
        {"density": "thick"},
        {"only": "everything"},
    ],
)
def test_wrong_wishes_are_refused(tmp_path: Path, wrong: dict) -> None:
    with pytest.raises(Incorrect):
        build(**({"residents": 60} | wrong), out=tmp_path / "county")
    assert not (tmp_path / "county").exists()


def test_the_full_density_holds_more(small: Built, tmp_path: Path) -> None:
    full = build(residents=60, density="full", out=tmp_path / "full")
    assert full.counts["resources"] > small.manifest.counts["resources"] * 1.2
