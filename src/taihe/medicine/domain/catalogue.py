"""
The catalogue of drugs and slices, searched by name, pinyin initials, pinyin and code.

The same name often has many national codes, one for each maker and package; a search answers
with names, and says how many codes a name has.
"""

from __future__ import annotations

import gzip
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from taihe.kernel.knowledge import Cells, decode, parse_table

TABLE = Path(__file__).parents[1] / "knowledge" / "catalogue.csv.gz"
KINDS = ("western", "patent", "slice")
KIND_WORDS = {"western": "西药", "patent": "中成药", "slice": "中药饮片"}
FOR = {"western": ("western", "patent"), "tcm": ("slice",)}
"""Kinds of drugs that a kind of prescription may hold."""


@dataclass(frozen=True, slots=True)
class Drug:
    """
    One drug or slice. `code` is national (or a neutral one of the demo county), empty for a
    slice that is known by its name only. `unit` and `usage` are usual values, may be empty.
    """

    code: str
    name: str
    kind: Literal["western", "patent", "slice"]
    unit: str
    usage: str
    initials: str
    pinyin: str
    source: str


@dataclass(frozen=True, slots=True)
class Found:
    """A name that was found: the first of its codes, and how many codes the name has."""

    drug: Drug
    codes: int


@dataclass(frozen=True)
class Catalogue:
    """Drugs by code and by name."""

    by_code: dict[str, Drug]
    by_name: dict[str, tuple[Drug, ...]]


def _read(cells: Cells) -> Drug:
    return Drug(
        cells.optional("code"),
        cells.text("name"),
        cells.choice("kind", KINDS),  # type: ignore[arg-type]
        cells.optional("unit"),
        cells.optional("usage"),
        cells.optional("initials"),
        cells.optional("pinyin"),
        cells.text("source"),
    )


@cache
def catalogue() -> Catalogue:
    """The shipped catalogue."""
    text = decode(gzip.decompress(TABLE.read_bytes()), file=TABLE.name)
    return make(parse_table(text, _read, required=("code", "name"), name=TABLE.name).checked())


def make(drugs: Iterable[Drug]) -> Catalogue:
    """A catalogue of these drugs."""
    by_code: dict[str, Drug] = {}
    by_name: dict[str, list[Drug]] = {}
    for drug in drugs:
        if drug.code:
            by_code[drug.code] = drug
        by_name.setdefault(drug.name, []).append(drug)
    return Catalogue(by_code, {name: tuple(same) for name, same in by_name.items()})


def normal(text: str) -> str:
    """What is compared: full width becomes half width, no blanks, small letters."""
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


def search(text: str, *, kinds: Sequence[str] = KINDS, limit: int = 20) -> list[Found]:
    """
    Names that match, the best first: whole names, beginnings, then parts.

    A text of letters is compared with pinyin initials and pinyin, one with a digit with codes,
    everything else with names. An empty text finds nothing.
    """
    wanted = normal(text)
    if not wanted:
        return []
    known = catalogue()
    if wanted.isascii() and any(letter.isdigit() for letter in wanted):
        by_code = [
            drug
            for code, drug in known.by_code.items()
            if code.casefold().startswith(wanted) and drug.kind in kinds
        ]
        if by_code:
            return [Found(drug, 1) for drug in sorted(by_code, key=lambda d: d.code)[:limit]]
    ranked = []
    for name, same in known.by_name.items():
        drug = same[0]
        if drug.kind not in kinds:
            continue
        rank = _rank(drug, wanted)
        if rank is not None:
            ranked.append((rank, len(name), name, Found(drug, sum(bool(d.code) for d in same))))
    ranked.sort(key=lambda row: row[:3])
    return [found for *_, found in ranked[:limit]]


def resolve(text: str, *, kinds: Sequence[str] = KINDS) -> Drug | list[Found]:
    """
    The drug that a written name, pinyin or code means, or the candidates to ask back with.

    A whole name or whole code is one drug; so are initials or pinyin that are those of one name
    only, and anything that only one name matches.
    `名称 编码`, as the list of suggestions writes it, is read by its code. No candidate: [].
    """
    known = catalogue()
    words = text.split()
    for word in (text.strip(), *(words[-1:] if len(words) > 1 else ())):
        drug = known.by_code.get(word.upper())
        if drug is not None and drug.kind in kinds:
            return drug
    plain = normal(text)
    for name in (unicodedata.normalize("NFKC", text).strip(), text.strip(), plain):
        same = [drug for drug in known.by_name.get(name, ()) if drug.kind in kinds]
        if same:
            return same[0]
    found = search(text, kinds=kinds, limit=8)
    whole = [one.drug for one in found if plain in (one.drug.initials, one.drug.pinyin)]
    if len(whole) == 1:
        return whole[0]
    return found[0].drug if len(found) == 1 else found


def _rank(drug: Drug, wanted: str) -> int | None:
    if not wanted.isascii():
        name = normal(drug.name)
        if name == wanted:
            return 0
        if name.startswith(wanted):
            return 1
        return 2 if wanted in name else None
    if wanted in (drug.initials, drug.pinyin):
        return 0
    if drug.initials.startswith(wanted):
        return 1
    if drug.pinyin.startswith(wanted):
        return 2
    return 3 if len(wanted) > 1 and wanted in drug.initials else None
