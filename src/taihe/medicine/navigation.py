"""The prescription desk and the pharmacy in the navigation."""

from __future__ import annotations

from typing import Protocol

from taihe.medicine.domain.workflow import PRESCRIBERS
from taihe.ui.navigation import NavItem


class ActorLike(Protocol):
    """Whoever is signed in."""

    @property
    def party(self) -> int: ...

    def has(self, *roles: str) -> bool: ...


def navigation(actor: ActorLike) -> list[NavItem]:
    """What a prescriber or a pharmacist finds on the left."""
    items = []
    if actor.has(*PRESCRIBERS):
        from taihe.medicine.models import Prescription

        waiting = Prescription.objects.filter(
            author=actor.party, state__in=("ready", "second", "refused", "returned")
        ).count()
        items.append(NavItem("医药", "处方", "/desk/medicine/", waiting, "medicine"))
    if actor.has("pharmacist"):
        items.append(NavItem("医药", "取药", "/desk/pharmacy/", None, "pharmacy"))
    return items
