"""Profiles that are spoiled in every way are refused or used, and never crash anything."""

import copy
import os
import random
import time

from taihe.fhir.profiles import Profiles
from taihe.kernel.errors import Incorrect
from tests.oracle.fhir_spoil import spoil
from tests.oracle.test_fhir_snapshots import sample
from tests.spec.fhir.faults import BASES

ROUNDS = 20_000 if os.environ.get("TAIHE_NIGHTLY") else 200
TERMS = [
    {"resourceType": "CodeSystem", "url": "http://s", "content": "complete", "concept": [
        {"code": "a", "property": [{"code": "p", "valueCode": "x"}], "concept": [{"code": "b"}]}]},
    {"resourceType": "ValueSet", "url": "http://hl7.org/fhir/ValueSet/ucum-vitals-common",
     "compose": {"include": [{"system": "http://s", "filter": [
         {"property": "concept", "op": "is-a", "value": "a"}]}, {"valueSet": ["http://x"]}],
         "exclude": [{"system": "http://s", "concept": [{"code": "b"}]}]}},
]  # fmt: skip


def test_spoiled_profiles_are_refused_or_used():
    """A fixed 200 here; 20 000 in `make nightly`."""
    published = sample()
    inner = {**BASES["Observation"], "id": "o"}
    report = {"resourceType": "DiagnosticReport", "status": "final", "code": {"text": "x"},
              "contained": [inner], "result": [{"reference": "#o"}]}  # fmt: skip
    used = 0
    for seed in range(ROUNDS):
        by = random.Random(seed)
        given = copy.deepcopy([*by.sample(published, 3), *TERMS])
        for one in given:
            if by.random() < 0.6:
                one.pop("snapshot", None)
            for _ in range(by.randint(1, 4)):
                spoil(one, by)
        started = time.process_time()
        try:
            profiles = Profiles((one, True) for one in given)
        except Incorrect:
            continue
        used += 1
        claims = {"meta": {"profile": list(profiles.profiles)}}
        for resource in (*BASES.values(), report):
            profiles.check({**resource, **claims})
        for url in profiles.profiles:
            profiles.snapshot(url)
        assert time.process_time() - started < 5, seed
    assert used > ROUNDS / 10
