"""Whose pages these are: the person of a signed-in resident, opened for their own request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from taihe.base import access_log
from taihe.base.access_log import Seen
from taihe.base.public import Actor
from taihe.claims import public as claims
from taihe.kernel.codes import Purpose
from taihe.kernel.errors import NotFound
from taihe.record import public as record

PURPOSE = Purpose.PATIENT_REQUEST
# Who looked is read in pieces; one's own visits are left out, so a page may need several.
PIECE = 60


@dataclass(frozen=True)
class Mine:
    """A resident's opened record, for one request."""

    actor: Actor
    grant: record.Grant
    on: date

    @property
    def reader(self) -> record.Reader:
        """The resident as a reader of the record."""
        return record.reader_of(self.actor)

    def page(self) -> record.Record:
        """Everything of the record that a page shows."""
        return record.page_of_grant(self.grant, on=self.on)

    def bills(self) -> list[claims.Bill]:
        """What each visit cost, newest first."""
        return claims.bills(self.reader, self.grant.person, purpose=PURPOSE, grant=self.grant)

    def seen(
        self, limit: int, *, before: int | None = None, with_own: bool = False
    ) -> tuple[list[Seen], int | None]:
        """
        Who looked, newest first, and where the next page begins (None at the end).

        One's own visits are left out unless asked for.
        """
        found: list[Seen] = []
        while True:
            piece = access_log.seen_by(self.grant.numbers, limit=PIECE, before=before)
            for one in piece:
                if with_own or one.party != self.actor.party:
                    found.append(one)
                if len(found) == limit:
                    return found, one.number
            if len(piece) < PIECE:
                return found, None
            before = piece[-1].number


def open_mine(actor: Actor, *, route: str, action: str = "summary") -> Mine:
    """
    Open the record of the person that the account is (relation `self`).

    Raises `NotFound` when the account is tied to nobody.
    """
    now = timezone.now()
    own = [
        relation.person
        for relation in record.relations_with(actor.party, "self")
        if relation.start <= now and (relation.end is None or now < relation.end)
    ]
    if not own:
        raise NotFound("您的账号还没有关联健康档案。", "请带身份证到乡镇卫生院或村卫生室办理。")
    reader = record.reader_of(actor)
    grant = record.open_person(reader, own[0], PURPOSE, action=action, route=route)
    return Mine(actor, grant, timezone.localdate())
