"""
Figures of a convention: which projects count, what is divided by what, and how it is printed.

A figure is exact (whole projects, whole fen) and rounded once, when printed: percentages to one
decimal, amounts in 亿元 to one decimal, halves away from zero. The newspaper page prints the
same shares without decimals (68 % and 73 %). The words of each definition are the rows of
`knowledge/definitions.csv`; a test holds both to the same list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from taihe.zone.domain.projects import YI_FEN, Facts, Stage

Counts = Callable[[Facts], bool]
Measure = Callable[[Facts], int]


def _signed(facts: Facts) -> bool:
    return Stage.SIGNED in facts.reached


def _landed(facts: Facts) -> bool:
    return _signed(facts) and facts.zone != ""


def _reached(stage: Stage) -> Counts:
    return lambda facts: _signed(facts) and facts.has_reached(stage)


def _funded(facts: Facts) -> bool:
    return _signed(facts) and facts.funds_fen > 0


def _one(facts: Facts) -> int:
    return 1


def _investment(facts: Facts) -> int:
    return facts.investment_fen


def _contract(facts: Facts) -> int:
    return facts.contract_fen


def _funds(facts: Facts) -> int:
    return facts.funds_fen


@dataclass(frozen=True)
class Total:
    """A sum over the projects that count."""

    counts: Counts
    measure: Measure

    def of(self, facts: Iterable[Facts]) -> int:
        """Projects, or fen."""
        return sum(self.measure(one) for one in facts if self.counts(one))


@dataclass(frozen=True)
class Rule:
    """
    How one figure comes about: a total, or one total over another.

    `unit` is "个" (projects), "亿元" or "%".
    """

    key: str
    unit: str
    top: Total
    bottom: Total | None = None

    @property
    def is_money(self) -> bool:
        """Whether top and bottom are amounts in fen, not counts of projects."""
        return self.top.measure is not _one


_SIGNED_PROJECTS = Total(_signed, _one)
_SIGNED_INVESTMENT = Total(_signed, _investment)
_LANDED_PROJECTS = Total(_landed, _one)
_LANDED_INVESTMENT = Total(_landed, _investment)
_REGISTERED = Total(_reached(Stage.REGISTERED), _one)
_STARTED = Total(_reached(Stage.STARTED), _one)
_PRODUCING = Total(_reached(Stage.PRODUCING), _one)
_FUNDS = Total(_funded, _funds)

RULES: tuple[Rule, ...] = (
    Rule("signed_projects", "个", _SIGNED_PROJECTS),
    Rule("signed_investment", "亿元", _SIGNED_INVESTMENT),
    Rule("landed_projects", "个", _LANDED_PROJECTS),
    Rule("landed_projects_share", "%", _LANDED_PROJECTS, _SIGNED_PROJECTS),
    Rule("landed_investment", "亿元", _LANDED_INVESTMENT),
    Rule("landed_investment_share", "%", _LANDED_INVESTMENT, _SIGNED_INVESTMENT),
    Rule("registered_projects", "个", _REGISTERED),
    Rule("registered_rate", "%", _REGISTERED, _SIGNED_PROJECTS),
    Rule("started_projects", "个", _STARTED),
    Rule("started_rate", "%", _STARTED, _SIGNED_PROJECTS),
    Rule("producing_projects", "个", _PRODUCING),
    Rule("producing_rate", "%", _PRODUCING, _SIGNED_PROJECTS),
    Rule("funds_in_place", "亿元", _FUNDS),
    Rule("funds_rate", "%", _FUNDS, Total(_signed, _contract)),
    Rule("funds_investment_rate", "%", _FUNDS, _SIGNED_INVESTMENT),
)
BY_KEY = {rule.key: rule for rule in RULES}


@dataclass(frozen=True)
class Figure:
    """
    One figure: exact top and bottom, and how it is printed.

    `numerator` and `denominator` are projects or fen; the denominator is None for a total.
    `printed` is empty when the denominator is zero: such a rate does not exist.
    """

    key: str
    unit: str
    numerator: int
    denominator: int | None
    printed: str


def compute(facts: Iterable[Facts]) -> tuple[Figure, ...]:
    """Every figure of a set of projects, in the order of the bulletin."""
    known = list(facts)
    figures = []
    for rule in RULES:
        top = rule.top.of(known)
        bottom = None if rule.bottom is None else rule.bottom.of(known)
        figures.append(Figure(rule.key, rule.unit, top, bottom, printed(rule.unit, top, bottom)))
    return tuple(figures)


def counting(key: str, facts: Iterable[Facts]) -> list[Facts]:
    """The projects that a figure counts: those of its numerator."""
    rule = BY_KEY[key]
    return [one for one in facts if rule.top.counts(one)]


def printed(unit: str, top: int, bottom: int | None, decimals: int = 1) -> str:
    """A figure as the bulletin prints it, rounded once from the exact fraction."""
    if unit == "个":
        return str(top)
    if unit == "亿元":
        text = rounded(top, YI_FEN, decimals)
        return text.rstrip("0").rstrip(".") if "." in text else text
    if not bottom:
        return ""
    return rounded(top * 100, bottom, decimals)


def rounded(top: int, bottom: int, decimals: int) -> str:
    """top / bottom with that many decimals, halves away from zero; both are not negative."""
    scaled = top * 10**decimals
    whole = (2 * scaled + bottom) // (2 * bottom)
    if decimals == 0:
        return str(whole)
    head, tail = divmod(whole, 10**decimals)
    return f"{head}.{tail:0{decimals}d}"
