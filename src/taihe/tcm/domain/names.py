"""
Names of herbs as people write them, resolved to the herb that the rules speak of.

A name is never guessed: it stands in the reviewed table, or it is a table name behind words
of processing (炙, 醋制, 片 …), or it is asked back. 白附片 is 附子, 白附子 is not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

RAW = "raw"

_BRACKETS = re.compile(r"[(（\[【〔［]([^)）\]】〕］]*)[)）\]】〕］]")
_DOSE = re.compile(r"\d+(\.\d+)?(g|克|mg|毫克)?$", re.IGNORECASE)
_NOISE = re.compile(r"[\s·、,，。.*＊※'\"“”_-]+")


@dataclass(frozen=True)
class Alias:
    """
    A written name and its herb; `form` is `raw` where the name says 生.

    An empty herb with `candidates` is a name that several herbs share: it is asked back.
    With `sure` false the name usually means the herb and has other meanings too.
    """

    written: str
    herb: str
    form: str
    sure: bool
    reason: str
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Affix:
    """A word of processing or packing before or after a name, that leaves the herb the same."""

    text: str
    suffix: bool
    form: str


@dataclass(frozen=True)
class Herb:
    """A herb the rules know; `base` is what it is made from, `acts_as` what pairs take it for."""

    name: str
    base: str
    acts_as: str

    @property
    def family(self) -> frozenset[str]:
        """The herb and its base."""
        return frozenset(name for name in (self.name, self.base) if name)

    @property
    def in_pairs(self) -> frozenset[str]:
        """The names under which the incompatibility rows look for it."""
        return frozenset(name for name in (self.name, self.acts_as) if name)


@dataclass(frozen=True)
class Resolved:
    """What a written name means; without herb it is unknown, or asked back with candidates."""

    written: str
    herb: str
    form: str = ""
    reason: str = ""
    sure: bool = True
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True)
class NameTable:
    """The herbs, the written names, the words of processing, and characters written otherwise."""

    herbs: Mapping[str, Herb]
    aliases: Mapping[str, Alias]
    affixes: tuple[Affix, ...]
    characters: Mapping[str, str]
    _table: Mapping[int, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_table", str.maketrans(dict(self.characters)))

    def normal(self, text: str) -> str:
        """Full width folded, spaces and marks dropped, traditional characters simplified."""
        text = unicodedata.normalize("NFKC", text)
        return _NOISE.sub("", text).translate(self._table)

    def resolve(self, written: str, processing: str | None = None) -> Resolved:
        """
        What a written name means, with its processing if that stands apart.

        Words in brackets are tried before the name (川乌(制) is 制川乌, 芍药(白) is 白芍);
        notes such as 先煎 fall away.
        """
        core, notes = self._split(written)
        for word in (*notes, self.normal(processing or "")):
            if word and (found := self._known(word + core)):
                return self._resolved(written, *found)
        for text in (core, _DOSE.sub("", core)):
            if found := self._known(text):
                return self._resolved(written, *found)
        return Resolved(written, "", reason="名称表中没有此药名", sure=False)

    def _split(self, written: str) -> tuple[str, list[str]]:
        folded = unicodedata.normalize("NFKC", written)
        notes = [self.normal(note) for note in _BRACKETS.findall(folded)]
        return self.normal(_BRACKETS.sub("", folded)), notes

    def _known(self, text: str) -> tuple[Alias, str] | None:
        """The row of a name, as it stands or behind up to three words of processing."""
        level: dict[str, tuple[str, str]] = {text: ("", "")}
        for _ in range(4):
            for name, (removed, form) in level.items():
                if row := self._row(name):
                    return _with_form(row, form), removed
            following: dict[str, tuple[str, str]] = {}
            for name, (removed, form) in level.items():
                for shorter, affix in self._shorter(name):
                    words = f"{removed}、{affix.text}" if removed else affix.text
                    following.setdefault(shorter, (words, affix.form or form))
            level = following
        return None

    def _shorter(self, name: str) -> Iterator[tuple[str, Affix]]:
        for affix in self.affixes:
            rest = len(name) - len(affix.text)
            if rest < 2:
                continue
            if affix.suffix and name.endswith(affix.text):
                yield name[:rest], affix
            elif not affix.suffix and name.startswith(affix.text):
                yield name[len(affix.text) :], affix

    def _row(self, name: str) -> Alias | None:
        if name in self.herbs:
            return Alias(name, name, "", True, "")
        return self.aliases.get(name)

    def _resolved(self, written: str, row: Alias, removed: str) -> Resolved:
        reason = row.reason
        if removed:
            said = f"炮制或规格用语“{removed}”"
            reason = f"{said}；{reason}" if reason else said
        return Resolved(written, row.herb, row.form, reason, row.sure, row.candidates)


def _with_form(row: Alias, form: str) -> Alias:
    if not form or row.form:
        return row
    return Alias(row.written, row.herb, form, row.sure, row.reason, row.candidates)
