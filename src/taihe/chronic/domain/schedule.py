"""When a managed person is due, and in which order a village doctor should go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from taihe.chronic.domain.facts import Missing
from taihe.chronic.domain.follow_up import (
    Action,
    FollowUpClass,
    FollowUpRules,
    Visit,
    follow_up_class,
)


class Why(StrEnum):
    """What a due day comes from."""

    VISIT = "visit"
    READING = "reading"
    NEVER = "never"


@dataclass(frozen=True)
class Contact:
    """
    The last time somebody was seen: a visit of the programme, or a reading in an institution.

    `next_on` is the appointment that a visit made; a reading makes none.
    """

    on: date
    visit: Visit
    cls: FollowUpClass | None = None
    action: Action | None = None
    next_on: date | None = None


@dataclass(frozen=True)
class Due:
    """The day of the next visit, why, and what the last contact said."""

    on: date
    why: Why
    last: Contact | None
    cls: FollowUpClass | None
    action: Action | None

    def overdue_days(self, today: date) -> int:
        """Days past the due day; negative before it."""
        return (today - self.on).days

    @property
    def urgency(self) -> int:
        """In which order to go: emergencies, referrals, not controlled, the rest."""
        order: Mapping[Action | None, int] = {
            Action.EMERGENCY: 0,
            Action.REFER: 1,
            Action.ADJUST: 2,
        }
        return order.get(self.action, 3)


def due(contacts: list[Contact], begins: date, *, rules: FollowUpRules) -> Due:
    """
    When a person is due: the latest contact decides.

    An old appointment is not overdue when somebody has seen the person since. A visit made
    its own appointment; after a reading elsewhere the days of the rules count from it. Who
    was never seen is due since the day of registration.
    """
    if not contacts:
        return Due(begins, Why.NEVER, None, None, None)
    last = max(contacts, key=lambda contact: (contact.on, contact.next_on is not None))
    if last.next_on is not None:
        return Due(last.next_on, Why.VISIT, last, last.cls, last.action)
    try:
        outcome = follow_up_class(last.visit, None, rules=rules)
        days, cls, action = outcome.next_due_days, outcome.cls, outcome.action
    except Missing:
        days, cls, action = rules.due_days[Action.ROUTINE], None, None
    return Due(last.on + timedelta(days=days), Why.READING, last, cls, action)
