"""
Write a county: FHIR, exchange tables, truth, and a manifest, settlement by settlement.

Each settlement is made from the seed and its number alone, so any number of processes give
the same bytes; each one becomes one member of every gzip file. Memory holds a settlement at
a time.
"""

from __future__ import annotations

import csv
import errno
import gzip
import io
import multiprocessing
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import orjson

from taihe.county import people, places, resources, scenes
from taihe.county.care import ALL, NORMAL, Care, Life, Visit
from taihe.county.catalogue import Catalogue
from taihe.county.oracle import Finding, findings
from taihe.county.people import Resident
from taihe.county.planting import KINDS, Planter, oracle_rows
from taihe.county.rules import Rules, read
from taihe.kernel.errors import Busy, Conflict, Incorrect

SEED = 20190309
END = date(2026, 10, 31)
PARTS = ("fhir", "exchange", "truth", "people")
LEVEL = 4
ALONE_BELOW = 3000

HEADERS: dict[str, tuple[str, ...]] = {
    "exchange/person.csv.gz": ("psn_no", "gend", "brdy"),
    "exchange/mdtrt.csv.gz": (
        "mdtrt_id", "psn_no", "fixmedins_code", "hosp_level", "med_mdtrt_type", "internet_flag",
        "insutype", "begndate", "enddate", "fixmedins_name",
    ),
    "exchange/fee.csv.gz": (
        "feedetl_sn", "mdtrt_id", "psn_no", "fee_ocur_date", "hilist_code", "hilist_name",
        "cnt", "pric", "det_item_fee_sumamt",
    ),
    "truth/findings.csv.gz": (*Finding._fields, "origin"),
    "truth/near_misses.csv.gz": (
        "kind", "rule_key", "psn_no", "mdtrt_id", "date", "lines", "why",
    ),
    "truth/links.csv.gz": ("id", "person"),
    "truth/people.csv.gz": (
        "id", "name", "source", "sex", "birth_date", "id_type", "id_number", "phone", "address",
        "mother_id",
    ),
    "relations.csv.gz": ("psn_no", "organisation", "kind", "start", "end"),
}  # fmt: skip
_PART_OF = {"relations.csv.gz": "exchange"}


@dataclass(frozen=True)
class Settings:
    """What a county is made from; equal settings give equal bytes."""

    residents: int
    years: int
    seed: int
    density: str
    end: date
    division: str

    @property
    def start(self) -> date:
        """The first day on which something can happen."""
        return self.end - timedelta(days=365 * self.years - 1)


@dataclass
class Manifest:
    """What was written: also `manifest.json`. It names no person, only numbers."""

    settings: dict[str, Any]
    counts: dict[str, int]
    types: dict[str, int]
    planted: dict[str, int]
    natural: dict[str, int]
    near_misses: dict[str, int]
    villages: list[dict[str, Any]]
    institutions: list[dict[str, Any]]
    demo: dict[str, Any]
    files: list[str]
    synthetic: bool = True
    note: str = (
        "合成数据：人、号码、价格、就诊均为虚构，真实地名仅作布景。"
        " Synthetic: people, numbers, prices and visits are made up; real place names are scenery."
    )

    def as_json(self) -> dict[str, Any]:
        """The manifest as one JSON object."""
        return asdict(self)


@dataclass
class Part:
    """One settlement, packed: gzip members by file, and what to count."""

    name: str = ""
    members: dict[str, bytes] = field(default_factory=dict)
    types: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    planted: Counter[str] = field(default_factory=Counter)
    natural: Counter[str] = field(default_factory=Counter)
    near: Counter[str] = field(default_factory=Counter)
    demo: dict[str, Any] = field(default_factory=dict)


Progress = Callable[[int, int, str], None]


def build(
    *,
    residents: int = 2000,
    years: int = 2,
    seed: int = SEED,
    density: str = NORMAL,
    only: str | None = None,
    out: Path,
    progress: Progress | None = None,
    end: date = END,
    division: str = "341222",
    rules: Path | None = None,
    processes: int | None = None,
) -> Manifest:
    """
    Build a county in the empty or new folder `out`.

    `years` up to and including the day `end`; `density` "default" or "full"; `only` one of
    fhir, exchange, truth, people; `rules` a folder of rule rows instead of the shipped ones;
    `progress(done, total, place)` counts residents. Nothing is left behind when it fails. Raises
    `Incorrect`, `Conflict` (the folder is not empty) and `Busy` (full disk, no permission).
    """
    _check(residents, years, density, only)
    settings = Settings(residents, years, seed, density, end, division)
    county = places.plan(residents, seed, division)
    if any(place.size < 1 for place in county.settlements):
        raise Incorrect("That is too few residents for a county.", "Ask for 20 or more.")
    with _writable(Path(out)) as folder:
        return _build(settings, county, only, folder, Path(out), progress, rules, processes)


def _check(residents: int, years: int, density: str, only: str | None) -> None:
    if residents < 20:
        raise Incorrect("A county has 20 residents or more.", "Ask for more with --residents.")
    if residents > 2_000_000:
        raise Incorrect("A county has at most 2,000,000 residents.", "Ask for fewer.")
    if not 1 <= years <= 10:
        raise Incorrect("A county is built for 1 to 10 years.", "Choose another --years.")
    if density not in (NORMAL, ALL):
        raise Incorrect("The density is not known.", "Choose default or full.")
    if only is not None and only not in PARTS:
        raise Incorrect("That part is not known.", f"Choose one of {', '.join(PARTS)}.")


def _build(
    settings: Settings,
    county: places.County,
    only: str | None,
    folder: Path,
    out: Path,
    progress: Progress | None,
    rules: Path | None,
    processes: int | None,
) -> Manifest:
    total = Part()
    done = 0
    with _Files(folder, only) as files:
        if only in (None, "fhir"):
            for resource in resources.organisations(county):
                files.resource(resource, total)
            for resource in resources.practitioners(county, settings.seed):
                files.resource(resource, total)
        for part in _parts(settings, county, only, rules, processes):
            files.take(part)
            for name in ("types", "counts", "planted", "natural", "near"):
                getattr(total, name).update(getattr(part, name))
            total.demo.update(part.demo)
            done += part.counts["residents"]
            if progress is not None:
                progress(done, settings.residents, part.name)
        names = files.names()
    manifest = Manifest(
        settings={
            "residents": settings.residents,
            "years": settings.years,
            "seed": settings.seed,
            "density": settings.density,
            "start": settings.start.isoformat(),
            "end": settings.end.isoformat(),
            "division": settings.division,
            "only": only,
        },
        counts=dict(sorted(total.counts.items())) | {"resources": sum(total.types.values())},
        types={name: total.types[name] for name in resources.TYPES if total.types[name]},
        planted={kind: total.planted[kind] for kind in KINDS},
        natural={kind: total.natural[kind] for kind in KINDS},
        near_misses={kind: total.near[kind] for kind in KINDS},
        villages=[
            {
                "name": place.name,
                "township": place.township,
                "residents": place.size,
                "clinic": place.clinic.code,
                "centre": place.centre.code,
            }
            for place in county.settlements
        ],
        institutions=[
            {
                "code": place.code,
                "name": place.name,
                "kind": place.kind,
                "level": str(place.level) if place.level else "",
                "division": settings.division,
                "place": place.place,
            }
            for place in county.institutions
        ],
        demo=total.demo
        | {
            "family": {"elder": "son", "child": "expecting"},
            "hospital": county.hospital.code,
            "tcm_hospital": county.tcm_hospital.code,
            "centre": county.settlements[0].centre.code,
            "village_clinic": county.settlements[0].clinic.code,
        },
        files=names,
    )
    text = orjson.dumps(manifest.as_json(), option=orjson.OPT_INDENT_2)
    (folder / "manifest.json").write_bytes(text + b"\n")
    return manifest


# -- filling settlements, here or in several processes ------------------------------------------


@dataclass
class _Filler:
    settings: Settings
    county: places.County
    only: str | None
    rules: Rules
    catalogue: Catalogue
    firsts: list[int]


_filler: _Filler | None = None


def _start(settings: Settings, only: str | None, rules: Path | None) -> None:
    global _filler
    county = places.plan(settings.residents, settings.seed, settings.division)
    rows = read(rules)
    firsts, first = [], 0
    for place in county.settlements:
        firsts.append(first)
        first += place.size
    _filler = _Filler(settings, county, only, rows, Catalogue(rows), firsts)


def _parts(
    settings: Settings,
    county: places.County,
    only: str | None,
    rules: Path | None,
    processes: int | None,
) -> Iterator[Part]:
    numbers = range(len(county.settlements))
    count = processes or (1 if settings.residents < ALONE_BELOW else os.cpu_count() or 1)
    if count == 1:
        _start(settings, only, rules)
        yield from map(_fill, numbers)
        return
    context = multiprocessing.get_context("spawn")
    with context.Pool(min(count, len(numbers)), _start, (settings, only, rules)) as pool:
        yield from pool.imap(_fill, numbers)


def _fill(number: int) -> Part:
    filler = cast(_Filler, _filler)
    settings, county, only = filler.settings, filler.county, filler.only
    place = county.settlements[number]
    first = filler.firsts[number]
    players = scenes.CAST if place.size >= len(scenes.CAST) else ()
    residents = people.make_residents(county, place, first, settings.seed, settings.end, players)
    part = Part(place.name)
    part.counts["residents"] = len(residents)
    pages: dict[str, bytes] = {}
    entries = people.entries(residents, place, settings.seed)
    if only in (None, "truth", "people"):
        part.counts["entries"] = len(entries)
        pages["truth/people.csv.gz"] = _rows(
            (
                row.id, row.name, row.source, row.sex, row.birth_date, row.id_type,
                row.id_number, row.phone, row.address, row.mother_id,
            )
            for row in entries
        )  # fmt: skip
        pages["truth/links.csv.gz"] = _rows((row.id, row.person) for row in entries)
    if only != "people":
        lives, near = _lives(filler, number, residents)
        _write_claims(filler, lives, near, part, pages)
        if only in (None, "fhir"):
            by_type: dict[str, list[bytes]] = {}
            for life in lives:
                for resource in resources.of_life(life, settings.end):
                    kind = resource["resourceType"]
                    by_type.setdefault(kind, []).append(
                        orjson.dumps(resource, option=orjson.OPT_APPEND_NEWLINE)
                    )
            at_home = {resident.id: resident for resident in residents}
            for row in people.registered_twice(entries, residents):
                second = resources.second_patient(row, at_home[row.person], county.hospital)
                by_type.setdefault("Patient", []).append(
                    orjson.dumps(second, option=orjson.OPT_APPEND_NEWLINE)
                )
            for kind, bodies in by_type.items():
                pages[f"fhir/{kind}.ndjson.gz"] = b"".join(bodies)
                part.types[kind] = len(bodies)
    for name, page in pages.items():
        if page and _wanted(name, only):
            part.members[name] = gzip.compress(page, LEVEL, mtime=0)
    return part


def _wanted(name: str, only: str | None) -> bool:
    if only is None:
        return True
    if only == "people":
        return name in ("truth/people.csv.gz", "truth/links.csv.gz")
    return _PART_OF.get(name, name.split("/")[0]) == only


def _lives(
    filler: _Filler, number: int, residents: list[Resident]
) -> tuple[list[Life], list[tuple[str, Life, Visit, str, str]]]:
    settings, county = filler.settings, filler.county
    chance = random.Random(f"{settings.seed}:care:{number}")
    care = Care(county, filler.catalogue, chance, settings.start, settings.end, settings.density)
    lives = []
    for resident in residents:
        role = scenes.is_cast(resident) if number == 0 else ""
        if role:
            resident.ills = scenes.ills_of(role, settings.end)
        life = Life(resident)
        if role:
            scenes.play(role, life, care, filler.rules)
        care.live(life)
        lives.append(life)
    sower = random.Random(f"{settings.seed}:planting:{number}")
    care.chance = sower
    planter = Planter(county, filler.catalogue, filler.rules, care, sower)
    near: list[tuple[str, Life, Visit, str, str]] = []
    used: set[int] = set(range(len(scenes.CAST))) if number == 0 else set()
    for at, kind in enumerate(KINDS):
        for _ in range(_quota(settings.residents, len(county.settlements), number, at)):
            _sow(lives, used, sower, partial(planter.try_violation, kind=kind))
            made = _sow(lives, used, sower, partial(planter.try_near_miss, kind=kind))
            if made is not None:
                life, (visit, key, why) = made
                near.append((kind, life, visit, key, why))
    return lives, near


def _quota(residents: int, settlements: int, number: int, at: int) -> int:
    """How many of the `at`th class fall to a settlement: three or more in the county."""
    total = max(4, residents // 400)
    own, left = divmod(total, settlements)
    return own + (1 if (number - at * 5) % settlements < left else 0)


def _sow(
    lives: list[Life], used: set[int], chance: random.Random, attempt: Callable[[Life], Any]
) -> Any:
    for step in range(160):
        at = chance.randrange(len(lives))
        if at in used and step < 100 or lives[at].resident.index < len(scenes.CAST):
            continue
        made = attempt(lives[at])
        if made:
            used.add(at)
            return lives[at], made
    return None


def _write_claims(
    filler: _Filler,
    lives: list[Life],
    near: list[tuple[str, Life, Visit, str, str]],
    part: Part,
    pages: dict[str, bytes],
) -> None:
    persons: list[tuple[str, ...]] = []
    visits: list[tuple[str, ...]] = []
    fees: list[str] = []
    truth: list[tuple[str, ...]] = []
    relations: list[tuple[str, ...]] = []
    lines_of: dict[int, list[tuple[str, str]]] = {}
    wanted = {id(entry[2]) for entry in near}
    for life in lives:
        resident = life.resident
        person, encounters, lines = oracle_rows(life)
        persons.append((person.psn_no, person.gend, person.brdy.isoformat()))
        claimed = {visit.mdtrt_id: visit for visit in life.visits if visit.mdtrt_id}
        for encounter in encounters:
            visits.append(
                (
                    encounter.mdtrt_id, encounter.psn_no, encounter.institution,
                    str(encounter.level), encounter.kind, encounter.internet,
                    encounter.insutype, encounter.start.isoformat(), encounter.end.isoformat(),
                    claimed[encounter.mdtrt_id].place.name,
                )
            )  # fmt: skip
        planted_lines: set[str] = set()
        at = 0
        for encounter in encounters:
            visit = claimed[encounter.mdtrt_id]
            for charge in visit.charges:
                line = lines[at]
                at += 1
                price, amount = charge.price_fen, charge.price_fen * charge.cnt
                fees.append(
                    f"{line.sn},{line.mdtrt_id},{line.psn_no},{line.day},{line.code},"
                    f"{_quoted(charge.name)},{charge.cnt},"
                    f"{price // 100}.{price % 100:02d},{amount // 100}.{amount % 100:02d}\r\n"
                )
                if visit.planted:
                    planted_lines.add(line.sn)
                if id(visit) in wanted:
                    lines_of.setdefault(id(visit), []).append((line.sn, line.code))
        for finding in findings([person], encounters, lines, filler.rules):
            numbers = f"{finding.violating_lines}|{finding.involved_lines}".split("|")
            planted = any(number in planted_lines for number in numbers) or (
                finding.kind == "READMIT_15D"
                and (claimed[finding.mdtrt_id].planted or claimed[finding.rule_key].planted)
            )
            (part.planted if planted else part.natural)[finding.kind] += 1
            truth.append((*finding, "planted" if planted else "natural"))
        relations.extend(_relations(life, resident, filler.settings.start))
        if resident.index < len(scenes.CAST) and scenes.is_cast(resident):
            part.demo[scenes.is_cast(resident)] = {
                "patient": resident.id,
                "psn_no": resident.psn_no,
            }
    misses: list[tuple[str, ...]] = []
    for kind, life, visit, key, why in near:
        codes = key.split(">")
        numbers2 = sorted(
            sn
            for sn, code in lines_of.get(id(visit), ())
            if code in codes or filler.rules.course.get(code, ("", 0))[0] == key
        )
        misses.append(
            (
                kind, key, life.resident.psn_no, visit.mdtrt_id, visit.start.isoformat(),
                "|".join(numbers2), why,
            )
        )  # fmt: skip
        part.near[kind] += 1
    part.counts["visits"] = len(visits)
    part.counts["stays"] = sum(1 for row in visits if row[4] == "2")
    part.counts["lines"] = len(fees)
    part.counts["findings"] = len(truth)
    pages["exchange/person.csv.gz"] = _rows(persons)
    pages["exchange/mdtrt.csv.gz"] = _rows(visits)
    pages["exchange/fee.csv.gz"] = "".join(fees).encode()
    pages["truth/findings.csv.gz"] = _rows(truth)
    pages["truth/near_misses.csv.gz"] = _rows(misses)
    pages["relations.csv.gz"] = _rows(relations)


def _relations(life: Life, resident: Resident, start: date) -> Iterator[tuple[str, ...]]:
    home = resident.settlement
    yield (
        resident.psn_no,
        home.clinic.code,
        "family_doctor",
        max(start, resident.born).isoformat(),
        "",
    )
    seen: dict[str, list[date]] = {}
    for visit in life.visits:
        spans = seen.setdefault(visit.place.code, [visit.start, visit.end])
        spans[1] = max(spans[1], visit.end)
    for code, (first, last) in sorted(seen.items()):
        yield (
            resident.psn_no, code, "treats", first.isoformat(),
            (last + timedelta(days=90)).isoformat(),
        )  # fmt: skip


# -- files --------------------------------------------------------------------------------------


def _quoted(text: str) -> str:
    return f'"{text}"' if "," in text or '"' in text else text


def _rows(rows: Iterable[tuple[str, ...]]) -> bytes:
    page = io.StringIO(newline="")
    csv.writer(page).writerows(rows)
    return page.getvalue().encode()


class _Files:
    """The open files of a county; each settlement adds one gzip member to each."""

    def __init__(self, folder: Path, only: str | None) -> None:
        self.folder, self.only = folder, only
        self.open: dict[str, Any] = {}
        self.waiting: dict[str, list[bytes]] = {}

    def __enter__(self) -> _Files:
        for name, header in HEADERS.items():
            if _wanted(name, self.only):
                self._add(name, gzip.compress(_rows([header]), LEVEL, mtime=0))
        return self

    def __exit__(self, *_: object) -> None:
        for file in self.open.values():
            file.close()

    def resource(self, resource: resources.Resource, part: Part) -> None:
        kind = resource["resourceType"]
        part.types[kind] += 1
        self.waiting.setdefault(f"fhir/{kind}.ndjson.gz", []).append(
            orjson.dumps(resource, option=orjson.OPT_APPEND_NEWLINE)
        )

    def take(self, part: Part) -> None:
        self._flush()
        for name, member in part.members.items():
            self._add(name, member)

    def names(self) -> list[str]:
        self._flush()
        return sorted(self.open)

    def _flush(self) -> None:
        for name, bodies in self.waiting.items():
            self._add(name, gzip.compress(b"".join(bodies), LEVEL, mtime=0))
        self.waiting.clear()

    def _add(self, name: str, member: bytes) -> None:
        file = self.open.get(name)
        if file is None:
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            file = self.open[name] = path.open("wb")
        file.write(member)


@contextmanager
def _writable(out: Path) -> Iterator[Path]:
    """A folder inside `out` that is moved up when all is written, and removed otherwise."""
    made = not out.exists()
    inside = out / ".building"
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise Conflict(f"{out} is not empty.", "Name a new folder with --out, or empty it.")
        inside.mkdir()
        yield inside
        for path in sorted(inside.iterdir()):
            path.rename(out / path.name)
        inside.rmdir()
    except OSError as error:
        _remove(inside, out if made else None)
        raise _explained(error, out) from error
    except BaseException as error:
        if not isinstance(error, Conflict):
            _remove(inside, out if made else None)
        raise


def _remove(inside: Path, out: Path | None) -> None:
    shutil.rmtree(inside, ignore_errors=True)
    if out is not None:
        shutil.rmtree(out, ignore_errors=True)


def _explained(error: OSError, out: Path) -> Exception:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Busy(
            "The disk is full; nothing was kept.", "Free some space, or choose another --out."
        )
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return Incorrect(f"{out} is a file.", "Name a folder with --out.")
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return Incorrect(f"{out} cannot be written.", "Choose a folder that you may write to.")
    return Busy(f"{out} could not be written: {error.strerror}.", "Try again, or another --out.")
