"""What validation finds: one seeded fault a line, with its place; and what it leaves alone."""

import gzip
import importlib.util
import time
from pathlib import Path

import orjson
import pytest

from taihe.fhir import definitions
from taihe.fhir.outcome import operation_outcome
from taihe.fhir.sentences import sentence
from taihe.fhir.validate import check
from taihe.kernel.errors import NotFound
from tests.spec.fhir.faults import BASES, FAULTS, PATIENT, selected

OBSERVATION = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}


@pytest.mark.parametrize("base", BASES)
def test_a_resource_without_fault_is_valid(base):
    assert check(BASES[base]) == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.kind)
def test_a_seeded_fault_is_found_at_its_place_and_its_near_miss_is_accepted(fault):
    issues = check(fault.resource(fault.wrong))
    found = [i for i in issues if i.location == fault.at and fault.says in f"{i.problem} {i.do}"]
    assert found, issues
    assert found[0].is_error
    assert not [issue for issue in check(fault.resource(fault.near)) if issue.is_error]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.kind)
def test_a_location_selects_the_fault_or_what_should_hold_it(fault):
    """What is missing or unknown cannot be selected: then the element above it is there."""
    resource = fault.resource(fault.wrong)
    for issue in check(resource):
        if issue.severity == "fatal" and "." not in issue.location:
            continue
        there = issue.code not in ("required", "structure")
        assert selected(issue.location, resource, there), issue


def test_every_rule_has_a_sentence_for_a_clerk():
    for rule in definitions.invariants():
        problem, do = sentence(rule)
        assert problem[0].isupper() and problem.endswith("."), problem
        assert "SHALL" not in problem
        assert do.endswith(f"This is rule {rule.key} of FHIR.")
        assert rule.severity == "warning" or len(problem) < 260


def test_every_kind_of_fault_is_shown_once():
    assert len({fault.kind for fault in FAULTS}) == len(FAULTS) >= 175


WARNINGS = [
    ({"text": {"status": "generated", "div": "<div>x</div>"}}, "Patient.text.div", "xmlns"),
    ({"name": [{"family": "a\x01b"}]}, "Patient.name[0].family", "control characters"),
]


@pytest.mark.parametrize(("change", "location", "words"), WARNINGS)
def test_what_should_not_be_is_a_warning(change, location, words):
    (issue,) = check({"resourceType": "Patient", **change})
    assert (issue.severity, issue.location) == ("warning", location)
    assert words in issue.do


def test_a_warning_inside_does_not_hide_a_broken_rule():
    contact = {"gender": "male", "relationship": [{"text": "a\x01b"}]}
    issues = check({"resourceType": "Patient", "contact": [contact]})
    assert [issue.severity for issue in issues] == ["warning", "error"]


def test_invariants_are_guarded_but_still_evaluated():
    from taihe.fhir.invariants import rules

    assert rules("Observation", "Observation")[0].unless
    well = {**OBSERVATION, "dataAbsentReason": {"text": "y"}}
    assert check(well) == []


def test_the_page_of_faults_says_what_we_say():
    """`tools/compare_validation.py` writes it anew."""
    root = Path(__file__).parents[3]
    path = root / "tools" / "compare_validation.py"
    spec = importlib.util.spec_from_file_location("compare_validation", path)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    lines = (root / "docs/reference/generated/fhir_faults.md").read_text("utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| ")][-len(FAULTS) :]
    for fault, row in zip(FAULTS, rows, strict=True):
        assert row.startswith(tool.ours_row(fault)), fault.kind


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


HOSTILE = {
    "a tag that never ends": "<div><" + "a" * 300_000,
    "comments that never end": "<div>" + "<!--" * 80_000,
    "an attribute that never ends": "<div><p " + "a" * 300_000 + ">",
    "quotes that never end": '<div><p "' * 40_000,
    "attributes without values": "<div><p" + " a= " * 80_000 + ">",
    "spaces": "<div><p" + " " * 300_000 + "x",
    "signs": "<div>" + "&<" * 150_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_narrative_takes_time_in_proportion(name):
    started = time.process_time()
    text = {"status": "generated", "div": HOSTILE[name]}
    assert check({"resourceType": "Patient", "text": text})[0].location == "Patient.text.div"
    assert time.process_time() - started < 2  # some hundredths of a second


def test_many_references_and_many_unknown_keys_take_time_in_proportion():
    started = time.process_time()
    numbers = range(10_000)
    held = [{"resourceType": "Organization", "id": str(n), "name": "x"} for n in numbers]
    pointing = [{"reference": f"#{n}"} for n in numbers]
    resource = {"resourceType": "Patient", "contained": held, "generalPractitioner": pointing}
    assert check(resource) == []
    unknown = {f"nmae{n}": 1 for n in numbers}
    assert len(check({"resourceType": "Patient", **unknown})) == 10_000
    assert time.process_time() - started < 5  # a fifth of a second


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
