"""Reads the shipped rows of `knowledge/` into the objects that `domain/` decides by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import TypeVar

from taihe.kernel.knowledge import BadCell, Cells, Provenance, Validity, read_table
from taihe.tcm.domain import constitution, review
from taihe.tcm.domain.names import Affix, Alias, Herb, NameTable

KNOWLEDGE = Path(__file__).parent / "knowledge"
STATUSES = ("checked", "unverified", "fact", "own")

Row = TypeVar("Row")
Rule = TypeVar("Rule", bound=review.RuleRow)


def _read(file: str, make: Callable[[Cells], Row]) -> tuple[Row, ...]:
    return read_table(KNOWLEDGE / file, make, required=("source", "status")).checked()


def _words(cells: Cells, column: str) -> tuple[str, ...]:
    return tuple(word for word in cells.optional(column).split("|") if word)


def _real(cells: Cells, column: str) -> float | None:
    value = cells.optional(column)
    try:
        return float(value) if value else None
    except ValueError:
        raise BadCell(column, f"{column} is not a number.", "Write digits.") from None


def _base(
    cells: Cells, severity: review.Result | None = None
) -> tuple[str, Provenance, Validity, str, review.Result]:
    name = "rule_row" if "rule_row" in cells else "key"
    return (
        cells.text(name),
        cells.provenance(),
        cells.validity(),
        cells.choice("status", STATUSES),
        severity or review.Result(cells.choice("severity", review.Result)),
    )


@cache
def names() -> NameTable:
    """The herbs with their written names."""

    def herb(cells: Cells) -> Herb:
        return Herb(cells.text("key"), cells.optional("base"), cells.optional("acts_as"))

    def alias(cells: Cells) -> Alias:
        return Alias(
            cells.text("key"),
            cells.optional("herb"),
            cells.optional("form"),
            cells.choice("sure", ("0", "1")) == "1",
            cells.optional("reason"),
            _words(cells, "candidates"),
        )

    def affix(cells: Cells) -> Affix:
        where = cells.choice("where", ("prefix", "suffix"))
        return Affix(cells.text("key"), where == "suffix", cells.optional("form"))

    characters = dict(
        _read("characters.csv", lambda cells: (cells.text("key"), cells.text("simplified")))
    )
    herbs = _read("herbs.csv", herb)
    table = NameTable({row.name: row for row in herbs}, {}, (), characters)
    affixes = sorted(_read("affixes.csv", affix), key=lambda row: -len(row.text))
    aliases = {table.normal(row.written): row for row in _read("names.csv", alias)}
    return NameTable(table.herbs, aliases, tuple(affixes), characters)


@cache
def _pairs() -> tuple[review.Pair, ...]:
    def make(cells: Cells) -> review.Pair:
        return review.Pair(
            *_base(cells),
            rule=cells.text("rule"),
            herb_a=cells.text("herb_a"),
            herb_b=cells.text("herb_b"),
            basis=cells.text("basis"),
        )

    return _read("incompatible_pairs.csv", make)


@cache
def _pregnancy() -> tuple[review.PregnancyRow, ...]:
    def make(cells: Cells) -> review.PregnancyRow:
        word = cells.choice("class", ("禁用", "忌用", "慎用"))
        return review.PregnancyRow(*_base(cells), herb=cells.text("herb"), word=word)

    return _read("pregnancy.csv", make)


@cache
def _toxic() -> tuple[review.ToxicRow, ...]:
    def make(cells: Cells) -> review.ToxicRow:
        return review.ToxicRow(
            *_base(cells),
            name=cells.text("name"),
            herb=cells.text("herb"),
            form=cells.optional("form"),
        )

    return _read("toxic.csv", make)


@cache
def _doses() -> tuple[review.DoseRow, ...]:
    def make(cells: Cells) -> review.DoseRow:
        return review.DoseRow(
            *_base(cells),
            herb=cells.text("herb"),
            min_g=float(cells.text("min_g")),
            max_g=float(cells.text("max_g")),
        )

    return _read("doses.csv", make)


@cache
def _formulas() -> tuple[review.Formula, ...]:
    def make(cells: Cells) -> review.Formula:
        return review.Formula(
            *_base(cells, review.Result.SIGN),
            name=cells.text("formula"),
            herbs=frozenset(_words(cells, "herbs")),
            pair=frozenset(_words(cells, "pair")),
        )

    return _read("formulas_with_pairs.csv", make)


@cache
def _formats() -> tuple[review.FormatRow, ...]:
    return _read(
        "format_rules.csv", lambda cells: review.FormatRow(*_base(cells), words=cells.text("words"))
    )


@cache
def _grams() -> dict[str, float]:
    return dict(_read("units.csv", lambda c: (c.text("key"), float(c.text("grams")))))


@cache
def review_rules(on: date | None = None, *, unverified: bool = False) -> review.ReviewRules:
    """
    The rows that hold on a day.

    Rows nobody has checked are off: an installation asks for them with `unverified`.
    """

    def live(rows: tuple[Rule, ...]) -> tuple[Rule, ...]:
        return tuple(
            row
            for row in rows
            if (unverified or row.status != "unverified") and (on is None or row.valid.holds(on))
        )

    return review.ReviewRules(
        names=names(),
        pairs=live(_pairs()),
        pregnancy=live(_pregnancy()),
        toxic=live(_toxic()),
        doses=live(_doses()),
        formulas=live(_formulas()),
        formats={row.id: row for row in _formats()},
        grams=_grams(),
    )


@cache
def questions() -> tuple[constitution.Question, ...]:
    """The items of both constitution forms."""

    def make(cells: Cells) -> constitution.Question:
        return constitution.Question(
            id=cells.text("rule_row"),
            form=cells.choice("form", ("60", "33")),
            type=cells.text("type"),
            no=cells.text("no"),
            item=cells.text("item"),
            reverse=cells.text("reverse") == "1",
            sex=cells.optional("sex"),
            provenance=cells.provenance(),
            valid=cells.validity(),
        )

    return _read("constitution_items.csv", make)


@cache
def verdicts(form: str, variant: str = "standard") -> tuple[constitution.VerdictRow, ...]:
    """The verdict rows of a form; the variant `strict` of the 33-item form reads < 8 and < 10."""

    def make(cells: Cells) -> constitution.VerdictRow:
        return constitution.VerdictRow(
            id=cells.text("rule_row"),
            form=cells.text("form"),
            variant=cells.text("variant"),
            balanced=cells.choice("kind", ("biased", "balanced")) == "balanced",
            verdict=cells.text("verdict"),
            own_from=float(cells.text("own_from")),
            others_below=_real(cells, "others_below"),
            inclusive=cells.optional("others_inclusive") == "1",
        )

    rows = _read("constitution_verdicts.csv", make)
    return tuple(row for row in rows if row.form == form and row.variant == variant)


@cache
def measure_bands() -> tuple[constitution.MeasureBand, ...]:
    """From which measure an item of the 33-item form is filled."""

    def make(cells: Cells) -> constitution.MeasureBand:
        return constitution.MeasureBand(
            no=cells.text("no"),
            measure=cells.text("measure"),
            low=_real(cells, "low"),
            below=_real(cells, "below"),
            score=cells.whole("score"),
        )

    return _read("constitution_bands.csv", make)


@cache
def remedies() -> dict[str, str]:
    """What would make a finding right: by type and result, or by the row of a format rule."""
    return dict(_read("remedies.csv", lambda c: (c.text("key"), c.text("words"))))
