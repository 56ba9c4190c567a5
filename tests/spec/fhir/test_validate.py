"""What validation finds: one seeded fault a line, with its place; and what it leaves alone."""

import copy
import gzip

import orjson
import pytest

from taihe.fhir.outcome import operation_outcome
from taihe.fhir.validate import check
from taihe.kernel.errors import NotFound

UNKNOWN = {"extension": [{"url": "http://x/unknown", "valueCode": "unknown"}]}
PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "meta": {"lastUpdated": "2024-01-01T00:00:00Z", "profile": ["http://x/p"]},
    "contained": [{"resourceType": "Organization", "id": "o1", "name": "县医院"}],
    "extension": [{"url": "http://x/e", "valueString": "e"}],
    "identifier": [{"use": "official", "system": "urn:oid:1.2", "value": "1"}],
    "active": True,
    "name": [{"use": "official", "family": "张", "given": ["伟", None], "_given": [None, UNKNOWN]}],
    "gender": "male",
    "birthDate": "1980-05-02",
    "_birthDate": {"extension": [{"url": "http://x/t", "valueTime": "08:00:00"}]},
    "deceasedBoolean": False,
    "maritalStatus": {"coding": [{"system": "http://x", "code": "M"}]},
    "managingOrganization": {"reference": "#o1"},
    "link": [{"other": {"reference": "Patient/2"}, "type": "seealso"}],
}

# key, value (None removes it), location, part of the sentence
FAULTS = [
    ("nmae", [{"family": "x"}], "Patient.nmae", "Did you mean name?"),
    ("value", "x", "Patient.value", "has no element"),
    ("birthDate", "1980-02-30", "Patient.birthDate", "YYYY-MM-DD"),
    ("birthDate", "02.05.1980", "Patient.birthDate", "YYYY-MM-DD"),
    ("birthDate", 1980, "Patient.birthDate", "is not a date"),
    ("birthDate", ["1980"], "Patient.birthDate", "only once"),
    ("gender", "m", "Patient.gender", "female, male"),
    ("gender", "", "Patient.gender", "is empty"),
    ("gender", None, "Patient.gender", "is null"),
    ("active", "true", "Patient.active", "without quotes"),
    ("active", 1, "Patient.active", "without quotes"),
    ("name", {"family": "x"}, "Patient.name", "brackets"),
    ("name", [], "Patient.name", "is empty"),
    ("name", ["x"], "Patient.name[0]", "not a HumanName"),
    ("name", [{"use": "main"}], "Patient.name[0].use", "usual"),
    ("name", [{"family": ["x"]}], "Patient.name[0].family", "only once"),
    ("name", [{"given": "x"}], "Patient.name[0].given", "brackets"),
    ("name", [{"given": ["x", None]}], "Patient.name[0].given[1]", "null"),
    ("name", [{"given": [7]}], "Patient.name[0].given[0]", "string"),
    ("name", [{"family": {"a": 1}}], "Patient.name[0].family", "structure"),
    ("name", [{"period": {"start": "24-01-01"}}], "Patient.name[0].period.start", "dateTime"),
    ("name", [{"familie": "x"}], "Patient.name[0].familie", "family"),
    ("name", [{}], "Patient.name[0]", "empty"),
    ("id", "a b", "Patient.id", "64"),
    ("id", "x" * 65, "Patient.id", "64"),
    ("meta", {"lastUpdated": "2024-01-01"}, "Patient.meta.lastUpdated", "zone"),
    ("meta", {"profile": ["a b"]}, "Patient.meta.profile[0]", "without spaces"),
    ("deceasedDateTime", "2020", "Patient.deceased", "given twice"),
    ("deceased", True, "Patient.deceased", "deceasedBoolean"),
    ("maritalStatus", "M", "Patient.maritalStatus", "CodeableConcept"),
    ("maritalStatus", {"coding": {"code": "M"}}, "Patient.maritalStatus.coding", "brackets"),
    ("maritalStatus", {"coding": [{"code": " M"}]}, "Patient.maritalStatus.coding[0].code", "code"),
    ("link", [{"type": "seealso"}], "Patient.link[0].other", "must have other"),
    ("link", [{"other": {"reference": "Patient/2"}}], "Patient.link[0].type", "must have type"),
    (
        "link",
        [{"other": {"reference": "Observation/2"}, "type": "refer"}],
        "Patient.link[0].other.reference",
        "cannot refer to an Observation",
    ),
    ("extension", [{"valueString": "x"}], "Patient.extension[0].url", "must have url"),
    (
        "extension",
        [{"url": "u", "valueStrin": "x"}],
        "Patient.extension[0].valueStrin",
        "valueString",
    ),
    (
        "extension",
        [{"url": "u", "valueString": "x", "valueCode": "y"}],
        "Patient.extension[0].value",
        "given twice",
    ),
    ("contained", [{"id": "o1"}], "Patient.contained[0]", "does not say its type"),
    ("contained", [{"resourceType": "Org"}], "Patient.contained[0]", "no such resource type"),
    (
        "contained",
        [{"resourceType": "Organization", "id": "o1", "name": 5}],
        "Patient.contained[0].name",
        "string",
    ),
    ("_birthDate", "x", "Patient.birthDate", "no id or extension"),
    ("_birthDate", {"value": 1}, "Patient.birthDate.value", "has no element"),
    ("_name", [{"id": "x"}], "Patient._name", "has no element"),
    ("multipleBirthInteger", 1.5, "Patient.multipleBirth", "whole number"),
    ("photo", [{"size": -1}], "Patient.photo[0].size", "0 or more"),
    ("photo", [{"data": "###"}], "Patient.photo[0].data", "base64"),
    (
        "telecom",
        [{"system": "phone", "value": "1", "rank": 0}],
        "Patient.telecom[0].rank",
        "1 or more",
    ),
    ("communication", [{"preferred": True}], "Patient.communication[0].language", "must have"),
]


def test_the_patient_without_fault_is_valid():
    assert check(PATIENT) == []


@pytest.mark.parametrize(("key", "value", "location", "words"), FAULTS)
def test_a_seeded_fault_is_found_at_its_place(key, value, location, words):
    resource = copy.deepcopy(PATIENT)
    resource[key] = value
    issues = check(resource)
    assert location in [issue.location for issue in issues], issues
    said = next(issue for issue in issues if issue.location == location)
    assert words in f"{said.problem} {said.do}"
    assert said.is_error


OBSERVATION = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
CONTAINED = {"resourceType": "Organization", "id": "o", "name": "x"}

# rule, resource, location
BROKEN_RULES = [
    ("ele-1", {**PATIENT, "maritalStatus": {"id": "x"}}, "Patient.maritalStatus"),
    ("ext-1", {**PATIENT, "extension": [{"url": "u"}]}, "Patient.extension[0]"),
    ("dom-3", {"resourceType": "Patient", "contained": [CONTAINED]}, "Patient.contained[0]"),
    (
        "dom-4",
        {**PATIENT, "contained": [{**CONTAINED, "id": "o1", "meta": {"versionId": "1"}}]},
        "Patient.contained[0].meta",
    ),
    (
        "ref-1",
        {"resourceType": "Patient", "managingOrganization": {"reference": "#x"}},
        "Patient.managingOrganization.reference",
    ),
    ("qty-3", {**OBSERVATION, "valueQuantity": {"value": 1, "code": "g"}}, "Observation.value"),
    (
        "per-1",
        {**OBSERVATION, "effectivePeriod": {"start": "2024-02-01", "end": "2024-01-01"}},
        "Observation.effective",
    ),
    (
        "txt-1",
        {**PATIENT, "text": {"status": "generated", "div": "<div><script>x</script></div>"}},
        "Patient.text.div",
    ),
    (
        "txt-2",
        {**PATIENT, "text": {"status": "generated", "div": "<div> </div>"}},
        "Patient.text.div",
    ),
    ("pat-1", {**PATIENT, "contact": [{"gender": "male"}]}, "Patient.contact[0]"),
    (
        "obs-6",
        {**OBSERVATION, "valueString": "x", "dataAbsentReason": {"text": "y"}},
        "Observation",
    ),
    ("obs-3", {**OBSERVATION, "referenceRange": [{"type": {"text": "x"}}]}, "Observation.referenceRange[0]"),
    ("org-1", {"resourceType": "Organization", "active": True}, "Organization"),
    (
        "org-3",
        {"resourceType": "Organization", "name": "x", "telecom": [{"use": "home", "system": "phone"}]},
        "Organization.telecom[0]",
    ),
    (
        "att-1",
        {**PATIENT, "photo": [{"data": "AAAA"}]},
        "Patient.photo[0]",
    ),
    (
        "bdl-3",
        {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [{"resource": OBSERVATION}],
        },
        "Bundle",
    ),
    ("con-4", {"resourceType": "Condition", "subject": {"reference": "Patient/1"},
               "clinicalStatus": {"coding": [{"system": CLINICAL, "code": "active"}]},
               "abatementDateTime": "2020"}, "Condition"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "resource", "location"), BROKEN_RULES)
def test_a_broken_invariant_is_found_and_named(rule, resource, location):
    issues = check(resource)
    assert [issue.location for issue in issues] == [location], issues
    assert rule in issues[0].do or issues[0].code == "structure"
    assert issues[0].is_error


def test_invariants_are_guarded_but_still_evaluated():
    from taihe.fhir.invariants import rules

    assert rules("Observation", "Observation")[0].unless
    well = {**OBSERVATION, "dataAbsentReason": {"text": "y"}}
    assert check(well) == []


def test_at_least_forty_kinds_of_fault_are_shown():
    assert len(FAULTS) >= 40


@pytest.mark.parametrize("broken", [None, [], "x", {}, {"resourceType": 3}, {"resourceType": "X"}])
def test_what_is_no_resource_is_fatal(broken):
    assert [issue.severity for issue in check(broken)] == ["fatal"]


def test_a_message_never_repeats_a_value():
    secret = "341222198001011234"
    for key in ("gender", "birthDate", "active", "id", "name", secret):
        for issue in check({**PATIENT, key: secret + " "}):
            assert secret not in issue.problem + issue.do + issue.location


def test_endless_nesting_ends():
    extension: dict = {"url": "u", "valueString": "x"}
    for _ in range(5000):
        extension = {"url": "u", "extension": [extension]}
    (issue,) = check({"resourceType": "Patient", "extension": [extension]})
    assert issue.severity == "fatal"


def test_issues_and_errors_become_an_operation_outcome():
    outcome = operation_outcome(check({**PATIENT, "gender": "m"}))
    assert outcome["issue"][0]["expression"] == ["Patient.gender"]
    assert check(outcome) == []
    assert check(operation_outcome([])) == []
    refused = operation_outcome(NotFound("It is not there.", "Search for it."))
    assert refused["issue"][0]["code"] == "not-found"
    assert check(refused) == []


def test_a_resource_in_a_bundle_has_its_own_contained_resources():
    inside = {**PATIENT, "id": "p2"}
    entry = {"resource": inside, "request": {"method": "PUT", "url": "Patient/p2"}}
    assert check({"resourceType": "Bundle", "type": "transaction", "entry": [entry]}) == []
    inside = {**PATIENT, "managingOrganization": {"reference": "#x"}}
    found = check({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": inside}]})
    assert [issue.location for issue in found] == [
        "Bundle.entry[0].resource.managingOrganization.reference"
    ]


@pytest.mark.shared
def test_every_transaction_bundle_of_the_sample_is_valid(shared):
    files = sorted((shared / "data/synthea-100/bundles").glob("*.json.gz"))
    assert len(files) == 10
    for file in files:
        assert check(orjson.loads(gzip.decompress(file.read_bytes()))) == [], file.name


@pytest.mark.shared
def test_every_synthea_resource_is_valid(shared):
    for file in sorted((shared / "data/synthea-100").glob("*.ndjson.gz")):
        with gzip.open(file) as lines:
            for number, line in enumerate(lines):
                assert check(orjson.loads(line)) == [], (file.name, number)
