"""
`taihe zone assess`: scores and ranks of the units of a table under a scheme.

SCHEME is an `imeta` table, or a build object (or a list of them) in the form of
`cases_public.json`; the tree of a build stands beside the data as `*imeta.csv`. A table of
several years (column Time with more than one year) is scaled jointly and ranked year by year.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taihe.kernel.errors import Incorrect, Problem
from taihe.kernel.index_engine.aggregation import ranks
from taihe.kernel.index_engine.build import Options, Result, Units, assess, options_of
from taihe.kernel.index_engine.tree import Tree, read_tree
from taihe.kernel.knowledge import decode

EMPTY = ("", "NA", "NaN", "null")
GROUP = "EurAsia_group"


@dataclass(frozen=True)
class Data:
    """A table of units: its text cells, and their values as the engine reads them."""

    header: tuple[str, ...]
    cells: tuple[dict[str, str], ...]
    units: Units
    years: tuple[str, ...]


def text_of(path: Path) -> str:
    """The text of a file, UTF-8 or GB 18030."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Incorrect(f"{path}: cannot be read ({error.strerror}).", "Check the path.") from None
    return decode(raw, file=path.name)


def read_data(path: Path, tree: Tree) -> Data:
    """
    Read the units; every bad cell is listed by line and column.

    A unit that occurs twice in a year, or a value that is no number, refuses the file: a rank
    over the rest would be a rank of something else.
    """
    reader = csv.DictReader(io.StringIO(text_of(path), newline=""))
    header = tuple(reader.fieldnames or ())
    codes = [node.code for node in tree.indicators]
    needed = [*codes, *{node.denominator for node in tree.indicators if node.denominator}]
    missing = [name for name in ("uCode", *needed) if name not in header]
    if missing:
        raise Incorrect(
            f"{path.name}: the column {', '.join(missing[:5])} is missing.",
            "The data needs uCode, every indicator and every denominator of the scheme.",
        )
    rows = list(reader)
    problems = _problems(path.name, rows, needed)
    if problems:
        raise Incorrect(
            "\n".join(str(problem) for problem in problems[:20]),
            f"{len(problems)} cells cannot be read; correct them and run again.",
        )
    if len(rows) < 2:
        raise Incorrect(f"{path.name}: there are fewer than two units.", "Nothing can be ranked.")
    columns = {name: [_number(row[name]) for row in rows] for name in needed}
    groups = {name: [row[name] for row in rows] for name in tree.groups if name in header}
    units = Units(tuple(row["uCode"] for row in rows), columns, groups)
    return Data(header, tuple(rows), units, tuple(row.get("Time") or "" for row in rows))


def _number(text: str) -> float | None:
    return None if text.strip() in EMPTY else float(text)


def _problems(file: str, rows: Sequence[Mapping[str, Any]], needed: Sequence[str]) -> list[Problem]:
    found: list[Problem] = []
    seen: set[tuple[str, str]] = set()
    for line, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            found.append(Problem(file, line, None, "structure", "The row has not as many cells as "
                                 "the header.", "Check commas and quotes."))  # fmt: skip
            continue
        unit = (row["uCode"], row.get("Time") or "")
        if unit in seen:
            found.append(Problem(file, line, "uCode", "value", f"{unit[0]} occurs twice.",
                                 "Keep one row per unit and year."))  # fmt: skip
        seen.add(unit)
        for name in needed:
            if not _is_number(row[name]):
                found.append(Problem(file, line, name, "value", f"{name} is not a number.",
                                     "Write digits, or leave it empty."))  # fmt: skip
    return found


def _is_number(text: str) -> bool:
    try:
        value = _number(text)
    except ValueError:
        return False
    return value is None or math.isfinite(value)


@dataclass(frozen=True)
class Scheme:
    """What SCHEME says: one or more builds over a tree."""

    tree: Tree
    builds: tuple[dict[str, Any], ...]
    is_list: bool = False


def read_scheme(path: Path, *, beside: Path) -> Scheme:
    """An `imeta` table (the nominal build), or build objects with the tree beside the data."""
    text = text_of(path)
    if path.suffix.lower() != ".json":
        return Scheme(read_tree(text, name=path.name), ())
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise Incorrect(
            f"{path.name}:{error.lineno}: the text is not JSON ({error.msg}).", "Correct this line."
        ) from None
    builds = document if isinstance(document, list) else [document]
    if not builds or not all(isinstance(one, dict) for one in builds):
        raise Incorrect(f"{path.name}: there is no build object.", "See cases_public.json.")
    tree_path = _beside("*imeta.csv", path, beside)
    return Scheme(
        read_tree(text_of(tree_path), name=tree_path.name),
        tuple(builds),
        isinstance(document, list),
    )


def _beside(pattern: str, *files: Path) -> Path:
    for folder in dict.fromkeys(file.resolve().parent for file in files):
        found = sorted(folder.glob(pattern))
        if len(found) == 1:
            return found[0]
        if found:
            raise Incorrect(
                f"{folder} has {len(found)} files {pattern}.", "Keep the one that is meant."
            )
    raise Incorrect(f"There is no {pattern} beside the data or the scheme.", "Put the file there.")


def tree_of(scheme: Scheme, build: Mapping[str, Any], *files: Path) -> Tree:
    """The tree with the weights of a build: `equal`, a name (`<name>_weights.csv`), or an object."""
    weights = build.get("weights", "equal")
    if weights in ("equal", None):
        return scheme.tree
    if isinstance(weights, Mapping):
        return scheme.tree.weighted({str(code): float(value) for code, value in weights.items()})
    return scheme.tree.weighted(read_weights(_beside(f"{weights}_weights.csv", *files)))


def read_weights(path: Path) -> dict[str, float]:
    """A table iCode, Weight."""
    rows = csv.DictReader(io.StringIO(text_of(path), newline=""))
    try:
        return {row["iCode"]: float(row["Weight"]) for row in rows}
    except (KeyError, ValueError):
        raise Incorrect(f"{path.name}: iCode or Weight cannot be read.", "Write both.") from None


def nominal(tree: Tree, data: Data) -> Options:
    """The nominal build: the first grouping column fills what is missing."""
    preferred = GROUP if GROUP in data.units.groups else next(iter(data.units.groups), "")
    return Options(impute_group=preferred)


def run(tree: Tree, data: Data, options: Options) -> tuple[Result, list[int | None]]:
    """The result, and ranks within each year."""
    result = assess(tree, data.units, options)
    index = result.scores[tree.root.code]
    years = dict.fromkeys(data.years)
    if len(years) < 2:
        return result, result.ranks
    within: list[int | None] = [None] * len(index)
    for year in years:
        places = [place for place, one in enumerate(data.years) if one == year]
        for place, rank in zip(places, ranks([index[place] for place in places]), strict=True):
            within[place] = rank
    return result, within


def rows_of(tree: Tree, data: Data, options: Options) -> list[dict[str, Any]]:
    """One row per unit: uCode, Rank, then the index and every aggregate below it."""
    result, places = run(tree, data, options)
    nodes = sorted(tree.aggregates(), key=lambda node: -node.level)
    several = len(set(data.years)) > 1
    return [
        {
            "uCode": unit,
            **({"Time": data.years[place]} if several else {}),
            "Rank": places[place],
            **{node.code: _round(result.scores[node.code][place]) for node in nodes},
        }
        for place, unit in enumerate(data.units.names)
    ]


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 12)


def answer_builds(scheme: Scheme, data: Data, *files: Path) -> Any:
    """The build objects as they came, each with its rows under `taihe`."""
    answered = []
    for build in scheme.builds:
        preferred = nominal(scheme.tree, data).impute_group
        options = options_of(build, group=preferred)
        rows = rows_of(tree_of(scheme, build, *files), data, options)
        answered.append({**build, "taihe": {"results": rows}})
    return answered if scheme.is_list else answered[0]


def table_of(tree: Tree, data: Data) -> str:
    """The data as it came, with the columns taihe_Rank, taihe_Index and so on added."""
    rows = rows_of(tree, data, nominal(tree, data))
    added = [name for name in rows[0] if name not in ("uCode", "Time")]
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*data.header, *(f"taihe_{name}" for name in added)])
    for cells, row in zip(data.cells, rows, strict=True):
        values = ["" if row[name] is None else row[name] for name in added]
        writer.writerow([*(cells[name] for name in data.header), *values])
    return out.getvalue()
