"""
Snapshots worked out from differentials mean what the published snapshots of R4 mean.

Fourteen published profiles always; every constraint profile of the package in `make nightly`.
"""

import gzip
import random
from pathlib import Path

import orjson
import pytest

from taihe.fhir import definitions
from taihe.fhir.profiles import Profiles
from taihe.fhir.profiles.definition import CORE, canonical, ids, listed, type_code
from taihe.fhir.profiles.snapshot import is_value
from tests.oracle.fhir_resources import Maker
from tests.oracle.fhir_spoil import spoil
from tests.oracle.r4_package import package

SAMPLE = Path(__file__).with_name("fhir_r4_profiles.json.gz")
KNOWN = {rule.key for rule in definitions.invariants()}


def facts(element, *, binding):
    """What an element definition means, without its prose."""
    types = listed(element, "type")
    bound = element.get("binding") or {}
    slicing = element.get("slicing") or {}
    return {
        "min": element.get("min"),
        "max": element.get("max"),
        "types": {type_code(one) for one in types},
        "profiles": {(type_code(one), p) for one in types for p in one.get("profile", ())},
        "targets": {p for one in types for p in one.get("targetProfile", ())} - {CORE + "Resource"},
        "value": [(key, value) for key, value in element.items() if is_value(key)],
        "limits": {k: v for k, v in element.items() if k.startswith(("maxLength", "minValue", "maxValue"))},
        "binding": (bound.get("strength"), canonical(bound.get("valueSet")))
        if bound and (binding or bound.get("strength") == "required") else None,
        "marks": [(d["type"], d["path"]) for d in slicing.get("discriminator", ())],
        "rules": (slicing.get("rules", "open"), bool(slicing.get("ordered"))),
        "constraints": {
            rule["key"] for rule in element.get("constraint", ())
            if rule["key"] not in KNOWN
            and rule.get("source", "").removeprefix(CORE) not in definitions.types()
        },
    }  # fmt: skip


def find(snapshots, tree, path):
    """An element of our tree by its id; of a choice down to one type also by its one slice."""
    node = tree
    for step in path.split(".")[1:]:
        if node.name.endswith("[x]") and len(node.slices) == 1 and len(node.says["type"]) == 1:
            (node,) = node.slices.values()
        name, _, slice_name = step.partition(":")
        snapshots.fill(node, "oracle")
        node = node.children[name]
        if slice_name and node.label != slice_name:
            node = node.slices[slice_name]
    return node


def differences(published):
    """What differs between published snapshots and those of the bare differentials."""
    bare = [{k: v for k, v in one.items() if k != "snapshot"} for one in published]
    snapshots = Profiles((one, False) for one in bare).snapshots
    said, compared = [], 0
    for one in published:
        elements = listed(one.get("snapshot"), "element")
        own = listed(one["differential"], "element")
        changed = {path for path, e in zip(ids(own), own, strict=True) if "binding" in e}
        for element, path in zip(elements[1:], ids(elements)[1:], strict=True):
            node = find(snapshots, snapshots.tree(one["url"]), path)
            theirs, ours = (facts(e, binding=path in changed) for e in (element, node.says))
            if not node.slices:  # published extensions are always "sliced by url", open
                theirs["marks"] = ours["marks"] = []
            if theirs["types"] == {"string"} and ours["types"] <= {"id", "uri"}:
                theirs["types"] = ours["types"]  # System.String, see `type_code`
            if len(node.slices) == 1 == len(ours["types"]) and not theirs["marks"]:
                ours["marks"], ours["rules"] = [], theirs["rules"]  # one type, so one slice
            compared += 1
            said += [(one["id"], path, k, theirs[k], ours[k]) for k in ours if ours[k] != theirs[k]]
    return said, compared


def sample():
    return orjson.loads(gzip.decompress(SAMPLE.read_bytes()))


def test_published_snapshots_follow_from_their_differentials():
    said, compared = differences(sample())
    assert said == []
    assert compared > 700


@pytest.mark.nightly
def test_every_snapshot_of_the_package_follows_from_its_differential():
    profiles = [s for s in package()["StructureDefinition"] if s.get("derivation") == "constraint"]
    assert len(profiles) == 441
    said, compared = differences(profiles)
    assert said == []
    assert compared > 4700


def disagreements(published, rounds):
    """Where published snapshots and bare differentials say something else of resources."""
    bare = [{k: v for k, v in one.items() if k != "snapshot"} for one in published]
    theirs, ours = (Profiles((one, True) for one in given) for given in (published, bare))
    kinds = sorted({one["type"] for one in published if one["kind"] == "resource"})
    found, said = [], 0
    for seed in range(rounds):
        by = random.Random(seed)
        resource = Maker(seed, full=by.choice((0.4, 0.7, 0.95))).resource(by.choice(kinds))
        for _ in range(by.randint(0, 2)):
            spoil(resource, by)
        answers = [
            {(issue.location, issue.problem) for issue in given.check(resource) if issue.is_error}
            for given in (theirs, ours)
        ]
        said += len(answers[0])
        found += [(seed, *one) for one in sorted(answers[0] ^ answers[1])]
    return found, said


def test_published_snapshots_and_differentials_say_the_same_of_resources():
    found, said = disagreements(sample(), 60)
    assert found == []
    assert said > 500


@pytest.mark.nightly
def test_all_published_snapshots_and_differentials_say_the_same_of_resources():
    """But for Provenance.entity.agent, which one publication likens to a slice of agent."""
    profiles = [
        one for one in package()["StructureDefinition"]
        if one.get("derivation") == "constraint" and "snapshot" in one
        and one["id"] != "provenance-relevant-history"
    ]  # fmt: skip
    found, said = disagreements(profiles, 5000)
    assert found == []
    assert said > 20_000


def test_a_blood_pressure_is_checked_by_the_published_profile():
    bare = [{k: v for k, v in one.items() if k != "snapshot"} for one in sample()]
    loinc, units = "http://loinc.org", "http://unitsofmeasure.org"

    def part(code, value):
        quantity = {"value": value, "unit": "mmHg", "system": units, "code": "mm[Hg]"}
        return {"code": {"coding": [{"system": loinc, "code": code}]}, "valueQuantity": quantity}

    category = "http://terminology.hl7.org/CodeSystem/observation-category"
    reading = {
        "resourceType": "Observation", "status": "final", "meta": {"profile": [CORE + "bp"]},
        "category": [{"coding": [{"system": category, "code": "vital-signs"}]}],
        "code": {"coding": [{"system": loinc, "code": "85354-9"}]},
        "subject": {"reference": "Patient/1"}, "effectiveDateTime": "2024-01-01",
        "component": [part("8480-6", 130), part("8462-4", 85)],
    }  # fmt: skip
    for given in (sample(), bare):
        profiles = Profiles((one, False) for one in given)
        assert profiles.check(reading) == []
        broken = orjson.loads(orjson.dumps(reading))
        broken["component"][1]["valueQuantity"]["code"] = "kPa"
        broken["code"]["coding"][0]["code"] = "55284-4"
        assert [(i.location, i.problem) for i in profiles.check(broken)] == [
            ("Observation.code.coding", "The slice BPCode of coding must be given."),
            (
                "Observation.component[1].value",
                "value has no code of its value set ucum-vitals-common.",
            ),
            ("Observation.component[1].value.code", "code is not the fixed value."),
        ]
        early = {**reading, "effectiveDateTime": "2024"}
        assert [issue.do[:21] for issue in profiles.check(early)] == ["This is rule vs-1. Th"]
