"""
No false alarms on real content: what HL7 published with R4, and its examples.

The package holds some 4 600 resources. What is wrong with them is listed here with its reason;
the list may only become shorter. The same resources give the same index rows as the oracle.
"""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from taihe.fhir.profiles import Profiles
from taihe.fhir.validate import check
from tests.oracle.r4_package import package
from tests.oracle.test_fhir_extract import differences

# (type, id or * for several, location without indexes, part of the sentence, how often, reason)
EXCEPTIONS = [
    ("SearchParameter", "*", "SearchParameter.base", "must have base", 10,
     "ten parameters of code system and value set extensions were published without a base"),
    ("SearchParameter", "questionnaireresponse-extensions-QuestionnaireResponse-item-subject",
     "SearchParameter.id", "not an id", 1, "its id has 66 characters, two too many"),
    ("CodeSystem", "v2-0550", "CodeSystem.concept[].code", "not a code", 3,
     "three codes end in a non-breaking space that a wrong character set made"),
    ("CodeSystem", "v2-0550", "CodeSystem.concept[].code", "is empty", 1,
     "one code is a non-breaking space and nothing else"),
    ("StructureDefinition", "*", "StructureDefinition", "must be a baseDefinition", 4,
     "the logical models Definition, Event, FiveWs and Request are neither abstract nor based"),
]  # fmt: skip
# Names that cannot be those of a program ("v2.0001", "identifier"): four rules, all warnings.
NAMES = {"SearchParameter": 1382, "ValueSet": 440, "CodeSystem": 435, "StructureDefinition": 188}
# Examples of the conformance cases: (file, location without indexes, part of the sentence, reason)
EXAMPLES = [
    ("codesystem-example.json", "CodeSystem", "stands in the code system twice", "chol-mass is there twice"),
    ("patient-container-example.json", "Patient.contained[]", "neither name nor number",
     "its organization has neither"),
    ("explanationofbenefit-example.json", "*", "must have", "it is an example of STU 3"),
]  # fmt: skip


def place(location):
    return re.sub(r"\[\d+\]", "[]", location)


@pytest.mark.nightly
def test_the_published_resources_are_valid_but_for_what_is_listed():
    found, names = Counter(), Counter()
    for kind, resources in package().items():
        for resource in resources:
            for issue in check(resource):
                if issue.severity == "warning" and issue.problem.startswith("Name should be"):
                    names[kind] += 1
                    continue
                row = next(
                    (n for n, (of, name, at, says, _, _) in enumerate(EXCEPTIONS)
                     if (of, at) == (kind, place(issue.location))
                     and name in ("*", resource["id"]) and says in issue.problem),
                    (kind, resource["id"], issue),
                )  # fmt: skip
                found[row] += 1
    assert found == {n: row[4] for n, row in enumerate(EXCEPTIONS)}
    assert names == NAMES
    assert sum(row[4] for row in EXCEPTIONS) <= 19


@pytest.mark.nightly
def test_the_published_resources_meet_the_profiles_that_they_claim():
    everything = package()
    profiles = [
        {key: value for key, value in one.items() if key != "snapshot"}
        for one in everything["StructureDefinition"]
        if one.get("derivation") == "constraint"
    ]
    terms = everything["ValueSet"] + everything["CodeSystem"]
    given = Profiles((one, False) for one in profiles + terms)
    claims = 0
    for resources in everything.values():
        for resource in resources:
            claims += "profile" in resource.get("meta", {})
            known = {(i.location, i.problem) for i in check(resource)}
            more = [
                issue for issue in given.check(resource)
                if issue.is_error and (issue.location, issue.problem) not in known
            ]  # fmt: skip
            assert more == [], resource["id"]
    assert claims > 1000


@pytest.mark.nightly
def test_index_rows_of_the_published_resources_agree():
    for kind, resources in package().items():
        for resource in resources:
            assert differences(resource) == ([], []), (kind, resource["id"])


@pytest.mark.shared
def test_the_examples_of_the_conformance_cases_are_valid_but_for_what_is_listed(shared):
    files = sorted(Path(shared / "conformance/fhirpath/input").glob("*.json"))
    assert files
    for file in files:
        for issue in check(json.loads(file.read_text("utf-8"))):
            assert any(
                file.name == name and at in ("*", place(issue.location)) and says in issue.problem
                for name, at, says, _ in EXAMPLES
            ), (file.name, issue)
