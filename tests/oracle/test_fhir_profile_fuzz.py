"""Profiles that are spoiled in every way are refused or used, and never crash anything."""

import copy
import os
import random
import time

from taihe.fhir.profiles import Profiles
from taihe.kernel.errors import Incorrect
from tests.oracle.test_fhir_snapshots import sample
from tests.spec.fhir.faults import BASES

ROUNDS = 20_000 if os.environ.get("TAIHE_NIGHTLY") else 200
ODD = [
    None, 0, -1, 1, "", "x", "*", "Patient", "Observation.value[x]", "a:b", "a/b", [], {}, [None],
    [{}], {"code": "Reference"}, True, 1.5, "Quantity", [["x"]], {"rules": "closed"}, 10**30,
    {"discriminator": [{"type": "value", "path": "resolve().x"}]},
    {"discriminator": [{"type": "exists", "path": "("}]},
]  # fmt: skip


TERMS = [
    {"resourceType": "CodeSystem", "url": "http://s", "content": "complete", "concept": [
        {"code": "a", "property": [{"code": "p", "valueCode": "x"}], "concept": [{"code": "b"}]}]},
    {"resourceType": "ValueSet", "url": "http://hl7.org/fhir/ValueSet/ucum-vitals-common",
     "compose": {"include": [{"system": "http://s", "filter": [
         {"property": "concept", "op": "is-a", "value": "a"}]}, {"valueSet": ["http://x"]}],
         "exclude": [{"system": "http://s", "concept": [{"code": "b"}]}]}},
]  # fmt: skip


def spoil(value, by):
    """Change one thing somewhere in JSON."""
    if isinstance(value, dict) and value:
        key = by.choice(list(value))
        if isinstance(value[key], dict | list) and by.random() < 0.7:
            spoil(value[key], by)
        elif by.random() < 0.2:
            del value[key]
        else:
            value[key] = copy.deepcopy(by.choice(ODD))
    elif isinstance(value, list) and value:
        at = by.randrange(len(value))
        if by.random() < 0.1:
            value.insert(at, copy.deepcopy(by.choice(value)))
        elif isinstance(value[at], dict | list) and by.random() < 0.9:
            spoil(value[at], by)
        else:
            value[at] = copy.deepcopy(by.choice(ODD))


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
