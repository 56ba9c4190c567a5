"""
A build: which steps run with which options, from raw values to scores and ranks.

The file form is that of the placed `cases_public.json`: `denominate`, `impute`, `treat`,
`normalise` with `normalise_para`, `aggregate`, `weights`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from taihe.kernel.errors import Incorrect
from taihe.kernel.index_engine.aggregation import aggregated, ranks
from taihe.kernel.index_engine.steps import (
    Column,
    Treated,
    denominated,
    imputed,
    normalised,
    treated,
)
from taihe.kernel.index_engine.tree import Tree


@dataclass(frozen=True)
class Units:
    """
    The units to be ranked and their raw values.

    `columns` holds a number per unit for each indicator and denominator, `groups` a word per
    unit for each grouping column.
    """

    names: tuple[str, ...]
    columns: Mapping[str, Sequence[float | None]]
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Options:
    """
    The steps of a build.

    `impute_group` is the grouping column whose means fill what is missing, empty for none;
    `winsorise` the most points drawn in, None for no treatment.
    """

    denominate: bool = True
    impute_group: str = ""
    winsorise: int | None = 5
    normalise: str = "n_minmax"
    normalise_options: Mapping[str, Any] = field(default_factory=dict)
    aggregate: str = "a_amean"
    power: float = 1.0


@dataclass(frozen=True)
class Result:
    """Each step's columns by code, the scores of every node, and the ranks of the index."""

    units: tuple[str, ...]
    denominated: Mapping[str, Column]
    imputed: Mapping[str, Column]
    treated: Mapping[str, Treated]
    normalised: Mapping[str, Column]
    scores: Mapping[str, Column]
    ranks: list[int | None]


def assess(tree: Tree, units: Units, options: Options) -> Result:
    """Scores and ranks of all units under one scheme."""
    missing = [node.code for node in tree.indicators if node.code not in units.columns]
    if missing:
        raise Incorrect(
            f"The data has no column {', '.join(missing[:5])}.", "Name columns as the scheme does."
        )
    divided = {
        node.code: _divided(node.code, node.denominator, units, options) for node in tree.indicators
    }
    groups = _groups(units, options.impute_group)
    filled = {
        code: imputed(column, groups) if groups else column for code, column in divided.items()
    }
    calm = {
        code: Treated(list(column))
        if options.winsorise is None
        else treated(column, most=options.winsorise)
        for code, column in filled.items()
    }
    scaled = {
        node.code: normalised(
            calm[node.code].values,
            options.normalise,
            direction=node.direction,
            options=dict(options.normalise_options),
            target=node.target,
        )
        for node in tree.indicators
    }
    scores = dict(scaled)
    for node in tree.aggregates():
        below = tree.children(node.code)
        scores[node.code] = aggregated(
            [scores[child.code] for child in below],
            [child.weight for child in below],
            options.aggregate,
            power=options.power,
        )
    return Result(units.names, divided, filled, calm, scaled, scores, ranks(scores[tree.root.code]))


def _divided(code: str, denominator: str, units: Units, options: Options) -> Column:
    if not (options.denominate and denominator):
        return list(units.columns[code])
    return denominated(units.columns[code], units.columns[denominator])


def _groups(units: Units, name: str) -> Sequence[str]:
    if not name:
        return ()
    if name not in units.groups:
        raise Incorrect(f"The data has no grouping column {name}.", "Add it, or do not impute.")
    return units.groups[name]


def options_of(build: Mapping[str, Any], *, group: str) -> Options:
    """
    The options of a build object; `group` is the column that `impute: grp` uses.

    Raises `Incorrect` naming the field that cannot be read.
    """
    impute = build.get("impute", "none")
    if impute not in ("grp", "none", None, False):
        raise Incorrect(f"impute is {impute!r}.", "Write grp or none.")
    return Options(
        denominate=bool(build.get("denominate", True)),
        impute_group=group if impute == "grp" else "",
        winsorise=_most(build.get("treat", "win5")),
        normalise=str(build.get("normalise", "n_minmax")),
        normalise_options=_para(build.get("normalise_para")),
        aggregate=str(build.get("aggregate", "a_amean")),
        power=_power(build.get("aggregate_para")),
    )


def _most(treat: Any) -> int | None:
    if treat in ("none", None, False):
        return None
    text = str(treat)
    if text.startswith("win") and text[3:].isdigit():
        return int(text[3:])
    raise Incorrect(f"treat is {treat!r}.", "Write none, or win and a number as in win5.")


def _para(para: Any) -> Mapping[str, Any]:
    """`{"l_u": [1, 100]}`, or the bare form `[[0, 100]]` of a range."""
    if para is None:
        return {}
    if isinstance(para, Mapping):
        return para
    if isinstance(para, list) and len(para) == 1 and isinstance(para[0], list):
        return {"l_u": para[0]}
    raise Incorrect("normalise_para cannot be read.", 'Write an object such as {"l_u": [1, 100]}.')


def _power(para: Any) -> float:
    if isinstance(para, Mapping) and "p" in para:
        return float(para["p"])
    return 1.0
