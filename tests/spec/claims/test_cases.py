"""A case from finding to the last word: the table, its clocks' rows, four eyes, false alarms."""

from __future__ import annotations

import pytest

from taihe.claims.case_rules import CASE, TERMS, evidence_lists, term_rows
from taihe.claims.domain.case_workflow import (
    FOR_HOSPITAL,
    WAITING,
    earlier_deciders,
    verdict_of,
)
from taihe.claims.domain.false_alarms import FalseAlarms, wilson
from taihe.claims.rule_rows import kinds

WAYS = """
confirm accept                                  | accepted
confirm lapse                                   | accepted
ask supply dismiss                              | dismissed
ask lapse confirm appeal dismiss                | dismissed
confirm appeal uphold accept                    | accepted
confirm appeal uphold lapse                     | accepted
confirm appeal uphold reappeal uphold           | final
confirm appeal uphold reappeal dismiss          | dismissed
"""


@pytest.mark.parametrize("line", WAYS.strip().splitlines(), ids=lambda line: line.split("|")[0])
def test_the_ways_through_a_case(line: str) -> None:
    actions, end = line.split("|")
    state = CASE.start
    for action in actions.split():
        state = CASE.step(action, state).target
    assert state == end.strip()


def test_every_state_where_the_hospital_is_asked_has_a_clock_and_a_meaning_of_silence() -> None:
    for state in FOR_HOSPITAL:
        into = [step for step in CASE.transitions if step.target == state]
        assert all(step.within_working_days for step in into), state
        assert CASE.step("lapse", state).roles == ("system",)
    for state in WAITING:
        assert CASE.allowed(state, ("auditor", "system")), state


def test_limits_are_rows_and_what_is_unverified_says_so() -> None:
    rows = term_rows()
    assert TERMS.appeal_days == rows["appeal_days"].value == 10
    assert rows["appeal_days"].status == "unverified"
    assert (TERMS.panel_members, TERMS.majority) == (3, 2)


def test_every_class_has_a_list_of_evidence() -> None:
    missing = set(kinds()) - evidence_lists().keys()
    assert missing == set()


@pytest.mark.parametrize(
    ("state", "barred"),
    [("new", set()), ("appealed", {1}), ("reappealed", {1, 2}), ("supplied", set())],
)
def test_who_decided_before_does_not_decide_the_appeal(state, barred) -> None:
    steps = [("confirm", 1), ("appeal", 9), ("uphold", 2), ("reappeal", 9), ("lapse", None)]
    assert earlier_deciders(state, steps) == barred


@pytest.mark.parametrize(
    ("source", "target", "verdict"),
    [
        ("confirmed", "accepted", "right"),
        ("reappealed", "final", "right"),
        ("appealed", "dismissed", "false"),
        ("reappealed", "dismissed", "false"),
        ("new", "dismissed", "screened"),
        ("appealed", "upheld", ""),
        ("new", "withdrawn", ""),
    ],
)
def test_what_a_step_says_about_its_rule(source, target, verdict) -> None:
    assert verdict_of(source, target) == verdict


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [
        (0, 0, 0.0, 1.0),
        (0, 10, 0.0, 0.2775),
        (1, 10, 0.0179, 0.4042),
        (5, 10, 0.2366, 0.7634),
        (81, 263, 0.2553, 0.3662),
        (10, 10, 0.7225, 1.0),
    ],
    ids=["nothing", "0 of 10", "1 of 10", "5 of 10", "Newcombe 1998: 81 of 263", "10 of 10"],
)
def test_the_wilson_interval(hits, total, low, high) -> None:
    assert wilson(hits, total) == pytest.approx((low, high), abs=5e-5)


def test_a_rate_counts_closed_cases_that_the_hospital_knew_of() -> None:
    alarms = FalseAlarms(false=2, right=6, screened=5, open=3)
    assert (alarms.closed, alarms.rate) == (8, 0.25)
    assert FalseAlarms(screened=5).rate is None
