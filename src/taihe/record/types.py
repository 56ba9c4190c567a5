"""
Numbers of resource types, and which types are not personal.

The numbers are stored in `record_resource.type`: append-only, never renumbered. The names are
the resource types of FHIR R4, https://hl7.org/fhir/R4/resourcelist.html.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent / "knowledge"


@cache
def _rows() -> list[tuple[int, str, bool]]:
    with (_FOLDER / "resource_types.csv").open(encoding="utf-8", newline="") as file:
        return [
            (int(row["number"]), row["type"], row["personal"] == "yes")
            for row in csv.DictReader(file)
        ]


NUMBER: Final[dict[str, int]] = {name: number for number, name, _ in _rows()}
NAME: Final[dict[int, str]] = {number: name for number, name, _ in _rows()}
# A type that may name a patient is personal, with or without a patient in it.
PERSONAL: Final[frozenset[str]] = frozenset(name for _, name, personal in _rows() if personal)
