"""The referrals of a person as a panel of the record page, with a way to refer."""

from __future__ import annotations

from django.utils import timezone

from taihe.kernel.codes import Purpose
from taihe.record import public as record
from taihe.record.public import Reader
from taihe.visits import presenters
from taihe.visits.domain.workflow import DOCTORS
from taihe.visits.models import Referral

TEMPLATE = "visits/panel.html"
MOST = 5


def make(reader: Reader, purpose: str, person: int) -> tuple[str, dict[str, object]] | None:
    """Template and context for a doctor who reads for treatment, else None."""
    if purpose != Purpose.TREATMENT or reader.roles.isdisjoint(DOCTORS):
        return None
    found = Referral.objects.filter(person__in=record.numbers_of(person)).exclude(
        state__in=("draft", "withdrawn")
    )
    on = timezone.localdate()
    shown = [presenters.referral(row, on=on) for row in found.order_by("-day", "-pk")[:MOST]]
    return TEMPLATE, {"referrals": shown, "person": person}
