"""Hostile expressions and resources end soon, with an answer or an expected error."""

import os
import random
import re
import time

import pytest

from taihe.fhir import definitions, fhirpath
from taihe.fhir.fhirpath import patterns
from taihe.fhir.search import extract
from taihe.fhir.validate import check
from taihe.kernel.errors import TaiheError
from tests.oracle.fhir_hostile import expression, spoiled, well_formed
from tests.oracle.fhir_resources import Maker

TYPES = sorted(definitions.resource_types())
PATIENT = Maker(1, 0.95).resource("Patient")
LONGEST = 5.0  # seconds of processor time for one


def one(seed: int) -> None:
    for text in (expression(seed), well_formed(seed)):
        started = time.process_time()
        try:
            fhirpath.compile(text).evaluate(PATIENT)
        except fhirpath.FhirPathError as error:
            assert error.problem
        assert time.process_time() - started < LONGEST, text
    resource = spoiled(Maker(seed, 0.8).resource(TYPES[seed % len(TYPES)]), seed)
    started = time.process_time()
    issues = check(resource)
    try:
        extract(resource)
    except TaiheError:
        assert any(issue.is_error for issue in issues), f"seed {seed}: valid, and not indexed"
    assert time.process_time() - started < LONGEST, f"seed {seed}"


def test_risky_patterns_are_matched_as_python_matches_them():
    pick = random.Random(5)
    for _ in range(3000):
        atoms = [
            "a",
            "b",
            "[ab]",
            "(a|b)",
            "(a*)",
            "(ab|a)",
            ".",
            "[^a]",
            "(a?b)",
            "\\w",
            "(b+)",
            "c",
        ]
        marks = ["", "*", "+", "?", "{1,2}", "{2}", "*?"]
        pattern = "".join(
            pick.choice(atoms) + pick.choice(marks) for _ in range(pick.randrange(1, 4))
        )
        if pick.random() < 0.3:
            pattern = f"({pattern}){pick.choice(('*', '+', ''))}" + pick.choice(("$", "b", ""))
        pattern = pick.choice(("", "", "^")) + pattern
        text = "".join(pick.choice("abc\n") for _ in range(pick.randrange(9)))
        automaton = patterns._automaton(pattern)
        made = re.compile(pattern, re.DOTALL)
        assert automaton.matches(text, False) == bool(made.search(text)), (pattern, text)
        assert automaton.matches(text, True) == bool(made.fullmatch(text)), (pattern, text)


def test_patterns_that_would_take_for_ever_do_not():
    hostile = [
        ("(a+)+$", "a" * 5000 + "b"),
        ("(a|a)*b", "a" * 5000),
        ("a*a*a*a*a*b", "a" * 5000),
        ("(.*)(.*)(.*)x", "y" * 5000),
        ("(a{1,20}){1,20}b", "a" * 500),
    ]
    started = time.process_time()
    for pattern, text in hostile:
        assert not patterns.matches(pattern, text, whole=False)
    assert time.process_time() - started < 5 * LONGEST
    for pattern in ("(a+)+(?=b)", r"(a+)+\1"):
        with pytest.raises(fhirpath.ExecutionProblem):
            patterns.matches(pattern, "a" * 50, whole=False)


def test_a_fixed_sample_ends_well():
    for seed in range(400):
        one(seed)


@pytest.mark.nightly
def test_half_an_hour_finds_nothing():
    ends = time.monotonic() + float(os.environ.get("TAIHE_FUZZ_SECONDS", "1800"))
    seed = int(time.time()) % 10_000_000
    while time.monotonic() < ends:
        one(seed)
        seed += 1
