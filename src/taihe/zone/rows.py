"""Reads the knowledge rows of the zone site: zones, names, conventions, industries, printed figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from taihe.kernel.knowledge import BadCell, Cells, read_table
from taihe.zone.domain.figures import BY_KEY
from taihe.zone.domain.reconcile import Published
from taihe.zone.domain.zones import ZoneName

KNOWLEDGE = Path(__file__).parent / "knowledge"
DEFINITIONS = KNOWLEDGE / "definitions.csv"


@dataclass(frozen=True)
class ZoneRow:
    """A zone of the list, as its source names it; `area_code` is empty where unknown."""

    zone: str
    name: str
    province: str
    city: str
    area_code: str
    honours_2019: tuple[str, ...]
    park_2019_11: str
    source: str


@dataclass(frozen=True)
class EventRow:
    """A convention or forum; its days are None where only the year is known."""

    event: str
    name: str
    kind: str
    place: str
    starts_on: date | None
    ends_on: date | None
    source: str


@dataclass(frozen=True)
class Industry:
    """A code of GB/T 4754-2017; `level` 1 section, 2 division, 3 group, 4 class."""

    code: str
    level: int
    parent: str
    section: str
    name: str


@cache
def zones() -> tuple[ZoneRow, ...]:
    """The zones that ship with Taihe."""

    def make(cells: Cells) -> ZoneRow:
        honours = cells.optional("honours_2019")
        return ZoneRow(
            zone=cells.text("zone"),
            name=cells.text("name"),
            province=cells.text("province"),
            city=cells.optional("city"),
            area_code=cells.optional("area_code"),
            honours_2019=tuple(honours.split("|")) if honours else (),
            park_2019_11=cells.optional("park_2019_11"),
            source=cells.text("source"),
        )

    return read_table(
        KNOWLEDGE / "zones.csv", make, required=("zone", "name", "province", "source")
    ).checked()


@cache
def zone_names() -> tuple[ZoneName, ...]:
    """Official names and aliases with the days on which they hold."""

    def make(cells: Cells) -> ZoneName:
        return ZoneName(
            zone=cells.text("zone"),
            name=cells.text("name"),
            kind=cells.choice("kind", ("official", "alias")),
            level=cells.optional("level"),
            valid=cells.validity(),
            source=cells.text("source"),
        )

    return read_table(
        KNOWLEDGE / "zone_names.csv", make, required=("zone", "name", "kind", "level", "source")
    ).checked()


@cache
def events() -> tuple[EventRow, ...]:
    """Conventions whose figures were published."""

    def make(cells: Cells) -> EventRow:
        return EventRow(
            event=cells.text("event"),
            name=cells.text("name"),
            kind=cells.text("kind"),
            place=cells.optional("place"),
            starts_on=cells.day("starts_on"),
            ends_on=cells.day("ends_on"),
            source=cells.text("source"),
        )

    return read_table(
        KNOWLEDGE / "events.csv", make, required=("event", "name", "source")
    ).checked()


@cache
def industries() -> dict[str, Industry]:
    """GB/T 4754-2017 by code."""

    def make(cells: Cells) -> Industry:
        return Industry(
            code=cells.text("code"),
            level=cells.whole("level"),
            parent=cells.optional("parent"),
            section=cells.text("section"),
            name=cells.text("name"),
        )

    table = read_table(
        KNOWLEDGE / "gbt4754_2017.csv", make, required=("code", "level", "name", "source")
    )
    return {row.code: row for row in table.checked()}


@cache
def published_figures() -> tuple[Published, ...]:
    """Figures as printed elsewhere; event `total` is the printed sum of three conventions."""

    def make(cells: Cells) -> Published:
        key = cells.text("key")
        if key not in BY_KEY:
            raise BadCell("key", "There is no such figure.", "Use a key of definitions.csv.")
        return Published(
            event=cells.text("event"),
            key=key,
            as_of=cells.day("as_of"),
            printed=cells.text("printed"),
            unit=cells.choice("unit", ("个", "亿元", "%")),
            source=cells.text("source"),
            note=cells.optional("note"),
            circular=cells.optional("circular") == "yes",
        )

    return read_table(
        KNOWLEDGE / "published_figures.csv",
        make,
        required=("event", "key", "as_of", "printed", "unit", "source"),
    ).checked()


def published_of(event: str) -> tuple[Published, ...]:
    """The printed figures of one convention."""
    return tuple(row for row in published_figures() if row.event == event)


@dataclass(frozen=True)
class Ranking:
    """A rank as published; lists have gaps, and a missing rank means nothing."""

    scheme: str
    published: str
    data_year: str
    ranked: str
    rank: int
    zone_name: str
    zone: str
    source: str

    @property
    def is_listing(self) -> bool:
        """Whether the source only lists the zones in this order."""
        return "列示顺序" in self.scheme


@cache
def rankings() -> tuple[Ranking, ...]:
    """Published ranks; `zone` is empty for zones that are not in our list."""
    codes = {row.name: row.zone for row in zone_names()}

    def make(cells: Cells) -> Ranking:
        name = cells.text("zone")
        return Ranking(
            scheme=cells.text("scheme"),
            published=cells.text("published"),
            data_year=cells.optional("data_year"),
            ranked=cells.optional("n_ranked"),
            rank=cells.whole("rank"),
            zone_name=name,
            zone=codes.get(name, ""),
            source=cells.text("source"),
        )

    return read_table(
        KNOWLEDGE / "rankings.csv", make, required=("scheme", "published", "rank", "zone", "source")
    ).checked()


@cache
def schematic() -> dict[str, tuple[int, int]]:
    """Where a zone stands on the schematic map: row and column from 1, north on top."""

    def make(cells: Cells) -> tuple[str, int, int]:
        return cells.text("zone"), cells.whole("row"), cells.whole("column")

    table = read_table(
        KNOWLEDGE / "schematic.csv", make, required=("zone", "row", "column", "source")
    )
    return {zone: (row, column) for zone, row, column in table.checked()}


STATES = {"full": "完整", "usable": "可用", "narrow": "窄", "not yet": "未做", "open": "未交付"}
"""How far something is, in one word."""


@dataclass(frozen=True)
class Served:
    """One of the named systems and processes: what serves it today, and how far it is."""

    number: int
    term: str
    page: str
    served_by: str
    url: str
    state: str
    missing: str

    @property
    def word(self) -> str:
        """The state in one word."""
        return STATES[self.state]


@cache
def inventory() -> tuple[Served, ...]:
    """The 45 named systems and processes."""

    def make(cells: Cells) -> Served:
        return Served(
            number=cells.whole("number"),
            term=cells.text("term"),
            page=cells.text("page"),
            served_by=cells.optional("served_by"),
            url=cells.optional("url"),
            state=cells.choice("state", STATES),
            missing=cells.text("missing"),
        )

    return read_table(
        KNOWLEDGE / "inventory.csv", make, required=("number", "term", "state", "missing", "source")
    ).checked()


@dataclass(frozen=True)
class Promise:
    """A clause of the healthy-city agreement as a deliverable with its state."""

    clause: str
    promise: str
    deliverable: str
    owner: str
    due: date | None
    state: str
    note: str
    url: str
    source: str

    @property
    def word(self) -> str:
        """The state in one word."""
        return STATES[self.state]


@cache
def agreement() -> tuple[Promise, ...]:
    """The deliverables of the agreement between the zone and its partner."""

    def make(cells: Cells) -> Promise:
        return Promise(
            clause=cells.text("clause"),
            promise=cells.text("promise"),
            deliverable=cells.text("deliverable"),
            owner=cells.text("owner"),
            due=cells.day("due"),
            state=cells.choice("state", STATES),
            note=cells.optional("note"),
            url=cells.optional("url"),
            source=cells.text("source"),
        )

    return read_table(
        KNOWLEDGE / "agreement.csv", make, required=("clause", "promise", "state", "source")
    ).checked()


@cache
def countries() -> dict[str, str]:
    """Countries by the short form used in names of parks."""

    def make(cells: Cells) -> tuple[str, str]:
        return cells.text("short"), cells.text("name")

    return dict(
        read_table(
            KNOWLEDGE / "countries.csv", make, required=("short", "name", "source")
        ).checked()
    )


@cache
def places() -> frozenset[str]:
    """Cities and counties of Anhui that a park's name may hold."""

    def make(cells: Cells) -> str:
        return cells.text("place")

    return frozenset(
        read_table(KNOWLEDGE / "places.csv", make, required=("place", "kind", "source")).checked()
    )


@dataclass(frozen=True)
class Series:
    """One of the six 进园区 series, and the working days within which a need is answered."""

    series: str
    name: str
    purpose: str
    days: int
    source: str


@cache
def series() -> dict[str, Series]:
    """The six series by key."""

    def make(cells: Cells) -> Series:
        return Series(
            cells.text("series"), cells.text("name"), cells.text("purpose"),
            cells.whole("answer_within_working_days"), cells.text("source"),
        )  # fmt: skip

    table = read_table(KNOWLEDGE / "series.csv", make, required=("series", "name", "source"))
    return {row.series: row for row in table.checked()}
