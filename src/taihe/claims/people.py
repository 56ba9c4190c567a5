"""Where claims meets the record: who a person is, and opening a person's record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from taihe.base import models as base
from taihe.base.public import Actor, organisation
from taihe.kernel.codes import Purpose, System
from taihe.record import public as record
from taihe.record.public import Grant, Reader, Record


def persons_of(numbers: Sequence[str]) -> dict[str, int]:
    """The record's person of each insurance number; who is unknown becomes known."""
    return record.ensure_persons(System.INSURANCE_PERSON, numbers)


def reader_of(actor: Actor) -> Reader:
    """The reader that an actor is."""
    return record.reader_of(actor)


def open_person(reader: Reader, person: int, purpose: Purpose, *, action: str, route: str) -> Grant:
    """Open a person's record; writes the access entry, raises `NotFound` when it may not."""
    return record.open_person(reader, person, purpose, action=action, route=route)


def read(
    reader: Reader, person: int, purpose: Purpose, *, action: str, route: str, on: date
) -> Record:
    """A person's record as a whole; writes the access entry."""
    return record.summary(reader, purpose, person, route=route, on=on, action=action)


@dataclass
class Opener:
    """
    Opens a person's record for a case: to the insurers, and to the hospital that charged.

    The hospital has treated the person, as its charges say; where that is not known to the
    record yet, the case makes it known.
    """

    at: datetime
    _insurers: list[int] = field(default_factory=list)
    _hospitals: dict[str, int | None] = field(default_factory=dict)

    def open(self, person: int, hospital: str, case: int) -> None:
        """Write the relations of one case; they name the case as their source."""
        if not self._insurers:
            self._insurers = list(
                base.Organisation.objects.filter(kind="insurer").values_list("party_id", flat=True)
            )
        if hospital not in self._hospitals:
            found = organisation(hospital)
            self._hospitals[hospital] = found.party if found else None
        for insurer in self._insurers:
            record.relate(person, insurer, "audits", start=self.at, source=f"case:{case}")
        party = self._hospitals[hospital]
        if party is not None and not _may_read(party, person):
            record.relate(person, party, "treats", start=self.at, source=f"case:{case}")


def _may_read(hospital: int, person: int) -> bool:
    """Whether the hospital may read this record already: then nothing more is opened."""
    reader = Reader(hospital, frozenset({hospital}), frozenset({"hospital"}))
    return record.is_related(reader, person, Purpose.PAYMENT)
