"""Zones and their names over time: which zone a name means on a day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from taihe.kernel.errors import Incorrect
from taihe.kernel.knowledge import Validity

LEVELS = {"national_etdz": "国家级经开区", "provincial": "省级开发区", "": ""}


@dataclass(frozen=True)
class ZoneName:
    """A name or alias of a zone, with the days on which it holds and the zone's level then."""

    zone: str
    name: str
    kind: str
    level: str
    valid: Validity
    source: str


class UnknownZone(Incorrect):
    """No zone has this name on that day."""


def resolve(text: str, names: Iterable[ZoneName], *, on: date) -> str:
    """
    The code of the zone that a name means on a day.

    Official names come before aliases. A name that was given up before that day is refused
    with the name that holds, never taken silently: reports use old names for years.
    """
    wanted = text.strip()
    known = list(names)
    for kind in ("official", "alias"):
        hits = {
            row.zone for row in known
            if row.kind == kind and row.name == wanted and row.valid.holds(on)
        }  # fmt: skip
        if len(hits) == 1:
            return hits.pop()
        if hits:
            raise UnknownZone(f"“{wanted}”对应多个开发区。", "请写全称。")
    past = {row.zone for row in known if row.name == wanted}
    if len(past) == 1:
        now = name_on(past.pop(), known, on=on)
        raise UnknownZone(f"{on} 没有名为“{wanted}”的开发区。", f"是否指“{now}”？请写当日名称。")
    raise UnknownZone(f"没有名为“{wanted}”的开发区。", "请从名录中选择。")


def name_on(zone: str, names: Iterable[ZoneName], *, on: date) -> str:
    """The official name of a zone on a day."""
    return next(
        (row.name for row in names
         if row.zone == zone and row.kind == "official" and row.valid.holds(on)),
        zone,
    )  # fmt: skip
