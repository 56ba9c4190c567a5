"""Who may see a case: the insurer every one, a hospital its own."""

from __future__ import annotations

from taihe.base.public import Actor
from taihe.claims import models
from taihe.kernel.errors import NotFound


def visible_case(case: int, actor: Actor) -> models.Case:
    """The case, or `NotFound`: another hospital's case does not exist for this reader."""
    row = models.Case.objects.filter(pk=case).first()
    if row is not None:
        if actor.has("auditor"):
            return row
        if actor.has("hospital") and actor.organisation_code == row.organisation:
            return row
    raise NotFound("没有这个案件。", "请从队列中重新打开。")
