"""Hostile input to every part of the library ends soon, with an answer or an expected error."""

import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from taihe.fhir import definitions, fhirpath
from taihe.fhir.bundles import entries, in_order, resolve_urns
from taihe.fhir.fhirpath import patterns
from taihe.fhir.profiles import Profiles
from taihe.fhir.search import extract, parse
from taihe.fhir.validate import check
from taihe.fhir.views import duckdb_sql, read_view, run, spark_sql
from taihe.kernel.errors import TaiheError
from taihe.lake.resources import write_resources
from tests.oracle import fhir_hostile as hostile
from tests.oracle.fhir_hostile import expression, spoiled, well_formed
from tests.oracle.fhir_resources import Maker

TYPES = sorted(definitions.resource_types())
PATIENT = Maker(1, 0.95).resource("Patient")
LONGEST = 5.0  # seconds of processor time for one


def within(label: str, what: Callable[[], object]) -> object:
    """Run something; only the library's own errors, with what to do, and no longer than five seconds."""
    started = time.process_time()
    try:
        return what()
    except TaiheError as error:
        assert error.problem, label
        return None
    finally:
        taken = time.process_time() - started
        assert taken < LONGEST, f"{label}: {taken:.1f} s"


def one(seed: int) -> None:
    for text in (expression(seed), well_formed(seed)):
        within(text, lambda text=text: fhirpath.compile(text).evaluate(PATIENT))
        within(text, lambda text=text: fhirpath.compile(text).evaluate(PATIENT, strict=True))
    resource = spoiled(Maker(seed, 0.8).resource(TYPES[seed % len(TYPES)]), seed)
    started = time.process_time()
    issues = check(resource)
    try:
        extract(resource)
    except TaiheError:
        assert any(issue.is_error for issue in issues), f"seed {seed}: valid, and not indexed"
    assert time.process_time() - started < LONGEST, f"seed {seed}"
    kind, pairs = hostile.search(seed)
    within(f"search {seed}", lambda: parse(kind, pairs))
    raw = hostile.profile(seed)
    profiles = within(f"profile {seed}", lambda: Profiles([(raw, True)]))
    if profiles is not None:
        patients = (PATIENT, spoiled(PATIENT, seed))
        within(f"profile {seed}", lambda: [profiles.check(patient) for patient in patients])
    within(f"bundle {seed}", lambda: transact(hostile.bundle(seed)))
    view = within(f"view {seed}", lambda: read_view(hostile.view(seed)))
    if view is not None:
        within(f"view {seed} in memory", lambda: list(run(view, [PATIENT, resource])))
        within(f"view {seed} for DuckDB", lambda: duckdb_sql(view))
        within(f"view {seed} for Spark", lambda: spark_sql(view))


def transact(bundle: dict) -> None:
    for entry in in_order(entries(bundle)):
        if isinstance(entry.resource, dict):
            resolve_urns(entry.resource, {"urn:uuid:1": "Patient/1"})


def into_the_lake(seed: int, folder: Path) -> None:
    """Resources with odd values in a file with odd lines: written, or refused by name."""
    kind = TYPES[seed % len(TYPES)]
    file = folder / f"{kind}.ndjson"
    lines = [json.dumps(spoiled(Maker(seed + n, 0.5).resource(kind), seed + n)) for n in range(3)]
    pick = random.Random(seed)
    if pick.random() < 0.5:
        lines.append(pick.choice(("", "{", "null", "[]", '"x"', "\x00", "{}" * 3)))
    file.write_text("\n".join(lines), encoding="utf-8", errors="surrogatepass")
    within(f"lake {seed}", lambda: write_resources([file], kind, folder / f"lake{seed}"))


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
    for seed in range(200):
        one(seed)


def test_a_fixed_sample_of_odd_files_goes_into_the_lake_or_is_refused(tmp_path):
    for seed in range(3):
        into_the_lake(seed, tmp_path)


def explode(size: int, every: int = 1) -> None:
    """The bombs, all or every third, over so many items and characters."""
    given = {
        "many": list(range(size)),
        "long": "x" * (size * 100),
        "text": "a" * size,
        "huge": Decimal("1E999999999"),
    }
    for text in hostile.BOMBS[::every]:
        within(
            text[:80], lambda text=text: fhirpath.compile(text).evaluate(PATIENT, variables=given)
        )
    resource = hostile.wide(size)
    for text in hostile.WIDE[::every]:
        within(text, lambda text=text: fhirpath.compile(text).evaluate(resource))
    deep = hostile.nested(size // 10)
    for text in hostile.DEEP:
        within(text, lambda text=text: fhirpath.compile(text).evaluate(deep))


def test_what_doubles_or_repeats_without_end_is_stopped():
    explode(1000, every=6)


def test_a_resource_of_ten_thousand_levels_is_refused_or_read():
    deep = hostile.nested(10_000)
    within("check", lambda: check(deep))
    within("extract", lambda: extract(deep))
    view = read_view({"resource": "Questionnaire", "select": [{"repeat": ["item"], "column": [
        {"name": "id", "path": "linkId"}]}]})  # fmt: skip
    assert len(list(run(view, [hostile.nested(9000)]))) == 9000
    for repeat in (["item"], ["$this"], ["$this", "item"]):
        endless = read_view({"resource": "Questionnaire", "select": [
            {"repeat": repeat, "column": [{"name": "id", "path": "linkId"}]}]})  # fmt: skip
        with pytest.raises(TaiheError, match="levels deep"):
            list(run(endless, [hostile.nested(11_000)]))


@pytest.mark.nightly
def test_a_hundred_thousand_items_and_a_hundred_million_characters_stay_in_bounds():
    """In a process of its own: at most 300 MB beyond what it begins with."""
    code = (
        "import resource\n"
        "from tests.oracle.test_fhir_hostile import explode\n"
        "explode(10)\n"
        "text = 'x' * 100_000_000\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "from taihe.fhir import fhirpath\n"
        "for call in ('length()', 'upper()', 'contains(\"y\")', 'toInteger()', 'split(\"x\")'):\n"
        "    try:\n"
        "        fhirpath.compile('%t.' + call.replace('\"', \"'\")).evaluate({}, variables={'t': text})\n"
        "    except fhirpath.FhirPathError as error:\n"
        "        assert error.do\n"
        "explode(100_000)\n"
        "after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "assert after - before < 300_000, f'{(after - before) // 1000} MB'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.nightly
def test_half_an_hour_finds_nothing(tmp_path):
    ends = time.monotonic() + float(os.environ.get("TAIHE_FUZZ_SECONDS", "1800"))
    seed = int(time.time()) % 10_000_000
    while time.monotonic() < ends:
        one(seed)
        if seed % 100 == 0:
            into_the_lake(seed, tmp_path)
        seed += 1
