"""
A bulletin: the figures of a convention, frozen, with a fingerprint that another computer gets too.

The bulletin is canonical JSON (UTF-8, keys sorted, no blanks, one line feed at its end) and its
fingerprint the SHA-256 of these bytes. It names the SHA-256 of its table of projects. The table
alone is enough to compute the bulletin again: event, edition and day stand in its columns.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from taihe.kernel.errors import Incorrect
from taihe.kernel.knowledge import BadCell, Cells, parse_table
from taihe.zone.domain.figures import Figure, compute
from taihe.zone.domain.projects import LINE, Facts, Stage

FORM = "taihe.zone.bulletin/1"


@dataclass(frozen=True)
class Heading:
    """Whose figures, which edition, as of which day."""

    event: str
    event_name: str
    edition: int
    as_of: date
    synthetic: bool


@dataclass(frozen=True)
class Line:
    """One project of the bulletin's table: its register words, and its facts."""

    name: str
    investor: str
    industry: str
    facts: Facts


@dataclass(frozen=True)
class Bulletin:
    """The canonical bytes, their fingerprint, and what they say."""

    heading: Heading
    figures: tuple[Figure, ...]
    table: bytes
    body: bytes

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical bytes, 64 hexadecimal digits."""
        return hashlib.sha256(self.body).hexdigest()


COLUMNS = (
    "event", "event_name", "edition", "as_of", "synthetic",
    "project", "name", "investor", "industry", "zone", "stage",
    "investment_fen", "contract_fen", "funds_fen",
    *(f"{stage.value}_on" for stage in LINE),
)  # fmt: skip


def make(heading: Heading, lines: Sequence[Line]) -> Bulletin:
    """The bulletin of these projects; the order of `lines` does not matter."""
    table = write_table(heading, lines)
    figures = compute(line.facts for line in lines)
    document = {
        "form": FORM,
        "event": heading.event,
        "event_name": heading.event_name,
        "edition": heading.edition,
        "as_of": heading.as_of.isoformat(),
        "synthetic": heading.synthetic,
        "projects": {"rows": len(lines), "sha256": hashlib.sha256(table).hexdigest()},
        "figures": [
            {
                "key": figure.key,
                "unit": figure.unit,
                "numerator": figure.numerator,
                "denominator": figure.denominator,
                "printed": figure.printed,
            }
            for figure in figures
        ],
    }
    return Bulletin(heading, figures, table, canonical(document))


def canonical(document: object) -> bytes:
    """Canonical JSON of whole numbers, text, lists and objects."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode() + b"\n"


def write_table(heading: Heading, lines: Sequence[Line]) -> bytes:
    """The table of projects as CSV: UTF-8, line feeds, one row per project in order of its key."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for line in sorted(lines, key=lambda one: one.facts.project):
        facts = line.facts
        reached = [facts.reached.get(stage) for stage in LINE]
        writer.writerow(
            [
                heading.event, heading.event_name, heading.edition, heading.as_of.isoformat(),
                "yes" if heading.synthetic else "no",
                facts.project, line.name, line.investor, line.industry, facts.zone,
                facts.stage.value, facts.investment_fen, facts.contract_fen, facts.funds_fen,
                *(day.isoformat() if day else "" for day in reached),
            ]
        )  # fmt: skip
    return out.getvalue().encode()


def read_table(text: str, *, name: str) -> tuple[Heading, list[Line]]:
    """
    Read a table that `write_table` wrote, also after a spreadsheet has re-saved it.

    A bad row, a project twice, or rows of two bulletins refuse the file: a figure of a part
    would be wrong.
    """
    table = parse_table(text, _line, required=COLUMNS, name=name)
    rows = table.checked()
    if not rows:
        raise Incorrect(f"{name}: the table has no projects.", "Export it again.")
    headings = {heading for heading, _ in rows}
    if len(headings) > 1:
        raise Incorrect(
            f"{name}: the rows name {len(headings)} different bulletins.",
            "Keep the rows of one event, edition and day.",
        )
    seen: set[str] = set()
    for _, line in rows:
        if line.facts.project in seen:
            raise Incorrect(
                f"{name}: project {line.facts.project} occurs twice.", "Remove one of the rows."
            )
        seen.add(line.facts.project)
    return rows[0][0], [line for _, line in rows]


def _line(cells: Cells) -> tuple[Heading, Line]:
    as_of = cells.day("as_of")
    if as_of is None:
        raise BadCell("as_of", "as_of is empty.", "Write YYYY-MM-DD.")
    heading = Heading(
        event=cells.text("event"),
        event_name=cells.text("event_name"),
        edition=cells.whole("edition"),
        as_of=as_of,
        synthetic=cells.choice("synthetic", ("yes", "no")) == "yes",
    )
    reached: dict[Stage, date] = {}
    for stage in LINE:
        day = cells.day(f"{stage.value}_on")
        if day is not None:
            if day > as_of:
                raise BadCell(f"{stage.value}_on", "The day is after as_of.", "Correct the day.")
            reached[stage] = day
    facts = Facts(
        project=cells.text("project"),
        zone=cells.optional("zone"),
        stage=Stage(cells.choice("stage", [stage.value for stage in Stage])),
        investment_fen=_amount(cells, "investment_fen"),
        contract_fen=_amount(cells, "contract_fen"),
        funds_fen=_amount(cells, "funds_fen"),
        reached=reached,
    )
    line = Line(cells.text("name"), cells.text("investor"), cells.text("industry"), facts)
    return heading, line


def _amount(cells: Cells, column: str) -> int:
    amount = cells.whole(column)
    if amount < 0:
        raise BadCell(column, f"{column} is negative.", "Write whole fen.")
    return amount
