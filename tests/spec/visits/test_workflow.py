"""The way of a referral, as a table."""

from __future__ import annotations

import pytest

from taihe.kernel.errors import Conflict
from taihe.visits.domain.workflow import OPEN, RECEIVER_READS, REFERRAL, SIDES, WAITS_FOR

# action, from, to, working days until the next step
WAY = """
send      draft     sent       1
accept    sent      accepted   10
decline   sent      declined   -
see       accepted  seen       10
miss      accepted  returned   -
return    seen      returned   10
take_back returned  closed     -
withdraw  draft     withdrawn  -
withdraw  sent      withdrawn  -
"""


def test_the_way_of_a_referral() -> None:
    table = [line.split() for line in WAY.split("\n") if line]
    told = [
        [t.action, t.source, t.target, str(t.within_working_days or "-")]
        for t in REFERRAL.transitions
    ]
    assert told == table


def test_what_was_sent_cannot_end_without_being_answered() -> None:
    """From every open state there is a way on, and from `seen` only the way back."""
    for state in OPEN:
        assert any(t.source == state for t in REFERRAL.transitions)
    assert [t.action for t in REFERRAL.transitions if t.source == "seen"] == ["return"]
    with pytest.raises(Conflict):
        REFERRAL.step("take_back", "seen")


def test_every_step_has_a_side_and_every_open_state_waits_for_one() -> None:
    assert set(SIDES) == {t.action for t in REFERRAL.transitions}
    assert set(WAITS_FOR) == set(OPEN) - {"draft"}
    for state, side in WAITS_FOR.items():
        answers = {SIDES[t.action] for t in REFERRAL.transitions if t.source == state}
        assert side in answers
    assert set(RECEIVER_READS) <= set(OPEN)
