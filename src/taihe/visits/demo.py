"""Scenes for a demo: two weeks of clinic sessions, a referral under way and one that is late."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from taihe.base import public as base
from taihe.kernel.codes import System
from taihe.kernel.errors import NotFound
from taihe.record import public as record
from taihe.visits import actions
from taihe.visits.actions import ReferralText
from taihe.visits.models import ClinicSession, Referral

DAYS = 14
DEPARTMENTS = (
    ("心内科", "王医生", "am", 12),
    ("内分泌科", "", "am", 15),
    ("中医科", "周中医", "pm", 10),
    ("产科", "", "am", 8),
)
ROUTE = "demo"


def fill(county: dict[str, Any], folder: Path, *, by: int, at: datetime) -> None:
    """Make the scenes once; `county` is the county's manifest."""
    demo = county["demo"]
    if not ClinicSession.objects.exists():
        _sessions(demo["hospital"], by, at)
    if not Referral.objects.exists():
        _referrals(demo, at)


@transaction.atomic
def _sessions(hospital: str, by: int, at: datetime) -> None:
    where = base.organisation(hospital)
    assert where is not None, "the demo county has a hospital"
    today = timezone.localdate(at)
    for ahead in range(1, DAYS + 1):
        day = today + timedelta(days=ahead)
        if day.weekday() == 6:
            continue
        for department, doctor, half, places in DEPARTMENTS:
            actions.open_session(
                where=where,
                department=department,
                doctor=doctor,
                day=day,
                half=half,
                capacity=places,
                by=by,
                at=at,
            )


def _referrals(demo: dict[str, Any], at: datetime) -> None:
    sender, receiver = _actor("demo-village-doctor"), _actor("demo-clinician")
    if sender is None or receiver is None:
        return
    scenes = (
        (
            "elder",
            21,
            ("send", "accept"),
            "2级高血压，2型糖尿病",
            "血压控制不满意，头晕 3 天",
            True,
        ),
        ("expecting", 1, ("send",), "孕中期", "产前检查", False),
    )
    for role, ago, steps, impression, reason, urgent in scenes:
        person = record.person_of(System.INSURANCE_PERSON, demo[role]["psn_no"])
        if person is None:
            continue
        when = at - timedelta(days=ago)
        text = ReferralText(demo["hospital"], "", impression, reason, "", "在村卫生室随访", urgent)
        try:
            grant = actions.open_for_treatment(sender, person, action="refer", route=ROUTE)
        except NotFound:
            continue
        row = actions.write_referral(text, grant, actor=sender, at=when)
        for number, action in enumerate(steps):
            actor = sender if number == 0 else receiver
            row = actions.step_referral(
                row.pk, action, seen_state=row.state, actor=actor, at=when + timedelta(hours=number)
            )


def _actor(username: str) -> base.Actor | None:
    account = base.account(username)
    return base.actor_of(account.account_id) if account else None
