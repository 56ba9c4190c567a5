"""Referrals of an institution: what waits for it, what is overdue."""

from __future__ import annotations

from datetime import date

from django.db.models import Q, QuerySet

from taihe.visits.domain.workflow import OPEN, WAITS_FOR
from taihe.visits.models import Referral

_TO = tuple(state for state, side in WAITS_FOR.items() if side == "to")
_FROM = tuple(state for state, side in WAITS_FOR.items() if side == "from")


def of_institution(code: str, direction: str = "") -> QuerySet[Referral]:
    """Referrals that an institution sent (`out`) or received (`in`); drafts stay at home."""
    sent, received = Q(source=code or "-"), Q(target=code or "-") & ~Q(state="draft")
    wanted = {"out": sent, "in": received}.get(direction, sent | received)
    return Referral.objects.filter(wanted)


def waiting_for(code: str) -> QuerySet[Referral]:
    """Referrals in which this institution has to act."""
    return of_institution(code).filter(
        Q(target=code or "-", state__in=_TO) | Q(source=code or "-", state__in=_FROM)
    )


def overdue(code: str, on: date) -> QuerySet[Referral]:
    """Referrals, sent or received, whose next step is late on a day."""
    return of_institution(code).filter(state__in=OPEN, due__lt=on)
