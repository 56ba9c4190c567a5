"""Who may do what on the chronic care desk, beyond the access gate of the record."""

from __future__ import annotations

from taihe.base.public import Actor, RoleName
from taihe.chronic import models
from taihe.kernel.codes import Purpose
from taihe.kernel.errors import Forbidden

ROLES: tuple[RoleName, ...] = ("village_doctor", "clinician")


def purpose_of(actor: Actor) -> str:
    """For what these roles read: a village doctor for public health, a clinician to treat."""
    return Purpose.PUBLIC_HEALTH if actor.has("village_doctor") else Purpose.TREATMENT


def can_correct(visit: models.Visit, actor: Actor) -> bool:
    """The institution that made a visit corrects it, or whoever wrote it."""
    same = bool(visit.organisation) and visit.organisation == actor.organisation_code
    return bool(same or visit.by == actor.party)


def check_can_correct(visit: models.Visit, actor: Actor) -> None:
    """Raise `Forbidden` unless `can_correct`."""
    if not can_correct(visit, actor):
        raise Forbidden("这次随访由另一机构记录。", "请联系该机构更正，或记录一次新的随访。")
