"""What a profile asks beyond R4: one hit and its near misses a line, with the place."""

import copy
import json

import pytest

from taihe.cli.main import main
from taihe.fhir.profiles import Profiles, holds_pattern, read_profiles, same
from taihe.kernel.errors import Incorrect
from tests.spec.fhir.faults import selected

URL = "http://taihe.test/StructureDefinition/"
EXT = {"discriminator": [{"type": "value", "path": "url"}], "rules": "open"}


def element(path, **more):
    """One element of a snapshot: `path` is its id, with slices as `name:slice`."""
    plain = ".".join(part.partition(":")[0] for part in path.split("."))
    return {"id": path, "path": plain, "min": 0, "max": "*", **more}


def profile(name, kind, *elements):
    return {
        "resourceType": "StructureDefinition", "url": URL + name, "name": name, "type": kind,
        "derivation": "constraint", "snapshot": {"element": [element(kind), *elements]},
    }  # fmt: skip


def types(*codes, **more):
    return [{"code": code, **more} for code in codes]


def sliced(*marks, rules="open", **more):
    listed = [{"type": kind, "path": path} for kind, path in marks]
    return {"discriminator": listed, "rules": rules, **more}


TOWNSHIP = {
    "resourceType": "ValueSet", "url": URL + "township",
    "compose": {"include": [
        {"system": "http://towns", "concept": [{"code": "a"}, {"code": "b"}]},
        {"system": "http://tree", "filter": [{"property": "concept", "op": "is-a", "value": "t"}]},
    ]},
}  # fmt: skip
TREE = {
    "resourceType": "CodeSystem", "url": "http://tree", "content": "complete",
    "concept": [{"code": "t", "concept": [{"code": "t1", "concept": [{"code": "t11"}]}]},
                {"code": "u"}],
}  # fmt: skip
ETHNICITY = profile(
    "ethnicity", "Extension",
    element("Extension.url", min=1, max="1", fixedUri=URL + "ethnicity"),
    element("Extension.value[x]", min=1, max="1", types=types("code"), type=types("code")),
)  # fmt: skip
RESIDENT = profile(
    "resident", "Patient",
    element("Patient.extension", slicing=EXT),
    element("Patient.extension:ethnicity", sliceName="ethnicity", min=1, max="1",
            type=types("Extension", profile=[URL + "ethnicity"])),
    element("Patient.identifier", min=1, slicing=sliced(("value", "system"))),
    element("Patient.identifier:citizen", sliceName="citizen", min=1, max="1"),
    element("Patient.identifier:citizen.system", min=1, max="1", fixedUri="http://citizen"),
    element("Patient.identifier:citizen.value", min=1, max="1"),
    element("Patient.name", max="1"),
    element("Patient.photo", max="0"),
    element("Patient.gender", min=1, max="1"),
    element("Patient.deceased[x]", max="1", type=types("boolean")),
    element("Patient.maritalStatus", max="1",
            patternCodeableConcept={"coding": [{"system": "http://m", "code": "M"}]}),
    element("Patient.address"),
    element("Patient.address.country", max="1", fixedString="CN"),
    element("Patient.contact"),
    element("Patient.contact.relationship", min=1,
            binding={"strength": "required", "valueSet": URL + "township|1.0"}),
    element("Patient.contact.gender", max="1",
            binding={"strength": "extensible", "valueSet": "http://not.known"}),
    element("Patient.generalPractitioner",
            type=types("Reference", targetProfile=[
                "http://hl7.org/fhir/StructureDefinition/Organization"])),
    element("Patient.link", max="1", constraint=[{
        "key": "th-1", "severity": "error", "human": "Only seealso links are allowed.",
        "expression": "type = 'seealso'"}]),
)  # fmt: skip
PRESSURE = profile(
    "pressure", "Observation",
    element("Observation.category", min=1, slicing=sliced(("pattern", "$this"), rules="closed")),
    element("Observation.category:vital", sliceName="vital", min=1, max="1",
            patternCodeableConcept={"coding": [{"code": "vital-signs"}]}),
    element("Observation.value[x]", max="1", slicing=sliced(("type", "$this"))),
    element("Observation.value[x]:valueQuantity", sliceName="valueQuantity", max="1",
            type=types("Quantity")),
    element("Observation.value[x]:valueQuantity.code", min=1, max="1", fixedCode="mm[Hg]"),
    element("Observation.component", slicing=sliced(
        ("value", "code.coding.code"), ordered=True, rules="openAtEnd")),
    element("Observation.component:high", sliceName="high", min=1, max="1"),
    element("Observation.component:high.code", min=1, max="1"),
    element("Observation.component:high.code.coding", min=1),
    element("Observation.component:high.code.coding.code", min=1, max="1", fixedCode="8480-6"),
    element("Observation.component:low", sliceName="low", max="1"),
    element("Observation.component:low.code", min=1, max="1"),
    element("Observation.component:low.code.coding", min=1),
    element("Observation.component:low.code.coding.code", min=1, max="1", fixedCode="8462-4"),
    element("Observation.component:low.value[x]", min=1, max="1", type=types("Quantity")),
    element("Observation.note", slicing=sliced(("exists", "time"))),
    element("Observation.note:timed", sliceName="timed", max="1"),
    element("Observation.note:timed.time", min=1, max="1"),
    element("Observation.note:untimed", sliceName="untimed", max="0"),
    element("Observation.note:untimed.time", max="0"),
    element("Observation.performer", slicing=sliced(("type", "resolve()"))),
    element("Observation.performer:house", sliceName="house", min=1, max="1",
            type=types("Reference", targetProfile=[
                "http://hl7.org/fhir/StructureDefinition/Organization"])),
)  # fmt: skip

PATIENT = {
    "resourceType": "Patient",
    "extension": [{"url": URL + "ethnicity", "valueCode": "01"}, {"url": "http://x", "valueCode": "1"}],
    "identifier": [{"system": "http://other", "value": "7"}, {"system": "http://citizen", "value": "1"}],
    "name": [{"family": "张"}],
    "gender": "male",
    "deceasedBoolean": False,
    "maritalStatus": {"coding": [{"system": "http://x", "code": "1"}, {"system": "http://m", "code": "M", "display": "已婚"}]},
    "address": [{"country": "CN"}],
    "contact": [{"name": {"family": "李"}, "relationship": [{"coding": [{"system": "http://tree", "code": "t11"}]}]}],
    "generalPractitioner": [{"reference": "Organization/1"}],
    "link": [{"other": {"reference": "Patient/2"}, "type": "seealso"}],
}  # fmt: skip
HIGH = {"code": {"coding": [{"code": "8480-6"}]}, "valueQuantity": {"value": 120}}
LOW = {"code": {"coding": [{"code": "8462-4"}]}, "valueQuantity": {"value": 80}}
OTHER = {"code": {"text": "cuff"}, "valueString": "wide"}
READING = {
    "resourceType": "Observation",
    "status": "final",
    "category": [{"coding": [{"system": "http://c", "code": "vital-signs"}]}],
    "code": {"text": "bp"},
    "valueQuantity": {"value": 1, "system": "http://unitsofmeasure.org", "code": "mm[Hg]"},
    "component": [HIGH, LOW, OTHER],
    "note": [{"text": "a", "time": "2024-01-01"}],
    "performer": [{"reference": "Practitioner/1"}, {"reference": "Organization/1"}],
}  # fmt: skip


def contact(*codings, **more):
    return [{"name": {"family": "李"}, "relationship": [{"coding": list(codings), **more}]}]


# resource, key, value (None removes it), location, part of the sentence
NEAR_MISSES = [
    (PATIENT, "gender", None, "Patient.gender", "must be given"),
    (PATIENT, "name", [{"family": "a"}, {"family": "b"}], "Patient.name", "1 time at most"),
    (PATIENT, "photo", [{"url": "http://x"}], "Patient.photo", "must not be given"),
    (PATIENT, "identifier", None, "Patient.identifier", "must be given"),
    (PATIENT, "identifier", [{"system": "http://other", "value": "7"}], "Patient.identifier", "slice citizen"),
    (PATIENT, "identifier", [{"system": "http://citizen", "value": "1"}] * 2, "Patient.identifier", "slice citizen of identifier may occur 1 time"),
    (PATIENT, "identifier", [{"system": "http://citizen", "use": "usual"}], "Patient.identifier[0].value", "must be given"),
    (PATIENT, "extension", None, "Patient.extension", "slice ethnicity"),
    (PATIENT, "extension", [{"url": URL + "ethnicity2", "valueCode": "01"}], "Patient.extension", "slice ethnicity"),
    (PATIENT, "extension", [{"url": URL + "ethnicity", "valueString": "01"}], "Patient.extension[0].value", "of a type"),
    (PATIENT, "deceasedBoolean", None, None, ""),
    (PATIENT, "maritalStatus", {"coding": [{"system": "http://m", "code": "S"}]}, "Patient.maritalStatus", "the pattern asks"),
    (PATIENT, "maritalStatus", {"coding": [{"code": "M"}]}, "Patient.maritalStatus", "the pattern asks"),
    (PATIENT, "address", [{"city": "x"}, {"country": "CHN"}], "Patient.address[1].country", "fixed value"),
    (PATIENT, "contact", contact({"system": "http://tree", "code": "u"}), "Patient.contact[0].relationship[0]", "no code of its value set"),
    (PATIENT, "contact", contact({"system": "http://towns", "code": "t"}), "Patient.contact[0].relationship[0]", "no code of its value set"),
    (PATIENT, "contact", contact({"system": "http://towns", "code": "b"}), None, ""),
    (PATIENT, "contact", contact({"system": "http://tree", "code": "t"}), None, ""),
    (PATIENT, "contact", [{"name": {"family": "李"}, "relationship": [{"text": "邻居"}]}], "Patient.contact[0].relationship[0]", "no code"),
    (PATIENT, "contact", [{"name": {"family": "李"}}], "Patient.contact[0].relationship", "must be given"),
    (PATIENT, "generalPractitioner", [{"reference": "Practitioner/1"}], "Patient.generalPractitioner[0].reference", "cannot refer to a Practitioner"),
    (PATIENT, "generalPractitioner", [{"display": "x"}], None, ""),
    (PATIENT, "link", [{"other": {"reference": "Patient/2"}, "type": "refer"}], "Patient.link[0]", "Only seealso"),
    (READING, "category", [{"coding": [{"code": "laboratory"}]}], "Observation.category[0]", "none of its slices"),
    (READING, "category", [{"coding": [{"code": "laboratory"}]}], "Observation.category", "slice vital"),
    (READING, "valueQuantity", {"value": 1, "unit": "mmHg"}, "Observation.value.code", "must be given"),
    (READING, "valueQuantity", {"value": 1, "system": "http://u", "code": "kPa"}, "Observation.value.code", "fixed value"),
    (READING, "component", [LOW], "Observation.component", "slice high"),
    (READING, "component", [HIGH], None, ""),
    (READING, "component", [LOW, HIGH], "Observation.component[1]", "not in their order"),
    (READING, "component", [OTHER, HIGH], "Observation.component[1]", "come before"),
    (READING, "component", [HIGH, {**LOW, "valueQuantity": None}], "Observation.component[1].value", "must be given"),
    (READING, "component", [{"code": {"coding": [{"code": "8480-6"}, {"code": "x"}]}}], "Observation.component[0].code.coding[1].code", "fixed value"),
    (READING, "note", [{"text": "a"}], "Observation.note", "slice untimed of note must not be given"),
    (READING, "note", [{"text": "a", "time": "2024"}, {"text": "b", "time": "2024"}], "Observation.note", "slice timed"),
    (READING, "performer", [{"reference": "Practitioner/1"}], "Observation.performer", "slice house"),
    (READING, "performer", [{"reference": "urn:uuid:1", "type": "Organization"}], None, ""),
]  # fmt: skip


@pytest.fixture(scope="module")
def given():
    every = [RESIDENT, PRESSURE, ETHNICITY, TOWNSHIP, TREE]
    return Profiles((one, True) for one in every)


def without_nulls(value):
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value


def test_what_meets_its_profile_is_accepted(given):
    assert given.check(PATIENT) == []
    assert given.check(READING) == []


@pytest.mark.parametrize(("resource", "key", "value", "location", "said"), NEAR_MISSES)
def test_a_near_miss_is_named_with_its_place(given, resource, key, value, location, said):
    changed = without_nulls({**copy.deepcopy(resource), key: value})
    issues = given.check(changed)
    if location is None:
        assert issues == []
        return
    found = [issue for issue in issues if issue.location == location and said in issue.problem]
    assert found, [(issue.location, issue.problem) for issue in issues]
    assert found[0].severity == "error"
    for issue in issues:
        there = issue.code not in ("required", "structure")
        assert selected(issue.location, changed, there), issue


def test_another_type_of_a_choice_is_refused(given):
    changed = {**PATIENT, "deceasedDateTime": "2024-01-01"}
    del changed["deceasedBoolean"]
    issue = given.check(changed)[0]
    assert (issue.location, issue.do[:12]) == ("Patient.deceased", "Use boolean.")


def test_r4_is_still_checked_and_said_once(given):
    issues = given.check({**READING, "status": None})
    assert [issue.problem for issue in issues if "status" in issue.location] == ["status is null."]


def test_what_a_bundle_and_a_resource_hold_is_checked_too(given):
    person = {key: value for key, value in PATIENT.items() if key != "gender"}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": person}]}
    assert [issue.location for issue in given.check(bundle)] == ["Bundle.entry[0].resource.gender"]


def test_a_profile_of_a_folder_holds_for_those_that_claim_it():
    folder = Profiles([(RESIDENT, False)])
    assert folder.check({"resourceType": "Patient"}) == []
    claims = {"resourceType": "Patient", "meta": {"profile": [URL + "resident|1.0", "http://no"]}}
    issues = folder.check(claims)
    assert {issue.severity for issue in issues} == {"error", "warning"}
    assert any("was not given" in issue.problem for issue in issues)
    wrong = {"resourceType": "Basic", "code": {}, "meta": {"profile": [URL + "resident"]}}
    assert any("for Patient" in issue.problem for issue in folder.check(wrong))


def test_a_slice_that_cannot_be_told_is_said_and_not_guessed():
    vague = profile(
        "vague", "Patient",
        element("Patient.name", slicing=sliced(("value", "use"))),
        element("Patient.name:main", sliceName="main", min=1, max="1"),
    )  # fmt: skip
    issues = Profiles([(vague, True)]).check(
        {"resourceType": "Patient", "name": [{"use": "usual"}]}
    )
    assert [(issue.severity, issue.code) for issue in issues] == [("information", "not-supported")]


def test_a_value_of_a_patient_is_never_repeated(given):
    changed = {**PATIENT, "address": [{"country": "secret-value"}]}
    assert "secret-value" not in str(given.check(changed))


@pytest.mark.parametrize(
    ("spoiled", "said"),
    [
        ({"snapshot": None}, "no snapshot"),
        ({"type": "Person2"}, "no R4 type"),
        ({"snapshot": {"element": [element("Patient"), element("Patient.a.b")]}}, "without what"),
        ({"snapshot": {"element": [element("Patient", constraint=[
            {"key": "k", "expression": "a b"}])]}}, "no FHIRPath"),
        ({"derivation": "specialization"}, "no profile"),
    ],
)  # fmt: skip
def test_a_profile_that_cannot_be_used_is_refused(spoiled, said):
    with pytest.raises(Incorrect) as refused:
        Profiles([({**RESIDENT, **spoiled}, True)])
    assert said in refused.value.problem


def test_equality_and_patterns():
    assert same(1.0, 1) and not same(True, 1) and not same([1], [1, 2]) and not same("1", 1)
    assert holds_pattern({"a": [1, 2], "b": 3}, {"a": [2]})
    assert not holds_pattern({"a": [1]}, {"a": [1, 2]})


def test_the_command_takes_files_and_folders(tmp_path, capsys):
    folder = tmp_path / "profiles"
    folder.mkdir()
    for one in (ETHNICITY, TOWNSHIP, TREE):
        (folder / f"{one['url'].rpartition('/')[2] or 'tree'}.json").write_text(json.dumps(one))
    (tmp_path / "resident.json").write_text(json.dumps(RESIDENT))
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(PATIENT))
    bad.write_text(json.dumps({**PATIENT, "gender": None, "extension": PATIENT["extension"][1:]}))
    options = ["--profile", str(tmp_path / "resident.json"), "--profile", str(folder)]
    assert main(["validate", str(good), *options]) == 0
    assert main(["validate", str(bad), *options, "--summary"]) == 1
    said = capsys.readouterr().out
    assert "slice ethnicity" in said
    assert len(read_profiles([tmp_path / "resident.json", folder]).profiles) == 2
    assert main(["validate", str(good), "--profile", str(good)]) == 1
