"""The rows of `knowledge/`: settings and indicators."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from taihe.kernel.knowledge import Cells, read_table

KNOWLEDGE = Path(__file__).parent / "knowledge"
Form = Literal["share", "mean", "money"]


@dataclass(frozen=True)
class Indicator:
    """
    How an indicator is shown: its definition's key, and what its numbers are.

    `form`: a share (percent), a mean, or money (numerator in fen). `split`: by where people
    live (township, signed clinic) or by where they were treated (tier, institution).
    `look_change` is the change of the county's value (of 1 for a share, else relative) from
    which the morning brief asks somebody to look.
    """

    key: str
    form: Form
    split: Literal["home", "care"]
    better: str
    target: float | None
    look_change: float
    is_example: bool

    @property
    def is_share(self) -> bool:
        """Whether the numerator counts a part of what the denominator counts."""
        return self.form == "share"

    def value(self, numerator: int, denominator: int) -> float | None:
        """The figure in its unit; None without a denominator."""
        if not denominator:
            return None
        scale = {"share": 100, "mean": 1, "money": 0.01}[self.form]
        return numerator * scale / denominator


@dataclass(frozen=True)
class Settings:
    """The numbers of `settings.csv`."""

    minimum_cell: int
    division: str
    window_days: int
    brief_days: int
    quality_days: int


@lru_cache
def indicators() -> dict[str, Indicator]:
    """The indicators by key, in the order of the page."""

    def make(cells: Cells) -> tuple[int, Indicator]:
        target = cells.optional("target")
        return cells.whole("nth"), Indicator(
            key=cells.text("key"),
            form=cells.choice("form", ("share", "mean", "money")),  # type: ignore[arg-type]
            split=cells.choice("split", ("home", "care")),  # type: ignore[arg-type]
            better=cells.optional("better"),
            target=float(target) if target else None,
            look_change=float(cells.text("look_change")),
            is_example=cells.choice("status", ("published", "example")) == "example",
        )

    table = read_table(KNOWLEDGE / "indicators.csv", make, required=("key", "nth", "source"))
    return {one.key: one for _, one in sorted(table.checked(), key=lambda row: row[0])}


@lru_cache
def settings() -> Settings:
    """The settings of this installation."""

    def make(cells: Cells) -> tuple[str, str]:
        return cells.text("name"), cells.text("value")

    rows = dict(
        read_table(KNOWLEDGE / "settings.csv", make, required=("name", "value", "source")).checked()
    )
    return Settings(
        minimum_cell=int(rows["minimum_cell"]),
        division=rows["division"],
        window_days=int(rows["window_days"]),
        brief_days=int(rows["brief_days"]),
        quality_days=int(rows["quality_days"]),
    )
